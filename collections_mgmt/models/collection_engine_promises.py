"""The engine's part in promises: the facts of the ledger, the verdicts, what follows.

A fixed number of statements reads the facts of all promises in scope and writes what
changed; ``tools.promise_verdict`` judges. Amounts are whole units of the currency's
rounding on the way.
"""

import json
from collections import defaultdict
from datetime import timedelta

from odoo import models
from odoo.tools import SQL

from ..const import FAILED_PROMISES, PROMISE_LOOK_BACK_DAYS
from ..tools.promise_verdict import Instalment, Part, Promise, Settlement, judge


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_agreements(self, scope):
        # EXTENDS: what is promised and not paid yet
        return {
            **super()._get_agreements(scope),
            "amount_promised": SQL(
                "SELECT item_id, amount_open AS amount FROM collection_promise_line"
            ),
        }

    def _follow_agreements(self, scope):
        # EXTENDS: first the verdicts, then what is still promised
        moved = self._judge_promises(scope)
        result = super()._follow_agreements(scope)
        self.env.execute_query(self._get_update_promised_cases_sql(scope))
        self.env["collection.promise"].invalidate_model(flush=False)
        for (before, after), promise_ids in moved.items():
            promises = self.env["collection.promise"].browse(promise_ids)
            promises._on_judged(before, after, scope)
        return result

    # VERDICTS

    def _judge_promises(self, scope):
        """Judge the promises of the scope; write what changed.

        :return: {(state before, state after): ids of promises}, of those that moved
        """
        promises = self._get_promises_to_judge(scope)
        if not promises:
            return {}
        residuals, settlements = self._read_ledger(promises)
        verdicts = judge(promises, residuals, settlements, scope.date)
        moved = defaultdict(list)
        for promise_id, before, after in self.env.execute_query(
            self._get_write_verdicts_sql(verdicts, scope)
        ):
            if before != after:
                moved[before, after].append(promise_id)
        return moved

    def _foresee_promises(self, scope, residuals, coming):
        """Judge the promises of the scope as they are, and as they are to become.

        Nothing is written.

        :param dict residuals: {item id: units that will be open of it}, of some items
        :param list coming: of Settlement, that the ledger does not have yet
        :return: {promise id: (Verdict now, Verdict then)}
        """
        promises = self._get_promises_to_judge(scope)
        open_now, settlements = self._read_ledger(promises)
        now = judge(promises, open_now, settlements, scope.date)
        then = judge(
            promises, {**open_now, **residuals}, [*settlements, *coming], scope.date
        )
        return {promise.id: (now[promise.id], then[promise.id]) for promise in promises}

    def _read_ledger(self, promises):
        """Return what is open of the items promised, and what credits took off them.

        :param list promises: of tools.promise_verdict.Promise
        :return: {item id: units}, and a list of Settlement
        """
        item_ids = {part.item for promise in promises for part in promise.parts}
        residuals = self._get_residuals(item_ids)
        settlements, of_drafts = self._get_settlements(item_ids)
        for settlement in of_drafts:
            if settlement.item in residuals:  # what a draft settled is open again
                residuals[settlement.item] += settlement.amount
        return residuals, settlements

    def _get_judged_sql(self, scope):
        """Return a SELECT of the promises that the ledger decides about."""
        everybody = scope.partner_ids is None
        since = scope.date - timedelta(days=PROMISE_LOOK_BACK_DAYS)
        return SQL(
            """
            SELECT promise.id, currency.rounding,
                   promise.tolerance_days, promise.tolerance_amount
              FROM collection_promise promise
              JOIN collection_case cases ON cases.id = promise.case_id
              JOIN res_currency currency ON currency.id = promise.currency_id
             WHERE promise.is_followed
               AND cases.company_id = %(company)s AND %(in_scope)s
               AND (promise.state = 'open' OR %(recent)s)
            """,
            company=scope.company.id,
            in_scope=scope.has("cases.partner_id"),
            recent=SQL("promise.date_end >= %s", since) if everybody else SQL("TRUE"),
        )

    def _get_promises_to_judge(self, scope):
        """Return a list of tools.promise_verdict.Promise."""
        judged = self._get_judged_sql(scope)
        parts = self._get_promise_parts(judged)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT judged.id, judged.tolerance_days,
                       ROUND(judged.tolerance_amount / judged.rounding)::bigint,
                       ARRAY_AGG(instalment.date ORDER BY instalment.date),
                       ARRAY_AGG(ROUND(instalment.amount / judged.rounding)::bigint
                                 ORDER BY instalment.date)
                  FROM (%s) judged
                  JOIN collection_promise_instalment instalment
                    ON instalment.promise_id = judged.id
                 GROUP BY judged.id, judged.tolerance_days, judged.tolerance_amount,
                          judged.rounding
                """,
                judged,
            )
        )
        return [
            Promise(
                id=promise_id,
                parts=tuple(parts[promise_id]),
                instalments=tuple(map(Instalment, dates, amounts)),
                patience=patience or 0,
                tolerance=tolerance or 0,
            )
            for promise_id, patience, tolerance, dates, amounts in rows
            if promise_id in parts
        ]

    def _get_promise_parts(self, judged):
        """Return {promise id: list of Part}."""
        parts = defaultdict(list)
        for promise_id, item_id, amount, before in self.env.execute_query(
            SQL(
                """
                SELECT part.promise_id, COALESCE(part.item_id, -part.id),
                       ROUND(part.amount / judged.rounding)::bigint,
                       part.settled_before
                  FROM (%s) judged
                  JOIN collection_promise_line part ON part.promise_id = judged.id
                """,
                judged,
            )
        ):
            before = {int(credit): units for credit, units in (before or {}).items()}
            parts[promise_id].append(Part(item_id, amount, before))
        return parts

    def _get_residuals(self, item_ids):
        """Return {item id: units that are open of it in the ledger}.

        Nothing is open of an invoice that is not posted.
        """
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT item.id, ROUND(line.amount_residual_currency
                                          / currency.rounding)::bigint
                      FROM collection_item item
                      JOIN account_move_line line ON line.id = item.move_line_id
                      JOIN res_currency currency ON currency.id = line.currency_id
                     WHERE item.id = ANY(%s) AND line.parent_state = 'posted'
                    """,
                    list(item_ids),
                )
            )
        )

    def _get_settlements(self, item_ids):
        """Return two lists of Settlement: what credits took off these items so far.

        The second is of credits in draft: they do not count, though Odoo lets their
        reconciliation stand. Money is what comes from a payment, a bank statement, or a
        journal of one.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT credit.parent_state = 'posted', item.id,
                       partial.credit_move_id, MAX(partial.max_date),
                       ROUND(SUM(partial.debit_amount_currency)
                             / currency.rounding)::bigint,
                       BOOL_OR(%(is_money)s)
                  FROM collection_item item
                  JOIN account_move_line line ON line.id = item.move_line_id
                  JOIN res_currency currency ON currency.id = line.currency_id
                  JOIN account_partial_reconcile partial
                    ON partial.debit_move_id = line.id
                  JOIN account_move_line credit ON credit.id = partial.credit_move_id
                  JOIN account_journal journal ON journal.id = credit.journal_id
                 WHERE item.id = ANY(%(items)s)
                 GROUP BY credit.parent_state, item.id, partial.credit_move_id,
                          currency.rounding
                """,
                is_money=self._get_is_money_sql(),
                items=list(item_ids),
            )
        )
        settlements = {True: [], False: []}
        for is_posted, *row in rows:
            settlements[is_posted].append(Settlement(*row))
        return settlements[True], settlements[False]

    def _get_is_money_sql(self):
        """Return the SQL condition that ``credit``, of ``journal``, is a payment."""
        return SQL(
            """
            (credit.payment_id IS NOT NULL OR credit.statement_line_id IS NOT NULL
             OR journal.type IN ('bank', 'cash', 'credit'))
            """
        )

    # WHAT IS WRITTEN

    def _get_write_verdicts_sql(self, verdicts, scope):
        """Return the statement that writes verdicts where they changed.

        It returns them with their states before and after.
        """
        return SQL(
            """
            WITH verdict AS MATERIALIZED (
                SELECT * FROM jsonb_to_recordset(%(verdicts)s::jsonb) AS (
                       id integer, state text, is_settled boolean, due date,
                       paid bigint)
            ),
            open_part AS MATERIALIZED (
                SELECT * FROM jsonb_to_recordset(%(parts)s::jsonb) AS (
                       promise_id integer, item_id integer, units bigint)
            ),
            judged_instalment AS MATERIALIZED (
                SELECT * FROM jsonb_to_recordset(%(instalments)s::jsonb) AS (
                       promise_id integer, number integer, paid bigint, state text)
            ),
            new_part AS (
                UPDATE collection_promise_line part
                   SET amount_open = open_part.units * currency.rounding
                  FROM open_part
                  JOIN collection_promise promise ON promise.id = open_part.promise_id
                  JOIN res_currency currency ON currency.id = promise.currency_id
                 WHERE part.promise_id = open_part.promise_id
                   AND COALESCE(part.item_id, -part.id) = open_part.item_id
                   AND part.amount_open IS DISTINCT FROM
                       open_part.units * currency.rounding
            ),
            new_instalment AS (
                UPDATE collection_promise_instalment instalment
                   SET amount_paid = judged.paid * currency.rounding,
                       state = judged.state
                  FROM judged_instalment judged
                  JOIN collection_promise promise ON promise.id = judged.promise_id
                  JOIN res_currency currency ON currency.id = promise.currency_id
                  JOIN (
                    SELECT id, ROW_NUMBER() OVER (
                               PARTITION BY promise_id ORDER BY date) - 1 AS number
                      FROM collection_promise_instalment
                     WHERE promise_id IN (SELECT id FROM verdict)
                  ) place ON place.number = judged.number
                 WHERE instalment.id = place.id
                   AND instalment.promise_id = judged.promise_id
                   AND (instalment.amount_paid, instalment.state) IS DISTINCT FROM
                       (judged.paid * currency.rounding, judged.state)
            )
            UPDATE collection_promise promise
               SET state = verdict.state, is_settled = verdict.is_settled,
                   date_due = verdict.due,
                   amount_paid = verdict.paid * currency.rounding,
                   date_ended = CASE WHEN verdict.state = 'open' THEN NULL
                                     WHEN verdict.state = before.state
                                     THEN before.date_ended ELSE %(date)s END
              FROM verdict
              JOIN collection_promise before ON before.id = verdict.id
              JOIN res_currency currency ON currency.id = before.currency_id
             WHERE promise.id = verdict.id
               AND (before.state, before.is_settled, before.date_due,
                    before.amount_paid)
                   IS DISTINCT FROM
                   (verdict.state, verdict.is_settled, verdict.due,
                    verdict.paid * currency.rounding)
            RETURNING promise.id, before.state, verdict.state
            """,
            **self._prepare_verdicts(verdicts),
            date=scope.date,
        )

    def _prepare_verdicts(self, verdicts):
        """Return {name: JSON} of verdicts as tables for the statement.

        What needs no money is over, though nobody kept or broke it: it is cancelled.
        """
        return {
            "verdicts": json.dumps(
                [
                    {
                        "id": promise_id,
                        "state": "cancelled"
                        if verdict.state == "settled"
                        else verdict.state,
                        "is_settled": verdict.state == "settled",
                        "due": verdict.due.isoformat(),
                        "paid": verdict.paid,
                    }
                    for promise_id, verdict in verdicts.items()
                ]
            ),
            "parts": json.dumps(
                [
                    {"promise_id": promise_id, "item_id": item_id, "units": units}
                    for promise_id, verdict in verdicts.items()
                    for item_id, units in verdict.open_parts.items()
                ]
            ),
            "instalments": json.dumps(
                [
                    {
                        "promise_id": promise_id,
                        "number": number,
                        "paid": paid,
                        "state": state,
                    }
                    for promise_id, verdict in verdicts.items()
                    for number, (paid, state) in enumerate(verdict.instalments)
                ]
            ),
        }

    def _get_update_promised_cases_sql(self, scope):
        """Write on the cases when the next promise is due, and how many were broken."""
        return SQL(
            """
            UPDATE collection_case cases
               SET promise_date_next = fact.date_next,
                   broken_promise_count = fact.broken_count
              FROM (
                SELECT promise.case_id,
                       MIN(promise.date_due) FILTER (WHERE promise.state = 'open')
                           AS date_next,
                       COUNT(*) FILTER (WHERE promise.state IN %(failed)s)
                           AS broken_count
                  FROM collection_promise promise
                  JOIN collection_case own ON own.id = promise.case_id
                 WHERE own.company_id = %(company)s AND %(in_scope)s
                 GROUP BY promise.case_id
              ) fact
             WHERE cases.id = fact.case_id
               AND (cases.promise_date_next, COALESCE(cases.broken_promise_count, 0))
                   IS DISTINCT FROM (fact.date_next, fact.broken_count)
            RETURNING cases.id
            """,
            failed=FAILED_PROMISES,
            company=scope.company.id,
            in_scope=scope.has("own.partner_id"),
        )
