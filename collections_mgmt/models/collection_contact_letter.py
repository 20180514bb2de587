import logging

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.pdf import merge_pdf

from .client_context import without_defaults

_logger = logging.getLogger(__name__)


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    letters_file_id = fields.Many2one(
        "ir.attachment",
        string="Printed in",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The file the letter was printed with.",
    )

    # ON THE PILE

    def _deliver_letter(self):
        """Write the letters, note them on the cases and leave them to be printed."""
        for template, contacts in self.grouped(
            lambda contact: contact._get_template()
        ).items():
            texts = contacts._get_rendered(template)
            contacts._check_texts(texts)._queue_letters(texts)

    def _queue_letters(self, texts):
        """Note the letters on the cases.

        :param dict texts: {contact id: {"subject", "body_html"}}
        """
        # In sudo: messages are the mail system's own records; the contacts themselves
        # were planned for this delivery.
        messages = (
            self.env["mail.message"]
            .sudo()
            .create(
                [
                    contact._prepare_letter_message_values(texts[contact.id])
                    for contact in self
                ]
            )
        )
        for contact, message in zip(self, messages, strict=True):
            contact.write(
                {
                    **contact._prepare_letter_values(texts[contact.id]),
                    "mail_message_id": message.id,
                }
            )
        self._set_queued()
        self._hand_over_letters()

    def _prepare_letter_message_values(self, text):
        """Return the values of a note on the case: a letter is a mail to nobody."""
        return {
            **self._prepare_message_values(text, reply_to=False),
            "message_type": "notification",
            "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
            "partner_ids": [],
        }

    def _prepare_letter_values(self, text):
        self.ensure_one()
        return {
            "address": self._get_postal_address(),
            "subject": text["subject"],
            "body": text["body_html"],
        }

    def _get_letter_date(self):
        """Return the date on the paper: the day it is printed."""
        return fields.Date.context_today(self)

    def _get_postal_address(self):
        """Return the recipient's name and postal address in one line."""
        self.ensure_one()
        return self.address_partner_id._get_collection_postal_address()

    def _hand_over_letters(self):
        """Give queued letters to somebody who prints and posts them.

        Nobody does by default: they wait until a person prints them.
        """

    def _set_dropped(self, reason):
        # EXTENDS 'collections_mgmt'
        moved = super()._set_dropped(reason)
        moved._remove_letter_notes()
        return moved

    def _set_failed(self, reason):
        # EXTENDS 'collections_mgmt'
        moved = super()._set_failed(reason)
        moved._remove_letter_notes()
        return moved

    def _remove_letter_notes(self):
        """Take letters that never left off the conversation: nobody was told that."""
        letters = self.filtered(lambda contact: contact.channel == "letter")
        # In sudo: messages are the mail system's own records.
        letters.mail_message_id.sudo().unlink()

    # PRINTING

    def _get_to_print_domain(self):
        return [("channel", "=", "letter"), ("state", "=", "queued")]

    def action_print_letters(self):
        """Print the letters among these that wait for it, into one file.

        Letters that were printed before open as they were then.
        """
        self.check_access("read")
        if not self.env.user.has_group(
            "collections_mgmt.group_collection_collector_all"
        ):
            raise UserError(
                self.env._("Only collectors of all portfolios can print letters.")
            )
        # In sudo: contacts are written by the engine alone, whoever prints them.
        letters_sudo = self.sudo().filtered_domain(self._get_to_print_domain())
        if letters_sudo:
            file = letters_sudo._print_letters()
            if not file:
                return self._get_nothing_printed_action()
        else:
            file = self.letters_file_id.sorted("id", reverse=True)[:1]
        if not file:
            raise UserError(self.env._("There is no letter to print."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{file.id}",
            "target": "new",
        }

    def _print_letters(self):
        """Print the letters into one file; printed is sent.

        :return: the file (ir.attachment); empty when nothing of it is owed any more
        """
        self._check_can_print()
        letters = self.sorted(lambda letter: letter._get_print_order())
        letters = letters.try_lock_for_update()._renew_letters()
        pdfs = letters._make_letter_pdfs()
        printed = letters.filtered(lambda letter: letter in pdfs)
        file = printed._store_letters([pdfs[letter] for letter in printed])
        printed._set_sent()
        return file

    def _check_can_print(self):
        if len(self.company_id) > 1:
            raise UserError(self.env._("Print the letters of one company at a time."))
        if self.env["ir.actions.report"].get_wkhtmltopdf_state() == "install":
            raise UserError(
                self.env._(
                    "The program that makes PDF files, wkhtmltopdf, is not installed "
                    "on the server. The letters wait until it is."
                )
            )

    def _get_print_order(self):
        """Return the key that puts letters in the order the post office wants."""
        self.ensure_one()
        recipient = self.address_partner_id
        return (
            recipient.country_id.name or "",
            recipient.zip or "",
            recipient.name or "",
            self.id,
        )

    def _renew_letters(self):
        """Bring letters that waited up to today; drop what is not owed any more.

        Nor does one leave whose debtor may not be written to by now.

        :return: the letters that are still to leave, in the same order
        """
        letters = self._check_truth()._pass_gate()._check_wording()
        for template, contacts in letters.grouped(
            lambda contact: contact._get_template()
        ).items():
            texts = contacts._get_rendered(template)
            worded = contacts._check_texts(texts)
            for contact in worded:
                contact._renew_letter(texts[contact.id])
            letters -= contacts - worded
        return letters

    def _renew_letter(self, text):
        values = self._prepare_letter_values(text)
        changed = {name: value for name, value in values.items() if self[name] != value}
        self.write(changed)
        if "body" in changed:
            self.mail_message_id.sudo().write({"body": values["body"]})

    def _make_letter_pdfs(self):
        """Return {letter: PDF with its attachments}; what cannot be made fails."""
        letters = self._attach_documents()
        letters._add_attachments_to_notes()
        Report = self.env["ir.actions.report"].with_company(self.company_id)
        pdfs, problems = Report._try_render_pdfs(
            "collections_mgmt.action_report_letter", letters
        )
        for letter in letters:
            if letter.id in problems:
                letter._set_failed(problems[letter.id])
        made = {
            letter: letter._append_attachments(pdfs[letter.id])
            for letter in letters
            if letter.id in pdfs
        }
        return {letter: pdf for letter, pdf in made.items() if pdf}

    def _append_attachments(self, pdf):
        """Return the PDF with the attachments behind it; nothing when one is broken."""
        self.ensure_one()
        if not self.attachment_ids:
            return pdf
        try:
            return merge_pdf([pdf, *self.attachment_ids.mapped("raw")])
        except Exception as error:
            _logger.exception("The attachments of letter %s cannot be read", self.id)
            self._set_failed(
                self.env._("An attachment cannot be printed: %(reason)s", reason=error)
            )
            return None

    def _add_attachments_to_notes(self):
        for letter in self:
            if letter.attachment_ids:
                letter.mail_message_id.sudo().attachment_ids = letter.attachment_ids

    def _store_letters(self, pdfs):
        """Keep printed letters in one file on their run; return it, or nothing."""
        if not self:
            return self.env["ir.attachment"]
        owner = self.run_id.sorted("id")[-1:] or self.case_id[:1]
        file = without_defaults(self.env["ir.attachment"]).create(
            {
                "name": self.env._(
                    "Letters of %(date)s.pdf", date=self._get_letter_date()
                ),
                "raw": merge_pdf(pdfs),
                "mimetype": "application/pdf",
                "res_model": owner._name,
                "res_id": owner.id,
            }
        )
        self.letters_file_id = file
        return file

    def _get_nothing_printed_action(self):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "Nothing was printed: each letter says why on its page."
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
