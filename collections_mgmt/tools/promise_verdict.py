"""What became of promises to pay, from what the ledger settled and when.

Pure functions without the ORM. Amounts are whole numbers of a currency's smallest
unit. The verdict is a function of today's ledger alone: a payment that is matched late
but was made in time counts, one that is taken back never happened.

What a settlement does to the promises about its item:

- a payment fulfils the promise whose next date comes first, whatever its reference; a
  payment before the promise's date counts like one on that date;
- what is paid after the date plus patience fulfils nothing: the promise was broken;
- what is paid in excess of a promise fulfils the next one about the same item;
- a credit note or write-off fulfils nothing. It lessens what is promised only where
  less than that is still open;
- what a credit had settled when the promise was made counts for nothing.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import accumulate


@dataclass(frozen=True)
class Settlement:
    """What one credit took off an item: a payment, or something else."""

    item: int
    credit: int
    date: date
    amount: int
    is_payment: bool


@dataclass(frozen=True)
class Part:
    """How much of an item is promised.

    ``settled_before``: {credit: what it had settled when the promise was made}.
    """

    item: int
    amount: int
    settled_before: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Instalment:
    date: date
    amount: int


@dataclass(frozen=True)
class Promise:
    """Parts of items, to be paid in instalments that add up to the same amount.

    ``patience``: days after each date before the promise is broken. ``tolerance``: the
    amount that may be missing.
    """

    id: int
    parts: tuple[Part, ...]
    instalments: tuple[Instalment, ...]
    patience: int = 0
    tolerance: int = 0


@dataclass(frozen=True)
class Verdict:
    """What became of a promise.

    ``state``: "open", "kept", "partly" (broken, but something was paid in time),
    "broken", or "settled": nothing was left to pay and nothing was paid. ``due``: the
    date it is about now. ``open_parts``: {item: what is still promised of it}.
    ``instalments``: (paid, state) of each, in order.
    """

    state: str
    due: date
    paid: int
    open_parts: dict
    instalments: tuple


def judge(promises, residuals, settlements, today):
    """Return {promise id: Verdict}.

    :param list promises: of Promise, all those that may claim the same payments
    :param dict residuals: {item: what is open of it now}
    :param list settlements: of Settlement, one per item and credit
    :param datetime.date today: the day on which is judged
    """
    history = _History(residuals, settlements, today)
    trials = [_Trial(promise, history) for promise in promises]
    by_item = defaultdict(list)
    for trial in trials:
        for part in trial.promise.parts:
            by_item[part.item].append((trial, part))
    for payment in history.payments:
        _allocate(payment, by_item[payment.item])
    return {trial.promise.id: trial.get_verdict(today) for trial in trials}


def _allocate(payment, claims):
    """Give a payment to the promises about its item, the next date first."""
    left = payment.amount
    claims = [
        (trial, part)
        for trial, part in claims
        if not trial.has_failed_before(payment.date)
    ]
    while left and claims:
        first = min(claims, key=lambda claim: claim[0].get_rank())
        trial, part = first
        taken = trial.take(part, payment, left)
        left -= taken
        if not taken:
            claims.remove(first)


class _History:
    """What was open of each item on each day, and the payments in their order."""

    def __init__(self, residuals, settlements, today):
        self.residuals = residuals
        self.by_item = defaultdict(list)
        self.payments = []
        for settlement in sorted(settlements, key=lambda s: (s.date, s.credit)):
            day = min(settlement.date, today)  # what is dated ahead is here already
            self.by_item[settlement.item].append((day, settlement.amount))
            if settlement.is_payment:
                self.payments.append(replace(settlement, date=day))

    def get_open(self, item, day):
        """Return what was open of an item at the end of a day."""
        later = sum(amount for when, amount in self.by_item[item] if when > day)
        return self.residuals.get(item, 0) + later


class _Trial:
    """One promise while the payments are given out."""

    def __init__(self, promise, history):
        self.promise = promise
        self.history = history
        self.total = sum(part.amount for part in promise.parts)
        self.paid = {part.item: [] for part in promise.parts}  # (day, amount)
        self.taken = Counter()  # {(item, credit): amount}
        instalments = sorted(promise.instalments, key=lambda each: each.date)
        self.dates = [instalment.date for instalment in instalments]
        self.amounts = [instalment.amount for instalment in instalments]
        self.sums = list(accumulate(self.amounts))
        patience = timedelta(days=promise.patience)
        self.deadlines = [day + patience for day in self.dates]

    # WHILE PAYMENTS ARE GIVEN OUT

    def get_rank(self):
        return self.dates[self._get_next()], self.promise.id

    def _get_next(self):
        """Return the number of the first instalment that is not paid, else the last."""
        paid = self.get_paid(date.max)
        waiting = (n for n, promised in enumerate(self.sums) if promised > paid)
        return next(waiting, len(self.sums) - 1)

    def take(self, part, payment, left):
        """Take what the next date may claim of a payment; return how much."""
        before = part.settled_before.get(payment.credit, 0)
        new = payment.amount - before - self.taken[part.item, payment.credit]
        wanted = part.amount - self._get_paid_of(part.item, date.max)
        missing = self.sums[self._get_next()] - self.get_paid(date.max)
        taken = max(0, min(left, new, wanted, missing))
        if taken:
            self.taken[part.item, payment.credit] += taken
            self.paid[part.item].append((payment.date, taken))
        return taken

    def has_failed_before(self, day):
        return any(
            deadline < day and not self._is_met(number)
            for number, deadline in enumerate(self.deadlines)
        )

    # WHAT WAS PAID, AND WHAT NEED NOT BE

    def _get_paid_of(self, item, day):
        return sum(amount for when, amount in self.paid[item] if when <= day)

    def get_paid(self, day):
        return sum(self._get_paid_of(item, day) for item in self.paid)

    def _get_owed(self, day):
        """Return what is to be paid in all: less where something else settled it."""
        return self.total - sum(
            max(
                0,
                part.amount
                - self._get_paid_of(part.item, day)
                - self.history.get_open(part.item, day),
            )
            for part in self.promise.parts
        )

    def _is_met(self, number, day=date.max):
        """Return whether all up to an instalment was paid by its deadline, or the day.

        The tolerance forgives that little is missing, not that nothing came.
        """
        day = min(day, self.deadlines[number])
        owed = min(self.sums[number], self._get_owed(day))
        paid = self.get_paid(day)
        return owed <= paid or paid > 0 and owed - paid <= self.promise.tolerance

    # THE VERDICT

    def get_verdict(self, today):
        failed = [
            number
            for number, deadline in enumerate(self.deadlines)
            if deadline < today and not self._is_met(number)
        ]
        state = self._get_state(failed, today)
        return Verdict(
            state=state,
            due=self.dates[failed[0] if failed else self._get_next()],
            paid=self.get_paid(date.max),
            open_parts={
                part.item: self._get_open_part(part, today) if state == "open" else 0
                for part in self.promise.parts
            },
            instalments=tuple(
                self._judge_instalment(number, today)
                for number in range(len(self.dates))
            ),
        )

    def _get_state(self, failed, today):
        if failed:
            in_time = self.get_paid(self.deadlines[failed[0]])
            return "partly" if in_time else "broken"
        last = len(self.sums) - 1
        if not self._is_met(last, today):
            return "open"
        return "kept" if self.get_paid(date.max) else "settled"

    def _get_open_part(self, part, today):
        wanted = part.amount - self._get_paid_of(part.item, date.max)
        return max(0, min(wanted, self.history.get_open(part.item, today)))

    def _judge_instalment(self, number, today):
        """Return (paid, state) of an instalment."""
        before = self.sums[number] - self.amounts[number]
        paid = self._clamp(self.get_paid(date.max) - before, number)
        day = min(today, self.deadlines[number])
        if self._get_owed(day) <= before:
            return paid, "settled"
        if self._is_met(number, today):
            return paid, "kept"
        if today <= self.deadlines[number]:
            return paid, "open"
        in_time = self._clamp(self.get_paid(day) - before, number)
        return paid, "partly" if in_time else "broken"

    def _clamp(self, amount, number):
        return max(0, min(amount, self.amounts[number]))
