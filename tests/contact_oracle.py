"""What the contact rules say, as plainly as possible and without the engine's code.

A moment is looked at by itself: does each sentence of the rule hold there? The first
lawful moment is found by trying them all, in order.
"""

from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
HORIZON = timedelta(days=60)
MOST_COUNTED = {"reserved", "attempted", "left", "sent", "reached", "talk"}
COUNTED = {
    "attempt": MOST_COUNTED | {"failed"},
    "sent": MOST_COUNTED,
    "answered": MOST_COUNTED - {"attempted"},
    "reached": {"reserved", "reached", "talk"},
}


class ContactOracle:
    """Judges moments for one request under some rules."""

    def __init__(self, rules, request):
        self.request = request
        self.rules = [
            rule
            for rule in rules
            if rule.kind != "content"
            and (not rule.channels or request.channel in rule.channels)
        ]
        self.holds = [
            hold
            for hold in request.holds
            if not hold.channels or request.channel in hold.channels
        ]
        self.zones = [ZoneInfo(name) for name in request.zones]

    def is_lawful(self, moment):
        """Return whether no sentence of any rule or hold is broken."""
        walls = [moment.astimezone(zone) for zone in self.zones]
        return bool(
            self.rules
            and not any(self._is_held(hold, walls) for hold in self.holds)
            and all(self.is_kept(rule, moment, walls) for rule in self.rules)
        )

    def is_kept(self, rule, moment, walls):
        """Return whether one rule is kept at a moment, which is so on the walls."""
        check = getattr(self, f"_is_kept_{rule.kind}")
        return all(
            check(rule, moment, zone, wall)
            for zone, wall in zip(self.zones, walls, strict=True)
        )

    def find_first(self, moments):
        """Return the first lawful one of these moments, or None."""
        return next(filter(self.is_lawful, moments), None)

    def list_candidates(self):
        """Return, in order, all moments at which anything may become lawful.

        Clocks and windows turn on quarter hours; what happened before frees the way
        so many whole hours later.
        """
        start = self.request.moment
        minute = start.minute % 15
        first = start - timedelta(minutes=minute)
        hours = {rule.gap_hours or 0 for rule in self.rules}
        hours |= {24 * (rule.days or 0) for rule in self.rules}
        moments = {first + number * QUARTER for number in range(60 * 96 + 2)}
        moments |= {
            event.at + timedelta(hours=number)
            for event in self.request.history
            for number in hours
        }
        moments.add(start)
        return sorted(m for m in moments if start <= m <= start + HORIZON)

    def count(self, rule, moment, zone):
        """Return how many contacts a cap counts at a moment, per debt the most."""
        wall = moment.astimezone(zone)
        return max(
            sum(self._is_in_period(rule, event, moment, wall, zone) for event in events)
            for events in self._by_debt(rule)
        )

    def _is_held(self, hold, walls):
        return hold.until is None or any(wall.date() <= hold.until for wall in walls)

    def _is_kept_window(self, rule, moment, zone, wall):
        hours = list(rule.hours)
        if rule.widenable:
            hours += self.request.widened or ()
        minute = wall.hour * 60 + wall.minute
        return any(
            day == wall.weekday() and start <= minute < end for day, start, end in hours
        ) and not (rule.skip_holidays and self.request.is_holiday(wall.date()))

    def _is_kept_cap(self, rule, moment, zone, wall):
        return self.count(rule, moment, zone) + 1 <= rule.maximum

    def _is_in_period(self, rule, event, moment, wall, zone):
        there = event.at.astimezone(zone)
        if rule.period == "rolling":
            return abs(event.at - moment).total_seconds() < rule.days * 86400
        if rule.period == "week":
            return there.isocalendar()[:2] == wall.isocalendar()[:2]
        length = {"month": 7, "day": 10}[rule.period]
        return there.isoformat()[:length] == wall.isoformat()[:length]

    def _is_kept_one_channel(self, rule, moment, zone, wall):
        for events in self._by_debt(rule):
            week = [
                event
                for event in events
                if event.at.astimezone(zone).isocalendar()[:2] == wall.isocalendar()[:2]
            ]
            if week and min(week, key=lambda e: e.at).channel != self.request.channel:
                return False
        return True

    def _is_kept_gap(self, rule, moment, zone, wall):
        for event in sum(self._by_debt(rule), []):
            if rule.gap_hours:
                if abs(event.at - moment).total_seconds() < rule.gap_hours * 3600:
                    return False
                if not rule.days:
                    continue
            days = abs(wall.toordinal() - event.at.astimezone(zone).toordinal())
            if days == 0 or days - 1 < rule.days:
                return False
        return True

    def _is_kept_cooldown(self, rule, moment, zone, wall):
        begins = {"talk", "exchange"} if rule.after == "talk" else {rule.after}
        for event in sum(self._by_debt(rule, begins), []):
            first = event.at.astimezone(zone).date()
            rest = [abs((first - wall.date()).days) == n for n in range(rule.days)]
            if any(rest):
                return False
        return True

    def _is_kept_consent(self, rule, moment, zone, wall):
        return self.request.channel in self.request.consents

    def _is_kept_prohibition(self, rule, moment, zone, wall):
        return False

    def _is_kept_prerequisite(self, rule, moment, zone, wall):
        if self.request.notice == rule.after:
            return True
        debts = self.request.debts if rule.scope == "debt" else [None]
        for debt in debts:
            for event in self.request.history:
                if (
                    self._is_in_group(rule, event)
                    and (event.kind == rule.after or event.notice == rule.after)
                    and event.outcome in ("sent", "reached", "talk")
                    and (debt is None or debt in event.debts)
                    and self._has_passed(rule.days, event, moment, zone, wall)
                ):
                    break
            else:
                return False
        return bool(debts)

    def _has_passed(self, days, event, moment, zone, wall):
        if days == 0:
            return event.at <= moment
        there = event.at.astimezone(zone)
        return there.toordinal() + days < wall.toordinal()

    def _is_of_kind(self, rule, event):
        return rule.event_kind == "" or event.kind in (rule.event_kind, "")

    def _by_debt(self, rule, outcomes=None):
        is_cooldown = outcomes is not None
        outcomes = outcomes or COUNTED[rule.counting]
        events = [
            event
            for event in self.request.history
            if event.outcome in outcomes
            and self._is_in_group(rule, event)
            and (is_cooldown or self._is_of_kind(rule, event))
        ]
        if rule.scope == "debtor" or not self.request.debts:
            return [events]
        return [
            [e for e in events if e.debts == frozenset() or debt in e.debts]
            for debt in self.request.debts
        ]

    def _is_in_group(self, rule, event):
        group = rule.counted_channels or rule.channels
        return group == frozenset() or event.channel in group


def list_minutes(start, days):
    """Return every minute of so many days."""
    return [start + timedelta(minutes=number) for number in range(days * 24 * 60)]


def to_minute(moment):
    """Return a moment in UTC on its whole minute."""
    return moment.astimezone(timezone.utc).replace(second=0, microsecond=0)
