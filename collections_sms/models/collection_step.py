from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CollectionStep(models.Model):
    _inherit = "collection.step"

    channel = fields.Selection(
        selection_add=[("sms", "SMS")], ondelete={"sms": "cascade"}
    )
    sms_template_id = fields.Many2one(
        "sms.template",
        string="SMS Template",
        domain=[("model", "=", "collection.contact")],
        ondelete="restrict",
    )

    @api.depends("sms_template_id.collection_warning")
    def _compute_wording_warning(self):
        # EXTENDS 'collections_mgmt'
        result = super()._compute_wording_warning()
        for step in self.filtered("sms_template_id"):
            warnings = [
                step.wording_warning,
                step._explain_template(step.sms_template_id),
            ]
            step.wording_warning = "\n".join(filter(None, warnings))
        return result

    @api.constrains("channel", "sms_template_id")
    def _check_sms_template_id(self):
        for step in self:
            if step.channel == "sms" and not step.sms_template_id:
                raise ValidationError(
                    self.env._(
                        "Choose the SMS template of the stage “%(stage)s”.",
                        stage=step.stage_id.name,
                    )
                )
