from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    collection_strategy_id = fields.Many2one(
        "collection.strategy",
        string="Default Collection Strategy",
        check_company=False,
        help="For debtors without a strategy of their own; empty: not followed.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'base'
        companies = super().create(vals_list)
        companies._collection_set_default_strategy()
        return companies

    def _collection_set_default_strategy(self):
        """Fill an empty default with the strategy shipped with the suite."""
        strategy = self.env.ref(
            "collections_mgmt.collection_strategy_default", raise_if_not_found=False
        )
        if strategy:
            self.filtered(
                lambda company: (
                    not company.parent_id and not company.collection_strategy_id
                )
            ).collection_strategy_id = strategy
