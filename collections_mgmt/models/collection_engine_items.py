"""The statement by which items and cases follow the open receivable lines.

What it does to the cases is in ``collection_engine_cases``.
"""

from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_sync_sql(self, scope, strategy):
        """Return the statement that makes items and cases follow the open lines.

        One statement, so that the ledger is read once. Its parts see the tables as they
        were before it; ``open_case`` therefore adds what the parts before it changed.
        It returns one row: items opened, items closed, ids of the cases reopened, ids
        of the cases closed, whether a message waits that may be settled by now, and
        whether anything is agreed about any item.

        :param SQL strategy: of a debtor, see ``_get_strategy_sql``
        """
        return SQL(
            """
            WITH line AS MATERIALIZED (%(lines)s),
            owed AS NOT MATERIALIZED (
                SELECT * FROM line WHERE amount_residual > 0 AND NOT is_left_out
            ),
            debtor AS MATERIALIZED (%(debtors)s),
            difference AS MATERIALIZED (%(differences)s),
            known AS MATERIALIZED (%(known)s),
            reopened AS (%(reopen_cases)s),
            new_case AS (%(insert_cases)s),
            changed_case AS (%(update_cases)s),
            closed_case AS (%(close_cases)s),
            open_case AS MATERIALIZED (
                SELECT id, partner_id FROM collection_case
                 WHERE company_id = %(company)s AND state = 'open' AND %(in_scope)s
                 UNION ALL SELECT id, partner_id FROM reopened
                 UNION ALL SELECT id, partner_id FROM new_case
            ),
            new_item AS (%(insert_items)s),
            changed_item AS (%(update_items)s),
            closed_item AS (%(close_items)s),
            kept_item AS (%(keep_items)s),
            kept_decision AS (%(keep_decisions)s)
            SELECT (SELECT COUNT(*) FROM new_item)
                   + (SELECT COUNT(*) FROM changed_item WHERE was_closed),
                   (SELECT COUNT(*) FROM closed_item),
                   (SELECT ARRAY_AGG(id) FROM reopened),
                   (SELECT ARRAY_AGG(id) FROM closed_case),
                   EXISTS (%(waiting)s),
                   %(has_agreements)s
            """,
            lines=self._get_receivable_lines_sql(scope),
            debtors=self._get_debtors_sql(strategy),
            differences=self._get_differences_sql(scope),
            known=self._get_known_items_sql(),
            reopen_cases=self._get_reopen_cases_sql(scope),
            insert_cases=self._get_insert_cases_sql(scope),
            update_cases=self._get_update_cases_sql(scope),
            close_cases=self._get_close_cases_sql(scope),
            insert_items=self._get_insert_items_sql(scope),
            update_items=self._get_update_items_sql(scope),
            close_items=self._get_close_items_sql(scope),
            keep_items=self.env["collection.item.version"]._get_keep_sql(
                SQL(
                    """
                    (SELECT id, date_changed FROM changed_item
                      UNION ALL SELECT id, date_changed FROM closed_item)
                    """
                )
            ),
            keep_decisions=self.env["collection.case.decision"]._get_keep_sql(
                SQL("closed_case")
            ),
            has_agreements=self._has_agreements_sql(scope),
            waiting=self.env["collection.contact"]._get_waiting_sql(scope),
            company=scope.company.id,
            in_scope=scope.has("partner_id"),
        )

    # What is read

    def _get_receivable_lines_sql(self, scope):
        """Return a SELECT of the company's open receivable lines, credits included.

        ``is_left_out`` says that a line is not to be followed; modules that leave out
        more lines wrap this SELECT.
        """
        return SQL(
            """
            SELECT line.id, line.move_id, line.company_id, line.currency_id,
                   partner.commercial_partner_id AS partner_id,
                   COALESCE(line.date_maturity, line.date) AS date_due,
                   line.amount_residual, line.amount_residual_currency,
                   COALESCE(line.no_followup, FALSE) AS is_left_out,
                   move.collection_strategy_id AS own_strategy_id
              FROM account_move_line line
              JOIN res_partner partner ON partner.id = line.partner_id
         LEFT JOIN account_move move
                ON move.id = line.move_id AND move.collection_strategy_id IS NOT NULL
             WHERE %s
               AND %s
            """,
            self._get_open_line_condition_sql(scope),
            scope.has("partner.commercial_partner_id"),
        )

    def _get_debtors_sql(self, strategy):
        """Return a SELECT of who owes something, with strategy and credits.

        ``credit`` is what may be deducted: nothing where the strategy keeps credits
        apart.
        """
        return SQL(
            """
            SELECT debtor.partner_id, debtor.strategy_id, debtor.amount_credit,
                   CASE WHEN strategy.credit_policy = 'apart' THEN 0
                        ELSE debtor.amount_credit END AS credit
              FROM (
                SELECT res_partner.id AS partner_id, %(strategy)s AS strategy_id,
                       total.amount_credit
                  FROM (
                    SELECT partner_id,
                           BOOL_OR(amount_residual > 0 AND NOT is_left_out) AS is_owing,
                           COALESCE(-SUM(amount_residual)
                               FILTER (WHERE amount_residual < 0), 0) AS amount_credit
                      FROM line GROUP BY partner_id
                  ) total
                  JOIN res_partner ON res_partner.id = total.partner_id
                 WHERE total.is_owing
                OFFSET 0 -- works out the strategy once
              ) debtor
         LEFT JOIN collection_strategy strategy ON strategy.id = debtor.strategy_id
            """,
            strategy=strategy,
        )

    def _get_shares_sql(self):
        """Return a SELECT of what is owed, credits spread over it, the oldest first.

        ``strategy_id`` is the invoice's own strategy, which comes before the debtor's.
        """
        return SQL(
            """
            SELECT share.*, strategy.id AS strategy_id
              FROM (
                SELECT owed.*, 0 AS amount_credit
                  FROM owed
                  JOIN debtor ON debtor.partner_id = owed.partner_id
                 WHERE debtor.credit <= 0
                 UNION ALL
                SELECT owed.*, GREATEST(0, LEAST(
                           owed.amount_residual,
                           debtor.credit
                           - COALESCE(SUM(owed.amount_residual) OVER older, 0)
                       ))
                  FROM owed
                  JOIN debtor ON debtor.partner_id = owed.partner_id
                 WHERE debtor.credit > 0
                WINDOW older AS (
                       PARTITION BY owed.partner_id ORDER BY owed.date_due, owed.id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                )
              ) share
         LEFT JOIN collection_strategy strategy
                ON strategy.id = share.own_strategy_id AND strategy.active
            """
        )

    def _get_differences_sql(self, scope):
        """Return a SELECT of what the items lack, have too much, or say wrongly.

        ``line_id`` is empty where an open item's line is gone, ``item_id`` where a line
        has no open item.
        """
        return SQL(
            """
            SELECT share.id AS line_id, share.move_id, share.partner_id,
                   share.strategy_id, share.date_due, share.amount_residual,
                   share.amount_residual_currency, share.amount_credit,
                   followed.id AS item_id
              FROM (%(shares)s) share
         FULL JOIN (
                SELECT item.id, item.move_line_id, item.date_due, item.strategy_id,
                       item.amount_residual, item.amount_residual_currency,
                       item.amount_credit, cases.partner_id
                  FROM collection_item item
                  JOIN collection_case cases ON cases.id = item.case_id
                 WHERE item.state = 'open' AND cases.company_id = %(company)s
                   AND %(in_scope)s
              ) followed ON followed.move_line_id = share.id
             WHERE share.id IS NULL OR followed.id IS NULL
                OR (followed.partner_id, followed.date_due, followed.strategy_id,
                    followed.amount_residual, followed.amount_residual_currency,
                    followed.amount_credit)
                   IS DISTINCT FROM
                   (share.partner_id, share.date_due, share.strategy_id,
                    share.amount_residual, share.amount_residual_currency,
                    share.amount_credit)
            """,
            shares=self._get_shares_sql(),
            company=scope.company.id,
            in_scope=scope.has("cases.partner_id"),
        )

    def _get_known_items_sql(self):
        """Return a SELECT of the items that the lines in ``difference`` already have.

        They are looked up by their lines: few of all the items differ on most days.
        """
        return SQL(
            """
            SELECT id, move_line_id, case_id FROM collection_item
             WHERE move_line_id = ANY(ARRAY(SELECT line_id FROM difference))
            """
        )

    # What is written: the items

    def _get_insert_items_sql(self, scope):
        return SQL(
            """
            INSERT INTO collection_item (
                move_line_id, move_id, case_id, strategy_id, state, date_opened,
                date_changed, date_due, amount_residual, amount_residual_currency,
                amount_credit, amount_promised, amount_disputed, amount_held,
                amount_agreed_currency
            )
            SELECT difference.line_id, difference.move_id, open_case.id,
                   difference.strategy_id, 'open', %(date)s,
                   %(date)s, difference.date_due,
                   difference.amount_residual, difference.amount_residual_currency,
                   difference.amount_credit, 0, 0, 0, 0
              FROM difference
              JOIN open_case ON open_case.partner_id = difference.partner_id
             WHERE difference.line_id NOT IN (SELECT move_line_id FROM known)
             ORDER BY difference.line_id
            RETURNING id
            """,
            date=scope.date,
        )

    def _get_update_items_sql(self, scope):
        """Follow changed amounts and dates, and items that came back or moved."""
        return SQL(
            """
            UPDATE collection_item item
               SET state = 'open', date_closed = NULL, case_id = open_case.id,
                   date_due = difference.date_due,
                   strategy_id = difference.strategy_id,
                   amount_residual = difference.amount_residual,
                   amount_residual_currency = difference.amount_residual_currency,
                   amount_credit = difference.amount_credit,
                   date_changed = CASE
                       WHEN (item.state, item.case_id, item.date_due,
                             item.amount_residual, item.amount_residual_currency)
                            IS DISTINCT FROM
                            ('open', open_case.id, difference.date_due,
                             difference.amount_residual,
                             difference.amount_residual_currency)
                       THEN GREATEST(item.date_changed, %s)
                       ELSE item.date_changed END
              FROM difference
              JOIN open_case ON open_case.partner_id = difference.partner_id
             WHERE item.move_line_id = difference.line_id
               AND item.id = ANY(ARRAY(SELECT id FROM known))
            RETURNING item.id, item.date_changed,
                      difference.item_id IS NULL AS was_closed
            """,
            scope.date,
        )

    def _get_close_items_sql(self, scope):
        return SQL(
            """
            UPDATE collection_item item
               SET state = 'closed', date_closed = %(date)s,
                   date_changed = GREATEST(item.date_changed, %(date)s),
                   amount_residual = 0, amount_residual_currency = 0, amount_credit = 0
              FROM difference
             WHERE difference.line_id IS NULL AND item.id = difference.item_id
               AND item.id = ANY(ARRAY(
                   SELECT item_id FROM difference WHERE line_id IS NULL
               ))
            RETURNING item.id, item.date_changed
            """,
            date=scope.date,
        )
