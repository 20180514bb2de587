"""Consents and refusals are judged by address, channel and purpose."""

from datetime import datetime, time, timedelta

from odoo.exceptions import ValidationError

from .gate_common import GateCommon

OWN, OTHER = "acme@debtor.test", "other@debtor.test"


class TestConsent(GateCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_overdue_invoice(cls.debtor, 5)

    def _judge_at(self, address, channel="email", **values):
        addresses = frozenset({address} if address else ())
        return self._judge(channel=channel, addresses=addresses, **values).result

    def test_a_refusal_of_one_address_is_not_lost_by_a_grant_of_another(self):
        self._answer("refused", address=OWN, date="2026-03-10")
        self._answer("granted", address=OTHER, date="2026-03-12")
        self.assertEqual(self._judge_at(OWN), "block")
        self.assertEqual(self._judge_at(OTHER), "allow")
        contact = self._plan_and_deliver()
        self.assertEqual(contact.state, "blocked")

    def test_no_answer_is_of_a_day_to_come(self):
        tomorrow = datetime.combine(self.today + timedelta(days=1), time.min)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._answer("granted", date=tomorrow)
        self._answer("granted")
        self._answer("refused")
        self.assertEqual(self._judge_at(OWN), "block")

    def test_a_message_to_another_address_leaves(self):
        self._answer("refused", address=OTHER)
        self.assertEqual(self._plan_and_deliver().state, "queued")

    def test_a_refusal_of_reminders_leaves_what_is_due(self):
        self._answer("refused", purpose="reminder")
        self.assertEqual(self._judge_at(OWN, stage_kind="reminder"), "block")
        self.assertEqual(self._judge_at(OWN, stage_kind="dunning"), "allow")

    def test_a_rule_on_consent_wants_it_for_the_address_and_the_purpose(self):
        self._create_rule("email", kind="consent")
        self.assertEqual(self._judge_at(OWN), "block")
        self._answer("granted", address=OWN, purpose="reminder")
        self.assertEqual(self._judge_at(OWN), "block")
        self._answer("granted", address=OWN, purpose="dunning")
        self.assertEqual(self._judge_at(OWN), "allow")
        self.assertEqual(self._judge_at(OTHER), "block")

    def test_numbers_are_the_same_with_and_without_prefix(self):
        self._answer("refused", "sms", address="9 6123 4567")
        self.assertEqual(self._judge_at("56961234567", "sms"), "block")
        self.assertEqual(self._judge_at("56961234568", "sms"), "allow")

    def test_what_a_person_writes_is_judged_by_whom_it_reaches(self):
        self._sync_only()
        case = self._case(self.debtor)
        other = self._create_debtor("Other")
        self._answer("refused", address=other.email)
        for partner, state in ((self.debtor, "sent"), (other, "blocked")):
            with self.mock_mail_gateway():
                case.message_post(
                    body="Please pay",
                    message_type="comment",
                    subtype_xmlid="mail.mt_comment",
                    partner_ids=partner.ids,
                )
            contact = self._contacts(self.debtor)[-1:]
            self.assertEqual((contact.state, contact.address), (state, partner.email))

    def test_who_gets_a_copy_may_refuse_it_alone(self):
        accountant = self._create_debtor("Accountant")
        self.debtor.collection_cc_ids = accountant
        self._answer("refused", address=accountant.email)
        contact = self._plan_and_deliver()
        self.assertEqual(contact.state, "queued")
        self.assertFalse(contact.email_cc)

    def test_an_opt_out_is_about_the_address_of_the_message(self):
        contact = self._plan_and_deliver().sudo()
        contact._opt_out("link", "proof")
        contact._opt_out("link", "proof")
        refusal = self.env["collection.consent"].search(
            [("partner_id", "=", self.debtor.id)]
        )
        self.assertRecordValues(
            refusal, [{"address": OWN, "purpose": "all", "state": "refused"}]
        )
        self.assertEqual(self._judge_at(OWN), "block")
        self.assertEqual(self._judge_at(OTHER), "allow")

    def test_who_answers_from_elsewhere_refuses_both_addresses(self):
        """The next message goes to where the last one went."""
        contact = self._plan_and_deliver().sudo()
        contact._opt_out("message", "STOP", address=f"Jane <{OTHER}>")
        for address in (OWN, OTHER):
            self.assertEqual(self._judge_at(address), "block")

    def test_a_grant_of_another_address_does_not_keep_from_opting_out(self):
        contact = self._plan_and_deliver().sudo()
        contact._opt_out("link", "proof")
        self._answer("granted", address=OTHER)
        contact._opt_out("link", "proof")
        refusals = self.env["collection.consent"].search([("state", "=", "refused")])
        self.assertEqual(len(refusals), 1, "It holds: it need not be said again.")
        self.assertEqual(self._judge_at(OWN), "block")

    def test_the_case_shows_each_address_with_its_own_answer(self):
        self.debtor.phone = "+56 9 6123 4567"
        self._create_debtor("Jane", parent_id=self.debtor.id, email=OTHER)
        self._answer("refused", address=OTHER)
        self._sync_only()
        points = self._case(self.debtor)._get_contact_points()
        marks = {point["value"]: point["marks"] for point in points}
        self.assertIn(("Refused: E-mail", "danger"), marks[OTHER])
        self.assertNotIn(("Refused: E-mail", "danger"), marks[OWN])
