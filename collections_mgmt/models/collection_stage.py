from odoo import fields, models


class CollectionStage(models.Model):
    _name = "collection.stage"
    _description = "Dunning Stage"
    _order = "strategy_id, days, sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    strategy_id = fields.Many2one(
        "collection.strategy", required=True, ondelete="cascade", index=True
    )
    days = fields.Integer(
        string="Days from Due Date",
        help="3 is three days late, 0 the due date, -3 a reminder before it.",
    )
    minimum_days = fields.Integer(
        string="Days Since Previous Stage",
        help="An item stays at least this long in the stage before.",
    )
    step_ids = fields.One2many("collection.step", "stage_id", string="Steps", copy=True)
    company_id = fields.Many2one(
        related="strategy_id.company_id", store=True, index=True
    )

    _check_minimum_days = models.Constraint(
        "CHECK (minimum_days >= 0)",
        "The days since the previous stage cannot be negative.",
    )
