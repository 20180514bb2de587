"""What the gateway reports of a text after it took it: it arrived, or it did not."""

from odoo import models


class SmsTracker(models.Model):
    _inherit = "sms.tracker"

    def _action_update_from_sms_state(
        self, sms_state, failure_type=False, failure_reason=False
    ):
        # EXTENDS 'sms': what arrived is evidence
        result = super()._action_update_from_sms_state(
            sms_state, failure_type=failure_type, failure_reason=failure_reason
        )
        if sms_state == "sent" and not self._is_being_sent():
            self._get_collection_contacts_sudo()._set_delivered()
        return result

    def _action_update_from_provider_error(self, provider_error):
        # EXTENDS 'sms': a text that did not arrive is no reminder
        result = super()._action_update_from_provider_error(provider_error)
        if not self._is_being_sent():
            # A telephone that is off for a while takes the next text.
            status, *why = result
            contacts_sudo = self._get_collection_contacts_sudo()
            contacts_sudo._set_text_lost(status == "bounce", *why)
        return result

    def _is_being_sent(self):
        """Return whether it is the answer of the gateway to the sending itself.

        That is told to ``sms.sms._handle_call_result_hook``, after this.
        """
        return bool(self.env.context.get("sms_skip_msg_notification"))

    def _get_collection_contacts_sudo(self):
        """Return the contacts that these texts are: planned, or written by people."""
        # In sudo: the gateway reports as a visitor.
        contacts_sudo = self.env["collection.contact"].sudo()
        return contacts_sudo.search([("sms_uuid", "in", self.mapped("sms_uuid"))])
