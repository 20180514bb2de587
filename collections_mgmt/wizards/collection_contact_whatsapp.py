"""A WhatsApp message from the panel: prepared, looked at, and opened in WhatsApp."""

from datetime import timedelta
from urllib.parse import quote

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from ..models.collection_contact_manual import RESERVATION_MINUTES

CHAT_URL = "https://wa.me/%s?text=%s"


class CollectionContactLog(models.TransientModel):
    _inherit = "collection.contact.log"

    message = fields.Text(help="Prepared from the template of the debtor's stage.")
    is_chat_open = fields.Boolean(compute="_compute_is_chat_open")

    @api.depends("open_channels", "verdict", "channel")
    def _compute_is_chat_open(self):
        for panel in self:
            panel.is_chat_open = panel.verdict != "allow" and "im" in (
                panel.open_channels or ()
            )

    # ASKING

    def _prepare_reservation_values(self):
        # EXTENDS: a message names what it is about
        values = super()._prepare_reservation_values()
        if self.channel == "im" and not self.is_past:
            lines = self.env["collection.contact"]._prepare_line_commands(
                self.case_id._get_asked_items()
            )
            values["line_ids"] = lines
        return values

    def _ask(self):
        # EXTENDS: the text is ready when it may be sent
        result = super()._ask()
        self._prepare_message()
        return result

    def action_override(self):
        # EXTENDS: likewise
        action = super().action_override()
        self._prepare_message()
        return action

    def _prepare_message(self):
        """Word the message once: what the person makes of it stays."""
        if self.channel == "im" and self.contact_id and not self.message:
            contact_sudo = self.contact_id.sudo()  # see _reserve_by_hand
            self.message = contact_sudo._render_chat_text()

    def action_whatsapp(self):
        """Ask for a message instead, where a call is not allowed."""
        self.channel = "im"
        return self.action_ask()

    # SENDING

    def action_open_whatsapp(self):
        """Write the message down as sent, and open it in WhatsApp."""
        self.ensure_one()
        self.case_id._check_may_contact()
        self._check_is_open()
        number = self._get_number()
        if not self._may_leave_now():
            self._give_back()
            self._ask()
        contact_sudo = self.contact_id.sudo()  # see _reserve_by_hand
        if not contact_sudo:
            return self._get_action()  # with what the rules say now
        text = contact_sudo._send_chat_text(self.message or "", number)
        self.case_id.message_post(
            body=plaintext2html(f"WhatsApp: {text}"), subtype_xmlid="mail.mt_note"
        )
        return {
            "type": "ir.actions.act_url",
            "url": CHAT_URL % (number.lstrip("+"), quote(text)),
            "target": "new",
            "close": True,
        }

    def _check_is_open(self):
        contact_sudo = self.contact_id.sudo()  # see _reserve_by_hand
        is_open = contact_sudo.state in ("reserved", "dropped")
        if contact_sudo and not (is_open and contact_sudo.channel == "im"):
            raise UserError(self.env._("The contact was saved already."))

    def _may_leave_now(self):
        """Ask once more, as it leaves: a window may be closed, the number another.

        :return: whether the place that was kept can be used
        """
        if not self.contact_id or self._is_too_late():
            return False
        data = self._ask_anew()
        contact_sudo = self.contact_id.sudo()  # see _reserve_by_hand
        if data["result"] != "allow" and not contact_sudo._overrules(data):
            return False
        self._note_verdict(data)
        return True

    def _is_too_late(self):
        """Return whether nobody keeps the place any more that was kept."""
        limit = fields.Datetime.now() - timedelta(minutes=RESERVATION_MINUTES)
        contact_sudo = self.contact_id.sudo()
        return contact_sudo.state == "dropped" or (
            contact_sudo.state == "reserved" and contact_sudo.date_sent < limit
        )

    def _get_number(self):
        """Return the number in E.164.

        :raise UserError: it is none
        """
        number = self.number and self.partner_id._phone_format(number=self.number)
        if not number:
            raise UserError(
                self.env._(
                    "“%(number)s” is no telephone number: enter one with the prefix of "
                    "its country, as +56 9 6123 4567.",
                    number=self.number or "",
                )
            )
        return number
