"""The number by which a person makes a contact: the gate is asked for that one."""

from datetime import timezone

from odoo import api, fields, models

from ..models.collection_contact_target import (
    DIALLED_CHANNELS,
    NUMBERED_CHANNELS,
    Target,
)


class CollectionContactLog(models.TransientModel):
    _inherit = "collection.contact.log"

    number = fields.Char(
        compute="_compute_number",
        store=True,
        readonly=False,
        help="Which is called or written to. With the prefix of the country.",
    )
    work_number = fields.Char(
        string="Number at Work",
        help="Which is called at work. Where it is not known, a refusal of any number "
        "holds.",
    )
    is_other_number = fields.Boolean(
        compute="_compute_is_other_number",
        help="The contact rules were asked for another one.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: who may not see a case is told nothing of its debtor
        cases = self.env["collection.case"]
        return super().create(
            [
                vals
                if cases.browse(vals.get("case_id")).has_access("read")
                else {"number": False, **vals}
                for vals in vals_list
            ]
        )

    @api.depends("partner_id")
    def _compute_number(self):
        for panel in self:
            partner = panel.partner_id
            panel.number = partner._phone_format(fname="phone") or partner.phone

    @api.depends("number", "work_number", "channel", "contact_id", "is_past")
    def _compute_is_other_number(self):
        for panel in self:
            # In sudo: contacts are the engine's own; the panel made this one.
            asked = panel.contact_id.sudo().address or ""
            panel.is_other_number = (
                bool(panel.contact_id)
                and not panel.is_past
                and panel.channel in DIALLED_CHANNELS
                and asked != panel._format_number()
            )

    def _format_number(self):
        """Return the number as it is kept, empty when there is none."""
        return self._format_number_of(self.channel)

    def _format_number_of(self, channel):
        """Return the number of a channel; at work it is another one than elsewhere."""
        number = self.work_number if channel == "work_call" else self.number
        number = (number or "").strip()
        return number and (self.partner_id._phone_format(number=number) or number)

    def _get_targets(self):
        # EXTENDS: whoever has the numbers; without one, a refusal of any one holds
        targets = super()._get_targets()
        items = self.case_id._get_asked_items()
        nobody = Target([], self.partner_id.browse(), items)
        for channels in (NUMBERED_CHANNELS, ("work_call",)):
            number = self._format_number_of(channels[0])
            target = number and self.case_id._get_target(channels[0], [number])
            targets |= dict.fromkeys(channels, target or nobody)
        return targets

    def _prepare_reservation_values(self):
        # EXTENDS
        values = super()._prepare_reservation_values()
        if self.channel in DIALLED_CHANNELS:
            values["address"] = self._format_number()
        return values

    def _renew_verdict(self, contact_sudo):
        # EXTENDS: it was made, by another number than the gate was asked for
        if not self.is_other_number:
            return super()._renew_verdict(contact_sudo)
        data = self._ask_anew(contact_sudo.date_sent.replace(tzinfo=timezone.utc))
        overrules = contact_sudo._overrules(data)
        self._note_verdict(data)
        return overrules

    def _ask_anew(self, moment=None):
        """Return what the gate says of the contact that has its place, as it is now."""
        contact_sudo = self.contact_id.sudo()  # see _reserve_by_hand
        return contact_sudo._ask_by_hand(
            self.case_id,
            self.channel,
            moment,
            self._get_targets().get(self.channel),
            contact_sudo.ids,
        )

    def _note_verdict(self, data):
        """Keep a new verdict on the contact, and the number it is about."""
        contact_sudo = self.contact_id.sudo()  # see _reserve_by_hand
        contact_sudo.write(
            {
                **contact_sudo._prepare_verdict_values(data),
                "address": self._format_number(),
            }
        )
