"""The engine's third phase: the steps of the due stage become contacts."""

from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

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
                   AND (step.channel = 'task' OR step.fallback_channel IS NOT NULL
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
