from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .res_partner import COLLECTION_GROUPS

# What an invoice shows of its open item: {field: field of the item}. Of several
# instalments the one that reached the highest stage speaks.
ITEM_FIELDS = {
    "collection_case_id": "case_id",
    "collection_stage_id": "stage_id",
    "collection_agent_id": "agent_id",
    "collection_next_action_date": "next_action_date",
}
COMPARISONS = {"<": SQL("<"), "<=": SQL("<="), ">": SQL(">"), ">=": SQL(">=")}
# The name under which queries on invoices know what their items say.
OPEN_ITEMS = "open_items"


class AccountMove(models.Model):
    _inherit = "account.move"

    collection_item_ids = fields.One2many(
        "collection.item",
        "move_id",
        string="Collection Items",
        readonly=True,
        groups=COLLECTION_GROUPS,
    )
    collection_strategy_id = fields.Many2one(
        "collection.strategy",
        copy=False,
        index="btree_not_null",
        groups=COLLECTION_GROUPS,
        help="Replaces the debtor's strategy for this invoice.",
    )
    collection_case_id = fields.Many2one(
        "collection.case",
        compute="_compute_collection_fields",
        search="_search_collection_case_id",
        groups=COLLECTION_GROUPS,
    )
    collection_stage_id = fields.Many2one(
        "collection.stage",
        string="Dunning Stage",
        compute="_compute_collection_fields",
        search="_search_collection_stage_id",
        groups=COLLECTION_GROUPS,
        help="The highest stage that an open instalment of the invoice has reached.",
    )
    collection_agent_id = fields.Many2one(
        "res.users",
        string="Collector",
        compute="_compute_collection_fields",
        search="_search_collection_agent_id",
        groups=COLLECTION_GROUPS,
    )
    collection_next_action_date = fields.Date(
        string="Next Action",
        compute="_compute_collection_fields",
        search="_search_collection_next_action_date",
        groups=COLLECTION_GROUPS,
    )
    collection_status = fields.Char(
        string="What Happens",
        compute="_compute_collection_fields",
        groups=COLLECTION_GROUPS,
        help="What happens next with the debtor, in words.",
    )
    collection_amount_promised = fields.Monetary(
        string="Promised",
        currency_field="company_currency_id",
        compute="_compute_collection_amounts",
        search="_search_collection_amount_promised",
        groups=COLLECTION_GROUPS,
        help="What of the open amount the debtor promised to pay.",
    )
    collection_amount_disputed = fields.Monetary(
        string="Disputed",
        currency_field="company_currency_id",
        compute="_compute_collection_amounts",
        search="_search_collection_amount_disputed",
        groups=COLLECTION_GROUPS,
        help="What of the open amount the debtor contests.",
    )
    collection_agreement = fields.Selection(
        [
            ("promised", "Promised"),
            ("disputed", "Disputed"),
            ("both", "Promised, Disputed"),
        ],
        string="Agreement",
        compute="_compute_collection_amounts",
        search="_search_collection_agreement",
        groups=COLLECTION_GROUPS,
        help="Whether the debtor promised to pay the invoice or contests it.",
    )

    @api.depends("collection_item_ids.state", "collection_item_ids.stage_id")
    @api.depends_context("uid")
    def _compute_collection_fields(self):
        cases = self.collection_item_ids.case_id
        for move in self:
            items = move._get_collection_items()
            case = items.case_id[:1].with_prefetch(cases.ids)
            move.collection_case_id = case
            move.collection_stage_id = items.stage_id.sorted("days")[-1:]
            move.collection_agent_id = case.agent_id
            move.collection_next_action_date = case.next_action_date
            move.collection_status = case.decision_text

    @api.depends(
        "collection_item_ids.state",
        "collection_item_ids.amount_promised",
        "collection_item_ids.amount_disputed",
    )
    @api.depends_context("uid")
    def _compute_collection_amounts(self):
        for move in self:
            items = move._get_collection_items()
            promised = sum(items.mapped("amount_promised"))
            disputed = sum(items.mapped("amount_disputed"))
            move.collection_amount_promised = promised
            move.collection_amount_disputed = disputed
            move.collection_agreement = (
                "both"
                if promised and disputed
                else "promised"
                if promised
                else "disputed"
                if disputed
                else False
            )

    def _get_collection_items(self):
        """Return the open items of these invoices."""
        return self.collection_item_ids.filtered(lambda item: item.state == "open")

    def _get_collection_items_of_one(self, refusal):
        """Return the open items of these invoices, all of one case of the user's.

        :param str refusal: what to say when there are none, or of several
        """
        items = self._get_collection_items()
        if len(items.case_id) != 1:
            raise UserError(refusal)
        items.case_id.check_access("write")
        return items

    # FILTERS AND GROUPS
    # None of these is stored: an invoice is not written because its debtor was called.

    def _field_to_sql(self, alias, field_expr, query=None):
        # EXTENDS: invoices are grouped by what their items know
        if field_expr not in ITEM_FIELDS and field_expr != "collection_agreement":
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        # Once for all invoices: a row each would look for its items by itself.
        joined = query.make_alias(alias, OPEN_ITEMS)
        query.add_join(
            "LEFT JOIN",
            joined,
            self._get_open_items_sql(),
            SQL(
                "%s = %s",
                SQL.identifier(joined, "move_id"),
                SQL.identifier(alias, "id"),
            ),
        )
        return SQL.identifier(joined, field_expr)

    def _get_open_items_sql(self):
        """Return a SELECT, in parentheses, of what open items say of their invoices.

        Of several instalments the one that reached the highest stage speaks. It holds
        the record rules of the user, as reading the items does.
        """
        Item = self.env["collection.item"]
        items = Item._search([("state", "=", "open")])
        table = items.table
        move = SQL.identifier(table, "move_id")
        stage = items.make_alias(table, "reached")
        items.add_join(
            "LEFT JOIN",
            stage,
            "collection_stage",
            SQL(
                "%s = %s",
                SQL.identifier(stage, "id"),
                Item._field_to_sql(table, "stage_id", items),
            ),
        )
        items.order = SQL(
            "%s, %s DESC NULLS LAST, %s",
            *(move, SQL.identifier(stage, "days"), SQL.identifier(table, "id")),
        )
        columns = [
            SQL(
                "%s AS %s", Item._field_to_sql(table, path, items), SQL.identifier(name)
            )
            for name, path in ITEM_FIELDS.items()
        ]
        return SQL(
            "(%s)",
            items.select(
                SQL("DISTINCT ON (%s) %s AS move_id", move, move),
                *columns,
                SQL("%s AS collection_agreement", self._get_agreement_sql(items, move)),
            ),
        )

    def _get_agreement_sql(self, items, move):
        """Return what the open items of an invoice say of agreements, as a window.

        :param Query items: the open items
        :param SQL move: the invoice of an item
        """
        Item = self.env["collection.item"]
        promised, disputed = (
            SQL(
                "SUM(%s) OVER (PARTITION BY %s) <> 0",
                Item._field_to_sql(items.table, name, items),
                move,
            )
            for name in ("amount_promised", "amount_disputed")
        )
        return SQL(
            """CASE WHEN %(promised)s AND %(disputed)s THEN 'both'
                    WHEN %(promised)s THEN 'promised'
                    WHEN %(disputed)s THEN 'disputed' END""",
            promised=promised,
            disputed=disputed,
        )

    def _search_collection_case_id(self, operator, value):
        return self._search_collection_field("collection_case_id", operator, value)

    def _search_collection_stage_id(self, operator, value):
        return self._search_collection_field("collection_stage_id", operator, value)

    def _search_collection_agent_id(self, operator, value):
        return self._search_collection_field("collection_agent_id", operator, value)

    def _search_collection_next_action_date(self, operator, value):
        return self._search_collection_field(
            "collection_next_action_date", operator, value
        )

    def _search_collection_agreement(self, operator, value):
        return self._search_collection_field("collection_agreement", operator, value)

    def _search_collection_amount_promised(self, operator, value):
        return self._search_open_item("amount_promised", operator, value)

    def _search_collection_amount_disputed(self, operator, value):
        return self._search_open_item("amount_disputed", operator, value)

    def _search_collection_field(self, name, operator, value):
        """Return the domain of moves whose field ``name``, not stored, matches.

        It asks the SQL by which moves are grouped: opening a group shows what the
        group counted. An invoice that is not followed counts as empty.
        """
        if operator not in ("in", "any", *COMPARISONS):
            return NotImplemented

        def to_sql(model, alias, query):
            field_sql = model._field_to_sql(alias, name, query)
            if operator == "any":
                comodel = model.env[model._fields[name].comodel_name]
                return SQL("%s IN %s", field_sql, comodel._search(value).subselect())
            if operator != "in":
                return SQL("%s %s %s", field_sql, COMPARISONS[operator], value)
            wanted = tuple(one for one in value if one is not False)
            parts = [SQL("%s IN %s", field_sql, wanted)] if wanted else []
            if False in value:
                parts.append(SQL("%s IS NULL", field_sql))
            return SQL("(%s)", SQL(" OR ").join(parts)) if parts else SQL("FALSE")

        return Domain.custom(to_sql=to_sql)

    def _search_open_item(self, path, operator, value):
        if operator not in ("in", *COMPARISONS):
            return NotImplemented
        return Domain(
            "collection_item_ids",
            "any",
            Domain("state", "=", "open") & Domain(path, operator, value),
        )

    def write(self, vals):
        # EXTENDS 'account': posting, resetting and cancelling change what is owed
        if "state" not in vals:
            return super().write(vals)
        if vals["state"] == "posted":
            lines = self._collection_get_followed_at_once()
        else:
            lines = self.filtered(lambda move: move.state == "posted").line_ids
        result = super().write(vals)
        self.env["collection.engine"]._note_lines(lines)
        return result

    def _collection_get_followed_at_once(self):
        """Return the lines whose posting is seen on the case at once.

        They are credits, and what returns from draft. A new invoice waits for the next
        run: nobody is chased for it before, and issuing invoices stays fast.
        """
        return self.line_ids.filtered(
            lambda line: line.move_id.posted_before or line.balance < 0
        )

    def action_open_collection_case(self):
        """Open the case in which the invoice is followed."""
        self.ensure_one()
        return self.collection_case_id._get_form_action()
