"""The engine's third phase: the steps of the due stage become contacts."""

from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _plan_contacts(self, scope, run):
        """Plan the contacts of each case to contact: one per message and step.

        In the company's test mode they are kept as tests, in place of those before.

        :param collection.run run: the run they belong to
        :return: the number of contacts
        """
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                DELETE FROM collection_contact contact
                 WHERE contact.state = 'test' AND contact.company_id = %s AND %s
                RETURNING contact.id
                """,
                scope.company.id,
                scope.has("contact.partner_id"),
            )
        )
        [[count]] = self.env.execute_query(self._get_insert_contacts_sql(scope, run))
        self._analyze(count, "collection_contact", "collection_contact_line")
        self.env.invalidate_all(flush=False)
        return count

    def _get_insert_contacts_sql(self, scope, run):
        """Return the statement that inserts contacts and the items each names.

        A message is about all of a debtor, one branch or one invoice, as the strategy
        says, and worded by its highest stage.
        """
        return SQL(
            """
            WITH %(stages)s,
            item_fact AS MATERIALIZED (%(items)s),
            subject AS MATERIALIZED (%(subjects)s),
            new_contact AS (%(contacts)s),
            new_line AS (%(lines)s)
            SELECT COUNT(*) FROM new_contact
            """,
            stages=self._get_stage_ctes_sql(scope),
            items=self._get_item_facts_sql(scope),
            subjects=self._get_subjects_sql(scope),
            contacts=self._get_new_contacts_sql(scope, run),
            lines=self._get_new_lines_sql(scope),
        )

    def _get_subjects_sql(self, scope):
        """Return a SELECT of what the messages are about, with the stage of each."""
        return SQL(
            """
            SELECT cases.id AS case_id, cases.partner_id, fact.group_move_id,
                   fact.group_branch_id, BOOL_AND(fact.is_late_step) AS is_late_step,
                   (ARRAY_AGG(fact.due_stage_id
                              ORDER BY fact.is_late_step, fact.due_rank DESC))[1]
                       AS stage_id
              FROM collection_case cases
              JOIN collection_strategy strategy ON strategy.id = cases.strategy_id
              JOIN LATERAL (
                SELECT item_fact.*,
                       CASE strategy.grouping WHEN 'invoice' THEN move.id END
                           AS group_move_id,
                       CASE strategy.grouping WHEN 'branch' THEN move.company_id END
                           AS group_branch_id
                  FROM item_fact
                  JOIN account_move move ON move.id = item_fact.move_id
              ) fact ON fact.case_id = cases.id
             WHERE cases.company_id = %s AND cases.state = 'open'
               AND cases.decision = 'send' AND fact.due_stage_id IS NOT NULL
             GROUP BY cases.id, fact.group_move_id, fact.group_branch_id
            """,
            scope.company.id,
        )

    def _get_new_contacts_sql(self, scope, run):
        channel = self._get_step_channel_sql(SQL("cases.partner_id"))
        return SQL(
            """
            INSERT INTO collection_contact (
                run_id, case_id, partner_id, company_id, move_id, branch_id,
                stage_id, step_id, channel, address_partner_id, state, date_planned,
                create_uid, create_date, write_uid, write_date
            )
            SELECT %(run)s, cases.id, cases.partner_id, cases.company_id,
                   subject.group_move_id, subject.group_branch_id,
                   step.stage_id, step.id, reach.channel, %(address)s,
                   CASE WHEN %(is_test)s THEN 'test'
                        WHEN stage.needs_approval AND reach.channel <> 'task'
                             THEN 'review'
                        ELSE 'planned' END,
                   %(date)s,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM subject
              JOIN collection_case cases ON cases.id = subject.case_id
              JOIN collection_stage stage ON stage.id = subject.stage_id
              JOIN collection_step step
                ON step.stage_id = subject.stage_id
               AND (step.delay_days > 0) = subject.is_late_step
         LEFT JOIN LATERAL (%(last_contact)s) last_contact ON TRUE
        CROSS JOIN LATERAL (
                -- Worked out once (OFFSET), not again wherever it is used.
                SELECT %(channel)s AS channel OFFSET 0
              ) reach
             WHERE reach.channel IS NOT NULL AND %(condition)s
               AND (NOT subject.is_late_step OR EXISTS (%(late_items)s))
             ORDER BY cases.id, step.sequence, step.id
            RETURNING id, case_id, stage_id, step_id, move_id, branch_id, state
            """,
            run=run.id,
            is_test=scope.company.collection_test_mode,
            date=scope.date,
            uid=self.env.uid,
            channel=channel,
            address=self._get_address_sql(
                SQL("reach.channel"), SQL("cases.partner_id")
            ),
            last_contact=self._get_last_contact_sql(),
            condition=self._get_step_condition_sql(),
            late_items=self._get_late_items_sql(scope),
        )

    def _get_late_items_sql(self, scope):
        """Return a SELECT of the items of ``subject`` for which a late step is due."""
        return SQL(
            """
            SELECT 1 FROM late_step, collection_item item
             WHERE late_step.id = step.id AND item.case_id = subject.case_id
               AND item.state = 'open' AND item.stage_id = step.stage_id
               AND (subject.group_move_id IS NULL
                    OR item.move_id = subject.group_move_id)
               AND (subject.group_branch_id IS NULL
                    OR subject.group_branch_id = (
                        SELECT company_id FROM account_move WHERE id = item.move_id))
               AND %s
            """,
            self._get_late_step_condition_sql(scope),
        )

    def _get_new_lines_sql(self, scope):
        """List on each contact what the debtor owes, and which items climb by it.

        A dunning message lists everything that fell due; a reminder what is about to.
        What is promised, contested or a small difference is not asked for. A test
        counts for nothing.
        """
        return SQL(
            """
            INSERT INTO collection_contact_line (
                contact_id, item_id, stage_id, step_id, is_counted,
                amount_residual, amount_residual_currency
            )
            SELECT contact.id, item.id, told.stage_id, contact.step_id,
                   told.stage_id IS NOT NULL AND contact.state <> 'test',
                   item.amount_residual, item.amount_residual_currency
              FROM new_contact contact
              JOIN collection_stage stage ON stage.id = contact.stage_id
              JOIN collection_step step ON step.id = contact.step_id
              JOIN item_fact fact ON fact.case_id = contact.case_id
               AND (contact.move_id IS NULL OR fact.move_id = contact.move_id)
               AND (contact.branch_id IS NULL OR contact.branch_id = (
                    SELECT company_id FROM account_move WHERE id = fact.move_id))
              JOIN collection_item item ON item.id = fact.id
         LEFT JOIN collection_strategy strategy ON strategy.id = item.strategy_id
         LEFT JOIN late_step ON late_step.id = step.id
        CROSS JOIN LATERAL (
                SELECT CASE WHEN fact.is_late_step = (step.delay_days > 0)
                             AND (step.delay_days = 0
                                  OR fact.due_stage_id = step.stage_id
                                     AND %(late_step_is_due)s)
                            THEN fact.due_stage_id END AS stage_id
              ) told
             WHERE CASE WHEN stage.days < 0 THEN told.stage_id IS NOT NULL
                        ELSE item.date_due <= %(date)s
                             OR told.stage_id IS NOT NULL END
               AND fact.amount_residual - fact.amount_promised - fact.amount_disputed
                   > COALESCE(strategy.tolerance_amount, 0)
            RETURNING id
            """,
            late_step_is_due=self._get_late_step_condition_sql(scope),
            date=scope.date,
        )

    def _get_address_sql(self, channel, debtor):
        """Return the SQL expression of the partner who receives a channel's messages.

        The debtor's collections contact comes first, then the invoice address, then
        the debtor; the first of them with an address wins, NULL when nobody has one.
        An address from which a message came back counts as none. Modules that add a
        channel wrap this expression.

        :param SQL channel: expression of the channel's code
        :param SQL debtor: expression of the commercial partner's id
        """
        return SQL(
            """
            CASE WHEN %(channel)s IN ('email', 'letter') THEN (
                SELECT person.id FROM res_partner person, res_partner debtor
                 WHERE debtor.id = %(debtor)s
                   AND person.commercial_partner_id = debtor.id
                   AND person.active
                   AND (person.id IN (debtor.id, debtor.collection_contact_id)
                        OR person.type = 'invoice')
                   AND CASE %(channel)s
                       WHEN 'email' THEN person.email_normalized IS NOT NULL
                            AND NOT EXISTS (
                                SELECT 1 FROM collection_contact bounced
                                 WHERE bounced.address_partner_id = person.id
                                   AND bounced.is_bounced AND bounced.channel = 'email'
                                   AND bounced.address = person.email_normalized
                            )
                       ELSE person.street IS NOT NULL AND person.city IS NOT NULL END
                 ORDER BY person.id = debtor.collection_contact_id DESC NULLS LAST,
                          (person.id <> debtor.id) DESC, person.id
                 LIMIT 1
            ) END
            """,
            channel=channel,
            debtor=debtor,
        )
