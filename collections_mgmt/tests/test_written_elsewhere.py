from unittest.mock import patch

from odoo.tests import new_test_user
from odoo.tools import html2plaintext

from ..tools.plain_words import read_html
from .mail_formats import BOUNCE, REPLY
from .test_bounces import ListenCommon
from .test_gate_written import TEXT, WAYS, WrittenCommon


class ElsewhereCommon(WrittenCommon):
    """Somebody who sees no case writes to the debtor on other screens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(
            cls.env,
            "clerk",
            "account.group_account_invoice,base.group_partner_manager",
            company_id=cls.env.company.id,
            email="clerk@creditor.test",
        )

    def setUp(self):
        super().setUp()
        self.invoice = self.case.open_item_ids.move_id
        self.records = (self.invoice, self.debtor)

    def _post(self, record, body=TEXT, **values):
        """Write to the debtor on a record as the chatter does; return the message."""
        with self.mock_mail_gateway():
            message = record.with_user(self.clerk).message_post(
                **{
                    "body": body,
                    "subject": "Hello",
                    "message_type": "comment",
                    "subtype_xmlid": "mail.mt_comment",
                    "partner_ids": self.debtor.ids,
                    **values,
                }
            )
        self.env.flush_all()
        return message

    def _hear(self, record, **values):
        """Let the debtor write an e-mail on a record, as the mail gateway does."""
        with self.mock_mail_gateway():
            record.with_user(self.env.ref("base.user_root")).message_post(
                **{
                    "body": "What is this?",
                    "message_type": "email",
                    "subtype_xmlid": "mail.mt_comment",
                    "author_id": self.debtor.id,
                    "email_from": self.debtor.email,
                    **values,
                }
            )

    def _create_not_due(self):
        invoice = self._create_overdue_invoice(self.debtor, -20)
        self._sync_only()
        return invoice


class TestElsewhere(ElsewhereCommon):
    """Who writes about an overdue invoice, or to who is late, passes the gate."""

    def test_a_message_that_is_allowed_leaves_and_is_on_record_on_the_case(self):
        for record in self.records:
            with self.subTest(record._name):
                before = self._get_written()
                message = self._post(record)
                self.assertEqual(len(self._get_sent_texts()), 1)
                self.assertRecordValues(
                    self._get_written() - before,
                    [
                        {
                            "state": "sent",
                            "channel": "email",
                            "subject": "Hello",
                            "user_id": self.clerk.id,
                            "mail_message_id": message.id,
                            "address": self.debtor.email_normalized,
                            "verdict": "allow",
                        }
                    ],
                )
                self.assertEqual(self.case.date_last_contact, self.today)

    def test_it_counts(self):
        self._create_cap(1)
        self._post(self.invoice)
        self.assertEqual(self._judge(channel="call").result, "defer")
        self._post(self.debtor)
        self.assertFalse(self._get_sent_texts())

    def test_on_an_invoice_it_is_about_the_invoice(self):
        self._create_overdue_invoice(self.debtor, 20)
        self._sync_only()
        self._post(self.invoice)
        named = self._get_written().line_ids.item_id
        self.assertEqual(named, self.invoice.collection_item_ids)
        self._post(self.debtor)
        named = self._get_written()[-1].line_ids.item_id
        self.assertEqual(named, self.case.open_item_ids)

    def test_a_message_that_is_not_allowed_stays_among_colleagues(self):
        self._forbid("email", name="No Mail")
        for record in self.records:
            with self.subTest(record._name):
                before = self._get_written()
                message = self._post(record)
                self.assertFalse(self._get_sent_texts())
                self.assertTrue(message.is_internal)
                self.assertFalse(message.partner_ids)
                refused = self._get_written() - before
                self.assertRecordValues(refused, [{"state": "blocked", "body": TEXT}])
                for thread in (record, self.case):
                    note = html2plaintext(thread.message_ids[0].body)
                    self.assertIn("No Mail: not allowed.", note)

    def test_whoever_wrote_it_is_told_at_once(self):
        self._forbid("email", name="No Mail")
        users = self.registry["res.users"]
        with patch.object(users, "_bus_send", autospec=True) as told:
            self._post(self.invoice)
        [(user, _kind, content)] = [call.args for call in told.call_args_list]
        self.assertEqual(user, self.clerk)
        self.assertIn("No Mail: not allowed.", content["message"])

    def test_what_waited_until_it_is_not_allowed_says_so_where_it_was_written(self):
        for record in self.records:
            with self.subTest(record._name):
                before = self._get_written()
                message = self._post(record, force_send=False)
                contact = self._get_written() - before
                self.assertEqual(contact.state, "queued")
                rule = self._forbid("email", name="No Mail")
                with self.mock_mail_gateway():
                    self.env["mail.mail"].sudo().search(
                        [("mail_message_id", "=", message.id)]
                    ).send()
                self.assertFalse(self._get_sent_texts())
                self.assertEqual(contact.state, "blocked")
                self.assertTrue(message.is_internal)
                for thread in (record, self.case):
                    note = html2plaintext(thread.message_ids[0].body)
                    self.assertIn("No Mail: not allowed.", note)
                rule.active = False

    def test_what_is_not_overdue_is_nobodys_business(self):
        self._forbid("email")
        punctual = self._create_debtor("Punctual")
        invoice = self._create_overdue_invoice(punctual, -5)
        paid = self._create_overdue_invoice(self.debtor, 9)
        self._sync_only()
        self._pay(paid)
        self._end_transaction()
        not_due = self._create_not_due()
        for record in (punctual, invoice, paid, not_due):
            with self.subTest(record.display_name):
                self._post(record)
                self.assertEqual(len(self._get_sent_texts()), 1)
        self.assertFalse(self._get_written())

    def test_a_note_for_colleagues_asks_nothing(self):
        self._forbid("email")
        for record in self.records:
            self._post(
                record,
                subtype_xmlid="mail.mt_note",
                partner_ids=self.second.partner_id.ids,
            )
        self.assertFalse(self._get_written())

    # WORDS

    def test_on_an_invoice_required_words_are_added_elsewhere_not(self):
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self.env.company.write(
            {
                **{"street": "1 High Street", "city": "Springfield"},
                "collection_payment_ways": WAYS,
            }
        )
        for record, is_added in ((self.invoice, True), (self.debtor, False)):
            with self.subTest(record._name):
                message = self._post(record)
                [text] = self._get_sent_texts()
                for words in (text, read_html(message.body)):
                    self.assertIn("Please pay by Friday.", words)
                    self.assertEqual(WAYS in words, is_added)

    def test_forbidden_words_leave_from_nowhere(self):
        for record in self.records:
            with self.subTest(record._name):
                self._post(record, body="The bailiff will come")
                self.assertFalse(self._get_sent_texts())

    # ANSWERS

    def test_who_wrote_on_the_record_is_answered_once(self):
        self._forbid("email")
        self._create_cap(1)
        for record in self.records:
            with self.subTest(record._name):
                before = self._get_written()
                self._hear(record)
                self._post(record)
                self.assertEqual(len(self._get_sent_texts()), 1)
                answer = self._get_written() - before
                self.assertEqual((answer.state, answer.exemption), ("sent", "answer"))
                self.assertEqual(self._judge(channel="call").result, "allow")
                self._post(record)
                self.assertFalse(self._get_sent_texts(), "The last word was ours.")

    def test_nobody_asks_in_the_name_of_the_debtor(self):
        self._forbid("email")
        for record in self.records:
            with self.subTest(record._name):
                self._post(record, author_id=self.debtor.id, partner_ids=[])
                self._post(record)
                self.assertFalse(self._get_sent_texts())

    def test_who_wrote_on_the_case_is_answered_from_anywhere(self):
        self._forbid("email")
        for record in self.records:
            with self.subTest(record._name):
                self._reply()
                self._post(record)
                self.assertEqual(len(self._get_sent_texts()), 1)
                self.assertFalse(self.case.reply_date)

    def test_the_composer_knows_an_answer(self):
        self._forbid("email")
        self.assertTrue(self.invoice._collection_foresee_mail(self.debtor))
        self._hear(self.invoice)
        clerks = self.invoice.with_user(self.clerk)
        self.assertFalse(clerks._collection_foresee_mail(self.debtor))

    def test_what_the_debtor_writes_is_no_contact_of_ours(self):
        """Also if others outside read along."""
        person = self._create_person()
        self._forbid("email")
        for record in self.records:
            with self.subTest(record._name):
                self._hear(record, partner_ids=person.ids)
                self.assertEqual(len(self._mails), 1)
        self.assertFalse(self._get_written())

    # WAYS ROUND

    def test_nobody_writes_in_the_name_of_another(self):
        self._forbid("email")
        person = self._create_person()
        for record in self.records:
            with self.subTest(record._name):
                self._post(record, author_id=self.debtor.id, partner_ids=person.ids)
                self.assertFalse(self._mails)

    def test_nobody_says_that_an_invoice_is_sent_for_the_first_time(self):
        self._forbid("email")
        self._post(self.invoice, collection_issue=True)
        self.assertFalse(self._get_sent_texts())

    def test_no_template_goes_round_it(self):
        template = self.env["mail.template"].create(
            {
                "name": "On an Invoice",
                "model_id": self.env["ir.model"]._get_id("account.move"),
                "subject": "Your invoice",
                "body_html": TEXT,
                "email_to": self.debtor.email,
                "use_default_to": False,
            }
        )
        not_due = self._create_not_due()
        self._forbid("email")
        for invoice, count in ((not_due, 1), (self.invoice, 0)):
            with self.mock_mail_gateway():
                template.send_mail(invoice.id, force_send=True)
            self.assertEqual(len(self._get_sent_texts()), count)
        self.assertEqual(self._get_written().state, "blocked")


class TestReplies(ElsewhereCommon, ListenCommon):
    """What the debtor answers to such a message is a reply to the case."""

    def setUp(self):
        super().setUp()
        self.sent = self._post(self.invoice)

    def _answer(self, text="We pay on Friday.", **values):
        self._receive(
            REPLY.replace("We pay on Friday.", text),
            self.sent,
            **{"email_from": self.debtor.email, "extra": "", **values},
        )

    def test_it_is_one_to_the_contact_and_pauses_the_case(self):
        self._answer()
        self.assertTrue(self._get_written().date_replied)
        self.assertTrue(self.case.reply_date)
        self.assertEqual(self.case.reply_channel, "email")
        note = self.case.message_ids.sorted("id")[-1]
        self.assertIn("The debtor answered on", note.body)
        self.assertIn(self.invoice.name, note.body)

    def test_a_colleague_or_a_machine_is_no_debtor(self):
        self._answer(email_from=self.second.email)
        self._answer(extra="Auto-Submitted: auto-replied\n")
        self.assertFalse(self.case.reply_date)

    def test_a_word_alone_refuses_more_emails(self):
        self._answer("STOP")
        self.assertEqual(self._judge(channel="email").result, "block")

    def test_who_answers_it_has_looked_at_it(self):
        self._forbid("email")
        self._answer()
        self._post(self.invoice)
        self.assertEqual(len(self._get_sent_texts()), 1)
        self.assertFalse(self.case.reply_date)

    def test_what_else_the_debtor_wrote_is_still_to_be_read(self):
        self._forbid("email")
        self._answer()
        self._hear(self.case)
        self._post(self.invoice)
        self.assertTrue(self.case.reply_date)

    def test_a_bounce_is_one_of_the_contact(self):
        self._receive(
            BOUNCE,
            self.sent,
            recipient=self.debtor.email,
            action="failed",
            status="5.1.1",
        )
        self.assertRecordValues(
            self._get_written(), [{"state": "failed", "is_bounced": True}]
        )

    def test_an_answer_to_an_invoice_that_was_only_sent_is_none(self):
        self.sent = self._post(self._create_not_due())
        self._answer()
        self.assertFalse(self.case.reply_date)


class TestSendAgain(ElsewhereCommon):
    """To send an invoice is no contact; to send it again when it is overdue is one."""

    def _open_wizard(self, invoice):
        return (
            self.env["account.move.send.wizard"]
            .with_user(self.clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"sending_methods": ["email"]})
        )

    def _send(self, invoice):
        """Send an invoice as the button does; return how many mails the debtor got."""
        with self.mock_mail_gateway():
            self._open_wizard(invoice).action_send_and_print()
            self.env.flush_all()
        return len(self._get_sent_texts())

    def test_an_invoice_leaves_for_the_first_time_however_late_it_is(self):
        self._forbid("email")
        self.assertEqual(self._send(self.invoice), 1)
        self.assertTrue(self.invoice.is_move_sent)
        self.assertFalse(self._get_written())

    def test_sent_again_an_overdue_invoice_is_a_contact(self):
        self._send(self.invoice)
        self.assertEqual(self._send(self.invoice), 1)
        self.assertRecordValues(
            self._get_written(), [{"state": "sent", "user_id": self.clerk.id}]
        )

    def test_sent_again_against_the_rules_it_does_not_leave(self):
        self._send(self.invoice)
        self._forbid("email", name="No Mail")
        self.assertFalse(self._send(self.invoice))
        self.assertEqual(self._get_written().state, "blocked")
        note = html2plaintext(self.invoice.message_ids[0].body)
        self.assertIn("No Mail: not allowed.", note)

    def test_sent_again_before_it_is_due_it_leaves_always(self):
        invoice = self._create_not_due()
        self._forbid("email")
        for _time in range(2):
            self.assertEqual(self._send(invoice), 1)
        self.assertFalse(self._get_written())

    def test_it_is_said_beforehand(self):
        self._forbid("email", name="No Mail")
        self.assertNotIn(
            "collection_gate", self._open_wizard(self.invoice).alerts or {}
        )
        self._send(self.invoice)
        alert = self._open_wizard(self.invoice).alerts["collection_gate"]
        self.assertIn("No Mail: not allowed.", alert["message"])

    def test_of_several_invoices_those_that_are_not_allowed_stay(self):
        self._send(self.invoice)
        not_due = self._create_not_due()
        self._forbid("email")
        batch = (
            self.env["account.move.send.batch.wizard"]
            .with_user(self.clerk)
            .with_context(
                active_model="account.move", active_ids=(self.invoice | not_due).ids
            )
            .create({})
        )
        self.assertIn(
            "Overdue and sent before: 1 of these",
            batch.alerts["collection_gate"]["message"],
        )
        with self.mock_mail_gateway():
            self.env["account.move.send"]._generate_and_send_invoices(
                self.invoice | not_due, sending_methods=["email"]
            )
        self.assertEqual(len(self._get_sent_texts()), 1)
        self.assertEqual(self._get_written().mail_message_id.res_id, self.invoice.id)
