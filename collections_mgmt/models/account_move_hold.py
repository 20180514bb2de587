"""What an invoice shows of holds, and the button that makes one."""

from odoo import api, fields, models
from odoo.tools import SQL

from .res_partner import COLLECTION_GROUPS

# What an invoice on hold shows, by what else is agreed about it.
AGREEMENTS_ON_HOLD = {
    "promised": "promised_held",
    "disputed": "disputed_held",
    "both": "all",
}


class AccountMove(models.Model):
    _inherit = "account.move"

    collection_amount_held = fields.Monetary(
        string="On Hold",
        currency_field="company_currency_id",
        compute="_compute_collection_amounts",
        search="_search_collection_amount_held",
        groups=COLLECTION_GROUPS,
        help="What of the open amount is not asked for until a hold is over.",
    )
    collection_hold_date = fields.Date(
        string="On Hold until",
        compute="_compute_collection_hold_date",
        groups=COLLECTION_GROUPS,
        help="The last day of the hold; empty: until somebody cancels it.",
    )
    collection_is_announced = fields.Boolean(
        string="Payment Announced",
        compute="_compute_collection_hold_date",
        groups=COLLECTION_GROUPS,
        help="It is on hold because the debtor says that it is paid.",
    )
    collection_promise_date = fields.Date(
        string="Promised until",
        compute="_compute_collection_promise_date",
        groups=COLLECTION_GROUPS,
        help="The last date of what is promised of the invoice.",
    )
    collection_agreement = fields.Selection(
        selection_add=[
            ("held", "On Hold"),
            ("promised_held", "Promised, On Hold"),
            ("disputed_held", "Disputed, On Hold"),
            ("all", "Promised, Disputed, On Hold"),
        ],
        help="Whether the debtor promised to pay the invoice or contests it, or it is "
        "on hold.",
    )

    @api.depends("collection_item_ids.amount_held")
    def _compute_collection_amounts(self):
        # EXTENDS: what is on hold, beside what else is agreed
        result = super()._compute_collection_amounts()
        for move in self:
            items = move._get_collection_items()
            move.collection_amount_held = sum(items.mapped("amount_held"))
            if move.collection_amount_held:
                move.collection_agreement = AGREEMENTS_ON_HOLD.get(
                    move.collection_agreement, "held"
                )
        return result

    @api.depends("collection_item_ids.amount_held")
    @api.depends_context("uid")
    def _compute_collection_hold_date(self):
        for move in self:
            held = move.collection_item_ids.filtered("amount_held")
            holds = held.hold_ids._get_in_force()
            days = holds.mapped("date_until")
            move.collection_hold_date = all(days) and max(days, default=False)
            move.collection_is_announced = any(holds.mapped("is_payment_announced"))

    @api.depends("collection_item_ids.amount_promised")
    @api.depends_context("uid")
    def _compute_collection_promise_date(self):
        promised = self.collection_item_ids.filtered("amount_promised")
        dates = {}
        if promised:  # most invoices are not: it costs them nothing
            domain = [
                ("item_id", "in", promised.ids),
                ("promise_id.state", "=", "open"),
                ("amount_open", ">", 0),
            ]
            for line in self.env["collection.promise.line"].search(domain):
                move = line.item_id.move_id
                dates.setdefault(move, []).append(line.promise_id.date_end)
        for move in self:
            move.collection_promise_date = max(dates.get(move, ()), default=False)

    def _search_collection_amount_held(self, operator, value):
        return self._search_open_item("amount_held", operator, value)

    def _get_agreement_sql(self, items, move):
        # EXTENDS: what is on hold, beside what else is agreed
        Item = self.env["collection.item"]
        agreed = super()._get_agreement_sql(items, move)
        held = Item._field_to_sql(items.table, "amount_held", items)
        whens = [
            SQL("WHEN %s THEN %s", name, with_hold)
            for name, with_hold in AGREEMENTS_ON_HOLD.items()
        ]
        return SQL(
            """CASE WHEN SUM(%(held)s) OVER (PARTITION BY %(move)s) <> 0
                    THEN CASE %(agreed)s %(whens)s ELSE 'held' END
                    ELSE %(agreed)s END""",
            agreed=agreed,
            held=held,
            move=move,
            whens=SQL(" ").join(whens),
        )

    def action_hold_items(self):
        """Open the form for a hold on the open items of these invoices."""
        items = self._get_collection_items_of_one(
            self.env._(
                "Only what one debtor owes and what is followed can be put on "
                "hold: choose open invoices of one debtor."
            )
        )
        return items.case_id._get_hold_action(items)
