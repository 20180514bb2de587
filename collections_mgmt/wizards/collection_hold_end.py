from odoo import fields, models


class CollectionHoldEnd(models.TransientModel):
    _name = "collection.hold.end"
    _description = "End a Stop"

    hold_id = fields.Many2one("collection.hold", required=True, readonly=True)
    date_to = fields.Date(
        string="Last Day",
        required=True,
        default=fields.Date.context_today,
        help="On the day after it the debtor may be contacted again.",
    )
    reason = fields.Char(
        required=True, help="Who said so, and what proves it; kept on the stop."
    )

    def action_save(self):
        """End the stop."""
        self.ensure_one()
        self.hold_id._end(self.date_to, self.reason)
        return {"type": "ir.actions.act_window_close"}
