"""The engine: items, decisions and planned contacts of one company and day.

This file brings items and cases in line with the ledger; ``collection_engine_decide``
and ``collection_engine_plan`` hold the other two phases. The SQL of the items, of the
cases, of the ladder that items climb and of the steps taken on it has files of its own.
Everything works on sets, in SQL, for one root company with its branches. Amounts are
in company currency unless a name ends in ``_currency``. The accounting tables are read,
never written.
"""

from dataclasses import dataclass
from datetime import date

from odoo import fields, models
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

    def _get_scope(self, company, partner_ids=None, date=None):
        """Return the Scope of a root company.

        :param tuple partner_ids: commercial partners; all debtors when None
        :param datetime.date date: today when empty
        """
        return Scope(company, date or fields.Date.context_today(self), partner_ids)

    # SYNC: the open receivable lines become items, debtors with open items have a case

    def _sync(self, scope, rules=None):
        """Bring items and cases in line with the ledger.

        What the items of a case add up to is written by what comes next: ``_decide``,
        or ``_sum_up`` where nothing is to be decided.

        :param rules: what ``_get_begin_sql`` returned, if that was done already
        :return: how many items were opened and how many were closed
        """
        self.env.flush_all()
        if rules is None:
            rules = self.env.execute_query(self._get_begin_sql(scope))
        strategy = self._get_strategy_sql(scope, rules)
        [[opened, closed, reopened_ids, closed_ids, is_waiting, has_agreements]] = (
            self.env.execute_query(self._get_sync_sql(scope, strategy))
        )
        self._analyze(opened, "collection_item", "collection_case")
        if has_agreements:
            self._follow_agreements(scope)
        self.env.invalidate_all(flush=False)
        Case = self.env["collection.case"]
        if reopened_ids:
            Case.browse(reopened_ids)._on_reopened()
        if closed_ids:
            Case.browse(closed_ids)._on_closed()
        if is_waiting:
            self.env["collection.contact"]._drop_settled(scope)
        return opened, closed

    def _get_begin_sql(self, scope):
        """Return the statements that come first, in one query.

        :return: SQL that returns the rows of ``_get_rules_sql``
        """
        return SQL(
            "%s; %s",
            self._get_session_sql(scope),
            self.env["collection.strategy"]._get_rules_sql(scope.company),
        )

    def _get_session_sql(self, scope):
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
        return SQL(
            "SET LOCAL jit = off; %s",
            everybody if scope.partner_ids is None else some,
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

    # STRATEGIES

    def _get_strategy_sql(self, scope, rules):
        """Return the SQL expression of a debtor's strategy, over ``res_partner``.

        The debtor's own choice comes first, then the first strategy whose rule takes
        the debtor, then the company's default. A rule that cannot be read is left out.

        :param rules: rows of ``_get_rules_sql``
        """
        Partner = self.env["res.partner"]
        own = Partner._field_to_sql("res_partner", "collection_strategy_id")
        queries, _problems = self.env["collection.strategy"]._read_rules(rules)
        whens = [
            SQL("WHEN res_partner.id IN %s THEN %s", query.subselect(), strategy_id)
            for strategy_id, query in queries.items()
        ]
        by_rule = SQL("CASE %s END", SQL(" ").join(whens)) if whens else SQL("NULL")
        return SQL(
            """
            COALESCE(
                -- Hardly any debtor has one: the others cost no look-up.
                CASE WHEN res_partner.collection_strategy_id IS NOT NULL THEN
                     (SELECT id FROM collection_strategy WHERE id = %s AND active) END,
                %s,
                (SELECT strategy.id
                   FROM res_company company
                   JOIN collection_strategy strategy
                     ON strategy.id = company.collection_strategy_id
                  WHERE company.id = %s AND strategy.active)
            )
            """,
            own,
            by_rule,
            scope.company.id,
        )

    def _get_problem(self, company):
        """Return what a run has to leave out, in words; False if nothing."""
        Strategy = self.env["collection.strategy"]
        rules = self.env.execute_query(Strategy._get_rules_sql(company))
        _queries, problems = Strategy._read_rules(rules)
        return "\n".join(
            self.env._(
                "The rule of the strategy “%(strategy)s” cannot be read any more: "
                "%(error)s. It chose nobody; please correct it.",
                strategy=Strategy.browse(strategy_id).name,
                error=error,
            )
            for strategy_id, error in problems.items()
        )
