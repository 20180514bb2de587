"""Payment plans: made within limits, followed instalment by instalment."""

from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user
from odoo.tools import SQL

from .promise_common import PromiseCommon


class PlanCommon(PromiseCommon):
    """A plan of 100 in four weekly instalments, the first in four days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.collection_plan_grace_days = 3

    def _make(self, **values):
        """Fill the form of a plan on the case and press its button; return the draft.

        :param values: in place of four weekly instalments from the fourth day on
        """
        action = self.case.action_propose_plan()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        form.date = self.today + timedelta(days=4)
        form.count = 4
        form.rhythm = "weekly"
        for name, value in values.items():
            form[name] = value
        action = form.save().action_register()
        return self.env[action["res_model"]].browse(action["res_id"])

    def _get_dates(self, plan):
        return [
            ((instalment.date - self.today).days, instalment.amount)
            for instalment in plan.instalment_ids.sorted("date")
        ]

    def _create_late_payment(self):
        """Enter on the eighth day what was paid on the fourth."""
        with self._day(8):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=self.invoice.ids
            ).create(
                {"payment_date": self.today + timedelta(days=4), "amount": 25.0}
            )._create_payments()
            self._end_transaction()


class TestPlan(PlanCommon):
    def test_the_form_makes_a_draft_that_holds_nothing_back(self):
        plan = self._make(first_amount=40.0, count=3, amount=99.99)
        self.assertRecordValues(
            plan, [{"kind": "plan", "state": "draft", "amount": 99.99}]
        )
        self.assertEqual(self._get_dates(plan), [(4, 40.0), (11, 29.99), (18, 30.0)])
        self._end_transaction()
        self.assertEqual(self.item.amount_promised, 0.0)

    def test_the_form_shows_the_dates_and_what_does_not_add_up(self):
        action = self.case.action_propose_plan()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        form.date = self.today + timedelta(days=4)
        form.count = 2
        self.assertIn("2026-03-20: $\xa050.00", form.summary)
        self.assertIn("2026-04-20: $\xa050.00", form.summary)
        form.first_amount = 100.0
        self.assertIn("change one of them", form.summary)
        with self.assertRaises(UserError):
            form.save().action_register()

    def test_interest_is_shown_apart_and_promised_by_nobody(self):
        plan = self._make(interest_rate=36.5, count=2)
        # 0.1% a day: of 100 for four days, then of 50 for seven
        self.assertEqual(
            plan.instalment_ids.sorted("date").mapped("interest"), [0.4, 0.35]
        )
        self.assertEqual((plan.amount, plan.amount_interest), (100.0, 0.75))

    def test_a_plan_in_force_holds_all_of_it_back(self):
        plan = self._make()
        plan.action_confirm()
        self._end_transaction()
        self.assertEqual(self._chased(), 0.0)
        self.assertEqual(plan.tolerance_days, 3)
        self.assertEqual(self.case.promise_date_next, plan.date_due)
        self._pay_on(4, 25.0)
        self.assertEqual(self.item.amount_promised, 75.0)
        self.assertEqual(plan.instalment_done_count, 1)

    def _get_rows(self):
        """Return all columns of the invoice and its journal items."""
        self.env.flush_all()
        return [
            self.env.execute_query_dict(
                SQL(
                    "SELECT * FROM %s WHERE %s = %s ORDER BY id",
                    *(SQL.identifier(table), SQL.identifier(name), self.invoice.id),
                )
            )
            for table, name in (
                ("account_move", "id"),
                ("account_move_line", "move_id"),
            )
        ]

    def test_a_plan_never_edits_posted_invoices(self):
        before = self._get_rows()
        plan = self._make(interest_rate=36.5)
        plan.action_send_proposal()
        plan.action_confirm()
        self._end_transaction()
        self.assertEqual(plan.state, "open")
        self.assertEqual(self._get_rows(), before)
        self._look(15)
        self.assertEqual(plan.state, "broken")
        self.assertEqual(self._get_rows(), before)

    def test_a_plan_that_ended_without_any_address_is_a_persons_task(self):
        plan = self._make()
        plan.action_confirm()
        self._end_transaction()
        self.debtor.email = False
        self._look(8)
        self.assertEqual(plan.state, "broken")
        self.assertFalse(self._contacts(self.debtor))
        tasks = self.case.activity_ids.mapped("summary")
        self.assertTrue([text for text in tasks if "no notice could be sent" in text])
        bodies = " ".join(map(str, self.case.message_ids.mapped("body")))
        self.assertIn("no notice could be sent", bodies)

    def test_an_invoice_offers_its_plan(self):
        action = self.invoice.action_propose_plan()
        self.assertEqual(action["res_model"], "collection.plan.propose")
        form = self.env["account.move"].get_view(
            self.env.ref("account.view_move_form").id, "form"
        )["arch"]
        self.assertIn('name="action_propose_plan"', form)

    def test_a_plan_is_fulfilled_by_all_instalments(self):
        plan = self._make()
        plan.action_confirm()
        self._end_transaction()
        for days in (4, 11, 18, 25):
            self.assertEqual(plan.state, "open")
            self._pay_on(days, 25.0)
            self._look(days)
        self.assertEqual(plan.state, "kept")
        self.assertEqual(self.case.state, "closed")

    def test_grace_days_are_left_then_the_plan_ends_with_notice(self):
        plan = self._make()
        plan.action_confirm()
        self._end_transaction()
        self._pay_on(4, 25.0)
        self._look(14)  # the second is due on the eleventh day, plus three
        self.assertEqual(plan.state, "open")
        with self._day(15):
            self._plan()
            self._deliver()
            self._send_mails()
        self.assertEqual(plan.state, "partly")
        self.assertEqual(self._chased(), 75.0)
        contacts = self._contacts(self.debtor)
        notice = contacts.filtered(lambda c: c.promise_message == "default")
        self.assertEqual(notice.state, "sent")
        self.assertIn("has ended", notice.subject)
        self.assertIn("03/27/2026", notice.body)
        self.assertTrue(contacts - notice, "Dunning goes on at once.")
        self.assertIn("75", (contacts - notice).body)
        self._look(16)
        self.assertEqual(len(self._contacts(self.debtor)), len(contacts))
        self.assertIn("asked for again", self.case.activity_ids.mapped("summary")[-1])

    def test_a_notice_is_dropped_when_the_payment_turns_up(self):
        plan = self._make()
        plan.action_confirm()
        self._end_transaction()
        self._look(8)
        notice = self._contacts(self.debtor)
        self.assertRecordValues(
            notice, [{"promise_message": "default", "state": "planned"}]
        )
        self._create_late_payment()
        with self._day(8):
            self._deliver()
        self.assertEqual(plan.state, "open")
        self.assertEqual(notice.state, "dropped")

    def test_test_mode_gives_no_notice(self):
        self._make().action_confirm()
        self._end_transaction()
        self.env.company.collection_test_mode = True
        self._look(8)
        self.assertFalse(self._contacts(self.debtor))

    def test_a_plan_replaces_a_plan(self):
        plan = self._make()
        plan.action_confirm()
        self._end_transaction()
        action = plan.action_replace()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        form.date = self.today + timedelta(days=9)
        form.amount = 100.0
        form.count = 2
        new = self.env["collection.promise"].browse(
            form.save().action_register()["res_id"]
        )
        self.assertEqual(plan.state, "open", "Until the new one holds.")
        new.action_confirm()
        self._end_transaction()
        self.assertEqual((plan.state, new.state), ("replaced", "open"))
        self.assertEqual(self.item.amount_promised, 100.0)


class TestPlanLimits(PlanCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = new_test_user(
            cls.env,
            login="collector",
            groups="base.group_user,collections_mgmt.group_collection_collector",
            company_id=cls.env.company.id,
        )

    def assertNeedsManager(self, words, **values):
        plan = self._make(**values)
        self.assertIn(words, plan.limit_text)
        for act in ("action_confirm", "action_send_proposal"):
            with self.subTest(act), self.assertRaises(UserError) as refusal:
                getattr(plan.with_user(self.collector), act)()
            self.assertIn(words, str(refusal.exception))
        plan.action_confirm()
        self.assertEqual(plan.state, "open")
        plan.action_cancel()

    def test_how_many_months(self):
        self.env.company.collection_plan_max_months = 3
        self.assertNeedsManager("takes 4 months", rhythm="monthly", count=4)
        fits = self._make(rhythm="monthly", count=3)
        fits.with_user(self.collector).action_confirm()

    def test_how_much_at_first(self):
        self.env.company.collection_plan_first_percent = 30
        self.assertNeedsManager("the minimum is $\xa030.00, 30% of the total")
        fits = self._make(first_amount=30.0)
        fits.with_user(self.collector).action_confirm()

    def test_how_much_each_time(self):
        self.env.company.collection_plan_minimum = 25.01
        self.assertNeedsManager("the minimum is $\xa025.01")
        fits = self._make(count=3)
        fits.with_user(self.collector).action_confirm()

    def test_the_limits_of_promises_are_others(self):
        self.env.company.collection_promise_max_days = 5
        self._make().with_user(self.collector).action_confirm()
