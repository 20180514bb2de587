from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    collection_letters_by_snailmail = fields.Boolean(
        related="company_id.root_id.collection_letters_by_snailmail", readonly=False
    )
