"""Which items nobody is asked for meanwhile, and which holds are over."""

from odoo import models
from odoo.tools import SQL

from ..const import ENDLESS


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_hold_in_force_sql(self, scope):
        """Return the SQL condition that ``hold`` holds on the day of the scope.

        By its days: nothing has to be done for a hold to end.
        """
        return SQL(
            """
            (hold.state = 'open'
             AND (hold.date_until IS NULL OR hold.date_until >= %s))
            """,
            scope.date,
        )

    def _get_agreements(self, scope):
        # EXTENDS: what is open of the items on hold, after all else that is agreed
        return {
            **super()._get_agreements(scope),
            "amount_held": SQL(
                """
                SELECT part.item_id,
                       CASE WHEN %s THEN held.amount_residual_currency
                            ELSE 0 END AS amount
                  FROM collection_item_hold_item_rel part
                  JOIN collection_item_hold hold ON hold.id = part.hold_id
                  JOIN collection_item held ON held.id = part.item_id
             UNION ALL
                SELECT held.id, CASE WHEN %s THEN held.amount_residual_currency
                                     ELSE 0 END
                  FROM collection_item_hold hold
                  JOIN collection_case held_case
                    ON held_case.partner_id = hold.partner_id
                   AND held_case.company_id = hold.company_id
                  JOIN collection_item held ON held.case_id = held_case.id
                 WHERE hold.is_whole_case
                   AND (held.state = 'open' OR held.amount_held <> 0)
                """,
                self._get_hold_in_force_sql(scope),
                self._get_hold_in_force_sql(scope),
            ),
        }

    def _has_agreements_sql(self, scope):
        # EXTENDS: whole cases on hold, also before their next item is there
        return SQL(
            """
            (%(of_items)s OR EXISTS (
                SELECT 1 FROM collection_item_hold hold
                 WHERE hold.is_whole_case AND hold.company_id = %(company)s
                   AND %(in_scope)s
            ))
            """,
            of_items=super()._has_agreements_sql(scope),
            company=scope.company.id,
            in_scope=scope.has("hold.partner_id"),
        )

    def _follow_agreements(self, scope):
        # EXTENDS: first which holds are over
        ended = self._end_holds(scope)
        result = super()._follow_agreements(scope)
        self.env.execute_query(self._get_update_held_cases_sql(scope))
        ended._on_ended(scope.date)
        return result

    def _get_update_held_cases_sql(self, scope):
        """Write until when whole cases are on hold, that of a later case included."""
        return SQL(
            """
            UPDATE collection_case cases SET hold_date = held.until
              FROM (
                   SELECT hold.partner_id,
                          MAX(COALESCE(hold.date_until, %(endless)s))
                          FILTER (WHERE %(in_force)s) AS until
                     FROM collection_item_hold hold
                    WHERE hold.is_whole_case AND hold.company_id = %(company)s
                      AND %(in_scope)s
                    GROUP BY hold.partner_id
              ) held
             WHERE cases.partner_id = held.partner_id AND cases.state = 'open'
               AND cases.company_id = %(company)s
               AND cases.hold_date IS DISTINCT FROM held.until
            RETURNING cases.id
            """,
            endless=ENDLESS,
            in_force=self._get_hold_in_force_sql(scope),
            company=scope.company.id,
            in_scope=scope.has("hold.partner_id"),
        )

    def _end_holds(self, scope):
        """Write what became of holds that are over; return them.

        Settled: nothing of the items is open, or as much was paid as was announced. A
        whole case is on hold until its day, whatever is open of it. An invoice in draft
        settles nothing: when it is posted again it is on hold as before.
        """
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE collection_item_hold hold
                   SET state = CASE WHEN fact.is_settled THEN 'settled'
                                    ELSE 'ended' END,
                       is_missed = hold.is_payment_announced AND NOT fact.is_settled,
                       settled_by = CASE WHEN fact.is_settled THEN %(cause)s END,
                       date_closed = %(date)s
                  FROM (%(facts)s) fact
                 WHERE hold.id = fact.id
                   AND (fact.is_settled OR hold.date_until < %(date)s)
                RETURNING hold.id
                """,
                facts=self._get_hold_facts_sql(scope),
                cause=self._get_hold_cause_sql(),
                date=scope.date,
            )
        )
        # In sudo: what is said of them does not depend on who looks.
        Hold = self.env["collection.item.hold"].sudo()
        holds = Hold.browse(hold_id for [hold_id] in rows)
        holds.invalidate_recordset(
            ["state", "is_missed", "settled_by", "date_closed"], flush=False
        )
        return holds

    def _get_hold_cause_sql(self):
        """Return the SQL expression of const.SETTLED_BY, from ``hold`` and ``fact``.

        What settled the items since they were put on hold says it.
        """
        return SQL(
            """
            (SELECT CASE WHEN BOOL_AND(is_money) THEN 'payment'
                         WHEN NOT BOOL_OR(is_money) THEN 'credit'
                         WHEN BOOL_OR(is_money) THEN 'both'
                         WHEN fact.is_open THEN 'unmatched'
                         ELSE 'other' END
               FROM (
                    SELECT %s AS is_money
                      FROM collection_item_hold_item_rel part
                      JOIN collection_item item ON item.id = part.item_id
                      JOIN account_partial_reconcile partial
                        ON partial.debit_move_id = item.move_line_id
                      JOIN account_move_line credit
                        ON credit.id = partial.credit_move_id
                      JOIN account_journal journal ON journal.id = credit.journal_id
                     WHERE part.hold_id = hold.id
                       AND partial.create_date >= hold.create_date
                       AND credit.parent_state = 'posted'
               ) settlement)
            """,
            self._get_is_money_sql(),
        )

    def _get_hold_facts_sql(self, scope):
        """Return a SELECT of the open holds of the scope, and whether it is paid."""
        return SQL(
            """
            SELECT hold.id, COALESCE(BOOL_OR(item.state = 'open'), FALSE) AS is_open,
                   NOT COALESCE(hold.is_whole_case, FALSE)
                   AND NOT COALESCE(BOOL_OR(line.parent_state = 'draft'), FALSE) AND (
                   NOT COALESCE(BOOL_OR(item.state = 'open'), FALSE)
                   OR hold.is_payment_announced
                      AND ROUND(hold.amount - SUM(
                              (item.amount_residual - item.amount_credit)
                              * CASE WHEN hold.currency_id = company.currency_id THEN 1
                                     ELSE item.amount_residual_currency
                                          / NULLIF(item.amount_residual, 0) END
                          ), currency.decimal_places) >= hold.amount_announced
                   ) AS is_settled
              FROM collection_item_hold hold
              JOIN res_company company ON company.id = hold.company_id
              JOIN res_currency currency ON currency.id = hold.currency_id
         LEFT JOIN collection_item_hold_item_rel part ON part.hold_id = hold.id
         LEFT JOIN collection_item item ON item.id = part.item_id
         LEFT JOIN account_move_line line ON line.id = item.move_line_id
             WHERE hold.state = 'open' AND hold.company_id = %(company)s
               AND %(in_scope)s
             GROUP BY hold.id, currency.decimal_places
            """,
            company=scope.company.id,
            in_scope=scope.has("hold.partner_id"),
        )
