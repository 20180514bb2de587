"""Texts written anywhere to somebody who is late keep the contact rules.

What a text on an invoice, an order or a customer is about, nobody can tell: it is
judged as a demand, and nothing is added to it.
"""

from odoo import api, models
from odoo.tools import html2plaintext


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

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
        # EXTENDS 'sms': who owes is texted within the contact rules, from any screen
        kwargs |= {
            "sms_content": sms_content,
            "sms_numbers": sms_numbers,
            "sms_pid_to_number": sms_pid_to_number,
            "put_in_queue": put_in_queue,
        }
        texts = self._collection_get_texts(recipients_data, **kwargs)
        if not texts:  # as most messages: they cost nothing
            return super()._notify_thread_by_sms(
                message, recipients_data, msg_vals=msg_vals, **kwargs
            )
        text = sms_content or html2plaintext(message.body)
        asked = self._collection_ask_for(texts, text, mail_message_id=message.id)
        refused = asked.filtered(lambda contact: contact.state == "blocked")
        if refused:
            for contact_sudo in refused:
                self._collection_explain_refusal(contact_sudo)
            recipients_data, kwargs = self._collection_leave_out(
                set(refused.mapped("address")), recipients_data, **kwargs
            )
            if not self._collection_get_texts(recipients_data, **kwargs):
                self.env["collection.case"]._keep_among_colleagues(message)
                return False
        # Of several debtors with one number, each must be allowed to be texted.
        leaving = asked.filtered(
            lambda contact: contact.address not in refused.mapped("address")
        )
        if leaving:
            kwargs["sms_content"] = leaving._word_texts(message, text)
        result = super()._notify_thread_by_sms(
            message, recipients_data, msg_vals=msg_vals, **kwargs
        )
        for contact_sudo in leaving:
            contact_sudo.case_id._note_text_left(contact_sudo, message)
        return result

    # TO WHOM

    def _collection_get_texts(self, recipients_data, sms_numbers=None, **kwargs):
        """Return pairs of a number and whose it is, one for each text of a message.

        The partner may be empty; who has no number gets no text.
        """
        by_partner = kwargs.get("sms_pid_to_number") or {}
        texts = {
            self._phone_format(number=number) or number: self.env["res.partner"]
            for number in sms_numbers or ()
        }
        for partner in self._collection_get_texted(recipients_data):
            number = partner._get_collection_text_number(by_partner)
            texts[number] = partner | texts.get(number, partner)
        return [(number, partner) for number, partner in texts.items() if number]

    def _collection_get_texted(self, recipients_data):
        # In sudo: as for the text itself.
        Partner = self.env["res.partner"].sudo()
        return Partner.browse(
            recipient["id"]
            for recipient in recipients_data
            if recipient["notif"] == "sms"
        )

    def _collection_leave_out(
        self, refused, recipients_data, sms_numbers=None, **kwargs
    ):
        """Return recipients and parameters of a message without some numbers."""
        by_partner = kwargs.get("sms_pid_to_number") or {}
        refused_partners = self._collection_get_texted(recipients_data).filtered(
            lambda partner: partner._get_collection_text_number(by_partner) in refused
        )
        kept_data = [
            recipient
            for recipient in recipients_data
            if recipient["notif"] != "sms"
            or recipient["id"] not in refused_partners.ids
        ]
        kept_numbers = [
            number
            for number in sms_numbers or ()
            if (self._phone_format(number=number) or number) not in refused
        ]
        return kept_data, {**kwargs, "sms_numbers": kept_numbers}

    # ASKING

    def _collection_ask_for(self, texts, text, **values):
        """Ask for the texts that somebody gets who is late.

        :param list texts: of ``_collection_get_texts``
        :param str text: what they say
        :param values: other values of the contacts
        :return: contacts, in sudo, one for each text to a debtor; "blocked" are those
            that must not leave
        """
        found = self.env["collection.case"]._find_texted(self, texts) if texts else {}
        # In sudo: contacts are the engine's own.
        contacts_sudo = self.env["collection.contact"].sudo()
        for case_sudo, its_texts in found.items():
            for number, partner in its_texts:
                contacts_sudo |= case_sudo._pass_gate_by_text(
                    number, partner, text, **values
                )
        return contacts_sudo


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _find_by_text_number(self, number):
        """Return who has a number, in E.164."""
        everybody = self.with_context(active_test=False)
        return everybody.search([("phone_sanitized", "=", number)])

    def _get_collection_text_number(self, by_partner):
        """Return the number by which a partner is texted, as it is sent.

        :param dict by_partner: {partner id: number} where another than its own is used
        """
        self.ensure_one()
        number = by_partner.get(self.id) or self.phone
        return number and (self._phone_format(number=number) or number)
