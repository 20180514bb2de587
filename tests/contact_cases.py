"""Contacts to be judged, in few words. Times are local."""

from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo

from odoo.addons.collections_mgmt.tools.contact_rules import (
    Event,
    Request,
    Rule,
    judge,
)

SANTIAGO = "America/Santiago"
BOGOTA = "America/Bogota"
TIJUANA = "America/Tijuana"
NEW_YORK = "America/New_York"
WRITTEN = frozenset({"sms", "email", "im", "letter"})
SPOKEN = frozenset({"call", "visit"})
ANY = frozenset()
COLOMBIAN_HOLIDAYS = {date(2026, 10, 12)}


def at(text, zone=SANTIAGO):
    """Return the moment of a local time, in UTC."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return local.astimezone(timezone.utc)


def week(days, start, end):
    """Return windows: of each of so many days from Monday, hours as numbers."""
    return tuple((day, start * 60, end * 60) for day in range(days))


def rule(kind, channels=ANY, **values):
    values = {"id": 1, "code": kind.upper(), "severity": "law", **values}
    return Rule(kind=kind, channels=channels, **values)


def event(text, channel="call", outcome="attempted", zone=SANTIAGO, **values):
    return Event(at(text, zone), channel, outcome, **values)


def ask(rules, text, channel="call", zone=SANTIAGO, **values):
    """Return the verdict on a contact at a local time of the zone."""
    values = {"zones": (zone,), "is_holiday": lambda day: False, **values}
    return judge(rules, Request(channel, at(text, zone), **values))


def assert_waits(verdict, text, zone=SANTIAGO):
    assert (verdict.result, verdict.next_slot) == ("defer", at(text, zone))


ALWAYS = rule("window", hours=week(7, 0, 24))
CHILE_CALLS = [
    rule("window", SPOKEN, hours=week(6, 8, 20), skip_holidays=True),
    rule("cap", SPOKEN, maximum=1, period="rolling", days=7),
]
CHILE_MESSAGES = [
    rule("window", WRITTEN, hours=week(6, 8, 20), severity="policy"),
    rule("cap", WRITTEN, maximum=2, period="rolling", days=7),
    rule("gap", WRITTEN, days=2),
]
COLOMBIA = [
    rule(
        "window",
        hours=(*week(5, 7, 19), (5, 8 * 60, 15 * 60)),
        skip_holidays=True,
        widenable=True,
    ),
    rule("cap", maximum=1, period="day", counting="sent"),
    rule("one_channel", counting="reached"),
    rule("consent"),
]
PERU = [rule("window", SPOKEN, hours=week(5, 7, 20), skip_holidays=True)]
MEXICO_FINANCE = [rule("window", hours=week(7, 7, 22))]
US_COLLECTOR = [
    rule("window", hours=week(7, 8, 21)),
    rule("cap", {"call"}, maximum=7, period="rolling", days=7, scope="debt"),
    rule("cooldown", {"call"}, days=7, after="talk", scope="debt"),
]
