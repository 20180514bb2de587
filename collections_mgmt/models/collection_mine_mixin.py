from odoo import api, fields, models
from odoo.fields import Domain


class CollectionMineMixin(models.AbstractModel):
    """Records that are the work of one person, or of who stands in for them today.

    Every list and filter that says "my" asks ``is_mine``.
    """

    _name = "collection.mine.mixin"
    _description = "Is the Work of Somebody"

    # The field that says whose work it is.
    _mine_field = "user_id"

    is_mine = fields.Boolean(
        string="Mine", compute="_compute_is_mine", search="_search_is_mine"
    )

    @api.depends(lambda self: [self._mine_field])
    @api.depends_context("uid")
    def _compute_is_mine(self):
        mine_ids = self.env.user._get_mine_ids()
        for record in self:
            record.is_mine = record[self._mine_field].id in mine_ids

    def _search_is_mine(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain(self._mine_field, "in", self.env.user._get_mine_ids())
