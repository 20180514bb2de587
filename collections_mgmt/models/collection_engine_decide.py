"""The engine's second phase: which stage is due for whom, or why nothing is."""

from datetime import date

from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _decide(self, run):
        """Write on each open case of ``run.company_id`` what is to be done, and why."""
        self._execute(
            SQL(
                """
                WITH %(stage_ctes)s, item_fact AS (%(items)s), case_fact AS (%(cases)s)
                UPDATE collection_case cases
                   SET decision = verdict.decision,
                       decision_date = %(date)s,
                       decision_stage_id = CASE verdict.decision
                           WHEN 'send' THEN verdict.due_stage_id
                           WHEN 'gap' THEN verdict.due_stage_id
                           WHEN 'no_address' THEN verdict.due_stage_id
                           WHEN 'failed' THEN verdict.due_stage_id
                           WHEN 'queued' THEN verdict.pending_stage_id
                           WHEN 'wait' THEN verdict.next_stage_id END,
                       decision_amount = CASE verdict.decision
                           WHEN 'credits' THEN verdict.amount_credit
                           WHEN 'minimum' THEN verdict.asked_net
                           ELSE verdict.amount_overdue END,
                       next_action_date = CASE verdict.decision
                           WHEN 'gap' THEN verdict.gap_date
                           WHEN 'failed' THEN verdict.retry_date
                           WHEN 'wait' THEN verdict.next_date
                           WHEN 'not_due' THEN verdict.next_date
                           WHEN 'credits' THEN NULL
                           WHEN 'minimum' THEN NULL
                           ELSE %(date)s END
                  FROM (SELECT case_fact.*, %(decision)s AS decision
                          FROM case_fact) verdict
                 WHERE cases.id = verdict.case_id
                """,
                stage_ctes=self._get_stage_ctes_sql(run),
                items=self._get_item_facts_sql(run),
                cases=self._get_case_facts_sql(run),
                decision=self._get_decision_sql(run),
                date=run.date,
            )
        )
        self.env.invalidate_all(flush=False)

    def _get_stage_ctes_sql(self, run):
        """Return small tables that say how an item climbs.

        ``dunning`` has the stages from the due date on; ``reminder`` those before it
        with the days on which each is the current one; ``told`` what each open item was
        told already, or is about to be.
        """
        return SQL(
            """
            stage AS (
                SELECT id, strategy_id, days, sequence, minimum_days,
                       ROW_NUMBER() OVER (ORDER BY days, sequence, id) AS rank
                  FROM collection_stage config
                 WHERE active AND EXISTS (
                       SELECT 1 FROM collection_step step
                        WHERE step.stage_id = config.id
                 )
            ),
            dunning AS (
                SELECT * FROM stage WHERE days >= 0
            ),
            reminder AS (
                SELECT strategy_id, id AS stage_id, days AS first_day, rank,
                       COALESCE(LEAD(days) OVER later, 0) - 1 AS last_day
                  FROM stage
                 WHERE days < 0
                WINDOW later AS (PARTITION BY strategy_id ORDER BY rank)
            ),
            told AS (
                SELECT line.item_id, ARRAY_AGG(line.stage_id) AS stage_ids,
                       BOOL_OR(contact.state IN ('planned', 'queued')) AS is_pending
                  FROM collection_contact_line line
                  JOIN collection_contact contact ON contact.id = line.contact_id
                  JOIN collection_item item ON item.id = line.item_id
                 WHERE line.is_counted AND line.stage_id IS NOT NULL
                   AND item.state = 'open' AND item.company_id = %(company)s
                 GROUP BY line.item_id
            )
            """,
            company=run.company_id.id,
        )

    def _get_item_facts_sql(self, run):
        """Return a SELECT of the open items with what is due for each.

        ``due_stage_id`` is the stage whose message is due on the day of the run;
        otherwise ``next_stage_id`` and ``next_date`` say what comes when. Nothing is
        due for an item that credits cover or whose message is on its way.
        """
        return SQL(
            """
            SELECT item.id, item.case_id, item.amount_residual, item.amount_credit,
                   item.date_due,
                   CASE WHEN NOT fact.is_free THEN NULL
                        WHEN climb.next_date <= %(date)s THEN climb.stage_id
                        ELSE remind.stage_id END AS due_stage_id,
                   CASE WHEN NOT fact.is_free THEN NULL
                        WHEN climb.next_date <= %(date)s THEN climb.rank
                        ELSE remind.rank END AS due_rank,
                   CASE WHEN NOT fact.is_free OR climb.next_date <= %(date)s THEN NULL
                        WHEN soon.next_date < climb.next_date
                             OR climb.next_date IS NULL THEN soon.stage_id
                        ELSE climb.stage_id END AS next_stage_id,
                   CASE WHEN fact.is_free AND NOT COALESCE(
                                  climb.next_date <= %(date)s, FALSE)
                        THEN LEAST(soon.next_date, climb.next_date) END AS next_date
              FROM collection_item item
              JOIN collection_case cases ON cases.id = item.case_id
         LEFT JOIN told ON told.item_id = item.id
         LEFT JOIN collection_stage standing ON standing.id = item.stage_id
        CROSS JOIN LATERAL (
                SELECT item.amount_credit < item.amount_residual
                       AND told.is_pending IS NOT TRUE AS is_free
              ) fact
         LEFT JOIN LATERAL (
                SELECT dunning.id AS stage_id, dunning.rank,
                       LEAST(GREATEST(item.date_due + dunning.days,
                                      item.stage_date + dunning.minimum_days),
                             %(last_day)s) AS next_date
                  FROM dunning
                 WHERE dunning.strategy_id = cases.strategy_id
                   AND (standing.id IS NULL
                        OR (dunning.days, dunning.sequence, dunning.id)
                         > (standing.days, standing.sequence, standing.id))
                   AND NOT COALESCE(dunning.id = ANY(told.stage_ids), FALSE)
                 ORDER BY dunning.rank LIMIT 1
              ) climb ON TRUE
         LEFT JOIN LATERAL (
                SELECT reminder.stage_id, reminder.rank FROM reminder
             LEFT JOIN collection_stage done ON done.id = item.reminder_stage_id
                 WHERE reminder.strategy_id = cases.strategy_id
                   AND item.date_due > %(date)s
                   AND %(date)s - item.date_due
                       BETWEEN reminder.first_day AND reminder.last_day
                   AND NOT COALESCE(reminder.stage_id = ANY(told.stage_ids), FALSE)
                   AND (done.id IS NULL OR done.days < reminder.first_day)
              ) remind ON TRUE
         LEFT JOIN LATERAL (
                SELECT reminder.stage_id,
                       item.date_due + reminder.first_day AS next_date
                  FROM reminder
                 WHERE reminder.strategy_id = cases.strategy_id
                   AND item.date_due + reminder.first_day > %(date)s
                 ORDER BY reminder.rank LIMIT 1
              ) soon ON TRUE
             WHERE item.company_id = %(company)s AND item.state = 'open'
            """,
            date=run.date,
            last_day=date.max,  # the last one that Python knows
            company=run.company_id.id,
        )

    def _get_case_facts_sql(self, run):
        """Return a SELECT of one row per open case with all a decision needs."""
        return SQL(
            """
            SELECT cases.id AS case_id, cases.strategy_id, cases.amount_overdue,
                   cases.amount_credit, strategy.minimum_amount,
                   item.overdue_net, item.asked_net,
                   -- A reminder that reaches nobody is left out; dunning is not.
                   CASE WHEN reach.reachable OR due_stage.days >= 0
                        THEN item.due_stage_id END AS due_stage_id,
                   item.next_date, item.next_stage_id,
                   cases.date_last_contact + strategy.minimum_gap_days AS gap_date,
                   failed.date_done + GREATEST(strategy.minimum_gap_days, 1)
                       AS retry_date,
                   pending.stage_id AS pending_stage_id,
                   reach.reachable
              FROM collection_case cases
         LEFT JOIN collection_strategy strategy ON strategy.id = cases.strategy_id
         LEFT JOIN (
                SELECT case_id,
                       SUM(amount_residual - amount_credit)
                           FILTER (WHERE date_due < %(date)s) AS overdue_net,
                       SUM(amount_residual - amount_credit)
                           FILTER (WHERE date_due < %(date)s
                                      OR due_stage_id IS NOT NULL) AS asked_net,
                       (ARRAY_AGG(due_stage_id ORDER BY due_rank DESC)
                           FILTER (WHERE due_stage_id IS NOT NULL))[1] AS due_stage_id,
                       MIN(next_date) AS next_date,
                       (ARRAY_AGG(next_stage_id ORDER BY next_date)
                           FILTER (WHERE next_date IS NOT NULL))[1] AS next_stage_id
                  FROM item_fact
                 GROUP BY case_id
              ) item ON item.case_id = cases.id
         LEFT JOIN collection_stage due_stage ON due_stage.id = item.due_stage_id
        CROSS JOIN LATERAL (SELECT %(reachable)s AS reachable) reach
         LEFT JOIN LATERAL (
                SELECT stage_id FROM collection_contact contact
                 WHERE contact.case_id = cases.id
                   AND contact.state IN ('planned', 'queued')
                 LIMIT 1
              ) pending ON TRUE
         LEFT JOIN LATERAL (
                SELECT CASE WHEN contact.state = 'failed' THEN contact.date_done END
                       AS date_done
                  FROM collection_contact contact
                 WHERE contact.case_id = cases.id
                   AND contact.state IN ('sent', 'failed')
                 ORDER BY contact.id DESC LIMIT 1
              ) failed ON TRUE
             WHERE cases.company_id = %(company)s AND cases.state = 'open'
            """,
            reachable=self._get_reachable_sql(),
            date=run.date,
            company=run.company_id.id,
        )

    def _get_reachable_sql(self):
        """Return the SQL condition that the due stage has a step that can be done.

        In the scope: ``cases`` and ``item.due_stage_id``.
        """
        return SQL(
            """
            EXISTS (
                SELECT 1 FROM collection_step step
                 WHERE step.stage_id = item.due_stage_id
                   AND (step.channel = 'task' OR step.fallback_channel IS NOT NULL
                        OR %s IS NOT NULL)
            )
            """,
            self._get_address_sql(SQL("step.channel"), SQL("cases.partner_id")),
        )

    def _get_decision_sql(self, run):
        """Return the SQL expression of the decision, over ``case_fact``.

        The first condition that holds is the answer; see ``const.DECISIONS``.
        """
        return SQL(
            """
            CASE WHEN strategy_id IS NULL THEN 'no_strategy'
                 WHEN pending_stage_id IS NOT NULL THEN 'queued'
                 WHEN amount_overdue = 0 AND due_stage_id IS NULL THEN 'not_due'
                 WHEN amount_overdue > 0 AND overdue_net <= 0 AND due_stage_id IS NULL
                      THEN 'credits'
                 WHEN asked_net < minimum_amount THEN 'minimum'
                 WHEN due_stage_id IS NULL AND next_date IS NOT NULL THEN 'wait'
                 WHEN due_stage_id IS NULL THEN 'last_stage'
                 WHEN retry_date > %(date)s THEN 'failed'
                 WHEN gap_date > %(date)s THEN 'gap'
                 WHEN NOT reachable THEN 'no_address'
                 ELSE 'send' END
            """,
            date=run.date,
        )
