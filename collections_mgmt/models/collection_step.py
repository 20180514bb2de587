from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import CHANNELS, CONDITIONS


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
        help="The text of e-mails and letters.",
        domain=[("model", "=", "collection.contact")],
        ondelete="restrict",
    )
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        domain=[("res_model", "in", [False, "collection.case"])],
        ondelete="restrict",
        help="What the collector is asked to do; also if the debtor has no address.",
    )
    fallback_channel = fields.Selection(
        CHANNELS,
        string="If No Address",
        default="task",
        help="What is done when the debtor has no address for the channel, or messages "
        "to it came back. Empty: nothing is done and the case says so.",
    )
    delay_days = fields.Integer(
        string="Days into the Stage",
        required=True,
        default=0,
        help="0: when the item reaches the stage. 2: two days later, if the item is "
        "still open and in the stage.",
    )
    condition = fields.Selection(
        CONDITIONS,
        required=True,
        default="always",
        help="What the debtor did with the last message.",
    )
    attach_invoices = fields.Boolean(help="The open invoices, as PDF files.")
    attach_statement = fields.Boolean(
        help="A statement of all that is open, as a PDF file."
    )
    company_id = fields.Many2one(related="stage_id.company_id", store=True, index=True)

    wording_warning = fields.Text(
        string="About the Text", compute="_compute_wording_warning"
    )

    _check_delay_days = models.Constraint(
        "CHECK (delay_days >= 0)", "The days into the stage cannot be negative."
    )

    @api.constrains("delay_days", "stage_id")
    def _check_delay_days(self):
        self.stage_id._check_step_ids()

    @api.constrains("channel", "fallback_channel", "template_id")
    def _check_template_id(self):
        for step in self:
            if {"email", "letter"} & {
                step.channel,
                step.fallback_channel,
            } and not step.template_id:
                raise ValidationError(
                    self.env._(
                        "Choose the template of the stage “%(stage)s”: e-mails and "
                        "letters take their text from it.",
                        stage=step.stage_id.name,
                    )
                )

    @api.depends("template_id.collection_warning")
    def _compute_wording_warning(self):
        for step in self:
            step.wording_warning = step._explain_template(step.template_id)

    @api.model
    def _explain_template(self, template):
        """Return what its users have to know of a template, False if nothing."""
        warning = template.collection_warning
        return warning and f"{template.name}: {warning}"

    @api.depends("stage_id.name", "channel")
    def _compute_display_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        for step in self:
            step.display_name = f"{step.stage_id.name}: {channels[step.channel]}"
