from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_address_conditions(self):
        # EXTENDS 'collections_mgmt': who has a number to which texts are delivered; one
        # that took a text again, from a person, is used again
        return super()._get_address_conditions() | {
            "sms": SQL(
                """
                person.phone_sanitized IS NOT NULL
                AND NOT EXISTS (
                    SELECT 1 FROM collection_contact bounced
                     WHERE bounced.address_partner_id = person.id
                       AND bounced.is_bounced AND bounced.channel = 'sms'
                       AND bounced.address = person.phone_sanitized
                       AND NOT EXISTS (
                           SELECT 1 FROM collection_contact later
                            WHERE later.case_id = bounced.case_id
                              AND later.id > bounced.id AND later.channel = 'sms'
                              AND later.address = bounced.address
                              AND later.date_delivered IS NOT NULL
                       )
                )
                """
            )
        }
