import base64
from unittest.mock import patch

from odoo import SUPERUSER_ID

from odoo.addons.collections_mgmt.tests.letter_common import (
    LetterCommon,
    make_pdf,
    read_pdf,
)

IAP = "odoo.addons.snailmail.models.snailmail_letter.iap_tools.iap_jsonrpc"


class TestSnailmailLetters(LetterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.write(
            {
                "collection_letters_by_snailmail": True,
                "paperformat_id": cls.env.ref("base.paperformat_euro").id,
            }
        )
        cls.debtor = cls._create_postal_debtor("Acme")

    def setUp(self):
        super().setUp()
        self._fake_pdfs()
        self.posted = []

    def _hand_over(self, *moves):
        """Queue letters; return the contact and the letter of the first debtor."""
        self._queue_letters(*moves)
        contact = self._contacts(moves[0].partner_id)
        return contact, contact.sudo().snailmail_letter_id

    def _work_queue(self, **answer):
        """Let the service take the queue and answer for each letter."""

        def post(_url, params, **_kwargs):
            self.posted += params["documents"]
            return {
                "request_code": 200,
                "request": {
                    "documents": [
                        {**document, **answer} for document in params["documents"]
                    ]
                },
            }

        letters = self.env(user=SUPERUSER_ID, context={})["snailmail.letter"]
        with patch(IAP, post), patch.object(self.env.cr, "commit"):
            letters._snailmail_cron(autocommit=False)
        self.env.invalidate_all()

    def test_letters_go_to_the_service_and_are_not_printed_here(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        contact, letter = self._hand_over(move)
        self.assertRecordValues(
            letter,
            [
                {
                    "state": "pending",
                    "partner_id": self.debtor.id,
                    "street": "1 High Street",
                }
            ],
        )
        self.assertEqual(
            (letter.model, letter.res_id), ("collection.case", contact.case_id.id)
        )
        self.assertEqual(contact.state, "queued")
        self.assertEqual(contact.run_id.letter_count, 0)
        self.assertFalse(self._items(move).stage_id)

    def test_the_company_chooses_who_prints(self):
        self.env.company.collection_letters_by_snailmail = False
        contact, letter = self._hand_over(self._create_overdue_invoice(self.debtor, 5))
        self.assertFalse(letter)
        self.assertEqual(contact.run_id.letter_count, 1)

    def test_a_posted_letter_is_sent_and_its_items_climb(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        contact, _letter = self._hand_over(move)
        self._work_queue(sent=True, send_id=1)
        self.assertEqual(contact.state, "sent")
        self.assertEqual(self._items(move).stage_id, self.letter_stage)
        [document] = self.posted
        [page] = read_pdf(base64.b64decode(document["pdf_bin"]))
        self.assertIn("collections_mgmt.report_letter", page)

    def test_a_refused_letter_is_no_reminder_and_is_not_tried_by_itself(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        contact, _letter = self._hand_over(move)
        self._work_queue(error="CREDIT_ERROR")
        self.assertEqual(contact.state, "failed")
        self.assertIn("enough credits", contact.reason)
        self.assertFalse(self._items(move).stage_id)
        self._work_queue(sent=True, send_id=1)
        self.assertEqual(len(self.posted), 1)

    def test_an_incomplete_address_fails_the_contact(self):
        self.debtor.zip = False
        contact, _letter = self._hand_over(self._create_overdue_invoice(self.debtor, 5))
        self._work_queue(sent=True, send_id=1)
        self.assertFalse(self.posted)
        self.assertEqual(contact.state, "failed")
        self.assertIn("address", contact.reason)

    def test_a_cancelled_letter_is_no_reminder(self):
        contact, letter = self._hand_over(self._create_overdue_invoice(self.debtor, 5))
        letter.cancel()
        self.assertEqual(contact.state, "failed")
        self.assertIn("cancelled", contact.reason)

    def test_what_was_paid_before_the_service_took_it_is_not_posted(self):
        other = self._create_postal_debtor("Other")
        paid, owed = (
            self._create_overdue_invoice(who, 5) for who in (self.debtor, other)
        )
        contact, letter = self._hand_over(paid, owed)
        self._pay(paid)
        self._work_queue(sent=True, send_id=1)
        self.assertEqual(contact.state, "dropped")
        self.assertEqual(letter.state, "canceled")
        self.assertEqual(self._contacts(other).state, "sent")
        self.assertEqual(len(self.posted), 1)

    def test_the_letter_says_what_is_owed_when_the_service_takes_it(self):
        move = self._create_overdue_invoice(self.debtor, 5, 100.0)
        contact, _letter = self._hand_over(move)
        self._pay(move, 30.0)
        self._work_queue(sent=True, send_id=1)
        self.assertIn("70.00", contact.body)
        self.assertNotIn("100.00", contact.body)

    def test_a_letter_that_cannot_be_made_does_not_stop_the_queue(self):
        other = self._create_postal_debtor("Other")
        broken, _good = (
            self._create_overdue_invoice(who, 5) for who in (self.debtor, other)
        )
        contact, letter = self._hand_over(broken, _good)
        self.unprintable = contact.ids
        self._work_queue(sent=True, send_id=1)
        self.assertRecordValues(
            contact, [{"state": "failed", "reason": "The template is broken"}]
        )
        self.assertEqual(letter.state, "canceled")
        self.assertEqual(self._contacts(other).state, "sent")

    # THE GATE

    def _assert_not_posted(self, contact, state):
        """The contact came to a state, and its letter will never be posted."""
        self.assertFalse(self.posted)
        self.assertEqual(contact.state, state)
        self.assertEqual(contact.sudo().snailmail_letter_id.state, "canceled")
        self._work_queue(sent=True, send_id=1)
        self.assertFalse(self.posted)

    def test_a_stop_that_came_before_the_service_took_the_letter_stops_it(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        contact, _letter = self._hand_over(move)
        self.env["collection.hold"].create({"partner_id": self.debtor.id})
        self._work_queue(sent=True, send_id=1)
        self._assert_not_posted(contact, "blocked")
        self.assertFalse(contact.sudo().mail_message_id, "Nobody was told anything.")
        self.assertFalse(self._items(move).stage_id)

    def test_a_letter_waits_in_the_queue_until_its_window_opens(self):
        contact, letter = self._hand_over(self._create_overdue_invoice(self.debtor, 5))
        self._allow_contacts(hours="WED-SUN 00:00-24:00")
        job = self.env.ref("snailmail.snailmail_print").sudo()
        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search_count([("cron_id", "=", job.id)])
        for _time in range(2):
            self._work_queue(sent=True, send_id=1)
            self.assertFalse(self.posted)
            self.assertEqual((contact.state, letter.state), ("queued", "pending"))
        self.assertGreater(triggers.search_count([("cron_id", "=", job.id)]), before)
        waits = contact.event_ids.filtered(lambda event: event.kind == "deferred")
        self.assertEqual(len(waits), 1, "It is not asked for again until then.")
        with self._day(3):
            self._work_queue(sent=True, send_id=1)
        self.assertEqual(contact.state, "sent")
        self.assertEqual(len(self.posted), 1)

    def test_a_letter_that_lacks_required_words_by_then_is_not_posted(self):
        self.debtor.country_id = self.env.ref("base.cl")
        contact, _letter = self._hand_over(self._create_overdue_invoice(self.debtor, 5))
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self._work_queue(sent=True, send_id=1)
        self._assert_not_posted(contact, "blocked")
        self.assertIn("object.legal_block", contact.reason)

    def test_a_letter_that_a_person_has_to_look_at_again_is_not_posted(self):
        move = self._create_overdue_invoice(self.debtor, 5, 100.0)
        contact, _letter = self._hand_over(move)
        contact.sudo().write(
            {
                "is_edited": True,
                "edited_body": "<p>Please pay</p>",
                "edited_amounts": contact.sudo()._get_told_amounts()[contact.id],
            }
        )
        self._pay(move, 30.0)
        self._work_queue(sent=True, send_id=1)
        self._assert_not_posted(contact, "review")

    def test_only_the_letters_that_may_leave_are_posted(self):
        other = self._create_postal_debtor("Other")
        stopped, allowed = (
            self._create_overdue_invoice(who, 5) for who in (self.debtor, other)
        )
        contact, _letter = self._hand_over(stopped, allowed)
        self.env["collection.hold"].create({"partner_id": self.debtor.id})
        self._work_queue(sent=True, send_id=1)
        self.assertEqual(contact.state, "blocked")
        self.assertEqual(self._contacts(other).state, "sent")
        self.assertEqual(len(self.posted), 1)

    def test_letters_of_others_are_none_of_our_business(self):
        letter = self.env["snailmail.letter"].create(
            {
                "model": "res.partner",
                "res_id": self.debtor.id,
                "partner_id": self.debtor.id,
                "company_id": self.env.company.id,
                "attachment_id": self.env["ir.attachment"]
                .create({"name": "letter.pdf", "raw": make_pdf("Hello")})
                .id,
            }
        )
        self.env["collection.hold"].create({"partner_id": self.debtor.id})
        self._work_queue(sent=True, send_id=1)
        self.assertEqual(letter.state, "sent")

    def test_a_letter_that_failed_is_not_sent_again_past_the_gate(self):
        contact, letter = self._hand_over(self._create_overdue_invoice(self.debtor, 5))
        self._work_queue(error="CREDIT_ERROR")
        self.assertEqual(contact.state, "failed")
        self.env["collection.hold"].create({"partner_id": self.debtor.id})
        letter.sudo().state = "pending"
        self._work_queue(sent=True, send_id=1)
        self.assertEqual(len(self.posted), 1, "The one that was refused.")
        self.assertEqual((contact.state, letter.state), ("failed", "canceled"))

    # ERASING

    def test_erasing_a_case_deletes_the_letters_at_the_service_too(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        contact, letter = self._hand_over(move)
        self._work_queue(sent=True, cost=1, send_id="T1")
        self.assertEqual(contact.state, "sent")
        file = letter.attachment_id
        self.assertTrue(file)
        contact.case_id.sudo()._erase_personal_data()
        self.assertFalse(letter.exists() or file.exists())
        self.assertFalse(contact.body or contact.address)
