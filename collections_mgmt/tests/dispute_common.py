"""A dispute about the invoice of 100, people who may credit it, and credit notes."""

from odoo import Command
from odoo.tests import new_test_user

from .promise_common import PromiseCommon

COLLECTOR = "base.group_user,collections_mgmt.group_collection_collector"
MANAGER = "base.group_user,collections_mgmt.group_collection_manager"
MAKES_CREDIT_NOTES = "account.group_account_invoice"
ANSWER_TASK = "collections_mgmt.mail_activity_type_dispute"
CREDIT_TASK = "collections_mgmt.mail_activity_type_credit"


class DisputeCommon(PromiseCommon):
    @classmethod
    def _create_user(cls, login, groups=COLLECTOR):
        return new_test_user(
            cls.env,
            login=login,
            name=login.title(),
            groups=groups,
            company_id=cls.env.company.id,
        )

    @classmethod
    def _create_terms(cls):
        """Create the terms of payment in two halves."""
        half = {"value": "percent", "value_amount": 50.0}
        return cls.env["account.payment.term"].create(
            {
                "name": "Two halves",
                "line_ids": [
                    Command.create({**half, "nb_days": days}) for days in (0, 10)
                ],
            }
        )

    def _dispute(self, amount=None, invoice=None, **values):
        dispute = self._create_dispute(invoice or self.invoice, amount, **values)
        self._end_transaction()
        return dispute

    def _accept(self, dispute, user=None):
        """Accept as a user does; return the action, when the transaction has ended."""
        self._forget()
        action = dispute.with_user(user or self.env.user).action_accept()
        self._end_transaction()
        return action

    def _forget(self):
        self.env.flush_all()
        self.env.invalidate_all()

    def _credit(self, amount, *invoices):
        """Post a credit note without a link to the invoice, and match it."""
        refund = self._create_credit_note(self.debtor, amount)
        self._match(*(invoices or (self.invoice,)), refund)
        self._end_transaction()
        return refund

    def _contact(self, **values):
        # In sudo: contacts are the engine's own.
        contacts_sudo = self.env["collection.contact"].sudo()
        return contacts_sudo.create(
            {
                "case_id": self.case.id,
                "partner_id": self.debtor.id,
                "company_id": self.env.company.id,
                "channel": "call",
                "state": "sent",
                "date_planned": self.today,
                **values,
            }
        )

    def _tasks(self, dispute, xmlid):
        activity_type = self.env.ref(xmlid)
        return dispute.activity_ids.filtered(
            lambda activity: activity.activity_type_id == activity_type
        )
