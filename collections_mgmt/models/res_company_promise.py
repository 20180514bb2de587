"""What a company allows debtors to promise, and how patient it is."""

from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    collection_promise_tolerance_days = fields.Integer(
        string="Patience after a Promise",
        default=2,
        help="Days after the date before a promise counts as broken.",
    )
    collection_promise_tolerance_amount = fields.Monetary(
        string="Amount That May Be Missing",
        help="So much may be missing and a promise is kept all the same.",
    )
    collection_promise_max_count = fields.Integer(
        string="Promises per Item",
        default=3,
        help="How often a collector may accept a promise about the same item; 0: as "
        "often as wanted. More needs a manager.",
    )
    collection_promise_max_days = fields.Integer(
        string="Days Ahead",
        default=30,
        help="How far ahead a promise may be; 0: as far as wanted. More needs a "
        "manager.",
    )
    collection_promise_minimum = fields.Monetary(
        string="Minimum Promise",
        help="The smallest amount a collector may accept a promise of. Less needs a "
        "manager.",
    )
    collection_promise_climbs = fields.Boolean(
        string="A Broken Promise Skips a Stage",
        help="What was promised goes on one stage higher than it stood.",
    )
    collection_promise_reminder_days = fields.Integer(
        string="Days before a Promise",
        help="So many days before the date the debtor gets a friendly reminder; 0: "
        "none.",
    )
    collection_promise_template_id = fields.Many2one(
        "mail.template",
        string="Reminder of a Promise",
        domain=[("model", "=", "collection.contact")],
        help="What the friendly reminder says. Empty: the text that comes with it.",
    )

    # Payment plans
    collection_plan_max_months = fields.Integer(
        string="Months of a Plan",
        default=12,
        help="How many months a collector's plan may take; 0: as many as wanted. More "
        "need a manager.",
    )
    collection_plan_first_percent = fields.Float(
        string="Minimum First Payment (%)",
        help="The smallest first payment of a collector's plan, in per cent of the "
        "total.",
    )
    collection_plan_minimum = fields.Monetary(
        string="Minimum Instalment",
        help="The smallest instalment of a collector's plan; the last one may be "
        "smaller.",
    )
    collection_plan_grace_days = fields.Integer(
        string="Grace Days of a Plan",
        default=5,
        help="So many days after the date of an instalment the plan ends if it was not "
        "paid.",
    )
    collection_plan_interest_rate = fields.Float(
        string="Interest of a Plan",
        digits=(16, 4),
        help="In per cent a year, shown apart in new plans; 0: none.",
    )
    collection_plan_valid_days = fields.Integer(
        string="Days to Accept a Plan",
        default=15,
        help="For how many days a proposal can be accepted.",
    )
    collection_plan_terms = fields.Text(
        string="Terms of a Plan",
        translate=True,
        help="What the proposal says beside the dates and amounts. Empty: our own "
        "words.",
    )
    collection_plan_default_clause = fields.Text(
        string="Default Clause",
        translate=True,
        help="What happens when an instalment is not paid. Empty: our own words.",
    )
    collection_plan_template_id = fields.Many2one(
        "mail.template",
        string="Proposal of a Plan",
        domain=[("model", "=", "collection.contact")],
        help="The e-mail with the proposal. Empty: the text that comes with it.",
    )
    collection_plan_default_template_id = fields.Many2one(
        "mail.template",
        string="End of a Plan",
        domain=[("model", "=", "collection.contact")],
        help="The e-mail that says that a plan has ended because an instalment was not "
        "paid. Empty: the text that comes with it.",
    )
    collection_plan_default_letter_id = fields.Many2one(
        "mail.template",
        string="End of a Plan, Letter",
        domain=[("model", "=", "collection.contact")],
        help="The same for debtors without an e-mail address. Empty: the text that "
        "comes with it.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    collection_currency_id = fields.Many2one(
        related="company_id.root_id.currency_id", string="Collections Currency"
    )
    collection_promise_tolerance_days = fields.Integer(
        related="company_id.root_id.collection_promise_tolerance_days", readonly=False
    )
    collection_promise_tolerance_amount = fields.Monetary(
        related="company_id.root_id.collection_promise_tolerance_amount",
        currency_field="collection_currency_id",
        readonly=False,
    )
    collection_promise_max_count = fields.Integer(
        related="company_id.root_id.collection_promise_max_count", readonly=False
    )
    collection_promise_max_days = fields.Integer(
        related="company_id.root_id.collection_promise_max_days", readonly=False
    )
    collection_promise_minimum = fields.Monetary(
        related="company_id.root_id.collection_promise_minimum",
        currency_field="collection_currency_id",
        readonly=False,
    )
    collection_promise_climbs = fields.Boolean(
        related="company_id.root_id.collection_promise_climbs", readonly=False
    )
    collection_promise_reminder_days = fields.Integer(
        related="company_id.root_id.collection_promise_reminder_days", readonly=False
    )
    collection_promise_template_id = fields.Many2one(
        related="company_id.root_id.collection_promise_template_id", readonly=False
    )
    collection_plan_max_months = fields.Integer(
        related="company_id.root_id.collection_plan_max_months",
        readonly=False,
    )
    collection_plan_first_percent = fields.Float(
        related="company_id.root_id.collection_plan_first_percent",
        readonly=False,
    )
    collection_plan_minimum = fields.Monetary(
        related="company_id.root_id.collection_plan_minimum",
        currency_field="collection_currency_id",
        readonly=False,
    )
    collection_plan_grace_days = fields.Integer(
        related="company_id.root_id.collection_plan_grace_days",
        readonly=False,
    )
    collection_plan_interest_rate = fields.Float(
        related="company_id.root_id.collection_plan_interest_rate",
        readonly=False,
    )
    collection_plan_valid_days = fields.Integer(
        related="company_id.root_id.collection_plan_valid_days",
        readonly=False,
    )
    collection_plan_terms = fields.Text(
        related="company_id.root_id.collection_plan_terms",
        readonly=False,
    )
    collection_plan_default_clause = fields.Text(
        related="company_id.root_id.collection_plan_default_clause",
        readonly=False,
    )
    collection_plan_template_id = fields.Many2one(
        related="company_id.root_id.collection_plan_template_id",
        readonly=False,
    )
    collection_plan_default_template_id = fields.Many2one(
        related="company_id.root_id.collection_plan_default_template_id",
        readonly=False,
    )
    collection_plan_default_letter_id = fields.Many2one(
        related="company_id.root_id.collection_plan_default_letter_id",
        readonly=False,
    )
