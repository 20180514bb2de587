from odoo.tests import tagged

from .common import SmsCommon


@tagged("post_install", "-at_install")
class TestSmsElsewhere(SmsCommon):
    """Who is late is texted within the contact rules, wherever it is written."""

    def setUp(self):
        super().setUp()
        self.case = self._contact_of_overdue_debtor("+56 9 6123 4567").case_id
        self.debtor = self.case.partner_id
        self.invoice = self.case.open_item_ids.move_id
        self.punctual = self._create_debtor("Bea", phone="+56 9 6123 4568")

    def _forbid(self, **values):
        return self.env["collection.contact.rule"].create(
            {
                **{"name": "Limit", "code": "LIMIT", "severity": "law"},
                **{"kind": "prohibition", **values},
            }
        )

    def _create_draft(self, partner):
        """Return an invoice of somebody, which asks for nothing yet."""
        return self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": partner.id}
        )

    def _text(self, record, **values):
        """Text on a record; return the numbers that got it."""
        with self.mockSMSGateway():
            record._message_sms("Hello", **values)
        return sorted(sms["number"] for sms in self._sms)

    def _compose(self, records, mode="mass", **values):
        """Send a text by the composer; return the numbers that got it."""
        with self.mockSMSGateway():
            self.env["sms.composer"].create(
                self._prepare_composer(records, mode, **values)
            )._action_send_sms()
        return sorted(sms["number"] for sms in self._sms)

    def _prepare_composer(self, records, mode="mass", **values):
        return {
            "body": "Hello",
            "composition_mode": mode,
            "res_model": records._name,
            "res_ids": repr(records.ids),
            "mass_force_send": True,
            **values,
        }

    def _by_hand(self):
        return self.case.contact_ids.filtered("user_id")

    # ONE TEXT

    def test_a_text_on_an_invoice_that_is_allowed_is_on_record_on_the_case(self):
        self.assertEqual(self._text(self.invoice), ["+56961234567"])
        self.assertRecordValues(
            self._by_hand(),
            [
                {
                    "state": "sent",
                    "channel": "sms",
                    "address": "+56961234567",
                    "address_partner_id": self.debtor.id,
                    "mail_message_id": self.invoice.message_ids[0].id,
                }
            ],
        )

    def test_a_text_on_an_invoice_that_is_not_allowed_does_not_leave(self):
        self._forbid()
        self.assertFalse(self._text(self.invoice))
        self.assertEqual(self._by_hand().state, "blocked")
        reason, note = self.invoice.message_ids[:2]
        self.assertIn("Limit: not allowed", reason.body)
        self.assertIn("Hello", note.body)
        self.assertTrue(note.is_internal)

    def test_it_is_the_debt_of_the_recipient_that_counts_not_the_record(self):
        self._forbid()
        draft = self._create_draft(self.punctual)
        self.assertEqual(self._text(draft), ["+56961234568"])
        self.assertFalse(self._text(draft, partner_ids=self.debtor.ids))

    def test_a_contact_of_the_debtor_is_the_debtor(self):
        self._forbid()
        person = self.env["res.partner"].create(
            {
                "name": "Person",
                "phone": "+56961234569",
                "parent_id": self.debtor.id,
                "type": "other",
            }
        )
        draft = self._create_draft(self.punctual)
        self.assertFalse(self._text(draft, partner_ids=person.ids))

    def test_of_several_recipients_those_who_owe_nothing_get_it(self):
        self._forbid()
        both = (self.debtor | self.punctual).ids
        numbers = self._text(self.invoice, partner_ids=both)
        self.assertEqual(numbers, ["+56961234568"])
        self.assertEqual(self._by_hand().state, "blocked")

    def test_a_bare_number_is_whose_it_is_else_of_whom_the_record_is_about(self):
        self._forbid()
        draft = self._create_draft(self.punctual)
        for record, number, is_sent in (
            (draft, "+56961234567", False),
            (draft, "+56977777777", True),
            (self.invoice, "+56977777777", False),
            (self.invoice, "+56961234568", True),
        ):
            with self.subTest(record=record, number=number):
                sent = self._text(record, partner_ids=[], sms_numbers=[number])
                self.assertEqual(sent, [number] if is_sent else [])

    def test_a_bare_number_without_a_record_is_whose_it_is(self):
        self._forbid()
        with self.mockSMSGateway():
            self.env["sms.composer"].create(
                {
                    "body": "Hello",
                    "composition_mode": "numbers",
                    "numbers": "+56961234567,+56961234568",
                }
            )._action_send_sms()
        self.assertEqual([sms["number"] for sms in self._sms], ["+56961234568"])
        self.assertEqual(self._by_hand().state, "blocked")

    def test_one_answer_from_another_screen_ends_the_exemption(self):
        self._forbid()
        for record in (self.debtor, self.invoice):
            with self.subTest(record._name):
                self.case.sudo()._pause_for_reply("sms", self.debtor)
                self.assertEqual(self._text(record), ["+56961234567"])
                self.assertFalse(self.case.reply_date)
                self.assertFalse(self._text(record))

    def test_the_composer_says_beforehand_what_is_not_allowed(self):
        def warn():
            return (
                self.env["sms.composer"]
                .new(
                    {
                        "composition_mode": "comment",
                        "res_model": "account.move",
                        "res_id": self.invoice.id,
                    }
                )
                .collection_warning
            )

        self.assertFalse(warn())
        self._forbid()
        self.assertIn("Limit: not allowed", warn())

    # MANY TEXTS

    def test_a_text_on_many_invoices_leaves_out_who_may_not_be_contacted(self):
        drafts = self._create_draft(self.punctual) | self.invoice
        self._forbid()
        self.assertEqual(self._compose(drafts), ["+56961234568"])
        self.assertEqual(self._by_hand().state, "blocked")

    def test_a_text_to_many_is_no_answer(self):
        self._forbid()
        for records in (self.debtor, self.invoice, self.case):
            with self.subTest(records._name):
                self.case.sudo()._pause_for_reply("sms", self.debtor)
                self.assertFalse(self._compose(records))
                self.assertTrue(self.case.reply_date)

    def test_a_text_that_does_not_leave_anyway_is_not_asked_for(self):
        self.debtor.phone = False
        self._compose(self.debtor)
        self.assertFalse(self._by_hand())

    def test_a_text_to_many_cases_has_its_number_on_record(self):
        self._compose(self.case)
        self.assertEqual(self._by_hand().address, "+56961234567")

    # DELIVERY

    def _get_ways(self):
        """Return parameters of the composer for a text to many, and to a number."""
        number = {"numbers": "+56961234567", "composition_mode": "numbers"}
        return (
            {"records": self.case},
            {"records": self.invoice},
            {"records": self.env["res.partner"], "res_ids": False, **number},
        )

    def _report(self, contact, status):
        self.env.flush_all()
        self._make_webhook_jsonrpc_request(
            [{"sms_status": status, "uuids": [contact.sms_uuid]}]
        )
        self.env.invalidate_all()

    def test_what_became_of_a_text_to_many_is_known(self):
        for way in self._get_ways():
            for status, state in (("delivered", "sent"), ("rejected", "failed")):
                with self.subTest(way=way, status=status):
                    before = self._by_hand()
                    self._compose(**way)
                    contact = self._by_hand() - before
                    self.assertEqual(contact.state, "sent")
                    self._report(contact, status)
                    self.assertEqual(contact.state, state)
                    self.assertEqual(bool(contact.date_delivered), state == "sent")

    def test_a_text_to_many_that_the_gateway_refuses_was_not_sent(self):
        for way in self._get_ways():
            with self.subTest(way=way):
                before = self._by_hand()
                with self.mockSMSGateway(sim_error="credit"):
                    self.env["sms.composer"].create(
                        self._prepare_composer(**way)
                    )._action_send_sms()
                contact = self._by_hand() - before
                self.assertRecordValues(
                    contact, [{"state": "failed", "reason": "sms_credit"}]
                )

    def test_a_text_to_many_that_waits_has_not_left(self):
        self._compose(self.invoice, mass_force_send=False)
        contact = self._by_hand()
        self.assertEqual(contact.state, "queued")
        with self.mockSMSGateway():
            self.env["sms.sms"].search([("uuid", "=", contact.sms_uuid)]).send()
        self.assertEqual(contact.state, "sent")

    def test_of_two_debtors_with_one_number_both_must_be_allowed(self):
        other = self._create_debtor("Cid", phone="+56 9 6123 4567")
        self._create_overdue_invoice(other, days=5, amount=100)
        self._plan()
        self.env["collection.hold"].create({"partner_id": other.id, "kind": "lawyer"})
        self.assertFalse(self._compose(**self._get_ways()[-1]))
        contacts = self._by_hand() | self._case(other).contact_ids.filtered("user_id")
        self.assertEqual(set(contacts.mapped("state")), {"dropped", "blocked"})

    def test_a_message_that_is_no_text_costs_no_query(self):
        message = self.invoice._message_log(body="Noted")
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(0):
            self.invoice._notify_thread_by_sms(message, [], {"body": "Noted"})
