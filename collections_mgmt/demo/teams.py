"""The demonstration team: two collectors, their supervisor and its rules."""

from datetime import timedelta

from odoo import Command, fields

from .loader_setup import QUIET_CONTEXT

# What each collector carries, in cases.
_CAPACITIES = {"collector": 40, "collector2": 25}
# In the currency of the books, pesos.
_LARGE_AMOUNT = 1_000_000
_ESCALATED_AMOUNT = 3_000_000
_DAYS_WITHOUT_PROGRESS = 30
_DAYS_TO_ABSENCE, _DAYS_OF_ABSENCE = 10, 7


def create_team(env, company, users):
    """Create a team of the demonstration collectors, unless the company has one.

    Cases above a million are dealt out by load; still larger ones, and those without
    progress, go to the supervisor; the second collector will be away.

    :param dict users: as returned by ``users.create_users``
    :return: the team
    """
    env = env(su=True, context={**env.context, **QUIET_CONTEXT})
    company = company.with_env(env)
    found = env["collection.team"].search([("company_id", "=", company.id)], limit=1)
    if found:
        return found
    team = env["collection.team"].create(_prepare_team_values(company, users))
    env["collection.assignment.rule"].create(
        {
            "name": "Above one million",
            "team_id": team.id,
            "method": "load",
            "domain": f"[('amount_overdue', '>', {_LARGE_AMOUNT})]",
            "leftover": "leader",
        }
    )
    env["collection.escalation.rule"].create(
        [
            {
                "name": "Large amount",
                "company_id": company.id,
                "amount_above": _ESCALATED_AMOUNT,
                "note": "Call the owner yourself.",
            },
            {
                "name": "Nothing happens",
                "company_id": company.id,
                "idle_days": _DAYS_WITHOUT_PROGRESS,
                "note": "Talk with the collector: another channel, or another contact?",
            },
        ]
    )
    _create_absence(env, users)
    return team


def _prepare_team_values(company, users):
    return {
        "name": "Collections",
        "company_id": company.id,
        "leader_id": users["supervisor"].id,
        "member_ids": [
            Command.create({"user_id": users[role].id, "capacity": capacity})
            for role, capacity in _CAPACITIES.items()
        ],
    }


def _create_absence(env, users):
    start = fields.Date.context_today(users["collector"]) + timedelta(
        days=_DAYS_TO_ABSENCE
    )
    env["collection.absence"].create(
        {
            "user_id": users["collector2"].id,
            "substitute_id": users["collector"].id,
            "date_from": start,
            "date_to": start + timedelta(days=_DAYS_OF_ABSENCE - 1),
        }
    )
