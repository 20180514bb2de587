"""What holds for any cases and collectors when cases are dealt out."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from odoo.addons.collections_mgmt.tools.assignment import (
    METHODS,
    Collector,
    allocate,
    give_back,
)

# The same examples on every machine; no limit to the time that shrinking takes.
PROPERTY = settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# Whole amounts: sums of them are exact.
AMOUNTS = st.integers(0, 1000).map(float)
CASES = st.lists(AMOUNTS, max_size=40).map(lambda amounts: list(enumerate(amounts)))


@st.composite
def make_collectors(draw, limited=True):
    """Return collectors; without ``limited`` all are there and have room for all."""
    count = draw(st.integers(0, 6))
    return [
        Collector(
            number,
            capacity=draw(st.integers(0, 12)) if limited else 1000,
            amount_capacity=draw(st.sampled_from([0.0, 500.0, 5000.0]))
            if limited
            else 0.0,
            load=draw(st.integers(0, 12)),
            amount=draw(AMOUNTS),
            is_absent=limited and draw(st.booleans()),
        )
        for number in range(count)
    ]


class Desks:
    """What collectors carry after cases were dealt out, counted independently."""

    def __init__(self, collectors, cases, dealt):
        amounts = dict(cases)
        self.collectors = {collector.id: collector for collector in collectors}
        self.counts = dict.fromkeys(self.collectors, 0)
        self.amounts = dict.fromkeys(self.collectors, 0.0)
        for case_id, collector_id in dealt.items():
            self.counts[collector_id] += 1
            self.amounts[collector_id] += amounts[case_id]

    def load(self, number):
        return self.collectors[number].load + self.counts[number]

    def amount(self, number):
        return self.collectors[number].amount + self.amounts[number]

    def has_room(self, number, amount):
        collector = self.collectors[number]
        limit = collector.amount_capacity
        return (
            not collector.is_absent
            and self.load(number) < collector.capacity
            and (not limit or self.amount(number) + amount <= limit)
        )


@PROPERTY
@given(CASES, make_collectors(), st.sampled_from(sorted(METHODS)))
def test_nobody_carries_more_than_they_can_and_the_absent_get_nothing(
    cases, collectors, method
):
    desks = Desks(collectors, cases, allocate(cases, collectors, method))
    for number, collector in desks.collectors.items():
        if not desks.counts[number]:
            continue
        assert not collector.is_absent
        assert desks.load(number) <= collector.capacity
        limit = collector.amount_capacity
        assert not limit or desks.amount(number) <= limit


@PROPERTY
@given(CASES, make_collectors(), st.sampled_from(sorted(METHODS)))
def test_no_case_is_left_while_somebody_has_room_for_it(cases, collectors, method):
    dealt = allocate(cases, collectors, method)
    desks = Desks(collectors, cases, dealt)
    for case_id, amount in cases:
        if case_id not in dealt:
            assert not any(desks.has_room(number, amount) for number in desks.counts)


@PROPERTY
@given(CASES, make_collectors(), st.integers(0, 6))
def test_in_turn_those_with_room_differ_by_one_at_most(cases, collectors, last):
    # By number alone: a limit on amounts lets one have room for small cases only.
    collectors = [
        Collector(**{**vars(item), "amount_capacity": 0.0}) for item in collectors
    ]
    desks = Desks(collectors, cases, allocate(cases, collectors, "turn", last))
    for number, count in desks.counts.items():
        for other in desks.counts:
            if desks.has_room(other, 0.0):
                assert count <= desks.counts[other] + 1, (number, other)


@PROPERTY
@given(CASES, make_collectors(limited=False), st.integers(0, 5))
def test_in_turn_it_goes_on_behind_the_last(cases, collectors, last):
    assume(cases and last < len(collectors))
    dealt = allocate(cases, collectors, "turn", last)
    expected = [
        (last + 1 + place) % len(collectors) for place, _case in enumerate(cases)
    ]
    assert [dealt[case_id] for case_id, _amount in cases] == expected


@PROPERTY
@given(CASES, make_collectors(limited=False))
def test_by_load_nobody_gets_a_case_who_carries_more_than_another(cases, collectors):
    desks = Desks(collectors, cases, allocate(cases, collectors, "load"))
    for number, count in desks.counts.items():
        for other in desks.counts:
            if count:  # the last one they got, they got with no more than the other
                assert desks.load(number) - 1 <= desks.load(other)


@PROPERTY
@given(CASES, make_collectors(limited=False))
def test_by_amount_sums_differ_by_one_case_at_most(cases, collectors):
    desks = Desks(collectors, cases, allocate(cases, collectors, "amount"))
    largest = max((amount for _case, amount in cases), default=0.0)
    for number, count in desks.counts.items():
        for other in desks.counts:
            if count:
                assert desks.amount(number) <= desks.amount(other) + largest


@PROPERTY
@given(CASES, make_collectors(), st.sampled_from(sorted(METHODS)))
def test_the_same_input_gives_the_same_result(cases, collectors, method):
    assert allocate(cases, collectors, method) == allocate(cases, collectors, method)


@PROPERTY
@given(CASES, make_collectors(), st.randoms(use_true_random=False))
def test_cases_go_back_only_to_who_had_them_and_has_room(cases, collectors, lots):
    known = [None, 99, *(collector.id for collector in collectors)]
    earlier = {case_id: lots.choice(known) for case_id, _amount in cases}
    kept = give_back(
        [(case_id, amount, earlier[case_id]) for case_id, amount in cases], collectors
    )
    assert all(earlier[case_id] == who for case_id, who in kept.items())
    desks = Desks(collectors, cases, kept)
    for number, collector in desks.collectors.items():
        if desks.counts[number]:
            limit = collector.amount_capacity
            assert desks.load(number) <= collector.capacity
            assert not limit or desks.amount(number) <= limit
