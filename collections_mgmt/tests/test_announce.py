"""Debtors say by themselves that they have paid, on the page of a message's link."""

from datetime import timedelta

from odoo.tests import HttpCase

from ..const import PERSONAL_LINK_DAYS, RECEIPT_MAX_BYTES
from .common import CollectionCommon

PDF = b"%PDF-1.4 a receipt"


class AnnounceCommon(CollectionCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls.invoice = cls._create_overdue_invoice(cls.debtor, 5, 100.0)

    def setUp(self):
        super().setUp()
        self.contact = self._run()
        self.case = self._case(self.debtor)
        self.path = self._get_path(self.contact)

    def _get_path(self, contact):
        return f"/collections/paid/{contact.id}/{contact._get_signature('paid')}"

    def _visit(self, path=None):
        response = self.url_open(path or self.path)
        self.env.invalidate_all()
        return response

    def _say(self, path=None, receipt=None, **said):
        """Send the form; ``receipt`` is (name, content, declared type)."""
        data = {"amount": "100.00", "date": self.today.isoformat(), **said}
        files = {"receipt": receipt} if receipt else None
        response = self.url_open(path or self.path, data=data, files=files)
        self._end_transaction()
        self.env.invalidate_all()
        return response

    def _get_holds(self):
        return self.env["collection.item.hold"].search(
            [("partner_id", "=", self.debtor.id)]
        )


class TestAnnounceLink(AnnounceCommon):
    """Where the link is, and who may follow it."""

    def test_reminders_carry_it_and_the_conversation_does_not(self):
        self.assertIn(self.path, self.contact.body)
        self.assertNotIn(self.path, self.contact.mail_message_id.body)

    def test_a_text_that_has_the_link_gets_it_once(self):
        template = self.contact._get_template()
        template.body_html += '<a t-att-href="object.announce_url">Paid</a>'
        other = self._create_debtor("Bolt")
        self._create_overdue_invoice(other, 5)
        self._run()
        self.assertEqual(self._contacts(other).body.count("/collections/paid/"), 1)

    def test_a_company_can_switch_it_off_also_for_what_has_left(self):
        self.env.company.collection_announce_link = False
        other = self._create_debtor("Bolt")
        self._create_overdue_invoice(other, 5)
        self._run()
        self.assertNotIn("/collections/paid/", self._contacts(other).body)
        self.assertEqual(self._visit().status_code, 404)
        self.assertEqual(self._say().status_code, 404)
        self.assertFalse(self._get_holds())

    def test_a_forged_link_tells_nothing_and_does_nothing(self):
        for name, signature in {
            "guessed": "0" * 64,
            "for another purpose": self.contact._get_signature("optout"),
        }.items():
            path = f"/collections/paid/{self.contact.id}/{signature}"
            for response in (self._visit(path), self._say(path)):
                with self.subTest(name):
                    self.assertEqual(response.status_code, 404)
                    self.assertNotIn("Creditor", response.text)
        self.assertFalse(self._get_holds())

    def test_an_old_link_is_as_good_as_none(self):
        with self._day(PERSONAL_LINK_DAYS + 1):
            self.assertEqual(self._say().status_code, 404)
        self.assertFalse(self._get_holds())

    def test_looking_changes_nothing_and_tells_nothing_of_the_debt(self):
        response = self._visit()
        self.assertEqual(response.status_code, 200)
        self.assertIn("Creditor Ltd", response.text)
        for secret in ("Acme", self.invoice.name, "100.00"):
            self.assertNotIn(secret, response.text)
        self.assertFalse(self._get_holds())

    def test_the_page_speaks_the_debtors_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.debtor.lang = "es_ES"
        self.assertIn('lang="es"', self._visit().text)


class TestAnnouncement(AnnounceCommon):
    """What is said is held, once, and stands in the list of payments to verify."""

    def test_what_the_message_asked_for_is_held_for_the_reasons_days(self):
        response = self._say(reference="Transfer 4711")
        self.assertIn("Thank you, it is noted", response.text)
        hold = self._get_holds()
        self.assertRecordValues(
            hold,
            [
                {
                    "is_payment_announced": True,
                    "is_from_debtor": True,
                    "amount_announced": 100.0,
                    "payment_date": self.today,
                    "payment_reference": "Transfer 4711",
                    "date_until": self.today + timedelta(days=5),
                    "contact_id": self.contact.id,
                }
            ],
        )
        self.assertEqual(hold.item_ids, self._items(self.invoice))
        self.assertEqual(self._items(self.invoice).amount_held, 100.0)
        self.assertEqual(self.case.decision, "held")
        self.assertIn(
            "$&nbsp;100.00 were paid on 03/16/2026 (Transfer 4711)",
            self.case.message_ids[0].body,
        )
        self.assertIn("held", self.contact.event_ids.mapped("kind"))

    def test_it_is_held_no_longer_than_a_collector_may_hold(self):
        self.env.company.collection_hold_max_days = 3
        self._say()
        self.assertEqual(self._get_holds().date_until, self.today + timedelta(days=3))

    def test_a_reason_without_days_never_makes_an_endless_hold(self):
        self.case._get_announcement_reason().days = 0
        self.env.company.collection_hold_max_days = 0
        self._say()
        self.assertEqual(self._get_holds().date_until, self.today + timedelta(days=5))

    def test_saying_it_again_makes_no_second_hold(self):
        for _time in range(2):
            self.assertIn("Thank you, it is noted", self._say().text)
        self.assertEqual(len(self._get_holds()), 1)

    def test_a_debtor_who_did_not_pay_cannot_say_so_again(self):
        self._say()
        with self._day(6):
            self.env["collection.engine"].sudo()._follow(self.env.company)
            self._end_transaction()
            self.assertTrue(self._get_holds().is_missed)
            self.assertIn("has not seen the payment", self._say().text)
            self._run()
            newest = self._contacts(self.debtor).sorted("id")[-1]
            self._say(self._get_path(newest))
        self.assertEqual(len(self._get_holds()), 1)

    def test_what_a_collector_holds_already_is_not_held_twice(self):
        self._create_hold(self.invoice)
        self.assertIn("nothing more to do", self._say().text)
        self.assertEqual(len(self._get_holds()), 1)

    def test_what_is_paid_needs_no_notice(self):
        self._pay(self.invoice)
        self._end_transaction()
        self.assertIn("nothing more to do", self._say().text)
        self.assertFalse(self._get_holds())


class TestAnnouncedPart(AnnounceCommon):
    """Who pays less than was asked for has the rest asked for again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.newer = cls._create_overdue_invoice(cls.debtor, 5, 30.0)

    def test_the_oldest_are_held_until_the_amount_is_used_up(self):
        self._say(amount="60")
        self.assertEqual(self._get_holds().item_ids, self._items(self.invoice))

    def test_an_amount_that_is_one_invoices_own_holds_that_one(self):
        self._say(amount="30.00")
        self.assertEqual(self._get_holds().item_ids, self._items(self.newer))

    def test_more_than_was_asked_for_holds_all_of_it(self):
        self._say(amount="500")
        both = self._items(self.invoice) | self._items(self.newer)
        self.assertEqual(self._get_holds().item_ids, both)

    def test_what_was_not_in_the_message_is_not_held(self):
        later = self._create_overdue_invoice(self.debtor, 1, 70.0)
        self._plan()
        self._say(amount="500")
        self.assertFalse(self._get_holds().item_ids & self._items(later))


class TestAnnouncedInput(AnnounceCommon):
    """What strangers send is checked; nothing is kept of what is refused."""

    def test_what_cannot_be_used_is_refused_with_a_sentence(self):
        tomorrow = (self.today + timedelta(days=2)).isoformat()
        for sentence, said in (
            ("Enter the amount", {"amount": ""}),
            ("Enter the amount", {"amount": "-5"}),
            ("Enter the amount", {"amount": "nan"}),
            ("Enter the amount", {"amount": "1e999"}),
            ("Enter the amount", {"amount": "0.001"}),
            ("cannot be counted with", {"amount": "1e15"}),
            ("Enter the day", {"date": "yesterday"}),
            ("Enter the day", {"date": tomorrow}),
            ("Enter the day", {"date": "0001-01-01"}),
        ):
            with self.subTest(said=said):
                response = self._say(**said)
                self.assertEqual(response.status_code, 200)
                self.assertIn(sentence, response.text)
        self.assertFalse(self._get_holds())

    def test_a_reference_is_one_short_line_and_never_markup(self):
        self._say(reference="<script>\n\0" + "x" * 500)
        hold = self._get_holds()
        self.assertEqual(len(hold.payment_reference), 100)
        self.assertNotIn("<script>", self.case.message_ids[0].body)

    def test_a_receipt_is_kept_as_what_its_bytes_are(self):
        self._say(receipt=("../my receipt.html", PDF, "text/html"))
        receipt = self._get_holds().receipt_ids
        self.assertRecordValues(
            receipt, [{"name": "my receipt.pdf", "mimetype": "application/pdf"}]
        )
        self.assertEqual(receipt.raw, PDF)
        self.assertFalse(receipt.public)

    def test_other_files_are_refused(self):
        for name, content in {
            "page.pdf": b"<html><script>alert(1)</script></html>",
            "drawing.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "nothing.pdf": b"",
        }.items():
            with self.subTest(name):
                response = self._say(receipt=(name, content, "application/pdf"))
                self.assertIn("Only PDF, PNG and JPEG", response.text)
        self.assertFalse(self._get_holds())

    def test_a_file_that_is_too_large_is_refused(self):
        large = PDF + b"x" * RECEIPT_MAX_BYTES
        response = self._say(receipt=("large.pdf", large, "application/pdf"))
        self.assertIn("too large", response.text)
        self.assertFalse(self._get_holds())

    def test_what_is_far_too_large_is_not_even_read(self):
        huge = PDF + b"x" * (4 * RECEIPT_MAX_BYTES)
        response = self._say(receipt=("huge.pdf", huge, "application/pdf"))
        self.assertEqual(response.status_code, 413)
        self.assertFalse(self._get_holds())
