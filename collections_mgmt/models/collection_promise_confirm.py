"""How a promise comes into force: what is refused, and what needs a manager."""

from collections import defaultdict
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

# Dates beyond are mistakes, and the calendar ends before what is counted from them.
FURTHEST = timedelta(days=30 * 366)


class BeyondLimits(UserError):
    """A promise that only a manager may bring into force."""


class CollectionPromise(models.Model):
    _inherit = "collection.promise"

    def action_confirm(self):
        """Bring drafts into force: from now on what they promise is not asked for."""
        self.check_access("write")
        for promise in self.filtered(lambda promise: promise.state == "draft"):
            promise._confirm()
        return True

    def _confirm(self):
        """Check the draft, then let it hold; the promise it replaces is over.

        :raise UserError: with a sentence that says what to correct
        """
        self.ensure_one()
        # Nobody else changes what is promised of these items meanwhile.
        self.case_id._lock_for_gate()
        replaced = self.replaces_id._release("replaced")
        self.env.flush_all()
        self._check_can_hold()
        limits = self._check_limits()
        self._put_in_force()
        replaced._note_facts(
            "promise_replaced",
            lambda promise: {**promise._get_own_facts(), "replaced_by": self.id},
        )
        self._note_on_record(limits)
        self._note_debtors()

    def _put_in_force(self):
        before = self._get_settled_before()
        for line in self.sudo().line_ids:  # In sudo: as for the state
            line.write(
                {
                    "settled_before": before[line.item_id.id],
                    "amount_open": line.amount,
                }
            )
        self._move(
            ("draft",),
            "open",
            is_followed=True,
            date_due=min(self.instalment_ids.mapped("date")),
            **self._prepare_tolerance(),
        )

    def _prepare_tolerance(self):
        """Return what may be late or missing, whatever the settings say later."""
        company = self.company_id.sudo()
        amount = company.currency_id._convert(
            company.collection_promise_tolerance_amount,
            self.currency_id,
            company,
            self.date_made,
        )
        return {
            "tolerance_days": company.collection_promise_tolerance_days,
            "tolerance_amount": amount,
        }

    def _get_settled_before(self):
        """Return {item id: {credit id: units}} of what is settled already."""
        before = defaultdict(dict)
        engine = self.env["collection.engine"].sudo()  # In sudo: it reads the ledger
        settlements, _of_drafts = engine._get_settlements(self.line_ids.item_id.ids)
        for settlement in settlements:
            before[settlement.item][settlement.credit] = settlement.amount
        return before

    # WHAT IS REFUSED

    def _check_can_hold(self):
        if self.case_id.state != "open":
            raise UserError(
                self.env._(
                    "The case of %(debtor)s is closed: nothing is owed that could be "
                    "promised.",
                    debtor=self.partner_id.display_name,
                )
            )
        if not self.line_ids:
            raise UserError(
                self.env._("Choose the items and the amounts that are promised.")
            )
        self._check_day(self.date_made, self.line_ids.item_id)
        self._check_dates()
        self._check_sums()
        promised = self.line_ids.item_id._get_promised(besides=self)
        for line in self.line_ids:
            line._check_can_be_promised(promised.get(line.item_id.id, 0.0))

    def _check_dates(self):
        today = fields.Date.context_today(self)
        if not self.instalment_ids:
            raise UserError(self.env._("Enter the date by which the debtor pays."))
        first, last = (pick(self.instalment_ids.mapped("date")) for pick in (min, max))
        if first < today:
            raise UserError(
                self.env._(
                    "%(date)s is past: a promise is about today or a later day. "
                    "Correct the date.",
                    date=format_date(self.env, first),
                )
            )
        if last > today + FURTHEST:
            raise UserError(
                self.env._(
                    "Nobody promises anything for %(date)s: it is too far ahead. "
                    "Correct the date.",
                    date=format_date(self.env, last),
                )
            )

    def _check_sums(self):
        dated = sum(self.instalment_ids.mapped("amount"))
        if self.currency_id.compare_amounts(dated, self.amount):
            raise UserError(
                self.env._(
                    "The dates add up to %(dated)s, but %(amount)s are promised: "
                    "correct one of them.",
                    dated=self.currency_id.format(dated),
                    amount=self.currency_id.format(self.amount),
                )
            )

    # WHAT NEEDS A MANAGER

    def _check_limits(self):
        """Return the sentences of the limits a manager goes beyond; else raise."""
        problems = self._get_limit_problems()
        group = "collections_mgmt.group_collection_manager"
        if problems and not (self.env.su or self.env.user.has_group(group)):
            raise BeyondLimits(
                "\n".join(
                    [*problems, self.env._("Ask a collections manager to confirm it.")]
                )
            )
        return problems

    def _get_limit_problems(self):
        """Return a sentence for each limit of the company that the promise exceeds."""
        company = self.company_id.sudo()
        return list(
            filter(
                None,
                (
                    self._get_too_many(company.collection_promise_max_count),
                    self._get_too_far(company.collection_promise_max_days),
                    self._get_too_little(company),
                ),
            )
        )

    def _get_too_many(self, limit):
        # Whatever became of them: neither replacing nor cancelling makes them undone.
        # In sudo: as for what is promised elsewhere.
        groups = (
            self.env["collection.promise.line"]
            .sudo()
            ._read_group(
                [
                    ("item_id", "in", self.line_ids.item_id.ids),
                    ("promise_id.date_due", "!=", False),  # it was in force
                ],
                ["item_id"],
                ["__count"],
            )
        )
        for item, count in groups:
            if limit and count >= limit:
                return self.env._(
                    "%(invoice)s was promised %(count)s times before; the limit is "
                    "%(limit)s.",
                    invoice=item.display_name,
                    count=count,
                    limit=limit,
                )
        return None

    def _get_too_far(self, limit):
        days = (self.date_end - fields.Date.context_today(self)).days
        if limit and days > limit:
            return self.env._(
                "%(date)s is %(days)s days ahead; the limit is %(limit)s days.",
                date=format_date(self.env, self.date_end),
                days=days,
                limit=limit,
            )
        return None

    def _get_too_little(self, company):
        minimum = company.collection_promise_minimum
        amount = self.currency_id._convert(
            self.amount, company.currency_id, company, self.date_made
        )
        if minimum and company.currency_id.compare_amounts(amount, minimum) < 0:
            return self.env._(
                "%(amount)s is less than the minimum of %(minimum)s.",
                amount=self.currency_id.format(self.amount),
                minimum=company.currency_id.format(minimum),
            )
        return None


class CollectionPromiseLine(models.Model):
    _inherit = "collection.promise.line"

    def _check_can_be_promised(self, promised):
        """Refuse what is not open, or promised or contested already.

        :param float promised: what other promises promise of the item
        """
        self.ensure_one()
        item, currency = self.item_id, self.promise_id.currency_id
        values = {
            "invoice": item.display_name,
            "amount": currency.format(self.amount),
            "residual": currency.format(item.amount_residual_currency),
        }
        if not item or item.state != "open":
            raise UserError(
                self.env._(
                    "%(invoice)s is paid, or not followed any more: take it off the "
                    "promise.",
                    **values,
                )
            )
        if item.currency_id != currency:
            raise UserError(
                self.env._(
                    "%(invoice)s is in %(currency)s: record one promise for each "
                    "currency.",
                    currency=item.currency_id.name,
                    **values,
                )
            )
        if currency.compare_amounts(self.amount, item.amount_residual_currency) > 0:
            raise UserError(
                self.env._(
                    "%(amount)s is more than what is open of %(invoice)s: promise "
                    "%(residual)s at most.",
                    **values,
                )
            )
        free = item._get_free_to_promise(promised)
        if currency.compare_amounts(self.amount, free) > 0:
            raise UserError(
                self.env._(
                    "Of %(invoice)s only %(free)s of %(residual)s can still be "
                    "promised: the rest is promised or disputed already. Lower the "
                    "amount, or replace the other promise.",
                    free=currency.format(free),
                    **values,
                )
            )


class CollectionItem(models.Model):
    _inherit = "collection.item"

    def _get_promised(self, besides):
        """Return {item id: what open promises promise of it, in its currency}.

        :param collection.promise besides: promises that do not count
        """
        # In sudo: a promise counts whoever may see it.
        lines_sudo = (
            self.env["collection.promise.line"]
            .sudo()
            .search(
                [
                    ("item_id", "in", self.ids),
                    ("promise_id.state", "=", "open"),
                    ("promise_id", "not in", besides.ids),
                ]
            )
        )
        return {
            item.id: sum(lines.mapped("amount_open"))
            for item, lines in lines_sudo.grouped("item_id").items()
        }

    def _get_free_to_promise(self, promised):
        """Return what of the item is neither promised nor contested, in its currency.

        :param float promised: what is promised of it already
        """
        self.ensure_one()
        disputed = 0.0
        if self.amount_disputed and self.amount_residual:
            rate = self.amount_residual_currency / self.amount_residual
            disputed = self.currency_id.round(self.amount_disputed * rate)
        return max(0.0, self.amount_residual_currency - promised - disputed)

    def _spread(self, amount, besides):
        """Return [(item, part)] of an amount, the oldest items first.

        What is above all that is free stands on the last one, so that a check names it.

        :param float amount: in the items' currency, the same for all
        :param collection.promise besides: promises that do not count
        """
        promised = self._get_promised(besides)
        parts = []
        left = amount
        for item in self.sorted(lambda item: (item.date_due, item.id)):
            free = item._get_free_to_promise(promised.get(item.id, 0.0))
            part = min(left, free)
            if item.currency_id.compare_amounts(part, 0) > 0:
                parts.append((item, part))
                left = item.currency_id.round(left - part)
        if left > 0 and self:
            item, part = parts.pop() if parts else (self[0], 0.0)
            parts.append((item, part + left))
        return parts
