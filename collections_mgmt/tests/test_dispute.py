from contextlib import contextmanager
from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user

from .promise_common import PromiseCommon

COLLECTOR = "base.group_user,collections_mgmt.group_collection_collector"


class TestDispute(PromiseCommon):
    """Only what is contested leaves the dunning; an answer brings it back."""

    def _dispute(self, amount=None, **values):
        dispute = self._create_dispute(self.invoice, amount, **values)
        self._end_transaction()
        return dispute

    @contextmanager
    def _refused(self, error, sentence):
        """Expect an error, and take back what was done before it, as a client sees."""
        with self.assertRaisesRegex(error, sentence), self.env.cr.savepoint():
            yield

    def _decide_again(self):
        self._end_transaction()
        self.case.invalidate_recordset()
        return self.case.decision

    def test_what_is_contested_is_not_asked_for(self):
        self._dispute(30.0)
        self.assertEqual(self.item.amount_disputed, 30.0)
        self.assertEqual(self._chased(), 70.0)
        self.assertNotEqual(self.case.decision, "disputed")

    def test_all_of_it_contested_is_the_decision(self):
        self._dispute()
        self.assertEqual(self._chased(), 0.0)
        self.assertEqual(self.case.decision, "disputed")
        self._plan()
        self.assertFalse(self._contacts(self.debtor))

    def test_a_rejected_or_withdrawn_dispute_returns_to_its_stage(self):
        for close in ("action_reject", "action_withdraw"):
            dispute = self._dispute(answer="<p>No</p>", tell_debtor=False)
            self.assertEqual(self.case.decision, "disputed")
            getattr(dispute, close)()
            self.assertNotEqual(self._decide_again(), "disputed")
            self.assertEqual(self._chased(), 100.0)

    def test_an_accepted_dispute_stays_out_until_it_is_credited(self):
        dispute = self._dispute(40.0)
        action = dispute.action_accept()
        self.assertEqual(action["res_model"], "account.move.reversal")
        self._end_transaction()
        self.assertEqual(self._chased(), 60.0)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(**action["context"])
            .create({"journal_id": self.invoice.journal_id.id})
        )
        refund = self.env["account.move"].browse(wizard.reverse_moves()["res_id"])
        refund.invoice_line_ids.price_unit = 40.0
        refund.action_post()
        (refund | self.invoice).line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).reconcile()
        self._end_transaction()
        self.assertEqual(self.item.amount_residual, 60.0)
        self.assertEqual(self.item.amount_disputed, 0.0)
        self.assertEqual(self._chased(), 60.0)

    def test_a_rejection_needs_an_answer_and_the_debtor_reads_it(self):
        dispute = self._dispute()
        with self._refused(UserError, "Write the answer"):
            dispute.action_reject()
        dispute.answer = "<p>The price was agreed on in March.</p>"
        with self.mock_mail_gateway():
            dispute.action_reject()
            self._end_transaction()
        message = self.case.message_ids.filtered(
            lambda m: "agreed on in March" in (m.body or "")
        )
        self.assertEqual(message.partner_ids, self.debtor)
        contact = self._contacts(self.debtor).sudo()[-1:]
        self.assertEqual((contact.channel, contact.state), ("email", "sent"))

    def test_who_has_no_email_address_is_told_by_a_person(self):
        self.debtor.email = False
        dispute = self._dispute(answer="<p>The price was agreed on in March.</p>")
        with self.mock_mail_gateway():
            dispute.action_reject()
            self._end_transaction()
        task = self.case.activity_ids
        self.assertIn("by letter or phone", task.summary)
        self.assertIn("agreed on in March", task.note)
        self.assertFalse(self._contacts(self.debtor))

    def test_nobody_has_to_tell_what_is_not_to_be_told(self):
        self.debtor.email = False
        self._dispute(answer="<p>No</p>", tell_debtor=False).action_reject()
        self.assertFalse(self.case.activity_ids)

    def test_a_payment_meanwhile_lowers_what_is_contested(self):
        self._dispute(80.0)
        self._pay(self.invoice, 50.0)
        self._end_transaction()
        self.assertEqual(self.item.amount_disputed, 50.0)
        self.assertEqual(self._chased(), 0.0)

    def test_a_promise_and_a_dispute_never_hold_back_more_than_is_open(self):
        self._promise(60.0)
        self._dispute(70.0)
        self.assertEqual(self.item.amount_promised, 60.0)
        self.assertEqual(self.item.amount_disputed, 40.0)
        self.assertEqual(self._chased(), 0.0)

    def test_bad_disputes_are_refused_with_a_sentence(self):
        with self._refused(ValidationError, "Only .*100.00"):
            self._dispute(130.0)
        with self._refused(UserError, "Name the items"):
            self._dispute(line_ids=[])
        self._dispute(60.0)
        with self._refused(ValidationError, "Only .*40.00"):
            self._dispute(50.0)

    def test_what_had_effect_stays_on_record(self):
        dispute = self._dispute()
        with self._refused(UserError, "stays on record"):
            dispute.unlink()
        dispute.action_withdraw()
        for values in ({"reason_id": dispute.reason_id.id}, {"line_ids": []}):
            with self._refused(UserError, "cannot be edited"):
                dispute.write(values)
        with self._refused(UserError, "closed"):
            dispute.line_ids.amount = 1.0
        with self._refused(UserError, "buttons"):
            dispute.write({"state": "open"})

    def test_who_answers_and_until_when_come_from_the_reason(self):
        owner = new_test_user(self.env, login="quality", groups=COLLECTOR)
        reason = self.env["collection.dispute.reason"].create(
            {"name": "Broken", "days": 4, "user_id": owner.id}
        )
        dispute = self._dispute(reason_id=reason.id)
        self.assertEqual(dispute.user_id, owner)
        self.assertEqual(dispute.date_deadline, self.today + timedelta(days=4))
        self.assertEqual(dispute.activity_ids.user_id, owner)
        with self._day(3):
            dispute.action_withdraw()
        self.assertEqual(dispute.cycle_days, 3)
        self.assertFalse(dispute.activity_ids)

    def test_the_form_of_the_case_begins_with_all_that_is_open(self):
        other = self._create_overdue_invoice(self.debtor, 8, 20.0)
        self._plan()
        action = self.case.action_register_dispute()
        form = Form(
            self.env["collection.dispute"].with_context(**action["context"]),
            view=action["views"][0][0],
        )
        form.reason_id = self.env.ref(
            "collections_mgmt.collection_dispute_reason_quality"
        )
        dispute = form.save()
        self.assertEqual(dispute.line_ids.item_id.move_id, self.invoice | other)
        self.assertEqual(dispute.amount, 120.0)

    def test_disputes_of_other_portfolios_are_closed_to_a_collector(self):
        dispute = self._dispute()
        self.case.agent_id = self.user
        collector = new_test_user(
            self.env,
            login="dispute_collector",
            groups=COLLECTOR,
            company_id=self.env.company.id,
        )
        self.env.flush_all()
        for act in (
            lambda d: d.read(["amount"]),
            lambda d: d.action_withdraw(),
            lambda d: d.line_ids.write({"amount": 1.0}),
        ):
            self.env.invalidate_all()
            with self.assertRaises(AccessError):
                act(dispute.with_user(collector))
        dispute.user_id = collector
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(dispute.with_user(collector).amount, 100.0)

    def test_somebody_looks_into_it(self):
        dispute = self._dispute()
        self.assertTrue(dispute.action_review())
        self.assertEqual(dispute.state, "review")
        self.assertEqual(self._decide_again(), "disputed")
        self.assertTrue(dispute.activity_ids, "It is not answered yet.")
        dispute.action_withdraw()
        with self._refused(UserError, "is closed"):
            dispute.action_review()

    def test_a_closed_dispute_is_not_closed_again(self):
        for close in ("action_accept", "action_reject", "action_withdraw"):
            dispute = self._dispute(10.0, answer="<p>No</p>", tell_debtor=False)
            getattr(dispute, close)()
            state = dispute.state
            for again in ("action_accept", "action_reject", "action_withdraw"):
                with self.subTest(close, again=again):
                    with self._refused(UserError, "is closed"):
                        getattr(dispute, again)()
                    self.assertEqual(dispute.state, state)

    def test_what_is_paid_is_not_disputed(self):
        self._pay(self.invoice)
        self._end_transaction()
        with self._refused(ValidationError, "is not open in this case any more"):
            self._dispute(10.0)

    def test_what_another_debtor_owes_is_not_disputed(self):
        other = self._create_overdue_invoice(self._create_debtor("Bolt"), 5)
        self._plan()
        lines = [Command.create({"item_id": self._items(other).id, "amount": 5.0})]
        with self._refused(ValidationError, "is not open in this case"):
            self._dispute(line_ids=lines)

    def test_who_answers_another_portfolios_dispute_does_so_to_the_end(self):
        owner = new_test_user(
            self.env,
            login="dispute_owner",
            groups=COLLECTOR,
            company_id=self.env.company.id,
        )
        self.case.agent_id = self.user
        for close in ("action_accept", "action_reject", "action_withdraw"):
            dispute = self._dispute(10.0, user_id=owner.id, tell_debtor=False)
            self.env.invalidate_all()
            as_owner = dispute.with_user(owner)
            with self.subTest(close):
                as_owner.action_review()
                as_owner.answer = "<p>We looked into it.</p>"
                as_owner.line_ids.amount = 9.0
                getattr(as_owner, close)()
                self.env.flush_all()
                self.assertFalse(dispute.activity_ids)
                self.assertEqual(dispute.date_closed, self.today)

    def test_a_dispute_of_another_currency_counts_in_ours(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "name": self.today - timedelta(days=60),
                "rate": 0.5,
                "company_id": self.env.company.id,
            }
        )
        move = self._create_overdue_invoice(self.debtor, 5, 100.0, currency_id=euro.id)
        self._plan()
        item = self._items(move)
        dispute = self.env["collection.dispute"].create(
            {
                "case_id": self.case.id,
                "reason_id": self.env.ref(
                    "collections_mgmt.collection_dispute_reason_price"
                ).id,
                "line_ids": [Command.create({"item_id": item.id, "amount": 25.0})],
            }
        )
        self._end_transaction()
        self.assertEqual(dispute.amount, 50.0)
        self.assertEqual(item.amount_disputed, 50.0)
