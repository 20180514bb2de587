"""Which case comes first: the formula of the worklist.

A case has facts. Each factor turns them into a value, from 0 (says nothing) to 1 (as
much as it can say), and its weight turns the value into points. The score is the sum
of the points; the points, the largest first, are the reasons. So a collector can be
told in words why a case stands where it stands, and a manager who changes a weight
knows what happens: a weight is the most points its factor can give.

    rank(Facts(amount_overdue=1_250_000, days_late=45))

``collection.engine._get_ranking_factors`` says the same in SQL, for all cases at once.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# The most points each factor gives; negative ones move a case down the list.
WEIGHTS = {
    # Something was agreed or is asked for: it is for today
    "reply": 25.0,
    "promise": 20.0,
    "callback": 20.0,
    "activity": 15.0,
    "person": 10.0,
    # What is at stake
    "amount": 30.0,
    "age": 15.0,
    "broken": 15.0,
    "risk": 15.0,
    "silence": 10.0,
    # Nobody can do anything now
    "blocked": -30.0,
    "covered": -30.0,
    "contested": -10.0,
}
# Moved by hand: the points are the collector's own, whatever the weights.
BY_HAND = "shift"
# In this order where points are equal.
CODES = (*WEIGHTS, BY_HAND)

# Each tenfold counts the same, up to this power of ten: one formula serves currencies
# with and without cents. Amounts of companies with different currencies in one list
# do not compare.
AMOUNT_POWERS = 8
# From here on a factor says as much as it can.
AGE_DAYS = 90
BROKEN_PROMISES = 3
SILENT_DAYS = 30

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Facts:
    """What the ranking knows of a case. Days are counted up to today.

    ``amount_overdue`` is in company currency. ``days_silent``: since the last contact;
    without any, since the oldest due date, and ``is_contacted`` is false. ``risk``: 0
    (unknown or none) to 1. ``promise_days``, ``callback_days`` and ``activity_days``:
    since the day something was promised, the case was to come back, something is to
    be done; negative when that day is still to come, None without one.
    ``is_blocked``: a stop, a hold or the contact rules speak against a contact now.
    ``is_covered``: credits or a promise cover what is overdue. ``is_contested``: the
    debtor disputes some of what is open. ``shift``: points given by hand.
    """

    amount_overdue: float = 0.0
    days_late: int = 0
    days_silent: int = 0
    is_contacted: bool = False
    broken_count: int = 0
    risk: float = 0.0
    promise_days: int | None = None
    callback_days: int | None = None
    activity_days: int | None = None
    is_replied: bool = False
    is_blocked: bool = False
    is_covered: bool = False
    is_contested: bool = False
    needs_person: bool = False
    shift: float = 0.0


@dataclass(frozen=True)
class Reason:
    """Why a case stands where it stands.

    ``figure`` is what the sentence tells beside the code: an amount, days, a count;
    None where there is nothing to tell.
    """

    code: str
    points: float
    figure: float | None = None


@dataclass(frozen=True)
class Rank:
    """``score`` is the sum of the points; ``reasons`` begin with the weightiest."""

    score: float
    reasons: tuple


def rank(facts, weights=None):
    """Return how a case ranks.

    :param Facts facts: of the case
    :param dict weights: {code: points}; a factor that is missing gives none; the usual
        ones when None
    :rtype: Rank
    """
    weights = WEIGHTS if weights is None else weights
    reasons = []
    for code, (value, figure) in _get_values(facts).items():
        weight = 1.0 if code == BY_HAND else weights.get(code, 0.0)
        points = round_points(value * weight)
        if points:
            reasons.append(Reason(code, points, figure))
    reasons.sort(key=lambda reason: (-abs(reason.points), CODES.index(reason.code)))
    score = round_points(sum(reason.points for reason in reasons))
    return Rank(score, tuple(reasons))


def _get_values(facts):
    """Return {code: (value, figure)}."""
    amount = max(facts.amount_overdue, 0.0)
    return {
        "reply": (float(facts.is_replied), None),
        "promise": _is_today(facts.promise_days),
        "callback": _is_today(facts.callback_days),
        "activity": _is_today(facts.activity_days),
        "person": (float(facts.needs_person), None),
        "amount": (_limit(math.log10(1.0 + amount) / AMOUNT_POWERS), amount),
        "age": (_limit(facts.days_late / AGE_DAYS), facts.days_late),
        "broken": (_limit(facts.broken_count / BROKEN_PROMISES), facts.broken_count),
        "risk": (_limit(facts.risk), facts.risk),
        "silence": (
            _limit(facts.days_silent / SILENT_DAYS),
            facts.days_silent if facts.is_contacted else None,
        ),
        "blocked": (float(facts.is_blocked), None),
        "covered": (float(facts.is_covered), None),
        "contested": (float(facts.is_contested), None),
        BY_HAND: (facts.shift, None),
    }


def _is_today(days):
    """Return the value of what is for a day, and how many days ago that was."""
    return (0.0, None) if days is None or days < 0 else (1.0, days)


def _limit(value):
    return min(max(value, 0.0), 1.0)


def round_points(points):
    """Round to cents, halves away from zero: as PostgreSQL does with a float.

    :rtype: float
    """
    return float(Decimal(f"{points:.15g}").quantize(CENT, ROUND_HALF_UP))
