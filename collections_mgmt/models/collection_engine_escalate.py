"""Which cases a supervisor has to look at, rule by rule, in SQL."""

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _escalate(self, scope):
        """Escalate the cases that a rule takes, and end what none takes any more.

        :return: ids of the escalations that ended
        """
        self.env.flush_all()
        found = [
            self._get_to_escalate_sql(rule, scope)
            for rule in self._get_escalation_rules(scope.company)
        ]
        nothing = SQL("SELECT NULL::integer, NULL::integer, NULL::integer WHERE FALSE")
        rows = self.env.execute_query(
            SQL(
                """
                WITH found (rule_id, case_id, user_id) AS MATERIALIZED (%(found)s),
                raised AS (
                    INSERT INTO collection_escalation (
                        rule_id, case_id, user_id, date, is_told
                    )
                    SELECT rule_id, case_id, user_id, %(date)s, FALSE FROM found
                        ON CONFLICT (rule_id, case_id) WHERE date_resolved IS NULL
                           DO NOTHING
                )
                UPDATE collection_escalation escalation
                   SET date_resolved = %(date)s
                  FROM collection_case cases
                 WHERE cases.id = escalation.case_id AND cases.company_id = %(company)s
                   AND escalation.date_resolved IS NULL
                   AND (escalation.case_id, escalation.rule_id) NOT IN (
                       SELECT case_id, rule_id FROM found
                   )
                RETURNING escalation.id
                """,
                date=scope.date,
                company=scope.company.id,
                found=SQL(" UNION ALL ").join(found or [nothing]),
            )
        )
        self.env["collection.escalation"].invalidate_model(flush=False)
        return [escalation_id for [escalation_id] in rows]

    def _get_escalation_rules(self, company):
        return self.env["collection.escalation.rule"].search(
            Domain("company_id", "=", company.id)
        )

    def _get_to_escalate_sql(self, rule, scope):
        """Return a SELECT of the rule, the open cases that it takes, and who looks."""
        conditions = self._get_escalation_conditions(rule, scope)
        return SQL(
            """
            SELECT %(rule)s, cases.id, COALESCE(leader.id, %(user)s)
              FROM collection_case cases
         LEFT JOIN collection_team team ON team.id = %(team)s
         LEFT JOIN res_users leader ON leader.id = team.leader_id AND leader.active
             WHERE cases.state = 'open' AND cases.company_id = %(company)s
               AND %(conditions)s
            """,
            rule=rule.id,
            user=rule.user_id.id or None,
            team=self._get_team_sql(),
            company=scope.company.id,
            conditions=SQL(" AND ").join(conditions),
        )

    def _get_escalation_conditions(self, rule, scope):
        """Return what has to hold: SQL conditions over ``cases`` and its ``team``."""
        conditions = []
        if rule.team_id:
            conditions.append(SQL("team.id = %s", rule.team_id.id))
        if rule.amount_above:
            conditions.append(SQL("cases.amount_overdue > %s", rule.amount_above))
        if rule.stage_id:
            conditions.append(self._get_stage_reached_sql(rule.stage_id))
        if rule.broken_count:
            conditions.append(
                SQL("%s >= %s", self._get_broken_promises_sql(), rule.broken_count)
            )
        if rule.idle_days:
            conditions.append(
                SQL(
                    "%s <= %s::date - %s::integer",
                    self._get_progress_sql(),
                    scope.date,
                    rule.idle_days,
                )
            )
        return conditions

    def _get_team_sql(self):
        """Return the SQL of the first team of a case's collector, over ``cases``."""
        return SQL(
            """
            (SELECT team.id
               FROM collection_team team
               JOIN collection_team_member member ON member.team_id = team.id
              WHERE member.user_id = cases.agent_id
                AND team.company_id = cases.company_id AND team.active
              ORDER BY team.sequence, team.id
              LIMIT 1)
            """
        )

    def _get_stage_reached_sql(self, stage):
        """Return the SQL condition that a case has come as far as a stage."""
        return SQL(
            """
            EXISTS (
                SELECT 1 FROM collection_stage reached, collection_stage stage
                 WHERE reached.id = cases.stage_id AND stage.id = %(stage)s
                   AND reached.strategy_id = stage.strategy_id
                   AND %(place_reached)s >= %(place)s
            )
            """,
            stage=stage.id,
            place_reached=stage._get_place_sql("reached"),
            place=stage._get_place_sql("stage"),
        )

    def _get_broken_promises_sql(self):
        """Return the SQL of how many promises were broken, over ``cases``."""
        if "broken_promise_count" not in self.env["collection.case"]._fields:
            return SQL("0")
        return SQL("COALESCE(cases.broken_promise_count, 0)")

    def _get_progress_sql(self):
        """Return the SQL of the day of the last progress, over ``cases``.

        Something was paid or settled, the debtor answered, or somebody talked with
        them. A reminder that went out is none.
        """
        return SQL(
            """
            GREATEST(
                cases.date_opened,
                (SELECT MAX(GREATEST(item.date_closed, partial.max_date))
                   FROM collection_item item
              LEFT JOIN account_partial_reconcile partial
                     ON partial.debit_move_id = item.move_line_id
                  WHERE item.case_id = cases.id),
                (SELECT MAX(GREATEST(
                            contact.date_replied::date,
                            CASE WHEN contact.outcome IN ('reached', 'talk')
                                 THEN contact.date_done END))
                   FROM collection_contact contact
                  WHERE contact.case_id = cases.id)
            )
            """
        )
