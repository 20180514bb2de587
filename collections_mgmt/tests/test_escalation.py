from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo.tools import SQL, mute_logger

from .team_common import TeamCommon


class TestEscalation(TeamCommon):
    """A supervisor gets one task per case a rule takes, until that is resolved."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.ben, cls.eva, cls.out = (
            cls._create_collector(login) for login in ("ana", "ben", "eva", "out")
        )
        cls.team = cls._create_team("Team", cls.ana, leader=cls.eva)

    def setUp(self):
        super().setUp()
        self.debtor = self._create_debtor("Owing")
        self.debtor.collection_agent_id = self.ana
        self.invoice = self._create_overdue_invoice(self.debtor, 5, 1000.0)
        self._sync_only()
        self.case = self._case(self.debtor)

    def _escalate(self, days=0):
        """Do the job of a night; return the escalations of the case."""
        with (
            self._day(days),
            patch.object(
                type(self.env["ir.cron"]),
                "_commit_progress",
                lambda *args, **kwargs: float("inf"),
            ),
        ):
            self.env["collection.escalation"].sudo()._cron_escalate()
        self.env.invalidate_all()
        return self.case.escalation_ids

    def _get_tasks(self):
        escalation_type = self.env.ref("collections_mgmt.mail_activity_type_escalation")
        return self.case.activity_ids.filtered(
            lambda activity: activity.activity_type_id == escalation_type
        )

    def test_the_supervisor_of_the_collector_gets_a_task(self):
        self._create_escalation_rule(amount_above=500.0, note="Call them")
        self.assertEqual(self._escalate().user_id, self.eva)
        task = self._get_tasks()
        self.assertEqual(task.user_id, self.eva)
        self.assertEqual(task.summary, "Look at it")
        self.assertIn("Call them", task.note)

    def test_once_until_resolved_even_when_the_task_is_done(self):
        self._create_escalation_rule(amount_above=500.0)
        self._escalate()
        self.assertEqual(len(self._escalate(1)), 1)
        self._get_tasks().action_feedback()
        self.assertEqual(len(self._escalate(2)), 1)
        self.assertFalse(self._get_tasks())

    def test_what_holds_no_more_is_resolved_and_its_task_taken_back(self):
        self._create_escalation_rule(amount_above=500.0)
        self._escalate()
        self._pay(self.invoice, 600.0)
        self._sync_only()
        escalation = self._escalate(1)
        self.assertEqual(escalation.date_resolved, self.today + timedelta(days=1))
        self.assertFalse(self._get_tasks())

    def test_it_is_raised_again_when_it_holds_again(self):
        rule = self._create_escalation_rule(amount_above=500.0)
        self._escalate()
        rule.amount_above = 5000.0
        self._escalate(1)
        rule.amount_above = 500.0
        self.assertEqual(len(self._escalate(2)), 2)
        self.assertEqual(len(self._get_tasks()), 1)

    def test_an_archived_rule_and_a_closed_case_are_resolved(self):
        first = self._create_escalation_rule(amount_above=500.0)
        self._create_escalation_rule(amount_above=600.0)
        self.assertEqual(len(self._escalate()), 2)
        first.active = False
        self.assertEqual(len(self._escalate().filtered("date_resolved")), 1)
        self._pay(self.invoice)
        self._sync_only()
        self.assertEqual(self.case.state, "closed")
        self.assertEqual(len(self._escalate().filtered("date_resolved")), 2)

    def test_all_conditions_of_a_rule_have_to_hold(self):
        rule = self._create_escalation_rule(amount_above=500.0, idle_days=10)
        self.assertFalse(self._escalate(9))
        self.assertTrue(self._escalate(10))
        rule.amount_above = 1000.0  # not above it
        self.assertTrue(self._escalate(11).date_resolved)

    def test_a_reminder_is_no_progress(self):
        self._create_escalation_rule(idle_days=10)
        self._run(5)
        self.assertEqual(self.case.date_last_contact, self.today + timedelta(days=5))
        self.assertTrue(self._escalate(10))

    def test_an_answer_is_progress(self):
        self._create_escalation_rule(idle_days=10)
        self._run(5)
        with self._day(8):
            self.case.contact_ids.sudo()._set_replied()
        self.assertFalse(self._escalate(17))
        self.assertTrue(self._escalate(18))

    def test_a_talk_is_progress(self):
        self._create_escalation_rule(idle_days=10)
        with self._day(8):
            action = self.case.action_log_contact()
            panel = self.env[action["res_model"]].browse(action["res_id"])
            panel.write({"outcome": "talk", "note": "Next week"})
            panel.action_save()
        self.assertFalse(self._escalate(17))
        self.assertTrue(self._escalate(18))

    def test_a_partial_payment_is_progress(self):
        self._create_escalation_rule(idle_days=10)
        self.assertTrue(self._escalate(10))
        with self._day(10):
            self._pay(self.invoice, 1.0)
        self.assertTrue(self._escalate(11).date_resolved)

    def test_a_stage_and_the_later_ones_of_its_strategy(self):
        self._create_escalation_rule(stage_id=self.stage_second.id)
        other = self._create_strategy("Other", {90: ("Late", 0, "task")})
        for stage, is_taken in (
            (self.env["collection.stage"], False),
            (self.stage_first, False),
            (self.stage_second, True),
            (other.stage_ids, False),
            (self.stage_final, True),
        ):
            with self.subTest(stage.name):
                self.case.sudo().stage_id = stage
                escalations = self._escalate()
                self.assertEqual(
                    bool(escalations.filtered(lambda item: not item.date_resolved)),
                    is_taken,
                )

    def test_broken_promises_count_where_they_are_known(self):
        self._create_escalation_rule(broken_count=2)
        self.assertFalse(self._escalate())
        engine = type(self.env["collection.engine"])
        with patch.object(engine, "_get_broken_promises_sql", lambda self: SQL("2")):
            self.assertTrue(self._escalate())

    def test_the_cases_of_nobody_go_to_the_user_of_the_rule(self):
        self.case.agent_id = False
        self._create_escalation_rule(amount_above=500.0, user_id=self.out.id)
        self.assertEqual(self._escalate().user_id, self.out)
        self.assertEqual(self._get_tasks().user_id, self.out)

    def test_without_anybody_it_stands_in_the_list_without_a_task(self):
        self.case.agent_id = False
        self._create_escalation_rule(amount_above=500.0)
        self.assertFalse(self._escalate().user_id)
        self.assertFalse(self._get_tasks())

    def test_a_rule_of_a_team_takes_cases_of_that_team(self):
        other = self._create_team("Other", self.ben, leader=self.out)
        self._create_escalation_rule(amount_above=500.0, team_id=other.id)
        self.assertFalse(self._escalate())
        self.case.agent_id = self.ben
        self.assertEqual(self._escalate().user_id, self.out)

    def test_the_task_of_an_absent_supervisor_goes_to_the_substitute(self):
        self._create_absence(self.eva, self.out)
        self._create_escalation_rule(amount_above=500.0)
        self.assertEqual(self._escalate().user_id, self.eva)
        self.assertEqual(self._get_tasks().user_id, self.out)

    def test_each_company_has_its_own_rules(self):
        second = self._create_creditor("Second Creditor")
        self._create_escalation_rule(amount_above=500.0, company_id=second.id)
        self.assertFalse(self._escalate())

    @mute_logger("odoo.sql_db")
    def test_a_rule_has_a_condition_and_none_is_negative(self):
        for values in ({}, {"idle_days": -1}, {"amount_above": -1.0}):
            with self.assertRaises(CheckViolation), self.cr.savepoint():
                self._create_escalation_rule(**values)
