from odoo.tests import tagged

from .test_sms_channel import TestSmsChannel


@tagged("post_install", "-at_install")
class TestSmsGate(TestSmsChannel):
    """No text against the contact rules, whoever writes it."""

    def _limit(self, **values):
        return self.env["collection.contact.rule"].create(
            {"name": "Limit", "code": "LIMIT", "severity": "law", **values}
        )

    def _write_by_hand(self, case):
        with self.mockSMSGateway():
            return case._message_sms("Hello", sms_numbers=["+56961234567"])

    def test_a_planned_text_waits_for_its_hours(self):
        self._limit(kind="window", hours="SUN 08:00-20:00")
        contact = self._contact_of_overdue_debtor("+56 9 6123 4567")
        with self.mockSMSGateway():
            self._deliver()
        self.assertEqual(contact.state, "planned")
        self.assertTrue(contact.slot)
        self.assertFalse(self._new_sms)

    def test_a_planned_text_is_read_as_it_leaves(self):
        self.template.body = "{{ object.partner_id.ref }}: please pay"
        contact = self._contact_of_overdue_debtor("+56 9 6123 4567")
        contact.partner_id.ref = "Orden de embargo"
        with self.mockSMSGateway():
            self._deliver()
        self.assertEqual(contact.state, "blocked")
        self.assertIn("“orden de embargo”", contact.reason)
        self.assertFalse(self._new_sms)

    def test_a_text_written_by_hand_counts(self):
        self._limit(kind="cap", maximum=1, period="rolling", days=7)
        case = self._contact_of_overdue_debtor("+56 9 6123 4567").case_id
        message = self._write_by_hand(case)
        by_hand = case.contact_ids.filtered("user_id")
        self.assertEqual(by_hand.channel, "sms")
        self.assertEqual(by_hand.mail_message_id, message)
        with self.mockSMSGateway():
            self._deliver()
        planned = case.contact_ids - by_hand
        self.assertEqual(planned.state, "planned", "It has to wait for its turn.")

    def test_a_text_that_is_not_allowed_is_not_written(self):
        self._limit(kind="prohibition")
        case = self._contact_of_overdue_debtor("+56 9 6123 4567").case_id
        note = self._write_by_hand(case)
        self.assertFalse(self._new_sms)
        self.assertIn("Hello", note.body)
        self.assertTrue(note.subtype_id.internal)
        refused = case.contact_ids.filtered("user_id")
        self.assertRecordValues(
            refused,
            [{"state": "blocked", "channel": "sms", "reason": "Limit: not allowed."}],
        )

    # WAYS ROUND

    def test_no_message_with_numbers_goes_round_the_rules(self):
        self._limit(kind="prohibition")
        case = self._open_case()
        for values in (
            {"sms_numbers": ["+56961234567"]},
            {"partner_ids": case.partner_id.ids},
        ):
            with self.subTest(**values), self.mockSMSGateway():
                case.with_context(collection_gate_passed=True).message_post(
                    body="Hello", message_type="sms", **values
                )
                self.assertFalse(self._new_sms)
        refused = case.contact_ids.filtered("user_id")
        self.assertEqual(refused.mapped("state"), ["blocked"] * 2)
        self.assertEqual(set(refused.mapped("channel")), {"sms"})

    def test_a_text_to_many_cases_is_asked_for_as_well(self):
        cases = self._open_case()
        with self.mockSMSGateway():
            self._text_cases(cases)
        self.assertEqual(len(self._sms), 1)
        by_hand = cases.contact_ids.filtered("user_id")
        self.assertRecordValues(by_hand, [{"state": "sent", "channel": "sms"}])
        self._limit(kind="prohibition")
        with self.mockSMSGateway():
            self._text_cases(cases)
            self.assertFalse(self._sms)

    def _text_cases(self, cases):
        composer = self.env["sms.composer"].create(
            {
                "body": "Hello",
                "composition_mode": "mass",
                "res_model": "collection.case",
                "res_ids": repr(cases.ids),
                "mass_force_send": True,
            }
        )
        composer.action_send_sms()

    def test_one_answer_by_text_ends_the_exemption(self):
        self._limit(kind="prohibition")
        case = self._open_case()
        case.sudo()._pause_for_reply("sms", case.partner_id)
        self._write_by_hand(case)
        self.assertEqual(len(self._new_sms), 1)
        self.assertFalse(case.reply_date)
        self._write_by_hand(case)
        self.assertFalse(self._new_sms)

    def test_no_text_answers_an_email(self):
        self._limit(kind="prohibition")
        case = self._open_case()
        case.sudo()._pause_for_reply("email", case.partner_id)
        self._write_by_hand(case)
        self.assertFalse(self._new_sms)
        self.assertTrue(case.reply_date)

    def test_no_text_to_another_number_is_an_answer(self):
        self._limit(kind="prohibition")
        case = self._open_case()
        case.sudo()._pause_for_reply("sms", case.partner_id)
        with self.mockSMSGateway():
            case._message_sms("Hello", sms_numbers=["+56977777777"])
            self.assertFalse(self._new_sms)

    def test_the_warning_names_what_is_open_and_both_clocks(self):
        self._limit(
            kind="window",
            hours="SUN 08:00-20:00",
            channel_ids=self._channels("sms", "email").ids,
        )
        warning = self._open_case()._foresee_by_hand("sms")
        self.assertIn("Possible now: Phone call", warning)
        # Wherever in Chile the debtor may be, it is not before eight there.
        self.assertIn("Next lawful moment: Sun 22 Mar 10:00 for the debtor", warning)
        self.assertIn("Sun 22 Mar 13:00 UTC.", warning)

    def test_a_text_is_named_where_it_is_open(self):
        case = self._open_case()
        self._limit(kind="prohibition", channel_ids=self._channels("call").ids)
        action = case.action_call()
        panel = self.env[action["res_model"]].browse(action["res_id"])
        self.assertIn("SMS", panel.alternatives.split(", "))
        self._limit(kind="prohibition", channel_ids=self._channels("sms").ids)
        panel.action_ask()
        self.assertNotIn("SMS", panel.alternatives.split(", "))

    def _channels(self, *codes):
        return self.env["collection.channel"].search([("code", "in", codes)])

    # FROM OTHER SCREENS

    def _open_case(self):
        return self._contact_of_overdue_debtor("+56 9 6123 4567").case_id

    def _text_partner(self, partner):
        with self.mockSMSGateway():
            composer = (
                self.env["sms.composer"]
                .with_context(
                    default_composition_mode="comment",
                    default_res_model="res.partner",
                    default_res_id=partner.id,
                )
                .create({"body": "Hello"})
            )
            composer._action_send_sms()

    def test_a_text_from_the_debtors_form_is_on_record_on_the_case(self):
        self._limit(kind="cap", maximum=1, period="rolling", days=7)
        case = self._open_case()
        self._text_partner(case.partner_id)
        self.assertEqual([sms["body"] for sms in self._sms], ["Hello"])
        by_hand = case.contact_ids.filtered("user_id")
        self.assertRecordValues(
            by_hand,
            [{"state": "sent", "channel": "sms", "address": "+56961234567"}],
        )
        self.assertIn("Hello", by_hand.body)
        self._text_partner(case.partner_id)
        self.assertFalse(self._sms, "The place of the week is taken.")

    def test_a_text_that_is_not_allowed_stays_as_a_note_of_the_debtor(self):
        self._limit(kind="prohibition")
        partner = self._open_case().partner_id
        self._text_partner(partner)
        self.assertFalse(self._new_sms)
        reason, note = partner.message_ids[:2]
        self.assertIn("Hello", note.body)
        self.assertTrue(note.is_internal)
        self.assertIn("Limit: not allowed", reason.body)
        blocked = self._case(partner).contact_ids.filtered("user_id")
        self.assertEqual(blocked.state, "blocked")

    def test_who_is_not_late_is_texted_as_before(self):
        self._limit(kind="prohibition")
        partner = self._create_debtor("Bea", phone="+56 9 6123 4568")
        self._create_overdue_invoice(partner, days=-5, amount=100)
        self._plan()
        self._text_partner(partner)
        self.assertEqual(len(self._sms), 1)
        self.assertFalse(self._contacts(partner).filtered("user_id"))

    def test_a_text_to_many_leaves_out_who_may_not_be_contacted(self):
        partner = self._open_case().partner_id
        other = self._create_debtor("Bea", phone="+56 9 6123 4568")
        self._limit(kind="prohibition")
        with self.mockSMSGateway():
            composer = self.env["sms.composer"].create(
                {
                    "body": "Hello",
                    "composition_mode": "mass",
                    "res_model": "res.partner",
                    "res_ids": repr((partner | other).ids),
                    "mass_force_send": True,
                }
            )
            composer.action_send_sms()
        self.assertEqual([sms["number"] for sms in self._sms], ["+56961234568"])
        blocked = self._case(partner).contact_ids.filtered("user_id")
        self.assertEqual(blocked.state, "blocked")

    def test_the_composer_says_beforehand_what_is_not_allowed(self):
        case = self._open_case()
        for record in (case, case.partner_id):
            composer = self.env["sms.composer"].new(
                {
                    "composition_mode": "comment",
                    "res_model": record._name,
                    "res_id": record.id,
                }
            )
            self.assertFalse(composer.collection_warning)
        self._limit(kind="prohibition")
        composer.invalidate_recordset(["collection_warning"])
        self.assertIn("Limit: not allowed", composer.collection_warning)

    # WORDS

    def test_required_words_are_added_to_a_text_on_the_case(self):
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self.env.company.write(
            {"street": "1 High Street", "collection_payment_ways": "By transfer"}
        )
        case = self._open_case()
        self._write_by_hand(case)
        [sms] = self._new_sms
        self.assertTrue(sms.body.startswith("Hello"))
        self.assertIn("By transfer", sms.body)
        self.assertNotIn("<", sms.body)

    def test_a_template_without_required_words_is_pointed_at(self):
        template = self.env["sms.template"].create(
            {
                "name": "Short",
                "model_id": self.env["ir.model"]._get_id("collection.contact"),
                "body": "Please pay",
            }
        )
        self.assertFalse(template.collection_warning)
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        template.invalidate_recordset(["collection_warning"])
        self.assertIn("Chile: it lacks", template.collection_warning)
        self.assertIn("object.legal_text", template.collection_warning)
        self.step.sms_template_id = template
        self.assertIn("Short: Chile: it lacks", self.step.wording_warning)
        self.assertIn("Short: Chile: it lacks", self.stage.wording_warning)
        template.body = "Please pay {{ object.legal_text }}"
        self.assertFalse(template.collection_warning)

    def _queue_one(self):
        contact = self._contact_of_overdue_debtor("+56 9 6123 4567")
        self._deliver()
        sms = self.env["sms.sms"].search([("uuid", "=", contact.sms_uuid)])
        self.assertEqual((contact.state, sms.state), ("queued", "outgoing"))
        return contact, sms

    def test_a_text_that_waited_until_its_window_closed_is_planned_anew(self):
        contact, sms = self._queue_one()
        self._limit(kind="window", hours="SUN 08:00-20:00")
        with self.mockSMSGateway():
            sms.send()
            self.assertFalse(self._sms)
        self.assertEqual((contact.state, sms.state), ("planned", "canceled"))
        self.assertTrue(contact.slot)
        self.assertTrue(contact.line_ids.is_counted, "It is still to be said.")

    def test_a_stop_calls_back_what_is_in_the_queue(self):
        contact, sms = self._queue_one()
        self.env["collection.hold"].create(
            {"partner_id": contact.partner_id.id, "kind": "lawyer"}
        )
        with self.mockSMSGateway():
            sms.send()
            self.assertFalse(self._sms)
        self.assertEqual((contact.state, sms.state), ("blocked", "canceled"))

    def test_a_text_that_failed_is_not_sent_again_against_the_rules(self):
        contact, sms = self._queue_one()
        with self.mockSMSGateway(sms_allow_unlink=False, sim_error="credit"):
            sms.send()
        self.assertEqual((contact.state, sms.state), ("failed", "error"))
        self._limit(kind="prohibition")
        with self.mockSMSGateway():
            sms.resend_failed()
            self.assertFalse(self._sms)
        self.assertEqual(contact.state, "failed")

    def test_a_text_is_not_sent_for_what_was_paid_while_it_waited(self):
        contact, sms = self._queue_one()
        self._pay(contact.line_ids.item_id.move_id)
        with self.mockSMSGateway():
            sms.send()
            self.assertFalse(self._sms)
        self.assertEqual((contact.state, sms.state), ("dropped", "canceled"))
        with self.mockSMSGateway():
            sms.action_set_outgoing()
            sms.send()
            self.assertFalse(self._sms, "Not by sending it again, either.")

    # BY HAND, WHEN THE GATEWAY REFUSES

    def _write_in_vain(self):
        case = self._open_case()
        with self.mockSMSGateway(sim_error="credit"):
            case._message_sms("Hello", sms_numbers=["+56961234567"])
        contact = case.contact_ids.filtered("user_id")
        sms = self.env["sms.sms"].search([("uuid", "=", contact.sms_uuid)])
        self.assertEqual(sms.state, "error")
        return contact, sms

    def test_a_text_by_hand_that_the_gateway_refuses_was_not_sent(self):
        self._limit(kind="cap", maximum=1, period="rolling", days=7)
        contact, _sms = self._write_in_vain()
        self.assertRecordValues(
            contact, [{"state": "failed", "reason": "sms_credit", "outcome": False}]
        )
        self.assertFalse(contact.case_id.date_last_contact)
        self._write_by_hand(contact.case_id)
        self.assertEqual(len(self._new_sms), 1, "Its place is free again.")

    def test_sent_again_it_is_sent_if_the_rules_allow_it(self):
        contact, sms = self._write_in_vain()
        with self.mockSMSGateway():
            sms.resend_failed()
        self.assertEqual(contact.state, "sent")

    def test_sent_again_against_the_rules_it_stays_among_colleagues(self):
        contact, sms = self._write_in_vain()
        self._limit(kind="prohibition")
        with self.mockSMSGateway():
            sms.resend_failed()
            self.assertFalse(self._sms)
        self.assertEqual((contact.state, sms.state), ("blocked", "canceled"))
        self.assertTrue(contact.mail_message_id.is_internal)

    def test_erasing_a_case_empties_the_queue(self):
        contact, sms = self._queue_one()
        contact.sudo()._set_dropped("Paid")
        contact.case_id.sudo()._erase_personal_data()
        self.assertFalse(sms.exists())
        self.assertFalse(
            self.env["mail.notification"].search([("sms_number", "like", "61234567")])
        )
