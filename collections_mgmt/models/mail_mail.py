from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(
        self, success_pids, success_emails, failure_reason=False, failure_type=None
    ):
        # EXTENDS 'mail': the queue may delete the mail at the end of super
        # In sudo: the queue also runs for users who cannot see contacts.
        contacts_sudo = (
            self.env["collection.contact"]
            .sudo()
            .search([("mail_mail_id", "in", self.ids)])
        )
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
