from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..const import LEGAL_NOTICES


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
    notice = fields.Selection(
        LEGAL_NOTICES,
        string="Legal Notice",
        help="Which notice its messages are, where a law wants one to come first.",
    )
    has_costs = fields.Boolean(
        string="Asks for Collection Costs",
        help="Some laws let costs be asked for only after a certain notice.",
    )
    step_ids = fields.One2many("collection.step", "stage_id", string="Steps", copy=True)
    whatsapp_template_id = fields.Many2one(
        "mail.template",
        string="WhatsApp Text",
        domain=[("model", "=", "collection.contact")],
        ondelete="restrict",
        help="The text of the WhatsApp messages that collectors send at this stage. "
        "Empty: the standard text.",
    )
    company_id = fields.Many2one(
        related="strategy_id.company_id", store=True, index=True
    )

    wording_warning = fields.Text(
        string="About the Texts", compute="_compute_wording_warning"
    )

    _check_minimum_days = models.Constraint(
        "CHECK (minimum_days >= 0)",
        "The days since the previous stage cannot be negative.",
    )

    @api.depends("step_ids.wording_warning", "whatsapp_template_id.collection_warning")
    def _compute_wording_warning(self):
        for stage in self:
            steps = stage.step_ids
            warnings = [
                *steps.mapped("wording_warning"),
                steps._explain_template(stage.whatsapp_template_id),
            ]
            # Steps may share a template.
            stage.wording_warning = "\n".join(dict.fromkeys(filter(None, warnings)))

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

    def _get_place(self):
        """Return the same for one stage in Python; no stage comes before all others."""
        return (bool(self), self.days, self.sequence, self.id or 0)

    def _get_previous(self):
        """Return the dunning stage before this one, empty for the first."""
        self.ensure_one()
        before = self.strategy_id.stage_ids.filtered(
            lambda stage: stage.days >= 0 and stage._get_place() < self._get_place()
        )
        return before.sorted(lambda stage: stage._get_place())[-1:]

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
