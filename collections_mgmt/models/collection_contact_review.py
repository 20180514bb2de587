"""The review queue: people approve, skip or postpone planned messages."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

# Decisions that a person's choice about a message may replace: all that say what
# becomes of a message, none that says why there is none.
DECISIONS_ABOUT_A_MESSAGE = (
    "send",
    "review",
    "queued",
    "failed",
    "sent",
    "dropped",
    "skipped",
)


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    amount_asked = fields.Monetary(
        compute="_compute_amount_asked",
        currency_field="company_currency_id",
        help="Total of the items named, in company currency, less what is promised, "
        "disputed or on hold, before credits are deducted.",
    )
    days_overdue = fields.Integer(
        string="Days Late",
        compute="_compute_amount_asked",
        help="Days since the oldest due date of the items named.",
    )
    review_user_id = fields.Many2one(
        "res.users",
        string="Reviewed by",
        readonly=True,
        index="btree_not_null",
        help="Who approved or skipped the message.",
    )
    review_date_done = fields.Date(string="Reviewed on", readonly=True)

    @api.depends("line_ids")
    def _compute_amount_asked(self):
        today = fields.Date.context_today(self)
        for contact in self:
            lines = contact.line_ids
            dates = [day for day in lines.item_id.mapped("date_due") if day]
            contact.amount_asked = sum(
                line.amount_residual - line.amount_agreed for line in lines
            )
            contact.days_overdue = (today - min(dates)).days if dates else 0

    # ACTIONS: contacts have no write access for users; each action checks it itself

    def action_approve(self):
        """Let the messages go; those whose text no longer fits stay in the queue."""
        self._check_may_act()
        waiting = self._get_waiting()
        outdated = waiting._get_outdated_texts()
        if waiting == outdated:
            raise UserError(
                self.env._(
                    "What is owed changed since the text was written. Edit the text, "
                    "or go back to the template."
                )
            )
        # In sudo: contacts belong to the engine; access was checked above.
        (waiting - outdated).sudo()._set_approved()
        self._trigger_delivery()
        if not outdated:
            return True
        return self._notify(
            self.env._(
                "%(count)s stay here: what is owed changed since their text was "
                "written.",
                count=len(outdated),
            )
        )

    def action_skip(self):
        """Let the items pass the stage without the message."""
        self._check_may_act()
        waiting = self._get_waiting()
        # In sudo: as for the approval.
        waiting.sudo()._set_skipped()
        waiting._log_on_cases(self.env._("Skipped"))
        return True

    def action_postpone(self):
        self._check_may_act()
        return self._get_wizard_action(
            self.env._("Postpone"),
            "collection.contact.postpone",
            default_contact_ids=self._get_waiting().ids,
        )

    def _check_may_act(self):
        """Raise unless the user sees these contacts and works on their cases."""
        # At once: the checks would read the records in portions.
        self.fetch(["case_id", "company_id", "state", "channel", "is_edited"])
        self.case_id.fetch(["agent_id", "company_id"])
        self.check_access("read")
        self.case_id.check_access("write")

    def _get_waiting(self):
        waiting = self.filtered(lambda contact: contact.state == "review")
        if not waiting:
            raise UserError(self.env._("None of these messages waits for approval."))
        return waiting

    def _get_wizard_action(self, name, model, **context):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": context,
        }

    def _notify(self, message):
        """Return an action that tells the user something and reads the view again."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # WHAT A PERSON DECIDED

    def _set_approved(self):
        moved = self._move_at_once(
            ("review",),
            "planned",
            reason=None,
            review_date=None,
            **self._prepare_review_values(),
        )
        moved._tell_cases("queued")
        return moved

    def _set_skipped(self):
        moved = self._move_at_once(
            ("review",),
            "skipped",
            date_done=fields.Date.context_today(self),
            reason=self.env._("Skipped by %(user)s.", user=self.env.user.name),
            **self._prepare_review_values(),
        )
        moved._pass_items()
        moved._tell_cases("skipped")
        return moved

    def _prepare_review_values(self):
        return {
            "review_user_id": self.env.uid,
            "review_date_done": fields.Date.context_today(self),
        }

    def _postpone(self, date, note=None):
        """Take the messages off the list until a day.

        :param datetime.date date: when they are to be looked at again
        :param str note: said on the cases
        """
        self._check_may_act()
        waiting = self._get_waiting()
        # In sudo: as for the approval.
        waiting.sudo()._move_at_once(("review",), "review", review_date=date)
        title = self.env._("Postponed until %(date)s", date=format_date(self.env, date))
        waiting._log_on_cases(title, note)

    def _move_at_once(self, allowed, state, **values):
        """As ``_set_state``, but one statement for any number of contacts.

        :param tuple allowed: states they may come from; others are left as they are
        :param values: columns and what they are set to, None to empty them
        :return: the contacts that really moved
        """
        self.env.flush_all()
        values = {
            "state": state,
            "write_uid": self.env.uid,
            "write_date": self.env.cr.now(),
            **values,
        }
        moved = self.env.execute_query(
            SQL(
                """
                UPDATE collection_contact SET %s
                 WHERE id = ANY(%s) AND state IN %s RETURNING id
                """,
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in values.items()
                ),
                self.ids,
                allowed,
            )
        )
        self.env.invalidate_all(flush=False)
        return self.browse([contact_id for [contact_id] in moved])

    def _pass_items(self):
        """Let the items of skipped messages pass the stage; none goes back."""
        Stage = self.env["collection.stage"]
        self.env.cr.execute(
            SQL(
                """
                UPDATE collection_item item SET passed_stage_id = stage.id
                  FROM collection_contact_line line
                  JOIN collection_stage stage ON stage.id = line.stage_id
                 WHERE line.item_id = item.id AND line.contact_id = ANY(%s)
                   AND NOT EXISTS (
                       SELECT 1 FROM collection_stage reached
                        WHERE reached.id IN (item.passed_stage_id, item.stage_id)
                          AND %s >= %s
                   )
                """,
                self.ids,
                Stage._get_place_sql("reached"),
                Stage._get_place_sql("stage"),
            )
        )
        self.env["collection.item"].invalidate_model(["passed_stage_id"])

    def _tell_cases(self, decision):
        """Say on the cases what became of their messages, until the next run.

        What other messages of the case still wait for comes first.

        :param str decision: where nothing else is pending
        """
        self.env.cr.execute(
            SQL(
                """
                WITH changed AS (
                    UPDATE collection_case cases
                       SET decision = CASE
                               WHEN pending.states @> '{review}' THEN 'review'
                               WHEN pending.states && '{planned,queued}' THEN 'queued'
                               ELSE %(decision)s END,
                           decision_date = GREATEST(cases.decision_date, %(today)s),
                           next_action_date = %(today)s
                      FROM (SELECT case_id, ARRAY_AGG(state::text) AS states
                              FROM collection_contact
                             WHERE case_id IN (SELECT case_id FROM collection_contact
                                                WHERE id = ANY(%(contacts)s))
                             GROUP BY case_id) pending
                     WHERE cases.id = pending.case_id AND cases.state = 'open'
                       AND cases.decision IN %(replaced)s
                    RETURNING cases.id, cases.decision_date
                )
                %(keep)s
                """,
                keep=self.env["collection.case.decision"]._get_keep_sql(),
                decision=decision,
                today=fields.Date.context_today(self),
                contacts=self.ids,
                replaced=DECISIONS_ABOUT_A_MESSAGE,
            )
        )
        self.env["collection.case"].invalidate_model(["decision", "next_action_date"])

    def _log_on_cases(self, title, note=None):
        """Note on each case, in the user's name, what was done with its messages."""
        channels = dict(self._fields["channel"]._description_selection(self.env))
        bodies = {}
        for case, contacts in self.grouped("case_id").items():
            messages = ", ".join(
                f"“{contact.stage_id.name}” ({channels[contact.channel]})"
                for contact in contacts
            )
            bodies[case.id] = f"{title}: {messages}"
            if note:
                bodies[case.id] += f". {note}"
        self.case_id._message_log_batch(bodies)
