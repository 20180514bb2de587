"""Registering a payment tells beforehand what it will do to promises.

Core works out which payments it makes and what each of them settles, and so does the
verdict on promises afterwards: both are asked here before anything is registered.
"""

from math import copysign

from odoo import api, fields, models

from ..models.res_partner import COLLECTION_GROUPS
from ..tools.promise_verdict import Settlement

# The ids of what does not exist yet, later than any: the journal item of the payment,
# and that of a difference of exchange.
COMING_CREDIT = 2**31
COMING_DIFFERENCE = COMING_CREDIT + 1
MONEY_JOURNALS = ("bank", "cash", "credit")


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    collection_promise_text = fields.Text(
        string="Promises",
        compute="_compute_collection_promise_text",
        groups=COLLECTION_GROUPS,
        help="What the payment will do to what the debtor promised.",
    )

    @api.depends(
        *("line_ids", "amount", "currency_id", "payment_date", "journal_id"),
        *("group_payment", "installments_mode", "payment_method_line_id"),
        *("payment_difference_handling", "writeoff_account_id"),
    )
    @api.depends_context("lang", "uid")
    def _compute_collection_promise_text(self):
        for wizard in self:
            wizard.collection_promise_text = wizard._get_promise_text()

    # IN WORDS

    def _get_promise_text(self):
        """Return a sentence for each promise concerned; False where nobody owes."""
        self.ensure_one()
        lines = self.line_ids._origin
        if not any(line.account_type == "asset_receivable" for line in lines):
            return False
        items_sudo = self._get_followed_items(lines)
        promises = self.env["collection.promise"].search(
            [("line_ids.item_id", "in", items_sudo.ids), ("is_followed", "=", True)]
        )
        sentences = []
        if promises and self._is_booked_at_once():
            verdicts = self._foresee_promises(items_sudo)
            sentences = promises._get_foreseen_texts(verdicts, self.payment_date)
        elif any(promise.state == "open" for promise in promises):
            sentences = [
                self.env._(
                    "Promises stay as they are until the payment is matched with the "
                    "bank statement: this payment method books nothing before."
                )
            ]
        return "\n".join(sentences) or self.env._("No promise is concerned.")

    def _is_booked_at_once(self):
        """Return whether the payment settles invoices before the bank statement.

        In Community it always does; with a module that matches bank statements, only
        by a method that has an outstanding account (account/models/account_payment.py).
        """
        waits = self.env["account.move"]._get_invoice_in_payment_state() == "in_payment"
        has_account = self.payment_method_line_id.payment_account_id
        is_filled = self.payment_date and self.currency_id
        return bool(is_filled and (has_account or not waits))

    def _get_followed_items(self, lines):
        # In sudo: what is followed does not depend on who registers the payment; only
        # promises that the user may see are told.
        return (
            self.env["collection.item"]
            .sudo()
            .search([("move_line_id", "in", lines.ids)])
        )

    # WHAT WILL BE

    def _foresee_promises(self, items):
        """Return {promise id: (Verdict now, Verdict then)} of the items' debtors."""
        # In sudo: the engine reads the ledger whoever asks.
        engine = self.env["collection.engine"].sudo()
        for name in ("account.move.line", "account.partial.reconcile"):
            self.env[name].flush_model()
        residuals, coming = self._get_coming_settlements(items)
        scope = engine._get_scope(items.company_id, tuple(items.case_id.partner_id.ids))
        return engine._foresee_promises(scope, residuals, coming)

    def _get_coming_settlements(self, items):
        """Return what is left of the items, and what the payments take off them.

        :return: {item id: units}, and a list of tools.promise_verdict.Settlement
        """
        item_by_line = {item.move_line_id: item.id for item in items}
        residuals, coming = {}, []
        for values, lines in self._get_coming_payments():
            left, matches = self._foresee_matching(values, lines)
            for line in filter(item_by_line.get, left):
                item_id = item_by_line[line]
                residuals[item_id] = self._get_units(line, left[line])
                coming += self._prepare_settlements(
                    line, item_id, matches.get(line, []), residuals[item_id]
                )
        return residuals, coming

    def _prepare_settlements(self, line, item_id, matches, left):
        """Return what is taken off an item, as the engine will read it in the ledger.

        :param list matches: (credit, amount) of what core matches with the line
        :param int left: units that stay open of it
        """
        settlements = [
            Settlement(
                item_id,
                credit.id or COMING_CREDIT,
                max(line.date, credit.date),
                self._get_units(line, amount),
                self._is_money(credit),
            )
            for credit, amount in matches
        ]
        taken = sum(settlement.amount for settlement in settlements)
        rest = self._get_units(line, line.amount_residual_currency) - taken - left
        if settlements and rest:  # the rate changed since: no money, and not owed
            last = settlements[-1].date
            settlements.append(
                Settlement(item_id, COMING_DIFFERENCE, last, rest, is_payment=False)
            )
        return settlements

    def _get_units(self, line, amount):
        return round(amount / line.currency_id.rounding)

    def _is_money(self, credit):
        return bool(
            not credit.id  # the payment itself
            or credit.payment_id
            or credit.statement_line_id
            or credit.journal_id.type in MONEY_JOURNALS
        )

    # WHAT CORE WILL DO

    def _get_coming_payments(self):
        """Return [(values of a payment, lines that it pays)], as core makes them.

        See ``_create_payments`` in account/wizard/account_payment_register.py.
        """
        batches = self.batches
        if self._is_one_payment():
            lines = batches[0]["lines"]
            return [(self._create_payment_vals_from_wizard(batches[0]), lines)]
        if not self.group_payment:
            batches = self._get_batches_by_move(batches)
        return [
            (self._create_payment_vals_from_batch(batch), batch["lines"])
            for batch in batches
        ]

    def _is_one_payment(self):
        is_single = self.group_payment or len(self.batches[0]["lines"]) == 1
        return self.can_edit_wizard and is_single

    def _get_batches_by_move(self, batches):
        """Return the batches of core that have one payment for each invoice."""
        lines_to_pay = self.line_ids._origin
        if self.installments_mode in ("next", "overdue", "before_date"):
            lines_to_pay = self._get_total_amounts_to_pay(batches)["lines"]
        return [
            {
                **batch,
                "payment_values": {
                    **batch["payment_values"],
                    "payment_type": "inbound" if lines[0].balance > 0 else "outbound",
                },
                "lines": lines,
            }
            for batch in batches
            for lines in (batch["lines"] & lines_to_pay).grouped("move_id").values()
        ]

    def _foresee_matching(self, values, lines):
        """Let core work out how a payment and the lines that it pays are matched.

        :return: {line: amount left of it}, {line: [(credit, amount)]}, in the currency
            of the line; a credit without an id is the payment
        """
        account_id = values["destination_account_id"]
        lines = lines.filtered(
            lambda line: line.account_id.id == account_id and not line.reconciled
        )
        payment_line = self._new_payment_line(values, lines)
        [plan], _lines = lines._optimize_reconciliation_plan([lines + payment_line])
        values_by_line = {
            line: {
                "aml": line,
                "amount_residual": line.amount_residual,
                "amount_residual_currency": line.amount_residual_currency,
                "parent_state": line.parent_state,
            }
            for line in plan["amls"]
        }
        results = lines.with_context(
            **self._get_rate_context(lines)
        )._prepare_reconciliation_plan(plan, values_by_line)
        by_id = {line.id: line for line in plan["amls"]}
        matches = {}
        for partial in (result["partial_values"] for result in results):
            debit, credit = by_id[partial["debit_move_id"]], partial["credit_move_id"]
            matches.setdefault(debit, []).append(
                (by_id[credit], partial["debit_amount_currency"])
            )
        left = {
            line: values_by_line[line]["amount_residual_currency"] for line in lines
        }
        return left, matches

    def _get_rate_context(self, lines):
        """Return the context in which core matches, where it forces the rate."""
        is_forced = self.writeoff_is_exchange_account and self.amount
        if not is_forced or self.currency_id != self.company_currency_id:
            return {}
        owed = sum(lines.mapped("amount_residual_currency"))
        return {"forced_rate_from_register_payment": abs(owed / self.amount)}

    def _new_payment_line(self, values, lines):
        """Return the receivable line of a payment as core will make it, not saved."""
        company = self.env["res.company"].browse(values["company_id"])
        currency = self.env["res.currency"].browse(values["currency_id"])
        amount, balance = self._get_payment_line_amounts(
            values, lines, company, currency
        )
        move = self.env["account.move"].new(
            {
                "company_id": company.id,
                "date": values["date"],
                # Core asks whether it is a payment, to take its rate.
                "origin_payment_id": self.env["account.payment"].new({}),
            }
        )
        return self.env["account.move.line"].new(
            {
                "move_id": move,
                "company_id": company.id,
                "company_currency_id": company.currency_id.id,
                "account_id": values["destination_account_id"],
                "partner_id": values["partner_id"],
                "currency_id": currency.id,
                "date": values["date"],
                "date_maturity": values["date"],
                "parent_state": "posted",
                "balance": balance,
                "amount_currency": amount,
                "amount_residual": balance,
                "amount_residual_currency": amount,
                "reconciled": False,
            }
        )

    def _get_payment_line_amounts(self, values, lines, company, currency):
        """Return what the payment takes off receivables, in its and company currency.

        What is written off is taken off by the payment as well.
        """
        sign = 1 if values["payment_type"] == "inbound" else -1
        written_off = values["write_off_line_vals"]
        money = sign * values["amount"]
        balance = currency._convert(money, company.currency_id, company, values["date"])
        if "force_balance" in values and not written_off:
            balance = copysign(values["force_balance"], balance)
        rate = money / balance if balance else 0.0
        amount = -money - sum(line["amount_currency"] for line in written_off)
        balance = -balance - sum(line["balance"] for line in written_off)
        if self._is_one_payment() and currency != lines.currency_id:
            # Core lets a payment in another currency match exactly what it pays in full
            # (``_init_payments``).
            owed = abs(sum(lines.mapped("amount_residual")))
            if currency.is_zero(owed * rate - abs(amount)):
                balance = copysign(owed, balance)
        return amount, balance
