from datetime import datetime
from itertools import product

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.base.models.res_partner import _tz_get

from ..tools.local_time import UTC, is_zone, load_zone
from ..tools.zones import find_zones

COLLECTION_GROUPS = ",".join(
    (
        "collections_mgmt.group_collection_viewer",
        "collections_mgmt.group_collection_collector",
    )
)

# What contact rules look at.
CONTACT_RULE_FIELDS = frozenset(
    {
        *("country_id", "state_id", "city", "zip", "phone", "collection_debtor_type"),
        *("collection_tz", "collection_contact_hours", "collection_granted_hours"),
    }
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
        copy=False,
        groups=COLLECTION_GROUPS,
        help="Who receives the reminders. Empty: the invoice address.",
    )
    collection_cc_ids = fields.Many2many(
        "res.partner",
        "collection_partner_cc_rel",
        "partner_id",
        "cc_partner_id",
        string="Copy Reminders to",
        copy=False,
        groups=COLLECTION_GROUPS,
        help="They receive a copy of each e-mail: a salesperson, an accountant.",
    )
    collection_debtor_type = fields.Selection(
        [
            ("consumer", "Consumer"),
            ("business", "Business"),
            ("micro", "Micro-business"),
            ("unknown", "Unknown"),
        ],
        string="Debtor Type",
        compute="_compute_collection_debtor_type",
        store=True,
        readonly=False,
        copy=False,
        groups=COLLECTION_GROUPS,
        help="Which contact rules protect the debtor. Unknown: as a consumer.",
    )
    collection_tz = fields.Selection(
        _tz_get,
        string="Debtor's Time Zone",
        copy=False,
        groups=COLLECTION_GROUPS,
        help="As the debtor stated it. Empty: found by address and phone number.",
    )
    collection_contact_hours = fields.Char(
        string="Wishes to Be Contacted",
        copy=False,
        groups=COLLECTION_GROUPS,
        help="Days and hours, as: MON-FRI 09:00-13:00. Nobody contacts the debtor at "
        "other times.",
    )
    collection_granted_hours = fields.Char(
        string="Granted Other Hours",
        copy=False,
        groups=COLLECTION_GROUPS,
        help="Days and hours that the debtor granted in a document of its own, where "
        "the law lets that widen its hours.",
    )
    collection_hold_ids = fields.One2many(
        "collection.hold", "partner_id", string="Stops", groups=COLLECTION_GROUPS
    )
    collection_consent_ids = fields.One2many(
        "collection.consent", "partner_id", string="Consents", groups=COLLECTION_GROUPS
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
    collection_aging_html = fields.Html(
        string="Aging",
        compute="_compute_collection_standing",
        groups=COLLECTION_GROUPS,
        help="Of the case in the current company.",
    )
    collection_payer_html = fields.Html(
        string="How They Pay",
        compute="_compute_collection_standing",
        groups=COLLECTION_GROUPS,
        help="As the case in the current company shows it.",
    )

    @api.depends("is_company", "vat")
    def _compute_collection_debtor_type(self):
        for partner in self:
            if not partner.is_company:
                partner.collection_debtor_type = "consumer"
            else:
                partner.collection_debtor_type = (
                    "business" if partner.vat else "unknown"
                )

    @api.constrains("collection_contact_hours", "collection_granted_hours")
    def _check_collection_hours(self):
        for partner in self:
            for hours in (
                partner.collection_contact_hours,
                partner.collection_granted_hours,
            ):
                self.env["collection.contact.rule"]._check_hours_text(hours)

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

    @api.depends("collection_case_id")
    @api.depends_context("company", "uid", "lang")
    def _compute_collection_standing(self):
        for partner in self:
            case = partner.collection_case_id
            partner.collection_aging_html = case.aging_html
            partner.collection_payer_html = case.payer_html

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

    def _is_of_creditor(self, company):
        """Return whether the person is nobody of another company's.

        :param res.company company: a root company
        """
        self.ensure_one()
        own = self.company_id.root_id
        colleagues = self.user_ids.filtered(lambda user: not user.share)
        works_here = company in colleagues.company_ids.root_id
        return own in (company, own.browse()) and (works_here or not colleagues)

    def _get_overdue_case(self):
        """Return the open case of somebody who is late, as ``_get_overdue_cases``."""
        self.ensure_one()
        return self._get_overdue_cases()[:1]

    def _get_overdue_cases(self):
        """Return the open cases of those who are late, in sudo.

        The cases are the current company's.
        """
        # In sudo: who writes to a debtor need not see the case to keep to the rules.
        return (
            self.env["collection.case"]
            .sudo()
            .search(
                self._get_collection_case_domain()
                & Domain("partner_id", "in", self.commercial_partner_id.ids)
                & Domain("amount_overdue", ">", 0)
            )
        )

    @api.constrains("collection_agent_id")
    def _check_collection_agent(self):
        # A colleague may get the right later; nobody outside does.
        outsiders = self.collection_agent_id.filtered("share")
        outsiders._check_collects_for(self.env["res.company"])

    def _get_debtor_today(self):
        """Return the day on the debtor's clock; of several, where it is the earliest.

        Nobody knows the zone of some: the day is then the company's.
        """
        self.ensure_one()
        partner_sudo = self.sudo()  # the zone is for collectors, and for no visitor
        zones, _basis = find_zones(
            partner_sudo.collection_tz,
            partner_sudo.country_id.code,
            partner_sudo.state_id.code,
            partner_sudo.phone,
            city=partner_sudo.city or "",
            zip_code=partner_sudo.zip or "",
        )
        company_zone = self.env.company.sudo().partner_id.tz or "UTC"
        moment = datetime.now(UTC)
        return min(
            moment.astimezone(load_zone(zone)).date()
            for zone in filter(is_zone, zones or (company_zone,))
        )

    def write(self, vals):
        # EXTENDS 'base': who becomes a contact of a company owes nothing any more, and
        # what contact rules said may depend on the address
        debtors = self.browse()
        if not {"parent_id", "is_company"}.isdisjoint(vals):
            debtors = self.commercial_partner_id
        # In sudo: whoever edits a partner need not see cases.
        cases_sudo = debtors.sudo().collection_case_ids
        companies = cases_sudo.filtered(lambda case: case.state == "open").company_id
        result = super().write(vals)
        if debtors:
            self.env["collection.engine"]._note_debtors(
                product(companies, debtors | self.commercial_partner_id)
            )
        if not CONTACT_RULE_FIELDS.isdisjoint(vals):
            self.env["collection.contact"]._forget_blocks(self)
        return result

    def action_open_collection_case(self):
        """Open the debtor's case in the current company."""
        self.ensure_one()
        return self.collection_case_id._get_form_action()
