from odoo import fields, models
from odoo.exceptions import UserError


class CollectionItemHoldChange(models.TransientModel):
    _name = "collection.item.hold.change"
    _description = "Prolong or Cancel a Hold"

    hold_id = fields.Many2one("collection.item.hold", required=True, readonly=True)
    act = fields.Selection(
        [("prolong", "Prolong"), ("cancel", "Cancel")],
        required=True,
        readonly=True,
        default="prolong",
    )
    date_until = fields.Date(
        string="Until", help="Empty: until somebody cancels it; managers only."
    )
    reason = fields.Char(help="Said on the case.")

    def action_save(self):
        """Hold it longer, or no longer."""
        self.ensure_one()
        if self.act == "prolong":
            self.hold_id._prolong(self.date_until, self.reason)
        elif not self.reason:
            raise UserError(self.env._("Say why the hold is over."))
        else:
            self.hold_id._cancel(self.reason)
        return {"type": "ir.actions.act_window_close"}
