"""The engine's second phase: which stage is due for whom, or why nothing is."""

from datetime import date

from odoo import models
from odoo.tools import SQL

from ..const import ENDLESS, PENDING_STATES


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _decide(self, scope, *last):
        """Write on each open case what its items add up to and what is to be done.

        Each case is written once, and only if something of it is new; the decisions
        that give way to others are kept.

        :param SQL last: statements to be sent along
        """
        self.env.flush_all()
        self.env.execute_query(SQL("; ").join([self._get_decide_sql(scope), *last]))
        self.env.invalidate_all(flush=False)

    def _get_decide_sql(self, scope):
        return SQL(
            """
            WITH %(facts)s,
            verdict AS MATERIALIZED (
                SELECT case_fact.*, %(decision)s AS decision FROM case_fact
            ),
            conclusion AS (
                SELECT case_id, decision, amount_open, amount_overdue, date_oldest_due,
                       stage_id,
                       CASE %(stage)s END AS decision_stage_id,
                       CASE %(amount)s END AS decision_amount,
                       CASE %(until)s END AS next_action_date
                  FROM verdict
            ),
            changed AS (
                UPDATE collection_case cases
                   SET %(total_assignments)s, decision = new.decision,
                       decision_stage_id = new.decision_stage_id,
                       decision_amount = new.decision_amount,
                       next_action_date = new.next_action_date,
                       decision_date = CASE
                           WHEN new.is_decided
                           THEN GREATEST(cases.decision_date, %(date)s)
                           ELSE cases.decision_date END
                  FROM (
                    SELECT conclusion.*,
                           (old.decision, old.decision_stage_id, old.decision_amount,
                            old.next_action_date)
                           IS DISTINCT FROM
                           (conclusion.decision, conclusion.decision_stage_id,
                            conclusion.decision_amount, conclusion.next_action_date)
                               AS is_decided
                      FROM conclusion
                      JOIN collection_case old ON old.id = conclusion.case_id
                  ) new
                 WHERE cases.id = new.case_id
                   AND (new.is_decided OR %(total_is_new)s)
                RETURNING cases.id, cases.decision_date, new.is_decided
            )
            %(keep)s
            RETURNING id
            """,
            keep=self.env["collection.case.decision"]._get_keep_sql(
                SQL("(SELECT id, decision_date FROM changed WHERE is_decided)")
            ),
            facts=self._get_facts_sql(scope),
            decision=self._get_decision_sql(scope),
            stage=self._join_cases(self._get_decision_stages()),
            amount=self._join_cases(self._get_decision_amounts()),
            until=self._join_cases(self._get_decision_dates(scope)),
            total_assignments=self._get_total_assignments_sql(),
            total_is_new=self._get_total_change_sql(),
            date=scope.date,
        )

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
            ("disputed", SQL("NOT is_due AND overdue_less_dispute <= 0")),
            ("held", SQL("NOT is_due AND overdue_net <= 0")),
            ("tolerance", SQL("NOT is_due AND asked_net = 0")),
            ("minimum", SQL("asked_net < minimum_amount")),
            ("wait", SQL("due_stage_id IS NULL AND next_date IS NOT NULL")),
            ("last_stage", SQL("due_stage_id IS NULL")),
            ("condition", SQL("NOT has_step")),
            ("blocked", SQL("blocked_until > %s", scope.date)),
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
            "blocked": due,
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
            "held": SQL("overdue_held"),
            "tolerance": SQL("overdue_net"),
            "minimum": SQL("asked_net"),
            "": SQL("amount_overdue"),
        }

    def _get_decision_dates(self, scope):
        """Return {decision code: SQL of the date until which it holds}.

        What can change by itself holds until the next day on which an amount becomes
        overdue or a stage comes. "": what waits for a person or for what the debtor
        does holds until that happens, which no calendar knows: it has the day since
        when it waits, and so stands in lists by how long that is.
        """
        changes = SQL("LEAST(fall_date, next_date)")
        today = SQL("%s::date", scope.date)
        return {
            "gap": SQL("gap_date"),
            "failed": SQL("retry_date"),
            "blocked": SQL("blocked_until"),
            "wait": SQL("next_date"),
            "not_due": SQL("next_date"),
            "hold": SQL("NULLIF(hold_date, %s)", ENDLESS),
            "credits": changes,
            "promised": SQL("promise_date_next"),
            "disputed": changes,
            "held": SQL("held_until"),
            "tolerance": changes,
            "minimum": changes,
            "send": today,
            "": SQL(
                "CASE WHEN decision = decision_before"
                " THEN LEAST(date_before, %(today)s) ELSE %(today)s END",
                today=today,
            ),
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
        """Return the CTEs ``item_fact``, ``case_fact``, and those they stand on."""
        return SQL(
            """
            %(stages)s,
            pending AS MATERIALIZED (%(pending)s),
            leader AS MATERIALIZED (%(leaders)s),
            item_fact AS MATERIALIZED (%(items)s),
            subject AS MATERIALIZED (%(subjects)s),
            address AS MATERIALIZED (%(addresses)s),
            case_due AS MATERIALIZED (%(dues)s),
            case_sum AS MATERIALIZED (%(sums)s),
            case_fact AS MATERIALIZED (%(cases)s)
            """,
            stages=self._get_stage_ctes_sql(),
            pending=self._get_pending_sql(scope),
            leaders=self._get_leaders_sql(scope),
            items=self._get_item_facts_sql(scope, SQL("TRUE")),
            subjects=self._get_subjects_sql(),
            addresses=self._get_addresses_sql(
                SQL("SELECT DISTINCT partner_id FROM subject")
            ),
            dues=self._get_case_dues_sql(scope),
            sums=self._get_case_sums_sql(scope),
            cases=self._get_case_facts_sql(scope),
        )

    def _get_pending_sql(self, scope):
        """Return a SELECT of the cases with a message that may still reach them."""
        return SQL(
            """
            SELECT DISTINCT ON (case_id) case_id, state, stage_id
              FROM collection_contact
             WHERE state IN %s AND company_id = %s AND promise_id IS NULL
               AND user_id IS NULL  -- what people write decides nothing
             ORDER BY case_id, state = 'review'
            """,
            PENDING_STATES,
            scope.company.id,
        )

    def _get_case_facts_sql(self, scope):
        """Return a SELECT of one row per open case with all a decision needs."""
        return SQL(
            """
            SELECT cases.id AS case_id, leader.strategy_id, item.stage_id,
                   item.amount_open, item.amount_overdue, item.date_oldest_due,
                   cases.amount_credit, cases.hold_date, cases.reply_date,
                   cases.promise_date_next,
                   company.collection_pause_on_reply AS is_paused_by_reply,
                   COALESCE(leader.minimum_amount, 0) AS minimum_amount,
                   item.overdue_net + item.overdue_held + item.overdue_disputed
                       + item.overdue_promised AS overdue_less_credit,
                   item.overdue_net + item.overdue_held + item.overdue_disputed
                       AS overdue_less_promise,
                   item.overdue_net + item.overdue_held AS overdue_less_dispute,
                   item.overdue_net, item.overdue_promised, item.overdue_disputed,
                   item.overdue_held, %(held_until)s AS held_until,
                   COALESCE(item.asked_net, 0) AS asked_net,
                   due.stage_id AS due_stage_id, due.case_id IS NOT NULL AS is_due,
                   item.next_date, item.next_stage_id, item.fall_date,
                   cases.decision AS decision_before,
                   cases.next_action_date AS date_before,
                   -- One thing a day: a task is no message, but enough for its day.
                   GREATEST(cases.date_last_contact + leader.minimum_gap_days,
                            last.date_acted + 1) AS gap_date,
                   last.date_failed + GREATEST(leader.minimum_gap_days, 1)
                       AS retry_date,
                   last.blocked_until,
                   pending.state AS pending_state, pending.stage_id AS pending_stage_id,
                   COALESCE(due.has_step, FALSE) AS has_step,
                   COALESCE(due.is_reachable, FALSE) AS is_reachable
              FROM collection_case cases
              JOIN case_sum item ON item.case_id = cases.id
              JOIN res_company company ON company.id = cases.company_id
         LEFT JOIN leader ON leader.case_id = cases.id
         LEFT JOIN case_due due ON due.case_id = cases.id
         LEFT JOIN pending ON pending.case_id = cases.id
         LEFT JOIN (
                SELECT DISTINCT case_id FROM collection_contact
                 WHERE state IN ('failed', 'blocked')
                    OR state = 'sent' AND date_done >= %(date)s
              ) stopped ON stopped.case_id = cases.id
         LEFT JOIN LATERAL (
                SELECT CASE WHEN contact.state = 'failed' AND result.is_alone
                            THEN contact.date_done END AS date_failed,
                       CASE WHEN contact.state = 'sent' AND contact.run_id IS NOT NULL
                            THEN contact.date_done END AS date_acted,
                       CASE WHEN contact.state = 'blocked' AND result.is_alone
                            THEN contact.retry_date END AS blocked_until
                  FROM (%(last_outcome)s) contact
            CROSS JOIN LATERAL (
                    SELECT contact.state <> 'sent' AND NOT EXISTS (%(left_beside)s)
                           AS is_alone
                  ) result
                 -- Looked up where it can matter at all.
                 WHERE stopped.case_id IS NOT NULL
              ) last ON TRUE
             WHERE cases.company_id = %(company)s AND cases.state = 'open'
               AND %(in_scope)s
            """,
            last_outcome=self._get_last_outcome_sql(),
            left_beside=self._get_left_beside_sql(),
            held_until=self._get_held_until_sql(scope),
            date=scope.date,
            company=scope.company.id,
            in_scope=scope.has("cases.partner_id"),
        )

    def _get_held_until_sql(self, scope):
        """Return the day on which the first hold ends that covers ``item`` row's money.

        It has none where somebody has to cancel them.
        """
        return SQL(
            """
            CASE WHEN item.overdue_held > 0 THEN (
                SELECT MIN(hold.date_until)
                  FROM collection_item_hold hold
                  JOIN collection_item_hold_item_rel part ON part.hold_id = hold.id
                  JOIN collection_item held ON held.id = part.item_id
                 WHERE %(in_force)s AND held.case_id = item.case_id
                   AND held.amount_held > 0 AND held.date_due < %(date)s
            ) END
            """,
            in_force=self._get_hold_in_force_sql(scope),
            date=scope.date,
        )

    def _get_last_outcome_sql(self):
        """Return a SELECT of the last thing that became of ``cases`` row's messages.

        The engine's own: what a person did meanwhile does not mend a message that
        failed, nor is what a person was not allowed to send a failure of the engine.
        """
        return SQL(
            """
            SELECT case_id, run_id, stage_id, move_id, branch_id,
                   state, date_done, retry_date
              FROM collection_contact contact
             WHERE contact.case_id = cases.id AND contact.promise_id IS NULL
               AND contact.user_id IS NULL AND NOT (%(is_thanks)s)
               AND contact.state IN ('sent', 'failed', 'blocked')
             ORDER BY contact.id DESC LIMIT 1
            """,
            is_thanks=self.env["collection.contact"]._get_thanks_sql("contact"),
        )

    def _get_left_beside_sql(self):
        """Return a SELECT of what of the stage really left, beside ``contact``.

        Then the stage counts, and nothing waits until the rest can leave. Only a late
        step of a stage that is still due is tried again by itself.
        """
        return SQL(
            """
            SELECT 1 FROM collection_contact beside
             WHERE beside.case_id = contact.case_id AND beside.state = 'sent'
               AND beside.user_id IS NULL
               AND beside.stage_id = contact.stage_id
               AND beside.move_id IS NOT DISTINCT FROM contact.move_id
               AND beside.branch_id IS NOT DISTINCT FROM contact.branch_id
               AND (beside.run_id = contact.run_id
                    OR due.stage_id IS DISTINCT FROM contact.stage_id)
            """
        )

    def _get_case_sums_sql(self, scope):
        """Return a SELECT of what ``item_fact`` adds up to per case.

        ``fall_date`` is the next day on which more is overdue, credits deducted. Ranks
        stand for stages, because sorting them is cheap; the next stage is day and rank
        in one number. What is agreed is added up where something is: comparing costs
        less than adding, and most items have none.
        """
        return SQL(
            """
            SELECT total.*, reached.id AS stage_id,
                   DATE '2000-01-01' + (total.next_key / 1000000)::integer AS next_date,
                   next.id AS next_stage_id
              FROM (
                SELECT case_id, %(totals)s,
                       SUM(chased) FILTER (WHERE is_overdue) AS overdue_net,
                       COALESCE(SUM(amount_promised) FILTER (
                           WHERE is_overdue AND amount_promised <> 0
                       ), 0) AS overdue_promised,
                       COALESCE(SUM(amount_disputed) FILTER (
                           WHERE is_overdue AND amount_disputed <> 0
                       ), 0) AS overdue_disputed,
                       COALESCE(SUM(amount_held) FILTER (
                           WHERE is_overdue AND amount_held <> 0
                       ), 0) AS overdue_held,
                       SUM(chased) FILTER (
                           WHERE is_chased AND (is_overdue OR due_rank IS NOT NULL)
                       ) AS asked_net,
                       MIN(LEAST(date_due, %(last_day)s - 1) + 1) FILTER (
                           WHERE NOT is_overdue AND amount_residual > amount_credit
                       ) AS fall_date,
                       MIN((next_date - DATE '2000-01-01')::bigint * 1000000
                           + next_rank) AS next_key
                  FROM (
                    SELECT *, date_due < %(date)s AS is_overdue FROM item_fact
                  ) item
                 GROUP BY case_id
              ) total
         LEFT JOIN place reached ON reached.rank = total.stage_rank
         LEFT JOIN stage next ON next.rank = total.next_key %% 1000000
            """,
            totals=self._get_total_columns_sql(scope),
            date=scope.date,
            last_day=date.max,  # the last one that Python knows
        )
