"""What people write to a debtor about what is owed passes the gate.

What is not allowed is not sent, and not lost: the text stays where it was written as a
note for colleagues, with the reason, and on the case as a contact that was not allowed.
There is no error, which would undo the record of it: whoever writes is told by a
notification. Where people write such messages is told in mail_thread_written.
"""

from odoo import models
from odoo.tools import plaintext2html


class CollectionCase(models.Model):
    _inherit = "collection.case"

    # WHAT IS WRITTEN ON THE CASE ITSELF

    def _collection_get_written(self):
        # OVERRIDE: it is about the case
        return self, None

    def _collection_ask_for_mail(self, case, body, **values):
        # OVERRIDE: what the law wants a demand to say is added
        return case._write_by_hand("email", body, **values)

    def _collection_has_asked(self, message=None):
        # OVERRIDE: a case knows what its debtor wrote, and who has looked at it
        return False

    def _collection_is_from_outside(self, message):
        # OVERRIDE: nobody writes in the debtor's name, however it was posted
        return not message.author_id or message.author_id.partner_share

    def _collection_get_readers(self, recipients):
        # OVERRIDE: what comes from outside is nobody else's business
        return [recipient for recipient in recipients if not recipient["share"]]

    def _prepare_addressees(self, outside):
        """Return what ``_write_by_hand`` has to know of who gets it.

        :param list outside: recipients as ``_notify_get_recipients`` returns them
        """
        addresses = [recipient["email_normalized"] for recipient in outside]
        partner_ids = [recipient["id"] for recipient in outside if recipient["id"]]
        return {
            "address": ", ".join(dict.fromkeys(filter(None, addresses))),
            "recipients": self.env["res.partner"].browse(partner_ids),
        }

    # ASKING

    def _foresee_by_hand(self, channel, has_asked=False, **target):
        """Return why the debtor cannot be written to now, False if they can.

        Nothing is kept: the question is asked again when the message is sent.

        :param str channel: a code of collection.channel
        :param bool has_asked: as in ``_answers_reply``
        :param target: as in ``_get_target``
        """
        self.ensure_one()
        # In sudo: contacts are the engine's own; reading the case was checked.
        case_sudo = self.sudo()
        Contact = self.env["collection.contact"].sudo()
        target = case_sudo._get_target(channel, **target)
        [data] = Contact._judge_channels_by_hand(
            case_sudo, [channel], targets={channel: target}
        ).values()
        is_answer = case_sudo._answers_reply(channel, target, data, has_asked)
        if data["result"] == "allow" or is_answer:
            return False
        data["open_channels"] = Contact._find_open_channels(case_sudo)
        return Contact._explain(data)

    def _write_by_hand(self, channel, body, is_answer=True, **values):
        """Note that a person writes to the debtor about the debt.

        As ``_pass_gate_by_hand``; what the law wants the message to say is added.

        :return: the contact, in sudo, "blocked" if the message must not leave. Its
            ``edited_body`` is the text as it leaves; what was sent is for the caller to
            write down
        """
        contact_sudo = self._pass_gate_by_hand(
            channel, body, is_answer=is_answer, **values
        )
        if contact_sudo.state == "reserved" and contact_sudo.exemption != "answer":
            contact_sudo._add_required_words()
            contact_sudo._refuse_for(contact_sudo._get_wording_gaps())
        return contact_sudo

    def _pass_gate_by_hand(
        self,
        channel,
        body,
        is_answer=True,
        has_asked=False,
        recipients=None,
        items=None,
        **values,
    ):
        """Ask whether a person may write to the debtor, and note it.

        An answer to what the debtor wrote passes rules that a demand would break, and
        counts for nothing; see ``_answers_reply``.

        :param str channel: a code of collection.channel
        :param body: what the person wrote, HTML
        :param bool is_answer: whether it is one if the debtor wrote before
        :param bool has_asked: as in ``_answers_reply``
        :param recipients: and ``items``: as in ``_get_target``
        :param values: other values of the contact; a composer knows the address
        :return: the new contact, in sudo, "reserved" or "blocked"
        """
        self.ensure_one()
        # In sudo: contacts are the engine's own; posting on the case was checked.
        case_sudo = self.sudo()
        Contact = self.env["collection.contact"].sudo()
        address = values.get("address")
        target = case_sudo._get_target(
            channel, address and address.split(", "), recipients, items
        )
        data = Contact._ask_by_hand(case_sudo, channel, target=target)
        is_answer = is_answer and case_sudo._answers_reply(
            channel, target, data, has_asked
        )
        values |= Contact._prepare_written_values(body, target)
        if data["result"] != "allow" and not is_answer:
            data["open_channels"] = Contact._find_open_channels(case_sudo)
            return Contact._note_refusal(case_sudo, channel, data, body=body, **values)
        contact_sudo = Contact._reserve_by_hand(
            case_sudo, channel, data, exemption=is_answer and "answer", **values
        )
        contact_sudo._refuse_for(contact_sudo._get_forbidden_words())
        return contact_sudo

    # WHAT IS NOT SENT

    def _keep_among_colleagues(self, message):
        """Make a note of a message that must not leave."""
        # In sudo: messages are the mail system's own; it was just posted.
        message_sudo = message.sudo()
        if message_sudo.message_type == "user_notification":
            message_sudo.message_type = "comment"  # no screen shows the others
        message_sudo.write(
            {
                "is_internal": True,
                "outgoing_email_to": False,
                "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id(
                    "mail.mt_note"
                ),
                "partner_ids": [
                    (3, partner.id)
                    for partner in message_sudo.partner_ids
                    if partner.partner_share
                ],
            }
        )

    def _tell_refusal(self, contact_sudo):
        """Say on the case, and to whoever wrote, that a message was not sent."""
        reason = contact_sudo._explain_refusal()
        title = self.env._("Not sent to the debtor")
        self._message_log(body=plaintext2html(f"{title}: {reason}"))
        self.env.user._bus_send(
            "simple_notification",
            {"type": "warning", "sticky": True, "title": title, "message": reason},
        )
