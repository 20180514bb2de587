from collections import Counter

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw
from odoo.tools import mute_logger

from ..models.collection_assignment import Assigned
from ..models.collection_engine import Scope
from .team_common import MANAGER, TeamCommon

RULES = "odoo.addons.base.models.ir_rule"


class AssignmentCommon(TeamCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.ben, cls.eva, cls.out = (
            cls._create_collector(login) for login in ("ana", "ben", "eva", "out")
        )
        cls.manager = cls._create_collector("max", MANAGER)
        cls.team = cls._create_team("Team", cls.ana | cls.ben, leader=cls.eva)
        cls.member_ana, cls.member_ben = cls.team.member_ids

    def _create_cases(self, *amounts, agent=None):
        cases = self.env["collection.case"]
        for amount in amounts:
            cases += self._create_case(agent, amount, f"Debtor of {amount:.0f}")
        return cases

    def _close(self, case):
        case.sudo().state = "closed"
        case.flush_recordset()

    def _assign(self, cases=None):
        """Assign as a run does; return the cases that changed hands."""
        engine = self.env["collection.engine"].sudo().with_company(self.env.company)
        changed = engine._assign(Scope(self.env.company, self.today), cases)
        self.env.invalidate_all()
        return changed

    def _get_last_entry(self, case):
        return case.assignment_ids.sorted("id")[-1:]


class TestPrecedence(AssignmentCommon):
    """The debtor's own collector, then who had the debtor, then the rules."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_assignment_rule(cls.team, "turn")

    def test_the_debtors_own_collector_comes_first(self):
        [case] = self._create_cases(100.0)
        case.partner_id.collection_agent_id = self.out
        self._assign()
        self.assertEqual(case.agent_id, self.out)
        self.assertEqual(case.assignment_ids.source, "debtor")

    def test_an_archived_collector_of_the_debtor_gets_nothing(self):
        [case] = self._create_cases(100.0)
        case.partner_id.collection_agent_id = self.out
        self.out.active = False
        self._assign()
        self.assertEqual(case.agent_id, self.ana)

    def _owe_again(self, agent):
        """Return the new case of a debtor whose last one a collector had."""
        [old] = self._create_cases(100.0, agent=agent)
        self._close(old)
        return self._create_case(partner=old.partner_id)

    def test_a_debtor_who_owes_again_keeps_the_collector(self):
        case = self._owe_again(self.ben)
        self._assign()
        self.assertEqual(case.agent_id, self.ben)
        self.assertEqual(case.assignment_ids.source, "kept")

    def test_who_left_the_team_does_not_get_the_debtor_back(self):
        case = self._owe_again(self.out)
        self._assign()
        self.assertEqual(case.agent_id, self.ana)
        self.assertEqual(case.assignment_ids.source, "rule")

    def test_the_rule_may_deal_such_debtors_out_anew(self):
        self.rule.keeps_collector = False
        case = self._owe_again(self.ben)
        self._assign()
        self.assertEqual(case.agent_id, self.ana)

    def test_who_has_no_room_does_not_get_the_debtor_back(self):
        for capacity, load, expected in ((0, 0, self.ana), (2, 2, self.ana)):
            with self.subTest(capacity=capacity, load=load):
                self.member_ben.capacity = capacity
                for number in range(load):
                    self._create_case(self.ben, 1.0, f"Load {number}")
                case = self._owe_again(self.ben)
                self._assign(case)
                self.assertEqual(case.agent_id, expected)
                self.assertEqual(case.assignment_ids.source, "rule")

    def test_what_comes_back_fills_the_room_for_new_cases(self):
        self.member_ben.capacity = 1
        case = self._owe_again(self.ben)
        new = self._create_cases(1.0, 2.0)
        self._assign()
        self.assertEqual(case.agent_id, self.ben)
        self.assertEqual(new.agent_id, self.ana)

    def test_the_debtors_collector_without_the_right_gets_nothing(self):
        without_right = self._create_collector("without", "base.group_user")
        abroad = self._create_collector("abroad")
        other = self._create_creditor("Elsewhere")
        abroad.write({"company_ids": other.ids, "company_id": other.id})
        for user in (without_right, abroad):
            with self.subTest(user.login):
                case = self._create_case(name=f"Of {user.login}")
                case.partner_id.collection_agent_id = user
                self._assign()
                self.assertIn(case.agent_id, self.ana | self.ben)
                debtor = self._create_debtor(
                    f"Owes {user.login}", collection_agent_id=user.id
                )
                self._create_overdue_invoice(debtor, 5)
                self._sync_only()
                self.assertIn(self._case(debtor).agent_id, self.ana | self.ben)

    def test_a_manager_can_be_the_debtors_collector(self):
        debtor = self._create_debtor("Big", collection_agent_id=self.manager.id)
        self._create_overdue_invoice(debtor, 5)
        self._sync_only()
        self.assertEqual(self._case(debtor).agent_id, self.manager)

    def test_members_who_lost_the_right_get_nothing(self):
        self.ana.group_ids -= self.env.ref(
            "collections_mgmt.group_collection_collector"
        )
        cases = self._create_cases(1.0, 2.0)
        self._assign()
        self.assertEqual(cases.agent_id, self.ben)

    def test_the_first_rule_that_takes_the_case_decides(self):
        other = self._create_team("Large", self.out)
        self._create_assignment_rule(
            other, domain="[('amount_overdue', '>', 1000)]", sequence=1
        )
        small, large = self._create_cases(10.0, 5000.0)
        self._assign()
        self.assertEqual(small.agent_id, self.ana)
        self.assertEqual(large.agent_id, self.out)

    def test_a_rule_looks_at_the_debtor_too(self):
        self.rule.domain = "[('partner_id.name', 'ilike', 'of 20')]"
        first, second = self._create_cases(10.0, 20.0)
        self._assign()
        self.assertFalse(first.agent_id)
        self.assertEqual(second.agent_id, self.ana)

    def test_who_has_a_collector_keeps_them(self):
        case, _other = self._create_cases(10.0, 20.0, agent=self.out)
        self.assertFalse(self._assign())
        self.assertEqual(case.agent_id, self.out)

    def test_the_cases_of_who_was_archived_are_dealt_out(self):
        [case] = self._create_cases(10.0, agent=self.out)
        self.out.active = False
        self._assign()
        self.assertEqual(case.agent_id, self.ana)
        self.assertEqual(self._get_last_entry(case).from_agent_id, self.out)

    def test_archived_rules_and_teams_take_nothing(self):
        [case] = self._create_cases(10.0)
        self.rule.active = False
        self._assign()
        self.assertFalse(case.agent_id)
        self.rule.active = True
        self.team.active = False
        self._assign()
        self.assertFalse(case.agent_id)

    def test_rules_of_a_company_take_cases_of_that_company(self):
        second = self._create_creditor("Second Creditor")
        foreign = self._create_case(name="Foreign", company=second)
        self._assign()
        engine = self.env["collection.engine"].sudo().with_company(second)
        engine._assign(Scope(second, self.today))
        self.assertFalse(foreign.agent_id)


class TestMethods(AssignmentCommon):
    """How a rule deals its cases out."""

    def test_one_after_the_other_and_on_from_there_the_next_day(self):
        self._create_assignment_rule(self.team, "turn")
        cases = self._create_cases(1.0, 2.0, 3.0)
        self._assign()
        self.assertEqual(cases.mapped("agent_id.name"), ["Ana", "Ben"])
        self.assertEqual([case.agent_id for case in cases][2], self.ana)
        [later] = self._create_cases(4.0)
        self._assign()
        self.assertEqual(later.agent_id, self.ben)

    def test_by_load_the_one_with_fewest_for_their_capacity(self):
        self._create_assignment_rule(self.team, "load")
        self.member_ana.capacity = 30
        self.member_ben.capacity = 10
        cases = self._create_cases(*map(float, range(1, 9)))
        self._assign()
        counts = Counter(case.agent_id for case in cases)
        self.assertEqual(counts, {self.ana: 6, self.ben: 2})

    def test_by_load_what_they_carry_already_counts(self):
        self._create_assignment_rule(self.team, "load")
        self._create_cases(91.0, 92.0, agent=self.ana)
        first, second, third = self._create_cases(1.0, 2.0, 3.0)
        self._assign()
        self.assertEqual((first + second).agent_id, self.ben)
        self.assertEqual(third.agent_id, self.ana)

    def test_by_amount_the_one_with_least_overdue(self):
        self._create_assignment_rule(self.team, "amount")
        self._create_cases(50.0, agent=self.ben)
        small, large = self._create_cases(40.0, 100.0)
        self._assign()
        self.assertEqual(large.agent_id, self.ana)
        self.assertEqual(small.agent_id, self.ben)

    def test_always_the_same_collector(self):
        self._create_assignment_rule(self.team, "fixed", agent_id=self.ben.id)
        cases = self._create_cases(1.0, 2.0)
        self._assign()
        self.assertEqual(cases.agent_id, self.ben)

    def test_nobody_gets_more_than_they_can_carry(self):
        self._create_assignment_rule(self.team, "turn")
        self.member_ana.capacity = 1
        self.member_ben.capacity = 2
        cases = self._create_cases(1.0, 2.0, 3.0, 4.0)
        self._assign()
        counts = Counter(case.agent_id for case in cases)
        self.assertEqual(counts, {self.ana: 1, self.ben: 2, self.env["res.users"]: 1})

    def test_nobody_gets_more_overdue_than_they_can_carry(self):
        self._create_assignment_rule(self.team, "turn")
        self.member_ana.amount_capacity = 100.0
        large, small = self._create_cases(101.0, 100.0)
        self._assign()
        self.assertEqual(large.agent_id, self.ben)
        self.assertEqual(small.agent_id, self.ana)

    def test_what_two_rules_give_adds_up(self):
        self.member_ana.capacity = self.member_ben.capacity = 1
        self._create_assignment_rule(
            self.team, domain="[('amount_overdue', '>', 10)]", sequence=1
        )
        self._create_assignment_rule(self.team, sequence=2)
        cases = self._create_cases(1.0, 20.0)
        self._assign()
        self.assertEqual(len(cases.agent_id), 2)

    def test_who_is_absent_gets_nothing_new(self):
        self._create_assignment_rule(self.team, "load")
        self._create_absence(self.ana, self.out)
        cases = self._create_cases(1.0, 2.0)
        self._assign()
        self.assertEqual(cases.agent_id, self.ben)

    def test_leftovers_stay_or_go_to_the_supervisor(self):
        rule = self._create_assignment_rule(self.team)
        self.team.member_ids.capacity = 0
        [case] = self._create_cases(1.0)
        self.assertFalse(self._assign())
        rule.leftover = "leader"
        self._assign()
        self.assertEqual(case.agent_id, self.eva)
        self.assertEqual(case.assignment_ids.source, "leader")

    def test_the_same_books_give_the_same_result(self):
        self._create_assignment_rule(self.team, "amount")
        cases = self._create_cases(5.0, 5.0, 3.0, 3.0, 2.0)
        results = []
        for _time in range(2):
            self._assign(cases)
            results.append([case.agent_id for case in cases])
            cases.write({"agent_id": False})
        self.assertEqual(*results)


class TestDailyRun(AssignmentCommon):
    """The run assigns what it opens, in a handful of statements."""

    def test_a_new_case_has_a_collector_at_the_end_of_the_run(self):
        self._create_assignment_rule(self.team)
        debtors = [self._create_debtor(f"New {number}") for number in range(2)]
        for debtor in debtors:
            self._create_overdue_invoice(debtor, 5)
        self._plan()
        agents = [self._case(debtor).agent_id for debtor in debtors]
        self.assertEqual(agents, [self.ana, self.ben])

    def test_a_second_run_changes_nothing(self):
        self._create_assignment_rule(self.team)
        debtor = self._create_debtor("New")
        self._create_overdue_invoice(debtor, 5)
        self._plan()
        count = len(self._case(debtor).assignment_ids)
        self._plan()
        self.assertEqual(len(self._case(debtor).assignment_ids), count)

    def test_many_cases_need_no_more_queries_than_few(self):
        self._create_assignment_rule(self.team, "load")
        self._create_assignment_rule(self.team, "turn", domain="[('id', '=', 0)]")
        counts = []
        for number in (2, 40):
            cases = self._create_cases(*map(float, range(number)))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._assign()
            counts.append(self.cr.sql_log_count - before)
            self.assertTrue(all(case.agent_id for case in cases))
        few, many = counts
        self.assertLessEqual(many, few)

    def test_a_rule_that_cannot_be_read_any_more_is_told_and_passed_over(self):
        rule = self._create_assignment_rule(self.team, sequence=1, name="Broken")
        self._create_assignment_rule(self.team, sequence=2)
        debtor = self._create_debtor("New")
        self._create_overdue_invoice(debtor, 5)
        self.env.flush_all()
        self.cr.execute(
            "UPDATE collection_assignment_rule SET domain = %s WHERE id = %s",
            ["[('gone', '=', 1)]", rule.id],
        )
        self.env.invalidate_all()
        run = self._plan()
        self.assertIn("“Broken” cannot be read", run.problem)
        self.assertEqual(self._case(debtor).agent_id, self.ana)

    def test_a_manager_assigns_at_once_and_a_collector_does_not(self):
        self._create_assignment_rule(self.team)
        [case] = self._create_cases(1.0)
        rules = self.env["collection.assignment.rule"]
        with self.assertRaises(UserError):
            call_kw(self._as_user(self.ana, rules), "action_assign_now", [], {})
        self.assertFalse(case.agent_id)
        call_kw(self._as_user(self.manager, rules), "action_assign_now", [], {})
        self.env.invalidate_all()
        self.assertEqual(case.agent_id, self.ana)
        self.assertEqual(case.assignment_ids.user_id, self.manager)


class TestHistory(AssignmentCommon):
    """Whatever changes the collector, it is written down."""

    def test_a_change_by_hand_says_who_when_from_and_to(self):
        [case] = self._create_cases(1.0, agent=self.ana)
        self._as_user(self.ana, case).agent_id = self.ben
        self.assertRecordValues(
            case.assignment_ids,
            [
                {
                    "user_id": self.ana.id,
                    "from_agent_id": self.ana.id,
                    "to_agent_id": self.ben.id,
                    "source": "person",
                    "reason": False,
                }
            ],
        )
        self.assertEqual(case.assignment_ids.date.date(), self.today)

    def test_the_same_collector_again_is_no_change(self):
        [case] = self._create_cases(1.0, agent=self.ana)
        case.agent_id = self.ana
        self.assertFalse(case.assignment_ids)

    def test_nobody_rewrites_it(self):
        [case] = self._create_cases(1.0, agent=self.ana)
        case.agent_id = self.ben
        entry = self._as_user(self.manager, case.assignment_ids)
        for method, arguments in (("write", [{"reason": "x"}]), ("unlink", [])):
            with self.subTest(method), self.assertRaises(AccessError):
                call_kw(entry.browse(), method, [entry.ids, *arguments], {})

    def test_a_collector_reads_the_history_of_their_own_cases_only(self):
        cases = self._create_cases(1.0, 2.0, agent=self.out)
        cases[0].agent_id = self.ana
        cases[1].agent_id = self.ben
        found = self._as_user(self.ana, self.env["collection.assignment"]).search([])
        self.assertEqual(found.sudo().case_id.ids, cases[0].ids)


class TestReassign(AssignmentCommon):
    """Many cases are given away at once, with a reason."""

    def _reassign(self, user, cases, target, **values):
        """Press the button of the wizard as a user; return the action."""
        wizards = self._as_user(user, self.env["collection.reassign"])
        wizard = wizards.with_context(
            active_model="collection.case", active_ids=cases.ids
        ).create({"target": target, "reason": "New portfolio", **values})
        action = call_kw(wizard.browse(), "action_reassign", [wizard.ids], {})
        self.env.invalidate_all()
        return action

    def test_to_a_collector_with_the_reason_in_the_history(self):
        cases = self._create_cases(1.0, 2.0, 3.0, agent=self.ana)
        cases[2].agent_id = self.ben
        action = self._reassign(self.manager, cases, "agent", agent_id=self.ben.id)
        self.assertEqual(cases.agent_id, self.ben)
        self.assertIn("2", action["params"]["message"])
        self.assertRecordValues(
            cases[:2].assignment_ids,
            [
                {
                    "user_id": self.manager.id,
                    "from_agent_id": self.ana.id,
                    "to_agent_id": self.ben.id,
                    "reason": "New portfolio",
                }
            ]
            * 2,
        )

    def _plan_tasks(self, case, *users):
        """Plan a task on a case for each user."""
        return case.activity_ids.union(
            *(
                case.activity_schedule("mail.mail_activity_data_todo", user_id=user.id)
                for user in users
            )
        )

    def test_the_tasks_of_the_former_collector_go_with_the_cases(self):
        cases = self._create_cases(1.0, 2.0, agent=self.ana)
        tasks = self.env["mail.activity"].union(
            *(self._plan_tasks(case, self.ana, self.eva) for case in cases)
        )
        self._reassign(self.manager, cases, "agent", agent_id=self.ben.id)
        self.assertEqual(tasks.mapped("user_id"), self.ben | self.eva)
        self.assertEqual(
            cases.with_user(self.ben).mapped("my_activity_date_deadline"),
            [self.today] * 2,
        )

    def test_one_case_given_to_another_in_its_form_takes_the_tasks_too(self):
        [case] = self._create_cases(1.0, agent=self.ana)
        other = self._create_case(self.ana)
        tasks = self._plan_tasks(case, self.ana, self.eva)
        staying = self._plan_tasks(other, self.ana)
        case.with_user(self.manager).agent_id = self.ben
        self.assertEqual(set(tasks.mapped("user_id")), {self.ben, self.eva})
        self.assertEqual(staying.user_id, self.ana)
        case.with_user(self.manager).agent_id = False
        self.assertEqual(set(tasks.mapped("user_id")), {self.ben, self.eva})

    def test_tasks_of_nobody_go_to_who_gets_the_case_of_nobody(self):
        [case] = self._create_cases(1.0)
        task = self._plan_tasks(case, self.ana)
        task.user_id = False
        self._reassign(self.manager, case, "agent", agent_id=self.ben.id)
        self.assertEqual(task.user_id, self.ben)

    def test_tasks_of_many_cases_go_in_as_few_statements_as_of_one(self):
        counts = []
        for amounts in ((1.0,), tuple(map(float, range(10, 30)))):
            cases = self._create_cases(*amounts, agent=self.ana)
            for case in cases:
                self._plan_tasks(case, self.ana)
            entries = self.env["collection.assignment"].sudo()
            assigned = [Assigned(id_, self.ben.id, "person") for id_ in cases.ids]
            self._end_transaction()
            before = self.cr.sql_log_count
            entries._apply(assigned)
            self.env.flush_all()
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(cases.activity_ids.user_id, self.ben)
        self.assertEqual(*counts)

    def test_the_new_teams_weights_rank_the_cases(self):
        other = self._create_team("Other", self.out)
        weights = {line.factor: line for line in other.weight_ids}
        weights["amount"].weight = 0
        cases = self._create_cases(1000.0, 2000.0, agent=self.ana)
        self.env["collection.engine"]._rank_today(self.env.company)
        self.env.invalidate_all()
        self.assertIn("amount", [code for code, *_rest in cases[0].rank_reasons])
        self._reassign(self.manager, cases, "agent", agent_id=self.out.id)
        self._end_transaction()
        for case in cases:
            codes = [code for code, *_rest in case.rank_reasons]
            self.assertNotIn("amount", codes)

    def test_back_to_nobody(self):
        cases = self._create_cases(1.0, agent=self.ana)
        self._reassign(self.manager, cases, "nobody")
        self.assertFalse(cases.agent_id)

    def test_by_the_rules_as_if_nobody_had_them(self):
        self._create_assignment_rule(self.team, "load")
        cases = self._create_cases(1.0, 2.0, 3.0, 4.0, agent=self.ana)
        self._reassign(self.manager, cases, "rules")
        counts = Counter(case.agent_id for case in cases)
        self.assertEqual(counts, {self.ana: 2, self.ben: 2})
        self.assertEqual(set(cases.assignment_ids.mapped("reason")), {"New portfolio"})

    def test_what_no_rule_takes_stays_where_it_is(self):
        cases = self._create_cases(1.0, agent=self.ana)
        self._reassign(self.manager, cases, "rules")
        self.assertEqual(cases.agent_id, self.ana)

    def test_closed_cases_stay_as_they_were(self):
        cases = self._create_cases(1.0, 2.0, agent=self.ana)
        self._close(cases[0])
        self._reassign(self.manager, cases, "agent", agent_id=self.ben.id)
        self.assertEqual(cases[0].agent_id, self.ana)
        with self.assertRaisesRegex(UserError, "None of these cases is open"):
            self._reassign(self.manager, cases[0], "nobody")

    @mute_logger(RULES)
    def test_a_collector_cannot_take_the_cases_of_another(self):
        cases = self._create_cases(1.0, agent=self.ben)
        with self.assertRaises(UserError):
            self._reassign(self.ana, cases, "agent", agent_id=self.ana.id)
        self.assertEqual(cases.agent_id, self.ben)

    def test_a_supervisor_reassigns_within_the_team(self):
        cases = self._create_cases(1.0, agent=self.ben)
        self._reassign(self.eva, cases, "agent", agent_id=self.ana.id)
        self.assertEqual(cases.agent_id, self.ana)

    def test_a_viewer_cannot_reassign(self):
        viewer = self._create_collector(
            "vic", "base.group_user,collections_mgmt.group_collection_viewer"
        )
        cases = self._create_cases(1.0, agent=self.ben)
        with self.assertRaises(AccessError):
            self._reassign(viewer, cases, "nobody")

    def test_the_new_collector_has_to_be_able_to_open_the_case(self):
        cases = self._create_cases(1.0, agent=self.ben)
        stranger = self._create_collector("new", "base.group_user")
        with self.assertRaisesRegex(ValidationError, "New is no collector"):
            self._reassign(self.manager, cases, "agent", agent_id=stranger.id)
        with self.assertRaisesRegex(UserError, "Choose the collector"):
            self._reassign(self.manager, cases, "agent")


class TestBadRules(AssignmentCommon):
    """What cannot work is refused with a sentence that helps."""

    def test_a_domain_that_cannot_be_read(self):
        for domain in ("[('nothing', '=', 1)]", "what?", "[('id',"):
            with (
                self.subTest(domain),
                self.assertRaisesRegex(ValidationError, "cannot be read"),
            ):
                self._create_assignment_rule(self.team, domain=domain)

    def test_a_fixed_collector_is_of_the_team(self):
        for agent in (self.env["res.users"], self.out):
            with (
                self.subTest(agent.name),
                self.assertRaisesRegex(ValidationError, "a collector of the team Team"),
            ):
                self._create_assignment_rule(self.team, "fixed", agent_id=agent.id)
