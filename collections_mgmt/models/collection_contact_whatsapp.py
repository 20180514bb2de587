"""WhatsApp messages: their text, and what is kept of them."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import html2plaintext, plaintext2html


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _render_chat_text(self):
        """Return the text of the stage's template, without markup."""
        self.ensure_one()
        template = self.case_id.stage_id.whatsapp_template_id or self.env.ref(
            "collections_mgmt.mail_template_whatsapp", raise_if_not_found=False
        )
        if not template:
            return ""
        body = self._get_rendered_or_error(template)[self.id]["body_html"]
        return html2plaintext(body or "", include_references=False).strip()

    def _send_chat_text(self, text, number):
        """Write a chat message down as sent; return the text as it leaves.

        :param str text: what a person made of the template
        :param str number: E.164
        :raise UserError: it says something forbidden, or lacks what the law wants
        """
        self.ensure_one()
        if not text.strip():
            raise UserError(self.env._("The message is empty: write something."))
        self.write(
            {
                "is_edited": True,
                "edited_body": plaintext2html(text),
                "address": number,
            }
        )
        self._add_required_words()
        reasons = self._get_forbidden_words() or self._get_wording_gaps()
        if reasons:
            raise UserError("\n".join(reasons))
        self._write_down("sent", self.edited_body)
        return self._get_plain_text(text)


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def action_whatsapp(self):
        """Ask the gate for a chat message; open the panel with the text."""
        self.ensure_one()
        self._check_may_contact()
        return self._open_contact_panel("im")
