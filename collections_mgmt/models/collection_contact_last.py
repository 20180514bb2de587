"""When a debtor last heard from us: what counts as that, and what takes it back."""

from odoo import api, models
from odoo.tools import SQL


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _counts_as_contact(self):
        """Return whether the debtor heard from us by this contact once it was made.

        A task reached nobody yet, nor did a call without an answer; thanks are no
        reason to wait with what falls due next.
        """
        self.ensure_one()
        return (
            self.channel != "task"
            and self.outcome != "attempted"
            and not self._is_thanks()
        )

    @api.model
    def _get_counted_sql(self, contact):
        """Return the condition of ``_counts_as_contact`` in SQL.

        :param str contact: the alias of collection_contact
        """
        return SQL(
            """
            (%(channel)s <> 'task' AND %(outcome)s IS DISTINCT FROM 'attempted'
             AND NOT (%(is_thanks)s))
            """,
            channel=SQL.identifier(contact, "channel"),
            outcome=SQL.identifier(contact, "outcome"),
            is_thanks=self._get_thanks_sql(contact),
        )

    def _take_back_last_contact(self):
        """Give the debtors' cases the date of the last message that really went out.

        A case inherits the date of the debtor's earlier ones, never of later ones.
        """
        if not self:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE collection_case cases
                   SET date_last_contact = (
                       SELECT MAX(contact.date_done)
                         FROM collection_contact contact
                        WHERE contact.partner_id = cases.partner_id
                          AND contact.company_id = cases.company_id
                          AND contact.case_id <= cases.id
                          AND contact.state = 'sent' AND %(counts)s
                   )
                 WHERE (cases.partner_id, cases.company_id) IN (
                       SELECT partner_id, company_id FROM collection_contact
                        WHERE id IN %(contacts)s
                 )
                """,
                counts=self._get_counted_sql("contact"),
                contacts=tuple(self.ids),
            )
        )
        self.env["collection.case"].invalidate_model(["date_last_contact"])
