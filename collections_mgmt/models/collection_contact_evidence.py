"""Whatever happens to a contact is noted, and written down before the commit."""

from datetime import datetime, timezone

from odoo import api, fields, models

from ..const import FIRST_TIMES
from .client_context import without_defaults
from .collection_gate import Ask

# Where a transaction keeps what is still to be written down.
NOTED = "collections_mgmt.events"

# States that are facts by themselves.
NOTED_STATES = {
    *("reserved", "queued", "sent", "failed"),
    *("dropped", "blocked", "skipped"),
}
NOTED_FIELDS = {"state", *FIRST_TIMES}
# What a decision of a person makes of a contact: {(from, to): kind of event}.
DECISIONS = {
    ("review", "planned"): "approved",
    ("review", "skipped"): "skipped",
    ("failed", "planned"): "retried",
}


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    zone = fields.Char(
        string="Time Zone",
        readonly=True,
        help="Where the clock of the debtor's own time stands, when last asked for.",
    )
    zone_basis = fields.Char(readonly=True, help="How the time zone was found.")
    event_ids = fields.One2many(
        "collection.contact.event", "contact_id", string="Evidence", readonly=True
    )

    # NOTING

    def _note_event(self, kind, facts=None, words=None):
        """Note that something happened to these contacts now.

        It is written down before the transaction ends, or is looked for: one statement
        for all that was noted by then, whatever the number of contacts.

        :param str kind: of EVENT_KINDS
        :param dict facts: what else is known of it, nothing personal
        :param dict words: personal data that belongs to it, kept as its content
        """
        if not self:
            return
        precommit = self.env.cr.precommit
        if NOTED not in precommit.data:
            precommit.add(self.browse()._write_noted_events)
        moment = fields.Datetime.now().replace(tzinfo=timezone.utc)
        precommit.data.setdefault(NOTED, []).append(
            (kind, moment, self.env.uid, self.ids, facts, words)
        )

    @api.model
    def _forget_noted_events(self):
        """Forget what was noted and did not happen after all."""
        self.env.cr.precommit.data.pop(NOTED, None)

    @api.model
    def _take_noted_events(self):
        """Return what was noted since the last time, each contact apart."""
        noted = self.env.cr.precommit.data.pop(NOTED, ())
        return [
            (contact_id, kind, moment, uid, facts, words)
            for kind, moment, uid, contact_ids, facts, words in noted
            for contact_id in contact_ids
        ]

    # WHAT HAPPENS

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: a place that is kept counts for the rules, so it is a fact
        self = without_defaults(self)  # contacts are the suite's own
        contacts = super().create(vals_list)
        reserved = contacts.filtered(lambda contact: contact.state == "reserved")
        reserved.filtered("override_reason")._note_event("overridden")
        reserved._note_event("reserved")
        return contacts

    def write(self, vals):
        # EXTENDS: what happens is noted
        noted = self._foresee_events(vals) if NOTED_FIELDS & vals.keys() else ()
        result = super().write(vals)
        for kind, contacts in noted:
            contacts._note_event(kind)
        return result

    def _foresee_events(self, vals):
        """Return pairs of what these values make happen, and to which contacts."""
        noted = [
            (kind, self.filtered(lambda contact, name=name: not contact[name]))
            for name, kind in FIRST_TIMES.items()
            if vals.get(name)
        ]
        state = vals.get("state")
        if state in NOTED_STATES and not vals.get("is_bounced"):
            moved = self.filtered(lambda contact: contact.state != state)
            noted.append((state, moved))
        return noted

    def _move_at_once(self, allowed, state, **values):
        # EXTENDS: as for writing
        moved = super()._move_at_once(allowed, state, **values)
        for before in allowed:
            if (before, state) in DECISIONS:
                moved._note_event(DECISIONS[before, state])
        return moved

    def _pass_gate(self):
        # EXTENDS: what was noted before stands with the verdict and the text of before
        self._write_noted_events()
        return super()._pass_gate()

    def _takes_verdict(self, ask, verdict, facts, share):
        # EXTENDS: that it may leave, or has to wait, is evidence of how we ask
        goes_on = super()._takes_verdict(ask, verdict, facts, share)
        if verdict.result == "allow":
            self._note_event("allowed")
        elif self.state in ("planned", "queued"):
            self._note_event("deferred")
        return goes_on

    def _keep_what_left(self):
        """Keep what somebody changed in the outgoing queue: it left like that."""
        for contact in self.filtered(lambda contact: contact.state == "queued"):
            mail = contact.mail_mail_id
            body = contact._remove_tracking_pixel(mail.body_html or "")
            if (mail.subject, body) != (contact.subject, contact.body or ""):
                contact.write({"subject": mail.subject, "body": body})

    @api.model
    def _note_refusal(self, case, channel, verdict_data, **values):
        """Keep on record that a person was not allowed to make a contact, and did not.

        Nobody was contacted: it counts for nothing.

        :param values: what the contact would have been
        :return: the new contact, in sudo
        """
        # In sudo: contacts are the engine's own; who may ask was checked before.
        contact_sudo = self.sudo().create(
            {
                **self._prepare_manual_values(case, channel, verdict_data),
                "state": "blocked",
                "date_done": fields.Date.context_today(self),
                **values,
            }
        )
        contact_sudo.reason = self.env["collection.gate"]._describe(verdict_data)
        contact_sudo._note_event("blocked")
        return contact_sudo

    # CORRECTIONS

    def action_add_correction(self):
        """Open the form for a correction."""
        self.ensure_one()
        self.check_access("read")
        return self._get_wizard_action(
            self.env._("Add a Correction"),
            "collection.contact.correction",
            default_contact_id=self.id,
        )

    def _correct(self, reason, **values):
        """Add to these contacts what is true instead of what they say.

        Nothing else changes: neither what was written nor what follows from it.

        :param str reason: what is wrong, and how it is known
        :param values: what these fields should say, as JSON can keep it
        """
        self._note_event(
            "corrected",
            facts={"corrected": sorted(values)},
            words={"reason": reason, **({"values": values} if values else {})},
        )

    # ON WHOSE CLOCK

    def _find_zones(self):
        """Return {contact id: (zone, how it was found)} of contacts never asked for."""
        found = {}
        for company, contacts in self.sudo().grouped("company_id").items():
            # In sudo: where a debtor lives does not depend on who contacts them.
            asks = [contact._prepare_zone_ask() for contact in contacts]
            facts = self.env["collection.gate"]._get_places_of(company, asks)
            for contact, ask in zip(contacts, asks, strict=True):
                of_debtor = facts[ask.partner_id]
                if zones := of_debtor.get_zones(ask):
                    basis = of_debtor.get_zone_basis(ask)
                    found[contact.id] = (zones[0], basis)
        return found

    def _prepare_zone_ask(self):
        self.ensure_one()
        return Ask(
            partner_id=self.partner_id.id,
            channel=self.channel,
            recipient_ids=frozenset(self._get_recipients().ids),
        )


def write_utc(moment):
    """Return a moment as evidence writes it, in UTC."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_utc(moment):
    """Return a moment of the database, which has no time zone, as one of UTC."""
    return datetime.combine(moment.date(), moment.time(), timezone.utc)
