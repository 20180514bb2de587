"""What follows from a message of the debtor, with the message as its source."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import html2plaintext, plaintext2html

TEXT_LENGTH = 2000


class CollectionReply(models.TransientModel):
    _name = "collection.reply"
    _description = "What Follows from a Debtor's Message"

    case_id = fields.Many2one("collection.case", required=True, readonly=True)
    message_id = fields.Many2one("mail.message", required=True, readonly=True)
    # Not in sudo: whoever may not read the message shall not read it here.
    date = fields.Datetime(related="message_id.date", related_sudo=False)
    author_id = fields.Many2one(related="message_id.author_id", related_sudo=False)
    email_from = fields.Char(related="message_id.email_from", related_sudo=False)
    body = fields.Html(related="message_id.body", related_sudo=False)
    kind = fields.Selection(
        [
            ("promise", "Promises to pay"),
            ("announcement", "Says it is paid already"),
            ("dispute", "Contests something"),
        ],
        string="The Debtor",
        required=True,
        default="promise",
    )

    def action_continue(self):
        """Open the form of what follows, filled in from the message."""
        self.ensure_one()
        self.check_access("write")
        self.case_id.check_access("write")
        self.message_id.check_access("read")
        if not self.case_id._is_incoming(self.message_id):
            raise UserError(
                self.env._("The message is not one that the debtor wrote on the case.")
            )
        return getattr(self, f"_take_up_{self.kind}")()

    def _get_source(self):
        """Return the defaults that name the message, and what it answered."""
        message = self.message_id
        contact = self.case_id._get_answered_contact(message.parent_id)[-1:]
        return {
            "default_message_id": message.id,
            "default_contact_id": contact.id,
        }

    def _get_text(self):
        return html2plaintext(self.body or "")[:TEXT_LENGTH]

    def _take_up_promise(self):
        author = self.author_id
        debtor = self.case_id.partner_id
        promiser = author if author.commercial_partner_id == debtor else debtor
        return self.case_id._get_register_action(
            self.env["collection.item"],
            **self._get_source(),
            default_promiser_id=promiser.id,
            default_note=self._get_text(),
        )

    def _take_up_announcement(self):
        return self.case_id._get_announcement_action(
            self.case_id.open_item_ids,
            **self._get_source(),
            default_note=self._get_text(),
        )

    def _take_up_dispute(self):
        return self.case_id._get_dispute_action(
            self.case_id.open_item_ids,
            **self._get_source(),
            default_description=plaintext2html(self._get_text()),
        )
