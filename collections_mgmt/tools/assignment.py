"""Who gets which case: dealing new cases out to the collectors of a team.

Cases are dealt one by one to the collector who is next by the method, among those who
are there and have room for the case. Equal collectors are taken in the order in which
they are given, so the same input always gives the same result.

    allocate([(1, 100.0), (2, 50.0)], [Collector(7), Collector(8)], "turn")
    # {1: 7, 2: 8}
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Collector:
    """Somebody who can be given cases, and what they carry already.

    ``capacity`` is the number of cases they can carry, None without limit.
    ``amount_capacity`` is what these may be overdue in all, 0 without limit. ``load``
    and ``amount`` count what they have now. Amounts are in one currency.
    """

    id: int
    capacity: int | None = None
    amount_capacity: float = 0.0
    load: int = 0
    amount: float = 0.0
    is_absent: bool = False


class _Desk:
    """A collector's work while cases are dealt."""

    def __init__(self, collector):
        self.collector = collector
        self.load = collector.load
        self.amount = collector.amount
        self.dealt = 0

    def has_room(self, amount):
        capacity, limit = self.collector.capacity, self.collector.amount_capacity
        return (capacity is None or self.load < capacity) and (
            not limit or self.amount + amount <= limit
        )

    def take(self, amount):
        self.load += 1
        self.amount += amount
        self.dealt += 1

    def get_relative_load(self):
        """Return the part of the capacity that is used; all of it counts as one."""
        return self.load / (self.collector.capacity or 1)


# Whose turn it is: the collector for whom this is least.
METHODS = {
    "turn": lambda desk: desk.dealt,
    "load": _Desk.get_relative_load,
    "amount": lambda desk: desk.amount,
}


def allocate(cases, collectors, method, last=None):
    """Deal cases out to collectors.

    :param list cases: (id, amount overdue), in the order in which they are dealt;
        by "amount" the largest come first, which keeps the sums closest
    :param list collectors: of ``Collector``
    :param str method: "turn": one after the other; "load": to whom carries least of
        what they can; "amount": to whom carries the least amount
    :param int last: the collector who got the last case before, for "turn"
    :return: {case id: collector id}, without the cases nobody has room for
    :raise KeyError: when the method is unknown
    """
    get_place = METHODS[method]
    if method == "turn":
        collectors = _begin_after(collectors, last)
    if method == "amount":
        cases = sorted(cases, key=lambda case: -case[1])
    desks = [_Desk(collector) for collector in collectors if not collector.is_absent]
    dealt = {}
    for case_id, amount in cases:
        free = [desk for desk in desks if desk.has_room(amount)]
        if free:
            desk = min(free, key=get_place)
            desk.take(amount)
            dealt[case_id] = desk.collector.id
    return dealt


def give_back(cases, collectors):
    """Give cases to who had the debtor before, while they have room.

    Who is absent gets them as well: a substitute does the work meanwhile.

    :param list cases: (id, amount overdue, id of who had the debtor or None)
    :param list collectors: of ``Collector``
    :return: {case id: collector id}, without the cases of others and those for which
        there is no room
    """
    desks = {collector.id: _Desk(collector) for collector in collectors}
    kept = {}
    for case_id, amount, collector_id in cases:
        desk = desks.get(collector_id)
        if desk and desk.has_room(amount):
            desk.take(amount)
            kept[case_id] = collector_id
    return kept


def _begin_after(collectors, last):
    """Return the collectors in turn, the one after ``last`` first."""
    ids = [collector.id for collector in collectors]
    start = ids.index(last) + 1 if last in ids else 0
    return [*collectors[start:], *collectors[:start]]
