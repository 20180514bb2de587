from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def process_email_queue(self, email_ids=(), batch_size=1000):
        # EXTENDS 'mail': the job ends after one batch and comes again in an hour
        result = super().process_email_queue(email_ids, batch_size)
        if not email_ids:
            # In sudo: as for the contacts below.
            waiting_sudo = (
                self.env["collection.contact"]
                .sudo()
                .search(
                    [("state", "=", "queued"), ("mail_mail_id.state", "=", "outgoing")],
                    limit=1,
                )
            )
            if waiting_sudo:
                self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return result

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
        # In sudo: the queue also runs for users who cannot see contacts.
        return (
            self.env["collection.contact"]
            .sudo()
            .search([("mail_mail_id", "in", self.ids)])
        )

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        # EXTENDS 'mail': the queue may delete the mail at the end of super
        contacts_sudo = self._get_collection_contacts_sudo()
        if failure_type:
            contacts_sudo._set_failed(failure_reason or failure_type)
        else:
            contacts_sudo._set_sent()
        return super()._postprocess_sent_message(
            success_pids,
            success_emails,
            failure_reason=failure_reason,
            failure_type=failure_type,
        )
