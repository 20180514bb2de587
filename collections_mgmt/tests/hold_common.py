"""A debtor with an invoice of 100, and what can be held of it."""

from contextlib import contextmanager

from .promise_common import PromiseCommon


class HoldCommon(PromiseCommon):
    def _hold(self, reason="document", invoice=None, **values):
        hold = self._create_hold(invoice or self.invoice, reason, **values)
        self._end_transaction()
        return hold

    def _announce(self, invoice=None, **values):
        """Record that the debtor says it is paid; it is held for five days."""
        return self._hold("announced", invoice, **values)

    @contextmanager
    def _refused(self, error, sentence):
        """Expect an error, and take back what was done before it, as a client sees."""
        with self.assertRaisesRegex(error, sentence), self.env.cr.savepoint():
            yield

    def _decision(self):
        self._end_transaction()
        self.case.invalidate_recordset()
        return self.case.decision
