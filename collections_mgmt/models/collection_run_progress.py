"""What became of a run's contacts, and what people do about it."""

from odoo import api, fields, models
from odoo.exceptions import UserError

# States in which a contact has come to an end, and those not meant to leave at all.
ENDED_STATES = ("sent", "failed", "dropped", "blocked")
LEFT_OUT_STATES = ("test", "skipped")
COMPLETE = 100


class CollectionRun(models.Model):
    _inherit = "collection.run"

    # Counted as the contacts stand now
    contact_count = fields.Integer(string="Attempts", compute="_compute_contact_counts")
    review_count = fields.Integer(
        string="To Approve", compute="_compute_contact_counts"
    )
    waiting_count = fields.Integer(
        string="On Their Way", compute="_compute_contact_counts"
    )
    sent_count = fields.Integer(
        string="Messages Sent", compute="_compute_contact_counts"
    )
    dropped_count = fields.Integer(
        string="Messages Dropped", compute="_compute_contact_counts"
    )
    failed_count = fields.Integer(
        string="Messages Failed", compute="_compute_contact_counts"
    )
    blocked_count = fields.Integer(
        string="Messages Not Allowed", compute="_compute_contact_counts"
    )
    skipped_count = fields.Integer(
        string="Messages Skipped", compute="_compute_contact_counts"
    )
    progress = fields.Integer(
        compute="_compute_contact_counts",
        help="Part of the messages that were sent, failed, dropped or not allowed.",
    )
    failed_contact_ids = fields.One2many(
        "collection.contact",
        "run_id",
        string="Failures",
        domain=[("state", "=", "failed")],
        readonly=True,
    )

    @api.depends("contact_ids.state")
    def _compute_contact_counts(self):
        groups = self.env["collection.contact"]._read_group(
            [("run_id", "in", self.ids)], ["run_id", "state"], ["__count"]
        )
        counts_by_run = {}
        for run, state, count in groups:
            counts_by_run.setdefault(run.id, {})[state] = count
        for run in self:
            counts = counts_by_run.get(run.id, {})
            run.contact_count = sum(counts.values())
            run.review_count = counts.get("review", 0)
            run.waiting_count = counts.get("planned", 0) + counts.get("queued", 0)
            run.sent_count = counts.get("sent", 0)
            run.dropped_count = counts.get("dropped", 0)
            run.failed_count = counts.get("failed", 0)
            run.blocked_count = counts.get("blocked", 0)
            run.skipped_count = counts.get("skipped", 0)
            run.progress = self._get_progress(counts)

    def _get_progress(self, counts):
        """Return the percentage done; a run with nothing to do is complete.

        :param dict counts: {state: number of contacts}
        """
        meant = sum(
            count for state, count in counts.items() if state not in LEFT_OUT_STATES
        )
        ended = sum(counts.get(state, 0) for state in ENDED_STATES)
        return COMPLETE * ended // meant if meant else COMPLETE

    # ACTIONS

    def action_retry_failed(self):
        """Try the failed messages of these runs again."""
        self._check_manager()
        return self.failed_contact_ids.action_retry_failed()

    def action_open_review(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_contact_review_action"
            ),
            "domain": [("run_id", "=", self.id), ("state", "=", "review")],
            "context": {},
        }

    def action_delete_test(self):
        """Delete test runs with all that they only worked out."""
        self._check_manager()
        if not all(run.is_test for run in self):
            raise UserError(
                self.env._("Only test runs can be deleted: the others are evidence.")
            )
        # In sudo: runs and contacts belong to the engine; it was checked above who
        # asks, and the check below that the runs are theirs.
        self.check_access("read")
        tests_sudo = self.sudo()
        tests_sudo.contact_ids.filtered(lambda c: c.state == "test").unlink()
        tests_sudo.unlink()
        return self.env["ir.actions.actions"]._for_xml_id(
            "collections_mgmt.collection_run_action"
        )

    def _check_manager(self):
        if not self.env.user.has_group("collections_mgmt.group_collection_manager"):
            raise UserError(self.env._("Only a collections manager can do this."))
