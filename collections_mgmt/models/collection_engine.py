"""The engine: items, decisions and planned contacts of one company and day.

This file brings items and cases in line with the ledger; the files
``collection_engine_decide`` and ``collection_engine_plan`` hold the other two phases.
Everything works on sets, in SQL, for one root company with its branches. Amounts are
in company currency unless a name ends in ``_currency``. The accounting tables are read,
never written.
"""

from dataclasses import dataclass
from datetime import date

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL


@dataclass(frozen=True)
class Scope:
    """What a statement is about: a root company, a day, and some debtors or all."""

    company: models.BaseModel
    date: date
    partner_ids: tuple | None = None

    def has(self, column):
        """Return the SQL condition that the partner in ``column`` is in scope."""
        if self.partner_ids is None:
            return SQL("TRUE")
        return SQL(
            "%s = ANY(%s)", SQL.identifier(*column.split(".")), list(self.partner_ids)
        )


class CollectionEngine(models.AbstractModel):
    _name = "collection.engine"
    _description = "Collection Engine"

    # SYNC: the open receivable lines become items, debtors with open items have a case

    def _sync(self, scope):
        """Bring items and cases in line with the ledger.

        :return: how many items were opened and how many were closed
        """
        self.env.flush_all()
        self._execute(self._get_insert_cases_sql(scope))
        opened = self._execute(self._get_insert_items_sql(scope))
        self._execute(self._get_update_items_sql(scope))
        closed = self._execute(self._get_close_items_sql(scope))
        self._execute(self._get_credit_items_sql(scope))
        self._execute(self._get_update_cases_sql(scope))
        self._close_cases(scope)
        self.env.invalidate_all(flush=False)
        return opened, closed

    def _close_cases(self, scope):
        """Close the cases without open items, and the tasks given for them."""
        closed = self.env.execute_query(self._get_close_cases_sql(scope))
        if closed:
            self.env["mail.activity"].search(
                [
                    ("res_model", "=", "collection.case"),
                    ("res_id", "in", [case_id for [case_id] in closed]),
                    ("automated", "=", True),
                ]
            ).unlink()

    def _execute(self, query):
        """Run a data-changing statement and return the number of rows it changed."""
        self.env.cr.execute(query)
        return self.env.cr.rowcount

    def _get_receivable_lines_sql(self, scope):
        """Return a SELECT of the company's open receivable lines, credits included."""
        return SQL(
            """
            SELECT line.id, line.move_id, line.company_id, line.currency_id,
                   partner.commercial_partner_id AS partner_id,
                   COALESCE(line.date_maturity, line.date) AS date_due,
                   line.amount_residual, line.amount_residual_currency
              FROM account_move_line line
              JOIN account_account account ON account.id = line.account_id
              JOIN res_partner partner ON partner.id = line.partner_id
              JOIN res_company company ON company.id = line.company_id
             WHERE account.account_type = 'asset_receivable'
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.amount_residual <> 0
               AND split_part(company.parent_path, '/', 1)::integer = %s
               AND %s
            """,
            scope.company.id,
            scope.has("partner.commercial_partner_id"),
        )

    def _get_open_lines_sql(self, scope):
        """Return a SELECT of the lines to be followed: what a debtor owes."""
        return SQL(
            """
            SELECT * FROM (%s) receivable
             WHERE receivable.amount_residual > 0
               AND NOT EXISTS (
                   SELECT 1 FROM account_move_line line
                    WHERE line.id = receivable.id AND line.no_followup
               )
            """,
            self._get_receivable_lines_sql(scope),
        )

    def _get_credit_sql(self, scope):
        """Return a SELECT of what each debtor has in unallocated credits, positive."""
        return SQL(
            """
            SELECT partner_id, -SUM(amount_residual) AS amount
              FROM (%s) line
             WHERE amount_residual < 0
             GROUP BY partner_id
            """,
            self._get_receivable_lines_sql(scope),
        )

    def _get_insert_cases_sql(self, scope):
        Partner = self.env["res.partner"]
        query = Partner._search([], active_test=False)
        agent = Partner._field_to_sql(query.table, "collection_agent_id", query)
        return SQL(
            """
            INSERT INTO collection_case (
                partner_id, company_id, state, date_opened, agent_id,
                date_last_contact, amount_open, amount_overdue, amount_credit,
                create_uid, create_date, write_uid, write_date
            )
            SELECT res_partner.id, %(company)s, 'open', %(date)s,
                   (SELECT id FROM res_users WHERE id = %(agent)s AND active),
                   -- The debtor remembers, even if the earlier case was closed.
                   (SELECT MAX(date_last_contact) FROM collection_case earlier
                     WHERE earlier.partner_id = res_partner.id
                       AND earlier.company_id = %(company)s),
                   0, 0, 0,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM %(partners)s
             WHERE res_partner.id IN (SELECT partner_id FROM (%(lines)s) line)
                ON CONFLICT (partner_id, company_id) WHERE state = 'open' DO NOTHING
            """,
            company=scope.company.id,
            date=scope.date,
            agent=agent,
            uid=self.env.uid,
            partners=query.from_clause,
            lines=self._get_open_lines_sql(scope),
        )

    def _get_insert_items_sql(self, scope):
        return SQL(
            """
            INSERT INTO collection_item (
                move_line_id, move_id, case_id, partner_id, company_id, branch_id,
                currency_id, state, date_opened, date_due,
                amount_residual, amount_residual_currency, amount_credit,
                create_uid, create_date, write_uid, write_date
            )
            SELECT line.id, line.move_id, cases.id, line.partner_id, cases.company_id,
                   line.company_id, line.currency_id, 'open', %(date)s, line.date_due,
                   line.amount_residual, line.amount_residual_currency, 0,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM (%(lines)s) line
              JOIN collection_case cases
                ON cases.partner_id = line.partner_id
               AND cases.company_id = %(company)s AND cases.state = 'open'
             WHERE NOT EXISTS (
                   SELECT 1 FROM collection_item item WHERE item.move_line_id = line.id
             )
            """,
            lines=self._get_open_lines_sql(scope),
            company=scope.company.id,
            date=scope.date,
            uid=self.env.uid,
        )

    def _get_update_items_sql(self, scope):
        """Follow changed amounts and dates, and items that came back or moved."""
        return SQL(
            """
            UPDATE collection_item item
               SET state = 'open', date_closed = NULL, case_id = cases.id,
                   partner_id = line.partner_id, date_due = line.date_due,
                   currency_id = line.currency_id,
                   amount_residual = line.amount_residual,
                   amount_residual_currency = line.amount_residual_currency,
                   write_uid = %(uid)s, write_date = now() AT TIME ZONE 'UTC'
              FROM (%(lines)s) line
              JOIN collection_case cases
                ON cases.partner_id = line.partner_id
               AND cases.company_id = %(company)s AND cases.state = 'open'
             WHERE item.move_line_id = line.id
               AND (item.state, item.case_id, item.date_due, item.currency_id,
                    item.amount_residual, item.amount_residual_currency)
                   IS DISTINCT FROM
                   ('open', cases.id, line.date_due, line.currency_id,
                    line.amount_residual, line.amount_residual_currency)
            """,
            lines=self._get_open_lines_sql(scope),
            company=scope.company.id,
            uid=self.env.uid,
        )

    def _get_close_items_sql(self, scope):
        return SQL(
            """
            UPDATE collection_item item
               SET state = 'closed', date_closed = %(date)s,
                   amount_residual = 0, amount_residual_currency = 0, amount_credit = 0,
                   write_uid = %(uid)s, write_date = now() AT TIME ZONE 'UTC'
             WHERE item.company_id = %(company)s AND item.state = 'open'
               AND %(in_scope)s
               AND item.move_line_id NOT IN (SELECT id FROM (%(lines)s) line)
            """,
            in_scope=scope.has("item.partner_id"),
            lines=self._get_open_lines_sql(scope),
            company=scope.company.id,
            date=scope.date,
            uid=self.env.uid,
        )

    def _get_credit_items_sql(self, scope):
        """Spread each debtor's unallocated credits over the items, the oldest first."""
        return SQL(
            """
            WITH credit AS (%(credit)s), spread AS (
                SELECT item.id,
                       GREATEST(0, LEAST(
                           item.amount_residual,
                           COALESCE(credit.amount, 0)
                           - COALESCE(SUM(item.amount_residual) OVER older, 0)
                       )) AS amount_credit
                  FROM collection_item item
                  LEFT JOIN credit ON credit.partner_id = item.partner_id
                 WHERE item.company_id = %(company)s AND item.state = 'open'
                   AND %(in_scope)s
                WINDOW older AS (
                       PARTITION BY item.case_id ORDER BY item.date_due, item.id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                )
            )
            UPDATE collection_item item
               SET amount_credit = spread.amount_credit
              FROM spread
             WHERE item.id = spread.id
               AND item.amount_credit IS DISTINCT FROM spread.amount_credit
            """,
            in_scope=scope.has("item.partner_id"),
            credit=self._get_credit_sql(scope),
            company=scope.company.id,
        )

    def _get_update_cases_sql(self, scope):
        """Write the totals, the strategy and the highest stage on the open cases."""
        return SQL(
            """
            WITH credit AS (%(credit)s), total AS (
                SELECT item.case_id,
                       SUM(item.amount_residual) AS amount_open,
                       SUM(item.amount_residual)
                           FILTER (WHERE item.date_due < %(date)s) AS amount_overdue,
                       MIN(item.date_due)
                           FILTER (WHERE item.date_due < %(date)s) AS date_oldest_due,
                       (ARRAY_AGG(stage.id
                                  ORDER BY stage.days DESC, stage.sequence DESC)
                           FILTER (WHERE stage.id IS NOT NULL))[1] AS stage_id
                  FROM collection_item item
             LEFT JOIN collection_stage stage ON stage.id = item.stage_id
                 WHERE item.company_id = %(company)s AND item.state = 'open'
                 GROUP BY item.case_id
            )
            UPDATE collection_case cases
               SET amount_open = COALESCE(total.amount_open, 0),
                   amount_overdue = COALESCE(total.amount_overdue, 0),
                   amount_credit = COALESCE(credit.amount, 0),
                   date_oldest_due = total.date_oldest_due,
                   stage_id = total.stage_id,
                   strategy_id = %(strategy)s
              FROM collection_case open_case
              JOIN res_partner ON res_partner.id = open_case.partner_id
         LEFT JOIN total ON total.case_id = open_case.id
         LEFT JOIN credit ON credit.partner_id = open_case.partner_id
             WHERE cases.id = open_case.id
               AND open_case.company_id = %(company)s AND open_case.state = 'open'
               AND %(in_scope)s
            """,
            in_scope=scope.has("open_case.partner_id"),
            credit=self._get_credit_sql(scope),
            company=scope.company.id,
            date=scope.date,
            strategy=self._get_strategy_sql(scope.company),
        )

    def _get_strategy_sql(self, company):
        """Return the SQL expression of a debtor's strategy, over ``res_partner``.

        The debtor's own choice comes first, then the first strategy whose rule takes
        the debtor, then the company's default.
        """
        Partner = self.env["res.partner"]
        own = Partner._field_to_sql("res_partner", "collection_strategy_id")
        rules = [
            SQL(
                "WHEN res_partner.id IN %s THEN %s",
                Partner.with_context(active_test=False)
                ._search(strategy._get_partner_domain())
                .subselect(),
                strategy.id,
            )
            for strategy in self.env["collection.strategy"].search(
                Domain("has_rule", "=", True)
                & Domain("company_id", "in", [False, company.id])
            )
        ]
        by_rule = SQL("CASE %s END", SQL(" ").join(rules)) if rules else SQL("NULL")
        return SQL(
            """
            COALESCE(
                (SELECT id FROM collection_strategy WHERE id = %s AND active), %s, %s
            )
            """,
            own,
            by_rule,
            company.collection_strategy_id.filtered("active").id or None,
        )

    def _get_close_cases_sql(self, scope):
        return SQL(
            """
            UPDATE collection_case cases
               SET state = 'closed', date_closed = %(date)s, decision = NULL,
                   next_action_date = NULL, decision_stage_id = NULL
             WHERE cases.company_id = %(company)s AND cases.state = 'open'
               AND %(in_scope)s
               AND NOT EXISTS (
                   SELECT 1 FROM collection_item item
                    WHERE item.case_id = cases.id AND item.state = 'open'
               )
            RETURNING cases.id
            """,
            in_scope=scope.has("cases.partner_id"),
            company=scope.company.id,
            date=scope.date,
        )
