from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import SmsCommon


@tagged("post_install", "-at_install")
class TestSmsChannel(SmsCommon):
    def test_a_debtor_with_a_number_gets_the_text_through_odoos_queue(self):
        contact = self._contact_of_overdue_debtor("+56 9 6123 4567")
        self.assertEqual(contact.channel, "sms")
        with self.mockSMSGateway():
            self._deliver()
            self.assertEqual(contact.state, "queued")
            self._new_sms.send()
        self.assertEqual([sms["number"] for sms in self._sms], ["+56961234567"])
        self.assertEqual(self._sms[0]["body"], "Ana: please pay.")
        self.assertEqual(contact.state, "sent")
        self.assertEqual(contact.line_ids.item_id.stage_id, self.stage)
        self.assertEqual(contact.address, "+56961234567")
        self.assertEqual(contact.mail_message_id.res_id, contact.case_id.id)

    def test_the_preview_shows_the_text(self):
        contact = self._contact_of_overdue_debtor("+56 9 6123 4567")
        self.assertEqual(contact.preview_subject, "Text")
        self.assertIn("Ana: please pay.", contact.preview_body)
        preview = self.env["collection.preview"].create({})
        contact.sudo().unlink()
        preview.action_show()
        line = preview.line_ids.filtered(lambda line: line.channel == "sms")
        self.assertEqual(line.address, "+56961234567")
        line.action_show_message()
        self.assertIn("Ana: please pay.", line.body)

    def test_a_text_the_gateway_refused_is_tried_again(self):
        contact = self._contact_of_overdue_debtor("+56 9 6123 4567")
        with self.mockSMSGateway(sim_error="credit"):
            self._deliver()
            self._new_sms.send()
        contact.action_retry_failed()
        with self.mockSMSGateway():
            self._deliver()
            self._new_sms.send()
        self.assertEqual(contact.state, "sent")

    def test_a_text_the_gateway_refuses_is_no_reminder(self):
        contact = self._contact_of_overdue_debtor("+56 9 6123 4567")
        with self.mockSMSGateway(sim_error="credit"):
            self._deliver()
            self._new_sms.send()
        self.assertEqual(contact.state, "failed")
        self.assertEqual(contact.reason, "sms_credit")
        self.assertFalse(contact.line_ids.item_id.stage_id)

    def test_without_a_number_a_collector_gets_a_task(self):
        contact = self._contact_of_overdue_debtor(False)
        self.assertEqual(contact.channel, "task")
        self._deliver()
        self.assertEqual(contact.state, "sent")
        self.assertEqual(len(contact.case_id.activity_ids), 1)

    def test_without_a_number_and_without_tasks_the_case_says_so(self):
        self.step.fallback_channel = False
        contact = self._contact_of_overdue_debtor(False)
        self.assertFalse(contact)
        case = self.env["collection.case"].search([("partner_id.name", "=", "Ana")])
        self.assertEqual(case.decision, "no_address")

    def test_an_sms_step_needs_its_template(self):
        with self.assertRaisesRegex(ValidationError, "SMS template"):
            self.step.sms_template_id = False

    # REQUIRED WORDS

    def _deliver_where_a_rule_asks_for_words(self, body):
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self.env.company.collection_payment_ways = "Transfer to account 123"
        self.template.body = body
        contact = self._contact_of_overdue_debtor("+56 9 6123 4567")
        with self.mockSMSGateway():
            self._deliver()
        return contact

    def test_a_text_says_what_the_law_wants(self):
        contact = self._deliver_where_a_rule_asks_for_words(
            "{{ object.partner_id.name }}: please pay. {{ object.legal_text }}"
        )
        self.assertEqual(contact.state, "queued", contact.reason)
        body = self._new_sms.body
        self.assertIn("Transfer to account 123", body)
        self.assertIn("not a judicial procedure", body)
        self.assertNotIn("<p>", body)

    def test_a_text_that_does_not_say_it_is_blocked(self):
        contact = self._deliver_where_a_rule_asks_for_words("Please pay.")
        self.assertEqual(contact.state, "blocked")
        self.assertIn("insert object.legal_text", contact.reason)

    def test_a_text_must_not_look_like_a_paper_of_a_court(self):
        with self.assertRaises(ValidationError):
            self.template.body = "CITACION JUDICIAL"
        self.env["sms.template"].create(
            {
                "name": "Other",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "body": "Citación judicial",
            }
        )
