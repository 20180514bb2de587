from odoo.tools import mute_logger

from .gate_common import GateCommon


class QueueCommon(GateCommon):
    """Mails wait in the outgoing queue, within the hours of their debtor."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._allow_contacts(hours="08:00-10:00")

    def _queue(self):
        """Let the messages that are due wait in the outgoing queue."""
        contacts = self._plan_and_deliver()
        self.assertEqual(contacts.mapped("state"), ["queued"] * len(contacts))
        return contacts

    def _process_queue(self):
        """Let the job of the outgoing queue do its work; return the texts that left."""
        with self.mock_mail_gateway(mail_unlink_sent=True):
            self.env["mail.mail"].sudo().process_email_queue()
        self.env.flush_all()
        return [mail["body"] for mail in self._mails]

    def _send_again(self, mail):
        """Send a mail again, as the buttons of the list of e-mails do."""
        with self.mock_mail_gateway(mail_unlink_sent=True):
            mail.mark_outgoing()
            mail.send()
        self.env.flush_all()
        return self.emails


class TestQueueTruth(QueueCommon):
    """A mail that waited leaves only if what it says is still true."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)

    def setUp(self):
        super().setUp()
        self.contact = self._queue()
        self.mail = self.contact.sudo().mail_mail_id

    def _get_events(self):
        """Return {what happens while the mail waits: (how, the reason)}."""
        case = self._case(self.debtor).sudo()
        dropped = self.contact._get_drop_sentences()
        return {
            "paid": (lambda: self._pay(self.move), dropped["settled"]),
            "credited": (
                lambda: self._create_credit_note(self.debtor, 100.0),
                dropped["settled"],
            ),
            "disputed": (lambda: self._create_dispute(self.move), dropped["agreed"]),
            "items on hold": (lambda: self._create_hold(self.move), dropped["agreed"]),
            "case on hold": (
                lambda: case.write({"hold_date": self.today}),
                dropped["hold"],
            ),
            "replied": (
                lambda: case._pause_for_reply("email", self.debtor),
                dropped["replied"],
            ),
            "test mode": (
                lambda: self.env.company.write({"collection_test_mode": True}),
                dropped["test"],
            ),
        }

    def test_what_is_not_to_be_asked_for_any_more_does_not_leave(self):
        for name, (event, reason) in self._get_events().items():
            with self.subTest(name), self.cr.savepoint() as savepoint:
                event()
                self._end_transaction()
                self.assertFalse(self._process_queue())
                self.assertRecordValues(
                    self.contact, [{"state": "dropped", "reason": reason}]
                )
                self.assertEqual(self.mail.state, "cancel")
                notice = self.contact.sudo().mail_message_id.notification_ids
                self.assertEqual(notice.notification_status, "canceled")
                self.assertFalse(self._items(self.move).stage_id)
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertTrue(self._process_queue(), "Nothing happened.")

    def test_what_was_dropped_does_not_leave_when_somebody_sends_it_again(self):
        self._pay(self.move)
        self._process_queue()
        self.assertFalse(self._send_again(self.mail))
        self.assertEqual(self.mail.state, "cancel")

    def test_a_part_payment_words_it_anew_and_it_leaves_once(self):
        self._pay(self.move, 30.0)
        self.assertFalse(self._process_queue())
        self.assertEqual(self.contact.state, "planned")
        self.assertFalse(self.mail.exists())
        self._deliver_ready()
        [text] = self._process_queue()
        self.assertIn("70.00", text)
        self.assertNotIn("100.00", text)
        self.assertEqual(self.contact.state, "sent")
        told = self._case(self.debtor).message_ids.filtered(
            lambda message: message.message_type == "email_outgoing"
        )
        self.assertEqual(len(told), 1, "Nobody was told the rest.")
        self.assertEqual(self._items(self.move).stage_id, self.stage_due)

    def test_a_credit_words_it_anew(self):
        self._create_credit_note(self.debtor, 30.0)
        self.assertFalse(self._process_queue())
        self._deliver_ready()
        [text] = self._process_queue()
        self.assertIn("70.00", text)

    def test_an_item_that_is_paid_meanwhile_leaves_the_message(self):
        other = self._create_overdue_invoice(self._create_chilean("Two"), 5)
        late = self._create_overdue_invoice(other.partner_id, 6)
        contact = self._queue()
        self._pay(other)
        self.assertEqual(len(self._process_queue()), 1, "That of the first debtor.")
        self.assertEqual(contact.state, "planned")
        self._deliver_ready()
        [text] = self._process_queue()
        self.assertIn(late.name, text)
        self.assertNotIn(other.name, text)

    def test_the_jobs_that_write_it_anew_are_called(self):
        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search([])
        self._pay(self.move, 30.0)
        self._process_queue()
        jobs = (triggers.search([]) - before).cron_id
        self.assertIn("model._cron_deliver()", jobs.mapped("code"))

    def test_what_was_paid_while_it_waits_for_its_hour_is_not_asked_for(self):
        with self._local("10:00"):
            self._process_queue()
        self._pay(self.move)
        self._end_transaction()
        with self._at(self.contact.slot):
            self._deliver_ready()
            self.assertFalse(self._process_queue())
        self.assertEqual(self.contact.state, "dropped")

    def test_what_waits_for_its_hour_is_worded_then(self):
        with self._local("10:00"):
            self._process_queue()
        self._pay(self.move, 30.0)
        with self._at(self.contact.slot):
            self._deliver_ready()
            [text] = self._process_queue()
        self.assertIn("70.00", text)
        self.assertNotIn("100.00", text)

    def test_a_text_that_a_person_wrote_comes_back_to_them(self):
        self.contact.sudo().write(
            {
                "is_edited": True,
                "edited_body": "<p>You owe 100.00</p>",
                "edited_amounts": self.contact._get_told_amounts()[self.contact.id],
            }
        )
        self._pay(self.move, 30.0)
        self.assertFalse(self._process_queue())
        self.assertEqual(self.contact.state, "review")
        self.assertIn("70.00", self.contact.reason)
        self.assertFalse(self.mail.exists())

    # AGAIN, AFTER IT FAILED

    def test_a_failed_mail_is_not_sent_again_for_what_was_paid(self):
        self._fail_mails()
        self._pay(self.move)
        self.assertFalse(self._send_again(self.mail))
        self.assertRecordValues(
            self.contact,
            [
                {
                    "state": "dropped",
                    "reason": "Paid, credited, excluded or not due any more.",
                }
            ],
        )
        self.assertEqual(self.mail.state, "cancel")

    def test_a_failed_mail_is_not_sent_again_with_the_old_amounts(self):
        self._fail_mails()
        self._pay(self.move, 30.0)
        self.assertFalse(self._send_again(self.mail))
        self.assertEqual(self.mail.state, "cancel")
        self.assertEqual(self.contact.state, "planned")
        self._deliver_ready()
        [text] = self._process_queue()
        self.assertIn("70.00", text)
        self.assertEqual(self.contact.state, "sent")

    def test_a_failed_mail_about_the_same_leaves_as_it_is(self):
        self._fail_mails()
        with mute_logger("odoo.sql_db"):
            self.assertTrue(self._send_again(self.mail))
        self.assertEqual(self.contact.state, "sent")

    # THANKS

    def test_nobody_is_thanked_for_a_payment_that_was_returned(self):
        self._process_queue()
        self.env.company.collection_thanks_template_id = self.template
        payment = self._pay(self.move)
        self._end_transaction()
        self._deliver_ready()
        thanks = self._contacts(self.debtor)[-1]
        self.assertTrue(thanks._is_thanks())
        self.assertEqual(thanks.state, "queued")
        payment.action_draft()
        payment.action_cancel()
        self._end_transaction()
        self.assertFalse(self._process_queue())
        self.assertRecordValues(
            thanks, [{"state": "dropped", "reason": "The case is open again."}]
        )


class TestMergedQueue(QueueCommon):
    """Merged debtors get one message, not one each."""

    def _merge(self, needs_approval=False):
        """Merge two debtors with a message each; return the contacts."""
        other = self._create_chilean("Acme Copy")
        self.stage_due.needs_approval = needs_approval
        for debtor in (self.debtor, other):
            self._create_overdue_invoice(debtor, 5)
        return other, self._plan().contact_ids

    def _check_one_is_left(self, other, contacts, state):
        gone = contacts.filtered(lambda contact: contact.partner_id == other)
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge(
            (self.debtor | other).ids, self.debtor
        )
        self.env.invalidate_all()
        self.assertRecordValues(
            gone,
            [{"state": "dropped", "reason": "The debtor was merged with another."}],
        )
        self.assertEqual((contacts - gone).state, state)
        return gone

    def test_only_the_message_of_the_remaining_case_leaves(self):
        for state in ("planned", "review", "queued"):
            with self.subTest(state), self.cr.savepoint() as savepoint:
                other, contacts = self._merge(state == "review")
                if state == "queued":
                    self._deliver_ready()
                self._check_one_is_left(other, contacts, state)
                self._deliver_ready()
                left = self._process_queue()
                self.assertEqual(len(left), int(state != "review"))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_the_next_run_plans_anew_what_was_dropped(self):
        other, contacts = self._merge()
        gone = self._check_one_is_left(other, contacts, "planned")
        self._deliver_ready()
        self._process_queue()
        with self._day(3):
            again = self._plan_and_deliver()
        self.assertEqual(again.partner_id, self.debtor)
        self.assertEqual(
            again.line_ids.filtered("stage_id").item_id & gone.line_ids.item_id,
            gone.line_ids.item_id,
        )
