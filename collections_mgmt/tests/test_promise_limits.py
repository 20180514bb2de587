"""What cannot be promised, and what only a manager may accept."""

from datetime import timedelta

from psycopg2.errors import CheckViolation

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .promise_common import PromiseCommon


class TestPromiseInput(PromiseCommon):
    """Each mistake is refused with a sentence that says what to do."""

    def assertRefused(self, words, act):
        with self.assertRaises(UserError) as refusal, self.cr.savepoint():
            act()
        self.assertIn(words, str(refusal.exception))

    def test_not_more_than_what_is_open(self):
        draft = self._draft({self.item: 120.0}, {4: 120.0})
        self.assertRefused("promise $\xa0100.00 at most", draft.action_confirm)

    def test_not_for_a_day_that_is_past(self):
        draft = self._draft({self.item: 100.0}, {-1: 100.0})
        self.assertRefused("is past", draft.action_confirm)

    def test_not_about_a_paid_item(self):
        draft = self._draft({self.item: 100.0}, {4: 100.0})
        second = self._create_overdue_invoice(self.debtor, 3, 100.0)
        self._pay(self.invoice)
        self._plan()
        self.assertEqual(self._items(second).case_id, self.case)
        self.assertRefused("is paid", draft.action_confirm)

    def test_not_when_nothing_is_owed(self):
        draft = self._draft({self.item: 100.0}, {4: 100.0})
        self._pay_on(0)
        self.assertRefused("is closed", draft.action_confirm)

    def test_not_twice_about_the_same_part(self):
        self._promise(70.0)
        draft = self._draft({self.item: 40.0}, {4: 40.0})
        self.assertRefused("only $\xa030.00 of $\xa0100.00", draft.action_confirm)
        draft.line_ids.amount = draft.instalment_ids.amount = 30.0
        draft.action_confirm()
        self.assertEqual(draft.state, "open")

    def test_not_what_is_disputed(self):
        self.item.sudo().amount_disputed = 80.0
        draft = self._draft({self.item: 40.0}, {4: 40.0})
        self.assertRefused("promised or disputed already", draft.action_confirm)

    def test_dates_add_up_to_what_is_promised(self):
        draft = self._draft({self.item: 100.0}, {4: 40.0, 14: 50.0})
        self.assertRefused("add up to $\xa090.00", draft.action_confirm)

    def test_items_and_dates_are_needed(self):
        no_items = self._draft({self.item: 100.0}, {4: 100.0})
        no_items.line_ids.unlink()
        self.assertRefused("Choose the items", no_items.action_confirm)
        no_dates = self._draft({self.item: 100.0}, {})
        self.assertRefused("Enter the date", no_dates.action_confirm)

    def test_one_currency_in_a_promise(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        invoice = self._create_overdue_invoice(self.debtor, 3, 50.0, currency=euro)
        self._plan()
        draft = self._draft({self.item: 10.0, self._items(invoice): 10.0}, {4: 20.0})
        self.assertRefused("one promise for each currency", draft.action_confirm)

    def test_one_debtor_in_a_promise(self):
        other = self._create_overdue_invoice(self._create_debtor("Other"), 3)
        self._plan()
        self._deliver()
        item = self._items(other)
        self.assertRefused(
            "items of its own case",
            lambda: self._draft({self.item: 10.0, item: 10.0}, {4: 20.0}),
        )
        contact = item.case_id.contact_ids
        self.assertRefused(
            "another debtor",
            lambda: self._draft({self.item: 10.0}, {4: 10.0}, contact_id=contact.id),
        )

    def test_amounts_are_more_than_zero(self):
        for parts, dates in (({self.item: 0.0}, {4: 1.0}), ({self.item: 1.0}, {4: 0})):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.cr.savepoint(),
            ):
                self._draft(parts, dates)
                self.env.flush_all()

    def test_what_had_effect_is_not_deleted_nor_changed(self):
        promise = self._promise()
        self.assertRefused("Cancel it instead", promise.unlink)
        for record, values in (
            (promise, {"case_id": self.case.id}),
            (promise.line_ids, {"amount": 1.0}),
            (promise.instalment_ids, {"date": self.today + timedelta(days=9)}),
        ):
            with self.subTest(record._name):
                self.assertRefused(
                    "is not changed", lambda r=record, v=values: r.write(v)
                )
        self.assertRefused("is not changed", promise.line_ids.unlink)
        self.assertRefused("cannot be copied", promise.copy)

    def test_a_draft_is_deleted(self):
        draft = self._draft({self.item: 100.0}, {4: 100.0})
        draft.unlink()
        self.assertFalse(draft.exists())

    def test_an_invoice_that_was_promised_keeps_the_promise_when_it_is_deleted(self):
        promise = self._promise()
        self.invoice.button_draft()
        self._end_transaction()
        self.invoice.with_context(force_delete=True).unlink()
        self._end_transaction()
        self.assertEqual(promise.exists().amount, 100.0)

    def test_nobody_writes_what_the_ledger_says(self):
        draft = self._draft({self.item: 100.0}, {4: 100.0})
        for record, values in (
            (draft, {"state": "kept"}),
            (draft, {"amount_paid": 100.0}),
            (draft, {"tolerance_days": 100}),
            (draft, {"is_followed": True}),
            (draft.line_ids, {"amount_open": 100.0}),
            (draft.line_ids, {"settled_before": {}}),
            (draft.instalment_ids, {"state": "kept"}),
        ):
            with self.subTest(**values), self.assertRaises(UserError):
                record.write(values)
        with self.assertRaises(UserError):
            self._draft({self.item: 100.0}, {4: 100.0}, state="open")

    def test_nor_by_the_context(self):
        forged = {
            "default_state": "kept",
            "default_amount_paid": 100.0,
            "default_amount_open": 100.0,
            "default_is_followed": True,
        }
        draft = (
            self.env["collection.promise"]
            .with_context(**forged)
            .create(
                {
                    "case_id": self.case.id,
                    "line_ids": [
                        Command.create({"item_id": self.item.id, "amount": 10.0})
                    ],
                    "instalment_ids": [
                        Command.create({"date": self.today, "amount": 10.0})
                    ],
                }
            )
        )
        self.assertRecordValues(
            draft, [{"state": "draft", "amount_paid": 0.0, "is_followed": False}]
        )
        self.assertEqual(draft.line_ids.amount_open, 0.0)
        self.assertEqual(draft.instalment_ids.state, "open")


class TestPromiseLimits(PromiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = new_test_user(
            cls.env,
            login="collector",
            groups="base.group_user,collections_mgmt.group_collection_collector",
            company_id=cls.env.company.id,
        )

    def assertNeedsManager(self, draft, words):
        with self.assertRaises(UserError) as refusal, self.cr.savepoint():
            draft.with_user(self.collector).action_confirm()
        self.assertIn(words, str(refusal.exception))
        self.assertIn("Ask a collections manager", str(refusal.exception))
        self.assertEqual(draft.state, "draft")
        draft.action_confirm()
        self.assertEqual(draft.state, "open")
        self.assertIn(words, self.case.message_ids[0].body)

    def test_how_far_ahead(self):
        self.env.company.collection_promise_max_days = 10
        near = self._draft({self.item: 50.0}, {10: 50.0})
        near.with_user(self.collector).action_confirm()
        self.assertEqual(near.state, "open")
        self.assertNeedsManager(
            self._draft({self.item: 50.0}, {11: 50.0}), "the limit is 10 days"
        )

    def test_how_little(self):
        self.env.company.collection_promise_minimum = 50.0
        self.assertNeedsManager(
            self._draft({self.item: 49.99}, {4: 49.99}), "less than the minimum"
        )
        enough = self._draft({self.item: 50.0}, {4: 50.0})
        enough.with_user(self.collector).action_confirm()
        self.assertEqual(enough.state, "open")

    def test_how_often(self):
        self.env.company.collection_promise_max_count = 2
        self._promise(10.0)
        self._draft({self.item: 10.0}, {4: 10.0}).action_cancel()  # never in force
        self._look(7)  # the first is broken
        with self._day(7):
            second = self._draft({self.item: 10.0}, {9: 10.0})
            second.with_user(self.collector).action_confirm()
            self.assertNeedsManager(
                self._draft({self.item: 10.0}, {9: 10.0}), "2 times before"
            )

    def test_neither_cancelling_nor_replacing_makes_a_promise_undone(self):
        self.env.company.collection_promise_max_count = 2
        self._promise(10.0).action_cancel()
        old = self._promise(10.0)
        new = self._draft({self.item: 10.0}, {9: 10.0})
        new.sudo().replaces_id = old
        self.assertNeedsManager(new, "2 times before")
        self.assertEqual(old.state, "replaced")


class TestPromiseEnds(PromiseCommon):
    def test_a_cancelled_promise_holds_nothing_back(self):
        promise = self._promise()
        promise.action_cancel()
        self._end_transaction()
        self.assertEqual(promise.state, "cancelled")
        self.assertEqual(self._chased(), 100.0)
        self._look(9)
        self.assertEqual(promise.state, "cancelled")
        self.assertEqual(self.case.broken_promise_count, 0)

    def test_what_has_ended_is_not_cancelled(self):
        promise = self._promise()
        self._look(7)
        with self.assertRaises(UserError):
            promise.action_cancel()

    def test_a_new_promise_replaces_the_old(self):
        old = self._promise(80.0)
        new = self._draft({self.item: 100.0}, {8: 100.0})
        new.sudo().replaces_id = old
        new.action_confirm()
        self._end_transaction()
        self.assertEqual((old.state, new.state), ("replaced", "open"))
        self.assertEqual(self.item.amount_promised, 100.0)

    def test_only_what_is_open_is_replaced(self):
        promise = self._promise()
        self._look(7)
        with self.assertRaises(UserError):
            promise.action_replace()
