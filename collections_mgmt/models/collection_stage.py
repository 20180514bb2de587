from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL


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
    needs_approval = fields.Boolean(
        help="Messages of this stage wait until somebody has looked at them.",
    )
    step_ids = fields.One2many("collection.step", "stage_id", string="Steps", copy=True)
    company_id = fields.Many2one(
        related="strategy_id.company_id", store=True, index=True
    )

    _check_minimum_days = models.Constraint(
        "CHECK (minimum_days >= 0)",
        "The days since the previous stage cannot be negative.",
    )

    def write(self, vals):
        # EXTENDS: a stage that was moved is not done again for who went through it
        result = super().write(vals)
        if not {"days", "sequence"}.isdisjoint(vals):
            self.strategy_id._move_items_on()
        return result

    @api.model
    def _get_place_sql(self, table):
        """Return the SQL of a stage's place on the ladder, for comparing and sorting.

        :param str table: a table or alias of stages
        """
        columns = (SQL.identifier(table, name) for name in ("days", "sequence", "id"))
        return SQL("(%s)", SQL(", ").join(columns))

    @api.constrains("step_ids", "days")
    def _check_step_ids(self):
        for stage in self:
            late = stage.step_ids.filtered("delay_days")
            if late and stage.days < 0:
                raise ValidationError(
                    self.env._(
                        "“%(stage)s” comes before the due date: its steps are all done "
                        "at once. Set their days into the stage to 0.",
                        stage=stage.name,
                    )
                )
            if late and late == stage.step_ids:
                raise ValidationError(
                    self.env._(
                        "One step of “%(stage)s” has to be done when an item reaches "
                        "the stage: set its days into the stage to 0.",
                        stage=stage.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        # In sudo: contacts of every company count.
        used = (
            self.env["collection.contact"]
            .sudo()
            .search([("stage_id", "in", self.ids)], limit=1)
        )
        if used:
            raise UserError(
                self.env._(
                    "The stage “%(stage)s” was used in contacts and is part of their "
                    "record. Archive it instead: nothing more is sent by it.",
                    stage=used.stage_id.name,
                )
            )
