from datetime import timedelta

from .test_gate_manual import PanelCommon
from .test_ranking import RankingCommon


class TestRisk(RankingCommon):
    """The risk follows from how the debtor paid and what it promised."""

    def _create_history(self, debtor, *days_late):
        """Create invoices that were paid so many days late, the last one today."""
        for days in days_late:
            self._pay(self._create_overdue_invoice(debtor, days, 10))

    def _rate(self, name="Acme", days_late=(), promises=()):
        """Return the risk of a debtor with a record."""
        case = self._create_case(name)
        self._create_history(case.partner_id, *days_late)
        for state in promises:
            promise = self._create_promise(case.open_item_ids.move_id)
            promise.sudo().write({"state": state, "date_ended": self.today})
        self._rate_all()
        return case.risk

    def _rate_all(self):
        engine = self.env["collection.engine"]
        engine._rate_risk(engine._get_scope(self.env.company))

    def test_without_a_record_nothing_is_known(self):
        self.assertEqual(self._rate(), 0)

    def test_who_paid_in_time_is_no_risk(self):
        self.assertEqual(self._rate(days_late=(0, -3)), 0)

    def test_how_often_and_how_late(self):
        # Half of them late: 0.5 x 1/2. 30 days and 0 are 15 on average: 0.3 x 15/60.
        self.assertAlmostEqual(self._rate(days_late=(30, 0)), 0.25 + 0.075)

    def test_more_than_sixty_days_count_as_sixty(self):
        self.assertAlmostEqual(self._rate(days_late=(300,)), 0.5 + 0.3)

    def test_broken_promises_count(self):
        # One of two: 0.2 x 1/2.
        self.assertAlmostEqual(self._rate(promises=("broken", "kept")), 0.1)

    def test_what_was_settled_long_ago_is_forgotten(self):
        case = self._create_case("Acme")
        self._create_history(case.partner_id, 30)
        with self._day(400):
            self._rate_all()
        self.assertEqual(case.risk, 0)

    def test_a_credit_note_that_takes_an_invoice_back_is_no_payment(self):
        case = self._create_case("Acme")
        invoice = self._create_overdue_invoice(case.partner_id, 30, 10)
        invoice._reverse_moves(
            [{"invoice_date": self.today, "date": self.today}], cancel=True
        )
        self.assertEqual(invoice.payment_state, "reversed")
        self._rate_all()
        self.assertEqual(case.risk, 0)

    def test_rating_again_writes_nothing(self):
        self._rate(days_late=(30,))
        engine = self.env["collection.engine"]
        sql = engine._get_risk_sql(engine._get_scope(self.env.company))
        self.assertFalse(self.env.execute_query(sql))

    def test_the_nightly_job_rates_before_it_ranks(self):
        case = self._create_case("Acme")
        self._create_history(case.partner_id, 30)
        self._end_transaction()
        with self.enter_registry_test_mode():
            self.env.ref("collections_mgmt.ir_cron_rank").method_direct_trigger()
        self.env.invalidate_all()
        self.assertAlmostEqual(case.risk, 0.65)
        self.assertAlmostEqual(self._get_figures(case)["risk"], 0.65)
        self.assertIn("likely to pay late (65%)", case.rank_details)


class TestQuiet(PanelCommon):
    """A debtor whom the rules let nobody contact for now ranks lower until then."""

    def _is_blocked(self, days=0):
        self._end_transaction()
        with self._local("12:00", days):
            self.env["collection.engine"]._rank_today(self.env.company)
        return "blocked" in [code for code, *_rest in self.case.rank_reasons]

    def test_a_used_up_budget_counts_from_the_refusal_until_a_place_is_free(self):
        self._create_cap(1, name="One a Week")
        self._note_contact(days=2)
        self.assertFalse(self._is_blocked(), "Nobody asked.")
        self.assertEqual(self._call(self.first).verdict, "defer")
        self.assertEqual(self.case.no_contact_before, self.today + timedelta(days=5))
        self.assertTrue(self._is_blocked())
        self.assertTrue(self._is_blocked(days=4))
        self.assertFalse(self._is_blocked(days=5))

    def test_until_later_today_is_no_reason(self):
        self._create_rule(hours="10:00-20:00")
        self.assertEqual(self._call(self.first).verdict, "defer")
        self.assertFalse(self._is_blocked())

    def test_where_another_channel_is_open_nothing_is_kept(self):
        self._forbid("call")
        self._call(self.first)
        self.assertFalse(self.case.no_contact_before)

    def test_a_call_that_is_allowed_ends_it(self):
        self.case.sudo().no_contact_before = self.today + timedelta(days=5)
        self._call(self.first)
        self.assertFalse(self.case.no_contact_before)

    def test_it_ends_when_the_rules_change(self):
        cap = self._create_cap(1, name="One a Week")
        self._note_contact(days=2)
        self._call(self.first)
        self.assertTrue(self.case.no_contact_before)
        cap.active = False
        self.assertFalse(self.case.no_contact_before)

    def test_a_message_that_waits_for_a_later_day_counts_as_well(self):
        self._create_cap(1, name="One a Week")
        self._note_contact(days=2)
        contact = self._plan_and_deliver()
        self.assertEqual((contact.state, contact.verdict), ("planned", "defer"))
        self.assertTrue(self._is_blocked())
