"""What the gateway reports later: a text arrived, or it did not."""

import json

from odoo.tests import tagged

from .common import SmsCommon

NUMBER = "+56961234567"


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
        for status in ("rejected", "expired", "not_delivered", "something_new"):
            with self.subTest(status):
                savepoint = self.cr.savepoint()
                self._report(status)
                self.assertEqual(self.contact.state, "failed")
                self.assertIn(NUMBER, self.contact.reason)
                self.assertFalse(item.stage_id)
                self.assertFalse(self.contact.case_id.date_last_contact)
                self.assertEqual(self._kinds()[-1], "bounced")
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

    def test_the_next_run_takes_the_other_channel(self):
        self._report("not_delivered")
        with self._day(7):
            self._plan()
        later = self.contact.case_id.contact_ids - self.contact
        self.assertEqual(later.channel, "task")

    def test_a_new_number_is_tried(self):
        self._report("not_delivered")
        self.debtor.phone = "+56 9 6123 4568"
        with self._day(7):
            self._plan()
        later = self.contact.case_id.contact_ids - self.contact
        self.assertEqual(later.channel, "sms")

    def test_a_number_that_took_a_text_again_is_used_again(self):
        self._report("not_delivered")
        with self.mockSMSGateway():
            self.contact.case_id._message_sms("Hello", sms_numbers=[NUMBER])
            by_hand = self.contact.case_id.contact_ids.filtered("user_id")
            uuid = self.env["sms.sms"].search([("number", "=", NUMBER)], limit=1).uuid
        self._report("delivered", uuid)
        self.assertTrue(by_hand.date_delivered)
        with self._day(7):
            self._plan()
        later = self.contact.case_id.contact_ids - self.contact - by_hand
        self.assertEqual(later.channel, "sms")

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
        self._report("not_delivered")
        self.assertIn("Came back", self.contact.case_id.contact_points_html)

    def test_the_report_of_a_text_to_somebody_else_moves_nothing(self):
        self._report("not_delivered", "0" * 32)
        self.assertEqual(self.contact.state, "sent")

    def test_of_two_numbers_one_is_enough(self):
        case = self.contact.case_id
        with self.mockSMSGateway():
            case._message_sms("Hello", sms_numbers=[NUMBER, "+56961234568"])
            texts = self.env["sms.sms"].search([], limit=2)
        by_hand = case.contact_ids.filtered("user_id")
        self.assertEqual(len(texts), 2)
        self._report("not_delivered", texts[0].uuid)
        self.assertEqual(by_hand.state, "sent")
        self._report("not_delivered", texts[1].uuid)
        self.assertEqual(by_hand.state, "failed")
