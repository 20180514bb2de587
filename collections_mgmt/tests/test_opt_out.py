from odoo.tests import HttpCase

from ..const import PERSONAL_LINK_DAYS
from ..tools.replies import get_first_line
from .common import CollectionCommon
from .mail_formats import REPLY
from .test_bounces import ListenCommon


class TestOptOutLink(CollectionCommon, HttpCase):
    """A link in e-mails to consumers, by which they refuse more of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls._create_overdue_invoice(cls.debtor, 5)

    def setUp(self):
        super().setUp()
        self.contact = self._run()
        self.path = self._get_path(self.contact)

    def _get_path(self, contact):
        return f"/collections/stop/{contact.id}/{contact._get_signature('optout')}"

    def _visit(self, path=None, method="GET"):
        response = self.url_open(
            path or self.path, method=method, data="" if method == "POST" else None
        )
        self.env.invalidate_all()
        return response

    def _get_refusals(self):
        return self.env["collection.consent"].search(
            [("partner_id", "=", self.debtor.id), ("state", "=", "refused")]
        )

    # WHERE THE LINK IS

    def test_emails_to_consumers_carry_it(self):
        self.assertIn(self.path, self.contact.body)
        self.assertNotIn(self.path, self.contact.mail_message_id.body)

    def test_it_can_be_switched_off_and_businesses_do_not_get_it(self):
        self.env.company.collection_opt_out_link = False
        consumer = self._create_debtor("Bolt")
        self._create_overdue_invoice(consumer, 5)
        self._run()
        self.assertNotIn("/collections/stop/", self._contacts(consumer).body)
        self.env.company.collection_opt_out_link = True
        business = self._create_debtor("Croft", collection_debtor_type="business")
        self._create_overdue_invoice(business, 5)
        self._run()
        self.assertNotIn("/collections/stop/", self._contacts(business).body)

    def test_letters_cannot_be_refused(self):
        letter = self.contact.sudo().copy({"state": "planned", "channel": "letter"})
        self.assertFalse(letter.opt_out_url)
        response = self._visit(self._get_path(letter), method="POST")
        self.assertEqual(response.status_code, 404)
        self.assertFalse(self._get_refusals())

    # WHO FOLLOWS IT

    def test_the_page_asks_first(self):
        response = self._visit()
        self.assertEqual(response.status_code, 200)
        self.assertIn("Creditor Ltd", response.text)
        self.assertIn("acme@debtor.test", response.text)
        self.assertIn("<form", response.text)
        self.assertFalse(self._get_refusals(), "Programs follow links, too.")

    def test_the_button_records_the_refusal_once(self):
        for _time in range(2):
            response = self._visit(method="POST")
            self.assertEqual(response.status_code, 200)
            self.assertIn("It is noted", response.text)
        self.assertRecordValues(
            self._get_refusals(),
            [
                {
                    "company_id": self.env.company.id,
                    "channel_id": self.env.ref(
                        "collections_mgmt.collection_channel_email"
                    ).id,
                    "source": "link",
                    "address": "acme@debtor.test",
                }
            ],
        )
        self.assertIn(self.contact.subject, self._get_refusals().proof)
        notes = self.contact.case_id.message_ids.filtered(
            lambda message: "wants no more messages" in (message.body or "")
        )
        self.assertEqual(len(notes), 1)

    def test_the_next_email_is_blocked_and_a_letter_is_not(self):
        self.debtor.write(
            {"street": "1 Street", "city": "Springfield", "zip": "1000"}
            | {"country_id": self.env.ref("base.us").id}
        )
        self._create_step(self.stage_first, "letter")
        self._visit(method="POST")
        with self._day(5):
            self._plan()
            contacts = self._deliver()
        states = {contact.channel: contact.state for contact in contacts}
        self.assertEqual(states, {"email": "blocked", "letter": "queued"})
        blocked = contacts.filtered(lambda contact: contact.state == "blocked")
        self.assertIn("refused", blocked.reason)

    def test_who_allowed_it_again_may_refuse_again(self):
        self._visit(method="POST")
        with self._day(1):
            self._get_refusals().copy({"state": "granted", "date": "2026-03-17"})
        with self._day(2):
            self._visit(method="POST")
        self.assertEqual(len(self._get_refusals()), 2)

    def test_a_forged_link_tells_nothing_and_does_nothing(self):
        other = self._create_debtor("Other")
        self._create_overdue_invoice(other, 5)
        self._run()
        for name, signature in {
            "guessed": "0" * 64,
            "not ASCII": "ñandú",
            "another contact's": self._contacts(other)._get_signature("optout"),
            "for another purpose": self.contact._get_signature("click"),
        }.items():
            for method in ("GET", "POST"):
                with self.subTest(name, method=method):
                    response = self._visit(
                        f"/collections/stop/{self.contact.id}/{signature}", method
                    )
                    self.assertEqual(response.status_code, 404)
                    self.assertNotIn("Creditor", response.text)
                    self.assertNotIn("acme", response.text)
        self.assertFalse(self._get_refusals())

    def test_an_old_link_is_as_good_as_none(self):
        with self._day(PERSONAL_LINK_DAYS + 1):
            self.assertEqual(self._visit(method="POST").status_code, 404)
        self.assertFalse(self._get_refusals())

    def test_the_page_speaks_the_debtors_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.debtor.lang = "es_ES"
        self.assertIn('lang="es"', self._visit().text)


class TestOptOutReply(ListenCommon):
    """A reply that says nothing but STOP refuses more e-mails."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_overdue_invoice(cls.debtor, 5)

    def setUp(self):
        super().setUp()
        self.contact = self._run()

    def _answer(self, text, **values):
        self._receive(
            REPLY.replace("We pay on Friday.", text),
            self.contact.mail_message_id,
            **{"email_from": "acme@debtor.test", "extra": "", **values},
        )
        return self.env["collection.consent"].search(
            [("partner_id", "=", self.debtor.id), ("state", "=", "refused")]
        )

    def test_a_word_alone_refuses_emails_and_is_a_reply_as_well(self):
        refusal = self._answer("Stop.\n\n> Dear debtor\n> please pay")
        self.assertRecordValues(
            refusal,
            [{"source": "message", "address": "acme@debtor.test", "state": "refused"}],
        )
        self.assertEqual(refusal.channel_id.code, "email")
        self.assertIn("“Stop”", refusal.proof)
        self.assertTrue(self.contact.date_replied)
        self.assertTrue(self.contact.case_id.reply_date)

    def test_each_word_of_the_company_counts(self):
        self.env.company.collection_opt_out_words = "basta; No más"
        self.assertFalse(self._answer("STOP"))
        self.assertEqual(len(self._answer("no mas")), 1)

    def test_in_a_sentence_it_is_no_refusal(self):
        for text in (
            "Stop sending me the wrong invoices, I pay on Friday",
            "I will pay.\nSTOP",
            "On Monday Creditor wrote:\n> STOP",
        ):
            with self.subTest(text):
                self.assertFalse(self._answer(text))

    def test_an_automatic_answer_or_a_colleague_refuses_nothing(self):
        self.assertFalse(self._answer("STOP", extra="Auto-Submitted: auto-replied\n"))
        self.user.email = "colleague@creditor.test"
        self.assertFalse(self._answer("STOP", email_from=self.user.email))

    def test_the_first_line_is_found_in_what_mail_programs_send(self):
        table = {
            "STOP": "STOP",
            "<p>STOP</p><p>--<br/>Jane</p>": "STOP",
            "<div>Stop!</div><div class='gmail_quote'>On Monday</div>": "Stop",
            "<blockquote>Dear</blockquote><p>BAJA</p>": "BAJA",
            "<pre>&gt; Dear\n\nBAJA</pre>": "BAJA",
            "<p><br/></p><p>Please stop</p>": "Please stop",
            "": "",
            "<p></p>": "",
        }
        for body, line in table.items():
            with self.subTest(body):
                self.assertEqual(get_first_line(body), line)
