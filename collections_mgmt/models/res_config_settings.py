from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    collection_strategy_id = fields.Many2one(
        related="company_id.root_id.collection_strategy_id", readonly=False
    )
    collection_test_mode = fields.Boolean(
        related="company_id.root_id.collection_test_mode", readonly=False
    )
    collection_track_reading = fields.Boolean(
        related="company_id.root_id.collection_track_reading", readonly=False
    )
    collection_pause_on_reply = fields.Boolean(
        related="company_id.root_id.collection_pause_on_reply", readonly=False
    )
    collection_thanks_template_id = fields.Many2one(
        related="company_id.root_id.collection_thanks_template_id", readonly=False
    )
