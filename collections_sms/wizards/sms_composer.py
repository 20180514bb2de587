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
        if self.res_model == "res.partner":
            case = record._get_overdue_case()
            return case and case._foresee_by_hand("sms")
        return self.res_model == "collection.case" and record._foresee_by_hand("sms")

    def _filter_out_and_handle_revoked_sms_values(self, sms_values_all):
        # EXTENDS 'sms': a text to many leaves out those who may not be contacted
        values = super()._filter_out_and_handle_revoked_sms_values(sms_values_all)
        if self.res_model not in ("res.partner", "collection.case"):
            return values
        records = self.env[self.res_model].browse(values)
        texts = {
            record.id: record._word_sms(values[record.id]["body"]) for record in records
        }
        return {
            key: {**sms, "body": texts[key]}
            for key, sms in values.items()
            if texts[key] is not None
        }
