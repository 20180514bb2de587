"""What messages are about: all of a debtor, one branch or one invoice.

Decisions and messages look at the same subjects: a case is to be contacted if anything
can be said about one of them.
"""

from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_leading_strategy_sql(self):
        """Return the SQL expression of the strategy that leads a ``cases`` row.

        It gives minimum amount, days between contacts and grouping: the debtor's. For
        a debtor without any, it is the first of those that its open items have.
        """
        return SQL(
            """
            COALESCE(cases.strategy_id, (
                SELECT own.id
                  FROM collection_item owed
                  JOIN collection_strategy own ON own.id = owed.strategy_id
                 WHERE owed.case_id = cases.id AND owed.state = 'open'
                 ORDER BY own.sequence, own.id LIMIT 1
            ))
            """
        )

    def _get_leaders_sql(self, scope):
        """Return a SELECT of the open cases with what their strategy says of each."""
        return SQL(
            """
            SELECT cases.id AS case_id, strategy.id AS strategy_id, strategy.grouping,
                   strategy.minimum_amount, strategy.minimum_gap_days
              FROM collection_case cases
              JOIN collection_strategy strategy ON strategy.id = %(leading)s
             WHERE cases.company_id = %(company)s AND cases.state = 'open'
               AND %(in_scope)s
            """,
            leading=self._get_leading_strategy_sql(),
            company=scope.company.id,
            in_scope=scope.has("cases.partner_id"),
        )

    def _get_subjects_sql(self):
        """Return a SELECT of what messages are about, with the stage due for each.

        That is the highest due stage of its items, and a step some days into a stage
        only if nothing else is due. Over ``item_fact`` and ``leader``.
        """
        return SQL(
            """
            SELECT fact.case_id, fact.partner_id, fact.move_id, fact.branch_id,
                   fact.is_late_step, stage.id AS due_stage_id, stage.days AS due_days,
                   stage.rank AS due_rank
              FROM (
                SELECT item.case_id, item.partner_id,
                       CASE leader.grouping WHEN 'invoice' THEN item.move_id END
                           AS move_id,
                       -- Looked up where it matters: hardly anybody has branches.
                       CASE leader.grouping WHEN 'branch' THEN (
                            SELECT company_id FROM account_move WHERE id = item.move_id
                       ) END AS branch_id,
                       BOOL_AND(item.is_late_step) AS is_late_step,
                       COALESCE(MAX(item.due_rank) FILTER (WHERE NOT item.is_late_step),
                                MAX(item.due_rank)) AS rank
                  FROM item_fact item
                  JOIN leader ON leader.case_id = item.case_id
                 WHERE item.due_rank IS NOT NULL
                 GROUP BY 1, 2, 3, 4
              ) fact
              JOIN stage ON stage.rank = fact.rank
            """
        )

    def _get_case_dues_sql(self, scope):
        """Return a SELECT of the stage that is due for each case, if any.

        Of its subjects the one that can be told comes first, then one with a step that
        applies, then the highest stage. A reminder that reaches nobody is left out;
        dunning is not. Nor does a late step that does not apply stop what else there is
        to say.
        """
        return SQL(
            """
            SELECT DISTINCT ON (case_id) case_id, due_stage_id AS stage_id,
                   has_step, is_reachable
              FROM (
                SELECT case_id, due_stage_id, due_days, due_rank, is_late_step,
                       TRUE AS has_step, channel IS NOT NULL AS is_reachable
                  FROM (%(due_steps)s) due_step
                 UNION ALL
                SELECT case_id, due_stage_id, due_days, due_rank, is_late_step,
                       FALSE, FALSE
                  FROM subject
              ) due
             WHERE is_reachable OR due_days >= 0 AND NOT is_late_step
             ORDER BY case_id, is_reachable DESC, has_step DESC, is_late_step,
                      due_rank DESC
            """,
            due_steps=self._get_due_steps_sql(scope),
        )
