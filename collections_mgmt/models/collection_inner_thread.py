"""A conversation among colleagues about something that a debtor said."""

from odoo import models


class CollectionInnerThread(models.AbstractModel):
    _name = "collection.inner.thread"
    _inherit = "mail.thread.main.attachment"
    _description = "Conversation among Colleagues"

    def _mail_get_partner_fields(self, introspect_fields=False):
        # OVERRIDE 'mail': nobody outside is proposed as who is written to
        return []

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        # EXTENDS 'mail': colleagues talk here; debtors are written to on their case,
        # where the contact rules are asked
        recipients = super()._notify_get_recipients(message, msg_vals, **kwargs)
        return [recipient for recipient in recipients if not recipient["share"]]
