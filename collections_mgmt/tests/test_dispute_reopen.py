"""A dispute that was accepted by mistake has a way back, until it is credited."""

import json
from datetime import timedelta

from odoo.exceptions import AccessError, UserError

from .dispute_common import (
    ANSWER_TASK,
    COLLECTOR,
    CREDIT_TASK,
    MANAGER,
    DisputeCommon,
)


class TestReopen(DisputeCommon):
    @classmethod
    def default_env_context(cls):
        # OVERRIDE: the conversation is looked at, too
        return {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls._create_user("ana")
        cls.manager = cls._create_user("max", MANAGER)
        cls.colleague = cls._create_user(
            "cleo", COLLECTOR.replace("collector", "collector_all")
        )

    def _accepted(self, amount=40.0, **values):
        dispute = self._dispute(
            amount, user_id=self.owner.id, tell_debtor=False, **values
        )
        self._accept(dispute, self.owner)
        return dispute

    def _reopen(self, dispute, user):
        self._forget()
        dispute.with_user(user).action_reopen()
        self._end_transaction()

    def test_its_owner_and_a_manager_reopen_it(self):
        for user in (self.owner, self.manager):
            with self.subTest(user.name):
                dispute = self._accepted(10.0)
                self.assertTrue(dispute.with_user(user).can_reopen)
                self._reopen(dispute, user)
                self.assertRecordValues(
                    dispute,
                    [{"state": "review", "date_closed": False, "cycle_days": 0}],
                )
                self.assertFalse(dispute.with_user(user).can_reopen)

    def test_nobody_else_reopens_it(self):
        dispute = self._accepted()
        self.assertFalse(dispute.with_user(self.colleague).can_reopen)
        with self.assertRaisesRegex(UserError, "ask Ana"):
            dispute.with_user(self.colleague).action_reopen()
        viewer = self._create_user(
            "vic", "base.group_user,collections_mgmt.group_collection_viewer"
        )
        with self.assertRaises(AccessError):
            dispute.with_user(viewer).action_reopen()
        self.assertEqual(dispute.state, "accepted")

    def test_only_what_was_accepted_is_reopened(self):
        dispute = self._dispute(answer="<p>No</p>", tell_debtor=False)
        for act in ("action_review", "action_reject"):
            getattr(dispute, act)()
            with self.subTest(act), self.assertRaisesRegex(UserError, "record a new"):
                dispute.action_reopen()

    def test_it_stays_out_of_the_dunning_until_it_is_answered_anew(self):
        dispute = self._accepted()
        self.assertEqual(self._chased(), 60.0)
        self._reopen(dispute, self.owner)
        self.assertEqual(self._chased(), 60.0)
        mine = dispute.with_user(self.owner)
        mine.answer = "<p>The price was agreed on.</p>"
        mine.action_reject()
        self._end_transaction()
        self.assertEqual(self._chased(), 100.0)
        self.assertNotEqual(self.case.decision, "disputed")

    def test_the_task_to_credit_makes_room_for_the_task_to_answer(self):
        dispute = self._accepted()
        self.assertTrue(self._tasks(dispute, CREDIT_TASK))
        self._reopen(dispute, self.manager)
        self.assertEqual(dispute.amount_to_credit, 0.0)
        self.assertFalse(self._tasks(dispute, CREDIT_TASK))
        self.assertRecordValues(
            self._tasks(dispute, ANSWER_TASK),
            [{"user_id": self.owner.id, "date_deadline": dispute.date_deadline}],
        )

    def test_what_was_said_before_stays_on_record_but_is_not_said_again(self):
        dispute = self._accepted(answer="<p>You are right.</p>")
        with self._day(2):
            self._reopen(dispute, self.manager)
        self.assertFalse(dispute.answer)
        self.assertIn(
            "until now: You are right.", "".join(dispute.message_ids.mapped("body"))
        )
        note = self.case.message_ids.filtered(lambda m: "is reopened" in m.body)
        self.assertEqual(note.author_id, self.manager.partner_id)
        self.assertIn("accepted on 03/16/2026, is reopened", note.body)
        self.assertIn("is reopened", str(self.case._get_course()))
        mine = dispute.with_user(self.owner)
        with self.assertRaisesRegex(UserError, "Write the answer first"):
            mine.action_reject()

    def test_that_it_was_reopened_is_evidence(self):
        contact = self._contact()
        dispute = self._accepted(contact_id=contact.id, answer="<p>You are right.</p>")
        self._reopen(dispute, self.manager)
        events = self.env["collection.contact.event"].search(
            [("contact_id", "=", contact.id)], order="id"
        )
        self.assertEqual(
            events.mapped("kind"), ["disputed", "dispute_closed", "dispute_reopened"]
        )
        self.assertEqual(json.loads(events[-1].payload)["dispute"], dispute.id)
        content = self.env["collection.contact.content"].search(
            [("event_id", "=", events[-1].id)]
        )
        self.assertEqual(content._get_words()["text"], "You are right.")

    # CREDITED

    def test_a_posted_credit_note_is_reset_first(self):
        dispute = self._accepted()
        refund = self._credit(40.0)
        with self.assertRaisesRegex(UserError, f"{refund.name} credits .* to draft"):
            self._reopen(dispute, self.manager)
        self.assertEqual(dispute.state, "accepted")
        refund.button_draft()
        self._end_transaction()
        self._reopen(dispute, self.manager)
        self.assertEqual(dispute.state, "review")
        self.assertEqual(self.item.amount_disputed, 40.0)

    def test_a_posted_credit_note_that_is_not_matched_yet_stands_too(self):
        dispute = self._accepted()
        refund = self._create_credit_note(self.debtor, 40.0)
        refund.reversed_entry_id = self.invoice
        self._end_transaction()
        with self.assertRaisesRegex(UserError, refund.name):
            self._reopen(dispute, self.manager)

    def test_a_credit_note_of_before_the_objection_or_a_payment_hinders_nothing(self):
        self._credit(20.0)
        dispute = self._accepted()
        self._pay(self.invoice, 30.0)
        self._end_transaction()
        self._reopen(dispute, self.manager)
        self.assertEqual(dispute.state, "review")
        self.assertEqual(self._chased(), 10.0)

    def test_the_credit_note_of_another_dispute_hinders_nothing(self):
        credited = self._accepted(30.0)
        with self._day(1):
            dispute = self._accepted(20.0)
            self._credit(30.0)
        self.assertEqual(credited.amount_to_credit, 0.0)
        self._reopen(dispute, self.manager)
        self.assertRecordValues(
            credited | dispute, [{"state": "accepted"}, {"state": "review"}]
        )

    def test_what_is_accepted_again_is_credited_as_the_first_time(self):
        dispute = self._accepted()
        self._reopen(dispute, self.owner)
        with self._day(3):
            self._accept(dispute, self.owner)
            self.assertEqual(dispute.amount_to_credit, 40.0)
            self._credit(40.0)
        self.assertEqual(dispute.amount_to_credit, 0.0)
        self.assertEqual(dispute.date_closed, self.today + timedelta(days=3))
