from odoo import api, models


class CollectionRootMixin(models.AbstractModel):
    """Records of a whole company: what is entered for a branch is kept for its root.

    The gate asks for the root company, whose cases span all branches. What stood at a
    branch would be ignored there, and nobody would know.
    """

    _name = "collection.root.mixin"
    _description = "Holds for a Company with Its Branches"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._move_to_root()
        return records

    def write(self, vals):
        result = super().write(vals)
        if vals.get("company_id"):
            self._move_to_root()
        return result

    def _move_to_root(self):
        # In sudo: who may enter something need not be allowed to change it.
        of_branches = self.sudo().filtered("company_id.parent_id")
        for root, records in of_branches.grouped(
            lambda record: record.company_id.root_id
        ).items():
            records.company_id = root
