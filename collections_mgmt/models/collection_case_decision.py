from odoo import fields, models

from ..const import DECISIONS


class CollectionCaseDecision(models.Model):
    """What was decided about a case, from one day until the next entry.

    The engine adds a row when a decision differs from the one before; nothing is
    changed afterwards.
    """

    _name = "collection.case.decision"
    _description = "Decision about a Case"
    _order = "id desc"
    _log_access = False

    case_id = fields.Many2one(
        "collection.case", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="case_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(string="Since", required=True, readonly=True)
    decision = fields.Selection(DECISIONS, required=True, readonly=True)
    stage_id = fields.Many2one(
        "collection.stage", readonly=True, index="btree_not_null", ondelete="set null"
    )
    amount = fields.Monetary(readonly=True)
    until = fields.Date(string="Holds until", readonly=True)
