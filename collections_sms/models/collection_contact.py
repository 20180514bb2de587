from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import plaintext2html

from odoo.addons.collections_mgmt.const import OFF_STATES, QUEUE_STATES

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

    def _set_text_lost(self, is_final, failure_type, failure_reason):
        """Note that these texts did not arrive, and why; what arrived did.

        :param bool is_final: whether the number takes none, so that it is of no use
        :param str failure_type: of mail.notification
        :param str failure_reason: of the gateway, empty if it gave none
        """
        kinds = dict(
            self.env["mail.notification"]
            ._fields["failure_type"]
            ._description_selection(self.env)
        )
        why = failure_reason or kinds.get(failure_type, failure_type)
        lost = self.filtered(lambda contact: not contact.date_delivered)
        for contact in lost._set_bounced() if is_final else lost._set_lost():
            contact.reason = self.env._(
                "The text was not delivered to %(number)s: %(reason)s",
                number=contact.address or self.env._("the recipient"),
                reason=why,
            )

    def _hold_texts_back(self):
        """Check once more what leaves the queue of texts, as of mails.

        What a person wrote is not written anew, and the queue knows no moment for it:
        it leaves now or not at all.

        :return: the contacts whose texts do not leave now
        """
        # What was not delivered goes to nobody by being sent again: see its reason.
        off = self.filtered(lambda c: c.state in OFF_STATES or c.is_bounced)
        asked = (self - off).filtered(lambda contact: contact.state in QUEUE_STATES)
        written = asked.filtered("user_id")
        leaving = (asked - written)._pass_again()
        leaving |= written.filtered(lambda contact: contact._passes_gate_as_text())
        return off | (asked - leaving)

    def _passes_gate_as_text(self):
        """Return whether a text that a person wrote may leave now; else it is off."""
        self.ensure_one()
        if self._passes_gate_again():
            return True
        self._refuse_written()
        return False

    # TEXTS THAT PEOPLE WRITE

    def _give_up_refused(self):
        """Let a text go nowhere if one of its contacts is refused; tell its writer.

        Of several debtors with one number, each must be allowed to be texted.

        :return: whether it was given up
        """
        refused = self.filtered(lambda contact: contact.state == "blocked")
        for contact in refused:
            contact.case_id._message_log(body=contact.body)
            contact.case_id._tell_refusal(contact)
        if refused:
            self._let_go()
        return bool(refused)

    def _get_leaving_text(self, text):
        """Return a text as it leaves: with all that was added for these contacts.

        :param str text: as the person wrote it
        """
        return self[-1]._get_plain_text(text) if self else text

    def _word_texts(self, message, text):
        """Return how a person's text leaves; the conversation says it like that.

        :param message: the mail.message of the text
        :param str text: as the person wrote it
        """
        said = self._get_leaving_text(text)
        if said != text:
            # In sudo: the conversation is the mail system's own.
            message.sudo().body = plaintext2html(said)
        return said

    def _note_texts(self, message):
        """Note what became of what a person wrote, as far as the queue knows by now.

        :param message: the mail.message by which it was sent, with others perhaps
        """
        self.ensure_one()
        # In sudo: the queue is the mail system's own.
        sms_sudo = self.env["sms.sms"].sudo()
        by_message = Domain("mail_message_id", "=", message.id)
        sms_sudo = sms_sudo.search(by_message & Domain("number", "=", self.address))
        self._note_text(sms_sudo[:1], message.body)

    def _note_text(self, sms_sudo, body):
        """As ``_note_texts``, of the one text that the contact is.

        The text is linked: what is heard of it later is noted then.
        """
        self._wait_for_text(sms_sudo.uuid, body)
        if sms_sudo.state == "error":
            self._set_failed(sms_sudo.failure_type or "unknown")
        elif sms_sudo.state != "outgoing":
            self._set_sent()
        if sms_sudo.state == "sent":
            self._set_delivered()

    def _wait_for_text(self, uuid, body):
        """Note that what a person wrote is in the hands of the queue of texts.

        :param str uuid: what the queue knows it by
        :param body: what it says, HTML
        """
        self.sms_uuid = uuid
        self._set_state(("reserved",), "queued", body=body)

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
