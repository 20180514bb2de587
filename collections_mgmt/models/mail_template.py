"""Templates for debtors: what they must not say, and what they had better say."""

import re

from odoo import api, fields, models
from odoo.fields import Domain

from ..const import WRITTEN_CHANNELS
from .collection_wording import BLOCK_PLACEHOLDERS, HTML_BLOCK

# Expressions and figures by which a subject line tells how much is owed.
AMOUNT = re.compile(r"\{\{[^}]*amount|[€$£]\s?\d|\d+[.,]\d{2}\b|\d\s?[€$£]")


class MailTemplate(models.Model):
    _inherit = "mail.template"

    collection_warning = fields.Text(
        string="Collections Warning", compute="_compute_collection_warning"
    )

    @api.depends("model", "subject", "body_html", "email_layout_xmlid")
    def _compute_collection_warning(self):
        for template in self:
            template.collection_warning = "\n".join(
                template._get_collection_warnings()
                if template.model == "collection.contact"
                else []
            )

    def _get_collection_warnings(self):
        self.ensure_one()
        warnings = []
        if not any(name in (self.body_html or "") for name in BLOCK_PLACEHOLDERS):
            warnings.append(
                self.env._(
                    "It does not contain object.legal_block: where the law wants "
                    "messages to say certain things, this one is not sent."
                )
            )
        warnings += self._get_wording_warnings()
        if AMOUNT.search(self.subject or ""):
            warnings.append(
                self.env._(
                    "The subject tells how much is owed: others than the debtor may "
                    "see it."
                )
            )
        return warnings

    def _get_wording_warnings(self):
        """Return in sentences what the law of which place wants it to say, too."""
        self.ensure_one()
        langs = [code for code, _name in self.env["res.lang"].get_installed()]
        texts = [self.with_context(lang=lang).body_html for lang in langs]
        if self.env.lang in langs and self.id != self._origin.id:
            texts = [self.body_html]  # while it is being written
        return self.env["collection.contact.rule"]._explain_lacks(
            texts,
            WRITTEN_CHANNELS,
            HTML_BLOCK,
            said={"opt_out"} if self._has_collection_footer() else (),
        )

    def _has_collection_footer(self):
        """Return whether its messages end with our own footer, with the way out."""
        self.ensure_one()
        return self.email_layout_xmlid in (False, "", "collections_mgmt.email_layout")

    @api.constrains("subject", "body_html", "model_id")
    def _check_forbidden_words(self):
        templates = self.filtered(
            lambda template: template.model == "collection.contact"
        )
        for lang, _name in self.env["res.lang"].get_installed() if templates else ():
            for template in templates.with_context(lang=lang):
                self.env["collection.forbidden.word"]._check_texts(
                    [template.subject, template.body_html]
                )

    def write(self, vals):
        # EXTENDS 'mail': messages that lacked words may have them now
        result = super().write(vals)
        if {"body_html", "subject"}.intersection(vals):
            # In sudo: who may change a template need not see strategies.
            steps_sudo = self.env["collection.step"].sudo()
            steps_sudo = steps_sudo.search([("template_id", "in", self.ids)])
            self.env["collection.contact"]._forget_unworded(
                Domain("step_id", "in", steps_sudo.ids)
            )
        return result

    def _update_field_translations(self, *args, **kwargs):
        # EXTENDS 'base': a translation is checked as the text itself
        result = super()._update_field_translations(*args, **kwargs)
        self._check_forbidden_words()
        return result
