"""The engine's second phase: which stage is due for whom, or why nothing is."""

from odoo import models
from odoo.tools import SQL

from ..const import PENDING_STATES


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _decide(self, scope):
        """Write on each open case what is to be done, and why; keep what changed."""
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                WITH %(facts)s,
                verdict AS MATERIALIZED (
                    SELECT case_fact.*, %(decision)s AS decision FROM case_fact
                ),
                changed AS (
                    UPDATE collection_case cases
                       SET decision = new.decision, decision_date = %(date)s,
                           decision_stage_id = new.stage_id,
                           decision_amount = new.amount, next_action_date = new.until
                      FROM (SELECT case_id, decision,
                                   CASE %(stage)s END AS stage_id,
                                   CASE %(amount)s END AS amount,
                                   CASE %(until)s END AS until
                              FROM verdict) new
                     WHERE cases.id = new.case_id
                       AND (cases.decision, cases.decision_stage_id,
                            cases.decision_amount, cases.next_action_date)
                           IS DISTINCT FROM
                           (new.decision, new.stage_id, new.amount, new.until)
                    RETURNING cases.id, cases.decision, cases.decision_stage_id,
                              cases.decision_amount, cases.next_action_date
                )
                INSERT INTO collection_case_decision (
                    case_id, date, decision, stage_id, amount, until
                )
                SELECT id, %(date)s, decision, decision_stage_id, decision_amount,
                       next_action_date
                  FROM changed
                RETURNING id
                """,
                facts=self._get_facts_sql(scope),
                decision=self._get_decision_sql(scope),
                stage=self._join_cases(self._get_decision_stages()),
                amount=self._join_cases(self._get_decision_amounts()),
                until=self._join_cases(self._get_decision_dates(scope)),
                date=scope.date,
            )
        )
        self.env.invalidate_all(flush=False)

    # THE RULES

    def _get_decision_rules(self, scope):
        """Return [(decision code, SQL condition over ``case_fact``)], in their order.

        The first condition that holds is the answer, "send" if none does. Modules add
        their own reasons not to send at the place where they count.
        """
        return [
            ("no_strategy", SQL("strategy_id IS NULL")),
            ("review", SQL("pending_state = 'review'")),
            ("queued", SQL("pending_state IS NOT NULL")),
            ("not_due", SQL("amount_overdue = 0 AND due_stage_id IS NULL")),
            ("hold", SQL("hold_date >= %s", scope.date)),
            ("replied", SQL("reply_date IS NOT NULL AND is_paused_by_reply")),
            ("credits", SQL("NOT is_due AND overdue_less_credit <= 0")),
            ("promised", SQL("NOT is_due AND overdue_less_promise <= 0")),
            ("disputed", SQL("NOT is_due AND overdue_net <= 0")),
            ("tolerance", SQL("NOT is_due AND asked_net = 0")),
            ("minimum", SQL("asked_net < minimum_amount")),
            ("wait", SQL("due_stage_id IS NULL AND next_date IS NOT NULL")),
            ("last_stage", SQL("due_stage_id IS NULL")),
            ("condition", SQL("NOT has_step")),
            ("failed", SQL("retry_date > %s", scope.date)),
            ("gap", SQL("gap_date > %s", scope.date)),
            ("no_address", SQL("NOT is_reachable")),
        ]

    def _get_decision_stages(self):
        """Return {decision code: SQL of the stage it is about}; others have none."""
        due = SQL("due_stage_id")
        return {
            "send": due,
            "gap": due,
            "no_address": due,
            "failed": due,
            "condition": due,
            "review": SQL("pending_stage_id"),
            "queued": SQL("pending_stage_id"),
            "wait": SQL("next_stage_id"),
        }

    def _get_decision_amounts(self):
        """Return {decision code: SQL of its amount}; "": the amount of all others."""
        return {
            "credits": SQL("amount_credit"),
            "promised": SQL("overdue_promised"),
            "disputed": SQL("overdue_disputed"),
            "tolerance": SQL("overdue_net"),
            "minimum": SQL("asked_net"),
            "": SQL("amount_overdue"),
        }

    def _get_decision_dates(self, scope):
        """Return {decision code: SQL of the date until which it holds}."""
        nothing = SQL("NULL::date")
        return {
            "gap": SQL("gap_date"),
            "failed": SQL("retry_date"),
            "wait": SQL("next_date"),
            "not_due": SQL("next_date"),
            "hold": SQL("hold_date"),
            "credits": nothing,
            "promised": nothing,
            "disputed": nothing,
            "tolerance": nothing,
            "minimum": nothing,
            "": SQL("%s::date", scope.date),
        }

    def _get_decision_sql(self, scope):
        """Return the SQL expression of the decision, over ``case_fact``."""
        return SQL(
            "CASE %s ELSE 'send' END",
            SQL(" ").join(
                SQL("WHEN %s THEN %s", condition, code)
                for code, condition in self._get_decision_rules(scope)
            ),
        )

    def _join_cases(self, sql_by_decision):
        """Return the branches of a CASE over ``decision``; "" is the ELSE."""
        branches = [
            SQL("WHEN decision = %s THEN %s", code, sql)
            for code, sql in sql_by_decision.items()
            if code
        ]
        otherwise = sql_by_decision.get("", SQL("NULL"))
        return SQL("%s ELSE %s", SQL(" ").join(branches), otherwise)

    # THE FACTS

    def _get_facts_sql(self, scope):
        """Return the CTEs ``item_fact`` and ``case_fact``, and those they stand on."""
        return SQL(
            """
            %(stages)s,
            pending AS MATERIALIZED (%(pending)s),
            address AS MATERIALIZED (%(addresses)s),
            item_fact AS (%(items)s),
            case_sum AS MATERIALIZED (%(sums)s),
            case_fact AS MATERIALIZED (%(cases)s)
            """,
            stages=self._get_stage_ctes_sql(),
            addresses=self._get_addresses_sql(self._get_open_debtors_sql(scope)),
            pending=self._get_pending_sql(scope),
            # A message on its way is the answer, whatever the items say.
            items=self._get_item_facts_sql(
                scope, SQL("cases.id NOT IN (SELECT case_id FROM pending)")
            ),
            sums=self._get_case_sums_sql(scope),
            cases=self._get_case_facts_sql(scope),
        )

    def _get_pending_sql(self, scope):
        """Return a SELECT of the cases with a message that may still reach them."""
        return SQL(
            """
            SELECT DISTINCT ON (case_id) case_id, state, stage_id
              FROM collection_contact
             WHERE state IN %s AND company_id = %s
             ORDER BY case_id, state = 'review'
            """,
            PENDING_STATES,
            scope.company.id,
        )

    def _get_case_facts_sql(self, scope):
        """Return a SELECT of one row per open case with all a decision needs."""
        return SQL(
            """
            SELECT cases.id AS case_id, cases.strategy_id, cases.amount_overdue,
                   cases.amount_credit, cases.hold_date, cases.reply_date,
                   company.collection_pause_on_reply AS is_paused_by_reply,
                   COALESCE(strategy.minimum_amount, 0) AS minimum_amount,
                   item.overdue_net + item.overdue_disputed + item.overdue_promised
                       AS overdue_less_credit,
                   item.overdue_net + item.overdue_disputed AS overdue_less_promise,
                   item.overdue_net, item.overdue_promised, item.overdue_disputed,
                   COALESCE(item.asked_net, 0) AS asked_net,
                   due.stage_id AS due_stage_id, due.stage_id IS NOT NULL AS is_due,
                   item.next_date, item.next_stage_id,
                   cases.date_last_contact + strategy.minimum_gap_days AS gap_date,
                   failed.date_done + GREATEST(strategy.minimum_gap_days, 1)
                       AS retry_date,
                   pending.state AS pending_state, pending.stage_id AS pending_stage_id,
                   step.case_id IS NOT NULL AS has_step,
                   COALESCE(step.is_reachable, FALSE) AS is_reachable
              FROM collection_case cases
              JOIN res_company company ON company.id = cases.company_id
         LEFT JOIN collection_strategy strategy ON strategy.id = cases.strategy_id
         LEFT JOIN case_sum item ON item.case_id = cases.id
         LEFT JOIN (
                SELECT due_step.case_id, BOOL_OR(channel IS NOT NULL) AS is_reachable
                  FROM (%(due_steps)s) due_step
                 GROUP BY due_step.case_id
              ) step ON step.case_id = cases.id
        CROSS JOIN LATERAL (
                -- A reminder that reaches nobody is left out; dunning is not. Nor does
                -- a late step that does not apply stop what else there is to say.
                SELECT CASE WHEN step.is_reachable
                                 OR item.due_days >= 0 AND NOT item.is_late_step
                            THEN item.due_stage_id END AS stage_id
              ) due
         LEFT JOIN pending ON pending.case_id = cases.id
         LEFT JOIN LATERAL (
                SELECT CASE WHEN contact.state = 'failed' THEN contact.date_done END
                       AS date_done
                  FROM collection_contact contact
                 WHERE contact.case_id = cases.id
                   AND contact.state IN ('sent', 'failed')
                 ORDER BY contact.id DESC LIMIT 1
              ) failed ON TRUE
             WHERE cases.company_id = %(company)s AND cases.state = 'open'
               AND %(in_scope)s
            """,
            due_steps=self._get_due_steps_sql(SQL("case_sum")),
            company=scope.company.id,
            in_scope=scope.has("cases.partner_id"),
        )

    def _get_case_sums_sql(self, scope):
        """Return a SELECT of what ``item_fact`` adds up to per case.

        Ranks stand for stages, because sorting them is cheap: the highest due, and the
        next as day and rank in one number.
        """
        return SQL(
            """
            SELECT total.*, due.id AS due_stage_id, due.days AS due_days,
                   DATE '2000-01-01' + (total.next_key / 1000000)::integer AS next_date,
                   next.id AS next_stage_id
              FROM (
                SELECT case_id, partner_id,
                       SUM(chased) FILTER (WHERE is_overdue) AS overdue_net,
                       SUM(amount_promised)
                           FILTER (WHERE is_overdue) AS overdue_promised,
                       SUM(amount_disputed)
                           FILTER (WHERE is_overdue) AS overdue_disputed,
                       SUM(chased) FILTER (
                           WHERE is_chased AND (is_overdue OR due_rank IS NOT NULL)
                       ) AS asked_net,
                       COALESCE(MAX(due_rank) FILTER (WHERE NOT is_late_step),
                                MAX(due_rank)) AS due_rank,
                       COALESCE(BOOL_AND(is_late_step)
                           FILTER (WHERE due_rank IS NOT NULL), FALSE) AS is_late_step,
                       MIN((next_date - DATE '2000-01-01')::bigint * 1000000
                           + next_rank) AS next_key
                  FROM (SELECT *, date_due < %s AS is_overdue FROM item_fact) item_fact
                 GROUP BY case_id, partner_id
              ) total
         LEFT JOIN stage due ON due.rank = total.due_rank
         LEFT JOIN stage next ON next.rank = total.next_key %% 1000000
            """,
            scope.date,
        )
