"""What becomes of a promise: the ledger alone decides."""

from datetime import timedelta

from .promise_common import PromiseCommon


class TestPromiseVerdicts(PromiseCommon):
    """100 are promised for the fourth day from today, with two days of patience."""

    def assertPromise(self, promise, state, paid, promised):
        self.assertRecordValues(promise, [{"state": state, "amount_paid": paid}])
        self.assertEqual(self.item.amount_promised, promised)

    def test_what_is_promised_is_not_chased(self):
        promise = self._promise(40.0)
        self.assertPromise(promise, "open", 0.0, 40.0)
        self.assertEqual(self._chased(), 60.0)  # 100 - 40
        self.assertEqual(self.case.promise_date_next, promise.date_due)

    def test_a_payment_in_time_keeps_the_promise(self):
        for days in (1, 4, 5, 6):  # before, on the date, and within the patience
            with self.subTest(days=days):
                invoice = self._create_overdue_invoice(self.debtor, 3, 100.0)
                self._plan()
                self._skip_messages()
                promise = self._promise(item=self._items(invoice))
                self._pay_on(days, invoice=invoice)
                self._look(30)
                self.assertPromise(promise, "kept", 100.0, 0.0)
                self.assertEqual(promise.instalment_ids.state, "kept")

    def test_without_payment_it_is_open_until_patience_ends(self):
        promise = self._promise()
        self._look(6)
        self.assertPromise(promise, "open", 0.0, 100.0)
        self._look(7)
        self.assertPromise(promise, "broken", 0.0, 0.0)
        self.assertEqual(self._chased(), 100.0)
        self.assertEqual(self.case.broken_promise_count, 1)
        self.assertFalse(self.case.promise_date_next)

    def test_a_payment_after_that_does_not_mend_it(self):
        promise = self._promise()
        self._look(7)
        self._pay_on(8)
        self.assertPromise(promise, "broken", 0.0, 0.0)

    def test_a_payment_made_in_time_and_entered_late_does(self):
        promise = self._promise()
        self._look(7)
        self.assertEqual(promise.state, "broken")
        with self._day(9):
            register = (
                self.env["account.payment.register"]
                .with_context(active_model="account.move", active_ids=self.invoice.ids)
                .create({"payment_date": self.today + timedelta(days=4)})
            )
            register._create_payments()
            self._end_transaction()
        self.assertPromise(promise, "kept", 100.0, 0.0)
        self.assertEqual(self.case.broken_promise_count, 0)

    def test_a_part_payment_leaves_the_rest_promised_then_partly_kept(self):
        promise = self._promise()
        self._pay_on(2, 30.0)
        self.assertPromise(promise, "open", 30.0, 70.0)  # 100 - 30
        self._look(7)
        self.assertPromise(promise, "partly", 30.0, 0.0)
        self.assertEqual(self._chased(), 70.0)
        self.assertEqual(self.case.broken_promise_count, 1)

    def test_an_excess_pays_the_part_that_was_not_promised(self):
        promise = self._promise(40.0)
        self._pay_on(2, 55.0)
        self.assertPromise(promise, "kept", 40.0, 0.0)
        self.assertEqual(self._chased(), 45.0)  # 100 - 55

    def test_a_little_less_is_enough_within_the_tolerance(self):
        self.env.company.collection_promise_tolerance_amount = 1.0
        promise = self._promise()
        self._pay_on(2, 98.9)
        self.assertPromise(promise, "open", 98.9, 1.1)
        self._pay_on(3, 0.1)
        self.assertPromise(promise, "kept", 99.0, 0.0)

    def test_of_two_promises_about_one_item_the_earlier_is_paid_first(self):
        late = self._promise(60.0, days=8)
        early = self._promise(40.0, days=4)
        self.assertEqual(self.item.amount_promised, 100.0)
        self._pay_on(2, 50.0)
        self.assertPromise(early, "kept", 40.0, 50.0)
        self.assertPromise(late, "open", 10.0, 50.0)  # 60 - 10
        self._look(11)
        self.assertPromise(late, "partly", 10.0, 0.0)

    def test_one_payment_keeps_a_promise_about_several_items(self):
        second = self._create_overdue_invoice(self.debtor, 2, 50.0)
        self._plan()
        self._skip_messages()
        items = self.item | self._items(second)
        promise = self._draft({items[0]: 100.0, items[1]: 50.0}, {4: 150.0})
        promise.action_confirm()
        self._end_transaction()
        with self._day(3):
            register = (
                self.env["account.payment.register"]
                .with_context(
                    active_model="account.move",
                    active_ids=(self.invoice | second).ids,
                )
                .create({"group_payment": True})
            )
            register._create_payments()
            self._end_transaction()
        self.assertEqual(promise.state, "kept")
        self.assertEqual(promise.amount_paid, 150.0)
        self.assertEqual(self.case.state, "closed")

    # CREDIT NOTES

    def test_a_credit_note_about_all_ends_the_promise_and_keeps_none(self):
        promise = self._promise()
        self.invoice._reverse_moves(cancel=True)
        self._end_transaction()
        self.assertPromise(promise, "cancelled", 0.0, 0.0)
        self.assertTrue(promise.is_settled)
        self.assertEqual(promise.instalment_ids.state, "settled")

    def test_a_credit_note_lessens_the_promise_where_less_is_open(self):
        promise = self._promise(80.0)
        self._match(self.invoice, self._create_credit_note(self.debtor, 50.0))
        self._end_transaction()
        self.assertPromise(promise, "open", 0.0, 50.0)  # 100 - 50 are open
        self._pay_on(3, 50.0)
        self.assertPromise(promise, "kept", 50.0, 0.0)

    def test_a_credit_note_leaves_the_promise_where_more_is_open(self):
        promise = self._promise(40.0)
        self._match(self.invoice, self._create_credit_note(self.debtor, 50.0))
        self._end_transaction()
        self.assertPromise(promise, "open", 0.0, 40.0)
        self.assertEqual(self._chased(), 10.0)  # 100 - 50 - 40

    def test_a_credit_note_after_a_broken_promise_does_not_mend_it(self):
        promise = self._promise()
        self._look(7)
        with self._day(9):
            self.invoice._reverse_moves(
                [{"invoice_date": self.today + timedelta(days=9)}], cancel=True
            )
            self._end_transaction()
        self.assertPromise(promise, "broken", 0.0, 0.0)

    def test_a_credit_that_is_not_matched_is_not_counted_twice(self):
        promise = self._promise(80.0)
        self._create_payment(self.debtor, 50.0)
        self._end_transaction()
        self.assertPromise(promise, "open", 0.0, 50.0)  # 100 - 50 of credit
        self.assertEqual(self._chased(), 0.0)

    # WHAT IS TAKEN BACK

    def test_an_undone_reconciliation_opens_a_kept_promise_again(self):
        promise = self._promise()
        self._pay_on(2)
        self.assertEqual(promise.state, "kept")
        self._get_receivable_lines(self.invoice).remove_move_reconcile()
        self._end_transaction()
        self.assertRecordValues(promise, [{"state": "open", "amount_paid": 0.0}])

    def test_a_payment_returned_after_the_date_breaks_a_kept_promise(self):
        promise = self._promise()
        payment = self._pay_on(2)
        with self._day(9):
            payment.action_draft()
            payment.action_cancel()
            self._end_transaction()
        self.assertPromise(promise, "broken", 0.0, 0.0)
        self.assertEqual(self._chased(), 100.0)
        self.assertEqual(self.case.broken_promise_count, 1)

    def test_a_payment_that_bounces_by_a_reversal_takes_its_promise_back(self):
        promise = self._promise()
        payment = self._pay_on(2)
        self.assertEqual(promise.state, "kept")
        with self._day(5):
            payment.move_id._reverse_moves(
                [{"date": self.today + timedelta(days=5)}], cancel=True
            )
            self._end_transaction()
        self.assertPromise(promise, "open", 0.0, 100.0)
        self._look(7)
        self.assertPromise(promise, "broken", 0.0, 0.0)

    def test_a_payment_reset_to_draft_is_no_money(self):
        promise = self._promise()
        payment = self._pay_on(2)
        payment.action_draft()
        self._end_transaction()
        self.assertRecordValues(promise, [{"state": "open", "amount_paid": 0.0}])
        self._look(7)
        self.assertEqual(promise.state, "broken")
        payment.action_post()
        self._end_transaction()
        self.assertEqual(promise.state, "kept")

    def test_an_invoice_reset_to_draft_ends_the_promise_until_it_is_posted(self):
        promise = self._promise()
        self.invoice.button_draft()
        self._end_transaction()
        self.assertRecordValues(promise, [{"state": "cancelled", "is_settled": True}])
        self.invoice.action_post()
        self._end_transaction()
        self.assertPromise(promise, "open", 0.0, 100.0)

    # WHAT WAS THERE BEFORE

    def test_a_payment_before_the_promise_keeps_nothing(self):
        self._pay(self.invoice, 30.0)
        self._end_transaction()
        promise = self._promise(70.0)
        self.assertPromise(promise, "open", 0.0, 70.0)
        # Undone and done again, it is the same payment.
        lines = self._get_receivable_lines(self.invoice)
        partial = lines.matched_credit_ids
        credit = partial.credit_move_id
        partial.unlink()
        (lines | credit).reconcile()
        self._end_transaction()
        self.assertPromise(promise, "open", 0.0, 70.0)

    def test_a_new_promise_takes_what_is_paid_after_the_old_was_broken(self):
        old = self._promise()
        self._look(7)
        with self._day(8):
            new = self._promise(100.0, days=12)
        self._pay_on(10)
        self.assertEqual((old.state, new.state), ("broken", "kept"))

    # CURRENCIES

    def test_a_promise_is_in_the_currency_of_the_invoice(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        invoice = self._create_overdue_invoice(self.debtor, 3, 50.0, currency=euro)
        self._plan()
        self._skip_messages()
        item = self._items(invoice)
        promise = self._promise(20.0, item=item)
        self.assertEqual(promise.currency_id, euro)
        self.assertEqual(item.amount_promised, 40.0)  # 20 / 0.5
        self.env["res.currency.rate"].create(
            {"name": self.today, "rate": 0.4, "currency_id": euro.id}
        )
        with self._day(2):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"currency_id": euro.id, "amount": 15.0})._create_payments()
            self._end_transaction()
        self.assertRecordValues(promise, [{"state": "open", "amount_paid": 15.0}])
        self.assertEqual(promise.amount_open, 5.0)
        with self._day(3):  # 12.50 dollars are 5 euros at the new rate of 0.4
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"currency_id": self.usd.id, "amount": 12.5})._create_payments()
            self._end_transaction()
        self.assertRecordValues(promise, [{"state": "kept", "amount_paid": 20.0}])

    # SEVERAL DATES

    def test_each_date_is_judged_by_what_was_paid_until_then(self):
        promise = self._draft({self.item: 100.0}, {4: 40.0, 14: 60.0})
        promise.action_confirm()
        self._end_transaction()
        self._pay_on(3, 50.0)
        first, second = promise.instalment_ids.sorted("date")
        self.assertRecordValues(
            first | second,
            [
                {"state": "kept", "amount_paid": 40.0},
                {"state": "open", "amount_paid": 10.0},
            ],
        )
        self.assertEqual(promise.date_due, second.date)
        self._look(17)
        self.assertPromise(promise, "partly", 50.0, 0.0)
        self.assertEqual(second.state, "partly")

    def test_a_missed_date_breaks_it_whatever_comes_later(self):
        promise = self._draft({self.item: 100.0}, {4: 40.0, 14: 60.0})
        promise.action_confirm()
        self._end_transaction()
        self._look(7)
        self.assertPromise(promise, "broken", 0.0, 0.0)
        self.assertEqual(promise.date_due, self.today + timedelta(days=4))

    def test_looking_twice_changes_nothing(self):
        promise = self._promise()
        self._look(7)
        activities = self.case.activity_ids
        self._look(7)
        self._look(8)
        self.assertEqual(promise.state, "broken")
        self.assertEqual(self.case.activity_ids, activities)
        self.assertEqual(promise.date_ended, self.today + timedelta(days=7))
