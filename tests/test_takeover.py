"""How levels of other programs read as stages; no Odoo needed."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.collections_mgmt.tools.takeover import Level, place_levels

MODES = ("due", "month", "previous")


def make(order, delay, mode="due"):
    return Level(str(order), f"Level {order}", order, delay, "email", mode)


def test_days_after_the_previous_reminder_add_up():
    places = place_levels(
        [make(1, 10), make(2, 20, "previous"), make(3, 5, "previous")]
    )
    assert [(place.days, place.minimum_days) for place in places] == [
        (10, 0),
        (30, 20),
        (35, 5),
    ]


def test_the_end_of_the_month_is_marked_as_inexact():
    [place] = place_levels([make(1, 30, "month")])
    assert (place.days, place.is_exact) == (45, False)


def test_a_reminder_before_the_due_date_stays_before_it():
    places = place_levels([make(1, -5), make(2, 3)])
    assert [place.days for place in places] == [-5, 3]


@given(
    st.lists(
        st.tuples(st.integers(-30, 200), st.sampled_from(MODES)), min_size=1, max_size=8
    )
)
def test_nobody_meets_a_later_level_first(levels):
    places = place_levels(
        [make(order, delay, mode) for order, (delay, mode) in enumerate(levels)]
    )
    days = [place.days for place in places]
    assert days == sorted(days)
    assert all(place.minimum_days >= 0 for place in places)
