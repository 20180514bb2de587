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
                UPDATE collection_case cases SET decision = 'review'
                 WHERE cases.decision = 'send' AND EXISTS (
                       SELECT 1 FROM collection_contact contact
                        WHERE contact.case_id = cases.id AND contact.run_id = %s
                          AND contact.state = 'review'
                 )
                RETURNING cases.id
                """,
                run.id,
            )
        )
        self.env.invalidate_all(flush=False)
        return count
