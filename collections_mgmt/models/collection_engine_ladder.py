"""How items climb: the stages of a strategy, and what is due for each item."""

from datetime import date

from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_stage_ctes_sql(self):
        """Return small tables that say how an item climbs.

        ``place`` ranks all stages, because ranks sort quickly; ``stage`` those that
        still do something.
        ``rung`` has, for each strategy and each stage an item may have passed (0 for
        none), the dunning stage that comes next; ``reminder`` cuts the days before the
        due date at each stage there: the one that is current on them, none before the
        first, and the one that comes next; ``late_step`` the steps that follow some
        days into a stage.
        """
        Stage = self.env["collection.stage"]
        return SQL(
            """
            place AS MATERIALIZED (
                SELECT id, strategy_id, days, sequence, minimum_days, active,
                       ROW_NUMBER() OVER (ORDER BY %(place)s) AS rank
                  FROM collection_stage config
            ),
            stage AS MATERIALIZED (
                SELECT * FROM place config
                 WHERE active AND EXISTS (
                       SELECT 1 FROM collection_step step
                        WHERE step.stage_id = config.id AND step.delay_days = 0
                 )
            ),
            rung AS MATERIALIZED (
                SELECT DISTINCT ON (next.strategy_id, passed.id)
                       next.strategy_id, passed.id AS passed_id, next.id AS stage_id,
                       next.days, next.minimum_days, next.rank
                  FROM stage next
                  JOIN (SELECT id, days, sequence FROM collection_stage
                         UNION ALL SELECT 0, NULL, NULL) passed
                    ON passed.id = 0 OR %(place_next)s > %(place_passed)s
                 WHERE next.days >= 0
                 ORDER BY next.strategy_id, passed.id, next.rank
            ),
            early AS (
                SELECT strategy_id, id AS stage_id, days AS first_day, rank FROM stage
                 WHERE days < 0
                 UNION ALL
                SELECT strategy_id, NULL, -%(far)s, 0 FROM stage
                 WHERE days < 0 GROUP BY strategy_id
            ),
            reminder AS MATERIALIZED (
                SELECT strategy_id, stage_id, first_day, rank,
                       LEAD(first_day, 1, 0) OVER ladder AS end_day,
                       LEAD(first_day) OVER ladder AS next_day,
                       LEAD(rank) OVER ladder AS next_rank
                  FROM early
                WINDOW ladder AS (PARTITION BY strategy_id ORDER BY rank)
            ),
            late_step AS MATERIALIZED (
                SELECT step.id, step.stage_id, step.delay_days, step.condition,
                       stage.days, stage.rank
                  FROM collection_step step
                  JOIN stage ON stage.id = step.stage_id
                 WHERE step.delay_days > 0
            )
            """,
            far=date.max.toordinal(),
            place=Stage._get_place_sql("config"),
            place_next=Stage._get_place_sql("next"),
            place_passed=Stage._get_place_sql("passed"),
        )

    def _get_chased_sql(self):
        """Return the SQL expression of what is left to chase of an item."""
        return SQL(
            "(item.amount_residual - item.amount_credit - %s)", self._get_agreed_sql()
        )

    def _get_agreed_sql(self):
        """Return the SQL expression of what is agreed, so not asked for, of an item."""
        return SQL(
            """
            (COALESCE(item.amount_promised, 0) + COALESCE(item.amount_disputed, 0)
             + COALESCE(item.amount_held, 0))
            """
        )

    def _get_item_facts_sql(self, scope, condition):
        """Return a SELECT of the open items with what is due for each.

        ``due_stage_id`` is the stage whose message is due on the day of the scope;
        ``is_late_step`` that it is a step some days into the stage the item stands in;
        otherwise ``next_rank`` and ``next_date`` say what comes when. Nothing is due
        for an item of which no more than the tolerance is left to chase, nor for one
        without a strategy.

        :param SQL condition: which ``cases`` of the scope it is about
        """
        return SQL(
            """
            SELECT item.id, item.case_id, item.partner_id, item.move_id, item.date_due,
                   item.amount_residual, item.amount_credit, item.amount_promised,
                   item.amount_disputed, item.amount_held, item.chased, item.is_chased,
                   item.tolerance_amount, item.stage_rank,
                   item.strategy_id, item.due_stage_id,
                   CASE WHEN item.due_stage_id IS NULL THEN NULL
                        WHEN item.climbs THEN item.climb_rank
                        WHEN item.remind_stage_id IS NOT NULL THEN item.remind_rank
                        ELSE (SELECT rank FROM stage WHERE id = item.due_stage_id)
                   END AS due_rank,
                   item.due_stage_id IS NOT NULL AND NOT item.climbs
                       AND item.remind_stage_id IS NULL AS is_late_step,
                   CASE WHEN item.is_chased AND NOT item.climbs THEN
                        CASE WHEN item.soon_date < item.climb_date
                                  OR item.climb_date IS NULL THEN item.soon_rank
                             ELSE item.climb_rank END END AS next_rank,
                   CASE WHEN item.is_chased AND NOT item.climbs
                        THEN LEAST(item.soon_date, item.climb_date) END AS next_date
              FROM (
                SELECT item.*,
                       CASE WHEN NOT item.is_chased OR item.strategy_id IS NULL
                            THEN NULL
                            WHEN item.climbs THEN item.climb_stage_id
                            ELSE COALESCE(item.remind_stage_id, %(late_stage)s)
                       END AS due_stage_id
                  FROM (%(standings)s) item
                OFFSET 0
              ) item
            """,
            standings=self._get_standings_sql(scope, condition),
            late_stage=self._get_late_stage_sql(scope),
        )

    def _get_standings_sql(self, scope, condition):
        """Return a SELECT of the open items with where each stands on its ladder.

        OFFSET keeps the database from working out the same expression wherever it is
        used.
        """
        return SQL(
            """
            SELECT item.*, climb.stage_id AS climb_stage_id, climb.rank AS climb_rank,
                   CASE WHEN passed.id IS NULL OR passed.days < reminder.first_day
                        THEN reminder.stage_id END AS remind_stage_id,
                   reminder.rank AS remind_rank,
                   item.date_due + reminder.next_day AS soon_date,
                   reminder.next_rank AS soon_rank,
                   CASE WHEN climb.stage_id IS NOT NULL THEN
                        LEAST(GREATEST(item.date_due + climb.days,
                                       item.stage_date + climb.minimum_days),
                              %(last_day)s) END AS climb_date,
                   COALESCE(GREATEST(item.date_due + climb.days,
                                     item.stage_date + climb.minimum_days)
                            <= %(date)s, FALSE) AS climbs
              FROM (
                SELECT item.*, chased > tolerance_amount AS is_chased
                  FROM (%(items)s) item
                OFFSET 0
              ) item
         LEFT JOIN collection_stage passed ON passed.id = item.passed_stage_id
         LEFT JOIN rung climb
                ON climb.strategy_id = item.strategy_id
               AND climb.passed_id = COALESCE(item.passed_stage_id, 0)
         LEFT JOIN reminder
                ON reminder.strategy_id = item.strategy_id
               AND %(date)s - item.date_due < reminder.end_day
               AND %(date)s - item.date_due >= reminder.first_day
            OFFSET 0
            """,
            items=self._get_open_items_sql(scope, condition),
            date=scope.date,
            last_day=date.max,  # the last one that Python knows
        )

    def _get_open_items_sql(self, scope, condition):
        return SQL(
            """
            SELECT item.id, item.case_id, cases.partner_id, item.move_id,
                   strategy.id AS strategy_id,
                   item.date_due, item.stage_id, place.rank AS stage_rank,
                   item.stage_date, item.passed_stage_id,
                   item.amount_residual, item.amount_credit,
                   COALESCE(item.amount_promised, 0) AS amount_promised,
                   COALESCE(item.amount_disputed, 0) AS amount_disputed,
                   COALESCE(item.amount_held, 0) AS amount_held,
                   %(chased)s AS chased,
                   COALESCE(strategy.tolerance_amount, 0)::numeric AS tolerance_amount
              FROM collection_item item
              JOIN collection_case cases ON cases.id = item.case_id
         LEFT JOIN collection_strategy strategy
                ON strategy.id = COALESCE(item.strategy_id, cases.strategy_id)
         LEFT JOIN place ON place.id = item.stage_id
             WHERE item.state = 'open' AND cases.state = 'open'
               AND cases.company_id = %(company)s AND %(in_scope)s AND %(condition)s
            OFFSET 0
            """,
            condition=condition,
            chased=self._get_chased_sql(),
            company=scope.company.id,
            in_scope=scope.has("cases.partner_id"),
        )

    def _get_late_stage_sql(self, scope):
        """Return the SQL expression of the item's stage if a late step is due in it."""
        return SQL(
            """
            CASE WHEN item.stage_id = item.passed_stage_id
                  AND item.stage_id IN (SELECT stage_id FROM late_step)
                 THEN (SELECT late_step.stage_id FROM late_step
                        WHERE late_step.stage_id = item.stage_id AND %s LIMIT 1)
                 END
            """,
            self._get_late_step_condition_sql(scope),
        )

    def _get_late_step_condition_sql(self, scope):
        """Return the SQL condition that ``late_step`` is due for ``item``.

        It is not while the item's due date was put off behind the stage.
        """
        return SQL(
            """
            item.stage_date + late_step.delay_days <= %(date)s
            AND item.date_due + late_step.days <= %(date)s
            AND NOT EXISTS (
                SELECT 1 FROM collection_contact_line done
                 WHERE done.item_id = item.id AND done.is_counted
                   AND done.stage_id = item.stage_id AND done.step_id = late_step.id
            )
            """,
            date=scope.date,
        )
