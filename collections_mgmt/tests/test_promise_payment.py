"""Registering a payment says what it will do to promises, and that comes true."""

from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.tests import Form, new_test_user

from .promise_common import PromiseCommon


class PaymentCommon(PromiseCommon):
    def _open_form(self, invoices, user=None, **values):
        """Open the form that registers a payment, as a person fills it."""
        form = Form(
            self.env["account.payment.register"]
            .with_user(user or self.env.user)
            .with_context(active_model="account.move", active_ids=invoices.ids)
        )
        for name, value in values.items():
            form[name] = value
        return form

    def _register(self, form):
        """Press the button; return what the form said before that."""
        text = self._plain(form.collection_promise_text)
        wizard = form.save()
        self.assertEqual(self._plain(wizard.collection_promise_text), text)
        foreseen = wizard._foresee_promises(wizard._get_followed_items(wizard.line_ids))
        wizard._create_payments()
        self._end_transaction()
        self._assert_came_true(foreseen)
        return text

    def _plain(self, text):
        return (text or "").replace("\N{NO-BREAK SPACE}", " ")

    def _assert_came_true(self, foreseen):
        """Check that the ledger decided what was foreseen of each promise."""
        self.assertTrue(foreseen)
        for promise_id, (_now, then) in foreseen.items():
            promise = self.env["collection.promise"].browse(promise_id)
            unit = promise.currency_id.rounding
            state = "cancelled" if then.state == "settled" else then.state
            self.assertRecordValues(
                promise,
                [
                    {
                        "state": state,
                        "date_due": then.due,
                        "amount_paid": then.paid * unit,
                        "amount_open": sum(then.open_parts.values()) * unit,
                    }
                ],
            )
            self.assertEqual(
                [
                    (round(instalment.amount_paid / unit), instalment.state)
                    for instalment in promise.instalment_ids.sorted("date")
                ],
                list(then.instalments),
            )


class TestPaymentTellsPromises(PaymentCommon):
    """100 are promised for the fourth day from today, with two days of patience."""

    def test_a_payment_in_full_keeps_the_promise(self):
        promise = self._promise()
        text = self._register(self._open_form(self.invoice))
        self.assertEqual(text, "Promise of $ 100.00 until 03/20/2026: will be kept.")
        self.assertEqual(promise.state, "kept")

    def test_a_part_payment_says_what_stays_promised(self):
        promise = self._promise()
        text = self._register(self._open_form(self.invoice, amount=30.0))
        self.assertEqual(
            text,
            "Promise of $ 100.00 until 03/20/2026: will be partly kept, $ 30.00 will "
            "be paid of it; $ 70.00 stay promised until 03/20/2026.",
        )
        self.assertEqual(promise.state, "open")
        self.assertEqual(promise.amount_open, 70.0)  # 100 - 30

    def test_the_sentence_follows_what_is_typed(self):
        self._promise()
        form = self._open_form(self.invoice)
        self.assertIn("will be kept", form.collection_promise_text)
        form.amount = 10.0
        self.assertIn("$\N{NO-BREAK SPACE}90.00 stay", form.collection_promise_text)

    def test_within_the_patience_it_is_kept_and_late(self):
        promise = self._promise()
        with self._day(6):
            text = self._register(self._open_form(self.invoice))
        self.assertIn("will be kept, late by 2 days.", text)
        self.assertEqual(promise.state, "kept")

    def test_after_the_patience_it_stays_broken(self):
        promise = self._promise()
        self._look(7)
        with self._day(8):
            text = self._register(self._open_form(self.invoice))
        self.assertIn("stays broken, the payment is late by 4 days.", text)
        self.assertEqual(promise.state, "broken")

    def test_a_payment_dated_back_keeps_what_was_broken(self):
        promise = self._promise()
        self._look(7)
        with self._day(8):
            form = self._open_form(self.invoice)
            form.payment_date = self.today + timedelta(days=4)
            text = self._register(form)
        self.assertIn("will be kept.", text)
        self.assertEqual(promise.state, "kept")

    def test_of_two_promises_each_is_told(self):
        late = self._promise(60.0, days=8)
        early = self._promise(40.0, days=4)
        text = self._register(self._open_form(self.invoice, amount=50.0))
        self.assertEqual(
            text.splitlines(),
            [
                "Promise of $ 40.00 until 03/20/2026: will be kept.",
                "Promise of $ 60.00 until 03/24/2026: will be partly kept, $ 10.00 "
                "will be paid of it; $ 50.00 stay promised until 03/24/2026.",
            ],
        )
        self.assertEqual((early.state, late.state), ("kept", "open"))

    def test_a_plan_tells_its_instalments(self):
        plan = self._draft(
            {self.item: 90.0}, {4: 30.0, 34: 30.0, 64: 30.0}, kind="plan"
        )
        plan.action_confirm()
        self._end_transaction()
        text = self._register(self._open_form(self.invoice, amount=45.0))
        self.assertEqual(
            text,
            "Payment plan of $ 90.00: $ 45.00 will be paid of it. 1 of 3 instalments "
            "are paid then; $ 45.00 stay promised, the next date is 04/19/2026.",
        )
        self.assertEqual(plan.instalment_done_count, 1)

    def test_what_is_written_off_counts_as_paid(self):
        promise = self._promise()
        form = self._open_form(self.invoice, amount=80.0)
        form.payment_difference_handling = "reconcile"
        form.writeoff_account_id = self.company_data["default_account_expense"]
        self.assertIn("will be kept", self._register(form))
        self.assertEqual(promise.amount_paid, 100.0)

    def test_without_a_promise_it_says_so(self):
        form = self._open_form(self.invoice)
        self.assertEqual(form.collection_promise_text, "No promise is concerned.")

    def test_another_invoice_of_the_debtor_is_no_matter_of_the_promise(self):
        self._promise()
        other = self._create_overdue_invoice(self.debtor, 2, 50.0)
        self._plan()
        form = self._open_form(other)
        self.assertEqual(form.collection_promise_text, "No promise is concerned.")

    def test_a_bill_says_nothing(self):
        bill = self._create_overdue_invoice(self.debtor, 2, move_type="in_invoice")
        self.assertFalse(self._open_form(bill).collection_promise_text)

    def test_a_method_that_books_nothing_leaves_promises_as_they_are(self):
        """With a module that matches bank statements; in Community all are booked."""
        promise = self._promise()
        form = self._open_form(self.invoice)
        form.payment_method_line_id.payment_account_id = False
        with patch.object(
            type(self.env["account.move"]),
            "_get_invoice_in_payment_state",
            lambda _self: "in_payment",
        ):
            form = self._open_form(self.invoice)
            self.assertIn(
                "until the payment is matched with the bank statement",
                form.collection_promise_text,
            )
            form.save()._create_payments()
            self._end_transaction()
        self.assertEqual(promise.state, "open")
        self.assertEqual(promise.amount_paid, 0.0)

    def test_in_community_every_method_is_booked_at_once(self):
        promise = self._promise()
        form = self._open_form(self.invoice)
        form.payment_method_line_id.payment_account_id = False
        self.assertIn("will be kept", self._register(self._open_form(self.invoice)))
        self.assertEqual(promise.state, "kept")


class TestPaymentOfSeveralInvoices(PaymentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.older = cls._create_overdue_invoice(cls.debtor, 9, 50.0)

    def setUp(self):
        super().setUp()
        self.both = self.invoice | self.older
        self.older_item = self._items(self.older)

    def test_one_payment_pays_the_oldest_first(self):
        about_older = self._promise(50.0, item=self.older_item)
        about_newer = self._promise(100.0)
        form = self._open_form(self.both, group_payment=True, amount=80.0)
        text = self._register(form)
        self.assertEqual(
            text.splitlines(),
            [
                "Promise of $ 50.00 until 03/20/2026: will be kept.",
                "Promise of $ 100.00 until 03/20/2026: will be partly kept, $ 30.00 "
                "will be paid of it; $ 70.00 stay promised until 03/20/2026.",
            ],
        )
        self.assertEqual((about_older.state, about_newer.state), ("kept", "open"))

    def test_a_payment_for_each_invoice(self):
        promise = self._draft({self.item: 100.0, self.older_item: 50.0}, {4: 150.0})
        promise.action_confirm()
        self._end_transaction()
        form = self._open_form(self.both, group_payment=False)
        self.assertIn("Promise of $ 150.00", self._register(form))
        self.assertEqual(promise.state, "kept")

    def test_the_instalments_of_one_invoice(self):
        halves = self.env["account.payment.term"].create(
            {
                "name": "Halves",
                "line_ids": [
                    Command.create({"value_amount": 50, "nb_days": days})
                    for days in (0, 60)
                ],
            }
        )
        split = self._create_overdue_invoice(
            self.debtor, 15, 80.0, invoice_payment_term_id=halves.id
        )
        self._plan()
        self._skip_messages()
        first, second = self._items(split)
        promise = self._draft({first: 40.0, second: 40.0}, {4: 40.0, 20: 40.0})
        promise.action_confirm()
        self._end_transaction()
        text = self._register(self._open_form(split, amount=50.0))
        self.assertIn("1 of 2 instalments are paid then", text)
        self.assertEqual(promise.amount_paid, 50.0)

    def test_a_credit_note_beside_it_is_no_payment(self):
        promise = self._promise(50.0, item=self.older_item)
        credit = self._create_credit_note(self.debtor, 20.0)
        text = self._register(self._open_form(self.older | credit, group_payment=True))
        self.assertIn("will be kept", text)
        self.assertEqual(promise.amount_paid, 30.0)  # 50 - 20


class TestPaymentInOtherCurrencies(PaymentCommon):
    """The euro was at two to the dollar and is at four now."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.setup_other_currency(
            "EUR", rates=[("2020-01-01", 2.0), ("2026-03-10", 4.0)]
        )
        cls.foreign = cls._create_overdue_invoice(cls.debtor, 9, 60.0, cls.euro)
        cls.second = cls._create_overdue_invoice(cls.debtor, 8, 40.0, cls.euro)

    def _promise_foreign(self):
        parts = {self._items(self.foreign): 60.0, self._items(self.second): 40.0}
        promise = self._draft(parts, {4: 100.0})
        promise.action_confirm()
        self._end_transaction()
        return promise

    def test_in_the_currency_of_the_invoice(self):
        promise = self._promise_foreign()
        text = self._register(self._open_form(self.foreign, amount=25.0))
        self.assertIn("75.00 €", text)
        self.assertEqual(promise.amount_paid, 25.0)

    def test_in_company_currency_by_the_rate_of_the_day(self):
        promise = self._promise_foreign()
        form = self._open_form(self.foreign)
        form.currency_id = self.usd
        form.amount = 10.0  # 40 euro
        self._register(form)
        self.assertEqual(promise.amount_paid, 40.0)

    def test_several_invoices_in_full_in_company_currency(self):
        promise = self._promise_foreign()
        form = self._open_form(self.foreign | self.second, group_payment=True)
        form.currency_id = self.usd
        self.assertEqual(form.amount, 25.0)  # 100 euro
        self._register(form)
        self.assertEqual(promise.state, "kept")

    def test_several_invoices_in_part_in_company_currency(self):
        promise = self._promise_foreign()
        form = self._open_form(self.foreign | self.second, group_payment=True)
        form.currency_id = self.usd
        form.amount = 18.0  # 72 euro: the older one, and 12 of the other
        self._register(form)
        self.assertEqual(promise.amount_paid, 72.0)

    def test_an_invoice_in_company_currency_paid_in_another(self):
        promise = self._promise()
        form = self._open_form(self.invoice)
        form.currency_id = self.euro
        form.amount = 120.0  # 30 dollars
        self._register(form)
        self.assertEqual(promise.amount_paid, 30.0)

    def test_a_third_currency(self):
        promise = self._promise_foreign()
        pound = self.setup_other_currency("GBP", rates=[("2020-01-01", 0.5)])
        form = self._open_form(self.foreign)
        form.currency_id = pound
        form.amount = 5.0
        self._register(form)
        self.assertGreater(promise.amount_paid, 0.0)

    def test_invoices_of_several_currencies_at_once(self):
        foreign, plain = self._promise_foreign(), self._promise()
        form = self._open_form(self.foreign | self.second | self.invoice)
        self.assertEqual(len(self._register(form).splitlines()), 2)
        self.assertEqual((foreign.state, plain.state), ("kept", "kept"))


class TestWhoIsTold(PaymentCommon):
    def _create_accountant(self, groups=""):
        return new_test_user(
            self.env,
            login=f"accountant{len(groups)}",
            groups=f"base.group_user,account.group_account_invoice{groups}",
            company_id=self.env.company.id,
        )

    def test_an_accountant_without_a_collections_role_sees_nothing_of_it(self):
        promise = self._promise()
        form = self._open_form(self.invoice, self._create_accountant())
        self.assertNotIn("collection_promise_text", form._view["fields"])
        form.save()._create_payments()
        self._end_transaction()
        self.assertEqual(promise.state, "kept")

    def test_a_viewer_is_told(self):
        self._promise()
        viewer = self._create_accountant(",collections_mgmt.group_collection_viewer")
        form = self._open_form(self.invoice, viewer)
        self.assertIn("will be kept", form.collection_promise_text)

    def test_a_collector_is_told_nothing_of_the_cases_of_others(self):
        self._promise()
        self.case.agent_id = self.user
        collector = self._create_accountant(
            ",collections_mgmt.group_collection_collector"
        )
        form = self._open_form(self.invoice, collector)
        self.assertEqual(form.collection_promise_text, "No promise is concerned.")
