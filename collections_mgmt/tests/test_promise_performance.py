"""Promises cost the same statements for any number, and nothing where none are."""

from ..models.collection_engine import Scope
from .promise_common import PromiseCommon


class TestPromisePerformance(PromiseCommon):
    def _create_books(self, name, count):
        """Create debtors with an invoice each that they promise to pay."""
        moves = self.env["account.move"]
        for number in range(count):
            debtor = self._create_debtor(f"{name} {number}")
            moves |= self._create_overdue_invoice(debtor, 3)
        self._plan()
        for move in moves:
            self._create_promise(move).action_confirm()
        self._end_transaction()
        return moves

    def _count(self, act):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        act()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def _count_verdicts(self, days):
        with self._day(days):
            today = self.today.replace(day=self.today.day + days)
            scope = Scope(self.env.company, today)
            engine = self.env["collection.engine"].sudo()
            return self._count(lambda: engine._judge_promises(scope))

    def test_verdicts_take_the_same_statements_for_any_number(self):
        self._create_books("Few", 2)
        few = self._count_verdicts(0)
        moves = self._create_books("Many", 12)
        for move in moves[:6]:
            self._pay(move)
        self.assertEqual(self._count_verdicts(0), few)
        self.assertLessEqual(few, 6)
        self.assertEqual(self._count_verdicts(9), few, "All are broken.")

    def test_a_payment_of_somebody_without_promises_costs_nothing_more(self):
        invoices = [self._create_overdue_invoice(self.debtor, 3) for _n in range(3)]
        self._plan()

        def pay(invoice):
            self._pay(invoice)
            self.cr.flush()

        self._count(lambda: pay(invoices[0]))  # fills the caches
        before = self._count(lambda: pay(invoices[1]))
        self._create_books("Others", 3)
        self.assertLessEqual(self._count(lambda: pay(invoices[2])), before)
