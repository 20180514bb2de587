"""The engine: items, decisions and planned contacts of one company and day.

This file brings items and cases in line with the ledger; ``collection_engine_decide``
and ``collection_engine_plan`` hold the other two phases. The SQL of the items, of the
ladder they climb and of the steps taken on it has files of its own.
Everything works on sets, in SQL, for one root company with its branches. Amounts are
in company currency unless a name ends in ``_currency``. The accounting tables are read,
never written.
"""

from dataclasses import dataclass
from datetime import date

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import ANALYZE_FROM, WORK_MEMORY


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
        self._prepare_session(scope)
        [[opened, closed, reopened_ids]] = self.env.execute_query(
            self._get_sync_items_sql(scope)
        )
        self._analyze(opened, "collection_item", "collection_case")
        self.env.execute_query(self._get_update_cases_sql(scope))
        closed_ids = [
            case_id
            for [case_id] in self.env.execute_query(self._get_close_cases_sql(scope))
        ]
        self.env.invalidate_all(flush=False)
        Case = self.env["collection.case"]
        Case.browse(reopened_ids or [])._on_reopened()
        Case.browse(closed_ids)._on_closed()
        return opened, closed

    def _prepare_session(self, scope):
        """Tell the database, until the transaction ends, how to go about it.

        It does not compile statements, which takes longer than running them. For all
        debtors it works in memory and joins by sets even where it takes a table that
        was just filled for an empty one: looking up row by row would never end. For
        some it does look up row by row, and does not read all items to find theirs.
        """
        everybody = SQL(
            "SET LOCAL enable_nestloop = off; SET LOCAL work_mem = %s", WORK_MEMORY
        )
        some = SQL("SET LOCAL random_page_cost = 1.1")
        self.env.cr.execute(
            SQL(
                "SET LOCAL jit = off; %s",
                everybody if scope.partner_ids is None else some,
            )
        )

    def _analyze(self, count, *tables):
        """Tell the database about many new rows, before it plans with none in mind."""
        if count > ANALYZE_FROM:
            self.env.cr.execute(
                SQL("ANALYZE %s", SQL(", ").join(map(SQL.identifier, tables)))
            )

    def _get_open_line_condition_sql(self, scope):
        """Return the SQL condition that ``line`` is an open receivable of the company.

        A company's lines are those of its branches too.
        """
        accounts = SQL(
            "ARRAY(SELECT id FROM account_account WHERE account_type = %s)",
            "asset_receivable",
        )
        if scope.partner_ids is None:
            # Given by id, the database knows how few of all lines they have.
            [[accounts]] = self.env.execute_query(SQL("SELECT %s", accounts))
        return SQL(
            """
            line.account_id = ANY(%(accounts)s)
            AND line.parent_state = 'posted'
            AND line.reconciled IS NOT TRUE
            AND line.amount_residual <> 0
            AND line.company_id IN (
                SELECT id FROM res_company
                 WHERE split_part(parent_path, '/', 1)::integer = %(company)s
            )
            """,
            accounts=accounts,
            company=scope.company.id,
        )

    def _get_orphans_sql(self, scope):
        """Return a SELECT of number and amount of the open lines without a partner."""
        return SQL(
            """
            SELECT COUNT(*), COALESCE(SUM(line.amount_residual), 0)
              FROM account_move_line line
             WHERE line.partner_id IS NULL AND line.amount_residual > 0
               AND line.no_followup IS NOT TRUE AND %s
            """,
            self._get_open_line_condition_sql(scope),
        )

    def _get_update_cases_sql(self, scope):
        """Write totals, strategy and highest stage on the open cases that changed.

        A case whose last item is gone keeps its stage: that is where it was cured.
        """
        return SQL(
            """
            WITH stage AS MATERIALIZED (
                SELECT id, ROW_NUMBER() OVER (ORDER BY %(place)s) AS rank
                  FROM collection_stage
            ),
            fact AS MATERIALIZED (%(facts)s)
            UPDATE collection_case cases
               SET amount_open = fact.amount_open,
                   amount_overdue = fact.amount_overdue,
                   amount_credit = fact.amount_credit,
                   date_oldest_due = fact.date_oldest_due,
                   stage_id = fact.stage_id,
                   strategy_id = fact.strategy_id
              FROM fact
             WHERE cases.id = fact.case_id
               AND (cases.amount_open, cases.amount_overdue, cases.amount_credit,
                    cases.date_oldest_due, cases.stage_id, cases.strategy_id)
                   IS DISTINCT FROM
                   (fact.amount_open, fact.amount_overdue, fact.amount_credit,
                    fact.date_oldest_due, fact.stage_id, fact.strategy_id)
            RETURNING cases.id
            """,
            facts=self._get_case_totals_sql(scope),
            place=self.env["collection.stage"]._get_place_sql("collection_stage"),
        )

    def _get_case_totals_sql(self, scope):
        return SQL(
            """
            SELECT cases.id AS case_id, total.amount_open, total.date_oldest_due,
                   COALESCE(total.amount_overdue, 0) AS amount_overdue,
                   COALESCE(credit.amount, 0) AS amount_credit,
                   stage.id AS stage_id, %(strategy)s AS strategy_id
              FROM collection_case cases
              JOIN res_partner ON res_partner.id = cases.partner_id
              JOIN (
                SELECT item.case_id,
                       SUM(item.amount_residual) AS amount_open,
                       SUM(item.amount_residual)
                           FILTER (WHERE item.date_due < %(date)s) AS amount_overdue,
                       MIN(item.date_due)
                           FILTER (WHERE item.date_due < %(date)s) AS date_oldest_due,
                       MAX(stage.rank) AS stage_rank
                  FROM collection_item item
                  JOIN collection_case cases ON cases.id = item.case_id
             LEFT JOIN stage ON stage.id = item.stage_id
                 WHERE item.state = 'open' AND cases.state = 'open'
                   AND cases.company_id = %(company)s AND %(in_scope)s
                 GROUP BY item.case_id
              ) total ON total.case_id = cases.id
         LEFT JOIN stage ON stage.rank = total.stage_rank
         LEFT JOIN (
                SELECT partner_id, -SUM(amount_residual) AS amount
                  FROM (%(lines)s) line
                 WHERE amount_residual < 0
                 GROUP BY partner_id
              ) credit ON credit.partner_id = cases.partner_id
            """,
            in_scope=scope.has("cases.partner_id"),
            lines=self._get_receivable_lines_sql(scope),
            company=scope.company.id,
            date=scope.date,
            strategy=self._get_strategy_sql(scope.company),
        )

    def _get_strategy_sql(self, company):
        """Return the SQL expression of a debtor's strategy, over ``res_partner``.

        The debtor's own choice comes first, then the first strategy whose rule takes
        the debtor, then the company's default. A rule that cannot be read is left out.
        """
        Partner = self.env["res.partner"]
        own = Partner._field_to_sql("res_partner", "collection_strategy_id")
        queries, _problems = self._get_rules(company)._get_readable_rules()
        rules = [
            SQL("WHEN res_partner.id IN %s THEN %s", query.subselect(), strategy.id)
            for strategy, query in queries.items()
        ]
        by_rule = SQL("CASE %s END", SQL(" ").join(rules)) if rules else SQL("NULL")
        return SQL(
            """
            COALESCE(
                (SELECT id FROM collection_strategy WHERE id = %s AND active), %s,
                (SELECT id FROM collection_strategy WHERE id = %s AND active)
            )
            """,
            own,
            by_rule,
            company.collection_strategy_id.id or None,
        )

    def _get_rules(self, company):
        """Return the strategies that choose debtors by a rule, the first one first."""
        return self.env["collection.strategy"].search(
            Domain("has_rule", "=", True)
            & Domain("company_id", "in", [False, company.id])
        )

    def _get_problem(self, company):
        """Return what a run has to leave out, in words; False if nothing."""
        _queries, problems = self._get_rules(company)._get_readable_rules()
        return "\n".join(
            self.env._(
                "The rule of the strategy “%(strategy)s” cannot be read any more: "
                "%(error)s. It chose nobody; please correct it.",
                strategy=strategy.name,
                error=error,
            )
            for strategy, error in problems.items()
        )

    def _get_close_cases_sql(self, scope):
        """Close the cases without open items; say how they ended."""
        return SQL(
            """
            UPDATE collection_case cases
               SET state = 'closed', date_closed = %(date)s, decision = NULL,
                   next_action_date = NULL, decision_stage_id = NULL,
                   amount_open = 0, amount_overdue = 0, date_oldest_due = NULL,
                   reply_date = NULL, cured_stage_id = stage_id,
                   close_reason = COALESCE((
                       SELECT CASE
                              WHEN BOOL_OR(line.reconciled AND
                                           move.payment_state <> 'reversed') THEN 'paid'
                              WHEN BOOL_OR(line.reconciled) THEN 'credited' END
                         FROM collection_item item
                         JOIN account_move_line line ON line.id = item.move_line_id
                         JOIN account_move move ON move.id = line.move_id
                        WHERE item.case_id = cases.id AND item.date_closed = %(date)s
                          AND line.parent_state = 'posted'
                   ), 'left')
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
