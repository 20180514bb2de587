from odoo import fields, models


class CollectionHoliday(models.Model):
    _name = "collection.holiday"
    _inherit = "collection.root.mixin"
    _description = "Day of the Contact Calendar"
    _order = "date desc, id desc"

    name = fields.Char(required=True, translate=True)
    date = fields.Date(required=True, index=True)
    kind = fields.Selection(
        [("holiday", "Holiday"), ("working", "Working day after all")],
        required=True,
        default="holiday",
        help="A working day takes back a holiday that the public calendar names.",
    )
    country_id = fields.Many2one(
        "res.country", help="Where the debtors live. Empty: everywhere."
    )
    state_ids = fields.Many2many(
        "res.country.state",
        string="States",
        domain="[('country_id', '=', country_id)]",
        help="Empty: the whole country.",
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        domain=[("parent_id", "=", False)],
        help="With all its branches. Empty: for every company.",
    )
