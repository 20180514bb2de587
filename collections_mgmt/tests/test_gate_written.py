from unittest.mock import patch

from markupsafe import Markup

from odoo.tests import new_test_user
from odoo.tools import html2plaintext

from ..tools.plain_words import read_html
from .test_gate_manual import PanelCommon

WAYS = "Transfer to account 123 of Our Bank"
TEXT = Markup("<p>Please pay by Friday.</p>")


class WrittenCommon(PanelCommon):
    """A collector writes to the debtor on the case."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in cls.first, cls.second:
            user.email = f"{user.login}@creditor.test"

    @classmethod
    def _create_person(cls, **values):
        """Create a contact of the debtor."""
        return cls.env["res.partner"].create(
            {
                "name": "Person",
                "email": "person@debtor.test",
                "parent_id": cls.debtor.id,
                "type": "other",
                **values,
            }
        )

    def _write(self, body=TEXT, **values):
        """Send a message to the debtor as the chatter does; return it."""
        with self.mock_mail_gateway():
            message = self.case.with_user(self.first).message_post(
                **{
                    "body": body,
                    "subject": "Your debt",
                    "message_type": "comment",
                    "subtype_xmlid": "mail.mt_comment",
                    "partner_ids": self.debtor.ids,
                    **values,
                }
            )
        self.env.flush_all()
        return message

    def _reply(self, author=None):
        """Let somebody write an e-mail for the debtor, which nobody has read yet."""
        no_message = self.env["mail.message"]
        self.case.sudo()._receive_reply(author or self.debtor, no_message)

    def _get_written(self):
        return self._contacts(self.debtor).sudo().filtered("user_id")

    def _get_sent_texts(self):
        return [
            read_html(mail["body"])
            for mail in self._mails
            if any(self.debtor.email in address for address in mail["email_to"])
        ]


class TestWritten(WrittenCommon):
    """What people write passes the gate like everything else."""

    def test_a_message_that_is_allowed_leaves_and_is_on_record(self):
        message = self._write()
        self.assertEqual(len(self._get_sent_texts()), 1)
        contact = self._get_written()
        self.assertRecordValues(
            contact,
            [
                {
                    "state": "sent",
                    "channel": "email",
                    "subject": "Your debt",
                    "body": TEXT,
                    "user_id": self.first.id,
                    "mail_message_id": message.id,
                    "verdict": "allow",
                }
            ],
        )
        self.assertEqual(contact.line_ids.item_id, self.case.open_item_ids)

    def test_it_is_about_what_is_due_by_now(self):
        self._create_overdue_invoice(self.debtor, -20)
        self._sync_only()
        self._write()
        self.assertEqual(
            self._get_written().line_ids.item_id.mapped("days_overdue"), [5]
        )

    def test_a_message_that_is_not_allowed_stays_among_colleagues(self):
        self._forbid("email", name="No Mail")
        message = self._write()
        self.assertFalse(self._get_sent_texts())
        self.assertRecordValues(
            message,
            [
                {
                    "is_internal": True,
                    "subtype_id": self.env.ref("mail.mt_note").id,
                    "partner_ids": [],
                    "body": TEXT,
                }
            ],
        )
        note = html2plaintext(self.case.message_ids[0].body)
        self.assertIn("Not sent to the debtor: The debtor cannot be contacted", note)
        self.assertIn("No Mail: not allowed.", note)

    def test_that_it_was_not_allowed_is_on_record_with_its_text(self):
        self._forbid("email", name="No Mail")
        self._write()
        contact = self._get_written()
        self.assertRecordValues(
            contact,
            [
                {
                    "state": "blocked",
                    "verdict": "block",
                    "body": TEXT,
                    "reason": "No Mail: not allowed.",
                }
            ],
        )
        events = self.env["collection.contact.event"].search(
            [("contact_id", "=", contact.id)]
        )
        self.assertEqual(events.mapped("kind"), ["blocked"])
        self.assertFalse(self.case.date_last_contact)

    def test_whoever_wrote_it_is_told_at_once(self):
        self._forbid("email", name="No Mail")
        users = self.registry["res.users"]
        with patch.object(users, "_bus_send", autospec=True) as told:
            self._write()
        [(user, kind, content)] = [call.args for call in told.call_args_list]
        self.assertEqual((user, kind), (self.first, "simple_notification"))
        self.assertIn("No Mail: not allowed.", content["message"])

    def test_a_colleague_who_writes_by_mail_is_treated_alike(self):
        self._forbid("email")
        self._write(message_type="email")
        self.assertFalse(self._get_sent_texts())
        self.assertEqual(self._get_written().state, "blocked")

    def test_an_answer_is_allowed_and_counts_for_nothing(self):
        self._create_cap(1)
        self._forbid("email")
        self._reply()
        self._write()
        self.assertEqual(len(self._get_sent_texts()), 1)
        self.assertRecordValues(
            self._get_written(), [{"state": "sent", "exemption": "answer"}]
        )
        self.assertEqual(self._judge(channel="call").result, "allow")

    def test_a_note_for_colleagues_asks_nothing(self):
        self._forbid("email")
        self._write(
            subtype_xmlid="mail.mt_note", partner_ids=self.second.partner_id.ids
        )
        self.assertFalse(self._get_written())

    def test_a_message_for_later_is_asked_about_when_its_time_has_come(self):
        self._forbid("email")
        # Later than the clock of the database, which tests do not set.
        message = self._write(scheduled_date="2999-03-20 12:00:00")
        self.assertFalse(self._get_written())
        with self._day(5), self.mock_mail_gateway():
            self.env["mail.message.schedule"].search(
                [("mail_message_id", "=", message.id)]
            )._send_notifications()
        self.assertFalse(self._get_sent_texts())
        self.assertEqual(self._get_written().state, "blocked")


class TestWaysRound(WrittenCommon):
    """Whatever is posted on a case and reaches somebody outside passes the gate."""

    def _refused_by(self, write):
        """Check that what is written reaches nobody and is on record as refused."""
        before = self._get_written()
        self._forbid("email", name="No Mail")
        case = self.case.with_user(self.first)
        with self.mock_mail_gateway():
            write(case)
            self.env.flush_all()
            self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        self.assertFalse(self._get_sent_texts())
        [refused] = self._get_written() - before
        self.assertEqual((refused.state, refused.user_id), ("blocked", self.first))
        notes = self.case.message_ids.filtered(
            lambda message: "No Mail: not allowed." in (message.body or "")
        )
        self.assertTrue(notes, "The reason stands on the case.")

    def test_no_kind_of_message_goes_round_it(self):
        for kind in ("notification", "auto_comment", "email_outgoing", "email"):
            with self.subTest(kind):
                self._refused_by(
                    lambda case, kind=kind: case.message_post(
                        body=TEXT, message_type=kind, partner_ids=self.debtor.ids
                    )
                )

    def test_no_follower_goes_round_it(self):
        self.case.message_subscribe(self.debtor.ids)
        self._refused_by(
            lambda case: case.message_post(
                body=TEXT, subtype_xmlid="mail.mt_comment", message_type="notification"
            )
        )

    def test_no_bare_address_goes_round_it(self):
        self._refused_by(
            lambda case: case.message_post(
                body=TEXT, outgoing_email_to=self.debtor.email, message_type="comment"
            )
        )
        self.assertFalse(self._get_written().mail_message_id.outgoing_email_to)

    def test_no_notice_to_a_person_goes_round_it(self):
        self._refused_by(
            lambda case: case.message_notify(body=TEXT, partner_ids=self.debtor.ids)
        )
        self.assertEqual(self._get_written().mail_message_id.message_type, "comment")

    def test_no_notice_that_only_names_the_case_goes_round_it(self):
        self._refused_by(
            lambda case: case.env["mail.thread"].message_notify(
                body=TEXT,
                partner_ids=self.debtor.ids,
                model=case._name,
                res_id=case.id,
            )
        )

    def test_no_invitation_to_follow_goes_round_it(self):
        def invite(case):
            wizard = case.env["mail.followers.edit"].create(
                {
                    "res_model": case._name,
                    "res_ids": repr(case.ids),
                    "partner_ids": self.debtor.ids,
                    "operation": "add",
                    "notify": True,
                    "message": "Please pay",
                }
            )
            wizard.edit_followers()

        self._refused_by(invite)

    def test_no_mail_to_many_goes_round_it(self):
        def write(case):
            composer = case.env["mail.compose.message"].create(
                {
                    "composition_mode": "mass_mail",
                    "model": case._name,
                    "res_ids": repr(case.ids),
                    "subject": "Your debt",
                    "body": TEXT,
                    "partner_ids": self.debtor.ids,
                }
            )
            composer._action_send_mail()

        self._refused_by(write)

    def _create_case_template(self):
        return self.env["mail.template"].create(
            {
                "name": "On a Case",
                "model_id": self.env["ir.model"]._get_id("collection.case"),
                "subject": "Your debt",
                "body_html": TEXT,
                "email_to": self.debtor.email,
                "use_default_to": False,
            }
        )

    def test_no_template_goes_round_it(self):
        template = self._create_case_template()
        self._refused_by(lambda case: template.with_user(self.first).send_mail(case.id))

    def test_no_mail_of_an_activity_goes_round_it(self):
        template = self._create_case_template()
        self._refused_by(lambda case: case.activity_send_mail(template.id))

    def test_nobody_writes_in_the_name_of_the_debtor_to_others(self):
        """What the debtor writes is for the creditor alone."""
        with self.mock_mail_gateway():
            self.case.with_user(self.first).message_post(
                body=TEXT,
                message_type="comment",
                author_id=self._create_debtor("Somebody").id,
                subtype_xmlid="mail.mt_comment",
                partner_ids=self.debtor.ids,
            )
        self.assertFalse(self._get_sent_texts())
        self.assertFalse(self._get_written())

    def test_what_a_program_sends_is_no_answer(self):
        self._reply()
        self._forbid("email")
        self._write(message_type="auto_comment")
        self.assertFalse(self._get_sent_texts())
        self.assertEqual(self._get_written().state, "blocked")
        self.assertTrue(self.case.reply_date, "Nobody looked at the reply.")

    def test_a_mail_to_many_that_is_allowed_counts(self):
        self._create_cap(1)
        case = self.case.with_user(self.first)
        with self.mock_mail_gateway():
            case.env["mail.compose.message"].create(
                {
                    "composition_mode": "mass_mail",
                    "model": case._name,
                    "res_ids": repr(case.ids),
                    "subject": "Your debt",
                    "body": TEXT,
                    "partner_ids": self.debtor.ids,
                }
            )._action_send_mail()
            self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        self.assertEqual(len(self._get_sent_texts()), 1)
        self.assertRecordValues(
            self._get_written(),
            [{"state": "sent", "subject": "Your debt", "address": self.debtor.email}],
        )
        self.assertEqual(self._judge(channel="email").result, "defer")

    def test_a_notice_to_a_colleague_asks_nothing(self):
        self._forbid("email")
        with self.mock_mail_gateway():
            self.case.with_user(self.first).message_notify(
                body=TEXT, partner_ids=self.second.partner_id.ids
            )
        self.assertEqual(len(self._mails), 1)
        self.assertFalse(self._get_written())

    def test_who_got_it_is_on_record(self):
        self._write()
        self.assertRecordValues(
            self._get_written(),
            [
                {
                    "address": self.debtor.email_normalized,
                    "address_partner_id": self.debtor.id,
                }
            ],
        )


class TestWords(WrittenCommon):
    """What people write says what the law wants, and nothing forbidden."""

    def _require_words(self):
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self.env.company.write({"street": "1 High Street", "city": "Springfield"})

    def test_required_words_are_added(self):
        self._require_words()
        self.env.company.collection_payment_ways = WAYS
        message = self._write()
        [text] = self._get_sent_texts()
        invoice = self.case.open_item_ids.move_id.name
        for body in (
            text,
            read_html(message.body),
            read_html(self._get_written().body),
        ):
            for piece in ("Please pay by Friday.", WAYS, invoice):
                self.assertIn(piece, body)

    def test_what_the_text_says_already_is_not_added_again(self):
        self._require_words()
        self.env.company.collection_payment_ways = WAYS
        self._write()
        said = self._get_written().body
        self._write(said)
        again = self._get_written()[-1].body
        self.assertEqual(read_html(again), read_html(said))

    def test_without_the_words_a_message_does_not_leave_and_it_says_what_to_do(self):
        self._require_words()
        self._write()
        self.assertFalse(self._get_sent_texts())
        contact = self._get_written()
        self.assertRecordValues(contact, [{"state": "blocked", "verdict": "allow"}])
        self.assertIn("Chile: the ways to pay are missing", contact.reason)
        note = html2plaintext(self.case.message_ids[0].body)
        self.assertIn("Chile: the ways to pay are missing", note)

    def test_an_answer_needs_no_such_words(self):
        self._require_words()
        self._reply()
        message = self._write()
        self.assertEqual(message.body, TEXT)
        self.assertEqual(self._get_written().state, "sent")

    def test_forbidden_words_do_not_leave_not_even_in_an_answer(self):
        self.env["collection.forbidden.word"].create({"name": "bailiff"})
        self._reply()
        for values in (
            {"body": Markup("<p>The BAILIFF comes</p>")},
            {"subject": "Bailiff"},
        ):
            with self.subTest(**values):
                self._write(**values)
                self.assertFalse(self._get_sent_texts())
                contact = self._get_written()[-1]
                self.assertEqual(contact.state, "blocked")
                self.assertIn("write without “bailiff”", contact.reason)


class TestComposer(WrittenCommon):
    """Who is about to write is told beforehand."""

    def _warn(self, record, user=None, **values):
        composer = (
            self.env["mail.compose.message"]
            .with_user(user or self.first)
            .new(
                {
                    "model": record._name,
                    "res_ids": repr(record.ids),
                    "composition_mode": "comment",
                    **values,
                }
            )
        )
        return composer.collection_warning

    def test_the_composer_of_a_case_says_what_the_gate_would_say(self):
        self.assertFalse(self._warn(self.case))
        self._forbid("email", name="No Mail")
        self.assertIn("No Mail: not allowed.", self._warn(self.case))
        self.assertFalse(self._warn(self.case, subtype_is_log=True), "A note.")
        self.assertFalse(self._get_written(), "Nothing is kept of a question.")

    def test_elsewhere_it_says_that_it_is_a_contact(self):
        invoice = self.case.open_item_ids.move_id
        for record in (invoice, self.debtor):
            with self.subTest(record._name):
                hint = self._warn(record, self.env.user)
                self.assertIn("Acme is late: a message from here is a contact", hint)
        punctual = self._create_debtor("Punctual")
        self._create_overdue_invoice(punctual, -5)
        self._sync_only()
        self.assertFalse(self._warn(punctual, self.env.user))

    def test_elsewhere_it_says_what_the_gate_would_say(self):
        self._forbid("email", name="No Mail")
        invoice = self.case.open_item_ids.move_id
        for record in (invoice, self.debtor):
            with self.subTest(record._name):
                warning = self._warn(record, self.env.user)
                self.assertIn("No Mail: not allowed.", warning)

    def test_who_does_not_collect_is_told_nothing_about_debts(self):
        clerk = new_test_user(
            self.env, "clerk", "base.group_user", company_id=self.env.company.id
        )
        self.assertFalse(self._warn(self.debtor, clerk))
