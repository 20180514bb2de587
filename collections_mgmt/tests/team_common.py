from datetime import timedelta

from odoo import Command
from odoo.tests import new_test_user

from .common import CollectionCommon

COLLECTOR = "base.group_user,collections_mgmt.group_collection_collector"
MANAGER = "base.group_user,collections_mgmt.group_collection_manager"


class TeamCommon(CollectionCommon):
    """Collectors, their teams, absences and rules."""

    @classmethod
    def _create_collector(cls, login, groups=COLLECTOR, **values):
        return new_test_user(
            cls.env,
            login=login,
            name=login.title(),
            groups=groups,
            company_id=cls.env.company.id,
            **values,
        )

    @classmethod
    def _create_team(cls, name, users, leader=None, capacity=100, **values):
        return cls.env["collection.team"].create(
            {
                "name": name,
                "company_id": cls.env.company.id,
                "leader_id": leader and leader.id,
                "member_ids": [
                    Command.create({"user_id": user.id, "capacity": capacity})
                    for user in users
                ],
                **values,
            }
        )

    @classmethod
    def _create_assignment_rule(cls, team, method="turn", **values):
        return cls.env["collection.assignment.rule"].create(
            {"name": f"Rule of {team.name}", "team_id": team.id, "method": method}
            | values
        )

    @classmethod
    def _create_escalation_rule(cls, **values):
        return cls.env["collection.escalation.rule"].create(
            {"name": "Look at it", "company_id": cls.env.company.id, **values}
        )

    @classmethod
    def _create_absence(cls, user, substitute, date_from=None, date_to=None):
        return cls.env["collection.absence"].create(
            {
                "user_id": user.id,
                "substitute_id": substitute.id,
                "date_from": date_from or cls.today,
                "date_to": date_to,
            }
        )

    @classmethod
    def _create_team_records(cls, debtor, collector, other, leader):
        """Create a record of each model of teams; none has an effect.

        :return: the team
        """
        team = cls._create_team("Without Effect", collector, leader)
        cls._create_assignment_rule(team, domain="[('id', '=', 0)]")
        rule = cls._create_escalation_rule(amount_above=1e9)
        before = cls.today - timedelta(days=9)
        cls._create_absence(collector, other, before, before)
        case = cls._create_case(partner=debtor).sudo()
        case.agent_id = collector
        case.agent_id = False
        case.state = "closed"
        cls.env["collection.escalation"].sudo().create(
            {
                "rule_id": rule.id,
                "case_id": case.id,
                "date": before,
                "date_resolved": before,
            }
        )
        cls.env.flush_all()
        return team

    @classmethod
    def _create_case(
        cls, agent=None, amount=0.0, name="Debtor", company=None, partner=None
    ):
        """Open a case as the engine would, without items."""
        case = (
            cls.env["collection.case"]
            .sudo()
            .create(
                {
                    "partner_id": (partner or cls._create_debtor(name)).id,
                    "company_id": (company or cls.env.company).id,
                    "date_opened": cls.today,
                    "amount_overdue": amount,
                    "agent_id": agent and agent.id,
                }
            )
        )
        return case.with_env(cls.env)

    def _as_user(self, user, record, companies=None):
        """Return a record or model as a user, with nothing in the cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        return record.with_user(user).with_context(
            allowed_company_ids=(companies or self.env.company).ids
        )

    def _get_visible(self, user, cases, companies=None):
        """Return which of some cases a user finds."""
        found = self._as_user(user, cases.browse(), companies).search(
            [("id", "in", cases.ids)]
        )
        return cases.browse(found.ids)
