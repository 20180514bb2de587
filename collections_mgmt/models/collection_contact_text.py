"""What a message says: the template's text, or what a person wrote instead."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.mail import prepend_html_content

from ..const import WRITTEN_CHANNELS

# A message in one of these is worded anew when it leaves, whatever it said before.
UNSAID_STATES = ("test", "review", "planned")


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    edited_body = fields.Html(
        string="Edited Text",
        readonly=True,
        # Cleaned where people write it, see collection.contact.text.
        sanitize=False,
        help="What a person wrote in place of the template's text.",
    )
    edited_amounts = fields.Json(
        readonly=True, help="What the debtor was asked for when the text was written."
    )
    preview_subject = fields.Char(string="Subject Line", compute="_compute_preview")
    preview_body = fields.Html(
        string="Text", compute="_compute_preview", sanitize=False
    )

    @api.depends("state", "subject", "body", "is_edited", "edited_body", "line_ids")
    def _compute_preview(self):
        content = self._get_preview()
        for contact in self:
            contact.preview_subject = content[contact.id]["subject"]
            contact.preview_body = content[contact.id]["body_html"]

    # ACTIONS

    def action_edit_text(self):
        self._check_may_act()
        waiting = self._get_waiting()
        waiting._check_has_text()
        if len(waiting) > 1:
            return self._get_wizard_action(
                self.env._("Edit Texts"),
                "collection.contact.texts",
                default_contact_ids=waiting.ids,
            )
        return self._get_wizard_action(
            self.env._("Edit Text"),
            "collection.contact.text",
            default_contact_id=waiting.id,
        )

    def action_reset_text(self):
        """Go back to the template's text."""
        self._check_may_act()
        edited = self._get_waiting().filtered("is_edited")
        # In sudo: as for the approval.
        edited.sudo().write(
            {
                "is_edited": False,
                "subject": False,
                "edited_body": False,
                "edited_amounts": False,
                "reason": False,
            }
        )
        edited._log_on_cases(self.env._("Text of the template restored"))
        return True

    def _check_has_text(self):
        if not all(contact.channel in WRITTEN_CHANNELS for contact in self):
            raise UserError(
                self.env._("Only the text of e-mails and letters can be edited.")
            )

    # WHAT IT SAYS

    def _get_rendered(self, template):
        """Return {id: {"subject", "body_html"}}: the template's text, or a person's.

        :param template: mail.template of model collection.contact
        """
        edited = self.filtered("is_edited")
        rendered = (self - edited)._get_rendered_anew(template)
        for contact in edited:
            rendered[contact.id] = {
                "subject": contact.subject,
                "body_html": contact.edited_body,
            }
        return rendered

    def _get_rendered_anew(self, template):
        """As ``_get_rendered``, whatever people wrote."""
        # In sudo: what a debtor is told does not depend on who looks at it. What many
        # messages share is made once: the dictionary holds it while they are worded.
        return (
            template.sudo()
            .with_context(collection_once={})
            ._generate_template(self.ids, ("subject", "body_html"))
        )

    def _is_said(self):
        """Return whether the words are final: it left, or tried to."""
        self.ensure_one()
        return bool(self.body) and self.state not in UNSAID_STATES

    def _get_preview(self):
        """Return {id: {"subject", "body_html"}}: what was said, or would be said now.

        Modules that add a channel take their own contacts and give the rest to super.
        """
        said = self.filtered(lambda contact: contact._is_said())
        written = (self - said).filtered(
            lambda contact: (
                contact.channel in WRITTEN_CHANNELS and contact._get_template()
            )
        )
        content = {
            contact.id: {"subject": contact.subject, "body_html": contact.body}
            for contact in said
        }
        for template, contacts in written.grouped(
            lambda contact: contact._get_template()
        ).items():
            content |= contacts._get_rendered_or_error(template)
        for contact in self - said - written:
            content[contact.id] = {
                "subject": contact.stage_id.name,
                "body_html": contact.items_table,
            }
        return content

    def _get_rendered_or_error(self, template):
        """As ``_get_rendered``; a broken template is shown, it closes no screen."""
        try:
            return self._get_rendered(template)
        except UserError:
            broken = self.env._(
                "The template “%(template)s” has an error and cannot be shown.",
                template=template.name,
            )
            return dict.fromkeys(self.ids, {"subject": False, "body_html": broken})

    def _edit_text(self, subject, body):
        """As ``_edit_texts``, for one message."""
        self.ensure_one()
        self._edit_texts({self.id: (subject, body)})

    def _edit_texts(self, texts):
        """Replace the templates' texts; they hold for what is owed at this moment.

        :param dict texts: {contact id: (subject, HTML that was cleaned)}
        """
        self._check_may_act()
        self._get_waiting()._check_has_text()
        self.env["collection.forbidden.word"]._check_texts(
            {text for words in texts.values() for text in words}
        )
        told = self._get_told_amounts()
        for contact in self:
            subject, body = texts[contact.id]
            # In sudo: as for the approval.
            contact.sudo().write(
                {
                    "is_edited": True,
                    "subject": subject,
                    "edited_body": body,
                    "edited_amounts": told[contact.id],
                    "reason": False,
                }
            )
        self._log_on_cases(self.env._("Text edited"))

    def _edit_texts_alike(self, template, subject, opening):
        """Change the same in several texts; whatever is empty stays as it is.

        :param template: mail.template that words them anew
        :param str subject: instead of theirs
        :param str opening: HTML that was cleaned, to stand before the rest
        :raise UserError: a template cannot be rendered; nothing is changed
        """
        self._check_may_act()
        waiting = self._get_waiting()  # the others were decided about meanwhile
        waiting._check_has_text()
        words = waiting._get_rendered_anew(template) if template else {}
        if not template:
            for own, contacts in waiting.grouped(lambda c: c._get_template()).items():
                words |= contacts._get_rendered(own)
        waiting._edit_texts(
            {
                contact_id: (
                    subject or text["subject"],
                    prepend_html_content(text["body_html"], opening),
                )
                for contact_id, text in words.items()
            }
        )

    def _get_told_amounts(self):
        """Return {id: {currency id: {"total": amount, "rows": [[document, amount]]}}}.

        As JSON keeps it: the ids of the currencies are strings.
        """
        return {
            contact.id: {
                str(block.currency.id): {
                    "total": block.currency.round(block.total),
                    "rows": [[row.label, row.amount] for row in block.rows],
                }
                for block in blocks
            }
            for contact, blocks in self._get_currency_blocks().items()
        }

    def _get_outdated_texts(self):
        """Return the contacts whose text was written for other amounts than today's."""
        edited = self.filtered("is_edited")
        if not edited:
            return edited
        told = edited._get_told_amounts()
        return edited.filtered(
            lambda contact: contact.edited_amounts != told[contact.id]
        )

    def _check_truth(self):
        # EXTENDS: a person's text leaves only for the amounts it was written for
        contacts = super()._check_truth()
        return contacts - contacts._return_outdated_texts()

    def _return_outdated_texts(self):
        """Give back to the people what they wrote for other amounts.

        :return: the contacts that wait for approval again
        """
        outdated = self._get_outdated_texts()
        for contact in outdated:
            contact._return_to_review(contact._get_outdated_reason())
        return outdated

    def _return_to_review(self, reason):
        """Let messages that have not left, letters among them, wait for approval again.

        :return: the contacts that really moved
        """
        queued = self.filtered(lambda contact: contact.state == "queued")
        moved = self._set_state(
            ("planned", "queued"), "review", reason=reason, review_date=False
        )
        (moved & queued)._take_messages_back()
        moved._get_cases_of_today()._note_outcome(
            "review", fields.Date.context_today(self)
        )
        return moved

    def _get_outdated_reason(self):
        self.ensure_one()
        before = self.edited_amounts or {}
        now = self._get_told_amounts()[self.id]
        if self._format_totals(before) == self._format_totals(now):
            return self.env._("The items changed since the text was written.")
        return self.env._(
            "What is owed changed since the text was written: %(now)s instead of "
            "%(before)s.",
            now=self._format_totals(now),
            before=self._format_totals(before),
        )

    def _format_totals(self, told):
        """Return the totals of ``_get_told_amounts`` in words."""
        return ", ".join(
            self.env["res.currency"].browse(int(currency_id)).format(of_it["total"])
            for currency_id, of_it in sorted(told.items())
        )
