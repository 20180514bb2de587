"""What became of a message after it left: it came back, or the debtor answered it."""

from odoo import fields, models
from odoo.tools import SQL, email_normalize


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _set_sent(self):
        # EXTENDS: a report of the outgoing queue that comes after the bounce is late
        came_back = self.filtered(
            lambda contact: contact.is_bounced and contact.state == "failed"
        )
        return super(CollectionContact, self - came_back)._set_sent()

    # DELIVERY

    def _set_delivered(self):
        """Note that these messages are known to have arrived."""
        self.filtered(
            lambda contact: contact.state == "sent" and not contact.date_delivered
        ).write({"date_delivered": fields.Datetime.now()})

    # BOUNCES

    def _receive_bounce(self, email, partners):
        """Mark those of these contacts that the bounce is about.

        A message with copies to others also bounces for one of those: that is no
        failure to reach the debtor.

        :param email: the address that did not take the message, or False
        :param partners: the partners with this address, record set of res.partner
        :return: the contacts that came back now
        """
        address = email_normalize(email)
        return self.filtered(
            lambda contact: (
                contact.address_partner_id in partners
                or (address and address in (contact.address or "").split(", "))
            )
        )._set_bounced()

    def _set_bounced(self):
        """Note that the messages came back: their addresses are not used again.

        :return: the contacts that had not come back before
        """
        moved = self.filtered(lambda contact: not contact.is_bounced)
        moved._fail_after_all(is_bounced=True)
        return moved

    def _set_lost(self):
        """Note that the messages did not arrive, which tells nothing of the addresses.

        :return: the contacts that had not failed before
        """
        moved = self.filtered(lambda contact: contact.state != "failed")
        moved._fail_after_all()
        return moved

    def _fail_after_all(self, **values):
        """Note that the messages failed, whatever was noted before.

        Items they moved return to the last stage whose message really went out, cases
        to the date of their last message that did.
        """
        if not self:
            return
        today = fields.Date.context_today(self)
        climbed = self.filtered(lambda contact: contact.state == "sent")
        failed = self.filtered(lambda contact: contact.state == "failed")
        for (address, is_known), contacts in self.grouped(
            lambda contact: (contact.address, contact in failed)
        ).items():
            reason = self.env._(
                "The message came back: it could not be delivered to %(address)s.",
                address=address or self.env._("the recipient"),
            )
            when = {} if is_known else {"date_done": today}
            contacts.write({"state": "failed", "reason": reason, **when, **values})
        self.line_ids.write({"is_counted": False})
        climbed._take_back_stages(today)
        climbed._take_back_last_contact()
        self._filter_last_of_case()._note_failure(today)

    def _filter_last_of_case(self):
        """Return those that are the last attempt, done or failed, of their case."""
        groups = self._read_group(
            [("case_id", "in", self.case_id.ids), ("state", "in", ("sent", "failed"))],
            ["case_id"],
            ["id:max"],
        )
        last_ids = {last_id for _case, last_id in groups}
        return self.filtered(lambda contact: contact.id in last_ids)

    def _take_back_stages(self, date):
        """Return the items to the stage of the last contact that really went out.

        Items that another contact has moved on keep their stage. That they stood in
        the other until ``date`` is kept.
        """
        if not self:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH changed AS (
                    UPDATE collection_item item
                       SET stage_id = CASE
                               WHEN item.stage_id = ANY(told.stage_ids)
                               THEN reached.stage_id ELSE item.stage_id END,
                           stage_date = CASE
                               WHEN item.stage_id = ANY(told.stage_ids)
                               THEN reached.date ELSE item.stage_date END,
                           date_changed = CASE
                               WHEN item.stage_id = ANY(told.stage_ids)
                               THEN GREATEST(item.date_changed, %(date)s)
                               ELSE item.date_changed END,
                           reminder_stage_id = CASE
                               WHEN item.reminder_stage_id = ANY(told.stage_ids)
                               THEN reminded.stage_id ELSE item.reminder_stage_id END,
                           passed_stage_id = CASE
                               WHEN item.passed_stage_id = ANY(told.stage_ids)
                               THEN passed.stage_id ELSE item.passed_stage_id END
                      FROM (
                           SELECT item_id, ARRAY_AGG(stage_id) AS stage_ids
                             FROM collection_contact_line
                            WHERE contact_id IN %(contacts)s AND stage_id IS NOT NULL
                            GROUP BY item_id
                      ) told
                 LEFT JOIN LATERAL (%(reached)s) reached ON TRUE
                 LEFT JOIN LATERAL (%(reminded)s) reminded ON TRUE
                 LEFT JOIN LATERAL (%(passed)s) passed ON TRUE
                     WHERE item.id = told.item_id
                    RETURNING item.id, item.date_changed
                )
                %(keep)s
                """,
                date=date,
                keep=self.env["collection.item.version"]._get_keep_sql(),
                contacts=tuple(self.ids),
                reached=self._get_last_stage_sql(("sent",), SQL("stage.days >= 0")),
                reminded=self._get_last_stage_sql(("sent",), SQL("stage.days < 0")),
                passed=self._get_last_stage_sql(("sent", "skipped"), SQL("TRUE")),
            )
        )
        self.env["collection.item"].invalidate_model(
            [
                *("stage_id", "stage_date", "reminder_stage_id", "passed_stage_id"),
                "date_changed",
            ]
        )

    def _get_last_stage_sql(self, states, condition):
        """Return a SELECT of the last stage of ``told.item_id``, and since when.

        :param tuple states: states of the contacts that count
        :param SQL condition: which stages count, over ``stage``
        """
        return SQL(
            """
            SELECT stage.id AS stage_id, MIN(contact.date_done) AS date
              FROM collection_contact_line line
              JOIN collection_contact contact ON contact.id = line.contact_id
              JOIN collection_stage stage ON stage.id = line.stage_id
             WHERE line.item_id = told.item_id AND contact.state IN %s AND %s
             GROUP BY stage.id
             ORDER BY stage.days DESC, stage.sequence DESC, stage.id DESC LIMIT 1
            """,
            states,
            condition,
        )

    # REPLIES

    def _set_replied(self):
        """Note that the debtor replied to these contacts: when first, and when last."""
        now = fields.Datetime.now()
        self.filtered(lambda contact: not contact.date_replied).date_replied = now
        self.date_last_reply = now
