from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    collection_strategy_id = fields.Many2one(
        "collection.strategy",
        string="Default Collection Strategy",
        check_company=False,
        help="For debtors without a strategy of their own; empty: not followed.",
    )

    collection_test_mode = fields.Boolean(
        string="Collections Test Mode",
        help="Runs work out everything and send nothing.",
    )
    collection_track_reading = fields.Boolean(
        string="Record Openings and Clicks",
        help="E-mails carry a picture and personal links that tell when they are used.",
    )
    collection_pause_on_reply = fields.Boolean(
        string="Pause on Reply",
        default=True,
        help="After a debtor's reply nothing goes out by itself until a collector has "
        "looked at it.",
    )
    collection_thanks_template_id = fields.Many2one(
        "mail.template",
        string="Thank-You Message",
        domain=[("model", "=", "collection.contact")],
        help="Sent when a debtor who had been contacted has paid everything. Empty: "
        "none is sent.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'base'
        companies = super().create(vals_list)
        companies._collection_set_default_strategy()
        return companies

    def _collection_set_default_strategy(self):
        """Fill an empty default with the strategy shipped with the suite."""
        strategy = self.env.ref(
            "collections_mgmt.collection_strategy_default", raise_if_not_found=False
        )
        if strategy:
            self.filtered(
                lambda company: (
                    not company.parent_id and not company.collection_strategy_id
                )
            ).collection_strategy_id = strategy
