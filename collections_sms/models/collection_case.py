from odoo import models
from odoo.fields import Domain
from odoo.tools import html2plaintext, plaintext2html

# Says that a text was asked for already. No context from outside can hold it.
GATE_PASSED = object()


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _notify_thread_by_sms(self, message, recipients_data, msg_vals=False, **kwargs):
        # EXTENDS 'sms': a text that a person writes passes the gate as well
        numbers = self._get_numbers_to_text(recipients_data, **kwargs)
        if not numbers or self.env.context.get("collection_gate") is GATE_PASSED:
            return super()._notify_thread_by_sms(
                message, recipients_data, msg_vals=msg_vals, **kwargs
            )
        text = kwargs.get("sms_content") or html2plaintext(message.body)
        contact_sudo = self._write_by_hand(
            "sms",
            plaintext2html(text),
            mail_message_id=message.id,
            address=", ".join(numbers),
        )
        if contact_sudo.state == "blocked":
            self._keep_among_colleagues(message)
            self._tell_refusal(contact_sudo)
            return False
        # In sudo: the conversation of the case is the mail system's own.
        message_sudo = message.sudo()
        kwargs["sms_content"] = contact_sudo._get_plain_text(text)
        message_sudo.body = plaintext2html(kwargs["sms_content"])
        result = super()._notify_thread_by_sms(
            message, recipients_data, msg_vals=msg_vals, **kwargs
        )
        contact_sudo._write_down("sent", message.body)
        if contact_sudo.exemption == "answer":
            # In sudo: posting on the case was checked.
            self.sudo()._set_reply_handled(
                self.env._("%(user)s answered the debtor.", user=self.env.user.name)
            )
        return result

    def _get_numbers_to_text(self, recipients_data, **kwargs):
        """Return the numbers of whom a message texts, as far as they are known."""
        numbers = list(kwargs.get("sms_numbers") or [])
        by_partner = kwargs.get("sms_pid_to_number") or {}
        for recipient in recipients_data:
            if recipient["notif"] == "sms":
                # In sudo: as for the text itself.
                partner_sudo = self.env["res.partner"].sudo().browse(recipient["id"])
                number = by_partner.get(partner_sudo.id) or partner_sudo.phone
                numbers.append(partner_sudo._phone_format(number=number) or number)
        return list(dict.fromkeys(filter(None, numbers)))

    def _erase_conversation(self):
        # EXTENDS 'collections_mgmt': the queue keeps number and text of its own
        # In sudo: the queue is the mail system's own.
        texts_sudo = self.env["sms.sms"].sudo()
        texts_sudo.search(
            Domain("mail_message_id", "in", self._get_conversation().ids)
            | Domain("uuid", "in", self.contact_ids.mapped("sms_uuid"))
        ).unlink()
        return super()._erase_conversation()

    def _word_sms(self, body):
        """Note that a text among many is sent; return how, None if it must not leave.

        :rtype: str | None
        """
        self.ensure_one()
        contact_sudo = self._write_by_hand("sms", plaintext2html(body), is_answer=False)
        if contact_sudo.state == "blocked":
            self._message_log(body=contact_sudo.body)
            self._tell_refusal(contact_sudo)
            return None
        contact_sudo._write_down("sent", contact_sudo.edited_body)
        return contact_sudo._get_plain_text(body)
