from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    collection_letters_by_snailmail = fields.Boolean(
        string="Letters by Snailmail",
        help="Letters of collection runs are printed and posted by Odoo's Snailmail "
        "service, which charges credits. Off: they wait to be printed here.",
    )
