from odoo import models
from odoo.exceptions import UserError
from odoo.tools import html2plaintext


class SnailmailLetter(models.Model):
    _inherit = "snailmail.letter"

    def _snailmail_print(self, immediate=True):
        # EXTENDS 'snailmail': what is not owed or not allowed any more does not leave
        return super(SnailmailLetter, self._filter_leaving())._snailmail_print(
            immediate
        )

    def _filter_leaving(self):
        """Return the letters that may be posted now, and all that are not ours.

        A letter whose contact has to wait stays in the queue until its moment. The
        others are cancelled, also those that failed before: a run plans them anew.
        """
        contacts_sudo = self._get_collection_contacts_sudo(self)
        leaving = contacts_sudo._filter_posted_now()
        held = contacts_sudo - leaving
        waiting = held.filtered(lambda contact: contact.state == "queued")
        waiting._call_back_snailmail()
        (held - waiting).snailmail_letter_id.filtered(
            lambda letter: letter.state != "canceled"
        ).cancel()
        return self - held.snailmail_letter_id.with_env(self.env)

    def _fetch_attachment(self):
        # EXTENDS 'snailmail': without a file it gives the letter up
        try:
            return super()._fetch_attachment()
        except UserError:
            if not self._get_collection_contacts_sudo(self):
                raise
            return False

    def _generate_report_pdf(self, report):
        # EXTENDS 'snailmail': the letter of a contact, with its attachments
        contact_sudo = self._get_collection_contacts_sudo(self)
        if not contact_sudo:
            return super()._generate_report_pdf(report)
        in_window = contact_sudo.with_context(snailmail_layout=not self.cover)
        pdfs = in_window._make_letter_pdfs()
        if not pdfs:
            raise UserError(contact_sudo.reason)
        return f"{contact_sudo.subject}.pdf", pdfs[contact_sudo]

    def write(self, vals):
        # EXTENDS 'snailmail': what became of the letter moves the contact
        result = super().write(vals)
        match vals.get("state"):
            case "sent":
                self._get_collection_contacts_sudo(self)._set_sent()
            case "error":
                self._fail_collection_contacts()
            case "canceled":
                self._get_collection_contacts_sudo(self)._set_failed(
                    self.env._("The letter was cancelled in Snailmail.")
                )
        return result

    # pylint: disable-next=missing-return
    def _fail_collection_contacts(self):
        """Let the contacts fail, and keep the service from trying the letters again.

        The next run plans anew what is still owed: a letter the service tries again
        by itself would reach the debtor twice.
        """
        for letter in self:
            contact_sudo = self._get_collection_contacts_sudo(letter)
            if contact_sudo:
                contact_sudo._set_failed(
                    html2plaintext(letter.info_msg or "").strip()
                    or letter.error_code
                    or self.env._("Snailmail could not send the letter.")
                )
                # Past our own write: nobody cancelled the letter.
                # pylint: disable-next=super-method-mismatch
                super(SnailmailLetter, letter).write({"state": "canceled"})

    def _get_collection_contacts_sudo(self, letters):
        # In sudo: the queue also runs for users who cannot see contacts.
        return (
            self.env["collection.contact"]
            .sudo()
            .search([("snailmail_letter_id", "in", letters.ids)])
        )
