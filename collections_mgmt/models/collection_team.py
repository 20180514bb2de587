from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..const import RANKING_FACTORS


class CollectionTeam(models.Model):
    _name = "collection.team"
    _description = "Collection Team"
    _inherit = ["collection.portfolio.mixin", "mail.alias.mixin.optional"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        domain=[("parent_id", "=", False)],
        default=lambda self: self.env.company.root_id,
        help="The team works on the cases of this company and its branches.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    leader_id = fields.Many2one(
        "res.users",
        string="Supervisor",
        index=True,
        domain=lambda self: self.env["res.users"]._get_collectors_domain(),
        help="Sees the cases of every member and gets what is escalated.",
    )
    members_see_team = fields.Boolean(
        string="Members See the Whole Team's Cases",
        help="Otherwise a member with the right Collector: Own Portfolio sees their "
        "own cases and those of nobody.",
    )
    member_ids = fields.One2many(
        "collection.team.member", "team_id", string="Collectors", copy=True
    )
    weight_ids = fields.One2many(
        "collection.team.weight",
        "team_id",
        string="Weights",
        copy=True,
        default=lambda self: self._get_default_weights(),
    )

    # What the team carries
    case_count = fields.Integer(string="Open Cases", compute="_compute_load")
    capacity = fields.Integer(
        compute="_compute_load", help="Of all members who are there."
    )
    amount_overdue = fields.Monetary(string="Overdue", compute="_compute_load")

    def _get_default_weights(self):
        return [Command.create({"factor": code}) for code, _name in RANKING_FACTORS]

    @api.depends("member_ids.case_count", "member_ids.capacity")
    def _compute_load(self):
        for team in self:
            members = team.member_ids
            team.case_count = sum(members.mapped("case_count"))
            team.amount_overdue = sum(members.mapped("amount_overdue"))
            present = members.filtered(lambda member: not member.is_absent)
            team.capacity = sum(present.mapped("capacity"))

    @api.constrains("leader_id", "company_id")
    def _check_leader_id(self):
        for team in self:
            team.leader_id._check_collects_for(team.company_id)

    def action_open_members(self):
        """Open the members with what each carries."""
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_team_member_action"
            ),
            "domain": [("team_id", "=", self.id)],
            "context": {},
        }


class CollectionTeamMember(models.Model):
    _name = "collection.team.member"
    _description = "Collector of a Team"
    _inherit = ["collection.portfolio.mixin"]
    _order = "team_id, sequence, id"
    _rec_name = "user_id"

    team_id = fields.Many2one(
        "collection.team", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="team_id.company_id")
    currency_id = fields.Many2one(related="team_id.currency_id")
    sequence = fields.Integer(default=10)
    user_id = fields.Many2one(
        "res.users",
        string="Collector",
        required=True,
        index=True,
        ondelete="cascade",
        domain=lambda self: self.env["res.users"]._get_collectors_domain(),
    )
    capacity = fields.Integer(
        required=True,
        default=200,
        help="How many open cases the collector can carry. Rules give them no more; "
        "0: none.",
    )
    amount_capacity = fields.Monetary(
        string="Overdue Limit",
        help="How much the collector's cases may be overdue in all, in company "
        "currency. Rules give them no more; 0: without limit.",
    )

    # What the collector carries, in all of the company
    case_count = fields.Integer(string="Open Cases", compute="_compute_load")
    person_count = fields.Integer(
        string="Need a Person",
        compute="_compute_load",
        help="Cases in which nothing more happens by itself.",
    )
    amount_overdue = fields.Monetary(string="Overdue", compute="_compute_load")
    load_percent = fields.Float(
        string="Load",
        compute="_compute_load",
        aggregator=None,
        help="Open cases as a percentage of the capacity.",
    )
    is_absent = fields.Boolean(string="Absent", compute="_compute_is_absent")
    stand_in_id = fields.Many2one(
        "res.users",
        string="Stands In",
        compute="_compute_is_absent",
        help="Who sees the cases while the collector is absent.",
    )

    _unique_user = models.UniqueIndex(
        "(team_id, user_id)", "A collector can be in a team only once."
    )
    _check_capacities = models.Constraint(
        "CHECK (capacity >= 0 AND (amount_capacity IS NULL OR amount_capacity >= 0))",
        "Capacity and overdue limit cannot be negative. For a collector who gets no "
        "new cases set the capacity to 0.",
    )

    @api.depends("user_id", "team_id.company_id", "capacity")
    @api.depends_context("uid")
    def _compute_load(self):
        loads = self._get_loads()
        for member in self:
            count, amount, persons = loads.get(
                (member.company_id, member.user_id), (0, 0.0, 0)
            )
            member.case_count = count
            member.amount_overdue = amount
            member.person_count = persons
            member.load_percent = member.capacity and 100.0 * count / member.capacity

    def _get_loads(self):
        """Return {(company, user): (open cases, overdue, cases that need a person)}.

        Of the cases that the user may see: who sees a member sees their cases.
        """
        Case = self.env["collection.case"]
        carried = self._get_cases_domain()
        groupby = ["company_id", "agent_id"]
        persons = {
            (company, agent): count
            for company, agent, count in Case._read_group(
                carried & Domain("needs_person", "=", True), groupby, ["__count"]
            )
        }
        return {
            (company, agent): (count, amount, persons.get((company, agent), 0))
            for company, agent, count, amount in Case._read_group(
                carried, groupby, ["__count", "amount_overdue:sum"]
            )
        }

    def _get_cases_domain(self):
        """Return the domain of the open cases that these members carry."""
        return (
            Domain("state", "=", "open")
            & Domain("company_id", "in", self.company_id.ids)
            & Domain("agent_id", "in", self.user_id.ids)
        )

    @api.depends("user_id")
    def _compute_is_absent(self):
        substitutes = self.env["collection.absence"]._get_substitutes(
            fields.Date.context_today(self)
        )
        for member in self:
            member.is_absent = member.user_id.id in substitutes
            member.stand_in_id = (
                member.is_absent and member.user_id._get_collection_stand_in()
            )

    @api.constrains("user_id", "team_id")
    def _check_user_id(self):
        for member in self:
            member.user_id._check_collects_for(member.company_id)

    def action_open_cases(self):
        """Open what the collector carries."""
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_case_action"
            ),
            "name": self.user_id.name,
            "domain": list(self._get_cases_domain()),
            "context": {},
        }


class ResUsers(models.Model):
    _inherit = "res.users"

    def _get_collectors_domain(self):
        """Return the domain of the users who can work on cases."""
        # From the cache: the engine asks at each payment.
        group_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "collections_mgmt.group_collection_collector"
        )
        return [("share", "=", False), ("all_group_ids", "in", [group_id or 0])]

    def _get_able_domain(self, company):
        """Return the domain of the users who can open the cases of a root company."""
        return (
            Domain(self._get_collectors_domain())
            & Domain("active", "=", True)
            & Domain("company_ids", "in", company.ids)
        )

    def _check_collects_for(self, companies):
        """Refuse users who could not open the cases they are to work on.

        :param res.company companies: whose cases; any company when empty
        :raise ValidationError: with what to do about it
        """
        for user in self:
            if not user.has_group("collections_mgmt.group_collection_collector"):
                raise ValidationError(
                    self.env._(
                        "%(user)s is no collector. Give them the right Collector under "
                        "Settings, Users, or choose somebody else.",
                        user=user.name,
                    )
                )
            # In sudo: who sets up a team need not see every company of its members.
            if companies - user.sudo().company_ids:
                raise ValidationError(
                    self.env._(
                        "%(user)s has no access to %(company)s. Allow the company "
                        "under Settings, Users, or choose somebody else.",
                        user=user.name,
                        company=(companies - user.sudo().company_ids)[:1].name,
                    )
                )
