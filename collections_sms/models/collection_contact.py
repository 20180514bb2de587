from odoo import fields, models
from odoo.tools import plaintext2html

from .collection_case import GATE_PASSED


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    channel = fields.Selection(
        selection_add=[("sms", "SMS")],
        ondelete={"sms": lambda contacts: contacts.write({"channel": "other"})},
    )
    sms_uuid = fields.Char(
        string="SMS Identifier", readonly=True, index="btree_not_null"
    )

    def _get_manual_channels(self):
        # EXTENDS 'collections_mgmt': texts are written in the conversation
        return [*super()._get_manual_channels(), "sms"]

    def _deliver(self):
        # EXTENDS 'collections_mgmt'
        sms_contacts = self.filtered(lambda contact: contact.channel == "sms")
        sms_contacts._deliver_sms()
        return super(CollectionContact, self - sms_contacts)._deliver()

    def _deliver_sms(self):
        """Render the texts, post them on the cases and put them in Odoo's SMS queue."""
        for template, contacts in self.grouped(
            lambda contact: contact.step_id.sms_template_id
        ).items():
            # In sudo: rendering and queueing belong to the planned delivery.
            bodies = template.sudo()._render_field(
                "body", contacts.ids, compute_lang=True
            )
            texts = {
                contact.id: {"body_html": plaintext2html(bodies[contact.id])}
                for contact in contacts
            }
            for contact in contacts._check_texts(texts):
                contact._queue_sms(bodies[contact.id])
        self._set_queued()

    def _get_preview(self):
        # EXTENDS 'collections_mgmt'
        unsent = self.filtered(
            lambda contact: contact.channel == "sms" and not contact._is_said()
        )
        content = super(CollectionContact, self - unsent)._get_preview()
        for template, contacts in unsent.grouped(
            lambda contact: contact.step_id.sms_template_id
        ).items():
            # In sudo: what a debtor is told does not depend on who looks at it.
            bodies = template.sudo()._render_field(
                "body", contacts.ids, compute_lang=True
            )
            for contact in contacts:
                content[contact.id] = {
                    "subject": contact.stage_id.name,
                    "body_html": plaintext2html(bodies[contact.id]),
                }
        return content

    def _get_wording_source(self):
        # EXTENDS 'collections_mgmt'
        if self.channel == "sms" and not self.is_edited:
            # In sudo: as for rendering it.
            template = self.step_id.sms_template_id.sudo()
            return template.with_context(lang=self.lang).body or ""
        return super()._get_wording_source()

    def _get_current_address(self):
        # EXTENDS 'collections_mgmt'
        if self.channel == "sms":
            return self.address_partner_id.phone_sanitized
        return super()._get_current_address()

    def _hold_texts_back(self):
        """Ask again for texts in the queue: they may have waited long.

        What has to wait is planned anew, and written then; what is not allowed is off.

        :return: the contacts whose texts do not leave now
        """
        waiting = self.filtered(lambda contact: contact.state in ("queued", "failed"))
        held = waiting - waiting._pass_gate()
        held._set_state(("queued",), "planned")
        return held

    def _queue_sms(self, body):
        self.ensure_one()
        number = self.address_partner_id.phone_sanitized
        # In sudo: the chatter of the case and the queue are the mail system's own.
        case_sudo = self.case_id.sudo().with_context(collection_gate=GATE_PASSED)
        message = case_sudo._message_sms(body, sms_numbers=[number], put_in_queue=True)
        sms = self.env["sms.sms"].sudo().search([("mail_message_id", "=", message.id)])
        self.write(
            {
                "address": number,
                "body": message.body,
                "mail_message_id": message.id,
                "sms_uuid": sms.uuid,
            }
        )
