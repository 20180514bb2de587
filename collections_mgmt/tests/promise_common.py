"""A debtor with an invoice of 100, three days late, and ways to promise and to pay."""

from datetime import timedelta

from odoo import Command

from .common import CollectionCommon


class PromiseCommon(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls.invoice = cls._create_overdue_invoice(cls.debtor, 3, 100.0)
        cls.env.company.write(
            {
                "collection_promise_tolerance_days": 2,
                "collection_promise_max_count": 0,
                "collection_promise_max_days": 0,
            }
        )

    def setUp(self):
        super().setUp()
        self._plan()
        self._skip_messages()
        self.case = self._case(self.debtor)
        self.item = self._items(self.invoice)

    def _skip_messages(self):
        """Take the messages of the first run out of the way; nobody was contacted."""
        # In sudo: contacts are the engine's own.
        contacts_sudo = self.env["collection.contact"].sudo()
        contacts_sudo.search([("state", "=", "planned")]).unlink()

    def _draft(self, parts, dates, **values):
        """Create a draft.

        :param dict parts: {item: amount}
        :param dict dates: {days from today: amount}
        """
        items = self.env["collection.item"].union(*parts)  # in the order given
        return self.env["collection.promise"].create(
            {
                "case_id": items[0].case_id.id,
                "currency_id": items[0].currency_id.id,
                "line_ids": [
                    Command.create({"item_id": item.id, "amount": amount})
                    for item, amount in parts.items()
                ],
                "instalment_ids": [
                    Command.create(
                        {"date": self.today + timedelta(days=days), "amount": amount}
                    )
                    for days, amount in dates.items()
                ],
                **values,
            }
        )

    def _promise(self, amount=100.0, days=4, item=None, **values):
        """Make a promise about one item that is in force."""
        promise = self._draft({item or self.item: amount}, {days: amount}, **values)
        promise.action_confirm()
        self._end_transaction()
        return promise

    def _pay_on(self, days, amount=None, invoice=None):
        """Register a payment ``days`` from today, on that day."""
        with self._day(days):
            payment = self._pay(invoice or self.invoice, amount)
            self._end_transaction()
        return payment

    def _look(self, days):
        """Let the daily job look at the books ``days`` from today."""
        with self._day(days):
            self.env["collection.engine"].sudo()._follow(self.env.company)
            self._end_transaction()

    def _chased(self, item=None):
        """Return what is left to chase of an item, in company currency."""
        item = item or self.item
        return (
            item.amount_residual
            - item.amount_credit
            - item.amount_promised
            - item.amount_disputed
            - item.amount_held
        )
