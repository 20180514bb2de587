from odoo import api, fields, models
from odoo.tools import SQL


class CollectionItem(models.Model):
    _name = "collection.item"
    _description = "Receivable Item under Follow-up"
    _rec_names_search = ["move_id"]
    _order = "date_due, id"
    # Many rows, written by the engine alone. Each reference to another table is checked
    # per row: what the case and the journal item know is not stored here once more.
    _log_access = False

    # What it points to. The journal item is the truth and is never written. When it is
    # deleted, the item stays: what it was on past days is still told.
    move_line_id = fields.Many2one(
        "account.move.line", string="Journal Item", readonly=True, ondelete="set null"
    )
    move_id = fields.Many2one(
        "account.move", string="Invoice", readonly=True, index=True, ondelete="set null"
    )
    deleted_name = fields.Char(
        string="Deleted Invoice",
        readonly=True,
        help="The invoice whose journal item was deleted.",
    )
    deleted_currency_id = fields.Many2one("res.currency", readonly=True)
    case_id = fields.Many2one(
        "collection.case", required=True, readonly=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="case_id.partner_id")
    company_id = fields.Many2one(related="case_id.company_id")
    agent_id = fields.Many2one(related="case_id.agent_id")
    next_action_date = fields.Date(related="case_id.next_action_date")
    branch_id = fields.Many2one(
        related="move_line_id.company_id",
        string="Branch",
        help="The company or branch that issued the invoice.",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")], default="open", readonly=True
    )
    date_opened = fields.Date(readonly=True)
    date_closed = fields.Date(readonly=True)
    date_changed = fields.Date(
        required=True,
        readonly=True,
        default=fields.Date.context_today,
        help="Since when it is as it is; what it was before is kept.",
    )
    date_due = fields.Date(string="Due Date", readonly=True)
    amount_residual = fields.Monetary(
        string="Open Amount (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
    )
    amount_residual_currency = fields.Monetary(
        string="Open Amount", currency_field="currency_id", readonly=True
    )
    amount_credit = fields.Monetary(
        string="Covered by Credits",
        currency_field="company_currency_id",
        readonly=True,
        help="Part of the open amount covered by the debtor's unallocated payments "
        "and credit notes, the oldest item first.",
    )

    amount_promised = fields.Monetary(
        string="Promised",
        currency_field="company_currency_id",
        readonly=True,
        help="Part of the open amount that the debtor promised to pay.",
    )
    amount_disputed = fields.Monetary(
        string="Disputed",
        currency_field="company_currency_id",
        readonly=True,
        help="Part of the open amount that the debtor contests.",
    )

    amount_held = fields.Monetary(
        string="On Hold or Announced",
        currency_field="company_currency_id",
        readonly=True,
        help="Part of the open amount that is not asked for until a hold is over, or "
        "an announced payment is there.",
    )
    amount_agreed_currency = fields.Monetary(
        string="Promised, Disputed or on Hold",
        currency_field="currency_id",
        readonly=True,
        help="All that is not asked for of the item, in the currency of the document.",
    )

    # Where it stands in the dunning
    strategy_id = fields.Many2one(
        "collection.strategy",
        readonly=True,
        ondelete="set null",
        help="The invoice's own strategy; empty: that of the case.",
    )
    stage_id = fields.Many2one(
        "collection.stage",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The last stage whose message really went out.",
    )
    stage_date = fields.Date(string="In Stage Since", readonly=True)
    reminder_stage_id = fields.Many2one(
        "collection.stage",
        string="Reminder",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The last reminder sent before the due date.",
    )
    passed_stage_id = fields.Many2one(
        "collection.stage",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The last stage that was done or skipped: the next one follows it.",
    )
    days_overdue = fields.Integer(string="Days Late", compute="_compute_days_overdue")

    _unique_move_line = models.UniqueIndex(
        "(move_line_id)", "This journal item is already followed."
    )

    @api.depends("date_due")
    def _compute_days_overdue(self):
        today = fields.Date.context_today(self)
        for item in self:
            item.days_overdue = (today - item.date_due).days if item.date_due else 0

    @api.depends("move_id.name", "date_due")
    def _compute_display_name(self):
        for item in self:
            item.display_name = item._get_document_name() or str(item.id)

    def _get_agreed(self):
        """Return what is promised, disputed or on hold of it, in company currency."""
        self.ensure_one()
        return self.amount_promised + self.amount_disputed + self.amount_held

    def _get_document_name(self):
        """Return the number of the invoice, or what its journal item says."""
        self.ensure_one()
        # In sudo: whoever sees the case sees what is owed to all branches, also while
        # only the root company is chosen.
        item_sudo = self.sudo()
        names = (item_sudo.move_id.name, item_sudo.move_line_id.name)
        return next(filter(None, names), item_sudo.deleted_name or "")

    @api.model
    def _outlive(self, lines):
        """Keep what items show of journal items that are about to be deleted.

        :param lines: account.move.line
        :return: the items
        """
        lines = lines.filtered(lambda line: line.account_type == "asset_receivable")
        if not lines:
            return self.browse()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE collection_item item
                   SET deleted_name = COALESCE(move.name, line.name),
                       deleted_currency_id = line.currency_id
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                 WHERE line.id = item.move_line_id AND line.id = ANY(%s)
                RETURNING item.id
                """,
                lines.ids,
            )
        )
        self.invalidate_model(["deleted_name", "deleted_currency_id"], flush=False)
        return self.browse(item_id for [item_id] in rows)

    def _write_multi(self, vals_list):
        # EXTENDS 'base': what the items were is kept, of all together
        self.env["collection.item.version"]._keep(self, vals_list)
        return super()._write_multi(vals_list)

    def action_open_move(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }
