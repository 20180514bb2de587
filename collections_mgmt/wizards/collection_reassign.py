from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.collection_assignment import Assigned


class CollectionReassign(models.TransientModel):
    """Gives many cases to somebody else at once, and keeps the reason."""

    _name = "collection.reassign"
    _description = "Change the Collector of Cases"

    case_ids = fields.Many2many(
        "collection.case", default=lambda self: self._get_default_cases()
    )
    case_count = fields.Integer(string="Open Cases", compute="_compute_case_count")
    target = fields.Selection(
        [
            ("agent", "To a collector"),
            ("rules", "By the assignment rules"),
            ("nobody", "To nobody: the rules or a colleague take them"),
        ],
        string="Give Them",
        required=True,
        default="agent",
    )
    agent_id = fields.Many2one(
        "res.users",
        string="Collector",
        domain=lambda self: self.env["res.users"]._get_collectors_domain(),
    )
    reason = fields.Char(
        required=True, help="Kept in the history of each case, for everybody to read."
    )

    def _get_default_cases(self):
        if self.env.context.get("active_model") != "collection.case":
            return self.env["collection.case"]
        return self.env["collection.case"].browse(
            self.env.context.get("active_ids", [])
        )

    @api.depends("case_ids.state")
    def _compute_case_count(self):
        for wizard in self:
            wizard.case_count = len(wizard._get_cases())

    def _get_cases(self):
        """Return the cases that are given away: what is closed stays as it was."""
        return self.case_ids.filtered(lambda case: case.state == "open")

    def action_reassign(self):
        """Give the cases away, and say how many changed hands."""
        self.ensure_one()
        cases = self._get_cases()
        cases.check_access("write")
        if not cases:
            raise UserError(
                self.env._(
                    "None of these cases is open. Choose open cases in the list first."
                )
            )
        reassign = {
            "agent": self._reassign_to_agent,
            "rules": self._reassign_by_rules,
            "nobody": self._reassign_to_nobody,
        }[self.target]
        changed = reassign(cases)
        return self.env["collection.assignment"]._get_told_action(changed)

    def _reassign_to_agent(self, cases):
        if not self.agent_id:
            raise UserError(self.env._("Choose the collector who gets the cases."))
        self.agent_id._check_collects_for(cases.company_id)
        return self._apply(cases, self.agent_id.id)

    def _reassign_to_nobody(self, cases):
        return self._apply(cases, None)

    def _apply(self, cases, agent_id):
        # In sudo: nobody writes the history by hand; the cases were checked.
        return (
            self.env["collection.assignment"]
            .sudo()
            ._apply(
                [Assigned(case_id, agent_id, "person") for case_id in cases.ids],
                self.reason,
            )
        )

    def _reassign_by_rules(self, cases):
        changed = cases.browse()
        for company, of_company in cases.grouped("company_id").items():
            # In sudo: the engine reads the whole company's cases.
            engine = self.env["collection.engine"].sudo().with_company(company)
            scope = engine._get_scope(company)
            changed |= engine._assign(scope, of_company, self.reason)
        return changed
