"""Registering a promise from a case, an invoice or a debtor."""

from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import Form

from .promise_common import PromiseCommon


class TestPromiseScreens(PromiseCommon):
    def _register(self, action, **values):
        """Fill the form that an action opens, and press its button."""
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        for name, value in values.items():
            form[name] = value
        form.save().action_register()
        self._end_transaction()
        return self.case.promise_ids.sorted("id")[-1:]

    def test_from_a_case_it_is_spread_over_the_items_the_oldest_first(self):
        newer = self._create_overdue_invoice(self.debtor, 1, 50.0)
        oldest = self._create_overdue_invoice(self.debtor, 9, 30.0)
        self._plan()
        promise = self._register(
            self.case.action_register_promise(),
            amount=140.0,
            date=self.today + timedelta(days=4),
        )
        self.assertEqual(promise.state, "open")
        self.assertEqual(
            {line.item_id.move_id: line.amount for line in promise.line_ids},
            {oldest: 30.0, self.invoice: 100.0, newer: 10.0},
        )

    def test_what_is_overdue_is_proposed(self):
        self._create_overdue_invoice(self.debtor, -9, 50.0)
        self._plan()
        action = self.case.action_register_promise()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(form.amount, 100.0)
        self.assertEqual(form.amount_free, 150.0)

    def test_from_an_invoice_it_is_about_that_invoice(self):
        self._create_overdue_invoice(self.debtor, 9, 30.0)
        self._plan()
        promise = self._register(
            self.invoice.action_register_promise(),
            date=self.today + timedelta(days=4),
        )
        self.assertEqual(promise.line_ids.item_id, self.item)
        self.assertEqual(promise.amount, 100.0)

    def test_from_a_debtor(self):
        promise = self._register(
            self.debtor.action_register_promise(),
            date=self.today + timedelta(days=4),
            amount=20.0,
        )
        self.assertEqual(promise.amount, 20.0)

    def test_more_than_is_open_is_refused(self):
        with self.assertRaises(UserError) as refusal:
            self._register(
                self.case.action_register_promise(),
                amount=100.5,
                date=self.today + timedelta(days=4),
            )
        self.assertIn("at most", str(refusal.exception))

    def test_nothing_is_refused(self):
        with self.assertRaises(UserError):
            self._register(
                self.case.action_register_promise(),
                amount=0.0,
                date=self.today + timedelta(days=4),
            )

    def test_replacing_one_frees_what_it_held(self):
        old = self._promise(80.0)
        new = self._register(
            old.action_replace(), amount=100.0, date=self.today + timedelta(days=8)
        )
        self.assertEqual((old.state, new.state), ("replaced", "open"))
        self.assertEqual(new.replaces_id, old)

    def test_it_answers_the_last_message(self):
        self._plan()
        self._deliver()
        self._send_mails()
        promise = self._register(
            self.case.action_register_promise(), date=self.today + timedelta(days=4)
        )
        self.assertEqual(promise.contact_id, self._contacts(self.debtor))

    def test_an_invoice_that_is_not_followed_has_none(self):
        paid = self._create_overdue_invoice(self._create_debtor("Paid"), 3)
        self._pay(paid)
        with self.assertRaises(UserError):
            paid.action_register_promise()

    def test_the_views_open(self):
        promise = self._promise()
        Form(promise)
        views = promise.get_views(
            [(False, view) for view in ("list", "kanban", "calendar", "search")]
        )
        self.assertIn("due_today", views["views"]["search"]["arch"])

    def test_the_invoice_says_until_when_it_is_promised(self):
        self._promise(40.0, 4)
        self._promise(30.0, 9)
        other = self._create_overdue_invoice(self.debtor, 1, 50.0)
        self._plan()
        self.assertEqual(
            self.invoice.collection_promise_date, self.today + timedelta(days=9)
        )
        self.assertFalse(other.collection_promise_date)
        self._pay(self.invoice)
        self._end_transaction()
        self.assertFalse(self.invoice.collection_promise_date)

    def test_the_debtor_shows_promises_and_disputes(self):
        promise = self._promise(40.0)
        dispute = self._create_dispute(self.invoice, 20.0)
        self.assertEqual(self.debtor.collection_promise_ids, promise)
        self.assertEqual(self.debtor.collection_dispute_ids, dispute)
        copy = self.debtor.copy()
        self.assertFalse(copy.collection_promise_ids | promise.browse())
        arch = self.debtor.get_view(self.env.ref("base.view_partner_form").id, "form")[
            "arch"
        ]
        for name in ("collection_promise_ids", "collection_dispute_ids"):
            self.assertIn(f'name="{name}"', arch)
