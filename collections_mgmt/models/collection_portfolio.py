"""Which cases a collector works on and sees: the portfolio.

A collector's portfolio holds the cases of nobody and their own; those of the absent
collectors for whom they stand in; those of the teams they lead; and those of their
teams whose members see the whole team's cases. Record rules ask for it with one
expression, ``user._get_portfolio_domain(path of the case)``.
"""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import ormcache

from ..tools.stand_ins import find_absent, find_stand_in


class ResUsers(models.Model):
    _inherit = "res.users"

    def _get_portfolio_domain(self, case=None):
        """Return the domain of the records whose case the user may see.

        :param str case: path from the record to its case; None: the record is one
        """
        self.ensure_one()
        agent, company = (
            f"{case}.{name}" if case else name for name in ("agent_id", "company_id")
        )
        own_ids, teams = self._get_portfolio(self._get_collection_today())
        domain = Domain(agent, "in", [*own_ids, False])
        for company_id, member_ids in teams:
            domain |= Domain(company, "=", company_id) & Domain(
                agent, "in", list(member_ids)
            )
        return domain

    def _get_team_member_domain(self):
        """Return the domain of the team members whose cases the user may see."""
        self.ensure_one()
        own_ids, teams = self._get_portfolio(self._get_collection_today())
        domain = Domain("user_id", "in", list(own_ids))
        for company_id, member_ids in teams:
            domain |= Domain("team_id.company_id", "=", company_id) & Domain(
                "user_id", "in", list(member_ids)
            )
        return domain

    def _get_collection_today(self):
        """Return the day on the user's clock: absences begin and end at midnight."""
        # Odoo keeps the time zone at hand: record rules ask for the day all the time.
        tz = self.with_user(self).context_get().get("tz") if self else None
        return fields.Date.context_today(self.with_context(tz=tz or "UTC"))

    @ormcache("self.id", "today")
    def _get_portfolio(self, today):
        """Return whose cases the user sees on a day.

        :return: ids of users whose cases they see in every company, and (company id,
            ids of users) for the teams
        """
        own_ids = {self.id} | self._get_absent_ids(today)
        # In sudo: what members may see does not depend on who may see the team.
        teams = (
            self.env["collection.team"]
            .sudo()
            .search(
                Domain("leader_id", "in", list(own_ids))
                | (
                    Domain("members_see_team", "=", True)
                    & Domain("member_ids.user_id", "in", list(own_ids))
                ),
                order="company_id, id",
            )
        )
        return (
            tuple(sorted(own_ids)),
            tuple(
                (company.id, tuple(sorted(of_company.member_ids.user_id.ids)))
                for company, of_company in teams.grouped("company_id").items()
            ),
        )

    def _get_absent_ids(self, today):
        """Return the ids of those for whom the user stands in on a day."""
        return find_absent(
            self.env["collection.absence"]._get_substitutes(today), self.id
        )

    def _get_mine_ids(self):
        """Return the ids of those whose work is the user's: first the user, then the
        absent for whom they stand in today."""
        self.ensure_one()
        return [self.id, *self._get_absent_ids(self._get_collection_today())]

    def _get_staff_ids(self):
        """Return the ids of those for whom the user speaks: themselves, their teams."""
        # In sudo: who leads a team may name its members.
        teams = self.env["collection.team"].sudo().search([("leader_id", "=", self.id)])
        return [self.id, *teams.member_ids.user_id.ids]

    def _get_collection_stand_in(self):
        """Return who does the user's work today: the user, unless absent."""
        if not self:
            return self
        substitutes = self.env["collection.absence"]._get_substitutes(
            fields.Date.context_today(self)
        )
        return self.browse(find_stand_in(substitutes, self.id))


class IrRule(models.Model):
    _inherit = "ir.rule"

    def _compute_domain_context_values(self):
        # EXTENDS 'base': which cases a user sees is kept for one day only
        yield from super()._compute_domain_context_values()
        yield self.env.user._get_collection_today()


class CollectionCase(models.Model):
    _inherit = "collection.case"

    is_mine = fields.Boolean(
        help="Your own cases, and those of the collectors for whom you stand in today."
    )
    substitution = fields.Char(
        compute="_compute_substitution", help="For whom you stand in on this case."
    )

    # Not on the collector: choosing another in the form would send the whole case to
    # the server and work it out anew.
    @api.depends_context("uid", "lang")
    def _compute_substitution(self):
        _own_id, *absent_ids = self.env.user._get_mine_ids()
        for case in self:
            case.substitution = case.agent_id.id in absent_ids and self.env._(
                "Substituting for %(collector)s", collector=case.agent_id.name
            )

    def _compute_my_activity_date_deadline(self):
        # OVERRIDE 'mail': the tasks of those for whom one stands in are one's own too
        mine_ids = self.env.user._get_mine_ids()
        for case in self:
            case.my_activity_date_deadline = next(
                (
                    activity.date_deadline
                    for activity in case.activity_ids
                    if activity.user_id.id in mine_ids
                ),
                False,
            )

    def _search_my_activity_date_deadline(self, operator, operand):
        # OVERRIDE 'mail': as above
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        return Domain(
            "activity_ids",
            "any",
            Domain("active", "=", True)
            & Domain("date_deadline", operator, operand)
            & Domain("res_model", "=", self._name)
            & Domain("user_id", "in", self.env.user._get_mine_ids()),
        )

    def _get_responsible(self):
        # EXTENDS: tasks are for who is there
        return super()._get_responsible()._get_collection_stand_in()
