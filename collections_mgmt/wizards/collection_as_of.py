from odoo import fields, models
from odoo.tools import format_date


class CollectionAsOf(models.TransientModel):
    _name = "collection.as.of"
    _description = "Items as of a Day"

    date = fields.Date(
        string="At the End of",
        required=True,
        default=fields.Date.context_today,
    )

    def action_show(self):
        """Open the items as they stood at the end of the day."""
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_history_action"
            ),
            "name": self.env._(
                "Items as of %(date)s", date=format_date(self.env, self.date)
            ),
            "domain": [("as_of", "=", fields.Date.to_string(self.date))],
            "context": {"search_default_open": 1},
        }
