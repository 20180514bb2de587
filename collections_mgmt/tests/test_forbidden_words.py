from odoo.exceptions import UserError, ValidationError

from .common import CollectionCommon
from .letter_common import LetterCommon


class TestForbiddenWords(CollectionCommon):
    """No text for debtors looks like a paper of a court."""

    def test_a_template_with_such_words_cannot_be_saved(self):
        for text in (
            "<p>Citación judicial</p>",
            "<p>Recibirá una CITACION JUDICIAL</p>",
            "<p>citación <b>judi</b>cial</p>",
            '<img alt="Orden de embargo" src="/x.png"/>',
            "<p>You will get a court summons</p>",
        ):
            with (
                self.subTest(text),
                self.assertRaises(ValidationError),
                self.cr.savepoint(),
            ):
                self.template.body_html = text
        with self.assertRaisesRegex(ValidationError, "“notificación judicial”"):
            self.template.subject = "Notificación judicial"

    def test_whole_words_only(self):
        self.template.body_html = "<p>We write to you: juzgados, rewrite</p>"

    def test_a_translation_is_checked_as_the_text_itself(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.template.body_html = "<p>Please pay</p>"
        with self.assertRaises(ValidationError):
            self.template.update_field_translations(
                "body_html", {"es_ES": "<p>Orden de embargo</p>"}
            )

    def test_other_templates_may_say_what_they_want(self):
        self.env["mail.template"].create(
            {
                "name": "Legal",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "body_html": "<p>Citación judicial</p>",
            }
        )

    def test_the_list_can_be_changed(self):
        self.env["collection.forbidden.word"].create({"name": "Blacklist"})
        with self.assertRaises(ValidationError):
            self.template.body_html = "<p>blacklist</p>"
        self.env["collection.forbidden.word"].search([]).active = False
        self.template.body_html = "<p>blacklist, writ</p>"

    def test_an_edited_text_is_checked(self):
        self.stage_due.needs_approval = True
        self._create_overdue_invoice(self._create_debtor("Acme"), 5)
        contact = self._plan().contact_ids
        for values in (
            {"subject": "Embargo inminente", "body": "<p>Pay</p>"},
            {"subject": "Pay", "body": "<p>Embargo inminente</p>"},
        ):
            wizard = self.env["collection.contact.text"].create(
                {"contact_id": contact.id, **values}
            )
            with self.subTest(**values), self.assertRaises(UserError):
                wizard.action_save()

    def test_a_template_without_the_required_words_is_pointed_at(self):
        self.assertIn("object.legal_block", self.template.collection_warning)
        self.assertIn("Statement: ", self.stage_due.wording_warning)
        self.assertIn("Statement: ", self.stage_due.step_ids.wording_warning)
        self.template.body_html = '<t t-out="object.legal_block"/>'
        self.assertFalse(self.template.collection_warning)
        self.assertFalse(self.stage_due.wording_warning)
        self.template.subject = "You owe {{ object.amount_asked }}"
        self.assertIn("subject", self.template.collection_warning)


class TestForbiddenWordsAsTheyLeave(CollectionCommon):
    """Not the template alone is read, but what each debtor would get."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template.write(
            {
                "subject": "Statement {{ object.partner_id.ref }}",
                "body_html": '<p>Hello <t t-out="object.partner_id.name"/></p>',
            }
        )
        cls.debtor = cls._create_debtor("Acme", ref="Orden de embargo")
        cls._create_overdue_invoice(cls.debtor, 5)

    def _deliver_all(self):
        self._plan()
        self._deliver()
        return self._contacts(self.debtor)[-1]

    def test_a_word_that_a_field_brings_along_stops_the_message(self):
        other = self._create_debtor("Other", ref="1")
        self._create_overdue_invoice(other, 5)
        contact = self._deliver_all()
        self.assertEqual(contact.state, "blocked")
        self.assertIn("“orden de embargo”", contact.reason)
        self.assertFalse(contact.mail_mail_id)
        self.assertFalse(any(contact.line_ids.mapped("is_counted")))
        self.assertEqual(self._contacts(other).state, "queued")

    def test_a_name_is_not_ours_to_word(self):
        self.debtor.write({"name": "Juzgado Tercero", "ref": False})
        self.assertEqual(self._deliver_all().state, "queued")

    def test_a_name_excuses_no_other_word(self):
        self.debtor.name = "Juzgado Tercero"
        self.assertEqual(self._deliver_all().state, "blocked")

    def test_an_edited_text_is_read_again(self):
        self.debtor.ref = False
        self.stage_due.needs_approval = True
        contact = self._plan().contact_ids
        contact._edit_text("Statement", "<p>Blacklist</p>")
        self.env["collection.forbidden.word"].create({"name": "blacklist"})
        contact.action_approve()
        self._deliver()
        self.assertEqual(contact.state, "blocked")

    def test_the_next_run_tries_again_when_the_cause_is_gone(self):
        word = self.env["collection.forbidden.word"].search(
            [("name", "=", "orden de embargo")]
        )
        for cure in (
            lambda: word.write({"active": False}),
            word.unlink,
            lambda: self.template.write({"subject": "Statement"}),
        ):
            with self.cr.savepoint() as savepoint:
                contact = self._deliver_all()
                self.assertGreater(contact.retry_date, self.today)
                cure()
                self.assertEqual(contact.retry_date, self.today)
                savepoint.rollback()
                self.env.invalidate_all()


class TestForbiddenWordsOnPaper(LetterCommon):
    """A letter is read when it is written, and once more when it is printed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.letter_template.subject = "Letter {{ object.partner_id.ref }}"
        cls.debtor = cls._create_postal_debtor("Acme")
        cls._create_overdue_invoice(cls.debtor, 5)

    def test_it_is_not_written_with_such_a_word(self):
        self.debtor.ref = "Orden de embargo"
        letter = self._queue_letters().contact_ids
        self.assertEqual(letter.state, "blocked")
        self.assertFalse(letter.mail_message_id)

    def test_nor_printed(self):
        letter = self._queue_letters().contact_ids.sudo()
        self.assertEqual(letter.state, "queued")
        self.debtor.ref = "Orden de embargo"
        self.assertFalse(letter._renew_letters())
        self.assertEqual(letter.state, "blocked")
        self.assertFalse(letter.mail_message_id)
