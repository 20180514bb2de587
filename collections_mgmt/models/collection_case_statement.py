from dataclasses import replace

from odoo import fields, models

from ..tools.statement import Row, group_by_currency


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _get_credits_by_currency(self):
        """Return {(debtor id, root company id): {currency: amount, positive}}."""
        # In sudo: the amounts a debtor is told do not depend on who looks at them.
        groups = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("partner_id.commercial_partner_id", "in", self.partner_id.ids),
                    ("company_id", "child_of", self.company_id.ids),
                    ("account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    ("amount_residual", "<", 0),
                ],
                ["partner_id.commercial_partner_id", "company_id", "currency_id"],
                ["amount_residual_currency:sum"],
            )
        )
        credit = {}
        for partner, company, currency, amount in groups:
            by_currency = credit.setdefault((partner.id, company.root_id.id), {})
            by_currency[currency] = by_currency.get(currency, 0.0) - amount
        return credit

    def _get_statement_blocks(self):
        """Return all that is open, due or not, and the credits, per currency.

        What is promised, disputed or on hold is in it, and said apart.

        :return: list of tools.statement.CurrencyBlock
        """
        self.ensure_one()
        credit = self._get_credits_by_currency()
        blocks = group_by_currency(
            [self._get_statement_row(item) for item in self.open_item_ids],
            credit.get((self.partner_id.id, self.company_id.id), {}),
        )
        return [replace(block, is_complete=True) for block in blocks]

    def _get_statement_row(self, item):
        return Row(
            label=item._get_document_name(),
            date_due=item.date_due,
            days_overdue=item.days_overdue,
            amount=item.amount_residual_currency,
            currency=item.currency_id,
            agreed=item.currency_id.round(item.amount_agreed_currency),
        )

    def _get_statement_filename(self):
        self.ensure_one()
        case = self.with_context(lang=self._get_statement_lang())
        return case.env._("Statement %(date)s.pdf", date=case._get_statement_date())

    def _get_statement_lang(self):
        """Return the debtor's language, or that of the message it goes along with."""
        self.ensure_one()
        return self.env.context.get(
            "collection_reader_lang"
        ) or self.company_id._choose_collection_lang(
            self._get_addressee(), self.partner_id
        )

    def _get_statement_date(self):
        return fields.Date.context_today(self)
