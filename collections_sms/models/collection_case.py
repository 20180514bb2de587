from odoo import api, models
from odoo.fields import Domain
from odoo.tools import html2plaintext, plaintext2html

# Says that a text was asked for already. No context from outside can hold it.
GATE_PASSED = object()


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _notify_thread_by_sms(
        self,
        message,
        recipients_data,
        msg_vals=False,
        sms_content=None,
        sms_numbers=None,
        sms_pid_to_number=None,
        put_in_queue=False,
        **kwargs,
    ):
        # EXTENDS 'sms': a text that a person writes passes the gate as well
        kwargs |= {
            "sms_content": sms_content,
            "sms_numbers": sms_numbers,
            "sms_pid_to_number": sms_pid_to_number,
            "put_in_queue": put_in_queue,
        }
        texts = self._collection_get_texts(recipients_data, **kwargs)
        numbers = list(dict.fromkeys(number for number, _partner in texts if number))
        if not numbers or self.env.context.get("collection_gate") is GATE_PASSED:
            return super()._notify_thread_by_sms(
                message, recipients_data, msg_vals=msg_vals, **kwargs
            )
        text = sms_content or html2plaintext(message.body)
        contact_sudo = self._write_by_hand(
            "sms",
            plaintext2html(text),
            recipients=self._collection_get_texted(recipients_data),
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
        self._note_text_left(contact_sudo, message)
        return result

    def _collection_asks_itself(self):
        # OVERRIDE: as above
        return True

    def _note_text_left(self, contact_sudo, message):
        """Note what became of a text; one that answers the debtor ends the reply."""
        contact_sudo._note_texts(message)
        if contact_sudo.exemption == "answer":
            # In sudo: posting was checked.
            self.sudo()._set_reply_handled(
                self.env._("%(user)s answered the debtor.", user=self.env.user.name)
            )

    # WRITTEN ELSEWHERE

    @api.model
    def _find_texted(self, record, texts):
        """Return {case in sudo: its texts} of those who are late and get one.

        Where only a number is known, whoever has it is meant, else whom the record is
        about.

        :param record: on which the texts are written; an empty one if on none
        :param list texts: pairs of a number and a partner, of which one may be empty
        """
        company = record._mail_get_companies().get(record.id) or self.env.company
        # In sudo: who writes to a debtor need not see all of it to keep to the rules.
        Partner = self.env["res.partner"].sudo().with_company(company)
        about = record._mail_get_partners().get(record.id, Partner)
        found = {}
        for number, partner in texts:
            people = partner or (number and Partner._find_by_text_number(number))
            people = Partner.browse((people or about).ids)
            for case_sudo in people._get_overdue_cases():
                found.setdefault(case_sudo, []).append((number, partner))
        return found

    def _pass_gate_by_text(self, texts, body, **values):
        """Ask for texts to the debtor that are written elsewhere, and note it.

        What the law wants a demand to say is not added: it may be about anything.

        :param list texts: as for ``_find_texted``
        :return: as ``_pass_gate_by_hand``
        """
        numbers = dict.fromkeys(number for number, _partner in texts if number)
        partners = self.env["res.partner"].union(*(partner for _n, partner in texts))
        return self._pass_gate_by_hand(
            "sms",
            plaintext2html(body),
            recipients=partners or None,
            address=", ".join(numbers),
            **values,
        )

    def _erase_conversation(self):
        # EXTENDS 'collections_mgmt': the queue keeps number and text of its own
        # In sudo: the queue is the mail system's own.
        texts_sudo = self.env["sms.sms"].sudo()
        texts_sudo.search(
            Domain("mail_message_id", "in", self._get_conversation().ids)
            | Domain("uuid", "in", self.contact_ids.mapped("sms_uuid"))
        ).unlink()
        return super()._erase_conversation()

    def _word_sms(self, body, number, partner):
        """Note that a text among many is sent; return how, None if it must not leave.

        :rtype: str | None
        """
        self.ensure_one()
        contact_sudo = self._write_by_hand(
            *("sms", plaintext2html(body)),
            is_answer=False,
            recipients=partner or None,
            address=number,
        )
        if contact_sudo.state == "blocked":
            self._message_log(body=contact_sudo.body)
            self._tell_refusal(contact_sudo)
            return None
        contact_sudo._write_down("sent", contact_sudo.edited_body)
        return contact_sudo._get_plain_text(body)
