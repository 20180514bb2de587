from odoo import models
from odoo.tools import plaintext2html


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _message_sms(self, body, *args, **kwargs):
        # EXTENDS 'sms': who owes is texted within the contact rules, from any screen
        case_sudo = self._get_overdue_case()
        if not case_sudo:
            return super()._message_sms(body, *args, **kwargs)
        contact_sudo = self._pass_gate_by_sms(case_sudo, body)
        if contact_sudo.state == "blocked":
            case_sudo._tell_refusal(contact_sudo)
            reason = contact_sudo._explain_refusal()
            return self._message_log(body=plaintext2html(f"{body}\n\n{reason}"))
        message = super()._message_sms(body, *args, **kwargs)
        contact_sudo.mail_message_id = message
        contact_sudo._write_down("sent", message.body)
        return message

    def _pass_gate_by_sms(self, case_sudo, body):
        """Note on a case that its debtor is texted from another screen, if allowed.

        What the law wants a demand to say is not added: it may be about anything.

        :return: as ``collection.case._pass_gate_by_hand``
        """
        self.ensure_one()
        return case_sudo._pass_gate_by_hand(
            "sms",
            plaintext2html(body),
            address_partner_id=self.id,
            address=self.phone_sanitized,
        )

    def _word_sms(self, body):
        """Note on the debtor's case that a text among many is sent, if allowed.

        :return: the text, None if it must not leave
        """
        case_sudo = self._get_overdue_case()
        if not case_sudo:
            return body
        contact_sudo = self._pass_gate_by_sms(case_sudo, body)
        if contact_sudo.state == "blocked":
            return None
        contact_sudo._write_down("sent", contact_sudo.edited_body)
        return body
