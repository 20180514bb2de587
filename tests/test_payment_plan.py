"""How an amount is spread over instalments."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.collections_mgmt.tools.payment_plan import (
    count_months,
    get_dates,
    get_interest,
    make_plan,
    split_amount,
)

PROPERTY = settings(max_examples=300, derandomize=True, deadline=None, database=None)
START = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("total", "count", "first", "amounts"),
    [
        (100, 3, 0, [33, 33, 34]),  # rounding on the last
        (100, 3, 40, [40, 30, 30]),
        (101, 3, 40, [40, 30, 31]),
        (100, 1, 0, [100]),
        (100, 1, 100, [100]),
        (3, 3, 0, [1, 1, 1]),
    ],
)
def test_amounts_are_equal_and_the_last_has_what_is_left_over(
    total, count, first, amounts
):
    assert split_amount(total, count, first) == amounts


@pytest.mark.parametrize(
    ("total", "count", "first"),
    [(100, 0, 0), (2, 3, 0), (100, 2, 100), (100, 2, 120), (100, 1, 50), (100, 2, -5)],
)
def test_what_does_not_add_up_is_no_plan(total, count, first):
    with pytest.raises(ValueError, match=r"instalment"):
        split_amount(total, count, first)


@pytest.mark.parametrize(
    ("start", "rhythm", "month_end", "dates"),
    [
        (START, "weekly", False, [(2026, 1, 31), (2026, 2, 7), (2026, 2, 14)]),
        (START, "biweekly", False, [(2026, 1, 31), (2026, 2, 14), (2026, 2, 28)]),
        # The day is kept: a short month does not shorten those after it.
        (START, "monthly", False, [(2026, 1, 31), (2026, 2, 28), (2026, 3, 31)]),
        (date(2024, 1, 30), "monthly", False, [(2024, 1, 30), (2024, 2, 29)]),
        (date(2026, 1, 15), "monthly", True, [(2026, 1, 15), (2026, 2, 28)]),
        (date(2026, 4, 30), "monthly", True, [(2026, 4, 30), (2026, 5, 31)]),
        (date(2026, 11, 30), "monthly", False, [(2026, 11, 30), (2026, 12, 30)]),
        (date(2026, 12, 1), "monthly", False, [(2026, 12, 1), (2027, 1, 1)]),
    ],
)
def test_dates_follow_their_rhythm(start, rhythm, month_end, dates):
    expected = [date(*day) for day in dates]
    assert get_dates(start, len(expected), rhythm, month_end) == expected


def test_interest_runs_on_what_is_not_paid_yet():
    instalments = [(date(2026, 1, 31), 40_000), (date(2026, 3, 2), 60_000)]
    # 100,000 at 12% for 30 days, then 60,000 for 30 days, by a year of 365 days
    assert get_interest(instalments, 12, date(2026, 1, 1)) == [986, 592]
    assert get_interest(instalments, 0, date(2026, 1, 1)) == [0, 0]


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2026, 1, 31), date(2026, 1, 31), 0),
        (date(2026, 1, 31), date(2026, 2, 28), 1),
        (date(2026, 1, 31), date(2026, 3, 1), 2),
        (date(2026, 1, 15), date(2027, 1, 15), 12),
        (date(2026, 1, 15), date(2027, 1, 16), 13),
    ],
)
def test_a_part_of_a_month_counts_as_one(start, end, months):
    assert count_months(start, end) == months


@PROPERTY
@given(
    st.integers(1, 10**9),
    st.integers(1, 60),
    st.integers(0, 10**9),
    st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    st.sampled_from(("weekly", "biweekly", "monthly")),
    st.booleans(),
    st.integers(0, 60),
)
def test_any_plan_adds_up_and_goes_forward(
    total, count, first, start, rhythm, month_end, rate
):
    try:
        plan = make_plan(total, count, start, rhythm, first=first, month_end=month_end)
    except ValueError:
        assert total < count + first or (count == 1 and first not in (0, total))
        return
    amounts = [instalment.amount for instalment in plan]
    dates = [instalment.date for instalment in plan]
    assert sum(amounts) == total
    assert min(amounts) > 0
    assert dates[0] == start
    assert all(before < after for before, after in zip(dates, dates[1:], strict=False))
    middle = amounts[1:] if first else amounts
    assert len(set(middle[:-1])) <= 1
    assert not middle or 0 <= middle[-1] - middle[0] < count
    if rhythm == "monthly" and month_end:
        assert all((day + timedelta(days=1)).day == 1 for day in dates[1:])
    interest = get_interest(list(zip(dates, amounts, strict=True)), rate, start)
    assert interest[0] == 0
    assert all(share >= 0 for share in interest)
