"""Who writes an e-mail about a debt is told beforehand whether it may leave."""

from odoo import api, fields, models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    collection_warning = fields.Text(compute="_compute_collection_warning")

    @api.depends(
        "model", "res_ids", "composition_mode", "subtype_is_log", "partner_ids"
    )
    def _compute_collection_warning(self):
        for composer in self:
            composer.collection_warning = composer._get_collection_warning()

    def _get_collection_warning(self):
        """Return what a collector has to know before the message is written, if any."""
        if (
            self.composition_mode != "comment"
            or self.subtype_is_log
            or not self.res_ids
        ):
            return False
        record_ids = self._evaluate_res_ids()
        if len(record_ids) != 1:
            return False
        if self.model not in ("collection.case", "account.move", "res.partner"):
            return False
        record = self.env[self.model].browse(record_ids)
        return record._collection_foresee_mail(self.partner_ids)
