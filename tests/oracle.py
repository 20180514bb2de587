"""What the engine has to conclude, worked out again in plain Python.

Written from the rules of the documentation, not from the engine's SQL: no ORM, no
database. Amounts are whole cents. Days count from the day of the run, backwards:
``late`` is 5 for an item due five days ago and -2 for one due the day after tomorrow.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """A stage with an e-mail at once and, ``task_delay`` days later, a task."""

    id: int
    strategy: str
    days: int
    sequence: int
    minimum_days: int
    is_active: bool
    fallback: str | None
    condition: str
    task_delay: int

    @property
    def key(self):
        return self.days, self.sequence, self.id


@dataclass(frozen=True)
class Strategy:
    tolerance: int
    minimum: int
    gap: int
    grouping: str
    keeps_credits_apart: bool


@dataclass(frozen=True)
class Item:
    """A receivable line, where it stands, and since how many days (``age``)."""

    id: int
    debtor: int
    amount: int
    late: int
    is_excluded: bool
    is_in_branch: bool
    own_strategy: str | None
    stage: int | None
    passed: int | None
    age: int | None
    promised: int
    disputed: int
    held: int
    has_task_done: bool
    has_opened: bool | None  # the message about it alone; None when there was none


@dataclass(frozen=True)
class Debtor:
    id: int
    credit: int
    has_email: bool
    contacted: int | None  # days ago
    failed: int | None  # days ago; None when the last attempt did not fail
    hold: int | None  # days to come, the last one included
    has_replied: bool
    has_opened: bool | None  # the message about everything; None when there was none
    has_opened_of: dict  # the same of the messages about company and branch
    pending: str | None  # state of a contact that is on its way
    has_been_called: bool  # by a person, after all messages
    has_been_thanked: bool  # after all messages


@dataclass(frozen=True)
class World:
    stages: tuple
    strategies: dict
    default: str | None
    debtors: tuple
    items: tuple


class Oracle:
    """The conclusions about one world."""

    def __init__(self, world):
        self.world = world
        self.items = {
            debtor.id: sorted(
                (
                    item
                    for item in world.items
                    if item.debtor == debtor.id and item.amount and not item.is_excluded
                ),
                key=lambda item: (-item.late, item.id),
            )
            for debtor in world.debtors
        }
        self.covered = {}
        for debtor in world.debtors:
            self.covered.update(self._spread_credit(debtor))

    # MONEY

    def _spread_credit(self, debtor):
        """Return {item id: what credits cover}, the oldest item first."""
        strategy = self.world.strategies.get(self.world.default)
        left = 0 if strategy and strategy.keeps_credits_apart else debtor.credit
        covered = {}
        for item in self.items[debtor.id]:
            covered[item.id] = min(left, item.amount)
            left -= covered[item.id]
        return covered

    def get_chased(self, item):
        return item.amount - self.covered[item.id] - self.get_agreed(item)

    def get_agreed(self, item):
        return item.promised + item.disputed + item.held

    def _get_tolerance(self, item):
        strategy = self.world.strategies.get(self._get_strategy(item))
        return strategy.tolerance if strategy else 0

    def is_chased(self, item):
        return self.get_chased(item) > self._get_tolerance(item)

    # STAGES

    def _get_strategy(self, item):
        return item.own_strategy or self.world.default

    def _get_leader(self, debtor):
        """Return the strategy of the debtor, else the first of its open items'."""
        own = {item.own_strategy for item in self.items[debtor.id]} - {None}
        return self.world.strategies.get(self.world.default or min(own, default=None))

    def _get_ladder(self, item):
        """Return the stages that count for the item, the first one first."""
        return sorted(
            (
                stage
                for stage in self.world.stages
                if stage.is_active and stage.strategy == self._get_strategy(item)
            ),
            key=lambda stage: stage.key,
        )

    def get_due(self, item):
        """Return (stage, whether it is a task some days into it), or None."""
        if not self.is_chased(item) or not self._get_strategy(item):
            return None
        stage = self._get_next_stage(item) if item.late >= 0 else None
        stage = stage or (self._get_reminder(item) if item.late < 0 else None)
        if stage:
            return stage, False
        return self._get_late_task(item)

    def _get_next_stage(self, item):
        """Return the next dunning stage if both its days have come."""
        passed = None if item.passed is None else self.world.stages[item.passed]
        for stage in self._get_ladder(item):
            if stage.days < 0 or passed and stage.key <= passed.key:
                continue
            rested = item.age is None or item.age >= stage.minimum_days
            return stage if item.late >= stage.days and rested else None
        return None

    def _get_reminder(self, item):
        """Return the current one of the reminders, if it was not sent before."""
        passed = None if item.passed is None else self.world.stages[item.passed]
        current = None
        for stage in self._get_ladder(item):
            if stage.days < 0 and stage.days <= item.late:
                current = stage
        if current and (passed is None or passed.days < current.days):
            return current
        return None

    def _get_late_task(self, item):
        if item.stage is None or item.stage != item.passed or item.age is None:
            return None
        stage = self.world.stages[item.stage]
        if not stage.is_active or not stage.task_delay or item.has_task_done:
            return None
        is_due = item.age >= stage.task_delay and item.late >= stage.days
        return (stage, True) if is_due else None

    def get_highest(self, items):
        """Return what is due of some items: a task into a stage only if all are."""
        due = [found for item in items if (found := self.get_due(item))]
        return max(due, key=lambda found: (not found[1], found[0].key), default=None)

    def _get_groups(self, debtor):
        """Return {group: items} that messages are about, None for all of them."""
        leader = self._get_leader(debtor)
        groups = {}
        for item in self.items[debtor.id] if leader else ():
            group = {"invoice": item.id, "branch": item.is_in_branch}
            groups.setdefault(group.get(leader.grouping), []).append(item)
        return groups

    # STEPS

    def _has_opened(self, debtor, group):
        """Return whether the last message that was about the group was opened.

        Messages about everything were about each group, and came first; then those
        about company and branch, then those about single invoices.
        """
        grouping = self._get_leader(debtor).grouping
        messages = [debtor.has_opened]
        for is_branch in (False, True):
            if grouping != "branch" or group == is_branch:
                messages.append(debtor.has_opened_of[is_branch])
        for item in self.world.items:
            if item.debtor == debtor.id and (grouping != "invoice" or group == item.id):
                messages.append(item.has_opened)
        return next((opened for opened in messages[::-1] if opened is not None), False)

    def get_reach(self, debtor, group, stage, is_late):
        """Return {step: channel} of the steps that apply and reach the debtor."""
        applying = self.get_applying(debtor, group, stage, is_late)
        channels = {"task": "task", "email": stage.fallback}
        if debtor.has_email:
            channels["email"] = "email"
        return {step: channels[step] for step in applying if channels[step]}

    def get_applying(self, debtor, group, stage, is_late):
        """Return the steps of this time whose condition holds."""
        steps = []
        has_opened = self._has_opened(debtor, group)
        if not is_late and {
            "always": True,
            "opened": has_opened,
            "not_opened": not has_opened,
        }.get(stage.condition):
            steps.append("email")
        if is_late == bool(stage.task_delay):
            steps.append("task")
        return steps

    # DECISIONS

    def decide(self, debtor):
        """Return the code of the decision, None where no case is open."""
        items = self.items[debtor.id]
        if not items:
            return None
        due = self._get_case_due(debtor)
        return next(
            (code for code, holds in self._get_rules(debtor, items, due) if holds),
            "send",
        )

    def _get_case_due(self, debtor):
        """Return what is due of the group that comes closest to be told something.

        Neither a reminder nor a late task that cannot be is due.

        :return: (whether it reaches the debtor, whether a step applies, whether it is
            the stage itself, the stage's place), or None
        """
        found = []
        for group, items in self._get_groups(debtor).items():
            due = self.get_highest(items)
            if due:
                stage, is_late = due
                reaches = bool(self.get_reach(debtor, group, *due))
                if reaches or stage.days >= 0 and not is_late:
                    applies = bool(self.get_applying(debtor, group, *due))
                    found.append((reaches, applies, not is_late, stage.key))
        return max(found, default=None)

    def _get_rules(self, debtor, items, due):
        strategy = self._get_leader(debtor)
        overdue = [item for item in items if item.late > 0]
        asked = sum(
            self.get_chased(item)
            for item in items
            if self.is_chased(item) and (item.late > 0 or self.get_due(item))
        )
        yield "no_strategy", strategy is None
        yield "review", debtor.pending == "review"
        yield "queued", debtor.pending
        yield "not_due", not due and not overdue
        yield "hold", debtor.hold is not None and debtor.hold >= 0
        yield "replied", debtor.has_replied
        left = sum(item.amount - self.covered[item.id] for item in overdue)
        yield "credits", not due and left <= 0
        left -= sum(item.promised for item in overdue)
        yield "promised", not due and left <= 0
        left -= sum(item.disputed for item in overdue)
        yield "disputed", not due and left <= 0
        left -= sum(item.held for item in overdue)
        yield "held", not due and left <= 0
        yield "tolerance", not due and not asked
        yield "minimum", asked < strategy.minimum
        yield "wait", not due and any(map(self._has_next, items))
        yield "last_stage", not due
        reaches, applies, *_rest = due
        yield "condition", not applies
        retry = max(strategy.gap, 1)
        yield "failed", debtor.failed is not None and debtor.failed < retry
        yield "gap", debtor.contacted is not None and debtor.contacted < strategy.gap
        yield "no_address", not reaches

    def _has_next(self, item):
        """Whether a later stage comes by itself, when its days have come."""
        if not self.is_chased(item):
            return False
        if item.late >= 0 and self._get_next_stage(item):
            return False
        passed = None if item.passed is None else self.world.stages[item.passed]
        return any(
            stage.days > item.late
            if stage.days < 0
            else passed is None or stage.key > passed.key
            for stage in self._get_ladder(item)
        )

    # MESSAGES

    def get_contacts(self, debtor):
        """Return {(group, stage id, step): (channel, {item id: stage id or None})}."""
        if self.decide(debtor) != "send":
            return {}
        contacts = {}
        for group, items in self._get_groups(debtor).items():
            due = self.get_highest(items)
            if not due:
                continue
            for step, channel in self.get_reach(debtor, group, *due).items():
                contacts[group, due[0].id, step] = (channel, self._list(items, *due))
        return contacts

    def _list(self, items, stage, is_late):
        """Return {item id: stage it reaches, None if it is only listed}."""
        told = {}
        for item in items:
            found = self.get_due(item)
            reaches = None
            if found and found[1] == is_late and (not is_late or found[0] == stage):
                reaches = found[0].id
            open_amount = item.amount - self.get_agreed(item)
            is_listed = item.late >= 0 if stage.days >= 0 else reaches is not None
            is_listed = is_listed and self._get_strategy(item)
            if is_listed and open_amount > self._get_tolerance(item):
                told[item.id] = reaches
        return told
