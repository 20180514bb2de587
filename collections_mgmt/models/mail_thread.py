from odoo import api, models

from ..tools.mail_headers import is_automatic, is_delayed


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        # EXTENDS 'mail': a reminder that came back is no reminder
        super()._routing_handle_bounce(email_message, message_dict)
        if is_delayed(email_message):
            return
        # In sudo: the mail gateway also runs for users who cannot see contacts.
        contacts_sudo = (
            self.env["collection.contact"]
            .sudo()
            .search([("mail_message_id", "in", message_dict["bounced_message"].ids)])
        )
        contacts_sudo._receive_bounce(
            message_dict["bounced_email"], message_dict["bounced_partner"]
        )

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        # EXTENDS 'mail': the only place that knows both the headers and the case
        thread_id = super()._message_route_process(message, message_dict, routes)
        case_ids = [
            route_id
            for model, route_id, *_rest in routes or ()
            if model == "collection.case" and route_id
        ]
        if case_ids and not is_automatic(message):
            # In sudo: the gateway's user need not be a collector.
            env = self.env(su=True)
            cases = env["collection.case"].browse(case_ids)
            author = env["res.partner"].browse(message_dict.get("author_id"))
            answered = env["mail.message"].browse(message_dict.get("parent_id"))
            cases._receive_reply(author, answered)
            cases._receive_opt_out(author, answered, message_dict)
        return thread_id
