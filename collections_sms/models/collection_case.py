from odoo import api, models
from odoo.fields import Domain
from odoo.tools import plaintext2html

# Says that a text was asked for already. No context from outside can hold it.
GATE_PASSED = object()


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _collection_ask_for(self, texts, text, **values):
        # OVERRIDE: what is written on a case is about what is owed, and says what the
        # law wants; what it has to say to one of several readers, it says to all
        contacts_sudo = self.env["collection.contact"].sudo()
        if self.env.context.get("collection_gate") is GATE_PASSED:
            return contacts_sudo
        body = plaintext2html(text)
        for number, partner in texts:
            contact_sudo = self._write_by_hand(
                "sms", body, recipients=partner, address=number, **values
            )
            if contact_sudo.state == "reserved":
                body = contact_sudo.edited_body
            contacts_sudo |= contact_sudo
        return contacts_sudo

    def _note_text_left(self, contact_sudo, message):
        """Note what became of a text; one that answers the debtor ends the reply."""
        contact_sudo._note_texts(message)
        if contact_sudo.exemption == "answer":
            # In sudo: posting was checked.
            self.sudo()._set_answered(self.env.user.partner_id)

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

    def _pass_gate_by_text(self, number, partner, body, **values):
        """Ask for a text to the debtor that is written elsewhere, and note it.

        What the law wants a demand to say is not added: it may be about anything.

        :param str number: where it goes
        :param partner: whose number it is, if known
        :return: as ``_pass_gate_by_hand``
        """
        return self._pass_gate_by_hand(
            "sms",
            plaintext2html(body),
            recipients=partner or None,
            address=number,
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
