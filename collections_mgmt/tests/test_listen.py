from email.message import EmailMessage

from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..tools.mail_headers import is_automatic
from .test_bounces import ListenCommon

REPLY_TYPE = "collections_mgmt.mail_activity_type_reply"
AUTOMATIC = {
    "RFC 3834": "Auto-Submitted: auto-replied",
    "RFC 3834 with parameters": "Auto-Submitted: auto-generated; type=vacation",
    "X-Autoreply": "X-Autoreply: yes",
    "X-Autorespond": "X-Autorespond: Out of office",
    "Precedence auto_reply": "Precedence: auto_reply",
    "Precedence bulk": "Precedence: Bulk",
}
BY_A_PERSON = {
    "no header": "",
    "RFC 3834": "Auto-Submitted: no",
    "Precedence": "Precedence: first-class",
}


class ReplyCommon(ListenCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector, cls.colleague, cls.viewer = (
            new_test_user(
                cls.env,
                login=name,
                email=f"{name}@creditor.test",
                groups=f"base.group_user,collections_mgmt.group_collection_{role}",
                company_id=cls.env.company.id,
            )
            for name, role in (
                ("carla", "collector"),
                ("carlos", "collector"),
                ("vera", "viewer"),
            )
        )
        cls.debtor.collection_agent_id = cls.collector
        cls.invoice = cls._create_overdue_invoice(cls.debtor, 5)

    def setUp(self):
        super().setUp()
        self.contact = self._run()
        self.case = self.contact.case_id

    def _get_tasks(self, case=None):
        """Return the open tasks to read a reply."""
        return (case or self.case).activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.env.ref(REPLY_TYPE)
        )

    def _comment(self, user, partners, **values):
        with self.mock_mail_gateway():
            return (
                self.case.with_user(user)
                .with_context(**self.env.context)
                .message_post(
                    **{
                        "body": "Thank you",
                        "message_type": "comment",
                        "subtype_xmlid": "mail.mt_comment",
                        "partner_ids": partners.ids,
                        **values,
                    }
                )
            )


class TestReplies(ReplyCommon):
    """A reply stops the machine until a person has looked at it."""

    def test_a_reply_is_noted_on_the_message_it_answers_and_pauses_the_case(self):
        self._reply(self.contact.mail_message_id)
        self.assertTrue(self.contact.date_replied)
        self.assertTrue(self.case.reply_date)
        self.assertIn("We pay on Friday.", self.case.message_ids[0].body)

    def test_the_collector_gets_one_task_however_often_the_debtor_writes(self):
        self._reply(self.contact.mail_message_id)
        with self._day(1):
            self._reply(self.contact.mail_message_id)
        task = self._get_tasks()
        self.assertEqual(len(task), 1)
        self.assertEqual(task.user_id, self.collector)
        self.assertEqual(task.date_deadline, self.today)

    def test_the_first_reply_is_what_counts(self):
        self._reply(self.contact.mail_message_id)
        paused, replied = self.case.reply_date, self.contact.date_replied
        with self._day(1):
            self._reply(self.contact.mail_message_id)
        self.assertEqual(self.case.reply_date, paused)
        self.assertEqual(self.contact.date_replied, replied)

    def test_a_reply_to_an_older_message_belongs_to_that_one(self):
        later = self._run(5)
        self._reply(self.contact.mail_message_id)
        self.assertTrue(self.contact.date_replied)
        self.assertFalse(later.date_replied)

    def test_a_reply_to_a_comment_belongs_to_that(self):
        later = self._run(5)
        comment = self._comment(self.collector, self.debtor)
        self._reply(comment)
        written = self.case.contact_ids.filtered("user_id")
        self.assertEqual(written.mail_message_id, comment)
        self.assertTrue(written.date_replied)
        self.assertFalse((later | self.contact).filtered("date_replied"))
        self.assertTrue(self.case.reply_date)

    def test_a_reply_from_an_unknown_address_counts(self):
        self._reply(self.contact.mail_message_id, email_from="lawyer@elsewhere.test")
        self.assertTrue(self.contact.date_replied)
        self.assertTrue(self.case.reply_date)

    def test_an_automatic_answer_is_no_reply(self):
        for name, headers in AUTOMATIC.items():
            with self.subTest(name):
                self._reply(self.contact.mail_message_id, headers=headers)
                self.assertFalse(self.contact.date_replied)
                self.assertFalse(self.case.reply_date)
                self.assertFalse(self._get_tasks())
        self.assertEqual(
            len(self.case.message_ids.filtered(lambda m: m.message_type == "email")),
            len(AUTOMATIC),
            "They are in the conversation all the same.",
        )

    def test_headers_of_people_and_of_machines_are_told_apart(self):
        for lines, expected in ((AUTOMATIC, True), (BY_A_PERSON, False)):
            for name, line in lines.items():
                with self.subTest(name, automatic=expected):
                    message = EmailMessage()
                    if line:
                        header, value = line.split(": ", 1)
                        message[header] = value
                    self.assertEqual(is_automatic(message), expected)

    def test_a_colleagues_email_is_no_reply_of_the_debtor(self):
        self._reply(self.contact.mail_message_id, email_from=self.colleague.email)
        self.assertFalse(self.contact.date_replied)
        self.assertFalse(self.case.reply_date)

    def test_without_the_pause_the_reply_is_noted_and_the_collector_told(self):
        self.env.company.collection_pause_on_reply = False
        self._reply(self.contact.mail_message_id)
        self.assertTrue(self.contact.date_replied)
        self.assertFalse(self.case.reply_date)
        self.assertEqual(self._get_tasks().user_id, self.collector)

    def test_a_reply_to_a_message_of_a_closed_case_pauses_the_open_one(self):
        self._pay(self.invoice)
        self._plan()
        self.assertEqual(self.case.state, "closed")
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        open_case = self._case(self.debtor)
        self.assertNotEqual(open_case, self.case)
        self._reply(self.contact.mail_message_id)
        self.assertTrue(self.contact.date_replied)
        self.assertTrue(open_case.reply_date)
        self.assertTrue(self._get_tasks(open_case))
        self.assertFalse(self.case.reply_date)

    def test_a_reply_is_still_to_be_read_when_everything_is_paid(self):
        self._reply(self.contact.mail_message_id)
        self._pay(self.invoice)
        self._plan()
        self.assertEqual(self.case.state, "closed")
        self.assertTrue(self._get_tasks())

    def test_an_unread_reply_pauses_the_case_that_remains_of_a_merge(self):
        other = self._create_debtor("Acme Limited")
        self._create_overdue_invoice(other, 5)
        self._plan()
        self._reply(self.contact.mail_message_id)
        self.env["base.partner.merge.automatic.wizard"].with_context(
            active_test=False
        )._merge((self.debtor | other).ids, other)
        self.env.invalidate_all()
        self.assertTrue(self._case(other).reply_date)
        self.assertTrue(self._get_tasks(self._case(other)))

    def test_replied_cases_are_found_by_a_filter(self):
        other = self._create_debtor("Other")
        self._create_overdue_invoice(other, 5)
        self._plan()
        self._reply(self.contact.mail_message_id)
        found = self.env["collection.case"].search([("reply_date", "!=", False)])
        self.assertEqual(found & (self.case | self._case(other)), self.case)


class TestReplyHandled(ReplyCommon):
    """Messages go out again once a person has looked at the reply."""

    def setUp(self):
        super().setUp()
        self._reply(self.contact.mail_message_id)

    def _assert_handled(self, handled=True):
        self.env.invalidate_all()
        self.assertEqual(bool(self.case.reply_date), not handled)
        self.assertEqual(bool(self._get_tasks()), not handled)

    def test_the_button_ends_the_pause_and_says_who_looked(self):
        self.case.with_user(self.collector).action_reply_handled()
        self._assert_handled()
        message = self.case.message_ids[0]
        self.assertEqual(message.author_id, self.collector.partner_id)
        self.assertIn("reply was handled", message.body)

    def test_the_button_says_who_looked_when_the_task_is_gone(self):
        self._get_tasks().sudo().unlink()
        self.case.with_user(self.collector).action_reply_handled()
        self._assert_handled()
        message = self.case.message_ids[0]
        self.assertEqual(message.author_id, self.collector.partner_id)
        self.assertIn("reply was handled", message.body)

    def test_completing_the_task_ends_the_pause(self):
        self._get_tasks().with_user(self.collector).action_feedback()
        self._assert_handled()

    def test_completing_another_task_does_not(self):
        task = self.case.sudo().activity_schedule(
            "collections_mgmt.mail_activity_type_call", user_id=self.collector.id
        )
        task.with_user(self.collector).action_feedback()
        self._assert_handled(False)

    def test_answering_the_debtor_ends_the_pause(self):
        self._comment(self.collector, self.debtor)
        self._assert_handled()

    def test_answering_by_email_ends_the_pause(self):
        self.case.message_subscribe(partner_ids=self.debtor.ids)
        self._reply(self.contact.mail_message_id, email_from=self.collector.email)
        self._assert_handled()

    def test_what_the_debtor_does_not_get_is_no_answer(self):
        messages = {
            "note": (self.debtor.browse(), {"subtype_xmlid": "mail.mt_note"}),
            "comment to nobody": (self.debtor.browse(), {}),
            "comment to a colleague": (self.colleague.partner_id, {}),
            "absence notice": (self.debtor, {"message_type": "out_of_office"}),
        }
        for name, (partners, values) in messages.items():
            with self.subTest(name):
                self._comment(self.collector, partners, **values)
                self._assert_handled(False)

    def test_the_debtors_next_message_is_no_answer(self):
        self.case.message_subscribe(partner_ids=self._create_debtor("Boss").ids)
        self._reply(self.contact.mail_message_id)
        self._assert_handled(False)

    def test_a_reply_after_that_pauses_again(self):
        self.case.with_user(self.collector).action_reply_handled()
        self._reply(self.contact.mail_message_id)
        self._assert_handled(False)

    @mute_logger("odoo.models")
    def test_only_those_who_work_on_the_case_handle_its_reply(self):
        for user in (self.colleague, self.viewer):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.case.with_user(user).action_reply_handled()
        self._assert_handled(False)
        self.case.with_user(self.collector).action_reply_handled()
        self._assert_handled()

    def test_nobody_ends_the_pause_by_writing_the_field(self):
        with self.assertRaises(AccessError):
            self.case.with_user(self.collector).reply_date = False
