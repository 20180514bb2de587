"""What an invoice shows of holds, and the button that makes one."""

from odoo import api, fields, models
from odoo.tools import SQL

from .res_partner import COLLECTION_GROUPS

# What an invoice shows that is on hold, or whose payment was announced, by what else
# is agreed about it.
AGREEMENTS_ON_HOLD = {
    False: "held",
    "promised": "promised_held",
    "disputed": "disputed_held",
    "both": "all",
}
AGREEMENTS_ANNOUNCED = {
    False: "announced",
    "promised": "promised_announced",
    "disputed": "disputed_announced",
    "both": "all_announced",
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
        search="_search_collection_is_announced",
        groups=COLLECTION_GROUPS,
        help="It is not asked for because the debtor says that it is paid.",
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
            ("announced", "Payment Announced"),
            ("promised_announced", "Promised, Payment Announced"),
            ("disputed_announced", "Disputed, Payment Announced"),
            ("all_announced", "Promised, Disputed, Payment Announced"),
        ],
        help="Whether the debtor promised to pay the invoice, contests it or says that "
        "it is paid, or it is on hold.",
    )

    @api.depends("collection_item_ids.amount_held")
    def _compute_collection_amounts(self):
        # EXTENDS: what is on hold, beside what else is agreed
        result = super()._compute_collection_amounts()
        for move in self:
            items = move._get_collection_items()
            move.collection_amount_held = sum(items.mapped("amount_held"))
            if move.collection_amount_held:
                names = (
                    AGREEMENTS_ANNOUNCED
                    if any(items.mapped("is_announced"))
                    else AGREEMENTS_ON_HOLD
                )
                move.collection_agreement = names[move.collection_agreement]
        return result

    @api.depends("collection_item_ids.amount_held")
    @api.depends_context("uid")
    def _compute_collection_hold_date(self):
        for move in self:
            held = move.collection_item_ids.filtered("amount_held")
            days = held.hold_ids._get_in_force().mapped("date_until")
            move.collection_hold_date = all(days) and max(days, default=False)
            move.collection_is_announced = any(held.mapped("is_announced"))

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

    def _search_collection_is_announced(self, operator, value):
        return self._search_open_item("is_announced", operator, value)

    def _get_agreement_sql(self, items, move):
        # EXTENDS: what is on hold or announced, beside what else is agreed
        Item = self.env["collection.item"]
        agreed = super()._get_agreement_sql(items, move)
        return SQL(
            """CASE WHEN COALESCE(SUM(%(held)s) OVER (PARTITION BY %(move)s), 0) = 0
                    THEN %(agreed)s
                    WHEN COUNT(%(announced)s) OVER (PARTITION BY %(move)s) > 0
                    THEN %(when_announced)s
                    ELSE %(when_held)s END""",
            agreed=agreed,
            held=Item._field_to_sql(items.table, "amount_held", items),
            move=move,
            announced=self._join_announced_items(items),
            when_announced=self._get_named_sql(agreed, AGREEMENTS_ANNOUNCED),
            when_held=self._get_named_sql(agreed, AGREEMENTS_ON_HOLD),
        )

    def _join_announced_items(self, items):
        """Join the items that are said to be paid, read once for all invoices.

        :return: SQL of their ids, NULL for the others
        """
        # In sudo: what is joined to are the user's own items already.
        Item = self.env["collection.item"].sudo()
        found = Item._search([("is_announced", "=", True)])
        alias = items.make_alias(items.table, "announced")
        announced_id = SQL.identifier(alias, "id")
        items.add_join(
            "LEFT JOIN",
            alias,
            found.subselect(),
            SQL("%s = %s", announced_id, SQL.identifier(items.table, "id")),
        )
        return announced_id

    def _get_named_sql(self, agreed, names):
        """Return the SQL expression of what an invoice shows.

        :param SQL agreed: what else is agreed about it
        :param dict names: of AGREEMENTS_ON_HOLD or AGREEMENTS_ANNOUNCED
        """
        return SQL(
            "CASE %s %s ELSE %s END",
            agreed,
            SQL(" ").join(
                SQL("WHEN %s THEN %s", name, shown)
                for name, shown in names.items()
                if name
            ),
            names[False],
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
