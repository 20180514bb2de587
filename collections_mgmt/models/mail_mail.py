from odoo import Command, api, fields, models
from odoo.fields import Domain
from odoo.tools.mail import email_normalize_all

from ..const import OFF_STATES, QUEUE_STATES


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model
    def process_email_queue(self, email_ids=(), batch_size=1000):
        # EXTENDS 'mail': the job ends after one batch and comes again in an hour
        result = super().process_email_queue(email_ids, batch_size)
        if not email_ids:
            # In sudo: as for the contacts below.
            waiting_sudo = (
                self.env["collection.contact"]
                .sudo()
                .search(
                    Domain("state", "=", "queued")
                    & Domain("mail_mail_id.state", "=", "outgoing")
                    # Not for what waits for its moment: the job would never rest.
                    & (
                        Domain("mail_mail_id.scheduled_date", "=", False)
                        | Domain(
                            "mail_mail_id.scheduled_date", "<=", fields.Datetime.now()
                        )
                    ),
                    limit=1,
                )
            )
            if waiting_sudo:
                self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return result

    def send(self, *args, **kwargs):
        # EXTENDS 'mail': since it was written, the debtor may have paid, or their
        # window may have closed
        contacts_sudo = self._get_collection_contacts_sudo()
        held = contacts_sudo._hold_mails_back() if contacts_sudo else self.browse()
        held |= (self - held)._hold_unasked_back()
        return super(MailMail, self - held).send(*args, **kwargs)

    def _call_off(self):
        """Cancel mails that must not leave; nor does the conversation say they will."""
        if not self:
            return
        self.cancel()
        # In sudo: notifications are the mail system's own records.
        self.env["mail.notification"].sudo().search(
            Domain("mail_mail_id", "in", self.ids)
            & Domain("notification_status", "=", "ready")
        ).notification_status = "canceled"

    def _hold_unasked_back(self):
        """Ask the gate for mails on cases and invoices that never were posted there.

        The composer makes such for many at once, a template without posting.

        :return: the mails that must not leave; they are cancelled
        """
        mails = self.filtered(
            lambda mail: mail.res_id and mail.state == "outgoing" and mail._is_unasked()
        )
        if not mails:
            return mails
        # In sudo: the queue also runs for users who cannot see contacts.
        asked = (
            self.env["collection.contact"]
            .sudo()
            .search([("mail_message_id", "in", mails.mail_message_id.ids)])
        )
        unasked = mails.filtered(
            lambda mail: mail.mail_message_id not in asked.mail_message_id
        )
        return unasked.filtered(lambda mail: not mail._leaves_unasked())

    def _is_unasked(self):
        """Return whether the gate may not have been asked when it was made.

        A message that was posted on an invoice tells its readers.
        """
        self.ensure_one()
        return self.model == "collection.case" or (
            self.model == "account.move" and not self.notification_ids
        )

    def _leaves_unasked(self):
        """Return whether a mail that nobody asked for may leave; note the contact."""
        self.ensure_one()
        outside = self._get_addresses_outside()
        # In sudo: who made the mail had the right to, and contacts are the engine's.
        record_sudo = self.env[self.model].sudo().browse(self.res_id).exists()
        case, items = record_sudo._collection_get_written()
        if not outside or not case:
            # Nobody's case is nobody's debt, and no reason to write.
            return not outside or self.model != "collection.case"
        case = case.with_user(self.create_uid or self.env.user).sudo()
        contact_sudo = record_sudo._collection_ask_for_mail(
            case,
            self.body_html,
            is_answer=False,
            items=items,
            subject=self.subject,
            recipients=self.recipient_ids.filtered("partner_share"),
            mail_message_id=self.mail_message_id.id,
            address=", ".join(outside),
            # In sudo: who sends need not be able to read what goes along.
            attachment_ids=[Command.set(self.sudo().attachment_ids.ids)],
        )
        if contact_sudo.state == "blocked":
            case._keep_among_colleagues(self.mail_message_id)
            record_sudo._collection_explain_refusal(contact_sudo)
            self.cancel()
            return False
        self.body_html = contact_sudo.edited_body
        contact_sudo._write_down("sent", contact_sudo.edited_body)
        return True

    def _get_addresses_outside(self):
        """Return the addresses it goes to that belong to no colleague."""
        self.ensure_one()
        texts = [*self.recipient_ids.mapped("email"), self.email_to, self.email_cc]
        addresses = {
            address for text in texts for address in email_normalize_all(text or "")
        }
        # In sudo: who is a colleague does not depend on who sends.
        colleagues = (
            self.env["res.users"]
            .sudo()
            .search(
                Domain("share", "=", False)
                & Domain("partner_id.email_normalized", "in", list(addresses))
            )
        )
        known = set(colleagues.partner_id.mapped("email_normalized"))
        return sorted(addresses - known)

    def write(self, vals):
        # EXTENDS 'mail': a mail that is called off is no reminder
        if vals.get("state") == "cancel":
            self._get_collection_contacts_sudo()._set_failed(
                self.env._("The mail was cancelled in the outgoing queue.")
            )
        return super().write(vals)

    def unlink(self):
        # EXTENDS 'mail': the same for one that is deleted before it left
        self._get_collection_contacts_sudo()._set_failed(
            self.env._("The mail was deleted from the outgoing queue.")
        )
        return super().unlink()

    def _get_collection_contacts_sudo(self):
        """Return the contacts of these mails, those that people wrote among them.

        What people write is known by its message, which may go to several readers by a
        mail each, to colleagues as well: those are no contact with the debtor.
        """
        by_hand = (
            Domain("mail_message_id", "in", self.mail_message_id.ids)
            & Domain("user_id", "!=", False)
            & Domain("channel", "=", "email")
            & Domain("state", "in", (*QUEUE_STATES, *OFF_STATES))
        )
        # In sudo: the queue also runs for users who cannot see contacts.
        contacts_sudo = (
            self.env["collection.contact"]
            .sudo()
            .search(Domain("mail_mail_id", "in", self.ids) | by_hand)
        )
        written_sudo = contacts_sudo.filtered("user_id")
        if not written_sudo:
            return contacts_sudo
        outside = self.filtered(lambda mail: mail._goes_outside()).mail_message_id
        return contacts_sudo - written_sudo.filtered(
            lambda contact: contact.mail_message_id not in outside
        )

    def _goes_outside(self):
        """Return whether somebody gets it who is no colleague."""
        self.ensure_one()
        return bool(self.email_to or self.recipient_ids.filtered("partner_share"))

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        # EXTENDS 'mail': the queue may delete the mail at the end of super
        contacts_sudo = self._get_collection_contacts_sudo()
        written_sudo = contacts_sudo.filtered("user_id")
        if success_emails or any(partner.partner_share for partner in success_pids):
            written_sudo._set_sent()  # somebody of several got it
        if failure_type:
            contacts_sudo._set_failed(failure_reason or failure_type)
        else:
            (contacts_sudo - written_sudo)._keep_what_left()
            contacts_sudo._set_sent()
        return super()._postprocess_sent_message(
            success_pids,
            success_emails,
            failure_reason=failure_reason,
            failure_type=failure_type,
        )
