"""What people write themselves: it says what the law wants, and nothing forbidden."""

from markupsafe import Markup

from odoo import Command, fields, models
from odoo.tools import html2plaintext, plaintext2html


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _prepare_written_values(self, case, body, target):
        """Return the values of a message that a person writes about what is owed.

        :param Target target: whom it goes to
        """
        recipients = target.recipients
        return {
            "address": ", ".join(target.addresses) or False,
            "address_partner_id": recipients.id if len(recipients) == 1 else False,
            "recipient_ids": [Command.set(recipients.ids)],
            "is_edited": True,
            "edited_body": body,
            "line_ids": self._prepare_line_commands(case),
        }

    def _prepare_line_commands(self, case):
        """Return what names the items that people write about; none climbs by it."""
        return [
            Command.create(
                {
                    "item_id": item.id,
                    "amount_residual": item.amount_residual,
                    "amount_residual_currency": item.amount_residual_currency,
                }
            )
            for item in case._get_asked_items()
        ]

    def _add_required_words(self):
        """Add what the law wants the message to say and a person's text does not.

        :return: what was added, Markup, empty where nothing is missing
        """
        self.ensure_one()
        wordings = self.wording_ids
        values = self._get_wording_values(wordings)
        missing = wordings.filtered(
            lambda wording: (
                values.get(wording.code, True)
                and not self._says_wording(wording, self.edited_body or "")
            )
        )
        added = self.with_context(lang=self.lang)._render_wordings(missing)
        if added:
            self.edited_body = Markup("%s<br/>%s") % (self.edited_body or "", added)
        return added or Markup()

    def _get_plain_text(self, text):
        """Return the text as it leaves without markup.

        :param str text: what the person wrote, returned as it is if nothing was added
        """
        self.ensure_one()
        if self.edited_body == plaintext2html(text):
            return text
        return html2plaintext(self.edited_body, include_references=False).strip()

    def _get_forbidden_words(self):
        """Return a sentence about words that must not stand in the text, or none."""
        self.ensure_one()
        word = self.env["collection.forbidden.word"]
        return word._explain_texts([self.subject, self.edited_body])

    def _refuse_for(self, reasons):
        """Note that a message which people wrote must not leave, if reasons say so.

        :param list reasons: sentences
        """
        if reasons:
            self._set_state(
                ("reserved",),
                "blocked",
                date_done=fields.Date.context_today(self),
                body=self.edited_body,
                reason="\n".join(reasons),
            )

    def _explain_refusal(self):
        """Return why what a person wrote was not sent, and what can be done."""
        self.ensure_one()
        if self.verdict == "allow":
            return self.reason
        return self._explain(self.verdict_data)


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _get_asked_items(self):
        """Return the items that people write about: what is due, else all open ones."""
        self.ensure_one()
        items = self.open_item_ids
        return items.filtered(lambda item: item.days_overdue > 0) or items
