"""What must exist before documents can be written: company, chart, partners, goods."""

from itertools import count

from odoo import Command
from odoo.exceptions import UserError

from . import catalog

# Nobody is to be told about, or made to follow, what happened years ago.
QUIET_CONTEXT = {
    "tracking_disable": True,
    "mail_notrack": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_activity_automation_skip": True,
    "no_reset_password": True,
}

SALE_DOCUMENTS = ("out_invoice", "out_refund")

_CHART_CHILE = "cl"
_CHART_GENERIC = "generic_coa"

# Languages a partner gets, in order of preference; the first active one wins.
_LANGUAGES = {
    catalog.LANG_LATIN_AMERICA: (catalog.LANG_LATIN_AMERICA,),
    catalog.LANG_SPAIN: (catalog.LANG_SPAIN, catalog.LANG_LATIN_AMERICA),
    catalog.LANG_ENGLISH: (catalog.LANG_ENGLISH,),
}

_TAXPAYER_COMPANY = "1"
_TAXPAYER_CONSUMER = "3"
_TAXPAYER_FOREIGN = "4"


def activate_languages(env):
    """Activate the languages of the books as far as they exist.

    No translation is loaded. Return ``{language of the plan: active code or False}``.
    """
    for code in _LANGUAGES:
        env["res.lang"]._activate_lang(code)
    active = {code for code, _name in env["res.lang"].get_installed()}
    return {
        code: next((choice for choice in choices if choice in active), False)
        for code, choices in _LANGUAGES.items()
    }


def check_company_is_blank(company):
    """Raise a UserError for a branch, or a company that has posted invoices."""
    if company.parent_id:
        raise UserError(
            company.env._(
                "Demonstration books are loaded into a company, not into a branch."
            )
        )
    posted = company.env["account.move"].search_count(
        [
            ("company_id", "child_of", company.id),
            ("move_type", "in", SALE_DOCUMENTS),
            ("state", "=", "posted"),
        ],
        limit=1,
    )
    if posted:
        raise UserError(
            company.env._(
                "The company %(company)s already has posted invoices: demonstration "
                "books can only be loaded into a company without any.",
                company=company.display_name,
            )
        )


def create_company(env, plan):
    """Create the selling company with its branches, without a chart of accounts."""
    companies = _quiet_companies(env)
    company = companies.create(_prepare_head_values(env, plan))
    _create_branches(company, plan)
    return env["res.company"].browse(company.id)


def adopt_company(company, plan):
    """Give a company without any journal entry the identity and branches of the plan.

    Branches it already has stay, and no other is created then. A company with entries
    is left as it is.
    """
    if company._existing_accounting():
        return
    quiet = _quiet_companies(company.env).browse(company.id)
    # Without the chart it has: else a branch loads that one, when the transaction ends.
    quiet.write({**_prepare_head_values(company.env, plan), "chart_template": False})
    if not company.child_ids:
        _create_branches(quiet, plan)


def _quiet_companies(env):
    """Return the company model in a context that installs no localization."""
    return env["res.company"].with_context(chart_template_load=True)


def _create_branches(company, plan):
    company.create(
        [
            {**_prepare_unit_values(company.env, plan, unit), "parent_id": company.id}
            for unit in plan.units[1:]
        ]
    )


def _prepare_head_values(env, plan):
    return {
        **_prepare_unit_values(env, plan, plan.units[0]),
        "vat": _accepted_vat(env, plan.country, plan.vat),
    }


def _prepare_unit_values(env, plan, unit):
    values = {
        "name": _find_free_name(env, unit.name),
        "street": unit.street,
        "city": unit.city,
        "state_id": _find_state(env, plan.country, unit.state).id,
        "country_id": _find_country(env, plan.country).id,
        "currency_id": _find_currency(env, plan.currency).id,
        "email": plan.email,
        "phone": unit.phone,
    }
    if "iap_enrich_auto_done" in env["res.company"]._fields:
        values["iap_enrich_auto_done"] = True
    return values


def _find_free_name(env, name):
    """Return a company name nobody has: the given one, or that with a number."""
    companies = env["res.company"].with_context(active_test=False)
    candidates = (f"{name} {number}" if number > 1 else name for number in count(1))
    return next(
        candidate
        for candidate in candidates
        if not companies.search_count([("name", "=", candidate)], limit=1)
    )


def set_up_accounting(company, plan):
    """Load the chart, unless entries exist, and make journals fit for plain invoices.

    The Chilean chart is taken when its module is loaded, else the generic one.
    """
    if not company._existing_accounting():
        # Not try_loading(): it warns about its use while modules are being installed.
        is_chilean = "l10n_cl_sii_taxpayer_type" in company.env["res.partner"]._fields
        template = _CHART_CHILE if is_chilean else _CHART_GENERIC
        company.env["account.chart.template"]._load(template, company, False)
        # The generic chart brings its own currency.
        company.currency_id = _find_currency(company.env, plan.currency)
    if company.currency_id.name != plan.currency:
        raise UserError(
            company.env._(
                "Demonstration books need a company whose currency is %(currency)s.",
                currency=plan.currency,
            )
        )
    company.account_use_credit_limit = True
    _set_up_journals(company)


def _set_up_journals(company):
    """Use plain invoice numbers, and book payments straight to the bank account."""
    journals = company.env["account.journal"].search([("company_id", "=", company.id)])
    sales = journals.filtered(lambda journal: journal.type == "sale")
    if "l10n_latam_use_documents" in sales._fields:
        sales.l10n_latam_use_documents = False
    for journal in journals.filtered(lambda journal: journal.type == "bank"):
        methods = journal.inbound_payment_method_line_ids
        methods.payment_account_id = journal.default_account_id


def find_journal(company, journal_type):
    """Return the first journal of a type of the company."""
    domain = [("company_id", "=", company.id), ("type", "=", journal_type)]
    return company.env["account.journal"].search(domain, limit=1)


def find_or_create_sale_tax(company):
    """Return the sales tax of the books."""
    domain = [
        ("company_id", "=", company.id),
        ("type_tax_use", "=", "sale"),
        ("amount_type", "=", "percent"),
        ("amount", "=", catalog.TAX_PERCENT),
        ("price_include", "=", False),
    ]
    taxes = company.env["account.tax"]
    return taxes.search(domain, limit=1) or taxes.create(
        {
            "name": f"IVA {catalog.TAX_PERCENT} %",
            "company_id": company.id,
            "type_tax_use": "sale",
            "amount": catalog.TAX_PERCENT,
        }
    )


def create_rates(company, plan_rates):
    """Activate the currencies and give the company their dated rates."""
    currencies = {
        code: _find_currency(company.env, code)
        for code in sorted({rate.currency for rate in plan_rates})
    }
    rates = company.env["res.currency.rate"]
    dated = rates.search([("company_id", "=", company.id)])
    known = {(rate.currency_id.name, rate.name) for rate in dated}
    rates.create(
        [
            {
                "name": rate.date,
                "currency_id": currencies[rate.currency].id,
                "company_id": company.id,
                "inverse_company_rate": float(rate.price),
            }
            for rate in plan_rates
            if (rate.currency, rate.date) not in known
        ]
    )


def create_terms(company, plan_terms):
    """Create the payment terms; return ``{key: record}``."""
    records = company.env["account.payment.term"].create(
        [
            {
                "name": term.name,
                "company_id": company.id,
                "line_ids": [
                    Command.create(
                        {
                            "value": "percent",
                            "value_amount": float(part.percent),
                            "delay_type": "days_after",
                            "nb_days": part.days,
                        }
                    )
                    for part in term.parts
                ],
            }
            for term in plan_terms
        ]
    )
    keys = [term.key for term in plan_terms]
    return dict(zip(keys, records, strict=True))


def create_products(company, plan_products, tax):
    """Create the products; return ``{key: record}``."""
    records = company.env["product.product"].create(
        [
            {
                "name": product.name,
                "default_code": product.key,
                "type": "consu",
                "list_price": float(product.price),
                "taxes_id": [Command.set(tax.ids)],
            }
            for product in plan_products
        ]
    )
    keys = [product.key for product in plan_products]
    return dict(zip(keys, records, strict=True))


def create_partners(companies, debtors, terms, languages):
    """Create debtors and their contacts, shared by all companies.

    Terms and credit limits are set in every one of ``companies``. Return
    ``{debtor or contact key: partner}``.
    """
    env = companies.env
    records = env["res.partner"].create(
        [_prepare_debtor_values(env, debtor, languages) for debtor in debtors]
    )
    partners = {
        debtor.key: record for debtor, record in zip(debtors, records, strict=True)
    }
    for company in companies:
        for debtor in debtors:
            partners[debtor.key].with_company(company).write(
                {
                    "property_payment_term_id": terms[debtor.term].id,
                    "credit_limit": debtor.credit_limit,
                }
            )
    contacts = [(contact, debtor) for debtor in debtors for contact in debtor.contacts]
    children = env["res.partner"].create(
        [
            _prepare_contact_values(contact, partners[debtor.key])
            for contact, debtor in contacts
        ]
    )
    for (contact, _debtor), child in zip(contacts, children, strict=True):
        partners[contact.key] = child
    return partners


def _prepare_debtor_values(env, debtor, languages):
    values = {
        "name": debtor.name,
        "company_type": "company" if debtor.is_company else "person",
        "is_company": debtor.is_company,
        "street": debtor.street,
        "city": debtor.city,
        "state_id": _find_state(env, debtor.country, debtor.state).id,
        "country_id": _find_country(env, debtor.country).id,
        "vat": _accepted_vat(env, debtor.country, debtor.vat),
        "email": debtor.email,
        "phone": debtor.phone,
        "lang": languages[debtor.lang],
    }
    values.update(_prepare_chilean_values(env, debtor))
    return values


def _prepare_chilean_values(env, debtor):
    """Return the tax-payer data the Chilean localization wants, if it is loaded."""
    if "l10n_cl_sii_taxpayer_type" not in env["res.partner"]._fields:
        return {}
    if debtor.country != catalog.COUNTRY_CHILE:
        return {"l10n_cl_sii_taxpayer_type": _TAXPAYER_FOREIGN}
    kind = env.ref("l10n_cl.it_RUT", raise_if_not_found=False)
    taxpayer = _TAXPAYER_COMPANY if debtor.is_company else _TAXPAYER_CONSUMER
    values = {"l10n_cl_sii_taxpayer_type": taxpayer}
    if kind:
        values["l10n_latam_identification_type_id"] = kind.id
    return values


def _prepare_contact_values(contact, parent):
    return {
        "name": contact.name,
        "parent_id": parent.id,
        "type": contact.kind,
        "street": contact.street,
        "city": contact.city,
        "country_id": parent.country_id.id,
        "email": contact.email,
        "phone": contact.phone,
        "lang": parent.lang,
    }


def _accepted_vat(env, country_code, vat):
    """Return the tax number as Odoo wants it, False when it rejects it."""
    country = _find_country(env, country_code)
    accepted, _country = env["res.partner"]._run_vat_checks(
        country, vat, validation="setnull"
    )
    return accepted or False


def _find_country(env, code):
    return env.ref(f"base.{code.lower()}")


def _find_state(env, country_code, code):
    domain = [("country_id.code", "=", country_code), ("code", "=", code)]
    return env["res.country.state"].search(domain, limit=1)


def _find_currency(env, code):
    """Return a currency, activated."""
    currency = env.ref(f"base.{code}")
    if not currency.active:
        currency.active = True
    return currency
