from odoo import fields, models
from odoo.exceptions import AccessError


class CollectionContactCorrection(models.TransientModel):
    _name = "collection.contact.correction"
    _description = "Add a Correction to a Contact"

    contact_id = fields.Many2one("collection.contact", required=True, readonly=True)
    reason = fields.Text(
        string="Correction",
        required=True,
        help="What is wrong, what is right, and how you know.",
    )

    def action_save(self):
        """Add the correction; what was written stays as it is."""
        self.ensure_one()
        if not self.env.user.has_group("collections_mgmt.group_collection_manager"):
            raise AccessError(self.env._("Only managers add corrections."))
        self.contact_id.check_access("read")
        self.contact_id._correct(self.reason)
        return {"type": "ir.actions.act_window_close"}
