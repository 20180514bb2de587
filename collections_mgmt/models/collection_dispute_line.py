"""Which items a debtor contests, and how much of each."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import OPEN_DISPUTES


class CollectionDisputeLine(models.Model):
    _name = "collection.dispute.line"
    _inherit = "collection.agreement.detail"
    _agreement = "dispute_id"
    _description = "Item of a Dispute"
    _order = "dispute_id, id"

    dispute_id = fields.Many2one(
        "collection.dispute", required=True, index=True, ondelete="cascade"
    )
    case_id = fields.Many2one(related="dispute_id.case_id")
    item_id = fields.Many2one(
        "collection.item", required=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="item_id.currency_id")
    date_due = fields.Date(related="item_id.date_due")
    amount_residual = fields.Monetary(related="item_id.amount_residual_currency")
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )

    _unique_item = models.UniqueIndex(
        "(dispute_id, item_id)", "The item stands in the dispute already."
    )
    _positive_amount = models.Constraint(
        "CHECK (amount > 0)", "The part of an item that is disputed is more than zero."
    )

    @api.depends("item_id")
    def _compute_amount(self):
        for line in self:
            line.amount = line.amount or line.item_id._get_free_to_dispute(line)

    def _get_company_amount(self):
        """Return the amount in company currency, by the item's own open amounts."""
        item = self.item_id
        if not item.amount_residual_currency:
            return 0.0
        return self.amount * item.amount_residual / item.amount_residual_currency

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: closed disputes stay as they were closed
        lines = super().create(vals_list)
        lines.dispute_id._check_is_open()
        return lines

    def write(self, vals):
        # EXTENDS: as for a new one
        self.dispute_id._check_is_open()
        result = super().write(vals)
        self.dispute_id._note_debtors()
        return result

    def unlink(self):
        # EXTENDS: as for a new one
        self.dispute_id._check_is_open()
        self.dispute_id._note_debtors()
        return super().unlink()

    @api.constrains("item_id", "amount")
    def _check_amount(self):
        for line in self:
            item = line.item_id
            if item.case_id != line.case_id or item.state != "open":
                raise ValidationError(
                    self.env._(
                        "%(item)s is not open in this case any more: take it out of "
                        "the dispute.",
                        item=item.display_name,
                    )
                )
            free = item._get_free_to_dispute(line)
            if line.currency_id.compare_amounts(line.amount, free) > 0:
                raise ValidationError(
                    self.env._(
                        "Only %(free)s of %(item)s can be disputed: the rest is paid "
                        "or disputed already. Lower the amount.",
                        free=line.currency_id.format(free),
                        item=item.display_name,
                    )
                )


class CollectionItem(models.Model):
    _inherit = "collection.item"

    def _get_free_to_dispute(self, besides):
        """Return what of the item is open and not disputed, in its own currency.

        :param besides: a dispute line that is left out
        """
        self.ensure_one()
        # In sudo: a dispute counts whoever may see it.
        others = (
            self.env["collection.dispute.line"]
            .sudo()
            .search(
                [
                    ("item_id", "=", self._origin.id),
                    ("dispute_id.state", "in", OPEN_DISPUTES),
                    ("id", "not in", besides._origin.ids),
                ]
            )
        )
        return max(0.0, self.amount_residual_currency - sum(others.mapped("amount")))
