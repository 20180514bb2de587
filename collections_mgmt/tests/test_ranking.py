import random
from dataclasses import fields as get_fields
from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user
from odoo.tools import SQL

from ..models.collection_engine import Scope
from ..tools.ranking import WEIGHTS, Facts, rank
from .common import CollectionCommon


class RankingCommon(CollectionCommon):
    def _rank(self):
        self.env["collection.engine"]._rank_today(self.env.company)

    def _create_case(self, name, days=5, amount=100.0, **values):
        """Return the ranked case of a new debtor with one invoice."""
        debtor = self._create_debtor(name, **values)
        self._create_overdue_invoice(debtor, days, amount)
        self._sync_only()
        self._rank()
        return self._case(debtor)

    def _get_points(self, case):
        return {code: points for code, points, _figure in case.rank_reasons}

    def _get_figures(self, case):
        return {code: figure for code, _points, figure in case.rank_reasons}


class TestRankingFormula(RankingCommon):
    """The database ranks all cases as the formula ranks one."""

    def _create_cases(self, count):
        debtors = self.env["res.partner"].create(
            [{"name": f"Debtor {number}"} for number in range(count)]
        )
        return (
            self.env["collection.case"]
            .sudo()
            .create(
                [
                    {"partner_id": debtor.id, "company_id": self.env.company.id}
                    for debtor in debtors
                ]
            )
        )

    def _make_facts(self, lots):
        def days():
            return lots.choice([None, lots.randint(-40, 40), 0])

        return Facts(
            amount_overdue=lots.choice([0.0, 10 ** lots.uniform(0, 12)]),
            days_late=lots.choice([0, lots.randint(0, 200)]),
            days_silent=lots.choice([0, lots.randint(-2, 60)]),
            is_contacted=lots.random() < 0.5,
            broken_count=lots.randint(0, 5),
            risk=lots.choice([0.0, lots.random()]),
            promise_days=days(),
            callback_days=days(),
            activity_days=days(),
            is_replied=lots.random() < 0.2,
            is_blocked=lots.random() < 0.2,
            is_covered=lots.random() < 0.2,
            is_contested=lots.random() < 0.2,
            needs_person=lots.random() < 0.2,
            shift=lots.choice([0.0, lots.uniform(-50, 50)]),
        )

    def _get_facts_sql(self, facts_by_case):
        names = [field.name for field in get_fields(Facts)]
        types = {
            name: "boolean"
            if isinstance(getattr(Facts(), name), bool)
            else "float8"
            if isinstance(getattr(Facts(), name), float)
            else "integer"
            for name in names
        }
        rows = SQL(", ").join(
            SQL(
                "(%s, 0, %s)",
                case.id,
                SQL(", ").join(
                    SQL(f"%s::{types[name]}", getattr(facts, name)) for name in names
                ),
            )
            for case, facts in facts_by_case.items()
        )
        columns = ("case_id", "weight_team_id", *names)
        return SQL(
            "SELECT * FROM (VALUES %s) AS facts (%s)",
            rows,
            SQL(", ").join(map(SQL.identifier, columns)),
        )

    def test_for_any_facts_and_weights(self):
        cases = self._create_cases(100)
        lots = random.Random(20261126)
        for _round in range(5):
            facts = {case: self._make_facts(lots) for case in cases}
            weights = {code: round(lots.uniform(-60, 60), 1) for code in WEIGHTS}
            with (
                patch.object(
                    type(self.env["collection.engine"]),
                    "_get_ranking_facts_sql",
                    lambda _self, _scope, facts=facts: self._get_facts_sql(facts),
                ),
                patch.object(
                    type(self.env["collection.engine"]),
                    "_get_usual_weights",
                    lambda _self, weights=weights: weights,
                ),
            ):
                self._rank()
            for case in cases:
                expected = rank(facts[case], weights)
                self.assertEqual(case.rank_score, expected.score)
                self.assertEqual(
                    [(code, points) for code, points, _figure in case.rank_reasons],
                    [(reason.code, reason.points) for reason in expected.reasons],
                )
                for (_code, _points, figure), reason in zip(
                    case.rank_reasons, expected.reasons, strict=True
                ):
                    if reason.figure is None:
                        self.assertIsNone(figure)
                    else:
                        self.assertAlmostEqual(
                            figure / (reason.figure or 1),
                            1 if reason.figure else 0,
                            places=9,
                        )

    def test_for_the_facts_of_the_database(self):
        """Every fact has a column, and the score follows from them."""
        case = self._create_case("Acme", days=40, amount=1000)
        scope = Scope(self.env.company, self.today)
        engine = self.env["collection.engine"]
        names = [field.name for field in get_fields(Facts)]
        self.assertEqual(list(engine._get_ranking_facts(scope)), names)
        [row] = self.env.execute_query_dict(
            SQL(
                "WITH weight AS (SELECT 0 AS team_id) "
                "SELECT * FROM (%s) fact WHERE case_id = %s",
                engine._get_ranking_facts_sql(scope),
                case.id,
            )
        )
        facts = Facts(
            **{
                name: float(row[name]) if name == "amount_overdue" else row[name]
                for name in names
            }
        )
        self.assertEqual(facts, Facts(1000, 40, 40, needs_person=True))
        self.assertEqual(case.rank_score, rank(facts).score)


class TestRankingFacts(RankingCommon):
    """What is known of a case moves it."""

    def test_amount_age_and_silence(self):
        case = self._create_case("Acme", days=45, amount=999_999)
        self.assertEqual(
            self._get_figures(case),
            {"amount": 999_999, "age": 45, "silence": None, "person": None},
        )
        self.assertEqual(self._get_points(case)["amount"], 30 * 6 / 8)
        self.assertEqual(self._get_points(case)["age"], 15 * 45 / 90)
        self.assertEqual(self._get_points(case)["silence"], 10)

    def test_what_is_not_due_gives_no_points(self):
        case = self._create_case("Acme", days=-5)
        self.assertFalse(self._get_points(case).keys() - {"person"})

    def test_silence_counts_from_the_last_contact(self):
        case = self._create_case("Acme", days=45)
        case.sudo().date_last_contact = self.today - timedelta(days=6)
        self._end_transaction()
        self.assertEqual(self._get_figures(case)["silence"], 6)
        self.assertEqual(self._get_points(case)["silence"], 10 * 6 / 30)

    def test_the_risk_that_a_prediction_writes(self):
        case = self._create_case("Acme")
        case.sudo().risk = 0.5
        self._end_transaction()
        self.assertEqual(self._get_points(case)["risk"], 7.5)
        self.assertIn("likely to pay late (50%)", case.rank_details)

    def test_a_reply_counts_until_somebody_has_looked(self):
        self.env.company.collection_pause_on_reply = True
        case = self._create_case("Acme")
        case.sudo()._pause_for_reply("email", case.partner_id)
        self._end_transaction()
        self.assertEqual(self._get_points(case)["reply"], 25)
        self.assertIn("reply not looked at", case.rank_brief)
        case.action_reply_handled()
        self._end_transaction()
        self.assertNotIn("reply", self._get_points(case))

    def test_a_task_counts_from_its_day_until_it_is_done(self):
        case = self._create_case("Acme")
        activity = case.activity_schedule(
            "mail.mail_activity_data_todo", self.today + timedelta(days=1)
        )
        self._end_transaction()
        self.assertNotIn("activity", self._get_points(case))
        activity.date_deadline = self.today - timedelta(days=2)
        self._end_transaction()
        self.assertEqual(self._get_figures(case)["activity"], 2)
        activity.action_feedback()
        self._end_transaction()
        self.assertNotIn("activity", self._get_points(case))

    def test_a_task_taken_away_counts_no_more(self):
        case = self._create_case("Acme")
        activity = case.activity_schedule("mail.mail_activity_data_todo", self.today)
        self._end_transaction()
        self.assertIn("activity", self._get_points(case))
        activity.unlink()
        self._end_transaction()
        self.assertNotIn("activity", self._get_points(case))

    def test_a_case_that_was_put_off_comes_back_until_it_is_worked_on(self):
        case = self._create_case("Acme")
        case.snooze_until = self.today + timedelta(days=2)
        self._end_transaction()
        self.assertNotIn("callback", self._get_points(case))
        for days, figure in ((2, 0), (4, 2)):
            with self._day(days):
                self._rank()
            self.assertEqual(self._get_figures(case)["callback"], figure)
        with self._day(4):
            case.sudo().date_last_contact = self.today + timedelta(days=4)
            self._end_transaction()
        self.assertNotIn("callback", self._get_points(case))

    def test_a_stop_for_every_channel_blocks_until_it_ends(self):
        case = self._create_case("Acme")
        contact = self._create_debtor(
            "Its Owner", parent_id=case.partner_id.id, is_company=False
        )
        yesterday = self.today - timedelta(days=1)
        for partner in (case.partner_id, contact):
            stop = self.env["collection.hold"].create(
                {"partner_id": partner.id, "date_from": self.today}
            )
            self._end_transaction()
            self.assertEqual(self._get_points(case)["blocked"], -30)
            stop.sudo().write({"date_from": yesterday, "date_to": yesterday})
            self._end_transaction()
            self.assertNotIn("blocked", self._get_points(case))

    def test_a_stop_for_one_channel_blocks_nothing(self):
        case = self._create_case("Acme")
        self.env["collection.hold"].create(
            {
                "partner_id": case.partner_id.id,
                "channel_ids": [
                    Command.link(
                        self.env.ref("collections_mgmt.collection_channel_sms").id
                    )
                ],
            }
        )
        self._rank()
        self.assertNotIn("blocked", self._get_points(case))

    def test_a_hold_of_the_case_and_a_refusal_of_the_rules_block(self):
        case = self._create_case("Acme")
        case.sudo().hold_date = self.today
        self._end_transaction()
        self.assertIn("blocked", self._get_points(case))
        case.sudo().write({"hold_date": False, "decision": "blocked"})
        self._end_transaction()
        self.assertEqual(self._get_points(case)["blocked"], -30)
        self.assertNotIn("person", self._get_points(case))

    def test_what_is_covered_goes_down(self):
        case = self._create_case("Acme")
        for decision, text in (
            ("credits", "covered by credits"),
            ("promised", "covered by a promise"),
        ):
            case.sudo().decision = decision
            self._end_transaction()
            self.assertEqual(self._get_points(case)["covered"], -30)
            self.assertIn(text, case.rank_details)

    def test_each_team_has_weights_of_its_own(self):
        first, second = self._create_case("First"), self._create_case("Second")
        engine = self.env["collection.engine"]
        team = self.env["collection.team"].create({"name": "Old Debts First"})
        for line in team.weight_ids:
            line.weight = 0.6 if line.factor == "age" else 0
        with patch.object(
            type(engine),
            "_get_ranking_team_sql",
            lambda _self: SQL(
                "CASE WHEN cases.id = %s THEN %s ELSE -1 END", first.id, team.id
            ),
        ):
            self._rank()
        self.assertEqual(self._get_points(first), {"age": 0.5})
        self.assertEqual(self._get_points(second)["age"], 0.83)

    def test_the_reasons_in_words(self):
        case = self._create_case("Acme", days=45, amount=1_250_000)
        case.activity_schedule("mail.mail_activity_data_todo", self.today)
        self._end_transaction()
        self.assertEqual(
            case.rank_brief, "task for today · needs a person · never contacted"
        )
        details = case.rank_details.replace("\N{NO-BREAK SPACE}", " ")
        self.assertIn("$ 1,250,000.00 overdue", details)
        self.assertIn("+7.5  45 days late", details)

    def test_what_promises_say_comes_from_the_case(self):
        case = self._create_case("Acme", days=40, amount=1000)
        case.sudo().write({"broken_promise_count": 2, "promise_date_next": self.today})
        self._rank()
        figures = self._get_figures(case)
        self.assertEqual((figures["broken"], figures["promise"]), (2, 0))

    def test_a_contested_invoice_is_a_reason(self):
        case = self._create_case("Acme", days=40, amount=1000)
        self._create_dispute(case.item_ids.move_id)
        self._end_transaction()
        self._rank()
        self.assertEqual(self._get_points(case)["contested"], -10)
        self.assertIn("contested by the debtor", case.rank_details)

    def test_every_factor_has_a_sentence(self):
        case = self._create_case("Acme")
        self.assertEqual(
            set(case._get_rank_sentences()),
            set(self.env["collection.engine"]._get_ranking_factors()),
        )


class TestRankingTimes(RankingCommon):
    """Ranks follow what happens, and nothing is written in vain."""

    def test_a_payment_ranks_its_debtor_at_once(self):
        debtor = self._create_debtor("Acme")
        invoice = self._create_overdue_invoice(debtor, 5, 1000)
        self._sync_only()
        self._rank()
        self._pay(invoice, 400)
        self._end_transaction()
        self.assertEqual(self._get_figures(self._case(debtor))["amount"], 600)

    def test_ranking_again_writes_nothing(self):
        self._create_case("Acme")
        self.assertEqual(self.env["collection.engine"]._rank_today(self.env.company), 0)

    def test_the_nightly_job_ranks_the_cases_of_every_company(self):
        other = self._create_creditor("Other Creditor")
        debtor = self._create_debtor("Acme")
        self._create_overdue_invoice(debtor, 5)
        self._create_overdue_invoice(debtor, 5, company=other)
        self._plan(companies=self.env.company | other)
        cases = self.env["collection.case"].search([("partner_id", "=", debtor.id)])
        self.assertEqual(len(cases), 2)
        self.assertEqual(cases.mapped("rank_score"), [0, 0], "A run ranks later.")
        with self.enter_registry_test_mode():
            self.env.ref("collections_mgmt.ir_cron_rank").method_direct_trigger()
        cases.invalidate_recordset()
        self.assertTrue(all(case.rank_score > 0 for case in cases))

    def test_a_run_asks_for_the_ranking(self):
        cron = self.env.ref("collections_mgmt.ir_cron_rank")
        triggers = self.env["ir.cron.trigger"]
        before = triggers.search_count([("cron_id", "=", cron.id)])
        self._plan()
        self.assertGreater(triggers.search_count([("cron_id", "=", cron.id)]), before)

    def test_a_message_that_left_ends_the_silence(self):
        debtor = self._create_debtor("Acme")
        self._create_overdue_invoice(debtor, 5)
        self._run()
        self._end_transaction()
        self.assertNotIn("silence", self._get_points(self._case(debtor)))

    def test_closed_cases_are_left_alone(self):
        debtor = self._create_debtor("Acme")
        invoice = self._create_overdue_invoice(debtor, 5)
        self._sync_only()
        case = self._case(debtor)
        self._pay(invoice)
        self._end_transaction()
        self.assertEqual(case.state, "closed")
        with freeze_time(self.today + timedelta(days=9)):
            self.assertFalse(
                self.env["collection.engine"]._rank_today(
                    self.env.company, tuple(debtor.ids)
                )
            )

    def test_nobody_writes_a_rank(self):
        case = self._create_case("Acme")
        user = new_test_user(
            self.env,
            login="collector",
            groups="base.group_user,collections_mgmt.group_collection_manager",
            company_id=self.env.company.id,
        )
        for name, value in (("rank_score", 99), ("rank_reasons", []), ("risk", 1)):
            with self.subTest(name), self.assertRaises(AccessError):
                case.with_user(user).write({name: value})
