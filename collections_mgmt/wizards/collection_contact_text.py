from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import is_html_empty


class CollectionContactText(models.TransientModel):
    _name = "collection.contact.text"
    _description = "Edit the Text of a Message"

    contact_id = fields.Many2one(
        "collection.contact", string="Message", required=True, readonly=True
    )
    is_edited = fields.Boolean(related="contact_id.is_edited")
    subject = fields.Char(
        compute="_compute_text",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    body = fields.Html(
        string="Text",
        compute="_compute_text",
        store=True,
        precompute=True,
        readonly=False,
        # It goes out as it is: cleaned of scripts, with the layout of an e-mail.
        sanitize="email_outgoing",
    )

    @api.depends("contact_id")
    def _compute_text(self):
        for wizard in self:
            wizard.subject = wizard.contact_id.preview_subject
            wizard.body = wizard.contact_id.preview_body

    def action_save(self):
        self.ensure_one()
        self.contact_id._edit_text(self.subject, self.body)
        return {"type": "ir.actions.act_window_close"}

    def action_reset(self):
        """Go back to the template's text."""
        self.ensure_one()
        self.contact_id.action_reset_text()
        return {"type": "ir.actions.act_window_close"}


class CollectionContactTexts(models.TransientModel):
    """What is changed in several messages; each keeps the rest of its own text."""

    _name = "collection.contact.texts"
    _description = "Edit the Texts of Several Messages"

    contact_ids = fields.Many2many("collection.contact", readonly=True)
    contact_count = fields.Integer(string="Messages", compute="_compute_contacts")
    languages = fields.Char(
        compute="_compute_contacts",
        help="In which languages these messages are, and how many are in each.",
    )
    template_id = fields.Many2one(
        "mail.template",
        string="Text of",
        domain="[('model', '=', 'collection.contact')]",
        help="Its text takes the place of theirs. Empty: each keeps its own.",
    )
    subject = fields.Char(help="Empty: each keeps its own.")
    opening = fields.Html(
        string="To Begin with",
        sanitize="email_outgoing",
        help="Stands in each message before all else.",
    )

    @api.depends("contact_ids.lang")
    def _compute_contacts(self):
        names = dict(self.env["res.lang"].get_installed())
        for wizard in self:
            counts = Counter(wizard.contact_ids.mapped("lang"))
            wizard.contact_count = len(wizard.contact_ids)
            wizard.languages = ", ".join(
                f"{names.get(lang, lang)}: {count}"
                for lang, count in counts.most_common()
            )

    @api.constrains("template_id")
    def _check_template_id(self):
        for template in self.template_id:
            if template.model != "collection.contact":
                raise ValidationError(
                    self.env._(
                        "The template “%(template)s” words no messages to debtors.",
                        template=template.name,
                    )
                )

    def action_save(self):
        self.ensure_one()
        opening = "" if is_html_empty(self.opening) else self.opening
        if not (self.template_id or self.subject or opening):
            raise UserError(
                self.env._("Choose a text, or enter a subject or how to begin.")
            )
        self.contact_ids._edit_texts_alike(self.template_id, self.subject, opening)
        return {"type": "ir.actions.act_window_close"}
