from odoo import api, fields, models
from odoo.fields import Domain

from .res_partner import COLLECTION_GROUPS


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
        compute="_compute_collection_fields",
        groups=COLLECTION_GROUPS,
        help="What happens next with the debtor, in words.",
    )

    @api.depends("collection_item_ids.state", "collection_item_ids.stage_id")
    @api.depends_context("uid")
    def _compute_collection_fields(self):
        cases = self.collection_item_ids.case_id
        for move in self:
            items = move.collection_item_ids.filtered(lambda item: item.state == "open")
            case = items.case_id[:1].with_prefetch(cases.ids)
            move.collection_case_id = case
            move.collection_stage_id = items.stage_id.sorted("days")[-1:]
            move.collection_agent_id = case.agent_id
            move.collection_next_action_date = case.next_action_date
            move.collection_status = case.decision_text

    def _search_collection_case_id(self, operator, value):
        return self._search_open_item("case_id", operator, value)

    def _search_collection_stage_id(self, operator, value):
        return self._search_open_item("stage_id", operator, value)

    def _search_collection_agent_id(self, operator, value):
        return self._search_open_item("case_id.agent_id", operator, value)

    def _search_collection_next_action_date(self, operator, value):
        return self._search_open_item("case_id.next_action_date", operator, value)

    def _search_open_item(self, path, operator, value):
        """Return the domain of moves with an open item whose ``path`` matches.

        An invoice that is not followed counts as empty.
        """
        if operator not in ("in", "any", "<", "<=", ">", ">="):
            return NotImplemented
        is_open = Domain("state", "=", "open")
        domain = Domain(
            "collection_item_ids", "any", is_open & Domain(path, operator, value)
        )
        if operator == "in" and False in value:
            domain |= Domain("collection_item_ids", "not any", is_open)
        return domain

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
