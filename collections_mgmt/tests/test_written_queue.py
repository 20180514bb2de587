from unittest.mock import patch

from odoo.tests import new_test_user
from odoo.tools import html2plaintext, mute_logger

from .gate_common import OPEN
from .test_gate_written import TEXT, WrittenCommon


class TestWrittenQueue(WrittenCommon):
    """What a person wrote was sent when the mail system says so, and not before."""

    def _refuse_mails(self, error="The mailbox is full"):
        """Let the mail server take nothing; a context manager."""

        def refuse(*args, **kwargs):
            raise OSError(error)

        # Where the mail is made: sending itself is mocked.
        mails = type(self.env["mail.mail"])
        return patch.object(mails, "_prepare_outgoing_list", refuse)

    def _write_in_vain(self, **values):
        with (
            self._refuse_mails(),
            mute_logger("odoo.addons.mail.models.mail_mail"),
        ):
            return self._write(**values)

    def _get_mails(self, message):
        return (
            self.env["mail.mail"].sudo().search([("mail_message_id", "=", message.id)])
        )

    def _send_again(self, message):
        """Send what failed again, as the buttons of the list of e-mails do."""
        mails = self._get_mails(message)
        with self.mock_mail_gateway():
            mails.action_retry()
            mails.send()
        self.env.flush_all()
        return self._get_sent_texts()

    def test_it_waits_in_the_queue_until_it_has_left(self):
        with patch.object(type(self.env["mail.mail"]), "send", lambda *_args, **_kw: 1):
            message = self._write()
        contact = self._get_written()
        self.assertRecordValues(
            contact, [{"state": "queued", "mail_message_id": message.id, "body": TEXT}]
        )
        self.assertFalse(self.case.date_last_contact)
        with self.mock_mail_gateway():
            self._get_mails(message).send()
        self.assertEqual(contact.state, "sent")
        self.assertEqual(self.case.date_last_contact, self.today)

    def test_while_it_waits_runs_decide_as_without_it(self):
        with patch.object(type(self.env["mail.mail"]), "send", lambda *_args, **_kw: 1):
            self._write()
        self._plan()
        self.assertNotEqual(self.case.decision, "queued")

    def test_what_the_mail_server_refuses_was_not_sent(self):
        self._create_cap(1)
        decision = self.case.decision
        self._write_in_vain()
        contact = self._get_written()
        self.assertRecordValues(contact, [{"state": "failed", "outcome": False}])
        self.assertIn("The mailbox is full", contact.reason)
        self.assertFalse(self.case.date_last_contact)
        self.assertEqual(self.case.decision, decision, "It decides nothing.")
        self.assertEqual(self._judge().result, "allow", "Its place is free again.")

    def test_the_evidence_says_that_it_failed(self):
        self._write_in_vain()
        events = self.env["collection.contact.event"].search(
            [("contact_id", "=", self._get_written().id)], order="id"
        )
        self.assertEqual(events[-1].kind, "failed")
        self.assertNotIn("sent", events.mapped("kind"))

    def test_sent_again_it_is_sent(self):
        message = self._write_in_vain()
        [text] = self._send_again(message)
        self.assertIn("Please pay by Friday.", text)
        self.assertRecordValues(
            self._get_written(), [{"state": "sent", "reason": False}]
        )

    def test_try_again_sends_it_as_it_is(self):
        message = self._write_in_vain()
        self._get_written().with_user(self.env.user).action_retry_failed()
        self.assertEqual(self._get_written().state, "queued")
        with self.mock_mail_gateway():
            self._get_mails(message).send()
        self.assertEqual(len(self._get_sent_texts()), 1)
        self.assertEqual(self._get_written().state, "sent")

    def test_without_its_mail_it_cannot_be_tried_again_and_it_says_so(self):
        message = self._write_in_vain()
        self._get_mails(message).unlink()
        self._get_written().with_user(self.env.user).action_retry_failed()
        self.assertRecordValues(
            self._get_written(),
            [
                {
                    "state": "failed",
                    "reason": "The mail is not there any more: write the message anew.",
                }
            ],
        )

    def test_sent_again_at_night_it_waits_for_the_morning(self):
        message = self._write_in_vain()
        self._allow_contacts(hours=OPEN)
        with self._local("21:00"):
            self.assertFalse(self._send_again(message))
        contact = self._get_written()
        self.assertRecordValues(contact, [{"state": "queued", "verdict": "defer"}])
        opening = self._get_instant("10:00", days=1)
        self.assertEqual(contact.slot, opening)
        self.assertEqual(self._get_mails(message).scheduled_date, opening)
        with self._at(opening), self.mock_mail_gateway():
            self.env["mail.mail"].sudo().process_email_queue()
        [text] = self._get_sent_texts()
        self.assertIn("Please pay by Friday.", text)
        self.assertEqual(contact.state, "sent")

    def test_sent_again_against_the_rules_it_stays_among_colleagues(self):
        message = self._write_in_vain()
        self._forbid("email", name="No Mail")
        users = self.registry["res.users"]
        with patch.object(users, "_bus_send", autospec=True) as told:
            self.assertFalse(self._send_again(message))
        contact = self._get_written()
        self.assertRecordValues(
            contact, [{"state": "blocked", "reason": "No Mail: not allowed."}]
        )
        self.assertEqual(self._get_mails(message).state, "cancel")
        self.assertTrue(message.is_internal)
        self.assertIn(self.first, [call.args[0] for call in told.call_args_list])
        note = html2plaintext(self.case.message_ids[0].body)
        self.assertIn("No Mail: not allowed.", note)
        with self.mock_mail_gateway():
            self._get_mails(message).mark_outgoing()
            self._get_mails(message).send()
        self.assertFalse(self._get_sent_texts(), "Not by trying once more, either.")

    def test_an_answer_is_sent_again_at_any_hour(self):
        self.case.sudo()._pause_for_reply("email", self.debtor)
        message = self._write_in_vain()
        self._allow_contacts(hours=OPEN)
        with self._local("21:00"):
            self.assertEqual(len(self._send_again(message)), 1)
        self.assertEqual(self._get_written().state, "sent")

    def test_an_answer_is_not_sent_again_over_a_stop(self):
        self.case.sudo()._pause_for_reply("email", self.debtor)
        message = self._write_in_vain()
        self._stop()
        self.assertFalse(self._send_again(message))
        self.assertEqual(self._get_written().state, "blocked")

    def test_what_is_taken_out_of_the_queue_was_not_sent(self):
        with patch.object(type(self.env["mail.mail"]), "send", lambda *_args, **_kw: 1):
            message = self._write()
        self._get_mails(message).cancel()
        self.assertEqual(self._get_written().state, "failed")

    # SEVERAL READERS

    def test_a_colleagues_copy_says_nothing_of_the_debtor(self):
        self.case.message_subscribe(self.second.partner_id.ids)
        with patch.object(type(self.env["mail.mail"]), "send", lambda *_args, **_kw: 1):
            message = self._write()
        mails = self._get_mails(message)
        to_debtor = mails.filtered(lambda mail: self.debtor in mail.recipient_ids)
        self.assertTrue(mails - to_debtor)
        with self.mock_mail_gateway(mail_unlink_sent=True):
            (mails - to_debtor).send()
        self.assertEqual(self._get_written().state, "queued")
        with self.mock_mail_gateway(mail_unlink_sent=True):
            to_debtor.send()
        self.assertEqual(self._get_written().state, "sent")

    def test_one_contact_for_readers_in_two_languages(self):
        self.env["res.lang"]._activate_lang("es_419")
        other = self._create_debtor("Boss", lang="es_419")
        message = self._write(partner_ids=(self.debtor | other).ids)
        self.assertEqual(self._get_written().state, "sent")
        self.assertEqual(self._get_written().mail_message_id, message)

    def test_a_reader_of_the_portal_gets_it_by_mail(self):
        new_test_user(
            self.env,
            "portal_reader",
            "base.group_portal",
            partner_id=self.debtor.id,
            email=self.debtor.email,
        )
        self._write()
        self.assertEqual(self._get_written().state, "sent")
