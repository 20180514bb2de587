"""Payment plans: promises of several instalments that the debtor accepts in writing."""

from odoo import api, fields, models
from odoo.tools import format_date

from ..tools.payment_plan import count_months, get_interest


class CollectionPromise(models.Model):
    _inherit = "collection.promise"

    kind = fields.Selection(
        [("promise", "Promise"), ("plan", "Payment plan")],
        required=True,
        default="promise",
        index=True,
    )
    interest_rate = fields.Float(
        string="Interest per Year",
        digits=(16, 4),
        help="In per cent, on what is not paid yet. It is shown apart, and is no part "
        "of what is promised.",
    )
    amount_interest = fields.Monetary(
        string="Interest", compute="_compute_amount_interest"
    )
    instalment_count = fields.Integer(
        string="Instalments", compute="_compute_instalment_count"
    )
    instalment_done_count = fields.Integer(
        string="Paid Instalments", compute="_compute_instalment_count"
    )

    _check_interest_rate = models.Constraint(
        "CHECK (interest_rate >= 0 AND interest_rate <= 1000)",
        "The interest of a plan is between 0 and 1000 per cent a year.",
    )

    @api.depends("instalment_ids.interest")
    def _compute_amount_interest(self):
        for promise in self:
            promise.amount_interest = sum(promise.instalment_ids.mapped("interest"))

    @api.depends("instalment_ids.state")
    def _compute_instalment_count(self):
        for promise in self:
            done = promise.instalment_ids.filtered(
                lambda instalment: instalment.state in ("kept", "settled")
            )
            promise.instalment_count = len(promise.instalment_ids)
            promise.instalment_done_count = len(done)

    def _get_new_fields(self):
        # EXTENDS: what people set of a plan
        return super()._get_new_fields() | {"kind", "interest_rate"}

    # LIMITS

    def _prepare_tolerance(self):
        # EXTENDS: plans have grace days of their own
        values = super()._prepare_tolerance()
        if self.kind == "plan":
            values["tolerance_days"] = self._get_grace_days()
        return values

    def _get_grace_days(self):
        """Return the days after each date: those of the words that are out, if any."""
        self.ensure_one()
        if self.proposal_hash:
            return self.tolerance_days
        return self.company_id.sudo().collection_plan_grace_days

    def _get_limit_problems(self):
        # EXTENDS: a plan has limits of its own; with one date it is a promise like any
        if self.kind != "plan" or len(self.instalment_ids) < 2:
            return super()._get_limit_problems()
        company = self.company_id.sudo()
        return list(
            filter(
                None,
                (
                    self._get_too_long(company.collection_plan_max_months),
                    self._get_too_small_first(company.collection_plan_first_percent),
                    self._get_too_small(company),
                ),
            )
        )

    def _get_too_long(self, limit):
        months = count_months(fields.Date.context_today(self), self.date_end)
        if limit and months > limit:
            return self.env._(
                "The plan takes %(months)s months; the limit is %(limit)s.",
                months=months,
                limit=limit,
            )
        return None

    def _get_too_small_first(self, percent):
        first = self.instalment_ids.sorted("date")[:1].amount
        minimum = self.currency_id.round(self.amount * percent / 100)
        if self.currency_id.compare_amounts(first, minimum) < 0:
            return self.env._(
                "The first payment is %(first)s; the minimum is %(minimum)s, "
                "%(percent)s%% of the total.",
                first=self.currency_id.format(first),
                minimum=self.currency_id.format(minimum),
                percent=f"{percent:g}",
            )
        return None

    def _get_too_small(self, company):
        minimum = company.currency_id._convert(
            company.collection_plan_minimum, self.currency_id, company, self.date_made
        )
        # The last one has what rounding left over.
        least = min(self.instalment_ids.sorted("date")[:-1].mapped("amount"), default=0)
        if minimum and self.currency_id.compare_amounts(least, minimum) < 0:
            return self.env._(
                "An instalment is %(amount)s; the minimum is %(minimum)s.",
                amount=self.currency_id.format(least),
                minimum=self.currency_id.format(minimum),
            )
        return None

    # INTEREST

    def _set_interest(self):
        """Work out the interest of drafts anew, shown apart from the instalments."""
        for promise in self:
            unit = promise.currency_id.rounding
            instalments = promise.instalment_ids.sorted("date")
            shares = get_interest(
                [
                    (instalment.date, round(instalment.amount / unit))
                    for instalment in instalments
                ],
                promise.interest_rate,
                promise.date_made,
            )
            for instalment, share in zip(instalments, shares, strict=True):
                interest = promise.currency_id.round(share * unit)
                if instalment.interest != interest:
                    instalment.interest = interest

    # IN WORDS

    def _get_made_text(self):
        # EXTENDS: a plan is agreed on
        if self.kind != "plan":
            return super()._get_made_text()
        return self.env._(
            "Payment plan of %(amount)s in %(count)s instalments, the last on "
            "%(date)s.",
            amount=self.currency_id.format(self.amount),
            count=self.instalment_count,
            date=format_date(self.env, self.date_end),
        )

    def _get_verdict_text(self):
        # EXTENDS: as for making it
        if self.kind != "plan":
            return super()._get_verdict_text()
        amount = self.currency_id.format(self.amount)
        match self.state:
            case "open":
                return self.env._(
                    "Payment plan of %(amount)s: in force again, by what the ledger "
                    "says.",
                    amount=amount,
                )
            case "kept":
                return self.env._(
                    "Payment plan of %(amount)s fulfilled.", amount=amount
                )
            case "cancelled":
                return self.env._(
                    "Payment plan of %(amount)s over: nothing is left to pay.",
                    amount=amount,
                )
        return self.env._(
            "Payment plan of %(amount)s ended: the instalment of %(date)s was not "
            "paid. %(paid)s were paid; the rest is asked for again.",
            amount=amount,
            paid=self.currency_id.format(self.amount_paid),
            date=format_date(self.env, self.date_due),
        )

    def action_replace(self):
        # EXTENDS: a plan is replaced by a plan
        if self.kind == "plan" and self.state == "open":
            self.check_access("write")
            return self.case_id._get_plan_action(
                self.line_ids.item_id, default_replaces_id=self.id
            )
        return super().action_replace()


class CollectionPromiseInstalment(models.Model):
    _inherit = "collection.promise.instalment"

    interest = fields.Monetary(
        help="For the time since the instalment before; it is invoiced apart."
    )


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def action_propose_plan(self):
        """Open the form that makes a payment plan."""
        self.ensure_one()
        self.check_access("write")
        return self._get_plan_action(self.env["collection.item"])

    def _get_plan_action(self, items, **defaults):
        return {
            **self._get_register_action(items, **defaults),
            "name": self.env._("Payment Plan"),
            "res_model": "collection.plan.propose",
        }


class AccountMove(models.Model):
    _inherit = "account.move"

    def action_propose_plan(self):
        """Open the form that makes a payment plan for these invoices."""
        items = self._get_items_to_promise()
        return items.case_id._get_plan_action(items)
