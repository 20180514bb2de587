from unittest.mock import patch

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.service.model import call_kw
from odoo.tools import SQL, mute_logger

from ..const import RANKING_FACTORS
from .team_common import TeamCommon

RULES = "odoo.addons.base.models.ir_rule"
RANKING = "odoo.addons.collections_mgmt.models.collection_engine_ranking"


class TestWhoSeesWhat(TeamCommon):
    """A collector's portfolio: own, nobody's, and what the team opens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.ben, cls.eva, cls.out = (
            cls._create_collector(login) for login in ("ana", "ben", "eva", "out")
        )
        cls.team = cls._create_team("Team", cls.ana | cls.ben, leader=cls.eva)

    def setUp(self):
        super().setUp()
        self.case_ana, self.case_ben, self.case_out, self.case_nobody = (
            self._create_case(agent, amount, name)
            for agent, amount, name in (
                (self.ana, 100.0, "Of Ana"),
                (self.ben, 50.0, "Of Ben"),
                (self.out, 10.0, "Of Out"),
                (None, 1.0, "Of Nobody"),
            )
        )
        self.cases = self.case_ana + self.case_ben + self.case_out + self.case_nobody

    def test_members_see_their_own_cases_and_those_of_nobody(self):
        self.assertEqual(
            self._get_visible(self.ana, self.cases), self.case_ana + self.case_nobody
        )

    def test_the_supervisor_sees_the_whole_team_and_no_other(self):
        self.assertEqual(
            self._get_visible(self.eva, self.cases), self.cases - self.case_out
        )

    def test_members_see_the_whole_team_where_it_says_so(self):
        self.team.members_see_team = True
        self.assertEqual(
            self._get_visible(self.ana, self.cases), self.cases - self.case_out
        )
        self.assertEqual(
            self._get_visible(self.out, self.cases), self.case_out + self.case_nobody
        )

    @mute_logger(RULES)
    def test_another_case_cannot_be_opened_by_its_address_or_called(self):
        for method, arguments in (
            ("read", [["partner_id"]]),
            ("web_read", [{"partner_id": {}}]),
            ("write", [{"agent_id": self.ana.id}]),
            ("action_call", []),
            ("message_post", []),
        ):
            case = self._as_user(self.ana, self.case_ben)
            with self.subTest(method), self.assertRaises(AccessError):
                call_kw(case.browse(), method, [case.ids, *arguments], {})

    def test_who_joins_and_who_leaves_counts_at_once(self):
        self.team.members_see_team = True
        self.assertNotIn(self.case_out, self._get_visible(self.ana, self.cases))
        self.team.member_ids = [Command.create({"user_id": self.out.id})]
        self.assertIn(self.case_out, self._get_visible(self.ana, self.cases))
        self.team.member_ids[-1].unlink()
        self.assertNotIn(self.case_out, self._get_visible(self.ana, self.cases))
        self.team.leader_id = self.out
        self.assertIn(self.case_ana, self._get_visible(self.out, self.cases))
        self.team.active = False
        self.assertNotIn(self.case_ana, self._get_visible(self.out, self.cases))

    def test_a_team_opens_cases_of_its_own_company_only(self):
        second = self._create_creditor("Second Creditor")
        companies = self.env.company | second
        users = self.ana | self.ben | self.eva
        users.company_ids = [Command.link(second.id)]
        self.team.members_see_team = True
        foreign = self._create_case(self.ben, name="Foreign", company=second)
        for user in (self.ana, self.eva):
            self.assertFalse(self._get_visible(user, foreign, companies))
        self.assertEqual(self._get_visible(self.ben, foreign, companies), foreign)

    def test_the_substitute_of_a_supervisor_sees_the_team(self):
        self._create_absence(self.eva, self.out)
        self.assertEqual(self._get_visible(self.out, self.cases), self.cases)

    def test_no_record_rule_has_its_own_idea_of_a_portfolio(self):
        rules = self.env["ir.rule"].search([("domain_force", "like", "agent_id")])
        ours = rules.filtered(
            lambda rule: rule.model_id.model.startswith("collection.")
        )
        self.assertFalse(ours.mapped("name"), "use user._get_portfolio_domain()")

    def test_what_a_collector_carries_is_shown_to_who_may_see_the_cases(self):
        members = self.team.member_ids
        for user, count in ((self.ana, 1), (self.eva, 2), (self.out, 0)):
            with self.subTest(user.name):
                found = self._as_user(user, members.browse()).search(
                    [("team_id", "=", self.team.id)]
                )
                self.assertEqual(len(found), count)
                self.assertEqual(
                    set(found.mapped("case_count")), {1} if count else set()
                )


class TestTeams(TeamCommon):
    """What a team is, and what it carries."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.ben, cls.eva = (
            cls._create_collector(login) for login in ("ana", "ben", "eva")
        )
        cls.team = cls._create_team("Team", cls.ana | cls.ben, cls.eva, capacity=4)

    def test_a_member_shows_cases_amount_and_load(self):
        self._create_case(self.ana, 100.0, "First")
        self._create_case(self.ana, 20.0, "Second").sudo().decision = "last_stage"
        self._create_case(self.ana, 7.0, "Closed").sudo().state = "closed"
        self.assertRecordValues(
            self.team.member_ids,
            [
                {
                    "case_count": 2,
                    "person_count": 1,
                    "amount_overdue": 120.0,
                    "load_percent": 50.0,
                },
                {
                    "case_count": 0,
                    "person_count": 0,
                    "amount_overdue": 0.0,
                    "load_percent": 0.0,
                },
            ],
        )
        self.assertRecordValues(
            self.team, [{"case_count": 2, "amount_overdue": 120.0, "capacity": 8}]
        )

    def test_who_is_absent_has_no_capacity_and_a_stand_in(self):
        self._create_absence(self.ana, self.eva)
        self.assertRecordValues(
            self.team.member_ids,
            [
                {"is_absent": True, "stand_in_id": self.eva.id},
                {"is_absent": False, "stand_in_id": False},
            ],
        )
        self.assertEqual(self.team.capacity, 4)

    def test_a_member_opens_what_they_carry(self):
        case = self._create_case(self.ana, 100.0, "First")
        self._create_case(self.ben, 100.0, "Second")
        action = self.team.member_ids[0].action_open_cases()
        self.assertEqual(self.env["collection.case"].search(action["domain"]), case)

    @mute_logger("odoo.sql_db")
    def test_a_collector_is_in_a_team_once(self):
        with self.assertRaises(UniqueViolation), self.cr.savepoint():
            self.team.member_ids = [Command.create({"user_id": self.ana.id})]

    @mute_logger("odoo.sql_db")
    def test_capacities_are_not_negative(self):
        for values in ({"capacity": -1}, {"amount_capacity": -0.01}):
            with self.assertRaises(CheckViolation), self.cr.savepoint():
                self.team.member_ids[0].write(values)

    def test_members_and_supervisor_are_collectors_of_the_company(self):
        stranger = self._create_collector("new", "base.group_user")
        with self.assertRaisesRegex(ValidationError, "New is no collector"):
            self.team.leader_id = stranger
        second = self._create_creditor("Second Creditor")
        with self.assertRaisesRegex(ValidationError, "no access to Second Creditor"):
            self._create_team("Other", self.ana, company_id=second.id)

    def test_a_new_team_weighs_each_reason_once(self):
        weights = {line.factor: line.weight for line in self.team.weight_ids}
        self.assertEqual(weights, {code: 1.0 for code, _name in RANKING_FACTORS})

    def test_the_ranking_weighs_the_cases_of_a_team_as_it_likes(self):
        case = self._create_case(self.ana, 100.0, "Owing")
        usual, of_team = self._get_weights(case)
        self.assertEqual(of_team, usual)
        by_factor = {line.factor: line for line in self.team.weight_ids}
        by_factor["amount"].weight = 2.0
        by_factor["age"].unlink()
        usual, of_team = self._get_weights(case)
        self.assertEqual(of_team, {**usual, "amount": 2 * usual["amount"]})

    def test_a_changed_weight_ranks_the_teams_cases_at_once(self):
        case = self._create_case(self.ana, 1000.0, "Owing")
        stranger = self._create_collector("stranger")
        other = self._create_case(stranger, 1000.0, "Not Theirs")
        self.env["collection.engine"]._rank_today(self.env.company)
        self.env.invalidate_all()
        before = case.rank_score
        of_other = other.rank_score
        by_factor = {line.factor: line for line in self.team.weight_ids}
        by_factor["amount"].weight = 2.0
        self._end_transaction()
        doubled = case.rank_score
        self.assertGreater(doubled, before)
        self.assertEqual(other.rank_score, of_other)
        by_factor["amount"].unlink()
        self._end_transaction()
        self.assertEqual(case.rank_score, before)
        self.team.weight_ids = [Command.create({"factor": "amount", "weight": 2.0})]
        self._end_transaction()
        self.assertEqual(case.rank_score, doubled)

    def test_where_it_would_take_long_the_job_ranks_them(self):
        self._create_case(self.ana, 1000.0, "Owing")
        cron = self.env.ref("collections_mgmt.ir_cron_rank")
        triggers = self.env["ir.cron.trigger"]
        before = triggers.search_count([("cron_id", "=", cron.id)])
        with patch(f"{RANKING}.RANKED_AT_ONCE", 0):
            self.team.weight_ids[0].weight = 3
        self.assertGreater(triggers.search_count([("cron_id", "=", cron.id)]), before)

    def _get_weights(self, case):
        """Return the usual weights, and those of the team of a case."""
        engine = self.env["collection.engine"]
        self.env.flush_all()
        [[team_id]] = self.env.execute_query(
            SQL(
                "SELECT %s FROM collection_case cases WHERE id = %s",
                engine._get_ranking_team_sql(),
                case.id,
            )
        )
        self.assertEqual(team_id, self.team.id)
        rows = self.env.execute_query_dict(engine._get_weights_sql(self.env.company))
        weights = {row.pop("team_id"): row for row in rows}
        return weights[0], weights[team_id]

    @mute_logger("odoo.sql_db")
    def test_a_weight_is_not_negative_and_there_is_one_per_reason(self):
        with self.assertRaises(CheckViolation), self.cr.savepoint():
            self.team.weight_ids[0].weight = -1.0
        with self.assertRaises(UniqueViolation), self.cr.savepoint():
            self.team.weight_ids = [Command.create({"factor": "amount"})]
