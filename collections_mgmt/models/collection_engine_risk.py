"""How likely debtors pay late, as far as their own record tells: nightly, for all."""

from datetime import timedelta

from odoo import models
from odoo.tools import SQL

from ..const import FAILED_PROMISES

# How far back the record goes, and how many days late count as much as can be.
RECORD_DAYS = 365
FULL_DAYS = 60
# What each part counts; together 1.
LATE_SHARE, LATE_DAYS, BROKEN_SHARE = 0.5, 0.3, 0.2


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _rank_nightly(self, company):
        # EXTENDS: the record of a debtor changes slowly
        self._rate_risk(self._get_scope(company))
        return super()._rank_nightly(company)

    def _rate_risk(self, scope):
        """Write on the open cases how likely the debtor pays late, from 0 to 1.

        0.5 x the share of the invoices that were paid late, of those settled in the
        last 12 months, plus 0.3 x how late they were paid on average (60 days or more
        are all of it, what was paid on time is 0 days), plus 0.2 x the share of the
        promises broken, or kept in part, of those that ended meanwhile. Without any
        record the risk is 0: unknown. A module that predicts it replaces this.
        """
        self.env.flush_all()
        self.env.execute_query(self._get_risk_sql(scope))
        self.env["collection.case"].invalidate_model(["risk"])

    def _get_risk_sql(self, scope):
        since = scope.date - timedelta(days=RECORD_DAYS)
        return SQL(
            """
            WITH paid AS (%(paid)s),
            habit AS (
                SELECT partner_id, AVG((days > 0)::integer) AS share,
                       AVG(GREATEST(days, 0)) AS days
                  FROM paid GROUP BY partner_id
            ),
            promised AS (
                SELECT own.partner_id,
                       AVG((promise.state IN %(failed)s)::integer) AS share
                  FROM collection_promise promise
                  JOIN collection_case own ON own.id = promise.case_id
                 WHERE own.company_id = %(company)s AND promise.date_ended >= %(since)s
                   AND promise.state IN %(ended)s
                 GROUP BY own.partner_id
            )
            UPDATE collection_case cases SET risk = new.risk
              FROM (
                SELECT subject.id,
                       ROUND(%(late_share)s * COALESCE(habit.share, 0)
                             + %(late_days)s
                             * LEAST(COALESCE(habit.days, 0) / %(full_days)s, 1)
                             + %(broken_share)s * COALESCE(promised.share, 0), 3)
                           AS risk
                  FROM collection_case subject
             LEFT JOIN habit ON habit.partner_id = subject.partner_id
             LEFT JOIN promised ON promised.partner_id = subject.partner_id
                 WHERE subject.company_id = %(company)s AND subject.state = 'open'
              ) new
             WHERE cases.id = new.id AND COALESCE(cases.risk, 0) <> new.risk
            RETURNING cases.id
            """,
            paid=self._get_paid_sql(scope, since),
            failed=FAILED_PROMISES,
            ended=("kept", *FAILED_PROMISES),
            company=scope.company.id,
            since=since,
            late_share=LATE_SHARE,
            late_days=LATE_DAYS,
            broken_share=BROKEN_SHARE,
            full_days=FULL_DAYS,
        )

    def _get_paid_sql(self, scope, since):
        """Return a SELECT of how many days late each invoice settled since was paid.

        A credit note that takes an invoice back is no payment of it.
        """
        return SQL(
            """
            SELECT partner.commercial_partner_id AS partner_id,
                   MAX(match.max_date) - line.date_maturity AS days
              FROM account_partial_reconcile match
              JOIN account_move_line line ON line.id = match.debit_move_id
              JOIN account_account account ON account.id = line.account_id
              JOIN account_move move ON move.id = line.move_id
              JOIN res_partner partner ON partner.id = line.partner_id
             WHERE match.max_date >= %(since)s AND match.max_date <= %(date)s
               AND account.account_type = 'asset_receivable'
               AND line.parent_state = 'posted' AND line.reconciled
               AND line.date_maturity IS NOT NULL
               AND move.payment_state IS DISTINCT FROM 'reversed'
               AND line.company_id IN (
                   SELECT id FROM res_company
                    WHERE split_part(parent_path, '/', 1)::integer = %(company)s
               )
             GROUP BY partner.commercial_partner_id, line.id
            """,
            since=since,
            date=scope.date,
            company=scope.company.id,
        )
