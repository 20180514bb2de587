"""Whatever is agreed and happens, nobody is chased for more than is owed."""

from contextlib import closing
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.collections_mgmt.tests.promise_common import PromiseCommon

from .test_properties import LONG_PROPERTY

WHOLE = st.integers(1, 120)
ACTS = st.one_of(
    st.tuples(st.just("promise"), WHOLE, st.integers(0, 12)),
    st.tuples(st.just("pay"), WHOLE),
    st.tuples(st.just("credit"), WHOLE),
    st.tuples(st.just("pay_ahead"), WHOLE),
    st.tuples(st.just("take_back"), st.integers(0, 3)),
    st.tuples(st.just("cancel"), st.integers(0, 3)),
    st.tuples(st.just("dispute"), WHOLE),
    st.tuples(st.just("answer"), st.sampled_from(("accept", "reject", "reopen"))),
    st.tuples(st.just("hold"), st.sampled_from(("announced", "other")), WHOLE),
    st.tuples(st.just("release"), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 6)),
)


class TestPromiseProperties(PromiseCommon):
    @LONG_PROPERTY
    @given(st.lists(ACTS, min_size=4, max_size=9))
    def test_the_chased_amount_is_what_is_left(self, acts):
        self.elapsed = 0
        with closing(self.cr.savepoint(flush=False)):
            for act, *values in acts:
                with self._day(self.elapsed):
                    getattr(self, f"_do_{act}")(*values)
                    self.env.flush_all()
                    self._look(self.elapsed)
                    self._check()
        self.env.invalidate_all(flush=False)

    def _check(self):
        item = self.item
        self.assertAlmostEqual(self._get_chased_by_engine(), self._chased())
        self.assertGreaterEqual(self._chased(), 0.0)
        self.assertGreaterEqual(item.amount_promised, 0.0)
        self.assertLessEqual(
            self._chased(),
            item.amount_residual
            - item.amount_promised
            - item.amount_disputed
            - item.amount_held,
        )
        wanted = sum(self.case.promise_ids.mapped("amount_open"))
        free = item.amount_residual - item.amount_credit
        self.assertAlmostEqual(item.amount_promised, min(wanted, free))
        self._check_held(free - item.amount_promised - item.amount_disputed)
        for promise in self.case.promise_ids:
            self._check_promise(promise)

    def _get_chased_by_engine(self):
        self.env.flush_all()
        [[chased]] = self.env.execute_query(
            SQL(
                "SELECT %s FROM collection_item item WHERE item.id = %s",
                self.env["collection.engine"]._get_chased_sql(),
                self.item.id,
            )
        )
        return float(chased)

    def _check_held(self, left):
        """A hold holds all that nothing else does, until its day; then nothing."""
        today = self.today + timedelta(days=self.elapsed)
        in_force = self.case.item_hold_ids.filtered(
            lambda hold: hold.state == "open" and hold.date_until >= today
        )
        self.assertLessEqual(len(in_force), 1)
        self.assertAlmostEqual(self.item.amount_held, left if in_force else 0.0)
        for hold in self.case.item_hold_ids - in_force:
            self.assertNotEqual(hold.state, "open")

    def _check_promise(self, promise):
        self.assertLessEqual(promise.amount_paid, promise.amount)
        self.assertEqual(promise.amount_open > 0, promise.state == "open")
        if promise.state == "open":
            last = promise.date_end + timedelta(days=promise.tolerance_days)
            self.assertGreaterEqual(last, self.today + timedelta(days=self.elapsed))

    # WHAT CAN HAPPEN

    def _do_wait(self, days):
        self.elapsed += days

    def _do_promise(self, amount, days):
        date = self.elapsed + days
        try:
            with self.cr.savepoint():
                self._draft({self.item: amount}, {date: amount}).action_confirm()
        except UserError:
            self.assertTrue(self._is_too_much(amount))

    def _is_too_much(self, amount):
        return self.item.state != "open" or amount > (
            self.item.amount_residual
            - self.item.amount_disputed
            - sum(self.case.promise_ids.mapped("amount_open"))
        )

    def _do_pay(self, amount):
        if self.invoice.amount_residual:
            self._pay(self.invoice, min(amount, self.invoice.amount_residual))

    def _do_credit(self, amount):
        if self.invoice.amount_residual:
            self._match(self.invoice, self._create_credit_note(self.debtor, amount))

    def _do_pay_ahead(self, amount):
        self._create_payment(self.debtor, amount)

    def _do_take_back(self, number):
        partials = self._get_receivable_lines(self.invoice).matched_credit_ids
        partials[number : number + 1].unlink()

    def _do_cancel(self, number):
        promises = self.case.promise_ids.filtered(lambda p: p.state == "open")
        promises[number : number + 1].action_cancel()

    def _do_dispute(self, amount):
        free = self.item._get_free_to_dispute(self.env["collection.dispute.line"])
        if amount <= free:
            self._create_dispute(self.invoice, amount)

    def _do_answer(self, act):
        """Answer the oldest dispute, or reopen the oldest that was accepted."""
        states = ("accepted",) if act == "reopen" else ("open", "review")
        dispute = self.case.dispute_ids.sorted("id").filtered(
            lambda dispute: dispute.state in states
        )[:1]
        if not dispute:
            return
        if act == "reject":
            dispute.write({"answer": "<p>No</p>", "tell_debtor": False})
        try:
            with self.cr.savepoint():
                getattr(dispute, f"action_{act}")()
        except UserError:
            self.assertEqual(act, "reopen")
            self.assertTrue(dispute._get_standing_credit_notes())

    def _do_hold(self, reason, amount):
        try:
            with self.cr.savepoint():
                self._create_hold(self.invoice, reason, amount_announced=amount)
        except UserError:
            self.assertTrue(
                self.item.state != "open" or self.item.hold_ids._get_in_force()
            )

    def _do_release(self, _nothing):
        for hold in self.item.hold_ids._get_in_force():
            hold._cancel("It was a mistake")
