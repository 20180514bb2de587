"""The demonstration log-ins."""

from odoo import Command, fields

from .loader import get_open_items_domain
from .loader_setup import QUIET_CONTEXT

_MAIL_DOMAIN = "andina.example.com"
_FALLBACK_MAIL_DOMAIN = "example.com"
_PORTAL_CONTACT_PHONE = "+56 9 5555 1999"

# role (also log-in and password): name, language, groups
_STAFF = {
    "accountant": (
        "Mónica Valdivieso",
        "en_US",
        ("account.group_account_manager", "collections_mgmt.group_collection_manager"),
    ),
    "collector": (
        "Tomás Henríquez",
        "es_419",
        ("collections_mgmt.group_collection_collector",),
    ),
    "collector2": (
        "Paula Contreras",
        "es_419",
        ("collections_mgmt.group_collection_collector",),
    ),
    "supervisor": (
        "Carolina Fuentes",
        "es_419",
        ("collections_mgmt.group_collection_collector",),
    ),
    "viewer": (
        "Raúl Sepúlveda",
        "es_419",
        ("collections_mgmt.group_collection_viewer",),
    ),
}
_PORTAL = "portal"
_PORTAL_NAME = "Elena Vergara"

_USER_GROUP = "base.group_user"
_PORTAL_GROUP = "base.group_portal"


def create_users(env, company):
    """Create the demonstration log-ins for a company and its branches.

    The password is the log-in: ``accountant``, ``collector``, ``collector2``,
    ``supervisor``, ``viewer`` and ``portal``, a contact of the debtor with most
    overdue items. Where somebody else has that log-in, it is followed by
    ``@example.com``. Log-ins of the company that exist are kept as they are. The
    administrator is allowed into the company and its branches.

    Groups that do not exist (yet) are left out without a word, so that accounting
    data can be shown before the module that brings them is complete.

    :return: ``{role: user}``; without ``portal`` when nobody owes anything overdue.
    """
    env = env(su=True, context={**env.context, **QUIET_CONTEXT})
    company = company.with_env(env)
    companies = env["res.company"].search([("id", "child_of", company.id)], order="id")
    _allow_administrator(env, companies)
    users = {role: _ensure_staff(role, company, companies) for role in _STAFF}
    portal = _ensure_portal(company, companies)
    if portal:
        users[_PORTAL] = portal
    return users


def _allow_administrator(env, companies):
    admin = env.ref("base.user_admin", raise_if_not_found=False)
    if admin:
        admin.company_ids = [Command.link(company.id) for company in companies]


def _ensure_staff(role, company, companies):
    name, lang, groups = _STAFF[role]
    login, user = _find_login(role, company)
    return user or user.create(
        {
            "name": name,
            "email": f"{role}@{_MAIL_DOMAIN}",
            "lang": _active_lang(company.env, lang),
            **_prepare_login_values(login, company, companies, (_USER_GROUP, *groups)),
        }
    )


def _ensure_portal(company, companies):
    """Return the portal user, or None when there is no debtor to give one."""
    login, user = _find_login(_PORTAL, company)
    debtor = user.browse() if user else _find_worst_debtor(companies)
    if not user and not debtor:
        return None
    return user or user.create(
        {
            "partner_id": _create_portal_contact(debtor).id,
            **_prepare_login_values(login, company, companies, (_PORTAL_GROUP,)),
        }
    )


def _create_portal_contact(debtor):
    return debtor.create(
        {
            "name": _PORTAL_NAME,
            "parent_id": debtor.id,
            "type": "contact",
            "function": "Tesorería",
            "email": f"{_PORTAL}@cliente.{_FALLBACK_MAIL_DOMAIN}",
            "phone": _PORTAL_CONTACT_PHONE,
            "lang": debtor.lang,
        }
    )


def _find_worst_debtor(companies):
    """Return the Chilean company with most overdue items, or no partner."""
    today = fields.Date.context_today(companies)
    groups = companies.env["account.move.line"]._read_group(
        [
            *get_open_items_domain(companies),
            ("date_maturity", "<", today),
            ("move_id.commercial_partner_id.is_company", "=", True),
            ("move_id.commercial_partner_id.email", "!=", False),
            ("no_followup", "=", False),
        ],
        ["partner_id"],
        ["__count"],
        order="__count DESC, partner_id",
        limit=1,
    )
    return groups[0][0] if groups else companies.env["res.partner"]


def _find_login(role, company):
    """Return the log-in to use, and the user of this company who has it already."""
    users = company.env["res.users"].with_context(active_test=False)
    for login in (role, f"{role}@{_FALLBACK_MAIL_DOMAIN}"):
        user = users.search([("login", "=", login)], limit=1)
        if not user or user.company_id == company:
            return login, user
    return f"{role}.{company.id}@{_FALLBACK_MAIL_DOMAIN}", users


def _prepare_login_values(login, company, companies, groups):
    env = company.env
    records = (env.ref(group, raise_if_not_found=False) for group in groups)
    return {
        "login": login,
        "password": login,
        "company_id": company.id,
        "company_ids": [Command.set(companies.ids)],
        "group_ids": [Command.set([group.id for group in records if group])],
    }


def _active_lang(env, code):
    return code if env["res.lang"]._get_data(code=code) else False
