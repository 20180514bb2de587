"""Aging: how much is open, by how late it is.

An item that falls due today is not late; an item is late by the days since its due
date. The edges are part of the bucket they end: 30 days late is "1-30".
"""

from bisect import bisect_left

# The last day of each bucket; whatever is later is in one of its own.
EDGES = (0, 30, 60, 90, 120)
CURRENT = "0"
OLDEST = f"{EDGES[-1] + 1}+"
BUCKETS = (
    CURRENT,
    *(f"{last + 1}-{end}" for last, end in zip(EDGES, EDGES[1:], strict=False)),
    OLDEST,
)


def get_bucket(days_late):
    """Return the bucket of an item.

    :param int days_late: days since the due date, negative before it
    :return: a code of ``BUCKETS``: "0" not late, "1-30" and so on, "121+"
    """
    return BUCKETS[bisect_left(EDGES, days_late)]


def sum_by_bucket(rows):
    """Add up amounts by bucket.

    :param rows: iterable of (days late, amount)
    :return: {code: amount} with every bucket, in their order
    """
    totals = dict.fromkeys(BUCKETS, 0.0)
    for days_late, amount in rows:
        totals[get_bucket(days_late)] += amount
    return totals
