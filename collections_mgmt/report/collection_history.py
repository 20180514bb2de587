"""What an item was and what was decided about its case, on any day."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.query import Query

from ..const import DECISIONS

# Of each version of an item, so many lines are told apart: one per day.
DAYS = 100000


class CollectionHistory(models.Model):
    """One line for each item and the days on which nothing about it changed.

    A day counts with what held at its end. The days of an item and of what was decided
    about its case are kept apart, so that one day is found without looking at all.
    """

    _name = "collection.history"
    _description = "History of Items"
    _auto = False
    _order = "date_from desc, id"
    _rec_name = "move_id"

    as_of = fields.Date(
        string="As of",
        store=False,
        search="_search_as_of",
        help="How things stood at the end of this day.",
    )
    date_from = fields.Date(string="Since", readonly=True)
    date_to = fields.Date(string="Changed on", readonly=True, help="Empty: it holds.")
    item_id = fields.Many2one("collection.item", readonly=True)
    case_id = fields.Many2one("collection.case", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Debtor", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    deleted_name = fields.Char(
        string="Deleted Invoice",
        readonly=True,
        help="The invoice whose journal item was deleted.",
    )
    company_id = fields.Many2one("res.company", readonly=True)
    state = fields.Selection([("open", "Open"), ("closed", "Closed")], readonly=True)
    stage_id = fields.Many2one(
        "collection.stage", string="Dunning Stage", readonly=True
    )
    date_due = fields.Date(string="Due Date", readonly=True)
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    amount_residual = fields.Monetary(
        string="Open Amount (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
    )
    amount_residual_currency = fields.Monetary(string="Open Amount", readonly=True)

    # What was decided about the case
    decision = fields.Selection(DECISIONS, readonly=True)
    decision_stage_id = fields.Many2one("collection.stage", readonly=True)
    decision_amount = fields.Monetary(
        currency_field="company_currency_id", readonly=True
    )
    next_action_date = fields.Date(string="Holds until", readonly=True)
    decision_text = fields.Char(
        string="What Was Decided", compute="_compute_decision_text"
    )

    # The days of each, for the search
    item_from = fields.Date(readonly=True)
    item_to = fields.Date(readonly=True)
    decision_from = fields.Date(readonly=True)
    decision_to = fields.Date(readonly=True)

    def _compute_currency_id(self):
        for line in self:
            item = line.item_id
            line.currency_id = item.currency_id or item.deleted_currency_id

    @api.depends("decision", "decision_stage_id", "decision_amount", "next_action_date")
    @api.depends_context("lang")
    def _compute_decision_text(self):
        for line in self:
            # Not a case that exists: what the case said then.
            case = self.env["collection.case"].new(line._prepare_case_values())
            line.decision_text = case._get_decision_text()

    def _prepare_case_values(self):
        self.ensure_one()
        return {
            "company_id": self.company_id.id,
            "decision": self.decision,
            "decision_stage_id": self.decision_stage_id.id,
            "decision_amount": self.decision_amount,
            "next_action_date": self.next_action_date,
        }

    def _search_as_of(self, operator, value):
        if operator != "in" or len(value) != 1:
            return NotImplemented
        [day] = value
        return Domain.AND(
            Domain(f"{part}_from", "<=", day)
            & (Domain(f"{part}_to", "=", False) | Domain(f"{part}_to", ">", day))
            for part in ("item", "decision")
        )

    def _search(self, domain, *args, **kwargs):
        # EXTENDS: lines are found again by their cases, without making all lines
        domain = Domain(domain).map_conditions(self._find_by_case)
        return super()._search(domain, *args, **kwargs)

    def _find_by_case(self, condition):
        if (condition.field_expr, condition.operator) != ("id", "in") or isinstance(
            condition.value, SQL | Query
        ):
            return condition
        keys = {line_id // DAYS for line_id in condition.value}
        cases = SQL(
            """
            SELECT case_id FROM collection_item_version WHERE id = ANY(%s)
             UNION
            SELECT case_id FROM collection_item WHERE id = ANY(%s)
            """,
            [key // 2 for key in keys if key % 2 == 0],
            [key // 2 for key in keys if key % 2],
        )
        case_ids = [case_id for [case_id] in self.env.execute_query(cases)]
        return condition & Domain("case_id", "in", case_ids)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT item.key * %(days)s + GREATEST(
                       0, GREATEST(item.date_from, decision.date_from)
                          - DATE '1990-01-01'
                   ) AS id,
                   GREATEST(item.date_from, decision.date_from) AS date_from,
                   LEAST(item.date_to, decision.date_to) AS date_to,
                   item.date_from AS item_from, item.date_to AS item_to,
                   decision.date_from AS decision_from, decision.date_to AS decision_to,
                   item.item_id, item.case_id, cases.partner_id, cases.company_id,
                   followed.move_id, followed.deleted_name,
                   item.state, item.stage_id, item.date_due,
                   item.amount_residual, item.amount_residual_currency,
                   decision.decision, decision.stage_id AS decision_stage_id,
                   decision.amount AS decision_amount,
                   decision.until AS next_action_date
              FROM (%(items)s) item
              JOIN (%(decisions)s) decision
                ON decision.case_id = item.case_id
               AND (item.date_to IS NULL OR decision.date_from < item.date_to)
               AND (decision.date_to IS NULL OR item.date_from < decision.date_to)
              JOIN collection_item followed ON followed.id = item.item_id
              JOIN collection_case cases ON cases.id = item.case_id
            """,
            days=DAYS,
            items=self._get_items_sql(),
            decisions=self._get_decisions_sql(),
        )

    def _get_items_sql(self):
        """Return a SELECT of what the items were and are; ``key`` is unique."""
        return SQL(
            """
            SELECT id::bigint * 2 AS key, item_id, case_id, date_from, date_to, state,
                   stage_id, date_due, amount_residual, amount_residual_currency
              FROM collection_item_version
             UNION ALL
            SELECT id::bigint * 2 + 1, id, case_id, date_changed, NULL, state,
                   stage_id, date_due, amount_residual, amount_residual_currency
              FROM collection_item
            """
        )

    def _get_decisions_sql(self):
        """Return a SELECT of what was and is decided: of each case, every day once."""
        return SQL(
            """
            SELECT case_id, date AS date_from, date_end AS date_to, decision, stage_id,
                   amount, until
              FROM collection_case_decision
             WHERE date < date_end
             UNION ALL
            SELECT id, COALESCE(decision_date, date_opened), NULL, decision,
                   decision_stage_id, decision_amount, next_action_date
              FROM collection_case
             UNION ALL
            -- Items that were taken over are older than their case.
            SELECT id, DATE '0001-01-01', date_opened, NULL, NULL, NULL, NULL
              FROM collection_case
            """
        )

    def action_open_case(self):
        self.ensure_one()
        return self.case_id._get_form_action()
