"""Verdicts on promises, judged in made-up ledgers."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.collections_mgmt.tools.promise_verdict import (
    Instalment,
    Part,
    Promise,
    Settlement,
    judge,
)

DAY = date(2026, 3, 20)
PROPERTY = settings(max_examples=300, derandomize=True, deadline=None, database=None)


def day(offset):
    return DAY + timedelta(days=offset)


def judge_one(settlements, today, owed=100, **values):
    """Judge a promise of 100 for the 20th about an item of which ``owed`` was open."""
    values = {
        "parts": (Part(1, 100),),
        "instalments": (Instalment(DAY, 100),),
        "patience": 2,
        **values,
    }
    settlements = [Settlement(1, number, *s) for number, s in enumerate(settlements)]
    residual = owed - sum(settlement.amount for settlement in settlements)
    promise = Promise(1, **values)
    return judge([promise], {1: residual}, settlements, day(today))[1]


@pytest.mark.parametrize(
    ("settlements", "today", "state", "paid", "still_promised"),
    [
        ([], 2, "open", 0, 100),
        ([], 3, "broken", 0, 0),
        ([(day(-5), 100, True)], -5, "kept", 100, 0),
        ([(day(0), 100, True)], 9, "kept", 100, 0),
        ([(day(2), 100, True)], 9, "kept", 100, 0),
        ([(day(3), 100, True)], 9, "broken", 0, 0),
        ([(day(0), 60, True)], 1, "open", 60, 40),
        ([(day(0), 60, True)], 9, "partly", 60, 0),
        ([(day(0), 60, True), (day(3), 40, True)], 9, "partly", 60, 0),
        ([(day(0), 100, False)], 1, "settled", 0, 0),
        ([(day(0), 30, False)], 1, "open", 0, 70),
        ([(day(0), 30, False), (day(1), 70, True)], 9, "kept", 70, 0),
        ([(day(0), 30, False)], 9, "broken", 0, 0),
        ([(day(5), 100, False)], 9, "broken", 0, 0),
        ([(day(4), 100, True)], 1, "kept", 100, 0),  # dated ahead, here already
    ],
)
def test_what_settles_an_item_decides(settlements, today, state, paid, still_promised):
    verdict = judge_one(settlements, today)
    assert (verdict.state, verdict.paid) == (state, paid)
    assert verdict.open_parts == {1: still_promised}


def test_the_tolerance_forgives_a_little_but_not_all():
    assert judge_one([(DAY, 97, True)], 0, tolerance=3).state == "kept"
    assert judge_one([(DAY, 96, True)], 0, tolerance=3).state == "open"
    assert judge_one([], 9, tolerance=200).state == "broken"


def test_what_was_settled_before_counts_for_nothing():
    parts = (Part(1, 100, {0: 50}),)
    verdict = judge_one([(DAY, 50, True)], 0, owed=150, parts=parts)
    assert (verdict.state, verdict.paid) == ("open", 0)
    # The same credit takes more off the item: that is new.
    verdict = judge_one([(DAY, 80, True)], 0, owed=150, parts=parts)
    assert verdict.paid == 30


def test_a_plan_in_default_takes_nothing_from_what_is_promised_afterwards():
    plan = Promise(
        1, (Part(1, 100),), (Instalment(day(0), 50), Instalment(day(60), 50))
    )
    later = Promise(2, (Part(1, 100),), (Instalment(day(9), 100),))
    paid = [Settlement(1, 1, day(5), 100, True)]
    verdicts = judge([plan, later], {1: 0}, paid, day(9))
    assert verdicts[1].state == "broken"
    assert verdicts[2].state == "kept"


def test_the_next_date_comes_first_also_within_plans():
    plan = Promise(1, (Part(1, 80),), (Instalment(day(0), 40), Instalment(day(60), 40)))
    single = Promise(2, (Part(1, 20),), (Instalment(day(9), 20),))
    paid = [Settlement(1, 1, day(0), 60, True)]
    verdicts = judge([plan, single], {1: 40}, paid, day(1))
    assert (verdicts[1].paid, verdicts[2].paid) == (40, 20)
    assert verdicts[1].instalments == ((40, "kept"), (0, "open"))
    assert verdicts[1].due == day(60)


# ANY LEDGER

AMOUNTS = st.integers(1, 100)
DAYS = st.integers(-10, 30)


@st.composite
def ledgers(draw):
    """Items with what settled them, and promises about them that fit."""
    items = range(draw(st.integers(1, 3)))
    settlements, residuals = [], {}
    for item in items:
        for credit in range(draw(st.integers(0, 4))):
            settlements.append(
                Settlement(
                    item,
                    credit,
                    day(draw(DAYS)),
                    draw(AMOUNTS),
                    draw(st.integers(0, 3)) > 0,
                )
            )
        residuals[item] = draw(st.integers(0, 100))
    promises = []
    for number in range(draw(st.integers(1, 4))):
        about = draw(st.lists(st.sampled_from(items), min_size=1, unique=True))
        parts = tuple(
            Part(
                item,
                draw(AMOUNTS),
                {credit: draw(AMOUNTS) for credit in draw(st.sets(st.integers(0, 3)))},
            )
            for item in about
        )
        total = sum(part.amount for part in parts)
        cuts = draw(st.sets(st.integers(1, max(1, total - 1)), max_size=3))
        edges = [0, *sorted(cut for cut in cuts if cut < total), total]
        days = sorted(
            draw(st.sets(DAYS, min_size=len(edges) - 1, max_size=len(edges) - 1))
        )
        promises.append(
            Promise(
                number,
                parts,
                tuple(
                    Instalment(day(when), after - before)
                    for when, before, after in zip(days, edges, edges[1:], strict=False)
                ),
                draw(st.integers(0, 3)),
                draw(st.sampled_from((0, 0, 5))),
            )
        )
    return promises, residuals, settlements, day(draw(DAYS))


@PROPERTY
@given(ledgers())
def test_money_is_counted_once_and_never_more_than_was_promised(ledger):
    promises, residuals, settlements, today = ledger
    verdicts = judge(promises, residuals, settlements, today)
    paid = sum(s.amount for s in settlements if s.is_payment)
    assert sum(verdict.paid for verdict in verdicts.values()) <= paid
    for promise in promises:
        verdict = verdicts[promise.id]
        total = sum(part.amount for part in promise.parts)
        assert 0 <= verdict.paid <= total
        assert sum(paid for paid, _state in verdict.instalments) == verdict.paid
        assert verdict.paid + sum(verdict.open_parts.values()) <= total
        for item, still_promised in verdict.open_parts.items():
            assert 0 <= still_promised <= residuals[item]
            assert verdict.state == "open" or not still_promised


@PROPERTY
@given(ledgers())
def test_a_verdict_fits_its_dates(ledger):
    promises, residuals, settlements, today = ledger
    verdicts = judge(promises, residuals, settlements, today)
    for promise in promises:
        verdict = verdicts[promise.id]
        deadlines = [
            instalment.date + timedelta(days=promise.patience)
            for instalment in promise.instalments
        ]
        if verdict.state in ("broken", "partly"):
            assert min(deadlines) < today
            assert {"broken", "partly"} & {state for _p, state in verdict.instalments}
        if verdict.state == "open":
            assert max(deadlines) >= today
        if verdict.state == "kept":
            assert verdict.paid
        if verdict.state in ("broken", "settled"):
            first = verdict.instalments[0]
            assert verdict.state == "settled" or first[1] != "kept" or first[0]


@PROPERTY
@given(ledgers(), st.randoms(use_true_random=False))
def test_the_order_of_the_facts_does_not_matter(ledger, random):
    promises, residuals, settlements, today = ledger
    expected = judge(promises, residuals, settlements, today)
    random.shuffle(promises)
    random.shuffle(settlements)
    assert judge(promises, residuals, settlements, today) == expected


@PROPERTY
@given(ledgers(), AMOUNTS)
def test_another_payment_before_all_dates_never_makes_it_worse(ledger, amount):
    promises, residuals, settlements, today = ledger
    promises = promises[:1]
    item = promises[0].parts[0].item
    order = ["broken", "partly", "open", "settled", "kept"]
    before = judge(promises, residuals, settlements, today)[promises[0].id]
    more = Settlement(item, 99, day(-20), min(amount, residuals[item]), True)
    if not more.amount:
        return
    residuals = {**residuals, item: residuals[item] - more.amount}
    after = judge(promises, residuals, [*settlements, more], today)[promises[0].id]
    assert after.paid >= before.paid
    assert order.index(after.state) >= order.index(before.state)


def test_ten_thousand_promises_are_judged_one_by_one():
    """The effort grows with the number of promises, not with its square."""
    promises = [
        Promise(n, (Part(n, 100),), (Instalment(DAY, 100),)) for n in range(10_000)
    ]
    paid = [Settlement(n, n, DAY, 100, True) for n in range(10_000)]
    verdicts = judge(promises, {}, paid, DAY)
    assert {verdict.state for verdict in verdicts.values()} == {"kept"}
