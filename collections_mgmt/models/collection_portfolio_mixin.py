from odoo import api, models


class CollectionPortfolioMixin(models.AbstractModel):
    """Records that say who sees whose cases: a change counts at once, everywhere."""

    _name = "collection.portfolio.mixin"
    _description = "Says Who Sees Which Cases"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
