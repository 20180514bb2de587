"""The form that makes the draft of a payment plan."""

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..models.collection_promise_confirm import BeyondLimits
from ..tools.payment_plan import make_plan


class CollectionPlanPropose(models.TransientModel):
    _name = "collection.plan.propose"
    _inherit = "collection.promise.register"
    _description = "Propose a Payment Plan"

    date = fields.Date(string="First Payment On")
    first_amount = fields.Monetary(
        string="First Payment", help="0: the same as the other instalments."
    )
    count = fields.Integer(
        string="Instalments",
        required=True,
        default=6,
        help="The first payment included.",
    )
    rhythm = fields.Selection(
        [
            ("weekly", "Every week"),
            ("biweekly", "Every two weeks"),
            ("monthly", "Every month"),
        ],
        required=True,
        default="monthly",
    )
    month_end = fields.Boolean(
        string="On the Last Day of the Month",
        help="Otherwise on the day of the first payment, in shorter months on the last "
        "day.",
    )
    interest_rate = fields.Float(
        string="Interest per Year (%)",
        compute="_compute_interest_rate",
        store=True,
        readonly=False,
        precompute=True,
        digits=(16, 4),
    )
    summary = fields.Text(compute="_compute_summary")

    @api.depends("case_id")
    def _compute_interest_rate(self):
        for form in self:
            company_sudo = form.case_id.company_id.sudo()  # settings are no secret
            form.interest_rate = company_sudo.collection_plan_interest_rate

    @api.depends("amount", "date", "first_amount", "count", "rhythm", "month_end")
    @api.depends_context("lang")
    def _compute_summary(self):
        for form in self:
            form.summary = form.date and form._get_summary()

    def _get_summary(self):
        """Return the instalments in words, or why there are none."""
        try:
            plan = self._make_plan()
        except UserError as error:
            return str(error)
        lines = [
            self.env._(
                "%(date)s: %(amount)s",
                date=fields.Date.to_string(day),
                amount=self.currency_id.format(amount),
            )
            for day, amount in plan
        ]
        return "\n".join(lines)

    def _make_plan(self):
        """Return [(date, amount)] of the instalments.

        :raise UserError: when they do not add up
        """
        self.ensure_one()
        unit = self.currency_id.rounding
        try:
            plan = make_plan(
                round(self.amount / unit),
                self.count,
                self.date,
                self.rhythm,
                first=round(self.first_amount / unit),
                month_end=self.month_end,
            )
        except (ValueError, OverflowError) as error:
            raise UserError(
                self.env._(
                    "%(amount)s cannot be paid in %(count)s instalments with a first "
                    "payment of %(first)s: change one of them.",
                    amount=self.currency_id.format(self.amount),
                    count=self.count,
                    first=self.currency_id.format(self.first_amount),
                )
            ) from error
        return [
            (instalment.date, self.currency_id.round(instalment.amount * unit))
            for instalment in plan
        ]

    def action_register(self):
        # OVERRIDE: a plan is looked at, sent and accepted first
        self.ensure_one()
        was_made = bool(self.promise_id)
        plan = self._make_promise()
        try:
            plan._check_limits()
        except BeyondLimits:
            return self._leave_to_managers(was_made)
        return plan._get_form_action()

    def _create_promise(self):
        # EXTENDS: with the interest, shown apart
        plan = super()._create_promise()
        plan._set_interest()
        return plan

    def _prepare_promise_values(self):
        # EXTENDS: several dates
        return {
            **super()._prepare_promise_values(),
            "kind": "plan",
            "interest_rate": self.interest_rate,
            "instalment_ids": [
                Command.create({"date": day, "amount": amount})
                for day, amount in self._make_plan()
            ],
        }
