from odoo import models


class SmsSms(models.Model):
    _inherit = "sms.sms"

    def _send(self, *args, **kwargs):
        # EXTENDS 'sms': a text may have waited until its debtor's window is closed, or
        # somebody sends one again
        held = self._get_collection_contacts_sudo(self)._hold_texts_back()
        numbers = set(held.mapped("sms_uuid"))
        kept_back = self.filtered(lambda sms: sms.uuid in numbers)
        kept_back.action_set_canceled()
        leaving = self - kept_back
        # The rows are locked from here on: a report that comes before the commit waits.
        self.env.flush_all()
        return super(SmsSms, leaving)._send(*args, **kwargs) if leaving else None

    def _handle_call_result_hook(self, results):
        # EXTENDS 'sms': what the gateway answered moves the contact
        outcome = super()._handle_call_result_hook(results)
        accepted = self.filtered(
            lambda sms: sms.state in ("process", "pending", "sent")
        )
        self._get_collection_contacts_sudo(accepted)._set_sent()
        arrived = accepted.filtered(lambda sms: sms.state == "sent")
        self._get_collection_contacts_sudo(arrived)._set_delivered()
        for sms in self - accepted:
            self._get_collection_contacts_sudo(sms)._set_failed(
                sms.failure_type or "unknown"
            )
        return outcome

    def _get_collection_contacts_sudo(self, messages):
        # In sudo: the queue also runs for users who cannot see contacts.
        return (
            self.env["collection.contact"]
            .sudo()
            .search([("sms_uuid", "in", messages.mapped("uuid"))])
        )
