"""Facts about contacts, and the exact words: written once, changed by nobody."""

import json

from odoo import api, fields, models
from odoo.exceptions import AccessError

EVENT_KINDS = [
    ("approved", "Approved by a person"),
    ("allowed", "Allowed by the contact rules"),
    ("deferred", "Put off by the contact rules"),
    ("blocked", "Not allowed by the contact rules"),
    ("overridden", "Made although a rule said no"),
    ("reserved", "Place kept for a person"),
    ("queued", "Put in the outgoing queue"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("retried", "Tried again"),
    ("bounced", "Came back"),
    ("opened", "Opened"),
    ("clicked", "Link followed"),
    ("replied", "Answered by the debtor"),
    ("promised", "Payment promised"),
    ("accepted", "Payment plan accepted"),
    ("held", "Put on hold"),
    ("disputed", "Disputed by the debtor"),
    ("dispute_closed", "Dispute closed"),
    ("dispute_reopened", "Dispute reopened"),
    ("hold_prolonged", "Hold prolonged"),
    ("hold_cancelled", "Hold cancelled"),
    ("hold_settled", "Hold over: nothing left"),
    ("hold_ended", "Hold over: its day passed"),
    ("hold_missed", "Announced payment not seen"),
    ("promise_kept", "Promise kept"),
    ("promise_broken", "Promise broken"),
    ("promise_reopened", "Promise open again"),
    ("promise_settled", "Promise over: nothing left"),
    ("promise_replaced", "Promise replaced"),
    ("promise_cancelled", "Promise cancelled"),
    ("dropped", "Dropped"),
    ("skipped", "Skipped by a person"),
    ("incident", "Broke a rule"),
    ("corrected", "Correction added"),
    ("merged", "Debtors merged"),
    ("erased", "Personal data erased"),
]


class CollectionEvidence(models.AbstractModel):
    """What only the suite writes, in SQL, and nobody changes: see the triggers."""

    _name = "collection.evidence"
    _description = "Evidence, Written Once"

    # pylint: disable=method-required-super,no-raise-unlink,raise-unlink-override

    @api.model_create_multi
    def create(self, vals_list):
        # OVERRIDE: facts are noted where they happen
        raise self._get_refusal()

    def write(self, vals):
        # OVERRIDE: a correction is a new fact
        raise self._get_refusal()

    def unlink(self):
        # OVERRIDE: as for writing
        raise self._get_refusal()

    def _get_refusal(self):
        return AccessError(
            self.env._(
                "Evidence is written by the suite alone and never changed, whoever "
                "asks for it. Add a correction to the contact instead."
            )
        )

    def _search(self, domain, *args, **kwargs):
        # EXTENDS: what was noted is written before it is looked for
        self.env["collection.contact"]._write_noted_events()
        return super()._search(domain, *args, **kwargs)


class CollectionContactEvent(models.Model):
    _name = "collection.contact.event"
    _inherit = "collection.evidence"
    _description = "Fact about a Contact"
    _log_access = False  # the columns of who wrote it change when users are deleted
    _order = "id"
    _rec_name = "kind"

    contact_id = fields.Many2one(
        "collection.contact", required=True, index=True, ondelete="restrict"
    )
    case_id = fields.Many2one(related="contact_id.case_id")
    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    kind = fields.Selection(EVENT_KINDS, required=True)
    date = fields.Datetime(required=True, help="When it happened, in UTC.")
    payload = fields.Text(
        required=True, help="What happened, as the text that is hashed."
    )

    # The link of the chain; empty until the fact is sealed.
    sequence = fields.Integer(
        help="The place in the company's chain; none until it is sealed."
    )
    previous_hash = fields.Char()
    hash = fields.Char(help="SHA-256 of the link before and of this fact.")

    local_time = fields.Char(
        string="Debtor's Time",
        compute="_compute_from_payload",
        help="When it happened, on the debtor's clock.",
    )
    user_name = fields.Char(string="By", compute="_compute_from_payload")
    hash_start = fields.Char(
        string="Seal",
        compute="_compute_hash_start",
        help="The beginning of the link's hash; empty until it is sealed.",
    )

    _unique_sequence = models.UniqueIndex(
        "(company_id, sequence) WHERE sequence IS NOT NULL",
        "The chain has a link of this number already.",
    )
    _unsealed = models.Index("(company_id, id) WHERE hash IS NULL")

    @api.depends("payload")
    def _compute_from_payload(self):
        facts = {event: event._get_facts() for event in self}
        user_ids = {fact.get("user") for fact in facts.values()} - {None}
        # In sudo: names of colleagues are no secret; some may be deleted.
        users = self.env["res.users"].sudo().browse(user_ids).exists()
        names = {user.id: user.name for user in users}
        for event, fact in facts.items():
            event.local_time = fact.get("made_local") or fact.get("local")
            event.user_name = names.get(fact.get("user"))

    @api.depends("hash")
    def _compute_hash_start(self):
        for event in self:
            event.hash_start = event.hash and event.hash[:12]

    def _get_facts(self):
        """Return what the event says, as a dict."""
        self.ensure_one()
        try:
            return json.loads(self.payload)
        except ValueError:  # tampered with: the verification says so
            return {}


class CollectionContactContent(models.Model):
    _name = "collection.contact.content"
    _inherit = "collection.evidence"
    _description = "Exact Content of a Contact"
    _log_access = False  # as for the facts
    _order = "id"

    contact_id = fields.Many2one(
        "collection.contact", required=True, index=True, ondelete="restrict"
    )
    event_id = fields.Many2one(
        "collection.contact.event",
        required=True,
        index=True,
        ondelete="restrict",
        help="The fact it was kept with.",
    )
    salt = fields.Char(help="Random, so that the hash tells nothing once it is gone.")
    content = fields.Text(help="Who was told what, as the text that is hashed.")
    content_hash = fields.Char(
        required=True, help="SHA-256 of salt and content; it stays when both are gone."
    )

    def _get_words(self):
        """Return the content as a dict, None when it was erased."""
        self.ensure_one()
        return json.loads(self.content) if self.content else None
