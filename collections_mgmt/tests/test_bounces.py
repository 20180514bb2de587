from datetime import timedelta
from itertools import count

from odoo import SUPERUSER_ID
from odoo.tools import mute_logger

from .common import CollectionCommon
from .mail_formats import BOUNCE, BOUNCE_WITHOUT_RECIPIENT, REPLY

_numbers = count(1)


class ListenCommon(CollectionCommon):
    """What the mail gateway receives after a message left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")

    def _receive(self, mail_format, message, **values):
        """Let the gateway process an e-mail about a message, as the fetching job does.

        :param mail.message message: what it answers, or what came back
        """
        mail = mail_format.format(
            **{
                "msg_id": f"<{next(_numbers)}@debtor.test>",
                "answered": message.sudo().message_id or "<unknown@creditor.test>",
                **values,
            }
        )
        gateway = self.env(user=SUPERUSER_ID, context={})["mail.thread"]
        with self.mock_mail_gateway(), mute_logger("odoo.addons.mail.models"):
            gateway.message_process(False, mail)
        self.env.flush_all()
        self.env.invalidate_all()

    def _bounce(self, contact, recipient=None, action="failed", status="5.1.1"):
        self._receive(
            BOUNCE,
            contact.mail_message_id,
            recipient=recipient or contact.address,
            action=action,
            status=status,
        )

    def _reply(self, message, email_from="acme@debtor.test", headers=""):
        extra = f"{headers}\n" if headers else ""
        self._receive(REPLY, message, email_from=email_from, extra=extra)


class TestBounces(ListenCommon):
    """A message that came back is no reminder: all it moved goes back."""

    def test_a_message_that_came_back_has_failed_and_says_so(self):
        self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        with self._day(1):
            self._bounce(contact)
        self.assertEqual(contact.state, "failed")
        self.assertTrue(contact.is_bounced)
        self.assertEqual(
            contact.reason,
            "The message came back: it could not be delivered to acme@debtor.test.",
        )
        self.assertEqual(contact.date_done, self.today + timedelta(days=1))
        self.assertFalse(any(contact.line_ids.mapped("is_counted")))
        self.assertEqual(
            contact.mail_message_id.sudo().notification_ids.notification_status,
            "bounce",
        )

    def test_its_items_and_its_case_are_as_if_nothing_had_been_sent(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        item, case = self._items(move), contact.case_id
        self.assertEqual(item.stage_id, self.stage_due)
        self.assertEqual(case.date_last_contact, self.today)
        self.assertEqual(item.passed_stage_id, self.stage_due)
        self._bounce(contact)
        self.assertFalse(item.stage_id)
        self.assertFalse(item.stage_date)
        self.assertFalse(item.passed_stage_id)
        self.assertFalse(case.date_last_contact)

    def test_items_return_to_the_last_stage_that_really_went_out(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        self._run()
        second = self._run(5)
        self.assertEqual(self._items(move).stage_id, self.stage_first)
        with self._day(6):
            self._bounce(second)
        self.assertEqual(self._items(move).stage_id, self.stage_due)
        self.assertEqual(self._items(move).passed_stage_id, self.stage_due)
        self.assertEqual(self._items(move).stage_date, self.today)
        self.assertEqual(second.case_id.date_last_contact, self.today)

    def test_a_late_bounce_takes_nothing_back_that_a_later_message_moved_on(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        first, second = self._run(), self._run(5)
        case, later = first.case_id, self.today + timedelta(days=5)
        with self._day(6):
            self._bounce(first)
        self.assertEqual(first.state, "failed")
        self.assertEqual(self._items(move).stage_id, self.stage_first)
        self.assertEqual(self._items(move).stage_date, later)
        self.assertEqual(case.date_last_contact, later)
        with self._day(7):
            self._bounce(second)
        self.assertFalse(self._items(move).stage_id, "The first one came back as well")
        self.assertFalse(case.date_last_contact)

    def test_after_a_bounce_only_what_counts_as_a_contact_dates_the_case(self):
        """As when it was made: no thanks, no call in vain, but a talk."""
        for outcome, expected in (
            ("attempted", False),
            ("talk", self.today + timedelta(days=2)),
        ):
            with self.subTest(outcome):
                debtor = self._create_debtor(f"Debtor {outcome}")
                self._create_overdue_invoice(debtor, 5)
                contact = self._run().filtered(
                    lambda contact, debtor=debtor: contact.partner_id == debtor
                )
                self._thank(contact.case_id, self.today + timedelta(days=1))
                with self._day(2):
                    self._log_call(debtor, outcome)
                with self._day(3):
                    self._bounce(contact)
                self.assertEqual(contact.case_id.date_last_contact, expected)

    def _thank(self, case, date):
        """Let thanks for a payment leave."""
        # In sudo: contacts are the engine's own.
        self.env["collection.contact"].sudo().create(
            {
                "case_id": case.id,
                "partner_id": case.partner_id.id,
                "company_id": case.company_id.id,
                "channel": "email",
                "state": "sent",
                "date_done": date,
                "date_planned": date,
            }
        )

    def test_only_the_items_it_moved_go_back(self):
        told = self._create_overdue_invoice(self.debtor, 5)
        self._run()
        fresh = self._create_overdue_invoice(self.debtor, 2)
        contact = self._run(4)
        self.assertEqual(len(contact.line_ids.item_id), 2)
        with self._day(4):
            self._bounce(contact)
        self.assertEqual(self._items(told).stage_id, self.stage_due)
        self.assertFalse(self._items(fresh).stage_id)

    def test_a_reminder_that_came_back_was_none(self):
        move = self._create_overdue_invoice(self.debtor, -3)
        contact = self._run()
        self.assertEqual(self._items(move).reminder_stage_id, self.stage_soon)
        self._bounce(contact)
        self.assertFalse(self._items(move).reminder_stage_id)
        self.assertFalse(self._items(move).passed_stage_id)

    def test_the_case_says_that_the_last_message_failed(self):
        self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        self._bounce(contact)
        self.assertEqual(contact.case_id.decision, "failed")
        self.assertEqual(
            contact.case_id.next_action_date,
            self.today + timedelta(days=self.strategy.minimum_gap_days),
        )

    def test_the_case_still_speaks_of_its_last_message_when_an_older_one_bounces(self):
        self._create_overdue_invoice(self.debtor, 5)
        first = self._run()
        self._run(5)
        with self._day(5):
            self._bounce(first)
        self.assertEqual(first.case_id.decision, "sent")

    def test_a_bounce_before_the_queue_reports_is_not_undone_by_its_report(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        contact = self._deliver()
        mail_sudo = contact.sudo().mail_mail_id
        self._bounce(contact)
        with self.mock_mail_gateway():
            mail_sudo.send()
        self.assertEqual(contact.state, "failed")
        self.assertFalse(self._items(move).stage_id)

    def test_a_second_bounce_of_the_message_changes_nothing(self):
        self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        self._bounce(contact)
        with self._day(2):
            self._bounce(contact)
        self.assertEqual(contact.date_done, self.today)

    def test_a_copy_that_came_back_is_no_failure_to_reach_the_debtor(self):
        seller = self._create_debtor("Seller")
        self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        self._bounce(contact, recipient=seller.email)
        self.assertEqual(contact.state, "sent")
        self.assertFalse(contact.is_bounced)

    def test_a_bounce_that_names_no_address_is_the_recipients(self):
        self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        self._receive(
            BOUNCE_WITHOUT_RECIPIENT, contact.mail_message_id, recipient="acme"
        )
        self.assertTrue(contact.is_bounced)

    def test_a_bounce_of_another_message_leaves_contacts_alone(self):
        self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        self._receive(
            BOUNCE,
            self.env["mail.message"],
            recipient=contact.address,
            action="failed",
            status="5.1.1",
        )
        self.assertEqual(contact.state, "sent")

    def test_a_notice_of_delay_is_no_bounce(self):
        self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        self._bounce(contact, action="delayed", status="4.4.1")
        self.assertFalse(contact.is_bounced, "The server goes on trying.")
        self.assertEqual(contact.state, "sent")

    def test_a_corrected_address_is_written_to_again(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        self._bounce(contact)
        self.assertEqual(contact.address, self.debtor.email_normalized)
        self.debtor.email = "Acme <new@debtor.test>"
        self.assertNotEqual(contact.address, self.debtor.email_normalized)
        again = self._run(self.strategy.minimum_gap_days)
        self.assertEqual(again.state, "sent")
        self.assertEqual(again.address, "new@debtor.test")
        self.assertFalse(again.is_bounced)
        self.assertEqual(self._items(move).stage_id, self.stage_due)

    def test_the_work_does_not_grow_with_the_number_of_contacts(self):
        contacts = self.env["collection.contact"]
        for number in range(8):
            debtor = self._create_debtor(f"Debtor {number}")
            self._create_overdue_invoice(debtor, 5)
        contacts = self._run().sudo()
        few, many = contacts[:2], contacts[2:]
        few._set_bounced()
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(25):
            many._set_bounced()
            self.env.flush_all()
        self.assertEqual(set(contacts.mapped("state")), {"failed"})
