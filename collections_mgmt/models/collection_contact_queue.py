"""What waits in an outgoing queue is looked at once more before it leaves.

Hours or days may lie between the writing of a message and its leaving: the ledger is
read and the gate is asked as if it were delivered now.
"""

from odoo import fields, models
from odoo.tools import SQL

from ..const import OFF_STATES, PENDING_STATES, QUEUE_STATES


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _hold_mails_back(self):
        """Check once more what leaves the queue of mails; call off what must not.

        Of automatic messages and of what people wrote, for the first time or again
        because somebody sends a mail that failed.

        :return: the mails that do not leave now
        """
        written = self.filtered("user_id")
        automatic = (self - written).filtered(
            lambda contact: (
                contact.state in (*QUEUE_STATES, *OFF_STATES)
                and contact.mail_mail_id.state == "outgoing"
            )
        )
        mails = automatic.mail_mail_id
        # What came back is a fact, and goes to nobody by being sent again.
        leaving = automatic.filtered(
            lambda contact: contact.state in QUEUE_STATES and not contact.is_bounced
        )._pass_again()
        for contact in leaving.filtered("mail_mail_id.email_cc"):
            contact.mail_mail_id.email_cc = contact.copies  # nobody who refused since
        held = mails - leaving.mail_mail_id
        held.exists()._call_off()
        return held | written._hold_written_back()

    def _pass_again(self):
        """Check contacts whose message is written already: do they leave as they are?

        What has to wait, or would say something else by now, is planned and written
        anew. What is not owed, or not allowed, is off.

        :return: the contacts that leave
        """
        told = self._get_told_items()
        true = self._check_truth()
        told_now = true._get_told_items()
        unchanged = true.filtered(
            lambda contact: told.get(contact.id) == told_now.get(contact.id)
        )
        leaving = unchanged._pass_gate()
        waiting = (unchanged - leaving).filtered(
            lambda contact: contact.state == "queued"
        )
        ((true - unchanged) | waiting)._write_anew()
        return leaving

    def _write_anew(self):
        """Plan again what was written for a queue; those that failed as by a retry."""
        failed = self.filtered(lambda contact: contact.state == "failed")
        moved = self._set_state(("queued",), "planned")
        moved._take_messages_back()
        if failed:
            moved |= failed._retry()
        now = fields.Datetime.now()
        if any(not contact.slot or contact.slot <= now for contact in moved):
            self._trigger_delivery()
        moved._call_back_deliveries(now)

    def _take_messages_back(self):
        """Take what never left off the conversation: nobody was told that."""
        # In sudo: messages and mails are the mail system's own records.
        messages_sudo = self.mail_message_id.sudo()
        self.write({"mail_message_id": False, "mail_mail_id": False})
        messages_sudo.unlink()

    def _get_told_items(self):
        """Return {contact id: what it says of items and amounts, as one text}."""
        if not self:
            return {}
        self.env.flush_all()
        amounts = self.env["collection.engine"]._get_told_amounts_sql()
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT told.contact_id, STRING_AGG(
                               CONCAT_WS(' ', told.item_id, %s), ',' ORDER BY told.id
                           )
                      FROM collection_contact_line told
                     WHERE told.contact_id = ANY(%s)
                     GROUP BY told.contact_id
                    """,
                    SQL(", ").join(
                        SQL("COALESCE(%s, 0)", SQL.identifier("told", name))
                        for name in amounts
                    ),
                    self.ids,
                )
            )
        )


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _drop_messages_on_their_way(self, reason):
        """Drop what is about to tell the debtors of these cases what they owe.

        Messages about promises stay: their promise does, too.
        """
        waiting = self.contact_ids.filtered(
            lambda contact: contact.stage_id and contact.state in PENDING_STATES
        )
        waiting._set_dropped(reason)
        # In sudo: mails are the mail system's own records.
        waiting.mail_mail_id.sudo().filtered(
            lambda mail: mail.state == "outgoing"
        )._call_off()
