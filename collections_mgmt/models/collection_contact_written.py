"""What people write themselves: it says what the law wants, and nothing forbidden."""

from datetime import datetime, timezone

from markupsafe import Markup

from odoo import Command, fields, models
from odoo.fields import Domain
from odoo.tools import html2plaintext, plaintext2html

from ..const import OFF_STATES, QUEUE_STATES
from .collection_case_answer import ANSWERED_SEVERITIES
from .collection_contact_target import Target


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _prepare_written_values(self, body, target):
        """Return the values of a message that a person writes about what is owed.

        :param Target target: whom it goes to, and what it is about
        """
        recipients = target.recipients
        return {
            "address": ", ".join(target.addresses) or False,
            "address_partner_id": recipients.id if len(recipients) == 1 else False,
            "recipient_ids": [Command.set(recipients.ids)],
            "is_edited": True,
            "edited_body": body,
            "line_ids": self._prepare_line_commands(target.items),
        }

    def _prepare_line_commands(self, items):
        """Return what names the items that people write about; none climbs by it."""
        return [
            Command.create(
                {
                    "item_id": item.id,
                    "amount_residual": item.amount_residual,
                    "amount_residual_currency": item.amount_residual_currency,
                    "amount_agreed": item._get_agreed(),
                    "amount_agreed_currency": item.amount_agreed_currency,
                    "amount_credit": item.amount_credit,
                }
            )
            for item in items
        ]

    def _add_required_words(self):
        """Add what the law wants the message to say and a person's text does not.

        :return: what was added, Markup, empty where nothing is missing
        """
        self.ensure_one()
        wordings = self.wording_ids
        values = self._get_wording_values(wordings)
        missing = wordings.filtered(
            lambda wording: (
                values.get(wording.code, True)
                and not self._says_wording(wording, self.edited_body or "")
            )
        )
        added = self.with_context(lang=self.lang)._render_wordings(missing)
        if added:
            self.edited_body = Markup("%s<br/>%s") % (self.edited_body or "", added)
        return added or Markup()

    def _get_plain_text(self, text):
        """Return the text as it leaves without markup.

        :param str text: what the person wrote, returned as it is if nothing was added
        """
        self.ensure_one()
        if self.edited_body == plaintext2html(text):
            return text
        return html2plaintext(self.edited_body, include_references=False).strip()

    def _get_forbidden_words(self):
        """Return a sentence about words that must not stand in the text, or none."""
        self.ensure_one()
        word = self.env["collection.forbidden.word"]
        return word._explain_texts([self.subject, self.edited_body])

    def _refuse_for(self, reasons):
        """Note that a message which people wrote must not leave, if reasons say so.

        :param list reasons: sentences
        """
        if reasons:
            self._set_state(
                ("reserved",),
                "blocked",
                date_done=fields.Date.context_today(self),
                body=self.edited_body,
                reason="\n".join(reasons),
            )

    # ON ITS WAY

    def _wait_for_mails(self):
        """Note that what a person wrote is in the hands of the mail system.

        Whether it left is known when that has tried.
        """
        self._set_state(("reserved",), "queued", body=self.edited_body)

    def _set_sent(self):
        # EXTENDS: what people write moves no item, and decides nothing on the case
        written = self.filtered("user_id")
        moved = written.filtered(
            lambda contact: contact.state in QUEUE_STATES and not contact.is_bounced
        )
        for contact in moved:
            contact._write_down("sent", contact.body)
        return super(CollectionContact, self - written)._set_sent() | moved

    def _set_failed(self, reason):
        # EXTENDS: as above
        written = self.filtered("user_id")
        moved = written._set_state(
            ("queued",),
            "failed",
            date_done=fields.Date.context_today(self),
            reason=reason,
        )
        return super(CollectionContact, self - written)._set_failed(reason) | moved

    def _get_mails_outside(self, state):
        """Return the mails of a state that take what a person wrote to the debtor."""
        # In sudo: the queue is the mail system's own.
        mails_sudo = self.env["mail.mail"].sudo()
        return mails_sudo.search(
            Domain("mail_message_id", "in", self.mail_message_id.ids)
            & Domain("state", "=", state)
        ).filtered(lambda mail: mail._goes_outside())

    # ONCE MORE

    def _retry(self):
        # EXTENDS: what people wrote is sent again as it is
        written = self.filtered("user_id")
        return super(CollectionContact, self - written)._retry() | written._resend()

    def _resend(self):
        """Put what people wrote and what failed into the queue again.

        :return: the contacts that are on their way
        """
        mails = self._get_mails_outside("exception")
        moved = self.filtered(
            lambda contact: contact.mail_message_id in mails.mail_message_id
        )
        (self - moved)._keep_failed(
            self.env._("The mail is not there any more: write the message anew.")
        )
        moved._set_state(("failed",), "queued", date_done=False, reason=False)
        if mails:
            mails.mark_outgoing()
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return moved

    def _hold_written_back(self):
        """Ask the gate again for what people wrote: it leaves as it is, or not.

        Nobody words it anew. What has to wait does so in the queue; what is not allowed
        stays among colleagues, and its writer is told.

        :return: the mails that do not leave now
        """
        held = self.env["mail.mail"]
        for contact in self:
            mails = contact._get_mails_outside("outgoing")
            if contact.state in OFF_STATES:
                mails._call_off()
                held |= mails
            elif mails and contact._is_held_back(mails):
                held |= mails
        return held

    def _is_held_back(self, mails):
        """Return whether it must not leave now; see to it that it does not.

        :param mails: those that take it to the debtor
        """
        self.ensure_one()
        if self._passes_gate_again():
            return False
        if self.verdict == "defer" and self.verdict_data["slot"]:
            self._let_mails_wait(mails)
        else:
            mails._call_off()
            self._refuse_written()
        return True

    def _passes_gate_again(self):
        """Ask the gate again for what a person wrote; return whether it may leave."""
        self.ensure_one()
        target = Target(
            self.address.split(", ") if self.address else [],
            self._get_recipients(),
            self.line_ids.item_id,
        )
        data = self._ask_by_hand(
            self.case_id, self.channel, target=target, own_ids=self.ids
        )
        is_allowed = data["result"] == "allow" or self._may_go_on(data)
        self._write_noted_events()  # they stand with the verdict of before
        self.write(self._prepare_verdict_values(data))
        if is_allowed:
            self.case_id._reserve()
            self._note_event("allowed")
        return is_allowed

    def _may_go_on(self, verdict_data):
        """Return whether it may leave over what a verdict objects to, as at first."""
        is_answer = self.exemption == "answer" and self.env[
            "collection.gate"
        ]._is_against_rules_alone(verdict_data, ANSWERED_SEVERITIES)
        return is_answer or self._overrules(verdict_data)

    def _let_mails_wait(self, mails):
        """Let what a person wrote wait in the queue for its lawful moment."""
        slot = datetime.fromisoformat(self.verdict_data["slot"])
        self.slot = slot.astimezone(timezone.utc).replace(tzinfo=None)
        mails.write({"scheduled_date": self.slot})
        self._set_state(("failed",), "queued", date_done=False, reason=False)
        self._note_event("deferred")
        job = self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()
        job._trigger(at=self._get_slot_minutes())

    def _refuse_written(self):
        """Keep among colleagues what a person wrote, and tell them why."""
        self._set_state(
            QUEUE_STATES,
            "blocked",
            date_done=fields.Date.context_today(self),
            reason=self.env["collection.gate"]._describe(self.verdict_data),
        )
        # In sudo: whoever wrote it may have given the case away since.
        self_sudo = self.with_user(self.user_id).sudo()
        message = self_sudo.mail_message_id
        if message:
            self_sudo.case_id._keep_among_colleagues(message)
        record = self_sudo.env[message.model or self.case_id._name]
        record.browse(message.res_id)._collection_explain_refusal(self_sudo)

    def _explain_refusal(self):
        """Return why what a person wrote was not sent, and what can be done."""
        self.ensure_one()
        if self.verdict == "allow":
            return self.reason
        return self._explain(self.verdict_data)


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _get_asked_items(self):
        """Return the items that people write about: what is due, else all open ones."""
        self.ensure_one()
        items = self.open_item_ids
        return items.filtered(lambda item: item.days_overdue > 0) or items
