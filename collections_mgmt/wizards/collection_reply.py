"""What follows from a message of the debtor, with the message as its source."""

from odoo import api, fields, models
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
            ("plan", "Asks for a payment plan"),
            ("announcement", "Says it is paid already"),
            ("dispute", "Contests something"),
            ("hold", "Waits for something"),
        ],
        string="The Debtor",
        required=True,
        default="promise",
    )

    # Which of the messages, where there are several since the last answer
    place_text = fields.Char(compute="_compute_place_text")
    has_earlier = fields.Boolean(compute="_compute_place_text")
    has_later = fields.Boolean(compute="_compute_place_text")

    @api.depends("case_id", "message_id")
    @api.depends_context("lang")
    def _compute_place_text(self):
        for panel in self:
            ids = panel.case_id._get_unanswered_messages().ids
            place = ids.index(panel.message_id.id) if panel.message_id.id in ids else 0
            panel.has_earlier = place > 0
            panel.has_later = place < len(ids) - 1
            panel.place_text = len(ids) > 1 and panel.env._(
                "Message %(number)s of %(count)s since the last answer",
                number=place + 1,
                count=len(ids),
            )

    def action_show_earlier(self):
        """Take up the message before this one."""
        return self._show_neighbour(-1)

    def action_show_later(self):
        """Take up the message after this one."""
        return self._show_neighbour(1)

    def _show_neighbour(self, step):
        self.ensure_one()
        self.check_access("write")
        self.case_id.check_access("write")
        messages = self.case_id._get_unanswered_messages()
        ids = messages.ids
        if self.message_id in messages:
            place = ids.index(self.message_id.id) + step
            self.message_id = ids[min(max(place, 0), len(ids) - 1)]
        return self.case_id._get_take_up_action(res_id=self.id)

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

    def _get_promise_source(self):
        """Return the defaults of a promise: the message, who wrote it, and what."""
        author = self.author_id
        debtor = self.case_id.partner_id
        promiser = author if author.commercial_partner_id == debtor else debtor
        return {
            **self._get_source(),
            "default_promiser_id": promiser.id,
            "default_note": self._get_text(),
        }

    def _take_up_promise(self):
        return self.case_id._get_register_action(
            self.env["collection.item"], **self._get_promise_source()
        )

    def _take_up_plan(self):
        return self.case_id._get_plan_action(
            self.env["collection.item"], **self._get_promise_source()
        )

    def _take_up_hold(self):
        return self.case_id._get_hold_action(
            self.case_id.open_item_ids,
            **self._get_source(),
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
