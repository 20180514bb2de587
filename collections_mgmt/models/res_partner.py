from itertools import product

from odoo import api, fields, models
from odoo.fields import Domain

COLLECTION_GROUPS = ",".join(
    (
        "collections_mgmt.group_collection_viewer",
        "collections_mgmt.group_collection_collector",
    )
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    collection_strategy_id = fields.Many2one(
        "collection.strategy",
        company_dependent=True,
        groups=COLLECTION_GROUPS,
        help="Replaces the company's default strategy for this debtor.",
    )
    collection_agent_id = fields.Many2one(
        "res.users",
        string="Collector",
        company_dependent=True,
        domain=[("share", "=", False)],
        groups=COLLECTION_GROUPS,
        help="Who gets the debtor's case when one is opened.",
    )
    collection_contact_id = fields.Many2one(
        "res.partner",
        string="Collections Contact",
        domain="[('id', 'child_of', commercial_partner_id)]",
        groups=COLLECTION_GROUPS,
        help="Who receives the reminders. Empty: the invoice address.",
    )
    collection_cc_ids = fields.Many2many(
        "res.partner",
        "collection_partner_cc_rel",
        "partner_id",
        "cc_partner_id",
        string="Copy Reminders to",
        groups=COLLECTION_GROUPS,
        help="They receive a copy of each e-mail: a salesperson, an accountant.",
    )
    collection_case_ids = fields.One2many(
        "collection.case",
        "partner_id",
        string="Collection Cases",
        groups=COLLECTION_GROUPS,
    )
    collection_case_id = fields.Many2one(
        "collection.case",
        compute="_compute_collection_case_id",
        search="_search_collection_case_id",
        groups=COLLECTION_GROUPS,
    )
    collection_amount_overdue = fields.Monetary(
        related="collection_case_id.amount_overdue",
        related_sudo=False,
        currency_field="currency_id",
        groups=COLLECTION_GROUPS,
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("company", "uid")
    def _compute_collection_case_id(self):
        cases = self.env["collection.case"].search(
            self._get_collection_case_domain()
            & Domain("partner_id", "in", self.commercial_partner_id.ids)
        )
        case_by_partner = {case.partner_id: case for case in cases}
        for partner in self:
            partner.collection_case_id = case_by_partner.get(
                partner.commercial_partner_id
            )

    def _search_collection_case_id(self, operator, value):
        cases = "commercial_partner_id.collection_case_ids"
        followed = self._get_collection_case_domain()
        if operator == "any":
            return Domain(cases, "any", followed & Domain(value))
        if operator != "in":
            return NotImplemented
        ids = [case_id for case_id in value if case_id]
        domain = Domain(cases, "any", followed & Domain("id", "in", ids))
        if False in value:
            domain |= Domain(cases, "not any", followed)
        return domain

    def _get_collection_case_domain(self):
        return Domain("company_id", "=", self.env.company.root_id.id) & Domain(
            "state", "=", "open"
        )

    def write(self, vals):
        # EXTENDS 'base': who becomes a contact of a company owes nothing any more
        if {"parent_id", "is_company"}.isdisjoint(vals):
            return super().write(vals)
        debtors = self.commercial_partner_id
        # In sudo: whoever edits a partner need not see cases.
        cases_sudo = debtors.sudo().collection_case_ids
        companies = cases_sudo.filtered(lambda case: case.state == "open").company_id
        result = super().write(vals)
        self.env["collection.engine"]._note_debtors(
            product(companies, debtors | self.commercial_partner_id)
        )
        return result

    def action_open_collection_case(self):
        """Open the debtor's case in the current company."""
        self.ensure_one()
        return self.collection_case_id._get_form_action()
