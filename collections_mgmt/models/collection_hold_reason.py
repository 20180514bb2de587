from odoo import fields, models


class CollectionHoldReason(models.Model):
    _name = "collection.hold.reason"
    _description = "Reason of a Hold"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    days = fields.Integer(
        string="Usual Days",
        default=10,
        help="For how many days something is held if nobody says otherwise; 0: until "
        "somebody says.",
    )
    is_payment_announced = fields.Boolean(
        string="Payment Announced",
        help="The debtor says it is paid: amount, day and receipts are asked for, and "
        "the collector gets a task if the money does not come.",
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        domain=[("parent_id", "=", False)],
        help="Empty: for every company.",
    )

    _check_days = models.Constraint(
        "CHECK (days BETWEEN 0 AND 3650)",
        "A hold lasts 0 to 3650 days: correct the days of the reason.",
    )
