"""What was credited of disputes, given out in made-up ledgers."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.collections_mgmt.tools.dispute_credits import Claim, Refund, give_out

PROPERTY = settings(max_examples=300, derandomize=True, deadline=None, database=None)

CASES = {
    "none": ([Claim(1, 7, 40)], [], {1: 0}),
    "all of it": ([Claim(1, 7, 40)], [Refund(7, 1, 40)], {1: 40}),
    "a part": ([Claim(1, 7, 40)], [Refund(7, 1, 30)], {1: 30}),
    "more than was disputed": ([Claim(1, 7, 40)], [Refund(7, 1, 90)], {1: 40}),
    "two credit notes": (
        [Claim(1, 7, 40)],
        [Refund(7, 1, 30), Refund(7, 2, 5)],
        {1: 35},
    ),
    "another instalment": (
        [Claim(1, 7, 40), Claim(2, 8, 40)],
        [Refund(7, 1, 40)],
        {1: 40, 2: 0},
    ),
    "accepted first, credited first": (
        [Claim(2, 7, 30), Claim(1, 7, 40)],
        [Refund(7, 1, 30)],
        {2: 30, 1: 0},
    ),
    "what is left is for the next": (
        [Claim(1, 7, 30), Claim(2, 7, 40)],
        [Refund(7, 1, 50)],
        {1: 30, 2: 20},
    ),
    "credited before": ([Claim(1, 7, 40, {1: 25})], [Refund(7, 1, 25)], {1: 0}),
    "more of the same credit note later": (
        [Claim(1, 7, 40, {1: 25})],
        [Refund(7, 1, 45)],
        {1: 20},
    ),
    "before the second, for the first": (
        [Claim(1, 7, 30), Claim(2, 7, 40, {1: 30})],
        [Refund(7, 1, 50)],
        {1: 30, 2: 20},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_credited(name):
    claims, refunds, expected = CASES[name]
    assert give_out(claims, refunds) == expected


ITEMS = st.integers(1, 2)
CREDITS = st.integers(1, 3)
AMOUNTS = st.integers(1, 60)


@st.composite
def ledgers(draw):
    refunds = draw(
        st.lists(
            st.builds(Refund, ITEMS, CREDITS, AMOUNTS),
            max_size=6,
            unique_by=lambda refund: (refund.item, refund.credit),
        )
    )
    before = st.dictionaries(CREDITS, AMOUNTS, max_size=3)
    claims = draw(
        st.lists(
            st.builds(Claim, st.integers(1, 99), ITEMS, AMOUNTS, before),
            max_size=5,
            unique_by=lambda claim: claim.id,
        )
    )
    return claims, refunds


@PROPERTY
@given(ledgers())
def test_each_amount_counts_once_and_never_more_than_was_disputed(ledger):
    claims, refunds = ledger
    credited = give_out(claims, refunds)
    assert set(credited) == {claim.id for claim in claims}
    by_item = Counter()
    for claim in claims:
        assert 0 <= credited[claim.id] <= claim.amount
        by_item[claim.item] += credited[claim.id]
    for item, amount in by_item.items():
        assert amount <= sum(r.amount for r in refunds if r.item == item)


@PROPERTY
@given(ledgers())
def test_nobody_waits_while_something_new_is_left(ledger):
    claims, refunds = ledger
    claims = [Claim(claim.id, claim.item, claim.amount) for claim in claims]
    credited = give_out(claims, refunds)
    for item in {claim.item for claim in claims}:
        left = sum(refund.amount for refund in refunds if refund.item == item)
        for claim in claims:
            if claim.item == item:
                assert credited[claim.id] == min(claim.amount, left)
                left -= credited[claim.id]


@PROPERTY
@given(ledgers())
def test_what_was_credited_before_is_never_counted(ledger):
    claims, refunds = ledger
    credited = give_out(claims, refunds)
    for claim in claims:
        new = sum(
            max(0, refund.amount - claim.before.get(refund.credit, 0))
            for refund in refunds
            if refund.item == claim.item
        )
        assert credited[claim.id] <= new


@PROPERTY
@given(ledgers())
def test_later_acceptances_take_nothing_from_earlier_ones(ledger):
    claims, refunds = ledger
    credited = give_out(claims, refunds)
    for count in range(len(claims)):
        assert give_out(claims[:count], refunds) == {
            claim.id: credited[claim.id] for claim in claims[:count]
        }
