"""What the gateway reports later: a text arrived, or it did not."""

import json

from odoo.tests import tagged

from .common import SmsCommon

NUMBER = "+56961234567"
OTHER_NUMBER = "+56961234568"


@tagged("post_install", "-at_install")
class TestSmsDelivery(SmsCommon):
    def setUp(self):
        super().setUp()
        self.contact = self._contact_of_overdue_debtor("+56 9 6123 4567")
        self.debtor = self.contact.partner_id
        with self.mockSMSGateway():
            self._deliver()
            self._new_sms.send()
        self.assertEqual(self.contact.state, "sent")

    def _report(self, status, *uuids):
        """Let the gateway report what became of texts, as it does by HTTP."""
        self.env.flush_all()
        self._make_webhook_jsonrpc_request(
            [{"sms_status": status, "uuids": list(uuids) or [self.contact.sms_uuid]}]
        )
        self.env.invalidate_all()

    def _kinds(self):
        events = self.env["collection.contact.event"].search(
            [("contact_id", "=", self.contact.id)]
        )
        return events.mapped("kind")

    def test_a_text_that_was_delivered_is_evidence(self):
        for _time in range(2):
            self._report("delivered")
        self.assertEqual(self._kinds().count("delivered"), 1)
        self.assertEqual(self.contact.state, "sent")
        self.assertTrue(self.contact.date_delivered)

    def test_a_text_that_was_delivered_at_once_is_too(self):
        self._report("not_delivered")
        self.debtor.phone = "+56 9 6123 4568"
        self.contact.action_retry_failed()
        with self.mockSMSGateway(force_delivered=True):
            self._deliver()
            self._new_sms.send()
        self.assertEqual(self._kinds()[-2:], ["sent", "delivered"])

    def test_a_text_that_is_on_its_way_is_neither(self):
        self._report("processing")
        self._report("sent")
        self.assertEqual(self._kinds()[-1], "sent")
        self.assertFalse(self.contact.date_delivered)

    def test_a_text_that_was_not_delivered_is_no_reminder(self):
        item = self.contact.line_ids.item_id
        self.assertEqual(item.stage_id, self.stage)
        for status, is_final in (
            ("rejected", True),
            ("invalid_destination", True),
            ("not_allowed", True),
            ("expired", False),
            ("not_delivered", False),
            ("something_new", False),
        ):
            with self.subTest(status):
                savepoint = self.cr.savepoint()
                self._report(status)
                self.assertRecordValues(
                    self.contact, [{"state": "failed", "is_bounced": is_final}]
                )
                self.assertIn(NUMBER, self.contact.reason)
                self.assertFalse(item.stage_id)
                self.assertFalse(self.contact.case_id.date_last_contact)
                kind = "bounced" if is_final else "failed"
                self.assertEqual(self._kinds()[-1], kind)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_it_says_why(self):
        self._report("rejected")
        self.assertEqual(
            self.contact.reason,
            "The text was not delivered to +56961234567: Rejected",
        )
        event = self.contact.event_ids.sorted("id")[-1]
        kept = self.env["collection.contact.content"].search(
            [("event_id", "=", event.id)]
        )
        self.assertEqual(json.loads(kept.content)["reason"], self.contact.reason)

    def test_it_gives_its_place_back(self):
        self.env["collection.contact.rule"].create(
            {
                "name": "One a Week",
                "code": "CAP",
                "severity": "law",
                "kind": "cap",
                "maximum": 1,
                "days": 7,
            }
        )
        case = self.contact.case_id
        data = self.env["collection.contact"].sudo()._ask_by_hand(case, "call")
        self.assertEqual(data["result"], "defer")
        self._report("not_delivered")
        data = self.env["collection.contact"].sudo()._ask_by_hand(case, "call")
        self.assertEqual(data["result"], "allow")

    def _plan_next(self):
        """Plan the run a week later; return the channel that it takes."""
        before = self.contact.case_id.contact_ids
        with self._day(7):
            self._plan()
        return (self.contact.case_id.contact_ids - before).channel

    def test_where_a_number_takes_no_texts_the_next_run_takes_the_other_channel(self):
        self._report("rejected")
        self.assertEqual(self._plan_next(), "task")

    def test_a_telephone_that_was_off_is_texted_again(self):
        for status in ("expired", "not_delivered"):
            self._report(status)
        self.assertEqual(self._plan_next(), "sms")

    def test_what_was_lost_can_be_tried_again_at_the_same_number(self):
        self._report("expired")
        self.contact.action_retry_failed()
        with self.mockSMSGateway():
            self._deliver()
            self._new_sms.send()
        self.assertEqual((self.contact.state, self.contact.address), ("sent", NUMBER))

    def test_a_number_that_turns_out_to_take_none_is_not_used_again(self):
        self._report("expired")
        with self._day(1):
            self._report("rejected")
        self.assertTrue(self.contact.is_bounced)
        self.assertIn("Rejected", self.contact.reason)
        self.assertEqual(self.contact.date_done, self.today, "Then it was lost.")
        self.assertEqual(self._plan_next(), "task")

    def test_a_new_number_is_tried(self):
        self._report("rejected")
        self.debtor.phone = "+56 9 6123 4568"
        self.assertEqual(self._plan_next(), "sms")

    def test_a_number_that_took_a_text_again_is_used_again(self):
        self._report("rejected")
        with self.mockSMSGateway():
            self.contact.case_id._message_sms("Hello", sms_numbers=[NUMBER])
            by_hand = self.contact.case_id.contact_ids.filtered("user_id")
        self._report("delivered", by_hand.sms_uuid)
        self.assertTrue(by_hand.date_delivered)
        self.assertEqual(self._plan_next(), "sms")

    def test_what_arrived_arrived(self):
        self._report("delivered")
        self._report("not_delivered")
        self.assertEqual(self.contact.state, "sent")

    def test_what_did_not_arrive_is_not_sent_by_a_late_report(self):
        self._report("not_delivered")
        self._report("delivered")
        self.assertEqual(self.contact.state, "failed")
        self.assertFalse(self.contact.date_delivered)

    def test_the_case_shows_that_the_number_takes_no_texts(self):
        self.assertNotIn("Came back", self.contact.case_id.contact_points_html)
        self._report("rejected")
        self.assertIn("Came back", self.contact.case_id.contact_points_html)

    def test_the_report_of_a_text_to_somebody_else_moves_nothing(self):
        self._report("not_delivered", "0" * 32)
        self.assertEqual(self.contact.state, "sent")

    # SEVERAL NUMBERS

    def _text_two(self):
        """Text two numbers at once; return the contact of each."""
        case = self.contact.case_id
        with self.mockSMSGateway():
            case._message_sms("Hello", sms_numbers=[NUMBER, OTHER_NUMBER])
        by_hand = case.contact_ids.filtered("user_id")
        return [
            by_hand.filtered(lambda contact, number=number: contact.address == number)
            for number in (NUMBER, OTHER_NUMBER)
        ]

    def test_each_number_is_a_contact_with_its_own_delivery(self):
        first, second = self._text_two()
        self.assertEqual((first | second).mapped("state"), ["sent"] * 2)
        self.assertEqual(first.mail_message_id, second.mail_message_id)
        self._report("delivered", first.sms_uuid)
        self._report("rejected", second.sms_uuid)
        self.assertRecordValues(
            first | second,
            [
                {"state": "sent", "is_bounced": False},
                {"state": "failed", "is_bounced": True},
            ],
        )
        self.assertTrue(first.date_delivered)
        self.assertIn(OTHER_NUMBER, second.reason)

    def test_each_number_takes_a_place(self):
        self.env["collection.contact.rule"].create(
            {
                **{"name": "Two a Week", "code": "CAP", "severity": "law"},
                **{"kind": "cap", "maximum": 2, "days": 7},
            }
        )
        first, second = self._text_two()
        self.assertEqual(first.state, "sent", "With the planned one, the second.")
        self.assertEqual(second.state, "blocked")
        self.assertIn("2 of 2", second.reason)
        texts = self.env["sms.sms"].search(
            [("mail_message_id", "=", first.mail_message_id.id)]
        )
        self.assertEqual(texts.mapped("number"), [NUMBER])

    def test_what_the_law_wants_to_be_said_is_said_to_each_once(self):
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self.env.company.write(
            {"street": "1 High Street", "collection_payment_ways": "By transfer"}
        )
        first, second = self._text_two()
        self.assertEqual(first.body, second.body)
        self.assertEqual(first.body.count("By transfer"), 1)

    def test_what_the_law_of_one_reader_wants_is_said_to_all(self):
        """They get the same text: who comes last need not be whom a law protects."""
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self.env.company.write(
            {"street": "1 High Street", "collection_payment_ways": "By transfer"}
        )
        self.debtor.write({"country_id": self.env.ref("base.mx").id, "phone": False})
        self.env["res.partner"].create(
            {
                "name": "Person in Chile",
                "parent_id": self.debtor.id,
                "type": "other",
                "country_id": self.env.ref("base.cl").id,
                "phone": NUMBER,
            }
        )
        for contact in self._text_two():
            self.assertEqual(contact.body.count("By transfer"), 1)
