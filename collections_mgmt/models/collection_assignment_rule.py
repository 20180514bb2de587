from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..const import ASSIGNMENT_METHODS


class CollectionAssignmentRule(models.Model):
    _name = "collection.assignment.rule"
    _description = "Assignment Rule"
    _inherit = ["collection.domain.rule"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(
        default=10, help="Where several rules take the same case, the first one wins."
    )
    team_id = fields.Many2one(
        "collection.team", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="team_id.company_id", store=True, index=True)
    domain = fields.Char(
        string="Takes These Cases",
        default="[]",
        help="Of the cases without a collector.",
    )
    method = fields.Selection(
        ASSIGNMENT_METHODS, string="Deals Them Out", required=True, default="load"
    )
    agent_id = fields.Many2one(
        "res.users",
        string="Collector",
        index="btree_not_null",
        ondelete="restrict",
        domain=lambda self: self.env["res.users"]._get_collectors_domain(),
    )
    keeps_collector = fields.Boolean(
        string="Keep the Same Collector",
        default=True,
        help="A debtor who owes again goes back to who had the last case, if still in "
        "the team and with room for it.",
    )
    leftover = fields.Selection(
        [("nobody", "Stay with nobody"), ("leader", "Go to the supervisor")],
        string="When Nobody Has Room",
        required=True,
        default="nobody",
        help="When all are absent, or carry as much as they can.",
    )

    @api.constrains("method", "agent_id", "team_id")
    def _check_agent_id(self):
        for rule in self:
            if rule.method != "fixed":
                continue
            if rule.agent_id not in rule.team_id.member_ids.user_id:
                raise ValidationError(
                    self.env._(
                        "Choose who gets the cases of the rule “%(rule)s”: a collector "
                        "of the team %(team)s.",
                        rule=rule.name,
                        team=rule.team_id.name,
                    )
                )

    @api.constrains("domain")
    def _check_domain(self):
        for rule in self:
            try:
                rule._find_matches()
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "The assignment rule “%(rule)s” cannot be read: %(error)s. "
                        "Please correct it.",
                        rule=rule.name,
                        error=error,
                    )
                ) from error

    def _find_matches(self):
        # OVERRIDE: of the open cases of the rule's company
        self.ensure_one()
        return self.env["collection.case"]._search(
            Domain("state", "=", "open")
            & Domain("company_id", "=", self.company_id.id)
            & Domain(literal_eval(self.domain or "[]"))
        )

    # WHO CAN GET THE CASES

    def _get_agent_ids(self):
        """Return the ids of the users to whom the rule may give cases."""
        self.ensure_one()
        users = self.team_id.member_ids.user_id
        if self.method == "fixed":
            users &= self.agent_id
        return users.filtered("active").ids

    def _get_pool(self, collectors):
        """Return among whom the cases are dealt out.

        :param list collectors: the Collector of each member of the team
        :return: list of Collector
        """
        agent_ids = self._get_agent_ids()
        return [collector for collector in collectors if collector.id in agent_ids]

    def _get_able_leader(self):
        """Return the supervisor, if they can open the company's cases."""
        self.ensure_one()
        leader = self.team_id.leader_id
        return leader.filtered_domain(leader._get_able_domain(self.company_id))

    def _get_method(self):
        """Return the method of tools.assignment."""
        self.ensure_one()
        return "turn" if self.method == "fixed" else self.method

    # ACTIONS

    @api.model
    def action_assign_now(self):
        """Give the cases of nobody to collectors, in the user's companies."""
        if not self.env.user.has_group("collections_mgmt.group_collection_manager"):
            raise UserError(
                self.env._("Only a collections manager can assign all cases at once.")
            )
        changed = self.env["collection.case"]
        for company in self.env.companies.root_id:
            # In sudo: the engine reads the whole company's cases.
            engine = self.env["collection.engine"].sudo().with_company(company)
            changed += engine._assign(engine._get_scope(company))
        return self.env["collection.assignment"]._get_told_action(changed)
