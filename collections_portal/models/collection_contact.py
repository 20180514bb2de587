from odoo import models


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _get_debtor_url(self):
        # OVERRIDE 'collections_mgmt': the account statement shows all that is open
        return "/my/collections"
