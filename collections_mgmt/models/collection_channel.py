from odoo import fields, models


class CollectionChannel(models.Model):
    _name = "collection.channel"
    _description = "Way of Contacting a Debtor"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, readonly=True)

    parent_id = fields.Many2one(
        "collection.channel",
        string="Counts as",
        index="btree_not_null",
        help="Rules, stops and refusals about that channel hold for this one as well.",
    )
    child_ids = fields.One2many("collection.channel", "parent_id")

    _unique_code = models.UniqueIndex("(code)", "This channel exists already.")

    def _get_codes(self):
        """Return the codes of these channels and of those that count as one of them."""
        return frozenset((self | self.child_ids).mapped("code"))
