"""Whether a contact is lawful, and when.

The dated cases were worked out by hand from the laws; their numbers are those of the
list of dated cases. Times are local.
"""

from datetime import date, datetime, timedelta

import pytest

from odoo.addons.collections_mgmt.tools.contact_rules import (
    CODES,
    Event,
    Hold,
    Request,
    find_slot,
    judge,
)

from .contact_cases import (
    ALWAYS,
    BOGOTA,
    CHILE_CALLS,
    CHILE_MESSAGES,
    COLOMBIA,
    COLOMBIAN_HOLIDAYS,
    MEXICO_FINANCE,
    NEW_YORK,
    PERU,
    SANTIAGO,
    TIJUANA,
    US_COLLECTOR,
    WRITTEN,
    ask,
    assert_waits,
    at,
    event,
    rule,
    week,
)


def test_1_chile_allows_one_call_or_visit_a_week():
    calls = (event("2026-11-02 10:00"),)
    verdict = ask(CHILE_CALLS, "2026-11-06 12:00", history=calls)
    assert_waits(verdict, "2026-11-09 10:00")
    (reason,) = verdict.reasons
    assert (reason.code, reason.used, reason.maximum) == ("cap", 1, 1)
    visit = ask(CHILE_CALLS, "2026-11-06 12:00", "visit", history=calls)
    assert visit.result == "defer"
    assert ask(CHILE_CALLS, "2026-11-09 10:00", history=calls).result == "allow"


def test_3_chile_wants_two_full_days_between_messages():
    mails = (event("2026-11-02 09:00", "email", "sent"),)
    verdict = ask(CHILE_MESSAGES, "2026-11-03 09:30", "im", history=mails)
    assert_waits(verdict, "2026-11-05 08:00")


def test_3_by_the_lenient_reading_48_hours_are_enough():
    lenient = [*CHILE_MESSAGES[:2], rule("gap", WRITTEN, gap_hours=48)]
    mails = (event("2026-11-02 09:00", "email", "sent"),)
    verdict = ask(lenient, "2026-11-03 09:30", "im", history=mails)
    assert_waits(verdict, "2026-11-04 09:00")


def test_6_colombia_closes_on_saturday_at_15_and_on_a_holiday_monday():
    verdict = ask(
        COLOMBIA,
        "2026-10-10 15:00",
        "sms",
        BOGOTA,
        is_holiday=COLOMBIAN_HOLIDAYS.__contains__,
        consents={"sms"},
    )
    assert_waits(verdict, "2026-10-13 07:00", BOGOTA)


def test_9_peru_closes_on_friday_at_20():
    verdict = ask(PERU, "2026-11-06 20:00", zone="America/Lima")
    assert_waits(verdict, "2026-11-09 07:00", "America/Lima")


def test_11_mexico_goes_by_the_clock_of_the_debtor():
    asked = at("2026-12-01 08:30", "America/Mexico_City")
    request = Request("call", asked, (TIJUANA,), lambda day: False)
    slot = find_slot(MEXICO_FINANCE, request)
    assert slot == at("2026-12-01 07:00", TIJUANA)
    assert slot == at("2026-12-01 09:00", "America/Mexico_City")


def test_13_us_rests_seven_days_from_the_day_of_a_talk_on():
    talks = (event("2026-11-02 18:00", outcome="talk", zone=NEW_YORK, debts={5}),)
    asked = {"zone": NEW_YORK, "history": talks, "debts": {5}}
    assert_waits(
        ask(US_COLLECTOR, "2026-11-08 20:00", **asked), "2026-11-09 08:00", NEW_YORK
    )
    assert ask(US_COLLECTOR, "2026-11-09 08:00", **asked).result == "allow"


def test_20_a_reserved_call_takes_the_last_place():
    reserved = (event("2026-11-06 12:00", outcome="reserved"),)
    assert ask(CHILE_CALLS, "2026-11-06 12:00").result == "allow"
    assert ask(CHILE_CALLS, "2026-11-06 12:00", history=reserved).result == "defer"


# The verdict


def test_reasons_begin_with_holds_and_go_on_by_severity():
    rules = [
        rule("window", hours=week(5, 9, 18), severity="policy"),
        rule("window", hours=week(5, 9, 20), severity="preference"),
        rule("window", hours=week(5, 7, 20), severity="provider"),
        rule("window", hours=week(5, 8, 20), severity="law"),
    ]
    holds = (Hold("dispute", date(2026, 11, 1)),)
    verdict = ask(rules, "2026-11-01 10:00", holds=holds)
    effects = [reason.effect for reason in verdict.reasons]
    assert effects == ["block", "defer", "defer", "defer", "defer"]
    assert [reason.rule for reason in verdict.reasons] == [*holds, *reversed(rules)]
    assert {reason.code for reason in verdict.reasons} <= CODES
    assert verdict.next_slot == at("2026-11-02 09:00")


def test_what_allows_is_told_with_its_counters():
    verdict = ask(CHILE_CALLS, "2026-11-02 10:00", history=(event("2026-10-01 10:00"),))
    assert (verdict.result, verdict.reasons) == ("allow", ())
    window, cap = verdict.spoken
    assert (window.effect, cap.effect) == ("allow", "allow")
    assert (cap.used, cap.maximum) == (0, 1)
    assert verdict.next_slot == at("2026-11-02 10:00")


def test_fractions_of_a_second_are_cut_off():
    moment = at("2026-11-02 10:00") + timedelta(microseconds=7)
    calls = (Event(moment - timedelta(days=7), "call", "sent"),)
    request = Request("call", moment, (SANTIAGO,), lambda day: False, calls)
    assert find_slot(CHILE_CALLS, request) == at("2026-11-02 10:00")


# What cannot be judged is blocked


def assert_blocked(verdict, code):
    assert (verdict.result, verdict.next_slot) == ("block", None)
    assert [reason.code for reason in verdict.reasons] == [code]


def test_no_rule_allows_nothing():
    assert_blocked(ask([], "2026-11-02 10:00"), "no_rule")
    assert_blocked(ask(CHILE_MESSAGES, "2026-11-02 10:00", "call"), "no_rule")
    assert_blocked(ask([rule("content")], "2026-11-02 10:00"), "no_rule")


@pytest.mark.parametrize(
    "zones",
    [(), None, ("",), ("Chile/Nowhere",), ("../etc/passwd",), ("America",), (None,)],
)
def test_an_unknown_zone_blocks(zones):
    assert_blocked(ask([ALWAYS], "2026-11-02 10:00", zones=zones), "unknown_zone")


def test_one_unknown_zone_among_known_ones_blocks():
    verdict = ask([ALWAYS], "2026-11-02 10:00", zones=(SANTIAGO, "Mars/Olympus"))
    assert_blocked(verdict, "unknown_zone")


def test_an_unknown_calendar_of_holidays_blocks_where_holidays_matter():
    unknown = {"is_holiday": lambda day: None}
    assert_blocked(ask(CHILE_CALLS, "2026-11-02 10:00", **unknown), "unknown_holidays")
    assert ask(US_COLLECTOR, "2026-11-02 10:00", **unknown).result == "allow"


def test_the_next_slot_is_not_looked_for_in_a_year_without_calendar():
    ends = {"is_holiday": lambda day: None if day.year > 2026 else False}
    assert ask(CHILE_CALLS, "2026-12-31 10:00", **ends).result == "allow"
    assert_blocked(ask(CHILE_CALLS, "2026-12-31 20:00", **ends), "unknown_holidays")
    calls = (event("2026-12-28 10:00"),)
    verdict = ask(CHILE_CALLS, "2026-12-31 10:00", history=calls, **ends)
    assert (verdict.result, verdict.next_slot) == ("block", None)
    assert {reason.code for reason in verdict.reasons} == {"cap", "unknown_holidays"}


def test_a_window_without_hours_is_never_open():
    rules = [rule("window", skip_holidays=True)]
    assert_blocked(ask(rules, "2026-11-02 10:00"), "never")


def test_windows_without_a_common_hour_have_no_slot():
    rules = [
        rule("window", hours=week(7, 8, 10)),
        rule("window", hours=week(7, 18, 20)),
    ]
    verdict = ask(rules, "2026-11-02 09:00")
    assert (verdict.result, verdict.next_slot) == ("block", None)
    assert {reason.code for reason in verdict.reasons} == {"hours", "no_slot"}


def test_zones_without_a_common_hour_have_no_slot():
    zones = (SANTIAGO, "Asia/Kathmandu")
    rules = [rule("window", hours=week(7, 9, 17))]
    assert_blocked(ask(rules, "2026-11-02 10:00", zones=zones), "hours")


def test_a_slot_may_be_60_days_away_and_not_a_second_more():
    rules = [rule("gap", gap_hours=60 * 24)]
    now = (event("2026-11-02 10:00:00"),)
    verdict = ask(rules, "2026-11-02 10:00:00", history=now)
    assert verdict.next_slot == at("2026-11-02 10:00") + timedelta(days=60)
    soon = (event("2026-11-02 10:00:01"),)
    assert_blocked(ask(rules, "2026-11-02 10:00:00", history=soon), "gap")


BROKEN_RULES = [
    rule("window", hours=((7, 0, 60),)),
    rule("window", hours=((-1, 0, 60),)),
    rule("window", hours=((0, 1320, 360),)),
    rule("window", hours=((0, 0, 1441),)),
    rule("window", hours=(("MON", 0, 60),)),
    rule("window", hours=None, skip_holidays=True, widenable=True),
    rule("cap", period="day"),
    rule("cap", maximum=1),
    rule("cap", maximum=1, period="year"),
    rule("cap", maximum=1, period="rolling", days=0),
    rule("cap", maximum=1, period="day", counting="some"),
    rule("cap", maximum=1, period="day", scope="family"),
    rule("gap"),
    rule("gap", days=-1),
    rule("gap", gap_hours=-24),
    rule("cooldown", after="talk"),
    rule("cooldown", after="talk", days=0),
    rule("moon", hours=week(7, 0, 24)),
    rule("window", 5, hours=week(7, 0, 24)),
]


@pytest.mark.parametrize("broken", BROKEN_RULES, ids=str)
def test_a_rule_that_makes_no_sense_blocks(broken):
    verdict = ask(
        [ALWAYS, broken],
        "2026-11-02 10:00",
        history=(event("2026-11-01 10:00"),),
        widened=((0, 0, 1440),),
    )
    assert (verdict.result, verdict.next_slot) == ("block", None)
    assert verdict.reasons[0].code in ("error", "never")


@pytest.mark.parametrize(
    "values",
    [
        {"history": (Event(datetime(2026, 11, 1), "call", "sent"),)},
        {"history": (Event("yesterday", "call", "sent"),)},
        {"is_holiday": None},
        {"is_holiday": lambda day: 1 / 0},
        {"consents": None},
        {"holds": (Hold("odd", until="tomorrow"),)},
    ],
    ids=[
        "an event without a zone",
        "an event at no moment",
        "no calendar",
        "a calendar that fails",
        "no consents",
        "a stop until no day",
    ],
)
def test_a_request_that_makes_no_sense_blocks(values):
    verdict = ask([*CHILE_CALLS, rule("consent")], "2026-11-02 10:00", **values)
    assert (verdict.result, verdict.next_slot) == ("block", None)
    assert "error" in {reason.code for reason in verdict.reasons}


def test_a_moment_without_zone_is_no_moment():
    request = Request("call", datetime(2026, 11, 2, 10), (SANTIAGO,), lambda day: False)
    assert_blocked(judge([ALWAYS], request), "error")
