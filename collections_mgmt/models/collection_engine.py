"""The engine: items, decisions and planned contacts of one company and day.

Everything here works on sets, in SQL, and for one root company (``env.company``) with
its branches. Amounts are in company currency unless a name ends in ``_currency``. The
accounting tables are read, never written.
"""

from dataclasses import dataclass
from datetime import date

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL


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
            "%s = ANY(%s)", SQL.identifier(*column.split(".")), self.partner_list
        )

    @property
    def partner_list(self):
        return list(self.partner_ids)


class CollectionEngine(models.AbstractModel):
    _name = "collection.engine"
    _description = "Collection Engine"

    # SYNC: the open receivable lines become items, debtors with open items have a case

    def _sync(self, scope):
        """Bring items and cases in line with the ledger.

        :return: how many items were opened and how many were closed
        """
        self.env.flush_all()
        self._execute(self._get_insert_cases_sql(scope))
        opened = self._execute(self._get_insert_items_sql(scope))
        self._execute(self._get_update_items_sql(scope))
        closed = self._execute(self._get_close_items_sql(scope))
        self._execute(self._get_credit_items_sql(scope))
        self._execute(self._get_update_cases_sql(scope))
        self._close_cases(scope)
        self.env.invalidate_all(flush=False)
        return opened, closed

    def _close_cases(self, scope):
        """Close the cases without open items, and the tasks given for them."""
        closed = self.env.execute_query(self._get_close_cases_sql(scope))
        if closed:
            self.env["mail.activity"].search(
                [
                    ("res_model", "=", "collection.case"),
                    ("res_id", "in", [case_id for [case_id] in closed]),
                    ("automated", "=", True),
                ]
            ).unlink()

    def _execute(self, query):
        """Run a data-changing statement and return the number of rows it changed."""
        self.env.cr.execute(query)
        return self.env.cr.rowcount

    def _get_receivable_lines_sql(self, scope):
        """Return a SELECT of the company's open receivable lines, credits included."""
        return SQL(
            """
            SELECT line.id, line.move_id, line.company_id, line.currency_id,
                   partner.commercial_partner_id AS partner_id,
                   COALESCE(line.date_maturity, line.date) AS date_due,
                   line.amount_residual, line.amount_residual_currency
              FROM account_move_line line
              JOIN account_account account ON account.id = line.account_id
              JOIN res_partner partner ON partner.id = line.partner_id
              JOIN res_company company ON company.id = line.company_id
             WHERE account.account_type = 'asset_receivable'
               AND line.parent_state = 'posted'
               AND line.reconciled IS NOT TRUE
               AND line.amount_residual <> 0
               AND split_part(company.parent_path, '/', 1)::integer = %s
               AND %s
            """,
            scope.company.id,
            scope.has("partner.commercial_partner_id"),
        )

    def _get_open_lines_sql(self, scope):
        """Return a SELECT of the lines to be followed: what a debtor owes."""
        return SQL(
            """
            SELECT * FROM (%s) receivable
             WHERE receivable.amount_residual > 0
               AND NOT EXISTS (
                   SELECT 1 FROM account_move_line line
                    WHERE line.id = receivable.id AND line.no_followup
               )
            """,
            self._get_receivable_lines_sql(scope),
        )

    def _get_insert_cases_sql(self, scope):
        Partner = self.env["res.partner"]
        query = Partner._search([], active_test=False)
        agent = Partner._field_to_sql(query.table, "collection_agent_id", query)
        return SQL(
            """
            INSERT INTO collection_case (
                partner_id, company_id, state, date_opened, agent_id,
                date_last_contact, amount_open, amount_overdue, amount_credit,
                create_uid, create_date, write_uid, write_date
            )
            SELECT res_partner.id, %(company)s, 'open', %(date)s,
                   (SELECT id FROM res_users WHERE id = %(agent)s AND active),
                   -- The debtor remembers, even if the earlier case was closed.
                   (SELECT MAX(date_last_contact) FROM collection_case earlier
                     WHERE earlier.partner_id = res_partner.id
                       AND earlier.company_id = %(company)s),
                   0, 0, 0,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM %(partners)s
             WHERE res_partner.id IN (SELECT partner_id FROM (%(lines)s) line)
                ON CONFLICT (partner_id, company_id) WHERE state = 'open' DO NOTHING
            """,
            company=scope.company.id,
            date=scope.date,
            agent=agent,
            uid=self.env.uid,
            partners=query.from_clause,
            lines=self._get_open_lines_sql(scope),
        )

    def _get_insert_items_sql(self, scope):
        return SQL(
            """
            INSERT INTO collection_item (
                move_line_id, move_id, case_id, partner_id, company_id, branch_id,
                currency_id, state, date_opened, date_due,
                amount_residual, amount_residual_currency, amount_credit,
                create_uid, create_date, write_uid, write_date
            )
            SELECT line.id, line.move_id, cases.id, line.partner_id, cases.company_id,
                   line.company_id, line.currency_id, 'open', %(date)s, line.date_due,
                   line.amount_residual, line.amount_residual_currency, 0,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM (%(lines)s) line
              JOIN collection_case cases
                ON cases.partner_id = line.partner_id
               AND cases.company_id = %(company)s AND cases.state = 'open'
             WHERE NOT EXISTS (
                   SELECT 1 FROM collection_item item WHERE item.move_line_id = line.id
             )
            """,
            lines=self._get_open_lines_sql(scope),
            company=scope.company.id,
            date=scope.date,
            uid=self.env.uid,
        )

    def _get_update_items_sql(self, scope):
        """Follow changed amounts and dates, and items that came back or moved."""
        return SQL(
            """
            UPDATE collection_item item
               SET state = 'open', date_closed = NULL, case_id = cases.id,
                   partner_id = line.partner_id, date_due = line.date_due,
                   currency_id = line.currency_id,
                   amount_residual = line.amount_residual,
                   amount_residual_currency = line.amount_residual_currency,
                   write_uid = %(uid)s, write_date = now() AT TIME ZONE 'UTC'
              FROM (%(lines)s) line
              JOIN collection_case cases
                ON cases.partner_id = line.partner_id
               AND cases.company_id = %(company)s AND cases.state = 'open'
             WHERE item.move_line_id = line.id
               AND (item.state, item.case_id, item.date_due, item.currency_id,
                    item.amount_residual, item.amount_residual_currency)
                   IS DISTINCT FROM
                   ('open', cases.id, line.date_due, line.currency_id,
                    line.amount_residual, line.amount_residual_currency)
            """,
            lines=self._get_open_lines_sql(scope),
            company=scope.company.id,
            uid=self.env.uid,
        )

    def _get_close_items_sql(self, scope):
        return SQL(
            """
            UPDATE collection_item item
               SET state = 'closed', date_closed = %(date)s,
                   amount_residual = 0, amount_residual_currency = 0, amount_credit = 0,
                   write_uid = %(uid)s, write_date = now() AT TIME ZONE 'UTC'
             WHERE item.company_id = %(company)s AND item.state = 'open'
               AND %(in_scope)s
               AND item.move_line_id NOT IN (SELECT id FROM (%(lines)s) line)
            """,
            in_scope=scope.has("item.partner_id"),
            lines=self._get_open_lines_sql(scope),
            company=scope.company.id,
            date=scope.date,
            uid=self.env.uid,
        )

    def _get_credit_items_sql(self, scope):
        """Spread each debtor's unallocated credits over the items, the oldest first."""
        return SQL(
            """
            WITH credit AS (
                SELECT partner_id, -SUM(amount_residual) AS amount
                  FROM (%(lines)s) line
                 WHERE amount_residual < 0
                 GROUP BY partner_id
            ), spread AS (
                SELECT item.id,
                       GREATEST(0, LEAST(
                           item.amount_residual,
                           COALESCE(credit.amount, 0)
                           - COALESCE(SUM(item.amount_residual) OVER older, 0)
                       )) AS amount_credit
                  FROM collection_item item
                  LEFT JOIN credit ON credit.partner_id = item.partner_id
                 WHERE item.company_id = %(company)s AND item.state = 'open'
                   AND %(in_scope)s
                WINDOW older AS (
                       PARTITION BY item.case_id ORDER BY item.date_due, item.id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                )
            )
            UPDATE collection_item item
               SET amount_credit = spread.amount_credit
              FROM spread
             WHERE item.id = spread.id
               AND item.amount_credit IS DISTINCT FROM spread.amount_credit
            """,
            in_scope=scope.has("item.partner_id"),
            lines=self._get_receivable_lines_sql(scope),
            company=scope.company.id,
        )

    def _get_update_cases_sql(self, scope):
        """Write the totals, the strategy and the highest stage on the open cases."""
        return SQL(
            """
            WITH credit AS (
                SELECT partner_id, -SUM(amount_residual) AS amount
                  FROM (%(lines)s) line
                 WHERE amount_residual < 0
                 GROUP BY partner_id
            ), total AS (
                SELECT item.case_id,
                       SUM(item.amount_residual) AS amount_open,
                       SUM(item.amount_residual)
                           FILTER (WHERE item.date_due < %(date)s) AS amount_overdue,
                       MIN(item.date_due)
                           FILTER (WHERE item.date_due < %(date)s) AS date_oldest_due,
                       (ARRAY_AGG(stage.id
                                  ORDER BY stage.days DESC, stage.sequence DESC)
                           FILTER (WHERE stage.id IS NOT NULL))[1] AS stage_id
                  FROM collection_item item
             LEFT JOIN collection_stage stage ON stage.id = item.stage_id
                 WHERE item.company_id = %(company)s AND item.state = 'open'
                 GROUP BY item.case_id
            )
            UPDATE collection_case cases
               SET amount_open = COALESCE(total.amount_open, 0),
                   amount_overdue = COALESCE(total.amount_overdue, 0),
                   amount_credit = COALESCE(credit.amount, 0),
                   date_oldest_due = total.date_oldest_due,
                   stage_id = total.stage_id,
                   strategy_id = %(strategy)s
              FROM collection_case open_case
              JOIN res_partner ON res_partner.id = open_case.partner_id
         LEFT JOIN total ON total.case_id = open_case.id
         LEFT JOIN credit ON credit.partner_id = open_case.partner_id
             WHERE cases.id = open_case.id
               AND open_case.company_id = %(company)s AND open_case.state = 'open'
               AND %(in_scope)s
            """,
            in_scope=scope.has("open_case.partner_id"),
            lines=self._get_receivable_lines_sql(scope),
            company=scope.company.id,
            date=scope.date,
            strategy=self._get_strategy_sql(scope.company),
        )

    def _get_strategy_sql(self, company):
        """Return the SQL expression of a debtor's strategy, over ``res_partner``.

        The debtor's own choice comes first, then the first strategy whose rule takes
        the debtor, then the company's default.
        """
        Partner = self.env["res.partner"]
        own = Partner._field_to_sql("res_partner", "collection_strategy_id")
        rules = [
            SQL(
                "WHEN res_partner.id IN %s THEN %s",
                Partner.with_context(active_test=False)
                ._search(strategy._get_partner_domain())
                .subselect(),
                strategy.id,
            )
            for strategy in self.env["collection.strategy"].search(
                Domain("has_rule", "=", True)
                & Domain("company_id", "in", [False, company.id])
            )
        ]
        by_rule = SQL("CASE %s END", SQL(" ").join(rules)) if rules else SQL("NULL")
        return SQL(
            """
            COALESCE(
                (SELECT id FROM collection_strategy WHERE id = %s AND active), %s, %s
            )
            """,
            own,
            by_rule,
            company.collection_strategy_id.filtered("active").id or None,
        )

    def _get_close_cases_sql(self, scope):
        return SQL(
            """
            UPDATE collection_case cases
               SET state = 'closed', date_closed = %(date)s, decision = NULL,
                   next_action_date = NULL, decision_stage_id = NULL
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

    # DECIDE: which stage is due, or the reason why nothing is

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
                   AND (step.channel = 'task' OR step.task_when_no_address
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

    # PLAN: the steps of the due stage become contacts

    def _plan_contacts(self, run):
        """Plan one contact per step of the due stage of each case to contact."""
        self._execute(
            SQL(
                """
                INSERT INTO collection_contact (
                    run_id, case_id, partner_id, company_id, stage_id, step_id, channel,
                    address_partner_id, state, date_planned,
                    create_uid, create_date, write_uid, write_date
                )
                SELECT %(run)s, cases.id, cases.partner_id, cases.company_id,
                       step.stage_id, step.id,
                       CASE WHEN step.channel <> 'task' AND address.partner_id IS NULL
                            THEN 'task' ELSE step.channel END,
                       address.partner_id, 'planned', %(date)s,
                       %(uid)s, now() AT TIME ZONE 'UTC',
                       %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM collection_case cases
                  JOIN collection_step step ON step.stage_id = cases.decision_stage_id
            CROSS JOIN LATERAL (SELECT %(address)s AS partner_id) address
                 WHERE cases.company_id = %(company)s AND cases.state = 'open'
                   AND cases.decision = 'send'
                   AND (step.channel = 'task' OR step.task_when_no_address
                        OR address.partner_id IS NOT NULL)
                 ORDER BY cases.id, step.sequence, step.id
                """,
                run=run.id,
                date=run.date,
                uid=self.env.uid,
                company=run.company_id.id,
                address=self._get_address_sql(
                    SQL("step.channel"), SQL("cases.partner_id")
                ),
            )
        )
        self._execute(self._get_insert_contact_lines_sql(run))
        self.env.invalidate_all(flush=False)

    def _get_address_sql(self, channel, debtor):
        """Return the SQL expression of the partner who receives a channel's messages.

        The debtor's collections contact comes first, then the invoice address, then
        the debtor; the first of them with an address wins, NULL when nobody has one.
        Modules that add a channel wrap this expression.

        :param SQL channel: expression of the channel's code
        :param SQL debtor: expression of the commercial partner's id
        """
        return SQL(
            """
            CASE %(channel)s WHEN 'email' THEN (
                SELECT person.id FROM res_partner person, res_partner debtor
                 WHERE debtor.id = %(debtor)s
                   AND person.commercial_partner_id = debtor.id
                   AND person.active AND person.email_normalized IS NOT NULL
                   AND (person.id IN (debtor.id, debtor.collection_contact_id)
                        OR person.type = 'invoice')
                 ORDER BY person.id = debtor.collection_contact_id DESC NULLS LAST,
                          (person.id <> debtor.id) DESC, person.id
                 LIMIT 1
            ) END
            """,
            channel=channel,
            debtor=debtor,
        )

    def _get_insert_contact_lines_sql(self, run):
        """List on each contact what the debtor owes, and which items climb by it.

        A dunning message lists everything that fell due; a reminder what is about to.
        """
        return SQL(
            """
            WITH %(stage_ctes)s, item_fact AS (%(items)s)
            INSERT INTO collection_contact_line (
                contact_id, item_id, stage_id, step_id, is_counted,
                amount_residual, amount_residual_currency,
                create_uid, create_date, write_uid, write_date
            )
            SELECT contact.id, item.id, fact.due_stage_id, contact.step_id,
                   fact.due_stage_id IS NOT NULL,
                   item.amount_residual, item.amount_residual_currency,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM collection_contact contact
              JOIN collection_stage stage ON stage.id = contact.stage_id
              JOIN collection_item item
                ON item.case_id = contact.case_id AND item.state = 'open'
              JOIN item_fact fact ON fact.id = item.id
             WHERE contact.run_id = %(run)s
               AND CASE WHEN stage.days < 0 THEN fact.due_stage_id IS NOT NULL
                        ELSE item.date_due <= %(date)s END
            """,
            stage_ctes=self._get_stage_ctes_sql(run),
            items=self._get_item_facts_sql(run),
            run=run.id,
            date=run.date,
            uid=self.env.uid,
        )
