"""What was done before with a debtor, as the gate counts it."""

from datetime import timedelta, timezone

from odoo import models
from odoo.tools import SQL

from ..tools.contact_rules import Event

# How far back contacts may matter to a rule.
HISTORY = timedelta(days=400)


class CollectionGate(models.AbstractModel):
    _inherit = "collection.gate"

    def _add_history(self, company, facts, moment, own_ids):
        """Add what was sent and tried: one budget for every channel and person."""
        for partner_id, at, *values, kind, notice, debts, _id in self.env.execute_query(
            self._get_history_sql(company, list(facts), moment, own_ids)
        ):
            facts[partner_id].history.append(
                Event(
                    (at or moment).replace(tzinfo=timezone.utc),
                    *self._prepare_event_values(*values),
                    frozenset(debts or ()),
                    kind,
                    notice or "",
                )
            )

    def _prepare_event_values(self, channel, state, outcome):
        """Return channel and outcome as the rules know them."""
        if state in ("queued", "reserved"):
            outcome = "reserved"
        return channel, outcome or "sent"

    def _get_history_sql(self, company, partner_ids, moment, own_ids):
        """Return a SELECT of the contacts that may count for these debtors.

        A creditor counts its own; an agency counts those for each of its principals.
        What the debtors answered to them is an exchange of its own moment.
        """
        creditor = SQL("contact.company_id = %s", company.id)
        if company._has_one_contact_budget():
            creditor = SQL("TRUE")
        return SQL(
            """
            SELECT contact.partner_id,
                   COALESCE(contact.date_sent, contact.date_done::timestamp) AS at,
                   contact.channel, contact.state, contact.outcome,
                   %(kind)s, stage.notice, %(debts)s, contact.id
              FROM collection_contact contact
         LEFT JOIN collection_stage stage ON stage.id = contact.stage_id
             -- What came back is failed: it gives its place back.
             WHERE contact.partner_id = ANY(%(partners)s)
               AND contact.id <> ALL(%(own)s)
               AND (contact.state IN ('queued', 'sent')
                    OR contact.state = 'reserved' AND contact.date_sent > %(now)s
                       - INTERVAL '15 minutes')
               AND contact.channel <> 'task'
               -- Nor does an answer to what the debtor asked.
               AND contact.exemption IS DISTINCT FROM 'answer'
               -- A notice that the law wants first is not forgotten.
               AND (stage.notice IS NOT NULL OR COALESCE(
                    contact.date_sent, contact.date_done, %(now)s) > %(since)s)
               AND %(creditor)s
             UNION ALL
            SELECT contact.partner_id, replied.at, contact.channel, 'sent', 'exchange',
                   %(kind)s, NULL, %(debts)s, contact.id
              FROM collection_contact contact
         LEFT JOIN collection_stage stage ON stage.id = contact.stage_id
        CROSS JOIN LATERAL (
                SELECT COALESCE(contact.date_last_reply, contact.date_replied) AS at
              ) replied
             WHERE contact.partner_id = ANY(%(partners)s)
               AND replied.at > %(since)s AND %(creditor)s
             ORDER BY 9
            """,
            debts=SQL(
                """
                ARRAY(SELECT item.move_id
                        FROM collection_contact_line told
                        JOIN collection_item item ON item.id = told.item_id
                       WHERE told.contact_id = contact.id)
                """
            ),
            partners=partner_ids,
            now=moment.astimezone(timezone.utc).replace(tzinfo=None),
            since=(moment - HISTORY).astimezone(timezone.utc).replace(tzinfo=None),
            own=list(own_ids),
            creditor=creditor,
            kind=self.env["collection.contact"]._get_event_kind_sql("contact", "stage"),
        )
