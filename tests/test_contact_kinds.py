"""Each kind of contact rule, by example. Times are local."""

from dataclasses import replace
from datetime import date

import pytest

from odoo.addons.collections_mgmt.tools.contact_rules import Hold

from .contact_cases import (
    ALWAYS,
    BOGOTA,
    CHILE_CALLS,
    COLOMBIA,
    NEW_YORK,
    US_COLLECTOR,
    ask,
    assert_waits,
    at,
    event,
    rule,
    week,
)

OUTCOMES = "reserved failed attempted left sent reached talk heard refunded"


# Windows


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2026-11-07 07:59:59", "defer"),
        ("2026-11-07 08:00:00", "allow"),
        ("2026-11-07 19:59:59", "allow"),
        ("2026-11-07 20:00:00", "defer"),
    ],
)
def test_a_window_includes_its_start_and_not_its_end(text, result):
    assert ask(CHILE_CALLS, text).result == result


def test_a_day_may_have_several_windows():
    rules = [rule("window", hours=((0, 480, 720), (0, 840, 1080)))]
    assert_waits(ask(rules, "2026-11-02 12:00"), "2026-11-02 14:00")
    assert_waits(ask(rules, "2026-11-02 18:00"), "2026-11-09 08:00")


def test_windows_may_stand_in_any_order_and_overlap():
    rules = [rule("window", hours=((0, 840, 1080), (0, 480, 600), (0, 540, 720)))]
    assert ask(rules, "2026-11-02 11:00").result == "allow"
    assert_waits(ask(rules, "2026-11-02 07:00"), "2026-11-02 08:00")
    assert_waits(ask(rules, "2026-11-02 12:00"), "2026-11-02 14:00")


def test_the_calendar_of_holidays_is_not_asked_about_a_day_without_hours():
    asked = {"is_holiday": lambda day: None if day.weekday() == 6 else False}
    assert_waits(ask(CHILE_CALLS, "2026-11-07 21:00", **asked), "2026-11-09 08:00")


def test_a_window_to_midnight_joins_the_next_day():
    assert ask([ALWAYS], "2026-11-02 23:59:59").result == "allow"


def test_the_reason_on_a_holiday_is_the_holiday():
    verdict = ask(CHILE_CALLS, "2026-11-02 10:00", is_holiday=lambda day: day.day == 2)
    assert verdict.reasons[0].code == "holiday"
    assert_waits(verdict, "2026-11-03 08:00")


def test_a_grant_of_other_hours_widens_only_what_may_be_widened():
    asked = {"channel": "sms", "zone": BOGOTA, "consents": {"sms"}}
    widened = ((6, 9 * 60, 12 * 60),)
    verdict = ask(COLOMBIA, "2026-11-08 10:00", widened=widened, **asked)
    assert verdict.result == "allow"
    rules = [*COLOMBIA, rule("window", hours=week(6, 7, 19), severity="policy")]
    verdict = ask(rules, "2026-11-08 10:00", widened=widened, **asked)
    assert_waits(verdict, "2026-11-09 07:00", BOGOTA)


def test_in_several_zones_all_clocks_must_show_an_open_hour():
    zones = (NEW_YORK, "Pacific/Honolulu")
    verdict = ask(US_COLLECTOR, "2026-11-03 09:00", zone=NEW_YORK, zones=zones)
    assert_waits(verdict, "2026-11-03 08:00", "Pacific/Honolulu")


# Caps


@pytest.mark.parametrize(
    ("period", "free"),
    [
        ("day", "2026-11-26 00:00"),
        ("week", "2026-11-30 00:00"),
        ("month", "2026-12-01 00:00"),
    ],
)
def test_a_period_of_the_calendar_ends_at_local_midnight(period, free):
    rules = [rule("cap", maximum=1, period=period)]
    verdict = ask(rules, "2026-11-25 18:00", history=(event("2026-11-25 09:00"),))
    assert_waits(verdict, free)


def test_a_week_begins_on_monday():
    rules = [rule("cap", maximum=1, period="week")]
    sunday = (event("2026-11-01 23:00"),)
    assert ask(rules, "2026-11-02 00:00", history=sunday).result == "allow"


def test_a_rolling_cap_frees_a_place_as_its_oldest_contact_leaves():
    rules = [rule("cap", maximum=2, period="rolling", days=7)]
    days = ("2026-11-02 10:00", "2026-11-04 11:00", "2026-11-05 12:00")
    verdict = ask(rules, "2026-11-06 12:00", history=tuple(map(event, days)))
    assert_waits(verdict, "2026-11-11 11:00")
    assert verdict.reasons[0].used == 3


@pytest.mark.parametrize("period", ["rolling", "day", "week", "month"])
def test_a_cap_of_none_is_never_free(period):
    verdict = ask([rule("cap", maximum=0, period=period, days=7)], "2026-11-02 10:00")
    assert (verdict.result, verdict.next_slot) == ("block", None)
    assert (verdict.reasons[0].code, verdict.reasons[0].used) == ("cap", 0)


@pytest.mark.parametrize(
    ("counting", "counted"),
    [
        ("attempt", "reserved failed attempted left sent reached talk heard"),
        ("sent", "reserved attempted left sent reached talk heard"),
        ("reached", "reserved reached talk heard"),
    ],
)
def test_what_counts_is_what_the_counting_says(counting, counted):
    rules = [rule("cap", maximum=1, period="day", counting=counting)]
    found = set()
    for outcome in OUTCOMES.split():
        calls = (event("2026-11-02 10:00", "call", outcome),)
        if ask(rules, "2026-11-02 12:00", history=calls).result == "defer":
            found.add(outcome)
    assert found == set(counted.split())


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "cap", "maximum": 1, "period": "day"},
        {"kind": "gap", "days": 0},
        {"kind": "cooldown", "days": 1, "after": "sent"},
        {"kind": "one_channel"},
    ],
    ids=str,
)
def test_the_group_of_counted_channels_may_be_wider_or_empty(values):
    mails = (event("2026-11-02 10:00", "email", "sent"),)
    asked = {"text": "2026-11-02 12:00", "channel": "sms", "history": mails}
    sms = frozenset({"sms"})
    assert ask([rule(channels=sms, **values)], **asked).result == "allow"
    both = sms | {"email"}
    wider = rule(channels=sms, counted_channels=both, **values)
    assert ask([wider], **asked).result == "defer"
    assert ask([rule(**values)], **asked).result == "defer"


def test_a_contact_of_the_next_period_does_not_count():
    for period, later in (("day", 3), ("week", 9), ("month", 1)):
        month = 12 if period == "month" else 11
        rules = [rule("cap", maximum=1, period=period)]
        calls = (event(f"2026-{month}-{later:02d} 00:00"),)
        verdict = ask(rules, "2026-11-02 12:00", history=calls)
        assert verdict.result == "allow", period


@pytest.mark.parametrize(
    ("period", "first", "last", "free"),
    [
        ("day", "2026-11-02 00:00", "2026-11-02 23:59", "2026-11-03 00:00"),
        ("week", "2026-11-02 00:00", "2026-11-08 23:59", "2026-11-09 00:00"),
        ("month", "2026-10-01 00:00", "2026-10-31 23:59", "2026-11-01 00:00"),
    ],
)
def test_a_period_counts_from_its_first_minute_to_its_last(period, first, last, free):
    rules = [rule("cap", maximum=1, period=period)]
    assert_waits(ask(rules, last, history=(event(first),)), free)


def test_what_comes_later_counts_too():
    rules = [rule("cap", maximum=1, period="rolling", days=7)]
    later = (event("2026-11-05 10:00"),)
    assert_waits(ask(rules, "2026-11-02 10:00", history=later), "2026-11-12 10:00")
    assert ask(rules, "2026-10-29 10:00", history=later).result == "allow"


def test_per_debt_the_fullest_counter_decides():
    rules = [rule("cap", maximum=2, period="day", scope="debt")]
    calls = (
        event("2026-11-02 09:00", debts={1}),
        event("2026-11-02 10:00", debts={1, 2}),
    )
    asked = {"history": calls, "text": "2026-11-02 12:00"}
    assert ask(rules, debts={2}, **asked).result == "allow"
    assert ask(rules, debts={3}, **asked).result == "allow"
    verdict = ask(rules, debts={1, 2}, **asked)
    assert (verdict.result, verdict.reasons[0].used) == ("defer", 2)
    assert ask(rules, **asked).result == "defer", "what it is about is not known"
    asked["history"] = tuple(replace(call, debts=frozenset()) for call in calls)
    assert ask(rules, debts={3}, **asked).result == "defer", "it may be about any debt"


# One channel, gaps, cool-downs


def test_the_first_channel_that_reached_the_person_locks_the_week():
    rules = [rule("one_channel", counting="reached")]
    calls = (
        event("2026-11-02 08:00", "call", "attempted", BOGOTA),
        event("2026-11-03 08:00", "sms", "reached", BOGOTA),
    )
    asked = {"zone": BOGOTA, "history": calls}
    assert ask(rules, "2026-11-04 10:00", "sms", **asked).result == "allow"
    for text in ("2026-11-04 10:00", "2026-11-08 23:59"):
        verdict = ask(rules, text, "call", **asked)
        assert_waits(verdict, "2026-11-09 00:00", BOGOTA)


def test_a_channel_used_in_the_next_week_does_not_lock_this_one():
    later = (event("2026-11-09 08:00", "sms", "sent", BOGOTA),)
    asked = {"zone": BOGOTA, "history": later}
    verdict = ask([rule("one_channel")], "2026-11-08 10:00", "call", **asked)
    assert verdict.result == "allow"


def test_a_gap_of_no_full_day_means_the_next_day():
    verdict = ask(
        [rule("gap", days=0)], "2026-11-02 10:00", history=(event("2026-11-02 09:00"),)
    )
    assert_waits(verdict, "2026-11-03 00:00")


def test_a_gap_of_hours_passes_midnight_unnoticed():
    rules = [rule("gap", gap_hours=2, days=0)]
    calls = (event("2026-11-02 23:00"), event("2026-11-02 10:00"))
    assert_waits(ask(rules, "2026-11-02 11:00", history=calls), "2026-11-02 12:00")
    assert_waits(ask(rules, "2026-11-02 23:30", history=calls), "2026-11-03 01:00")


def test_a_gap_of_hours_and_days_means_both():
    calls = (event("2026-11-02 23:00"),)
    rules = [rule("gap", gap_hours=2, days=1)]
    assert_waits(ask(rules, "2026-11-03 10:00", history=calls), "2026-11-04 00:00")
    rules = [rule("gap", gap_hours=72, days=1)]
    assert_waits(ask(rules, "2026-11-03 10:00", history=calls), "2026-11-05 23:00")


def test_a_gap_counts_from_the_last_contact_and_keeps_off_the_next():
    calls = (event("2026-11-03 10:00"), event("2026-11-02 10:00"))
    rules = [rule("gap", days=1)]
    assert_waits(ask(rules, "2026-11-03 12:00", history=calls), "2026-11-05 00:00")
    assert_waits(ask(rules, "2026-11-01 12:00", history=calls), "2026-11-05 00:00")
    assert ask(rules, "2026-10-31 12:00", history=calls).result == "allow"


def test_only_its_own_outcome_starts_a_cooldown():
    calls = (event("2026-11-02 10:00", outcome="reached", zone=NEW_YORK),)
    verdict = ask(US_COLLECTOR, "2026-11-03 10:00", zone=NEW_YORK, history=calls)
    assert verdict.result == "allow"


def test_a_written_answer_starts_the_rest_after_a_talk_and_counts_for_nothing_else():
    rests = [rule("cooldown", days=7, after="talk")]
    counts = [
        rule("cap", maximum=1, period="rolling", days=7),
        rule("gap", days=2),
        rule("one_channel"),
        rule("cooldown", days=7, after="reached"),
    ]
    answer = (event("2026-11-02 10:00", "email", "exchange"),)
    assert_waits(ask(rests, "2026-11-03 12:00", history=answer), "2026-11-09 00:00")
    assert ask(counts, "2026-11-03 12:00", history=answer).result == "allow"
    assert ask(rests, "2026-11-09 00:00", history=answer).result == "allow"


# What is there or not


def test_without_consent_there_is_no_slot():
    verdict = ask(COLOMBIA, "2026-11-03 10:00", "sms", BOGOTA, consents={"email"})
    assert (verdict.result, verdict.next_slot) == ("block", None)
    assert [reason.code for reason in verdict.reasons] == ["consent"]


REMINDED = [rule("prerequisite", days=14, after="first_reminder", scope="debt")]


def remind(text, outcome="sent", debts=frozenset({1})):
    return event(text, "letter", outcome, debts=debts, kind="first_reminder")


def test_after_the_first_reminder_14_full_days_must_pass():
    reminders = (remind("2026-11-09 15:00"), remind("2026-11-02 15:00"))
    verdict = ask(REMINDED, "2026-11-10 10:00", history=reminders, debts={1})
    assert_waits(verdict, "2026-11-17 00:00")


@pytest.mark.parametrize(
    ("history", "debts"),
    [
        ((), {1}),
        ((event("2026-10-02 15:00", "letter", "sent", debts={1}),), {1}),
        ((remind("2026-10-02 15:00", "attempted"),), {1}),
        ((remind("2026-10-02 15:00", "reserved"),), {1}),
        ((remind("2026-10-02 15:00", debts=frozenset()),), {1}),
        ((remind("2026-10-02 15:00"),), {1, 2}),
        ((remind("2026-10-02 15:00"),), frozenset()),
    ],
    ids=["none", "other", "unanswered", "planned", "unknown", "one of two", "no debt"],
)
def test_without_a_reminder_of_each_debt_there_is_no_slot(history, debts):
    verdict = ask(REMINDED, "2026-11-10 10:00", history=history, debts=debts)
    assert (verdict.result, verdict.next_slot) == ("block", None)
    assert verdict.reasons[0].code == "prerequisite"


def test_a_prerequisite_without_days_is_met_at_once():
    rules = [rule("prerequisite", days=0, after="sent")]
    mails = (event("2026-11-02 15:00", "email", "sent"),)
    assert ask(rules, "2026-11-02 15:00", history=mails).result == "allow"
    assert_waits(ask(rules, "2026-11-02 14:00", history=mails), "2026-11-02 15:00")


def test_a_prohibition_never_ends():
    verdict = ask([ALWAYS, rule("prohibition", {"visit"})], "2026-11-02 10:00", "visit")
    assert (verdict.result, verdict.next_slot) == ("block", None)


def test_a_hold_blocks_until_its_last_day_is_over():
    holds = (Hold("breathing_space", date(2026, 11, 6)),)
    verdict = ask(CHILE_CALLS, "2026-11-02 10:00", holds=holds)
    assert (verdict.result, verdict.next_slot) == ("block", at("2026-11-07 08:00"))
    assert ask(CHILE_CALLS, "2026-11-07 08:00", holds=holds).result == "allow"


def test_a_hold_without_an_end_blocks_for_good_and_only_its_channels():
    holds = (Hold("cease", channels=frozenset({"call"})),)
    verdict = ask([ALWAYS], "2026-11-02 10:00", holds=holds)
    assert (verdict.result, verdict.next_slot) == ("block", None)
    assert ask([ALWAYS], "2026-11-02 10:00", "sms", holds=holds).result == "allow"
