from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_address_sql(self, channel, debtor):
        # EXTENDS 'collections_mgmt': who has a number, the collections contact first
        return SQL(
            """
            CASE %(channel)s WHEN 'sms' THEN (
                SELECT person.id FROM res_partner person, res_partner debtor
                 WHERE debtor.id = %(debtor)s
                   AND person.commercial_partner_id = debtor.id
                   AND person.active AND person.phone_sanitized IS NOT NULL
                   AND person.id IN (debtor.id, debtor.collection_contact_id)
                 ORDER BY person.id = debtor.collection_contact_id DESC NULLS LAST
                 LIMIT 1
            ) ELSE %(other)s END
            """,
            channel=channel,
            debtor=debtor,
            other=super()._get_address_sql(channel, debtor),
        )
