"""Where people write to debtors about what is owed, and what they write there.

On its case, on an invoice that is overdue and on a customer who is late, every message
that reaches somebody outside is a contact with the debtor: asked for, counted, kept.
"""

from odoo import Command, models
from odoo.api import SUPERUSER_ID
from odoo.fields import Domain
from odoo.tools import plaintext2html

from .res_partner import COLLECTION_GROUPS

# Says that an invoice is sent for the first time. Nothing from outside can hold it.
ISSUED = object()


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        # EXTENDS 'mail': nobody outside is written to against the contact rules,
        # whatever kind of message it is and whoever gets it, as a follower or by name
        recipients = super()._notify_get_recipients(message, msg_vals, **kwargs)
        outside = [
            recipient
            for recipient in recipients
            # Texts are asked for apart, by the module that sends them.
            if recipient["share"] and recipient["notif"] != "sms"
        ]
        if not (self and outside) or kwargs.get("collection_issue") is ISSUED:
            return recipients
        if self._is_notification_scheduled(kwargs.get("scheduled_date")):
            return recipients  # asked when its time has come
        case, items = self._collection_get_written()
        if not case:
            return recipients
        if self._collection_is_from_outside(message):
            return self._collection_get_readers(recipients)
        contact_sudo = self._collection_ask_for_message(case, items, message, outside)
        if contact_sudo.state == "blocked":
            return [recipient for recipient in recipients if recipient not in outside]
        self._collection_let_leave(contact_sudo, message, msg_vals, outside)
        return recipients

    def _collection_let_leave(self, contact_sudo, message, msg_vals, outside):
        """Have a message say what it has to say; note that it leaves.

        :param dict msg_vals: what is sent is rendered from, changed here
        :param list outside: of the recipients, those who are no colleagues
        """
        if contact_sudo.edited_body != message.body:
            # In sudo: the conversation is the mail system's own.
            message.sudo().body = contact_sudo.edited_body
            if msg_vals:
                msg_vals["body"] = contact_sudo.edited_body
        if any(recipient["notif"] == "email" for recipient in outside):
            contact_sudo._wait_for_mails()
        else:  # it is read on a page of ours
            contact_sudo._write_down("sent", contact_sudo.edited_body)

    def _collection_ask_for_message(self, case, items, message, outside):
        """Ask for a message that was posted on the record, and note it.

        One that must not leave stays among colleagues, and its writer is told.

        :param list outside: of the recipients, those who are no colleagues
        :return: the contact, in sudo
        """
        # In sudo: the conversation is the mail system's own, and who writes to a debtor
        # need not see the case to keep to the rules.
        message_sudo = message.sudo()
        case_sudo = case.with_user(message_sudo.create_uid or self.env.user).sudo()
        has_asked = self._collection_has_asked(message)
        contact_sudo = self._collection_ask_for_mail(
            case_sudo,
            message.body,
            is_answer=case._is_answer(message, outside),
            has_asked=has_asked,
            items=items,
            subject=message.subject,
            mail_message_id=message.id,
            attachment_ids=[Command.set(message_sudo.attachment_ids.ids)],
            **case._prepare_addressees(outside),
        )
        if contact_sudo.state == "blocked":
            case_sudo._keep_among_colleagues(message)
            self._collection_explain_refusal(contact_sudo)
        elif (
            self != case
            and contact_sudo.exemption == "answer"
            and not (has_asked and case_sudo._get_unread_messages())
        ):
            case_sudo._set_answered(message_sudo.author_id)
        return contact_sudo

    def _collection_explain_refusal(self, contact_sudo):
        """Say on the record, on the case and to the writer that it was not sent."""
        case_sudo = contact_sudo.case_id.with_user(contact_sudo.user_id).sudo()
        case_sudo._tell_refusal(contact_sudo)
        if self and self != contact_sudo.case_id:
            title = self.env._("Not sent to the debtor")
            reason = contact_sudo._explain_refusal()
            self._message_log(body=plaintext2html(f"{title}: {reason}"))

    # WHAT IS WRITTEN WHERE

    def _collection_get_written(self):
        """Return what is owed that messages on the record are about.

        :return: the case, empty where they are about none; its items, None for all
            that is asked for
        """
        return self.env["collection.case"], None

    def _collection_ask_for_mail(self, case, body, **values):
        """Ask for a message on the record to the debtor; see ``_pass_gate_by_hand``.

        What the law wants a demand to say is not added: it may be about anything.
        """
        return case._pass_gate_by_hand("email", body, **values)

    def _collection_has_asked(self, message=None):
        """Return whether somebody outside said the last word on the record.

        :param mail.message message: what may answer it, if it is there already
        """
        self.ensure_one()
        # In sudo: what was said does not depend on who answers.
        last_sudo = (
            self.env["mail.message"]
            .sudo()
            .search(
                Domain("model", "=", self._name)
                & Domain("res_id", "=", self.id)
                & Domain("message_type", "in", ("email", "comment"))
                & Domain("is_internal", "=", False)
                & Domain("subtype_id.internal", "=", False)
                & Domain("id", "not in", message.ids if message else []),
                order="id desc",
                limit=1,
            )
        )
        return bool(last_sudo) and self._collection_is_from_outside(last_sudo)

    def _collection_is_from_outside(self, message):
        """Return whether somebody outside wrote a message, by mail or on a page.

        Whoever posts can name any author, but is none of these.
        """
        author, writer = message.author_id, message.sudo().create_uid
        is_named = not author or author.partner_share
        return is_named and (writer.share or writer.id == SUPERUSER_ID)

    def _collection_get_readers(self, recipients):
        """Return who gets what somebody outside wrote."""
        return recipients

    # WHAT TO EXPECT

    def _collection_foresee_mail(self, recipients=None):
        """Return what whoever is about to write on the record has to know, or False.

        :param res.partner recipients: who is to get it, as far as they are chosen
        """
        self.ensure_one()
        case, items = self._collection_get_written()
        if not case:
            return False
        outside = recipients and recipients.filtered("partner_share")
        warning = case._foresee_by_hand(
            "email",
            recipients=outside or None,
            items=items,
            has_asked=self._collection_has_asked(),
        )
        return warning or (self != case and case._get_written_hint())


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _get_written_hint(self):
        """Return what a message on another record is, for who can see cases; or False.

        Others are told nothing about debts.
        """
        if not any(map(self.env.user.has_group, COLLECTION_GROUPS.split(","))):
            return False
        return self.env._(
            "%(debtor)s is late: a message from here is a contact with the debtor. The "
            "contact rules are asked, it counts, and it is kept on the case.",
            debtor=self.partner_id.name,
        )


class AccountMove(models.Model):
    _inherit = "account.move"

    def _collection_get_written(self):
        # OVERRIDE: who writes on an overdue invoice asks for its payment
        # In sudo: as for the case.
        items = self.sudo().collection_item_ids.filtered(
            lambda item: item.state == "open" and item.days_overdue > 0
        )
        case = items.case_id.filtered(lambda case: case.state == "open")[:1]
        return case, items.filtered(lambda item: item.case_id == case)

    def _collection_ask_for_mail(self, case, body, **values):
        # OVERRIDE: that is a demand, which says what the law wants
        return case._write_by_hand("email", body, **values)

    def _get_notify_valid_parameters(self):
        # EXTENDS 'mail'
        return super()._get_notify_valid_parameters() | {"collection_issue"}


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _collection_get_written(self):
        # OVERRIDE: what a customer who is late is written about, nobody can tell
        return self._get_overdue_case(), None


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    def _get_default_sending_settings(self, move, from_cron=False, **custom_settings):
        # EXTENDS 'account': later nobody knows whether it was sent before
        return {
            **super()._get_default_sending_settings(
                move, from_cron=from_cron, **custom_settings
            ),
            "collection_issue": None if move.is_move_sent else ISSUED,
        }

    def _get_mail_params(self, move, move_data):
        # EXTENDS 'account': whoever gets an invoice for the first time is not chased
        params = super()._get_mail_params(move, move_data)
        if params and move_data.get("collection_issue"):
            params["collection_issue"] = move_data["collection_issue"]
        return params

    def _get_alerts(self, moves, moves_data):
        # EXTENDS 'account': who sends overdue invoices again is told what that is
        alerts = super()._get_alerts(moves, moves_data)
        if message := self._foresee_collection(moves, moves_data):
            alerts["collection_gate"] = {"level": "warning", "message": message}
        return alerts

    def _foresee_collection(self, moves, moves_data):
        """Return what whoever is about to send invoices has to know, or False."""
        asked = moves.filtered(
            lambda move: (
                move.is_move_sent
                and "email" in moves_data[move]["sending_methods"]
                and move._collection_get_written()[0]
            )
        )
        if not asked:
            return False
        if len(moves) == 1:
            return asked._collection_foresee_mail(moves_data[asked]["mail_partner_ids"])
        return self.env._(
            "Overdue and sent before: %(count)s of these invoices. To send them again "
            "asks for payment; what the contact rules do not allow now is not sent.",
            count=len(asked),
        )
