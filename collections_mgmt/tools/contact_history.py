"""Steps of the rules that look at the contacts made before.

What steps are is told in contact_steps.py. An event later than the moment counts like
one as much earlier: one period holds both contacts, whichever was first.
"""

from datetime import datetime, timedelta
from functools import partial

from .contact_steps import DAY, Refusal, step_past
from .local_time import UTC, read_clock, start_after, start_of_day

NEVER = datetime.max.replace(tzinfo=UTC)

# The outcomes which do not count. A reservation may still turn into anything, and an
# outcome that is not known here may mean anything: both count always.
NEVER_COUNTED = frozenset({"refunded", "exchange"})
NOT_COUNTED = {
    "attempt": NEVER_COUNTED,
    "sent": NEVER_COUNTED | {"failed"},
    "answered": NEVER_COUNTED | {"failed", "attempted"},
    "reached": NEVER_COUNTED | {"failed", "attempted", "left", "sent"},
}
# What else begins the rest after an outcome: who answers in writing talks as well.
ALSO_AFTER = {"talk": frozenset({"talk", "exchange"})}
# What makes an event fulfil a prerequisite: it has surely gone out.
DELIVERED = frozenset({"sent", "reached", "talk"})


# Counters


class _SpanStep:
    """Fewer than the maximum lie within a span of time, on either side of a moment."""

    def __init__(self, events, maximum, span):
        self.instants = [event.at for event in events]
        self.maximum = maximum
        self.span = span

    def count(self, moment):
        """Return how much of the maximum is used at the moment."""
        return len(self._find_near(moment))

    def __call__(self, moment):
        """Step to when enough of them are so long ago."""
        near = self._find_near(moment)
        if len(near) < self.maximum:
            return moment
        return near[-self.maximum] + self.span if self.maximum > 0 else NEVER

    def _find_near(self, moment):
        return [at for at in self.instants if abs(at - moment) < self.span]


class _PeriodStep:
    """Fewer than the maximum lie in the period of the local calendar."""

    def __init__(self, events, maximum, find_period, zone):
        self.days = _get_days(events, zone)
        self.maximum = maximum
        self.find_period = find_period
        self.zone = zone

    def count(self, moment):
        """Return how much of the maximum is used at the moment."""
        if not self.days:
            return 0
        first, following = self._find_period_of(moment)
        return sum(first <= day < following for day in self.days)

    def __call__(self, moment):
        """Step to the next period."""
        if len(self.days) < self.maximum or self.count(moment) < self.maximum:
            return moment
        _first, following = self._find_period_of(moment)
        return start_after(following, self.zone, moment) if self.maximum > 0 else NEVER

    def _find_period_of(self, moment):
        return self.find_period(_get_day(moment, self.zone))


def get_cap_steps(rule, case):
    """Fewer than the maximum count in the period that the moment is in.

    :return: list, never empty, of steps that have a ``count`` of their own
    """
    groups = _get_counted(rule, case)
    if rule.period == "rolling":
        span = _check_length(rule.days, 1) * DAY
        return [_SpanStep(group, rule.maximum, span) for group in groups]
    find_period, reach = PERIODS[rule.period]
    return [
        _PeriodStep(_get_recent(group, reach, case), rule.maximum, find_period, zone)
        for group in groups
        for zone in case.zones
    ]


def get_one_channel_steps(rule, case):
    """No other channel came first in the ISO week."""
    _find_period, reach = PERIODS["week"]
    return [
        partial(
            _step_out_of_locked_week,
            _get_days(group, zone),
            [event.channel for event in group],
            case.request.channel,
            zone,
        )
        for counted in _get_counted(rule, case)
        if (group := _get_recent(counted, reach, case))
        for zone in case.zones
    ]


def _step_out_of_locked_week(days, channels, channel, zone, moment):
    monday, following = _find_week(_get_day(moment, zone))
    dated = zip(days, channels, strict=True)
    first = next((used for day, used in dated if monday <= day < following), channel)
    if first == channel:
        return moment
    return start_after(following, zone, moment)


# Distances


def get_gap_steps(rule, case):
    """So many hours, or full local days, lie between the moment and each contact."""
    if not rule.gap_hours and rule.days is None:
        raise ValueError("a gap of what?")
    groups = [group for group in _get_counted(rule, case) if group]
    steps = []
    if rule.gap_hours:
        span = timedelta(hours=_check_length(rule.gap_hours, 1))
        steps += [_SpanStep(group, 1, span) for group in groups]
    if rule.days or not rule.gap_hours:
        steps += _get_distance_steps(groups, _check_length(rule.days) + 1, case)
    return steps


def get_cooldown_steps(rule, case):
    """The local day is none of so many from that of the outcome on."""
    outcomes = ALSO_AFTER.get(rule.after, {rule.after})
    events = [
        event
        for event in case.history
        if event.outcome in outcomes and _is_of_group(rule, event)
    ]
    groups = _split(rule, case, events)
    return _get_distance_steps(groups, _check_length(rule.days, 1), case)


def _get_distance_steps(groups, distance, case):
    return [
        partial(_step_to_distance, _get_days(group, zone), distance, zone)
        for group in groups
        if group
        for zone in case.zones
    ]


def _step_to_distance(days, distance, zone, moment):
    """Step to so many days after the last event that is less than these away."""
    today = _get_day(moment, zone)
    near = [day for day in days if abs((day - today).days) < distance]
    if not near:
        return moment
    return start_after(near[-1] + distance * DAY, zone, moment)


# Prerequisites


def get_prerequisite_steps(rule, case):
    """The event went out for each debt, and so many full local days have passed.

    The notice that has to come first waits for none.
    """
    if rule.after and case.request.notice == rule.after:
        return []
    done = [event for event in case.history if _is_fulfilled(rule, event)]
    groups = [done]
    if _is_per_debt(rule):
        groups = [[e for e in done if debt in e.debts] for debt in case.request.debts]
    if not groups or not all(groups):
        raise Refusal("prerequisite")
    days = _check_length(rule.days)
    return [
        partial(step_past, _find_end(group[0].at, days, zone))
        for group in groups
        for zone in case.zones
    ]


def _is_fulfilled(rule, event):
    return _is_of_group(rule, event) and (
        event.outcome == rule.after
        or (rule.after in (event.kind, event.notice) and event.outcome in DELIVERED)
    )


def _find_end(instant, days, zone):
    """Return when so many full days have passed, the day of the instant not counted."""
    if not days:
        return instant
    return start_of_day(_get_day(instant, zone) + (days + 1) * DAY, zone)


# Which events a rule counts


def _get_counted(rule, case):
    """Return the events that the rule counts, one list per counter, oldest first."""
    skipped = NOT_COUNTED[rule.counting]
    events = [
        event
        for event in case.history
        if event.outcome not in skipped
        and _is_of_group(rule, event)
        and (not rule.event_kind or event.kind in ("", rule.event_kind))
    ]
    return _split(rule, case, events)


def _get_recent(events, reach, case):
    """Return the events which a period may share with the moment or a later one."""
    oldest = case.moment - reach
    return [event for event in events if event.at > oldest]


def _split(rule, case, events):
    """Return one list of events, or one per debt of the request.

    What names no debt may be about each of them.
    """
    if not _is_per_debt(rule) or not case.request.debts:
        return [events]
    return [
        [event for event in events if not event.debts or debt in event.debts]
        for debt in case.request.debts
    ]


def _is_per_debt(rule):
    if rule.scope not in ("debtor", "debt"):
        raise ValueError(f"no scope: {rule.scope}")
    return rule.scope == "debt"


def _is_of_group(rule, event):
    group = rule.counted_channels or rule.channels
    return not group or event.channel in group


# Days


def _check_length(number, least=0):
    if number < least:
        raise ValueError(f"too short to mean anything: {number}")
    return number


def _get_day(moment, zone):
    return read_clock(moment, zone).date()


def _get_days(events, zone):
    return [read_clock(event.at, zone).date() for event in events]


def _find_day(day):
    return day, day + DAY


def _find_week(day):
    monday = day - day.weekday() * DAY
    return monday, monday + 7 * DAY


def _find_month(day):
    first = day.replace(day=1)
    return first, (first + 32 * DAY).replace(day=1)


# What finds the first day of the period that a day is in and the first one after it;
# and more time than a period takes, also when the clock is set in it.
PERIODS = {
    "day": (_find_day, 2 * DAY),
    "week": (_find_week, 8 * DAY),
    "month": (_find_month, 32 * DAY),
}
