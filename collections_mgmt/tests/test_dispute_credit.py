"""What was accepted is credited, or it is seen that it is not."""

from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.migration import load_script
from odoo.tests import Form
from odoo.tools import file_path

from .dispute_common import (
    COLLECTOR,
    CREDIT_TASK,
    MAKES_CREDIT_NOTES,
    MANAGER,
    DisputeCommon,
)


class TestAcceptedNotCredited(DisputeCommon):
    """Whoever accepts, and whatever becomes of the form: somebody makes the note."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector = cls._create_user("ana")
        cls.accountant = cls._create_user("ben", f"{COLLECTOR},{MAKES_CREDIT_NOTES}")

    def _own(self, user, amount=40.0, **values):
        self.case.agent_id = user
        return self._dispute(amount, user_id=user.id, **values)

    def _find_not_credited(self):
        view = self.env.ref("collections_mgmt.collection_dispute_view_search")
        self.assertIn('name="to_credit"', view.arch)
        return self.env["collection.dispute"].search([("amount_to_credit", ">", 0)])

    def test_the_discarded_form_leaves_a_button_and_a_task(self):
        dispute = self._own(self.accountant)
        action = self._accept(dispute, self.accountant)
        with Form(
            self.env["account.move.reversal"]
            .with_user(self.accountant)
            .with_context(**action["context"])
        ):
            pass  # and discards it
        self.assertEqual(dispute.amount_to_credit, 40.0)
        self.assertEqual(self._find_not_credited(), dispute)
        self.assertEqual(self._tasks(dispute, CREDIT_TASK).user_id, self.accountant)
        again = dispute.with_user(self.accountant)
        self.assertTrue(again.can_credit)
        self.assertEqual(again.action_credit()["context"], action["context"])

    def test_who_makes_no_credit_notes_is_told_who_has_the_task(self):
        self.env.company.collection_credit_user_id = self.accountant
        dispute = self._own(self.collector)
        action = self._accept(dispute, self.collector)
        self.assertEqual(action["tag"], "display_notification")
        self.assertIn("Ben has the task", action["params"]["message"])
        self.assertEqual(dispute.state, "accepted")
        self.assertEqual(self._tasks(dispute, CREDIT_TASK).user_id, self.accountant)
        mine = dispute.with_user(self.collector)
        self.assertFalse(mine.can_credit)
        self.assertEqual(mine.amount_to_credit, 40.0)
        with self.assertRaisesRegex(UserError, "Ben has the task"):
            mine.action_credit()

    def test_without_a_setting_a_manager_who_may_gets_the_task(self):
        helpless = self._create_user("cleo", MANAGER)
        able = self._create_user("dan", f"{MANAGER},{MAKES_CREDIT_NOTES}")
        dispute = self._own(self.collector)
        with patch.object(
            type(self.env.company),
            "_get_collection_managers",
            lambda _company: (helpless | able).filtered("active"),
        ):
            self.assertEqual(dispute._get_creditor(), able)
            able.active = False
            self.assertEqual(dispute._get_creditor(), helpless, "Who finds somebody.")

    def test_only_who_may_credit_is_named_in_the_settings(self):
        blind = self._create_user("eve", f"base.group_user,{MAKES_CREDIT_NOTES}")
        for user in (self.collector, blind):
            with (
                self.subTest(user.name),
                self.assertRaisesRegex(ValidationError, "cannot make credit notes"),
            ):
                self.env.company.collection_credit_user_id = user

    def test_a_credit_note_ends_the_task_and_is_logged(self):
        dispute = self._own(self.accountant)
        self._accept(dispute)
        self._credit(30.0)
        self.assertEqual(dispute.amount_to_credit, 10.0)
        self.assertTrue(self._tasks(dispute, CREDIT_TASK))
        self._credit(10.0)
        self.assertEqual(dispute.amount_to_credit, 0.0)
        self.assertFalse(self._tasks(dispute, CREDIT_TASK))
        self.assertFalse(self._find_not_credited())
        logs = "".join(self.case.message_ids.mapped("body"))
        self.assertIn("Nothing is left to be credited", logs)

    def test_a_credit_note_that_is_taken_back_is_to_be_made_again(self):
        dispute = self._own(self.accountant)
        self._accept(dispute)
        refund = self._credit(40.0)
        refund.button_draft()
        self._end_transaction()
        self.assertEqual(dispute.amount_to_credit, 40.0)
        self.assertTrue(self._tasks(dispute, CREDIT_TASK))
        self.assertEqual(self.item.amount_disputed, 40.0)

    def test_what_is_paid_meanwhile_is_not_to_be_credited(self):
        dispute = self._own(self.accountant)
        self._accept(dispute)
        self._pay(self.invoice, 75.0)
        self._end_transaction()
        self.assertEqual(dispute.amount_to_credit, 25.0)
        self._pay(self.invoice, 25.0)
        self._end_transaction()
        self.assertEqual(dispute.amount_to_credit, 0.0)
        self.assertFalse(self._tasks(dispute, CREDIT_TASK))

    def test_the_task_is_given_once(self):
        dispute = self._own(self.accountant)
        self._accept(dispute)
        self._look(1)
        self._credit(5.0)
        self.assertEqual(len(self._tasks(dispute, CREDIT_TASK)), 1)

    def test_an_open_or_rejected_dispute_is_not_credited(self):
        dispute = self._own(self.accountant, answer="<p>No</p>", tell_debtor=False)
        for close in (None, "action_reject"):
            if close:
                getattr(dispute, close)()
                self._end_transaction()
            self.assertEqual(dispute.amount_to_credit, 0.0)
            with self.assertRaisesRegex(UserError, "Accept the dispute first"):
                dispute.action_credit()

    def test_nobody_enters_what_was_credited(self):
        dispute = self._own(self.collector).with_user(self.collector)
        with self.assertRaisesRegex(UserError, "cannot be edited"):
            dispute.amount_to_credit = 1.0
        for name, value in (
            ("amount_credited", 1.0),
            ("settled_before", {}),
            ("move_id", False),
        ):
            with self.subTest(name), self.assertRaisesRegex(UserError, "the ledger"):
                dispute.line_ids.write({name: value})

    def test_who_answers_accepts_though_the_case_is_anothers(self):
        self.case.agent_id = self.env.user
        for user in (self.collector, self.accountant):
            with self.subTest(user.name):
                dispute = self._dispute(10.0, user_id=user.id)
                self._forget()
                with self.assertRaises(AccessError):
                    self.item.with_user(user).read(["amount_residual"])
                action = self._accept(dispute, user)
                self.assertEqual(dispute.state, "accepted")
                moves = action.get("context", {}).get("active_ids")
                wanted = self.invoice.ids if user == self.accountant else None
                self.assertEqual(moves, wanted)

    def test_the_invoice_of_a_deleted_item_has_nothing_to_credit(self):
        dispute = self._own(self.accountant)
        self._accept(dispute)
        self.invoice.button_draft()
        self.invoice.with_context(force_delete=True).unlink()
        self._end_transaction()
        self.assertEqual(dispute.amount_to_credit, 0.0)
        self.assertFalse(self._tasks(dispute, CREDIT_TASK))


class TestCredited(DisputeCommon):
    """What credit notes took off the disputed items since, each amount once."""

    def _accepted(self, amount, invoice=None, **values):
        dispute = self._dispute(amount, invoice, **values)
        self._accept(dispute)
        return dispute

    def _create_two_halves(self):
        """Return an invoice of 100 in two instalments, and these as items."""
        invoice = self._create_overdue_invoice(
            self.debtor, 3, 100.0, invoice_payment_term_id=self._create_terms().id
        )
        self._plan()
        self._skip_messages()
        return invoice, self._items(invoice)

    def _dispute_items(self, parts):
        dispute = self.env["collection.dispute"].create(
            {
                "case_id": self.case.id,
                "reason_id": self.env.ref(
                    "collections_mgmt.collection_dispute_reason_price"
                ).id,
                "line_ids": [
                    Command.create({"item_id": item.id, "amount": amount})
                    for item, amount in parts.items()
                ],
            }
        )
        self._end_transaction()
        return dispute

    def test_a_credit_note_of_one_instalment_leaves_the_other_disputed(self):
        _invoice, (first, second) = self._create_two_halves()
        dispute = self._dispute_items({first: 50.0, second: 50.0})
        self._accept(dispute)
        refund = self._create_credit_note(self.debtor, 50.0)
        (first.move_line_id | self._get_receivable_lines(refund)).reconcile()
        self._end_transaction()
        self.assertEqual(dispute.line_ids.mapped("amount_credited"), [50.0, 0.0])
        self.assertEqual(second.amount_disputed, 50.0)
        self.assertEqual(dispute.amount_to_credit, 50.0)

    def test_a_credit_note_is_counted_for_one_of_two_disputes(self):
        first = self._accepted(30.0)
        second = self._accepted(40.0)
        self._credit(30.0)
        self.assertEqual(first.amount_to_credit, 0.0)
        self.assertEqual(second.amount_to_credit, 40.0)
        self.assertEqual(self.item.amount_disputed, 40.0)
        self.assertEqual(self._chased(), 30.0)

    def test_who_was_accepted_first_is_credited_first(self):
        late, early = self._dispute(30.0), self._dispute(40.0)
        self._accept(early)
        with self._day(1):
            self._accept(late)
            self._credit(40.0)
        self.assertEqual(early.amount_to_credit, 0.0)
        self.assertEqual(late.amount_to_credit, 30.0)

    def test_a_credit_note_between_objection_and_acceptance_counts(self):
        dispute = self._dispute(40.0)
        self._credit(40.0)
        with self._day(2):
            self._accept(dispute)
        self.assertEqual(dispute.amount_to_credit, 0.0)
        self.assertEqual(self._chased(), 60.0)

    def test_a_credit_note_of_before_the_objection_does_not_count(self):
        self._credit(20.0)
        dispute = self._accepted(40.0)
        self.assertEqual(dispute.amount_to_credit, 40.0)
        self.assertEqual(self._chased(), 40.0)

    def test_a_payment_credits_nothing(self):
        dispute = self._accepted(40.0)
        self._pay(self.invoice, 50.0)
        self._end_transaction()
        self.assertEqual(dispute.amount_to_credit, 40.0)
        self.assertEqual(self._chased(), 10.0)

    def test_what_is_accepted_is_not_disputed_again(self):
        self._accepted(80.0)
        with self.assertRaisesRegex(ValidationError, "Only .*20.00"):
            self._dispute(30.0)

    def test_earlier_disputes_keep_what_was_credited_before_them(self):
        self._credit(20.0)
        with self._day(1):
            dispute = self._dispute(40.0)
        self._credit(40.0)
        before = dispute.line_ids.settled_before
        self.assertEqual(list(before.values()), [2000])
        line = dispute.line_ids
        self._forget()
        # All is of one transaction here: let the past be the past.
        self.cr.execute(
            "UPDATE collection_dispute_line SET settled_before = NULL, create_date ="
            " %s WHERE id = %s",
            [self.today, line.id],
        )
        for number, partial in enumerate(
            self._get_receivable_lines(self.invoice).matched_credit_ids.sorted("id")
        ):
            day = self.today + timedelta(days=2 * number - 1)
            self.cr.execute(
                "UPDATE account_partial_reconcile SET create_date = %s WHERE id = %s",
                [day, partial.id],
            )
        script = file_path("collections_mgmt/migrations/19.0.1.1.0/post-disputes.py")
        load_script(script, "disputes").migrate(self.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual(line.settled_before, before)


class TestLostItems(DisputeCommon):
    """What was disputed stays on record, and stays disputed, whatever happens to the
    journal item."""

    def test_a_deleted_invoice_leaves_what_was_disputed(self):
        dispute = self._dispute(40.0)
        name = self.invoice.name
        self.invoice.button_draft()
        self._end_transaction()
        self.invoice.with_context(force_delete=True).unlink()
        self._end_transaction()
        self.assertRecordValues(
            dispute, [{"amount": 40.0, "has_lost_items": True, "state": "open"}]
        )
        self.assertRecordValues(
            dispute.line_ids,
            [{"item_id": False, "item_name": name, "amount": 40.0}],
        )
        dispute.action_withdraw()
        self.assertEqual(dispute.amount, 40.0)

    def test_other_terms_of_the_invoice_leave_it_disputed(self):
        invoice = self._create_overdue_invoice(
            self.debtor, 3, 100.0, invoice_payment_term_id=self._create_terms().id
        )
        self._plan()
        self._skip_messages()
        items = self._items(invoice)
        dispute = self.env["collection.dispute"].create(
            {
                "case_id": self.case.id,
                "reason_id": self.env.ref(
                    "collections_mgmt.collection_dispute_reason_price"
                ).id,
                "line_ids": [
                    Command.create({"item_id": item.id, "amount": 40.0})
                    for item in items
                ],
            }
        )
        invoice.button_draft()
        self._end_transaction()
        invoice.invoice_payment_term_id = False
        invoice.invoice_date_due = self.today
        invoice.action_post()
        self._end_transaction()
        item = self._items(invoice).filtered(lambda item: item.state == "open")
        self.assertEqual(len(item), 1)
        self.assertIn(False, [bool(line.item_id) for line in dispute.line_ids])
        self.assertEqual(dispute.amount, 80.0)
        self.assertEqual(item.amount_disputed, 80.0)
        self._accept(dispute)
        self._credit(80.0, invoice)
        self.assertEqual(dispute.amount_to_credit, 0.0)
        self.assertEqual(item.amount_disputed, 0.0)

    def test_a_part_without_an_item_is_taken_out_or_left_as_it_is(self):
        other = self._create_overdue_invoice(self.debtor, 8, 20.0)
        self._plan()
        dispute = self._dispute(40.0)
        dispute.line_ids = [Command.create({"item_id": self._items(other).id})]
        self.invoice.button_draft()
        self._end_transaction()
        self.invoice.with_context(force_delete=True).unlink()
        self._end_transaction()
        lost, kept = dispute.line_ids.sorted(lambda line: bool(line.item_id))
        with (
            self.assertRaisesRegex(ValidationError, "take it out of the dispute"),
            self.cr.savepoint(),
        ):
            lost.amount = 10.0
        kept.amount = 10.0
        self.assertEqual(dispute.amount, 50.0)
        dispute.line_ids = [Command.delete(lost.id)]
        self.assertEqual(dispute.amount, 10.0)

    def test_a_part_is_about_an_item(self):
        with self.assertRaisesRegex(ValidationError, "not open in this case"):
            self._dispute(line_ids=[Command.create({"amount": 5.0})])
