"""A card was dragged to another stage: what happened?"""

from odoo import api, fields, models
from odoo.exceptions import UserError


class CollectionCaseMove(models.TransientModel):
    _name = "collection.case.move"
    _description = "Move a Case to Another Stage"

    case_id = fields.Many2one("collection.case", required=True, readonly=True)
    current_stage_id = fields.Many2one(
        related="case_id.stage_id", related_sudo=False, string="Stage Reached"
    )
    # Not required: a card can be dropped where no stage is reached.
    stage_id = fields.Many2one("collection.stage", string="Next Stage", readonly=True)
    what = fields.Selection(
        [
            ("contact", "I contacted the debtor: write it down"),
            ("next", "This stage comes next, whatever lies between"),
        ],
        string="What Happened",
        required=True,
        compute="_compute_what",
        store=True,
        precompute=True,
        readonly=False,
    )
    reason = fields.Char(help="Said on the case.")

    @api.depends("stage_id")
    def _compute_what(self):
        for wizard in self:
            wizard.what = "next" if wizard.stage_id else "contact"

    def action_save(self):
        self.ensure_one()
        if self.what == "contact":
            return self.case_id.action_log_contact()
        if not self.stage_id:
            raise UserError(
                self.env._(
                    "A case cannot lose its stage: the debtor was told. Drop it on the "
                    "stage that comes next."
                )
            )
        if not self.reason:
            raise UserError(self.env._("Say why this stage comes next."))
        self.case_id._continue_with(self.stage_id, self.reason)
        return {"type": "ir.actions.act_window_close"}
