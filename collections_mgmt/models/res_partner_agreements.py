"""What is agreed with a debtor, on the partner."""

from odoo import fields, models

from .res_partner import COLLECTION_GROUPS


class ResPartner(models.Model):
    _inherit = "res.partner"

    collection_promise_ids = fields.One2many(
        "collection.promise",
        "partner_id",
        string="Promises",
        readonly=True,
        copy=False,
        groups=COLLECTION_GROUPS,
    )
    collection_dispute_ids = fields.One2many(
        "collection.dispute",
        "partner_id",
        string="Disputes",
        readonly=True,
        copy=False,
        groups=COLLECTION_GROUPS,
    )
