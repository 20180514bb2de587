"""What becomes of promises and holds is evidence, wherever there is a contact."""

import json
from datetime import timedelta

from .hold_common import HoldCommon


class AgreementEvidenceCommon(HoldCommon):
    def setUp(self):
        super().setUp()
        self._plan()
        self._deliver()
        self._send_mails()
        self.contact = self._contacts(self.debtor)

    def _events(self, start):
        """Return [(kind, facts)] of the contact, those whose kind starts so."""
        self._end_transaction()
        return [
            (event.kind, json.loads(event.payload))
            for event in self.contact.event_ids.sorted("id")
            if event.kind.startswith(start)
        ]

    def _kinds(self, start):
        return [kind for kind, _facts in self._events(start)]


class TestPromiseEvidence(AgreementEvidenceCommon):
    def test_without_a_named_contact_the_last_one_bears_it_and_says_so(self):
        promise = self._promise()
        [(kind, facts)] = self._events("promise")
        self.assertEqual((kind, facts["promise"]), ("promised", promise.id))
        self.assertTrue(facts["is_last_contact"])

    def test_a_named_contact_bears_it_without_more(self):
        self._promise(contact_id=self.contact.id)
        self.assertNotIn("is_last_contact", self._events("promise")[0][1])

    def test_a_case_without_any_contact_tells_it_in_its_log_alone(self):
        other = self._create_debtor("Bolt")
        move = self._create_overdue_invoice(other, 3, 50.0)
        self._plan()
        self._skip_messages()
        promise = self._promise(50.0, item=self._items(move))
        self.assertFalse(self._contacts(other))
        self.assertIn("promised", str(promise.case_id.message_ids[0].body))

    def test_cancelling_is_noted_for_what_had_effect(self):
        self._draft({self.item: 10.0}, {4: 10.0}).action_cancel()
        self.assertEqual(self._kinds("promise"), [])
        self._promise().action_cancel()
        self.assertEqual(self._kinds("promise"), ["promised", "promise_cancelled"])

    def test_replacing_is_noted_with_what_replaces_it(self):
        old = self._promise()
        new = self._draft({self.item: 100.0}, {8: 100.0})
        new.sudo().replaces_id = old
        new.action_confirm()
        [facts] = [f for kind, f in self._events("promise") if kind.endswith("placed")]
        self.assertEqual((facts["promise"], facts["replaced_by"]), (old.id, new.id))

    def test_a_credit_note_settles_it(self):
        self._promise()
        refund = self._create_credit_note(self.debtor, 100.0)
        self._match(self.invoice, refund)
        self.assertEqual(self._kinds("promise"), ["promised", "promise_settled"])

    def test_a_payment_that_is_returned_opens_it_again(self):
        self._promise()
        payment = self._pay_on(1)
        with self._day(2):
            payment.action_draft()
            self.invoice.line_ids.remove_move_reconcile()
            self._end_transaction()
        self._look(9)
        self.assertEqual(
            self._kinds("promise"),
            ["promised", "promise_kept", "promise_reopened", "promise_broken"],
        )


class TestHoldEvidence(AgreementEvidenceCommon):
    def test_a_hold_its_prolonging_and_its_cancelling_are_noted(self):
        hold = self._hold()
        hold._prolong(self.today + timedelta(days=20), "They asked")
        hold._cancel("It came")
        self.assertEqual(self._kinds("h"), ["held", "hold_prolonged", "hold_cancelled"])

    def test_how_it_ended_is_noted(self):
        self._hold(date_until=self.today + timedelta(days=2))
        self._look(3)
        self.assertEqual(self._kinds("hold_"), ["hold_ended"])

    def test_money_that_did_not_come_is_noted(self):
        hold = self._announce()
        self._look(6)
        [(kind, facts)] = self._events("hold_")
        self.assertEqual((kind, facts["hold"]), ("hold_missed", hold.id))

    def test_what_settled_it_is_noted(self):
        self._hold()
        self._pay_on(1)
        [(kind, facts)] = self._events("hold_")
        self.assertEqual((kind, facts["by"]), ("hold_settled", "payment"))
