"""How what is owed is spread over instalments: pure arithmetic of dates and amounts.

Amounts are whole numbers of a currency's smallest unit.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

WEEK = timedelta(days=7)
DAYS_OF_YEAR = 365
# Ten years, week by week.
MAX_INSTALMENTS = 520


@dataclass(frozen=True)
class PlannedInstalment:
    """What is to be paid on a day, in units."""

    date: date
    amount: int


def make_plan(total, count, start, rhythm, *, first=0, month_end=False):
    """Return the instalments of a plan, in order; their amounts add up to the total.

    All are equal, rounded down; what that leaves over comes with the last one.

    :param int total: what is owed, in units
    :param int count: the number of instalments, the first payment included
    :param datetime.date start: the date of the first
    :param str rhythm: "weekly", "biweekly" or "monthly"
    :param int first: the first payment, in units; 0: as the others
    :param bool month_end: monthly on the last day of each month
    :return: list of PlannedInstalment
    :raise ValueError: when an instalment would be nothing or less
    """
    amounts = split_amount(total, count, first)
    dates = get_dates(start, count, rhythm, month_end)
    return [
        PlannedInstalment(day, amount)
        for day, amount in zip(dates, amounts, strict=True)
    ]


def split_amount(total, count, first=0):
    """Return ``count`` amounts that add up to the total; see ``make_plan``."""
    if not 1 <= count <= MAX_INSTALMENTS:
        raise ValueError("a plan has one instalment at least, and not thousands")
    if not first:
        share = total // count
        amounts = [share] * (count - 1) + [total - share * (count - 1)]
    elif count == 1:
        amounts = [first]
    else:
        amounts = [first, *split_amount(total - first, count - 1)]
    if min(amounts) <= 0 or sum(amounts) != total:
        raise ValueError("the instalments do not add up")
    return amounts


def get_dates(start, count, rhythm, month_end=False):
    """Return the dates of the instalments; see ``make_plan``.

    Monthly dates keep the day of the start; in a shorter month it is the last one.
    The first date is always the one that was asked for.
    """
    if rhythm == "monthly":
        later = [_add_months(start, number, month_end) for number in range(1, count)]
        return [start, *later]
    step = {"weekly": WEEK, "biweekly": 2 * WEEK}[rhythm]
    return [start + number * step for number in range(count)]


def _add_months(start, months, month_end):
    """Return the same day some months later, or the last one of that month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, last if month_end else min(start.day, last))


def get_interest(instalments, rate, since):
    """Return the simple interest that falls to each instalment, in units.

    Of what is not paid yet, for the days since the instalment before, by a year of 365
    days; rounded half up.

    :param list instalments: (date, amount) in order
    :param float rate: per cent a year
    :param datetime.date since: from when on interest runs
    """
    left = sum(amount for _day, amount in instalments)
    interest = []
    for day, amount in instalments:
        days = max(0, (day - since).days)
        exact = Decimal(left) * Decimal(str(rate)) / 100 * days / DAYS_OF_YEAR
        interest.append(int(exact.quantize(Decimal(1), ROUND_HALF_UP)))
        left -= amount
        since = max(since, day)
    return interest


def count_months(start, end):
    """Return how many months lie between two days, a part of one counting as one."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months + (end > _add_months(start, months, month_end=False))
