"""What the debtor writes on a case, and who has looked at it."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

REPLY_ACTIVITY = "collections_mgmt.mail_activity_type_reply"


class CollectionCase(models.Model):
    _inherit = "collection.case"

    # REPLIES

    def _receive_reply(self, author, answered):
        """Note that a person outside wrote an e-mail to these cases.

        :param res.partner author: who wrote it; empty when unknown
        :param mail.message answered: the message it answers; empty when unknown
        """
        if author and not author.partner_share:
            return
        for case in self:
            case._get_answered_contact(answered)._set_replied()
            case._get_current_case()._pause_for_reply("email", author)
        if answered and answered.model != self._name:
            self._point_to_reply(self.env[answered.model].browse(answered.res_id))

    def _find_by_message_elsewhere(self, message):
        """Return the cases that a message on another record was written about."""
        if not message or message.model == self._name:
            return self.browse()
        contacts = self.env["collection.contact"].search(
            [("mail_message_id", "in", message.ids)]
        )
        return contacts.case_id

    def _point_to_reply(self, record):
        """Say on the cases on which record the debtor answered."""
        self._message_log_batch(
            bodies=dict.fromkeys(
                self.ids,
                self.env._(
                    "The debtor answered on %(document)s.",
                    document=record._get_html_link(),
                ),
            )
        )

    def _get_answered_contact(self, message):
        """Return the contact a reply belongs to: the one answered, else the last."""
        self.ensure_one()
        contacts = self.contact_ids.filtered(
            lambda contact: message and contact.mail_message_id == message
        )
        sent = self.contact_ids.filtered(
            lambda contact: contact.state == "sent" and contact.channel != "task"
        )
        return contacts or sent.sorted("id")[-1:]

    def _get_current_case(self):
        """Return the debtor's open case: the reply may be to a message of a closed one.

        Without an open case it is the one written to.
        """
        self.ensure_one()
        if self.state == "open":
            return self
        return (
            self.search(
                [
                    ("partner_id", "=", self.partner_id.id),
                    ("company_id", "=", self.company_id.id),
                    ("state", "=", "open"),
                ],
                limit=1,
            )
            or self
        )

    def _pause_for_reply(self, channel, author):
        """Hold messages back, where the company wants that, and tell the collector.

        :param str channel: a code of collection.channel
        :param res.partner author: who wrote; empty when unknown
        """
        paused = self.filtered("company_id.collection_pause_on_reply")
        paused.write(self._prepare_reply_values(channel, author))
        unpaused = paused.filtered(lambda case: not case.reply_date)
        unpaused.reply_date = fields.Datetime.now()
        told_ids = self._get_reply_activities().mapped("res_id")
        self._create_tasks(
            [
                case._prepare_reply_activity_values()
                for case in self
                if case.id not in told_ids
            ]
        )

    def _get_reply_activities(self):
        return self.activity_search([REPLY_ACTIVITY], only_automated=False)

    def _prepare_reply_activity_values(self):
        self.ensure_one()
        return {
            "res_id": self.id,
            "activity_type_id": self.env.ref(REPLY_ACTIVITY).id,
            "user_id": self._get_responsible().id,
            "date_deadline": fields.Date.context_today(self),
            # A case that closes takes its automated tasks along, but a reply is still
            # to be read when everything is paid.
            "automated": False,
        }

    # WHAT FOLLOWS FROM IT

    def _get_incoming_domain(self):
        """Return the domain of what people outside wrote on these cases."""
        return (
            Domain("model", "=", self._name)
            & Domain("res_id", "in", self.ids)
            & Domain("message_type", "in", ("email", "comment"))
            & (
                Domain("author_id", "=", False)
                | Domain("author_id.partner_share", "=", True)
            )
        )

    def _is_incoming(self, message):
        """Return whether a message was written on this case by somebody outside."""
        self.ensure_one()
        return bool(message.filtered_domain(self._get_incoming_domain()))

    def action_take_up_message(self):
        """Open what can follow from the debtor's last message."""
        self.ensure_one()
        self.check_access("write")
        messages = self._get_unanswered_messages()
        if not messages:
            raise UserError(self.env._("The debtor has written nothing on this case."))
        return self._get_take_up_action(
            context={
                "default_case_id": self.id,
                "default_message_id": messages[-1].id,
            }
        )

    def _get_take_up_action(self, **values):
        """Return the action that opens the panel.

        :param values: the record, or what a new one begins with
        """
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("From the Debtor's Message"),
            "res_model": "collection.reply",
            "view_mode": "form",
            "target": "new",
            **values,
        }

    def _get_unanswered_messages(self):
        """Return what the debtor wrote since the last answer, the oldest first.

        Where all is answered: the last message, if there is one.
        """
        self.ensure_one()
        return self._get_unread_messages() or self.env["mail.message"].search(
            self._get_incoming_domain(), order="id desc", limit=1
        )

    def _get_unread_messages(self):
        """Return what the debtor wrote on the case and nobody has answered."""
        self.ensure_one()
        Message = self.env["mail.message"]
        answer = Message.search(self._get_answers_domain(), order="id desc", limit=1)
        return Message.search(
            self._get_incoming_domain() & Domain("id", ">", answer.id or 0), order="id"
        )

    def _get_answers_domain(self):
        """Return the domain of what colleagues wrote to people outside."""
        return (
            Domain("model", "=", self._name)
            & Domain("res_id", "in", self.ids)
            & Domain("message_type", "in", ("email", "comment"))
            & Domain("author_id", "!=", False)
            & Domain("author_id.partner_share", "=", False)
            & (
                Domain("partner_ids.partner_share", "=", True)
                | Domain("notified_partner_ids.partner_share", "=", True)
            )
        )

    # WHO HAS LOOKED

    def action_reply_handled(self):
        """Let messages go out again: the user has looked at the debtor's reply."""
        self.check_access("write")
        self._set_reply_handled(self.env._("The debtor's reply was handled."))
        return True

    def _set_reply_handled(self, how):
        """Complete the task and end the pause, with a line in the conversation.

        :param str how: what was done, for that line
        """
        replied = self.filtered("reply_date")
        activities = self._get_reply_activities()
        if activities:
            activities.action_feedback(feedback=how)  # ends the pause of its cases
        rest = replied.filtered("reply_date")
        if rest:
            # In sudo: the engine keeps this field; the caller checked the user.
            rest.sudo().reply_date = False
            rest._message_log_batch(bodies=dict.fromkeys(rest.ids, how))
        replied._decide_anew()

    def _decide_anew(self):
        """Say at once what is due, instead of what was so before a person acted."""
        for company, cases in self.grouped("company_id").items():
            # In sudo: the engine reads the whole company's books.
            self.env["collection.engine"].sudo()._follow(
                company, tuple(cases.partner_id.ids)
            )

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        # EXTENDS 'mail': who answers the debtor has looked at the reply
        recipients = super()._notify_thread(message, msg_vals=msg_vals, **kwargs)
        if self._is_answer(message, recipients):
            # In sudo: posting on the case was checked, not every poster is a collector.
            self.sudo()._set_answered(message.author_id)
        return recipients

    def _set_answered(self, author):
        """Note that a colleague answered what the debtor wrote.

        :param res.partner author: the colleague
        """
        self._set_reply_handled(
            self.env._("%(user)s answered the debtor.", user=author.name)
        )

    def _is_answer(self, message, recipients):
        """Return whether a colleague answers the debtor; absence notices do not.

        :param list recipients: as returned by ``_notify_thread``
        """
        return (
            message.message_type in ("comment", "email")
            and message.author_id
            and not message.author_id.partner_share
            and any(recipient["share"] for recipient in recipients)
        )
