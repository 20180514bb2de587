"""What the formula of the worklist promises, whatever the facts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.collections_mgmt.tools.aging import BUCKETS, get_bucket, sum_by_bucket
from odoo.addons.collections_mgmt.tools.ranking import (
    CODES,
    WEIGHTS,
    Facts,
    rank,
    round_points,
)

PROPERTY = settings(max_examples=200, derandomize=True, deadline=None, database=None)

days = st.none() | st.integers(-400, 400)
facts = st.builds(
    Facts,
    amount_overdue=st.floats(0, 1e12),
    days_late=st.integers(0, 4000),
    days_silent=st.integers(-3, 4000),
    is_contacted=st.booleans(),
    broken_count=st.integers(0, 20),
    risk=st.floats(0, 1),
    promise_days=days,
    callback_days=days,
    activity_days=days,
    is_replied=st.booleans(),
    is_blocked=st.booleans(),
    is_covered=st.booleans(),
    needs_person=st.booleans(),
    shift=st.floats(-100, 100),
)
weights = st.fixed_dictionaries(dict.fromkeys(WEIGHTS, st.floats(-100, 100)))

# What makes a case come first, and by how much at the least: {field: larger value}.
MORE = {
    "amount_overdue": lambda value: value * 10 + 1,
    "days_late": lambda value: value + 10,
    "days_silent": lambda value: value + 10,
    "broken_count": lambda value: value + 1,
    "risk": lambda value: min(value + 0.1, 1.0),
    "promise_days": lambda _value: 0,
    "callback_days": lambda _value: 0,
    "activity_days": lambda _value: 0,
    "is_replied": lambda _value: True,
    "needs_person": lambda _value: True,
    "shift": lambda value: value + 1,
}
LESS = {"is_blocked": lambda _value: True, "is_covered": lambda _value: True}


def test_a_case_without_facts_has_no_points():
    assert rank(Facts()).score == 0
    assert rank(Facts()).reasons == ()


@given(facts, weights)
@PROPERTY
def test_the_score_is_the_sum_of_its_reasons(of_case, of_team):
    result = rank(of_case, of_team)
    assert result.score == pytest.approx(
        sum(reason.points for reason in result.reasons), abs=0.005
    )


@given(facts, weights)
@PROPERTY
def test_no_factor_gives_more_than_its_weight(of_case, of_team):
    for reason in rank(of_case, of_team).reasons:
        if reason.code != "shift":
            assert abs(reason.points) <= abs(round_points(of_team[reason.code]))


@given(facts)
@PROPERTY
def test_the_weightiest_reason_comes_first_and_none_twice(of_case):
    reasons = rank(of_case).reasons
    sizes = [abs(reason.points) for reason in reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert len({reason.code for reason in reasons}) == len(reasons)
    assert {reason.code for reason in reasons} <= set(CODES)


@pytest.mark.parametrize("name", [*MORE, *LESS])
@given(facts)
@PROPERTY
def test_each_fact_moves_a_case_in_one_direction(name, of_case):
    change = (MORE | LESS)[name]
    changed = replace(of_case, **{name: change(getattr(of_case, name))})
    before, after = rank(of_case).score, rank(changed).score
    assert after >= before if name in MORE else after <= before


@given(facts)
@PROPERTY
def test_a_factor_without_weight_says_nothing(of_case):
    assert [reason.code for reason in rank(of_case, {}).reasons] in ([], ["shift"])


def test_each_tenfold_of_the_amount_counts_the_same():
    scores = [rank(Facts(amount_overdue=10**power - 1)).score for power in range(9)]
    steps = {round(b - a, 2) for a, b in zip(scores, scores[1:], strict=False)}
    assert steps == {WEIGHTS["amount"] / 8}


def test_what_is_agreed_for_tomorrow_is_not_for_today():
    assert rank(Facts(promise_days=-1)).score == 0
    assert rank(Facts(promise_days=0)).score == WEIGHTS["promise"]


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0.004, 0), (0.005, 0.01), (-0.005, -0.01), (2.675, 2.68), (1e-9, 0)],
)
def test_points_are_rounded_half_away_from_zero(value, rounded):
    assert round_points(value) == rounded


# AGING


@pytest.mark.parametrize(
    ("days_late", "bucket"),
    [
        *((-400, "0"), (-1, "0"), (0, "0"), (1, "1-30"), (30, "1-30")),
        *((31, "31-60"), (60, "31-60"), (61, "61-90"), (90, "61-90")),
        *((91, "91-120"), (120, "91-120"), (121, "121+"), (4000, "121+")),
    ],
)
def test_the_edges_of_the_buckets(days_late, bucket):
    assert get_bucket(days_late) == bucket


@given(st.lists(st.tuples(st.integers(-500, 500), st.integers(-(10**9), 10**9))))
@PROPERTY
def test_the_buckets_add_up_to_the_total(rows):
    totals = sum_by_bucket(rows)
    assert tuple(totals) == BUCKETS
    assert sum(totals.values()) == sum(amount for _days, amount in rows)
