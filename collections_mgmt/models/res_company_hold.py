"""For how long a company lets its collectors hold something."""

from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    collection_hold_max_days = fields.Integer(
        string="Days of a Hold",
        default=30,
        help="For how many days a collector may hold an item; 0: as long as wanted. "
        "More needs a manager.",
    )
    collection_announce_link = fields.Boolean(
        string="“Already Paid” Link in E-mails",
        default=True,
        help="Debtors say on a page that they have paid, with a receipt: it is held "
        "once, for the usual days of the reason, and stands in Payments to Verify.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    collection_hold_max_days = fields.Integer(
        related="company_id.root_id.collection_hold_max_days", readonly=False
    )
    collection_announce_link = fields.Boolean(
        related="company_id.root_id.collection_announce_link", readonly=False
    )
