from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_address_conditions(self):
        # EXTENDS 'collections_mgmt': who has a number
        return super()._get_address_conditions() | {
            "sms": SQL("person.phone_sanitized IS NOT NULL")
        }
