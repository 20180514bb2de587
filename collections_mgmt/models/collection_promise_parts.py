"""Of which items something is promised, and when it is to be paid."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .client_context import without_defaults


class CollectionPromiseDetail(models.AbstractModel):
    """What belongs to a promise, and is edited while that is a draft."""

    _name = "collection.promise.detail"
    _inherit = "collection.agreement.detail"
    _agreement = "promise_id"
    _description = "Detail of a Promise"

    promise_id = fields.Many2one(
        "collection.promise", required=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="promise_id.currency_id")
    company_id = fields.Many2one(related="promise_id.company_id")
    amount = fields.Monetary(required=True)

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: a promise in force is not changed
        for vals in vals_list:
            self._check_may_set(vals)
        cleaned = without_defaults(self, self._get_engine_fields())
        details = super(CollectionPromiseDetail, cleaned).create(vals_list)
        details.promise_id._check_is_draft()
        return details

    def write(self, vals):
        # EXTENDS: as for a new one
        self._check_may_set(vals)
        self.promise_id._check_is_draft()
        result = super().write(vals)
        self.promise_id._check_is_draft()
        return result

    def unlink(self):
        # EXTENDS: as for a new one
        self.promise_id._check_is_draft()
        return super().unlink()

    def _get_engine_fields(self):
        """Return the names of the fields that nobody edits."""
        return set()

    def _check_may_set(self, vals):
        if not self.env.su and self._get_engine_fields() & vals.keys():
            raise UserError(
                self.env._("What was paid of a promise follows from the ledger alone.")
            )


class CollectionPromiseLine(models.Model):
    _name = "collection.promise.line"
    _inherit = "collection.promise.detail"
    _description = "Item of a Promise"
    _order = "promise_id, date_due, id"

    item_id = fields.Many2one(
        "collection.item",
        index=True,
        domain="[('case_id', '=', parent.case_id), ('state', '=', 'open')]",
        ondelete="set null",
    )
    date_due = fields.Date(related="item_id.date_due")
    amount_residual = fields.Monetary(related="item_id.amount_residual_currency")
    amount_open = fields.Monetary(
        string="Still Promised",
        readonly=True,
        help="Neither paid nor settled otherwise: so much is not asked for.",
    )
    settled_before = fields.Json(
        readonly=True,
        help="What each credit had settled of the item when the promise was made, in "
        "units of the currency's rounding, by the id of its journal item.",
    )

    _unique_item = models.UniqueIndex(
        "(promise_id, item_id)", "The item stands in the promise already."
    )
    _positive_amount = models.Constraint(
        "CHECK (amount > 0)", "The part of an item that is promised is more than zero."
    )

    @api.depends("item_id", "amount")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.item_id.display_name or str(line.id)

    @api.constrains("item_id")
    def _check_item_of_case(self):
        # In sudo: it must not tell anything about an item of somebody else's case.
        for line in self.sudo():
            if line.item_id and line.item_id.case_id != line.promise_id.case_id:
                raise ValidationError(
                    self.env._(
                        "A promise is about items of its own case: take the others off."
                    )
                )

    def _get_engine_fields(self):
        return super()._get_engine_fields() | {"amount_open", "settled_before"}


class CollectionPromiseInstalment(models.Model):
    _name = "collection.promise.instalment"
    _inherit = "collection.promise.detail"
    _description = "Date of a Promise"
    _order = "promise_id, date, id"
    _rec_name = "date"

    case_id = fields.Many2one(related="promise_id.case_id")
    partner_id = fields.Many2one(related="promise_id.partner_id")
    date = fields.Date(required=True)
    amount_paid = fields.Monetary(string="Paid", readonly=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("kept", "Paid"),
            ("partly", "Paid in Part"),
            ("broken", "Missed"),
            ("settled", "Settled Otherwise"),
        ],
        readonly=True,
        default="open",
        required=True,
    )
    reminder_contact_id = fields.Many2one(
        "collection.contact",
        string="Reminder",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The friendly reminder that was planned before the date.",
    )

    _unique_date = models.UniqueIndex(
        "(promise_id, date)", "Each date of a promise stands in it once."
    )
    _positive_amount = models.Constraint(
        "CHECK (amount > 0)", "What is promised for a date is more than zero."
    )

    def _get_engine_fields(self):
        return super()._get_engine_fields() | {
            *("amount_paid", "state", "reminder_contact_id"),
        }
