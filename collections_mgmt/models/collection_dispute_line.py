"""Which items a debtor contests, and how much of each."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..const import OPEN_DISPUTES
from .client_context import without_defaults

# What nobody enters: it follows from the item and the ledger.
DERIVED_FIELDS = frozenset(
    {
        *("move_id", "item_name", "currency_id", "amount_company"),
        *("amount_credited", "settled_before"),
    }
)


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
    item_id = fields.Many2one("collection.item", index=True, ondelete="set null")
    # Kept when the journal item is gone: the invoice went back to draft and changed.
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        compute="_compute_from_item",
        store=True,
        precompute=True,
        index="btree_not_null",
        ondelete="set null",
    )
    item_name = fields.Char(
        string="Was", compute="_compute_from_item", store=True, precompute=True
    )
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_from_item", store=True, precompute=True
    )
    date_due = fields.Date(related="item_id.date_due")
    amount_residual = fields.Monetary(related="item_id.amount_residual_currency")
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    company_currency_id = fields.Many2one(
        related="dispute_id.currency_id", string="Company Currency"
    )
    amount_company = fields.Monetary(
        string="Amount (Company Currency)",
        currency_field="company_currency_id",
        compute="_compute_amount_company",
        store=True,
        help="By the open amounts of the item.",
    )
    amount_credited = fields.Monetary(
        string="Credited",
        readonly=True,
        help="What credit notes took off the item since the dispute was opened; "
        "counted when it is accepted.",
    )
    settled_before = fields.Json(
        readonly=True,
        help="What each credit note had taken off the item when the dispute was "
        "opened, in units of the currency's rounding, by the id of its journal item.",
    )

    _unique_item = models.UniqueIndex(
        "(dispute_id, item_id)", "The item stands in the dispute already."
    )
    _positive_amount = models.Constraint(
        "CHECK (amount > 0)", "The part of an item that is disputed is more than zero."
    )
    _of_lost_item = models.Index("(move_id) WHERE item_id IS NULL")

    @api.depends("item_id")
    def _compute_from_item(self):
        for line in self:
            item = line.item_id
            line.move_id = item.move_id or line.move_id
            line.item_name = item.display_name or line.item_name
            line.currency_id = item.currency_id or line.currency_id

    @api.depends("item_id")
    def _compute_amount(self):
        for line in self:
            item = line.item_id
            free = item._get_free_to_dispute(line) if item else 0.0
            line.amount = line.amount or free

    @api.depends("item_id", "amount")
    def _compute_amount_company(self):
        for line in self:
            item = line.item_id
            amount = line.amount_company
            if item.amount_residual_currency:
                rate = item.amount_residual / item.amount_residual_currency
                amount = line.amount * rate
            line.amount_company = amount

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: closed disputes stay as they were closed
        for vals in vals_list:
            self._check_may_set(vals)
        cleaned = without_defaults(self, DERIVED_FIELDS)
        lines = super(CollectionDisputeLine, cleaned).create(vals_list)
        lines.dispute_id._check_is_open()
        lines._keep_settled_before()
        return lines

    def write(self, vals):
        # EXTENDS: as for a new one
        self._check_may_set(vals)
        self.dispute_id._check_is_open()
        result = super().write(vals)
        if "item_id" in vals:
            self._keep_settled_before()
        self.dispute_id._note_debtors()
        return result

    def unlink(self):
        # EXTENDS: as for a new one
        disputes = self.dispute_id
        disputes._check_is_open()
        disputes._note_debtors()
        # At the end: whoever replaces all lines deletes the old ones first.
        self.env.cr.precommit.add(disputes.sudo()._check_has_lines)
        return super().unlink()

    def _check_may_set(self, vals):
        if not self.env.su and DERIVED_FIELDS & vals.keys():
            raise UserError(
                self.env._("What was credited of a dispute follows from the ledger.")
            )

    def _keep_settled_before(self):
        """Keep what is credited of the items already: it is not for this dispute."""
        self.env.flush_all()
        before = defaultdict(dict)
        # In sudo: the ledger counts whoever may see it, and nobody else writes this.
        for refund in (
            self.env["collection.engine"].sudo()._get_refunds(self.sudo().item_id.ids)
        ):
            before[refund.item][refund.credit] = refund.amount
        for line in self.sudo():
            line.settled_before = before[line.item_id.id]

    @api.constrains("item_id", "amount")
    def _check_amount(self):
        # In sudo: who answers a dispute need not see the items of its case.
        for line in self.sudo():
            item = line.item_id
            if item.case_id != line.case_id or item.state != "open":
                raise ValidationError(
                    self.env._(
                        "%(item)s is not open in this case any more: take it out of "
                        "the dispute.",
                        item=item.display_name or line.item_name or "–",
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

        What was accepted is disputed until it is credited.

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
                    ("dispute_id.state", "in", (*OPEN_DISPUTES, "accepted")),
                    ("id", "not in", besides._origin.ids),
                ]
            )
        )
        taken = sum(other.amount - other.amount_credited for other in others)
        return max(0.0, self.amount_residual_currency - taken)

    @api.model
    def _outlive(self, lines):
        # EXTENDS: what was contested of them is looked for in the invoice from now on
        items = super()._outlive(lines)
        if items:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE collection_dispute_line SET item_id = NULL
                     WHERE item_id = ANY(%s)
                    """,
                    items.ids,
                )
            )
            # Not by the ORM: what the lines know of their items is kept.
            self.env["collection.dispute.line"].invalidate_model(flush=False)
        return items
