from odoo import api, fields, models


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
        texts = {
            record.id: self._word_sms(record, values[record.id])
            for record in self.env[self.res_model].browse(values)
        }
        return {
            key: {**sms, "body": texts[key]}
            for key, sms in values.items()
            if texts[key] is not None
        }

    def _word_sms(self, record, values):
        """Note that a text among many is sent to somebody who owes, if allowed.

        :param dict values: of the text
        :return: the text, None if it must not leave
        """
        body, number = values["body"], values["number"]
        if values["state"] != "outgoing":
            return body  # it does not leave anyway
        partner = self.env["res.partner"].browse(values["partner_id"])
        if self.res_model == "collection.case":
            return record._word_sms(body, number, partner)
        is_allowed = self._may_text(record, body, number, partner)
        return body if is_allowed else None

    def _may_text(self, record, body, number, partner):
        """Return whether a text that answers nobody may leave; note it on the cases."""
        cases = self.env["collection.case"]._find_texted(record, [(number, partner)])
        for case_sudo in cases:
            contact_sudo = case_sudo._pass_gate_by_text(
                number, partner, body, is_answer=False
            )
            if contact_sudo.state == "blocked":
                return False
            contact_sudo._write_down("sent", contact_sudo.edited_body)
        return True

    def _action_send_sms_numbers(self):
        # EXTENDS 'sms': who is late is known by the number as well
        record = self._get_records()
        if record is None or len(record) != 1:
            record = self.env["mail.thread"]
        numbers = self._get_bare_numbers()
        nobody = self.env["res.partner"]
        allowed = [
            number
            for number in numbers
            if self._may_text(record, self.body, number, nobody)
        ]
        if allowed == numbers:
            return super()._action_send_sms_numbers()
        if not allowed:
            return self.env["sms.sms"]
        self.numbers = ",".join(allowed)
        return super()._action_send_sms_numbers()

    def _get_bare_numbers(self):
        """Return the numbers that are texted without a document."""
        if self.sanitized_numbers:
            return self.sanitized_numbers.split(",")
        single = self.recipient_single_number_itf or self.recipient_single_number
        return [single] if single else []
