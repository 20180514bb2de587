"""Who loses a payment plan is told: by e-mail, else by letter, else by a person."""

from .letter_common import LetterCommon
from .test_promise_plan import PlanCommon


class TestPlanNoticeByLetter(PlanCommon, LetterCommon):
    """The same notice through the same gate, on paper."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor.write(
            {
                "email": False,
                "street": "1 High Street",
                "city": "Springfield",
                "country_id": cls.env.ref("base.us").id,
            }
        )

    def setUp(self):
        super().setUp()
        self._fake_pdfs()
        self.plan = self._make()
        self.plan.action_confirm()
        self._end_transaction()

    def _default(self):
        """Let the first instalment be missed; return the notice."""
        self._look(8)
        self.assertEqual(self.plan.state, "broken")
        return self._get_notice()

    def _get_notice(self):
        return self._contacts(self.debtor).filtered(
            lambda contact: contact.promise_message == "default"
        )

    def _deliver_later(self):
        with self._day(8):
            self._deliver()
            self.env.invalidate_all()

    def test_without_an_email_address_it_is_a_letter(self):
        notice = self._default()
        self.assertRecordValues(
            notice,
            [
                {
                    "channel": "letter",
                    "state": "planned",
                    "address_partner_id": self.debtor.id,
                }
            ],
        )
        self._deliver_later()
        self.assertRecordValues(
            notice,
            [
                {
                    "state": "queued",
                    "subject": "Your payment plan has ended",
                    "address": "Acme, 1 High Street, Springfield, United States",
                }
            ],
        )
        self.assertIn("03/20/2026", notice.body)
        with self._day(8):
            notice.action_print_letters()
        self.assertEqual(notice.state, "sent")
        tasks = "".join(self.case.activity_ids.mapped("summary"))
        self.assertNotIn("no notice could be sent", tasks)

    def test_with_an_email_address_it_is_an_email_alone(self):
        self.debtor.email = "acme@debtor.test"
        self.assertEqual(self._default().mapped("channel"), ["email"])

    def test_an_address_from_which_mail_came_back_is_none(self):
        self.debtor.email = "acme@debtor.test"
        contacts = self.env["collection.contact"].sudo()  # the engine's own
        contacts.create(
            {
                "case_id": self.case.id,
                "company_id": self.env.company.id,
                "partner_id": self.debtor.id,
                "address_partner_id": self.debtor.id,
                "address": "acme@debtor.test",
                "channel": "email",
                "state": "failed",
                "is_bounced": True,
                "date_planned": self.today,
            }
        )
        self.assertEqual(self._default().mapped("channel"), ["letter"])

    def test_the_letter_says_what_the_email_says(self):
        letter = self._default()
        self.debtor.email = "acme@debtor.test"
        email = self.env["collection.contact"].sudo()  # contacts are the engine's own
        email = email._plan_promise_messages(self.plan, "default")
        self.assertEqual(email.channel, "email")
        said = [
            contact._get_rendered(contact._get_template())[contact.id]["body_html"]
            for contact in (letter, email)
        ]
        for sentence in (
            "<strong>03/20/2026</strong> has not arrived. As agreed, the payment plan "
            "of $\xa0100.00 has therefore ended, and all that is still open is due.",
            "If you have paid in the last days, please send us the receipt.",
            "we will look for a solution together.",
        ):
            with self.subTest(sentence):
                self.assertTrue(all(sentence in text for text in said))
        self.assertNotIn("<a ", said[0], "Nobody follows a link on paper.")

    def test_the_company_words_it_anew(self):
        self.env.company.collection_plan_default_letter_id = self._create_template(
            "Own", subject="It is over", body_html="<p>Our plan is over.</p>"
        )
        notice = self._default()
        self._deliver_later()
        self.assertEqual(notice.subject, "It is over")
        self.assertIn("Our plan is over.", notice.body)

    def test_a_stop_stops_it(self):
        self.env["collection.hold"].create(
            {"partner_id": self.debtor.id, "kind": "cease"}
        )
        notice = self._default()
        self._deliver_later()
        self.assertEqual(notice.state, "blocked")

    def test_it_is_not_printed_when_the_payment_turns_up(self):
        notice = self._default()
        self._deliver_later()
        self._create_late_payment()
        with self._day(8):
            notice.action_print_letters()
        self.assertEqual(self.plan.state, "open")
        self.assertEqual(notice.state, "dropped")

    def test_half_an_address_is_none(self):
        self.debtor.city = False
        self.assertFalse(self._default())
        tasks = "".join(self.case.activity_ids.mapped("summary"))
        self.assertIn("neither an e-mail nor a postal address", tasks)
