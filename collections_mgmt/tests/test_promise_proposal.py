"""The proposal of a plan: sent, read, accepted once, with proof."""

import hashlib
import json
import re
from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import HttpCase

from .test_promise_plan import PlanCommon

ROUTE = re.compile(r"/collections/plan/\d+/\w+")


class ProposalCommon(PlanCommon):
    def _send(self, **values):
        """Make a plan, send its proposal, and return plan and contact."""
        plan = self._make(**values)
        plan.action_send_proposal()
        self._deliver()
        self._send_mails()
        return plan, plan.proposal_contact_id


class TestProposal(ProposalCommon):
    def test_it_leaves_as_a_message_through_the_gate_with_the_plan_as_a_file(self):
        plan, contact = self._send()
        self.assertRecordValues(
            contact, [{"state": "sent", "verdict": "allow", "promise_id": plan.id}]
        )
        self.assertTrue(ROUTE.search(contact.body))
        self.assertTrue(contact.attachment_ids.name.startswith("Payment plan"))
        self.assertEqual(contact.attachment_ids.mimetype, "application/pdf")
        self.assertEqual(self._chased(), 100.0, "Nobody has accepted it yet.")

    def test_the_gate_can_stop_it(self):
        self.env["collection.hold"].create({"partner_id": self.debtor.id})
        _plan, contact = self._send()
        self.assertEqual(contact.state, "blocked")

    def test_it_answers_a_debtor_who_wrote(self):
        self.case.sudo().reply_date = self.today
        _plan, contact = self._send()
        self.assertEqual(contact.state, "sent")

    def test_it_says_what_the_plan_is(self):
        self.env.company.write(
            {
                "collection_plan_terms": "Paid at our <office>.",
                "collection_plan_default_clause": "Then all is due.",
            }
        )
        plan, _contact = self._send(interest_rate=36.5)
        for words in (
            "Creditor Ltd",
            "Acme",
            self.invoice.name,
            "03/20/2026",
            "04/10/2026",
            "$\xa025.00",
            "Interest, invoiced apart",
            "36.5",
            "Paid at our &lt;office&gt;.",
            "Then all is due.",
            "can be accepted until",
        ):
            with self.subTest(words):
                self.assertIn(words, plan.proposal_text)
        self.assertEqual(
            plan.proposal_hash, hashlib.sha256(plan.proposal_text.encode()).hexdigest()
        )

    def test_what_it_says_of_grace_days_holds_whatever_the_settings_say_later(self):
        plan, _contact = self._send()
        self.assertIn("within 3 days", plan.proposal_text)
        self.env.company.collection_plan_grace_days = 0
        plan.sudo()._accept("Ann Lee", "192.0.2.7", "Browser")
        self.assertEqual((plan.state, plan.tolerance_days), ("open", 3))

    def test_a_plan_that_was_changed_gets_the_grace_days_of_the_day(self):
        plan, _contact = self._send()
        self.env.company.collection_plan_grace_days = 5
        plan.instalment_ids.sorted("date")[-1].date = self.today.replace(month=12)
        plan.action_send_proposal()
        self.assertIn("within 5 days", plan.proposal_text)

    def test_its_interest_is_of_the_dates_it_says(self):
        plan = self._make(interest_rate=36.5, count=2)
        # 0.1% a day: of 100 for four days, then of 50 for seven, then for fourteen
        self.assertEqual(plan.amount_interest, 0.75)
        last = plan.instalment_ids.sorted("date")[-1]
        last.date += timedelta(days=7)
        plan.action_send_proposal()
        self.assertEqual(last.interest, 0.7)
        self.assertIn("1.10", plan.proposal_text)

    def test_a_debtor_without_address_cannot_be_sent_one(self):
        self.debtor.email = False
        with self.assertRaises(UserError) as refusal:
            self._make().action_send_proposal()
        self.assertIn("no e-mail address", str(refusal.exception))

    def test_only_drafts_of_plans_are_proposed(self):
        plan = self._make()
        plan.action_confirm()
        for promise in (plan, self._draft({self.item: 1.0}, {4: 1.0})):
            with self.assertRaises(UserError):
                promise.action_send_proposal()

    def test_what_cannot_hold_is_not_proposed(self):
        self._make().action_confirm()
        with self.assertRaises(UserError):
            self._make(amount=100.0).action_send_proposal()

    def test_a_changed_plan_takes_its_proposal_back_before_it_leaves(self):
        plan = self._make()
        plan.action_send_proposal()
        contact = plan.proposal_contact_id
        plan.instalment_ids.sorted("date")[-1].date = self.today.replace(month=12)
        self._deliver()
        self.assertEqual(contact.state, "dropped")
        self.assertFalse(plan.proposal_hash)

    def test_what_was_proposed_is_not_deleted(self):
        plan, _contact = self._send()
        with self.assertRaises(UserError) as refusal:
            plan.unlink()
        self.assertIn("Cancel it instead", str(refusal.exception))
        plan.action_cancel()
        self.assertEqual(plan.state, "cancelled")

    def test_erasing_personal_data_erases_who_accepted(self):
        plan, _contact = self._send()
        plan.sudo()._accept("Ann Lee", "192.0.2.7", "Browser")
        plan.case_id.sudo()._erase_conversation()
        self.assertFalse(plan.accepted_name or plan.accepted_ip or plan.proposal_text)


class TestAcceptance(ProposalCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.plan, self.contact = self._send()
        self.path = ROUTE.search(self.contact.body).group()

    def _visit(self, path=None, **data):
        response = self.url_open(path or self.path, data=data or None)
        self.env.invalidate_all()
        return response

    def test_looking_changes_nothing(self):
        response = self._visit()
        self.assertEqual(response.status_code, 200)
        self.assertIn(self.invoice.name, response.text)
        self.assertIn("<form", response.text)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(self.plan.state, "draft")

    def test_accepting_brings_it_into_force_and_is_kept_as_evidence(self):
        response = self._visit(name=" Ann  Lee ", agreed="1")
        self.assertIn("The plan is accepted", response.text)
        self._end_transaction()
        self.assertRecordValues(
            self.plan, [{"state": "open", "accepted_name": "Ann Lee"}]
        )
        self.assertTrue(self.plan.accepted_date and self.plan.accepted_ip)
        self.assertEqual(self.item.amount_promised, 100.0)
        [event] = self.contact.event_ids.filtered(lambda e: e.kind == "accepted")
        self.assertEqual(
            json.loads(event.payload)["text_sha256"], self.plan.proposal_hash
        )
        self.assertNotIn("Ann", event.payload)
        content = self.env["collection.contact.content"].search(
            [("event_id", "=", event.id)]
        )
        words = content._get_words()
        self.assertEqual(words["name"], "Ann Lee")
        self.assertEqual(words["ip"], self.plan.accepted_ip)
        self.assertEqual(words["text"], self.plan.proposal_text)

    def test_it_is_accepted_once(self):
        self._visit(name="Ann Lee", agreed="1")
        response = self._visit(name="Mallory", agreed="1")
        self.assertIn("Ann Lee", response.text)
        self.assertEqual(self.plan.accepted_name, "Ann Lee")
        events = self.contact.event_ids.filtered(lambda e: e.kind == "accepted")
        self.assertEqual(len(events), 1)

    def test_a_name_and_a_tick_are_needed(self):
        for data in ({"name": "Ann"}, {"agreed": "1"}, {"name": "  ", "agreed": "1"}):
            with self.subTest(**data):
                response = self._visit(**data)
                self.assertIn("Write your name", response.text)
                self.assertEqual(self.plan.state, "draft")

    def test_names_are_escaped(self):
        response = self._visit(name="<script>alert(1)</script>", agreed="1")
        self.assertNotIn("<script>alert", response.text)
        bodies = " ".join(self.case.message_ids.mapped("body"))
        self.assertNotIn("<script>alert", bodies)

    def test_a_forged_link_shows_nothing(self):
        forged = self.path[:-4] + "0000"
        for path in (forged, self.path.replace(str(self.contact.id), "99999999")):
            response = self._visit(path, name="Ann", agreed="1")
            self.assertEqual(response.status_code, 404)
            self.assertNotIn(self.invoice.name, response.text)
        self.assertEqual(self.plan.state, "draft")

    def test_the_link_to_a_plan_confirmed_by_hand_says_that_it_is_in_force(self):
        self.plan.action_confirm()
        self._end_transaction()
        response = self._visit()
        self.assertIn("is in force", response.text)
        self.assertNotIn("its time is over", response.text)
        self.assertNotIn("<form", response.text)

    def test_the_link_ends_with_the_proposal(self):
        self.plan.sudo().date_valid = self.today.replace(day=1)
        response = self._visit(name="Ann", agreed="1")
        self.assertIn("cannot be accepted any more", response.text)
        self.assertNotIn("<form", response.text)
        self.assertEqual(self.plan.state, "draft")

    def test_the_link_is_to_these_words_alone(self):
        self.plan.instalment_ids.sorted("date")[-1].date = self.today.replace(month=12)
        self.assertEqual(self._visit().status_code, 404)
        self.plan.action_send_proposal()
        self.assertEqual(self._visit().status_code, 404, "The new one has its own.")

    def test_what_was_paid_meanwhile_is_told_to_the_collector(self):
        self._pay(self.invoice, 50.0)
        self._end_transaction()
        response = self._visit(name="Ann Lee", agreed="1")
        self.assertIn("cannot be accepted any more", response.text)
        self.assertEqual(self.plan.state, "draft")
        self.assertIn("Ann Lee wanted", self.case.activity_ids.summary)
        self.assertEqual(self._visit().status_code, 404, "Once is enough.")

    def test_it_is_in_the_language_of_the_debtor(self):
        self.debtor.lang = "es_ES"
        self.plan.action_send_proposal()
        url = self.plan.proposal_contact_id.promise_url
        self.assertIn('lang="es"', self._visit(ROUTE.search(url).group()).text)
