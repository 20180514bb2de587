"""The engine's part in disputes: how much of which items is contested.

An accepted part is held back until it is credited. ``tools.dispute_credits`` says what
was, from the reconciliations; it is written on the lines and the disputes.
"""

import json

from odoo import models
from odoo.tools import SQL

from ..const import OPEN_DISPUTES
from ..tools.dispute_credits import Claim, Refund, give_out


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_agreements(self, scope):
        # EXTENDS: what is contested, and what was accepted and is not credited yet
        return {
            **super()._get_agreements(scope),
            "amount_disputed": SQL(
                """
                SELECT part.item_id,
                       CASE WHEN dispute.state IN %(open)s THEN part.amount
                            WHEN dispute.state = 'accepted'
                            THEN GREATEST(0, part.amount - part.amount_credited)
                            ELSE 0 END AS amount
                  FROM (%(parts)s) part
                  JOIN collection_dispute dispute ON dispute.id = part.dispute_id
                """,
                open=OPEN_DISPUTES,
                parts=self._get_disputed_parts_sql(),
            ),
        }

    def _get_disputed_parts_sql(self):
        """Return a SELECT of the lines of disputes, each with the item it is about now.

        Where the journal item is gone, since the terms of its invoice changed, that is
        the first open item of the invoice. It is looked for apart, so that the others
        are found by the items of a debtor.
        """
        return SQL(
            """
            SELECT id, dispute_id, item_id, amount,
                   COALESCE(amount_credited, 0) AS amount_credited, settled_before
              FROM collection_dispute_line WHERE item_id IS NOT NULL
             UNION ALL
            SELECT line.id, line.dispute_id, other.id, line.amount,
                   COALESCE(line.amount_credited, 0), line.settled_before
              FROM collection_dispute_line line
              JOIN LATERAL (
                SELECT MIN(item.id) AS id FROM collection_item item
                 WHERE item.move_id = line.move_id AND item.state = 'open'
              ) other ON other.id IS NOT NULL
             WHERE line.item_id IS NULL
            """
        )

    def _has_agreements_sql(self, scope):
        # EXTENDS: what is to be credited may be of an invoice that was deleted
        return SQL(
            """
            (%(has_others)s OR EXISTS (
                SELECT FROM collection_dispute
                 WHERE amount_to_credit > 0 AND company_id = %(company)s
                   AND %(in_scope)s
            ))
            """,
            has_others=super()._has_agreements_sql(scope),
            company=scope.company.id,
            in_scope=scope.has("partner_id"),
        )

    def _follow_agreements(self, scope):
        # EXTENDS: first what was credited, then what is still contested
        moved = self._settle_disputes(scope)
        result = super()._follow_agreements(scope)
        Dispute = self.env["collection.dispute"]
        due, done = (
            [dispute_id for dispute_id, is_due in moved if is_due is wanted]
            for wanted in (True, False)
        )
        Dispute.browse(due)._on_credit_due(scope.date)
        Dispute.browse(done)._on_credited()
        if moved:
            self.env.flush_all()  # the sync forgets what was not written
        return result

    # CREDITED

    def _settle_disputes(self, scope):
        """Write what was credited of the accepted disputes of the scope.

        :return: pairs of the disputes of which something is to be credited now, or
            nothing any more: (id, whether it is)
        """
        claims = self._get_claims(scope)
        if not claims:
            return []
        refunds = self._get_refunds({claim.item for claim in claims})
        moved = self.env.execute_query(
            self._get_write_credited_sql(scope, give_out(claims, refunds))
        )
        for name in ("collection.dispute", "collection.dispute.line"):
            self.env[name].invalidate_model(flush=False)
        return moved

    def _get_claims(self, scope):
        """Return the accepted parts: a list of tools.dispute_credits.Claim.

        The one that was accepted first comes first.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.id, COALESCE(part.item_id, 0),
                       ROUND(line.amount / currency.rounding)::bigint,
                       line.settled_before
                  FROM collection_dispute dispute
                  JOIN collection_dispute_line line ON line.dispute_id = dispute.id
                  JOIN res_currency currency ON currency.id = line.currency_id
             LEFT JOIN (%(parts)s) part ON part.id = line.id
                 WHERE dispute.state = 'accepted'
                   AND dispute.company_id = %(company)s AND %(in_scope)s
                 ORDER BY dispute.date_closed, dispute.id, line.id
                """,
                parts=self._get_disputed_parts_sql(),
                company=scope.company.id,
                in_scope=scope.has("dispute.partner_id"),
            )
        )
        return [
            Claim(
                *claim, {int(credit): units for credit, units in (before or {}).items()}
            )
            for *claim, before in rows
        ]

    def _get_refunds(self, item_ids):
        """Return what credit notes took off these items so far, as a list of Refund.

        The reversal of an entry, such as an opening balance, is one too. What is in
        draft does not count, though Odoo lets its reconciliation stand.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT item.id, partial.credit_move_id,
                       ROUND(SUM(partial.debit_amount_currency)
                             / currency.rounding)::bigint
                  FROM collection_item item
                  JOIN account_move_line line ON line.id = item.move_line_id
                  JOIN res_currency currency ON currency.id = line.currency_id
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = line.id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_move refund ON refund.id = credit.move_id
                 WHERE item.id = ANY(%s) AND refund.state = 'posted'
                   AND (refund.move_type = 'out_refund'
                        OR refund.reversed_entry_id = line.move_id)
                 GROUP BY item.id, partial.credit_move_id, currency.rounding
                """,
                list(item_ids),
            )
        )
        return [Refund(*row) for row in rows]

    def _get_write_credited_sql(self, scope, credited):
        """Return the statement that writes what was credited, where it changed.

        What is to be credited is as much as is still open: what was paid or written off
        meanwhile holds nothing up. It returns the disputes of which that changed, and
        whether something is to be credited now.

        :param dict credited: {line id: units}
        """
        return SQL(
            """
            WITH credited AS MATERIALIZED (
                SELECT line.id, found.units * currency.rounding AS amount
                  FROM jsonb_to_recordset(%(credited)s::jsonb) AS found (
                       id integer, units bigint)
                  JOIN collection_dispute_line line ON line.id = found.id
                  JOIN res_currency currency ON currency.id = line.currency_id
            ),
            new_line AS (
                UPDATE collection_dispute_line line
                   SET amount_credited = credited.amount
                  FROM credited
                 WHERE line.id = credited.id
                   AND line.amount_credited IS DISTINCT FROM credited.amount
            ),
            fact AS (
                SELECT part.dispute_id, ROUND(SUM(
                           LEAST(GREATEST(0, part.amount - credited.amount),
                                 item.amount_residual_currency)
                           * item.amount_residual
                           / NULLIF(item.amount_residual_currency, 0)
                       ), %(digits)s) AS amount
                  FROM credited
                  JOIN (%(parts)s) part ON part.id = credited.id
                  JOIN collection_item item ON item.id = part.item_id
                 GROUP BY part.dispute_id
            )
            UPDATE collection_dispute dispute
               SET amount_to_credit = COALESCE(fact.amount, 0)
              FROM collection_dispute before
         LEFT JOIN fact ON fact.dispute_id = before.id
             WHERE dispute.id = before.id AND dispute.state = 'accepted'
               AND dispute.company_id = %(company)s AND %(in_scope)s
               AND COALESCE(before.amount_to_credit, 0) <> COALESCE(fact.amount, 0)
            RETURNING dispute.id, dispute.amount_to_credit > 0
            """,
            credited=json.dumps(
                [{"id": line_id, "units": units} for line_id, units in credited.items()]
            ),
            parts=self._get_disputed_parts_sql(),
            digits=scope.company.currency_id.decimal_places,
            company=scope.company.id,
            in_scope=scope.has("dispute.partner_id"),
        )

    def _get_decision_dates(self, scope):
        # EXTENDS: a dispute is to be answered until its deadline
        dates = super()._get_decision_dates(scope)
        answered = SQL(
            """
            (SELECT MIN(dispute.date_deadline) FROM collection_dispute dispute
              WHERE dispute.case_id = verdict.case_id AND dispute.state IN %s)
            """,
            OPEN_DISPUTES,
        )
        # One that was accepted has no deadline while its credit note is awaited.
        return {
            **dates,
            "disputed": SQL("COALESCE(%s, %s)", answered, dates["disputed"]),
        }
