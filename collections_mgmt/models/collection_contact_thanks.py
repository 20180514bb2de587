"""Contacts after the debtor paid: what is not needed any more, and thanks."""

from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ..const import QUEUE_STATES

# What a contact is about; a thank-you is about none of these.
MEANT_FIELDS = ("stage_id", "step_id", "promise_id", "user_id")


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    @api.depends("stage_id", "step_id")
    def _compute_display_name(self):
        # EXTENDS: thanks belong to no stage
        result = super()._compute_display_name()
        for contact in self.filtered(lambda contact: contact._is_thanks()):
            contact.display_name = self.env._(
                "Thank you · %(debtor)s", debtor=contact.partner_id.display_name
            )
        return result

    # WHAT IS SETTLED

    @api.model
    def _drop_settled(self, scope):
        """Drop the messages on their way of whose items nothing is left to ask for.

        A message in an outgoing queue is asked about when it leaves.

        :param Scope scope: the debtors to look at
        """
        self._drop_settled_of(self._get_waiting_sql(scope))

    def _drop_settled_in_queue(self):
        """Drop those of these that wait in a queue and have nothing left to ask for."""
        written = self.filtered(lambda contact: contact.state in QUEUE_STATES)
        if written:
            self._drop_settled_of(
                SQL(
                    """
                    SELECT id, case_id FROM collection_contact
                     WHERE id = ANY(%s) AND stage_id IS NOT NULL
                    """,
                    written.ids,
                )
            )

    @api.model
    def _drop_settled_of(self, waiting):
        """Drop those of the contacts that have nothing left to ask for.

        :param SQL waiting: a SELECT of id and case_id
        """
        self.env.flush_all()
        ids_by_reason = defaultdict(list)
        for contact_id, is_owed in self.env.execute_query(
            self._get_settled_sql(waiting)
        ):
            ids_by_reason["agreed" if is_owed else "settled"].append(contact_id)
        for reason, ids in ids_by_reason.items():
            self.browse(ids)._set_dropped(self._get_drop_sentences()[reason])

    def _get_settled_sql(self, waiting):
        """Return a SELECT of the waiting contacts that ask for nothing any more.

        With each, whether something is owed all the same. They name a few of all the
        items, which are looked up by these names.
        """
        return SQL(
            """
            WITH waiting AS MATERIALIZED (%(waiting)s),
            told AS MATERIALIZED (
                SELECT contact_id, item_id FROM collection_contact_line
                 WHERE contact_id = ANY(ARRAY(SELECT id FROM waiting))
                   AND stage_id IS NOT NULL
            ),
            left_over AS (
                SELECT waiting.id,
                       BOOL_OR(%(chased)s > COALESCE(strategy.tolerance_amount, 0))
                           AS is_asked,
                       BOOL_OR(item.amount_residual - item.amount_credit
                               > COALESCE(strategy.tolerance_amount, 0)) AS is_owed
                  FROM waiting
                  JOIN told ON told.contact_id = waiting.id
                  JOIN collection_item item
                    ON item.id = told.item_id AND item.case_id = waiting.case_id
                  JOIN collection_case cases ON cases.id = item.case_id
             LEFT JOIN collection_strategy strategy
                    ON strategy.id = COALESCE(item.strategy_id, cases.strategy_id)
                 WHERE item.id = ANY(ARRAY(SELECT item_id FROM told))
                   AND item.state = 'open'
                 GROUP BY waiting.id
            )
            SELECT waiting.id, COALESCE(left_over.is_owed, FALSE)
              FROM waiting
         LEFT JOIN left_over ON left_over.id = waiting.id
             WHERE left_over.is_asked IS NOT TRUE
            """,
            waiting=waiting,
            chased=self.env["collection.engine"]._get_chased_sql(),
        )

    def _get_waiting_sql(self, scope):
        """Return a SELECT of the contacts that have not left, thanks apart."""
        return SQL(
            """
            SELECT id, case_id FROM collection_contact
             WHERE state IN ('review', 'planned') AND stage_id IS NOT NULL
               AND company_id = %s AND %s
            """,
            scope.company.id,
            scope.has("partner_id"),
        )

    # THANKS

    def _is_thanks(self):
        """Return whether the contact thanks for a payment: it is part of no stage."""
        self.ensure_one()
        return not any(self[name] for name in MEANT_FIELDS)

    @api.model
    def _get_thanks_sql(self, contact):
        """Return the condition of ``_is_thanks`` in SQL.

        :param str contact: the alias of collection_contact
        """
        return SQL(" AND ").join(
            SQL("%s IS NULL", SQL.identifier(contact, name)) for name in MEANT_FIELDS
        )

    @api.model
    def _plan_thanks(self, cases):
        """Plan one message for each of these cases that paid after a message.

        Nobody is thanked twice without a message in between, nor in test mode, nor
        where the company chose no text.
        """
        cases = cases.filtered(
            lambda case: (
                case.state == "closed"
                and case.close_reason == "paid"
                and case.company_id.collection_thanks_template_id
                and not case.company_id.collection_test_mode
            )
        )
        if not cases:
            return
        self.env.flush_all()
        if self.env.execute_query(self._get_insert_thanks_sql(cases)):
            self._trigger_delivery()

    def _get_insert_thanks_sql(self, cases):
        return SQL(
            """
            INSERT INTO collection_contact (
                case_id, partner_id, company_id, channel, address_partner_id,
                state, date_planned,
                create_uid, create_date, write_uid, write_date
            )
            SELECT cases.id, cases.partner_id, cases.company_id, 'email',
                   address.partner_id, 'planned', cases.date_closed,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM collection_case cases
              JOIN (%(addresses)s) address
                ON address.debtor_id = cases.partner_id AND address.channel = 'email'
             WHERE cases.id IN %(cases)s
               AND EXISTS (
                   SELECT 1 FROM collection_contact message
                    WHERE message.case_id = cases.id AND message.state = 'sent'
                      AND message.channel <> 'task' AND message.stage_id IS NOT NULL
                      AND NOT EXISTS (
                          SELECT 1 FROM collection_contact thanks
                           WHERE thanks.case_id = cases.id AND thanks.id > message.id
                             AND %(is_thanks)s
                             AND thanks.state IN ('planned', 'queued', 'sent')
                      )
               )
             ORDER BY cases.id
            RETURNING id
            """,
            is_thanks=self._get_thanks_sql("thanks"),
            cases=tuple(cases.ids),
            uid=self.env.uid,
            addresses=self.env["collection.engine"]._get_addresses_sql(
                SQL(
                    "SELECT partner_id FROM collection_case WHERE id IN %s",
                    tuple(cases.ids),
                )
            ),
        )

    @api.model
    def _drop_thanks(self, cases):
        """Thank nobody whose payment was returned."""
        planned = self.search(
            [
                ("case_id", "in", cases.ids),
                ("state", "=", "planned"),
                *((name, "=", False) for name in MEANT_FIELDS),
            ]
        )
        planned._set_dropped(self.env._("The case is open again."))

    # DELIVERY

    def _check_truth(self):
        # EXTENDS: thanks name no items; they are due as long as nothing is owed
        thanks = self.filtered(lambda contact: contact._is_thanks())
        thanks._sync_debtors()
        returned = thanks.filtered(lambda contact: contact.case_id.state == "open")
        returned._set_dropped(self.env._("The case is open again."))
        true = super(CollectionContact, self - thanks)._check_truth()
        return self & (true | (thanks - returned))  # in their order

    def _get_template(self):
        """EXTENDS: thanks have a text of the company's choice."""
        if self._is_thanks():
            return self.company_id.collection_thanks_template_id
        return super()._get_template()
