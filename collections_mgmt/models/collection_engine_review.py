from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _plan_contacts(self, scope, run):
        # EXTENDS: a case whose message waits for approval says so from the first day
        count = super()._plan_contacts(scope, run)
        self.env.execute_query(
            SQL(
                """
                WITH changed AS (
                    UPDATE collection_case cases
                       SET decision = 'review',
                           decision_date = GREATEST(cases.decision_date, %(date)s)
                     WHERE cases.decision = 'send' AND EXISTS (
                           SELECT 1 FROM collection_contact contact
                            WHERE contact.case_id = cases.id
                              AND contact.run_id = %(run)s
                              AND contact.state = 'review'
                     )
                    RETURNING cases.id, cases.decision_date
                )
                %(keep)s RETURNING id
                """,
                run=run.id,
                date=scope.date,
                keep=self.env["collection.case.decision"]._get_keep_sql(),
            )
        )
        self.env.invalidate_all(flush=False)
        return count
