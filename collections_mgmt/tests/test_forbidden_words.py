from odoo.exceptions import UserError, ValidationError

from .common import CollectionCommon


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
        self.template.body_html = '<t t-out="object.legal_block"/>'
        self.assertFalse(self.template.collection_warning)
        self.assertFalse(self.stage_due.wording_warning)
        self.template.subject = "You owe {{ object.amount_asked }}"
        self.assertIn("subject", self.template.collection_warning)
