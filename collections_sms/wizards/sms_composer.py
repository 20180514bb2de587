from odoo import api, fields, models
from odoo.tools import plaintext2html


class SmsComposer(models.TransientModel):
    _inherit = "sms.composer"

    collection_warning = fields.Text(compute="_compute_collection_warning")

    @api.depends("res_model", "res_id", "composition_mode")
    def _compute_collection_warning(self):
        for composer in self:
            composer.collection_warning = composer._get_collection_warning()

    def _get_collection_warning(self):
        """Return why the debtor cannot be texted now; False if there is no reason."""
        if self.composition_mode != "comment" or not self.res_id:
            return False
        record = self.env[self.res_model].browse(self.res_id)
        if self.res_model == "collection.case":
            return record._foresee_by_hand("sms")
        info = record._sms_get_recipients_info()[record.id]
        text = (info["sanitized"] or info["number"], info["partner"])
        cases = self.env["collection.case"]._find_texted(record, [text])
        warnings = [
            case_sudo._foresee_by_hand(
                "sms",
                addresses=text[0] and [text[0]],
                recipients=info["partner"] or None,
            )
            for case_sudo in cases
        ]
        return "\n".join(filter(None, warnings)) or False

    def _filter_out_and_handle_revoked_sms_values(self, sms_values_all):
        # EXTENDS 'sms': a text to many leaves out those who may not be contacted
        values = super()._filter_out_and_handle_revoked_sms_values(sms_values_all)
        worded = {
            record.id: self._word_sms(record, values[record.id])
            for record in self.env[self.res_model].browse(values)
        }
        return {key: sms for key, sms in worded.items() if sms}

    def _word_sms(self, record, values):
        """Note that a text among many is sent to somebody who owes, if allowed.

        :param dict values: of the text
        :return: the values as it leaves, None if it must not
        """
        if values["state"] != "outgoing":
            return values  # it does not leave anyway
        partner = self.env["res.partner"].browse(values["partner_id"])
        body = values["body"]
        contacts_sudo = self._ask_for_text(record, body, values["number"], partner)
        if contacts_sudo._give_up_refused():
            return None
        text = contacts_sudo._get_leaving_text(body)
        contacts_sudo._wait_for_text(values["uuid"], plaintext2html(text))
        return {**values, "body": text}

    def _ask_for_text(self, record, body, number, partner):
        """Ask for a text that answers nobody; return its contacts, in sudo."""
        if self.res_model == "collection.case":
            return record._write_by_hand(
                *("sms", plaintext2html(body)),
                is_answer=False,
                recipients=partner or None,
                address=number,
            )
        # In sudo: contacts are the engine's own.
        contacts_sudo = self.env["collection.contact"].sudo()
        cases = self.env["collection.case"]._find_texted(record, [(number, partner)])
        for case_sudo in cases:
            contacts_sudo |= case_sudo._pass_gate_by_text(
                number, partner, body, is_answer=False
            )
        return contacts_sudo

    def _prepare_mass_sms(self, records, sms_record_values):
        # EXTENDS 'sms': what becomes of texts to debtors is of interest
        texts = super()._prepare_mass_sms(records, sms_record_values)
        self._follow_texts(texts)
        return texts

    def _follow_texts(self, texts):
        """Have the gateway's reports on texts to debtors reach their contacts."""
        contacts_sudo = texts._get_collection_contacts_sudo(texts)
        followed = texts.filtered(
            lambda sms: (
                sms.uuid in contacts_sudo.mapped("sms_uuid") and not sms.sms_tracker_id
            )
        )
        # In sudo: trackers are the mail system's own.
        self.env["sms.tracker"].sudo().create(
            [{"sms_uuid": sms.uuid} for sms in followed]
        )

    def _action_send_sms_numbers(self):
        # EXTENDS 'sms': who is late is known by the number as well
        record = self._get_records()
        if record is None or len(record) != 1:
            record = self.env["mail.thread"]
        nobody = self.env["res.partner"]
        asked = {
            number: self._ask_for_text(record, self.body, number, nobody)
            for number in self._get_bare_numbers()
        }
        leaving = {
            number: contacts_sudo
            for number, contacts_sudo in asked.items()
            if not contacts_sudo._give_up_refused()
        }
        if asked and not leaving:
            return self.env["sms.sms"]
        if len(leaving) < len(asked):
            self.numbers = ",".join(leaving)
        texts = super()._action_send_sms_numbers()
        for sms in texts:
            for contact_sudo in leaving.get(sms.number, ()):
                contact_sudo._note_text(sms, contact_sudo.edited_body)
        self._follow_texts(texts)
        return texts

    def _get_bare_numbers(self):
        """Return the numbers that are texted without a document."""
        if self.sanitized_numbers:
            return self.sanitized_numbers.split(",")
        single = self.recipient_single_number_itf or self.recipient_single_number
        return [single] if single else []
