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
    collection_actor = fields.Selection(
        related="company_id.root_id.collection_actor", readonly=False
    )
    collection_regime = fields.Selection(
        related="company_id.root_id.collection_regime", readonly=False
    )
    collection_micro_is_consumer = fields.Boolean(
        related="company_id.root_id.collection_micro_is_consumer", readonly=False
    )
    collection_compliance_user_id = fields.Many2one(
        related="company_id.root_id.collection_compliance_user_id", readonly=False
    )
    collection_thanks_template_id = fields.Many2one(
        related="company_id.root_id.collection_thanks_template_id", readonly=False
    )
    collection_payment_ways = fields.Text(
        related="company_id.root_id.collection_payment_ways", readonly=False
    )
    collection_rights_text = fields.Text(
        related="company_id.root_id.collection_rights_text", readonly=False
    )
    collection_charges_text = fields.Text(
        related="company_id.root_id.collection_charges_text", readonly=False
    )
    collection_agency_data = fields.Text(
        related="company_id.root_id.collection_agency_data", readonly=False
    )
    collection_opt_out_link = fields.Boolean(
        related="company_id.root_id.collection_opt_out_link", readonly=False
    )
    collection_opt_out_words = fields.Char(
        related="company_id.root_id.collection_opt_out_words", readonly=False
    )
    collection_seal_email = fields.Char(
        related="company_id.root_id.collection_seal_email", readonly=False
    )
