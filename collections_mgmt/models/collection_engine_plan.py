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

        A message is about a subject of ``_get_subjects_sql`` and worded by its highest
        stage.
        """
        return SQL(
            """
            WITH %(stages)s,
            leader AS MATERIALIZED (%(leaders)s),
            item_fact AS MATERIALIZED (%(items)s),
            subject AS MATERIALIZED (%(subjects)s),
            address AS MATERIALIZED (%(addresses)s),
            new_contact AS (%(contacts)s),
            new_line AS (%(lines)s)
            SELECT COUNT(*) FROM new_contact
            """,
            stages=self._get_stage_ctes_sql(),
            leaders=self._get_leaders_sql(scope),
            addresses=self._get_addresses_sql(
                SQL("SELECT DISTINCT partner_id FROM subject")
            ),
            items=self._get_item_facts_sql(scope, SQL("cases.decision = 'send'")),
            subjects=self._get_subjects_sql(),
            contacts=self._get_new_contacts_sql(scope, run),
            lines=self._get_new_lines_sql(scope),
        )

    def _get_new_contacts_sql(self, scope, run):
        return SQL(
            """
            INSERT INTO collection_contact (
                run_id, case_id, partner_id, company_id, move_id, branch_id,
                stage_id, step_id, channel, address_partner_id, state, date_planned,
                create_uid, create_date, write_uid, write_date
            )
            SELECT %(run)s, subject.case_id, subject.partner_id, %(company)s,
                   subject.move_id, subject.branch_id, subject.due_stage_id,
                   subject.step_id, subject.channel, subject.address_partner_id,
                   CASE WHEN %(is_test)s THEN 'test'
                        WHEN stage.needs_approval AND subject.channel <> 'task'
                             THEN 'review'
                        ELSE 'planned' END,
                   %(date)s,
                   %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
              FROM (%(due_steps)s) subject
              JOIN collection_stage stage ON stage.id = subject.due_stage_id
             WHERE subject.channel IS NOT NULL
             ORDER BY subject.case_id, subject.step_sequence, subject.step_id
            RETURNING id, case_id, stage_id, step_id, move_id, branch_id, state
            """,
            run=run.id,
            company=scope.company.id,
            is_test=scope.company.collection_test_mode,
            date=scope.date,
            uid=self.env.uid,
            due_steps=self._get_due_steps_sql(scope),
        )

    def _get_new_lines_sql(self, scope):
        """List on each contact what the debtor owes, and which items climb by it.

        A dunning message lists everything that fell due; a reminder what is about to.
        What is promised, contested, held or a small difference is not asked for, nor
        what no strategy is about. A test counts for nothing.
        """
        amounts = self._get_told_amounts_sql()
        return SQL(
            """
            INSERT INTO collection_contact_line (
                contact_id, item_id, stage_id, step_id, is_counted,
                %(amounts)s
            )
            SELECT contact.id, item.id, told.stage_id, contact.step_id,
                   told.stage_id IS NOT NULL AND contact.state <> 'test',
                   %(amounts_now)s
              FROM new_contact contact
              JOIN collection_stage stage ON stage.id = contact.stage_id
              JOIN collection_step step ON step.id = contact.step_id
              JOIN item_fact fact ON fact.case_id = contact.case_id
               AND (contact.move_id IS NULL OR fact.move_id = contact.move_id)
               AND (contact.branch_id IS NULL OR contact.branch_id = (
                    SELECT company_id FROM account_move WHERE id = fact.move_id))
              JOIN collection_item item ON item.id = fact.id
         LEFT JOIN late_step ON late_step.id = step.id
        CROSS JOIN LATERAL (
                SELECT CASE WHEN fact.is_late_step = (step.delay_days > 0)
                             AND (step.delay_days = 0
                                  OR fact.due_stage_id = step.stage_id
                                     AND %(late_step_is_due)s)
                            THEN fact.due_stage_id END AS stage_id
              ) told
             WHERE CASE WHEN stage.days < 0 THEN told.stage_id IS NOT NULL
                        ELSE item.date_due <= %(date)s END
               AND fact.strategy_id IS NOT NULL
               AND fact.amount_residual - fact.amount_promised - fact.amount_disputed
                   - fact.amount_held
                   > fact.tolerance_amount
            RETURNING id
            """,
            amounts=SQL(", ").join(map(SQL.identifier, amounts)),
            amounts_now=SQL(", ").join(amounts.values()),
            late_step_is_due=self._get_late_step_condition_sql(scope),
            date=scope.date,
        )

    def _get_told_amounts_sql(self):
        """Return {column of collection.contact.line: what it is now, over ``item``}."""
        return {
            "amount_residual": SQL("item.amount_residual"),
            "amount_residual_currency": SQL("item.amount_residual_currency"),
            "amount_agreed": self._get_agreed_sql(),
            "amount_agreed_currency": SQL("COALESCE(item.amount_agreed_currency, 0)"),
            "amount_credit": SQL("COALESCE(item.amount_credit, 0)"),
        }
