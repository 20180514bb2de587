from odoo import fields, http
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.collections_mgmt.tools.statement import Row, group_by_currency
from odoo.addons.portal.controllers.portal import CustomerPortal

from .plan import search_plans_sudo


class CollectionPortal(CustomerPortal):
    def _prepare_home_portal_values(self, counters):
        # EXTENDS 'portal'
        values = super()._prepare_home_portal_values(counters)
        if "collection_item_count" in counters:
            values["collection_item_count"] = self._get_open_lines_count()
        return values

    def _get_open_lines_count(self):
        return self._get_lines_sudo().search_count(self._get_receivable_domain())

    def _get_lines_sudo(self):
        # In sudo: portal users may read invoices, but payments on account belong on
        # their statement too. The domain keeps to their own company's lines.
        return request.env["account.move.line"].sudo()

    def _get_receivable_domain(self):
        """Return the domain of the open receivable lines of the visitor's company."""
        user = request.env.user
        debtor = user.partner_id.commercial_partner_id
        return (
            Domain("partner_id.commercial_partner_id", "=", debtor.id)
            & Domain("company_id", "child_of", user.company_ids.ids)
            & Domain("account_type", "=", "asset_receivable")
            & Domain("parent_state", "=", "posted")
            & Domain("reconciled", "=", False)
            & Domain("amount_residual_currency", "!=", 0)
        )

    @http.route(
        "/my/collections", type="http", auth="user", website=True, readonly=True
    )
    def portal_my_collections(self, **_kwargs):
        """Show what the visitor's company owes: per creditor and currency."""
        lines = self._get_lines_sudo().search(
            self._get_receivable_domain(), order="date_maturity, id"
        )
        values = {
            "page_name": "collections",
            "plans": self._get_plans_to_accept(),
            "today": fields.Date.context_today(request.env.user),
            "statements": [
                (company, self._get_blocks(company_lines))
                for company, company_lines in lines.grouped(
                    lambda line: line.company_id.root_id
                ).items()
            ],
        }
        return request.render("collections_portal.portal_my_collections", values)

    def _get_plans_to_accept(self):
        """Return the proposals that the visitor's company may accept today."""
        return search_plans_sudo([("state", "=", "draft")]).filtered(
            lambda plan: plan._is_acceptable()
        )

    def _get_blocks(self, lines):
        """Return the lines as tools.statement.CurrencyBlock, credits apart."""
        today = fields.Date.context_today(request.env.user)
        credit = {}
        rows = []
        for line in lines:
            amount = line.amount_residual_currency
            if amount < 0:
                credit[line.currency_id] = credit.get(line.currency_id, 0.0) - amount
                continue
            due = line.date_maturity or line.date
            rows.append(
                Row(
                    label=line.move_id.name or "",
                    date_due=due,
                    days_overdue=(today - due).days,
                    amount=amount,
                    currency=line.currency_id,
                    document=line.move_id,
                )
            )
        return group_by_currency(rows, credit)
