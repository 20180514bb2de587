"""Contact rules on the days when a clock is changed, or falls on another day.

- Santiago: after 4 Apr 2026, 23:59 comes 23:00 again; after 5 Sep, 23:59 comes 01:00
- Havana: on 8 Mar 2026 01:00 follows 23:59; on 1 Nov 00:00-00:59 comes twice
- Ciudad Juárez: on 8 Mar 2026 no 02:00-02:59; on 1 Nov 01:00-01:59 comes twice
- Lisbon: on 29 Mar 2026 no 01:00-01:59; on 25 Oct it comes twice
- Lord Howe Island: on 4 Oct 2026 no 02:00-02:29; on 5 Apr 01:30-01:59 comes twice
- St. John's: in 2010 the clock went back from 00:01 to 23:01 of the day before
"""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from odoo.addons.collections_mgmt.tools.contact_rules import Hold, Request, find_slot
from odoo.addons.collections_mgmt.tools.local_time import (
    load_zone,
    pass_time,
    start_of_day,
    to_utc,
)

from .contact_cases import SANTIAGO, ask, assert_waits, at, event, rule, week

HAVANA = "America/Havana"
JUAREZ = "America/Ciudad_Juarez"
LISBON = "Europe/Lisbon"
LORD_HOWE = "Australia/Lord_Howe"
ST_JOHNS = "America/St_Johns"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def window(start, end):
    """Return a rule that is open between two minutes of each local day."""
    return [rule("window", hours=tuple((day, start, end) for day in range(7)))]


def next_open(rules, moment, zone):
    return find_slot(rules, Request("call", utc(moment), (zone,), lambda day: False))


@pytest.mark.parametrize(
    ("zone", "start", "asked", "opens"),
    [
        # Inside the hour which is skipped: as the clock jumps
        (LISBON, 90, "2026-03-29T00:30", "2026-03-29T01:00"),
        (JUAREZ, 150, "2026-03-08T08:30", "2026-03-08T09:00"),
        (LORD_HOWE, 135, "2026-10-03T15:00", "2026-10-03T15:30"),
        (HAVANA, 0, "2026-03-08T04:59", "2026-03-08T05:00"),
        (SANTIAGO, 30, "2026-09-06T03:00", "2026-09-06T04:00"),
    ],
)
def test_what_opens_in_a_skipped_hour_opens_as_the_clock_jumps(
    zone, start, asked, opens
):
    assert next_open(window(start, 1200), asked, zone) == utc(opens)


def test_what_lies_wholly_in_a_skipped_hour_does_not_open_that_day():
    slot = next_open(window(75, 105), "2026-03-29T00:30", LISBON)
    assert slot == at("2026-03-30 01:15", LISBON)


@pytest.mark.parametrize(
    ("zone", "asked", "opens"),
    [
        # 01:15-01:45 on a day when it comes twice: open, closed, open, closed
        (LISBON, "2026-10-25T00:14", "2026-10-25T00:15"),
        (LISBON, "2026-10-25T00:44", "2026-10-25T00:44"),
        (LISBON, "2026-10-25T00:45", "2026-10-25T01:15"),
        (LISBON, "2026-10-25T01:45", "2026-10-26T01:15"),
        (JUAREZ, "2026-11-01T07:45", "2026-11-01T08:15"),
        # Only 01:30-01:59 comes twice: the second time it opens as the clock is set
        (LORD_HOWE, "2026-04-04T14:45", "2026-04-04T15:00"),
        (LORD_HOWE, "2026-04-04T15:15", "2026-04-05T14:45"),
    ],
)
def test_what_opens_in_a_repeated_hour_opens_twice(zone, asked, opens):
    assert next_open(window(75, 105), asked, zone) == utc(opens)


def test_the_hour_before_midnight_may_come_twice():
    late = window(23 * 60, 24 * 60)
    first, second = utc("2026-04-05T02:30"), utc("2026-04-05T03:30")
    for moment in (first, second):
        local = moment.astimezone(ZoneInfo(SANTIAGO))
        assert local.strftime("%a %H:%M") == "Sat 23:30"
        request = Request("call", moment, (SANTIAGO,), lambda day: False)
        assert find_slot(late, request) == moment


def test_a_day_begins_when_the_clock_first_shows_it():
    starts = {
        (SANTIAGO, date(2026, 9, 6)): "2026-09-06T04:00",
        (SANTIAGO, date(2026, 4, 5)): "2026-04-05T04:00",
        (HAVANA, date(2026, 3, 8)): "2026-03-08T05:00",
        (HAVANA, date(2026, 11, 1)): "2026-11-01T04:00",
        (ST_JOHNS, date(2010, 11, 7)): "2010-11-07T02:30",
        # From 23:30 to 00:30
        ("America/Toronto", date(1919, 3, 31)): "1919-03-31T04:30",
        # A day that Samoa left out
        ("Pacific/Apia", date(2011, 12, 30)): "2011-12-30T10:00",
    }
    for (zone, day), start in starts.items():
        assert start_of_day(day, load_zone(zone)) == utc(start), (zone, day)


def test_a_period_ends_at_the_first_moment_of_a_day_without_midnight():
    rules = [rule("cap", maximum=1, period="day")]
    calls = (event("2026-09-05 12:00"),)
    verdict = ask(rules, "2026-09-05 13:00", history=calls)
    assert verdict.next_slot == utc("2026-09-06T04:00")
    assert_waits(verdict, "2026-09-06 01:00")


def test_a_hold_ends_at_the_first_moment_of_a_day_without_midnight():
    holds = (Hold("lawyer", date(2026, 9, 5)),)
    verdict = ask(window(0, 1440), "2026-09-05 13:00", holds=holds)
    assert verdict.next_slot == utc("2026-09-06T04:00")


def test_a_day_that_began_once_and_was_taken_back_ends_all_the_same():
    rules = [rule("gap", days=0)]
    calls = (event("2010-11-06 12:00", zone=ST_JOHNS),)
    second_evening = utc("2010-11-07T03:00").astimezone(ZoneInfo(ST_JOHNS))
    assert second_evening.strftime("%a %H:%M") == "Sat 23:30"
    # The first evening of the two
    verdict = ask(rules, "2010-11-06 23:30", zone=ST_JOHNS, history=calls)
    assert verdict.next_slot == utc("2010-11-07T02:30")
    request = Request("call", second_evening, (ST_JOHNS,), lambda day: False, calls)
    assert find_slot(rules, request) == utc("2010-11-07T03:30")


def test_a_rolling_week_is_168_hours_also_when_the_clock_is_set():
    rules = [rule("cap", maximum=1, period="rolling", days=7)]
    verdict = ask(rules, "2026-04-06 09:00", history=(event("2026-04-02 10:00"),))
    assert_waits(verdict, "2026-04-09 09:00")


def test_a_period_must_be_over_in_every_zone():
    rules = [rule("cap", maximum=1, period="day")]
    zones = (SANTIAGO, "Pacific/Easter")
    calls = (event("2026-11-02 12:00"),)
    verdict = ask(rules, "2026-11-02 13:00", history=calls, zones=zones)
    assert_waits(verdict, "2026-11-03 00:00", "Pacific/Easter")


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "gap", "days": 0},
        {"kind": "cooldown", "days": 1, "after": "attempted"},
        {"kind": "one_channel"},
        {"kind": "cap", "maximum": 1, "period": "week"},
    ],
    ids=str,
)
def test_a_day_must_be_over_in_every_zone(values):
    zones = (SANTIAGO, "Pacific/Easter")
    sunday = (event("2026-11-01 12:00"),)
    asked = {"channel": "sms", "history": sunday}
    for order in (zones, zones[::-1]):
        verdict = ask([rule(**values)], "2026-11-01 13:00", zones=order, **asked)
        assert_waits(verdict, "2026-11-02 00:00", "Pacific/Easter")


def test_a_hold_must_be_over_in_every_zone():
    holds = (Hold("lawyer", date(2026, 11, 1)),)
    for zones in ((SANTIAGO, "Pacific/Easter"), ("Pacific/Easter", SANTIAGO)):
        asked = {"zones": zones, "holds": holds}
        verdict = ask(window(0, 1440), "2026-11-01 13:00", **asked)
        assert verdict.next_slot == at("2026-11-02 00:00", "Pacific/Easter")


def test_time_passes_up_to_the_change_of_the_clock():
    lisbon = load_zone(LISBON)
    before = utc("2026-10-25T00:30")
    assert pass_time(before, 1799, lisbon) == before + timedelta(seconds=1799)
    for seconds in range(1801, 1811):
        assert pass_time(before, seconds, lisbon) == utc("2026-10-25T01:00")


def test_a_naive_datetime_is_no_moment():
    with pytest.raises(ValueError, match="no time zone"):
        to_utc(datetime(2026, 11, 2))


def test_weekends_are_those_of_the_debtor():
    sunday_there = "2026-11-01 20:00"
    verdict = ask(
        [rule("window", hours=week(5, 0, 24))], sunday_there, zone="Asia/Kathmandu"
    )
    assert_waits(verdict, "2026-11-02 00:00", "Asia/Kathmandu")
