"""How much of which items is contested."""

from odoo import models
from odoo.tools import SQL

from ..const import OPEN_DISPUTES


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_agreements(self, scope):
        # EXTENDS: what is contested, and what was accepted and is not credited yet
        return {
            **super()._get_agreements(scope),
            "amount_disputed": SQL(
                """
                SELECT line.item_id,
                       CASE WHEN dispute.state IN %(open)s THEN line.amount
                            WHEN dispute.state = 'accepted'
                            THEN GREATEST(0, line.amount - COALESCE(credited.amount, 0))
                            ELSE 0 END AS amount
                  FROM collection_dispute_line line
                  JOIN collection_dispute dispute ON dispute.id = line.dispute_id
                  JOIN collection_item contested ON contested.id = line.item_id
             LEFT JOIN LATERAL (
                    SELECT SUM(refund.amount_total) AS amount
                      FROM account_move refund
                     WHERE refund.reversed_entry_id = contested.move_id
                       AND refund.state = 'posted'
                       AND refund.date >= dispute.date_closed
                  ) credited ON dispute.state = 'accepted'
                """,
                open=OPEN_DISPUTES,
            ),
        }
