"""The engine agrees with a plain oracle about rules that hypothesis makes up.

Windows begin and end on quarter hours, events happen on whole minutes, so that the
oracle can try every moment at which anything may change.
"""

from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.addons.collections_mgmt.tools.contact_rules import (
    CODES,
    Event,
    Hold,
    Request,
    Rule,
    find_slot,
    judge,
)

from .contact_oracle import ContactOracle, list_minutes, to_minute

# The same examples on every machine; no limit to the time that shrinking takes.
PROPERTY = settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
CHANNELS = ("call", "sms", "email")
ZONES = (
    "America/Santiago",
    "America/Punta_Arenas",
    "America/Tijuana",
    "America/Bogota",
    "America/Havana",
    "Europe/Madrid",
    "Atlantic/Canary",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
)
# Days on which one of these sets its clock, and a plain one.
DAYS = [
    datetime(*day, tzinfo=timezone.utc)
    for day in (
        *((2026, 3, 8), (2026, 3, 29), (2026, 4, 4), (2026, 4, 5), (2026, 9, 6)),
        *((2026, 10, 3), (2026, 10, 25), (2026, 11, 1), (2026, 12, 30)),
    )
]
OUTCOMES = (
    *("reserved", "failed", "attempted", "left", "sent", "reached", "talk"),
    *("refunded", "exchange"),
)
MINUTES_OF_DAY = 24 * 60

moments = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from(DAYS),
    st.integers(-3 * MINUTES_OF_DAY, 2 * MINUTES_OF_DAY),
)
some_channels = st.frozensets(st.sampled_from(CHANNELS))
some_debts = st.frozensets(st.integers(1, 3))
quarters = st.integers(0, 96)
windows = st.builds(
    lambda day, one, other: (day, min(one, other) * 15, max(one, other) * 15),
    st.integers(0, 6),
    quarters,
    quarters,
).filter(lambda window: window[1] < window[2])
daily = st.builds(
    lambda days, one, other: tuple(
        (day, min(one, other) * 15, max(one, other) * 15) for day in sorted(days)
    ),
    st.sets(st.integers(0, 6), min_size=1),
    quarters,
    quarters,
).filter(lambda hours: hours[0][1] < hours[0][2])


def rules_of(kind, **values):
    """Return a strategy for rules of a kind."""
    return st.builds(
        Rule,
        id=st.integers(1, 9),
        code=st.just(kind.upper()),
        kind=st.just(kind),
        severity=st.sampled_from(("law", "provider", "preference", "policy")),
        channels=some_channels,
        **values,
    )


maxima = st.sampled_from((1, 1, 2, 2, 3, 0))
counters = {
    "counted_channels": some_channels,
    "counting": st.sampled_from(("attempt", "sent", "answered", "reached")),
    "scope": st.sampled_from(("debtor", "debt")),
    "event_kind": st.sampled_from(("", "", "dunning", "reminder")),
}
window_rules = rules_of(
    "window",
    hours=st.one_of(daily, st.lists(windows, max_size=9).map(tuple)),
    skip_holidays=st.booleans(),
    widenable=st.booleans(),
)
rolling_caps = rules_of(
    "cap",
    maximum=maxima,
    period=st.just("rolling"),
    days=st.integers(1, 10),
    **counters,
)
calendar_caps = rules_of(
    "cap",
    maximum=maxima,
    period=st.sampled_from(("day", "week", "month")),
    **counters,
)
gaps = rules_of("gap", days=st.integers(0, 4), gap_hours=st.integers(0, 60), **counters)
cooldowns = rules_of(
    "cooldown", days=st.integers(1, 9), after=st.sampled_from(OUTCOMES), **counters
)
one_channel_rules = rules_of("one_channel", **counters)
prerequisites = rules_of(
    "prerequisite",
    days=st.integers(0, 5),
    after=st.sampled_from(("reminder", "validation")),
    scope=counters["scope"],
)
kinds = {
    "window": window_rules,
    "rolling": rolling_caps,
    "calendar": calendar_caps,
    "gap": gaps,
    "cooldown": cooldowns,
    "one_channel": one_channel_rules,
}
timed = st.one_of(*kinds.values())
untimed = st.one_of(
    rules_of("consent"), rules_of("prohibition"), rules_of("content"), prerequisites
)
timed_lists = st.lists(timed, min_size=1, max_size=5)
rule_lists = st.one_of(
    timed_lists,
    timed_lists,
    st.lists(st.one_of(timed, untimed), max_size=5),
)


@st.composite
def requests(draw):
    """Draw a request whose events and holidays lie near its moment."""
    moment = draw(moments)
    minutes = st.one_of(
        st.integers(-5 * MINUTES_OF_DAY, MINUTES_OF_DAY),
        st.integers(-35 * MINUTES_OF_DAY, 9 * MINUTES_OF_DAY),
    )
    events = st.builds(
        Event,
        at=minutes.map(lambda number: moment + timedelta(minutes=number)),
        channel=st.sampled_from(CHANNELS),
        outcome=st.sampled_from(OUTCOMES),
        debts=some_debts,
        kind=st.sampled_from(("", "reminder", "dunning")),
        notice=st.sampled_from(("", "validation")),
    )
    near = st.integers(-2, 9).map(lambda days: moment.date() + timedelta(days=days))
    holidays = draw(st.frozensets(near, max_size=4))
    holds = st.builds(Hold, st.just("odd"), st.none() | near, st.none() | some_channels)
    return Request(
        channel=draw(st.sampled_from(CHANNELS)),
        moment=moment,
        zones=tuple(draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=2))),
        is_holiday=holidays.__contains__,
        history=tuple(draw(st.lists(events, max_size=6))),
        holds=tuple(draw(st.just([]) | st.just([]) | st.lists(holds, max_size=1))),
        consents=draw(some_channels),
        debts=draw(some_debts),
        widened=draw(st.none() | st.lists(windows, max_size=2).map(tuple)),
        notice=draw(st.sampled_from(("", "", "", "validation"))),
    )


@PROPERTY
@given(rule_lists, requests())
def test_what_is_allowed_breaks_no_rule_and_what_is_not_breaks_one(rules, request):
    lawful = ContactOracle(rules, request).is_lawful(request.moment)
    assert (judge(rules, request).result == "allow") == lawful


@PROPERTY
@given(rule_lists, requests())
def test_the_next_slot_is_the_first_lawful_moment_of_60_days(rules, request):
    oracle = ContactOracle(rules, request)
    first = oracle.find_first(oracle.list_candidates())
    assert find_slot(rules, request) == first


@pytest.mark.parametrize("kind", [*kinds, "prerequisite"])
@settings(PROPERTY, max_examples=30)
@given(request=requests(), data=st.data())
def test_each_kind_alone_waits_no_longer_than_it_must(kind, request, data):
    rule = data.draw({**kinds, "prerequisite": prerequisites}[kind])
    request = replace(request, holds=(), channel=min(rule.channels, default="sms"))
    oracle = ContactOracle([rule], request)
    first = oracle.find_first(oracle.list_candidates())
    assert find_slot([rule], request) == first


@settings(PROPERTY, max_examples=50)
@given(st.lists(timed, min_size=1, max_size=3), requests())
def test_no_minute_before_the_next_slot_is_lawful(rules, request):
    oracle = ContactOracle(rules, request)
    assert to_minute(request.moment) == request.moment
    slot = find_slot(rules, request)
    first = oracle.find_first(list_minutes(request.moment, days=3))
    if first or (slot and slot < request.moment + timedelta(days=3)):
        assert slot == first


@PROPERTY
@given(rule_lists, requests())
def test_each_rule_speaks_for_itself(rules, request):
    oracle = ContactOracle(rules, request)
    walls = [request.moment.astimezone(zone) for zone in oracle.zones]
    spoken = [r for r in judge(rules, request).spoken if isinstance(r.rule, Rule)]
    assert [reason.rule for reason in spoken] == oracle.rules
    for reason in spoken:
        kept = oracle.is_kept(reason.rule, request.moment, walls)
        assert (reason.effect == "allow") == kept
        assert reason.code in CODES
        alone = replace(request, holds=())
        slot = find_slot([reason.rule], alone)
        assert slot == (request.moment if kept else reason.until)
        if reason.rule.kind == "cap":
            used = (oracle.count(reason.rule, request.moment, z) for z in oracle.zones)
            assert reason.used == max(used) or reason.rule.maximum == 0


@PROPERTY
@given(rule_lists, requests())
def test_the_result_says_whether_waiting_helps(rules, request):
    verdict = judge(rules, request)
    holds = [reason for reason in verdict.reasons if isinstance(reason.rule, Hold)]
    assert (verdict.result == "allow") == (not verdict.reasons)
    assert (verdict.result == "defer") == bool(
        verdict.reasons and verdict.next_slot and not holds
    )
    if verdict.next_slot:
        assert (
            judge(rules, replace(request, moment=verdict.next_slot)).result == "allow"
        )


@PROPERTY
@given(rule_lists.filter(bool), timed, requests())
def test_one_more_rule_never_brings_a_contact_forward(rules, more, request):
    before = find_slot(rules, request)
    after = find_slot([*rules, more], request)
    if ContactOracle(rules, request).rules:
        assert after is None or (before and before <= after)


@PROPERTY
@given(rule_lists, requests())
def test_the_order_of_rules_events_and_zones_does_not_matter(rules, request):
    turned = replace(
        request,
        history=tuple(reversed(request.history)),
        zones=tuple(reversed(request.zones)),
    )
    if len({event.at for event in request.history}) == len(request.history):
        assert find_slot(rules[::-1], turned) == find_slot(rules, request)


@PROPERTY
@given(rule_lists, requests(), st.data())
def test_the_zone_in_which_a_moment_is_written_does_not_matter(rules, request, data):
    zone = ZoneInfo(data.draw(st.sampled_from(ZONES)))
    events = [replace(e, at=e.at.astimezone(zone)) for e in request.history]
    moved = replace(
        request, moment=request.moment.astimezone(zone), history=tuple(events)
    )
    assert judge(rules, moved) == judge(rules, request)


@PROPERTY
@given(rule_lists.filter(bool), requests(), st.data())
def test_nonsense_in_any_field_is_answered(rules, request, data):
    nonsense = data.draw(
        st.sampled_from((None, -1, 10**9, 0.5, "nonsense", (), ("x",), {}, object()))
    )
    names = [field.name for field in fields(Rule) if field.name not in ("id", "code")]
    broken = replace(rules[0], **{data.draw(st.sampled_from(names)): nonsense})
    assert judge([broken, *rules[1:]], request).result in ("allow", "defer", "block")
    name = data.draw(st.sampled_from([field.name for field in fields(Request)]))
    verdict = judge(rules, replace(request, **{name: nonsense}))
    assert verdict.result in ("allow", "defer", "block")
