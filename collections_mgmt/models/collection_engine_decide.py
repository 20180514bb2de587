"""The engine's second phase: which stage is due for whom, or why nothing is."""

from datetime import date

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
                    RETURNING cases.id, cases.company_id, cases.decision,
                              cases.decision_stage_id, cases.decision_amount,
                              cases.next_action_date
                )
                INSERT INTO collection_case_decision (
                    case_id, company_id, date, decision, stage_id, amount, until
                )
                SELECT id, company_id, %(date)s, decision, decision_stage_id,
                       decision_amount, next_action_date
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
            item_fact AS MATERIALIZED (%(items)s),
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

    def _get_stage_ctes_sql(self):
        """Return small tables that say how an item climbs.

        ``rung`` has, for each strategy and each stage an item may have passed (0 for
        none), the dunning stage that comes next; ``reminder`` the stages before the due
        date with the days on which each is the current one; ``late_step`` the steps
        that follow some days into a stage.
        """
        Stage = self.env["collection.stage"]
        return SQL(
            """
            stage AS MATERIALIZED (
                SELECT id, strategy_id, days, sequence, minimum_days,
                       ROW_NUMBER() OVER (ORDER BY days, sequence, id) AS rank
                  FROM collection_stage config
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
            reminder AS MATERIALIZED (
                SELECT strategy_id, id AS stage_id, days AS first_day, rank,
                       COALESCE(LEAD(days) OVER later, 0) - 1 AS last_day
                  FROM stage
                 WHERE days < 0
                WINDOW later AS (PARTITION BY strategy_id ORDER BY rank)
            ),
            late_step AS MATERIALIZED (
                SELECT step.id, step.stage_id, step.delay_days, step.condition,
                       stage.days, stage.rank
                  FROM collection_step step
                  JOIN stage ON stage.id = step.stage_id
                 WHERE step.delay_days > 0
            )
            """,
            place_next=Stage._get_place_sql("next"),
            place_passed=Stage._get_place_sql("passed"),
        )

    def _get_chased_sql(self):
        """Return the SQL expression of what is left to chase of an item."""
        return SQL(
            """
            (item.amount_residual - item.amount_credit
             - COALESCE(item.amount_promised, 0) - COALESCE(item.amount_disputed, 0))
            """
        )

    def _get_item_facts_sql(self, scope, condition):
        """Return a SELECT of the open items with what is due for each.

        ``due_stage_id`` is the stage whose message is due on the day of the scope;
        ``is_late_step`` that it is a step some days into the stage the item stands in;
        otherwise ``next_rank`` and ``next_date`` say what comes when. Nothing is due
        for an item of which no more than the tolerance is left to chase.

        :param SQL condition: which ``cases`` of the scope it is about
        """
        return SQL(
            """
            SELECT item.id, item.case_id, item.move_id, item.date_due,
                   item.amount_residual, item.amount_credit, item.amount_promised,
                   item.amount_disputed, item.chased, item.is_chased,
                   item.tolerance_amount,
                   item.due_stage_id,
                   CASE WHEN item.due_stage_id IS NULL THEN NULL
                        WHEN item.climbs THEN item.climb_rank
                        ELSE COALESCE(item.remind_rank, item.standing_rank)
                   END AS due_rank,
                   item.due_stage_id IS NOT NULL AND NOT item.climbs
                       AND item.remind_rank IS NULL AS is_late_step,
                   CASE WHEN item.is_chased AND NOT item.climbs THEN
                        CASE WHEN soon.next_date < item.climb_date
                                  OR item.climb_date IS NULL THEN soon.rank
                             ELSE item.climb_rank END END AS next_rank,
                   CASE WHEN item.is_chased AND NOT item.climbs
                        THEN LEAST(soon.next_date, item.climb_date) END AS next_date
              FROM (
                SELECT item.*,
                       CASE WHEN NOT item.is_chased THEN NULL
                            WHEN item.climbs THEN item.climb_stage_id
                            ELSE COALESCE(item.remind_stage_id, %(late_stage)s)
                       END AS due_stage_id
                  FROM (%(standings)s) item
                OFFSET 0
              ) item
         LEFT JOIN LATERAL (
                SELECT reminder.rank, item.date_due + reminder.first_day AS next_date
                  FROM reminder
                 WHERE reminder.strategy_id = item.strategy_id
                   AND item.date_due > %(date)s
                   AND item.date_due + reminder.first_day > %(date)s
                 ORDER BY reminder.rank LIMIT 1
              ) soon ON TRUE
            """,
            standings=self._get_standings_sql(scope, condition),
            late_stage=self._get_late_stage_sql(scope),
            date=scope.date,
        )

    def _get_standings_sql(self, scope, condition):
        """Return a SELECT of the open items with where each stands on its ladder.

        OFFSET keeps the database from working out the same expression wherever it is
        used.
        """
        return SQL(
            """
            SELECT item.*, standing.rank AS standing_rank,
                   climb.stage_id AS climb_stage_id, climb.rank AS climb_rank,
                   remind.stage_id AS remind_stage_id, remind.rank AS remind_rank,
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
         LEFT JOIN stage standing ON standing.id = item.stage_id
         LEFT JOIN collection_stage passed ON passed.id = item.passed_stage_id
         LEFT JOIN rung climb
                ON climb.strategy_id = item.strategy_id
               AND climb.passed_id = COALESCE(item.passed_stage_id, 0)
         LEFT JOIN reminder remind
                ON remind.strategy_id = item.strategy_id
               AND item.date_due > %(date)s
               AND %(date)s - item.date_due
                   BETWEEN remind.first_day AND remind.last_day
               AND (passed.id IS NULL OR passed.days < remind.first_day)
            OFFSET 0
            """,
            items=self._get_open_items_sql(scope, condition),
            date=scope.date,
            last_day=date.max,  # the last one that Python knows
        )

    def _get_open_items_sql(self, scope, condition):
        return SQL(
            """
            SELECT item.id, item.case_id, item.move_id, strategy.id AS strategy_id,
                   item.date_due, item.stage_id, item.stage_date, item.passed_stage_id,
                   item.amount_residual, item.amount_credit,
                   COALESCE(item.amount_promised, 0) AS amount_promised,
                   COALESCE(item.amount_disputed, 0) AS amount_disputed,
                   %(chased)s AS chased,
                   COALESCE(strategy.tolerance_amount, 0)::numeric AS tolerance_amount
              FROM collection_item item
              JOIN collection_case cases ON cases.id = item.case_id
         LEFT JOIN collection_strategy strategy
                ON strategy.id = COALESCE(item.strategy_id, cases.strategy_id)
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
            (SELECT late_step.stage_id FROM late_step
              WHERE late_step.stage_id = item.stage_id
                AND item.stage_id = item.passed_stage_id
                AND %s LIMIT 1)
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

    def _get_case_facts_sql(self, scope):
        """Return a SELECT of one row per open case with all a decision needs."""
        return SQL(
            """
            SELECT cases.id AS case_id, cases.strategy_id, cases.amount_overdue,
                   cases.amount_credit, cases.hold_date, cases.reply_date,
                   company.collection_pause_on_reply AS is_paused_by_reply,
                   COALESCE(strategy.minimum_amount, 0) AS minimum_amount,
                   item.overdue_less_credit, item.overdue_less_promise,
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
                SELECT item_fact.case_id, cases.partner_id,
                       SUM(item_fact.amount_residual - item_fact.amount_credit)
                           FILTER (WHERE is_overdue) AS overdue_less_credit,
                       SUM(item_fact.amount_residual - item_fact.amount_credit
                           - amount_promised)
                           FILTER (WHERE is_overdue) AS overdue_less_promise,
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
                  JOIN collection_case cases ON cases.id = item_fact.case_id
                 GROUP BY item_fact.case_id, cases.partner_id
              ) total
         LEFT JOIN stage due ON due.rank = total.due_rank
         LEFT JOIN stage next ON next.rank = total.next_key %% 1000000
            """,
            scope.date,
        )

    def _get_due_steps_sql(self, subjects):
        """Return a SELECT of the steps that apply to the due stage of each subject.

        ``channel`` is how the step reaches the debtor: its own channel, else its
        fallback, NULL when neither has an address. A task needs none.

        :param SQL subjects: a table with case_id, partner_id, due_stage_id and
            is_late_step
        """
        return SQL(
            """
            SELECT subject.*, step.id AS step_id, step.sequence AS step_sequence,
                   reach.channel,
                   CASE WHEN reach.channel = step.channel THEN direct.partner_id
                        ELSE fallback.partner_id END AS address_partner_id
              FROM %(subjects)s subject
              JOIN collection_step step
                ON step.stage_id = subject.due_stage_id
               AND (step.delay_days > 0) = subject.is_late_step
         LEFT JOIN address direct
                ON direct.debtor_id = subject.partner_id
               AND direct.channel = step.channel
         LEFT JOIN address fallback
                ON fallback.debtor_id = subject.partner_id
               AND fallback.channel = step.fallback_channel
         LEFT JOIN LATERAL (%(last_contact)s) last_contact ON TRUE
        CROSS JOIN LATERAL (
                SELECT CASE
                    WHEN step.channel = 'task' OR direct.partner_id IS NOT NULL
                         THEN step.channel
                    WHEN step.fallback_channel = 'task'
                         OR fallback.partner_id IS NOT NULL
                         THEN step.fallback_channel END AS channel
              ) reach
             WHERE %(condition)s
            """,
            subjects=subjects,
            last_contact=self._get_last_contact_sql(),
            condition=self._get_step_condition_sql(),
        )

    # STEPS

    def _get_last_contact_sql(self):
        """Return a SELECT of the last message the debtor of ``subject`` really got.

        Nothing is looked up where no step asks what the debtor did.
        """
        return SQL(
            """
            SELECT contact.date_opened, contact.date_clicked, contact.date_replied
              FROM collection_contact contact
             WHERE contact.case_id = subject.case_id AND contact.state = 'sent'
               AND contact.channel <> 'task' AND step.condition <> 'always'
             ORDER BY contact.id DESC LIMIT 1
            """
        )

    def _get_step_condition_sql(self):
        """Return the SQL condition that ``step`` applies, over ``last_contact``.

        See ``const.CONDITIONS``. Without a message before, the debtor did nothing.
        """
        return SQL(
            """
            CASE step.condition
                 WHEN 'not_opened' THEN last_contact.date_opened IS NULL
                                    AND last_contact.date_clicked IS NULL
                                    AND last_contact.date_replied IS NULL
                 WHEN 'opened' THEN last_contact.date_opened IS NOT NULL
                 WHEN 'clicked' THEN last_contact.date_clicked IS NOT NULL
                 WHEN 'replied' THEN last_contact.date_replied IS NOT NULL
                 WHEN 'nothing' THEN last_contact.date_clicked IS NULL
                                 AND last_contact.date_replied IS NULL
                 ELSE TRUE END
            """
        )

    # ADDRESSES

    def _get_open_debtors_sql(self, scope):
        return SQL(
            """
            SELECT partner_id FROM collection_case
             WHERE state = 'open' AND company_id = %s AND %s
            """,
            scope.company.id,
            scope.has("partner_id"),
        )

    def _get_addresses_sql(self, debtors):
        """Return a SELECT of who receives each channel's messages of each debtor.

        The debtor's collections contact comes first, then the invoice address, then
        the debtor; the first of them with an address wins.

        :param SQL debtors: a SELECT of the debtors, as ``partner_id``
        :return: SQL of debtor_id, channel and partner_id
        """
        return SQL(
            """
            SELECT DISTINCT ON (debtor.id, means.channel)
                   debtor.id AS debtor_id, means.channel, person.id AS partner_id
              FROM (%(debtors)s) wanted
              JOIN res_partner debtor ON debtor.id = wanted.partner_id
              JOIN res_partner person
                ON person.commercial_partner_id = debtor.id AND person.active
               AND (person.id IN (debtor.id, debtor.collection_contact_id)
                    OR person.type = 'invoice')
        CROSS JOIN LATERAL (%(means)s) means
             ORDER BY debtor.id, means.channel,
                      person.id = debtor.collection_contact_id DESC NULLS LAST,
                      (person.id <> debtor.id) DESC, person.id
            """,
            debtors=debtors,
            means=SQL(" UNION ALL ").join(
                SQL("SELECT %s AS channel WHERE %s", channel, condition)
                for channel, condition in self._get_address_conditions().items()
            ),
        )

    def _get_address_conditions(self):
        """Return {channel: SQL condition that ``person`` has an address for it}.

        An address from which a message came back counts as none. Modules that add a
        channel add its condition.
        """
        return {
            "email": SQL(
                """
                person.email_normalized IS NOT NULL
                AND NOT EXISTS (
                    SELECT 1 FROM collection_contact bounced
                     WHERE bounced.address_partner_id = person.id
                       AND bounced.is_bounced AND bounced.channel = 'email'
                       AND person.email_normalized = ANY(
                           string_to_array(bounced.address, ', ')
                       )
                )
                """
            ),
            "letter": SQL("person.street IS NOT NULL AND person.city IS NOT NULL"),
        }
