from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import CHANNELS


class CollectionStep(models.Model):
    _name = "collection.step"
    _description = "Step of a Dunning Stage"
    _rec_names_search = ["stage_id"]
    _order = "stage_id, sequence, id"

    sequence = fields.Integer(default=10)
    stage_id = fields.Many2one(
        "collection.stage", required=True, ondelete="cascade", index=True
    )
    channel = fields.Selection(CHANNELS, required=True, default="email")
    template_id = fields.Many2one(
        "mail.template",
        string="Email Template",
        domain=[("model", "=", "collection.contact")],
        ondelete="restrict",
    )
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        domain=[("res_model", "in", [False, "collection.case"])],
        ondelete="restrict",
        help="What the collector is asked to do; also if the debtor has no address.",
    )
    task_when_no_address = fields.Boolean(
        string="Task if No Address",
        default=True,
        help="A collector gets a task when the debtor has no address for this channel.",
    )
    company_id = fields.Many2one(related="stage_id.company_id", store=True, index=True)

    @api.constrains("channel", "template_id")
    def _check_template_id(self):
        for step in self:
            if step.channel == "email" and not step.template_id:
                raise ValidationError(
                    self.env._(
                        "Choose the e-mail template of the stage “%(stage)s”.",
                        stage=step.stage_id.name,
                    )
                )

    @api.depends("stage_id.name", "channel")
    def _compute_display_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for step in self:
            step.display_name = f"{step.stage_id.name}: {channels[step.channel]}"
