"""What becomes of the cases while the items follow the ledger, and their totals.

The parts of the statement of ``_get_sync_sql`` see the cases as they were before it.
Each case is written by one of them at most: it comes back, is new, goes on, or ends.
"""

from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    # What follows the ledger

    def _get_reopen_cases_sql(self, scope):
        """A debtor's last case goes on when one of its items comes back."""
        return SQL(
            """
            UPDATE collection_case cases
               SET state = 'open', date_closed = NULL,
                   strategy_id = debtor.strategy_id,
                   amount_credit = debtor.amount_credit
              FROM (
                SELECT difference.partner_id, MAX(known.case_id) AS case_id
                  FROM difference
                  JOIN known ON known.move_line_id = difference.line_id
                 WHERE difference.item_id IS NULL
                 GROUP BY difference.partner_id
              ) back
              JOIN debtor ON debtor.partner_id = back.partner_id
             WHERE cases.id = back.case_id AND cases.state = 'closed'
               AND cases.partner_id = back.partner_id
               AND cases.company_id = %(company)s
               AND NOT EXISTS (
                   SELECT 1 FROM collection_case open_case
                    WHERE open_case.partner_id = back.partner_id
                      AND open_case.company_id = %(company)s
                      AND open_case.state = 'open'
               )
            RETURNING cases.id, cases.partner_id
            """,
            company=scope.company.id,
        )

    def _get_insert_cases_sql(self, scope):
        Partner = self.env["res.partner"]
        return SQL(
            """
            INSERT INTO collection_case (
                partner_id, company_id, state, date_opened, agent_id, strategy_id,
                date_last_contact, amount_open, amount_overdue, amount_credit,
                rank_score, create_uid, create_date, write_uid, write_date
            )
            SELECT debtor.partner_id, %(company)s, 'open', %(date)s,
                   CASE WHEN %(agent)s IN %(able)s THEN %(agent)s END,
                   debtor.strategy_id,
                   -- The debtor remembers, even if the earlier case was closed.
                   earlier.date_last_contact, 0, 0, debtor.amount_credit, 0,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM debtor
              JOIN res_partner ON res_partner.id = debtor.partner_id
         LEFT JOIN (
                SELECT partner_id, MAX(date_last_contact) AS date_last_contact
                  FROM collection_case WHERE company_id = %(company)s AND %(in_scope)s
                 GROUP BY partner_id
              ) earlier ON earlier.partner_id = debtor.partner_id
             WHERE debtor.partner_id NOT IN (SELECT partner_id FROM reopened)
               AND NOT EXISTS (
                   SELECT 1 FROM collection_case open_case
                    WHERE open_case.partner_id = debtor.partner_id
                      AND open_case.company_id = %(company)s
                      AND open_case.state = 'open'
               )
                ON CONFLICT (partner_id, company_id) WHERE state = 'open' DO NOTHING
            RETURNING id, partner_id
            """,
            agent=Partner._field_to_sql("res_partner", "collection_agent_id"),
            able=self._get_able_sql(scope.company),
            company=scope.company.id,
            date=scope.date,
            in_scope=scope.has("partner_id"),
            uid=self.env.uid,
        )

    def _get_able_sql(self, company):
        """Return a subselect of the users who can open the company's cases."""
        # In sudo: who gets a case does not depend on which users one may see.
        Users = self.env["res.users"].sudo()
        return Users._search(Users._get_able_domain(company)).subselect()

    def _get_update_cases_sql(self, scope):
        """Follow the debtor's strategy and credits."""
        return SQL(
            """
            UPDATE collection_case cases
               SET strategy_id = debtor.strategy_id,
                   amount_credit = debtor.amount_credit
              FROM debtor
             WHERE cases.partner_id = debtor.partner_id
               AND cases.company_id = %(company)s AND cases.state = 'open'
               AND %(in_scope)s
               AND (cases.strategy_id, cases.amount_credit)
                   IS DISTINCT FROM (debtor.strategy_id, debtor.amount_credit)
            """,
            company=scope.company.id,
            in_scope=scope.has("cases.partner_id"),
        )

    def _get_close_cases_sql(self, scope):
        """Close the cases of those who owe nothing any more; say how they ended.

        A case keeps its stage: that is where it was cured.
        """
        return SQL(
            """
            UPDATE collection_case cases
               SET state = 'closed', date_closed = %(date)s, decision = NULL,
                   decision_date = GREATEST(decision_date, %(date)s),
                   decision_amount = NULL, decision_stage_id = NULL,
                   next_action_date = NULL,
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
                        WHERE item.case_id = cases.id
                          -- What is open yet is closed by the same statement.
                          AND (item.state = 'open' OR item.date_closed = %(date)s)
                          AND line.parent_state = 'posted'
                   ), 'left')
             WHERE cases.company_id = %(company)s AND cases.state = 'open'
               AND %(in_scope)s
               AND cases.partner_id NOT IN (SELECT partner_id FROM debtor)
            RETURNING cases.id, cases.decision_date
            """,
            in_scope=scope.has("cases.partner_id"),
            company=scope.company.id,
            date=scope.date,
        )

    # What the items add up to

    def _sum_up(self, scope):
        """Write on the open cases what their items add up to."""
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                WITH %(stages)s
                UPDATE collection_case cases
                   SET %(assignments)s
                  FROM (
                    SELECT total.*, place.id AS stage_id
                      FROM (
                        SELECT item.case_id, %(totals)s
                          FROM (%(items)s) item
                         GROUP BY item.case_id
                      ) total
                 LEFT JOIN place ON place.rank = total.stage_rank
                  ) new
                 WHERE cases.id = new.case_id AND %(is_new)s
                RETURNING cases.id
                """,
                stages=self._get_stage_ctes_sql(),
                items=self._get_open_items_sql(scope, SQL("TRUE")),
                totals=self._get_total_columns_sql(scope),
                assignments=self._get_total_assignments_sql(),
                is_new=self._get_total_change_sql(),
            )
        )
        self.env.invalidate_all(flush=False)

    def _get_total_columns_sql(self, scope):
        """Return the columns that add up the open items of a case, over ``item``."""
        return SQL(
            """
            SUM(item.amount_residual) AS amount_open,
            COALESCE(SUM(item.amount_residual) FILTER (WHERE item.date_due < %(date)s),
                     0) AS amount_overdue,
            MIN(item.date_due) FILTER (WHERE item.date_due < %(date)s)
                AS date_oldest_due,
            MAX(item.stage_rank) AS stage_rank
            """,
            date=scope.date,
        )

    def _get_total_assignments_sql(self):
        """Return the SET of an UPDATE that takes the totals of a case from ``new``."""
        return SQL(
            """
            amount_open = new.amount_open, amount_overdue = new.amount_overdue,
            date_oldest_due = new.date_oldest_due, stage_id = new.stage_id
            """
        )

    def _get_total_change_sql(self):
        """Return the SQL condition that the totals of a case are others in ``new``."""
        return SQL(
            """
            (cases.amount_open, cases.amount_overdue, cases.date_oldest_due,
             cases.stage_id)
            IS DISTINCT FROM
            (new.amount_open, new.amount_overdue, new.date_oldest_due, new.stage_id)
            """
        )
