"""May this person be contacted now, and if not, when?

Every rule answers one question: which is the first lawful moment from a given one on,
as far as it alone is concerned? A contact is lawful if each rule answers with the very
moment of the contact. The next lawful moment of all rules together is found by asking
them in turn, each from the answer of the one before, until no answer moves: no rule
ever passes a moment that is lawful for all, so it is the earliest.

Nothing is allowed by default. Without a rule, without a zone, without a calendar of
holidays and after an error in a rule the answer is no.

How each kind of rule finds its answer is in contact_steps.py and contact_history.py.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from . import contact_history as history
from . import contact_steps as plain
from .contact_steps import Refusal, settle
from .local_time import UTC, load_zone, read_clock, to_utc

_logger = logging.getLogger(__name__)

HORIZON = timedelta(days=60)
# The order in which reasons are told; holds come before them.
SEVERITIES = ("law", "provider", "preference", "policy")
# What a reason may say. The last ones speak for the whole, not for one rule, except
# that a rule may not be judged for lack of holidays or because of an error.
CODES = frozenset(
    {
        *("hours", "holiday", "never", "cap", "one_channel", "gap", "cooldown"),
        *("consent", "prerequisite", "prohibition", "hold", "no_rule", "no_slot"),
        *("unknown_zone", "unknown_holidays", "error"),
    }
)
# What gives the steps of each kind of rule, and the code of its reasons.
KINDS = {
    "window": (plain.get_window_steps, "hours"),
    "cap": (history.get_cap_steps, "cap"),
    "one_channel": (history.get_one_channel_steps, "one_channel"),
    "gap": (history.get_gap_steps, "gap"),
    "cooldown": (history.get_cooldown_steps, "cooldown"),
    "consent": (plain.get_consent_steps, "consent"),
    "prerequisite": (history.get_prerequisite_steps, "prerequisite"),
    "prohibition": (plain.get_prohibition_steps, "prohibition"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule on when, how often and on what condition a person may be contacted.

    The kinds, and the fields which each needs beside the first five:

    - "window": on the clock of every zone it is within ``hours``, a tuple of (weekday,
      start, end): Monday is 0, minutes of the local day, the end excluded and at most
      1440. ``skip_holidays``: not on a holiday. ``widenable``: the hours which the
      person has granted in writing are added, as Colombia allows (Ley 2300 art. 3).
    - "cap": at most ``maximum`` contacts per ``period``: "day", "week" (from Monday)
      or "month" of the local calendar, or "rolling", any ``days`` times 24 hours.
    - "one_channel": in a week from Monday only the channel which was used first
      (Colombia, Ley 2300 art. 3).
    - "gap": at least ``gap_hours`` hours, or if that is 0 or None ``days`` full local
      days, between two contacts: with 2 days, Thursday after Monday; with 0, the next
      day. Both hours and days: both.
    - "cooldown": none on the ``days`` local days that begin with the day of an event
      with the outcome ``after``; after a "talk", also of an "exchange". Of 7 days after
      a talk, the day of the talk is the first (12 CFR 1006.14(b)(2)(i)(B)).
    - "consent": only on a channel to which the person has agreed.
    - "prerequisite": an event with the kind, notice or outcome ``after`` has arrived,
      and ``days`` full local days have passed since, its own day not counted
      (Netherlands, WIK: no costs before 14 days from the 14-day letter). The notice
      itself needs nothing.
    - "prohibition": never.
    - "content": is about what is said, not when; ignored here.

    ``channels``: to which contacts the rule applies. ``counted_channels``: which share
    its counter, the same if empty. An empty set of channels means every channel.

    ``counting``: "attempt" counts all that was tried; "sent" all that went out, be it
    answered or not; "answered" the same without calls in vain; "reached" only what
    reached the person. See ``Event``. ``event_kind``: caps, gaps and one channel a week
    count only events of this kind, and those of an unknown one; every kind if empty.

    ``scope``: "debtor", or "debt": every debt has a counter of its own, and all those
    of the request must have room.
    """

    id: int
    code: str
    kind: str
    severity: str
    channels: frozenset[str]
    hours: tuple[tuple[int, int, int], ...] = ()
    skip_holidays: bool = False
    widenable: bool = False
    maximum: int | None = None
    period: str = ""
    days: int | None = None
    gap_hours: int | None = None
    counted_channels: frozenset[str] = frozenset()
    counting: str = "attempt"
    scope: str = "debtor"
    after: str = ""
    event_kind: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A contact that was made or tried, or is about to be made.

    ``outcome``, and the least strict counting under which it counts:

    - "reserved": a worker is about to do it. Counts under each: it may still become
      anything.
    - "reached", "talk": the person read or answered; a conversation. Under each.
    - "sent", "left": a message that was accepted, a voicemail. As "answered", "sent"
      and "attempt".
    - "attempted": a call that rang in vain. As "sent" and "attempt".
    - "failed": nothing went out, as with a busy line. As "attempt".
    - "refunded": came back, as with a hard bounce. Never.
    - "exchange": the person answered in writing. Never, for it is no contact of ours;
      but a rest after a talk begins with it.
    - any other counts under each.

    ``kind``: "reminder" before the due date, "dunning", or "thanks" for a payment.
    ``notice``: which notice of the law it was, as prerequisites name them. An event
    without debts counts for each debt, but fulfils no prerequisite of one.
    """

    at: datetime
    channel: str
    outcome: str
    debts: frozenset[int] = frozenset()
    kind: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Forbids contacts, until the end of a local day or for good.

    ``channels``: which; None for all.
    """

    code: str
    until: date | None = None
    channels: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """The contact that somebody wants to make.

    ``moment``: aware. ``zones``: IANA names; where the debtor may be, so that the
    rules must hold in each. ``is_holiday``: whether a local day is one, None if the
    calendar does not know. ``history``: in any order; an event later than the moment
    counts like one as much earlier. ``consents``: channels. ``debts``: ids of what the
    contact is about. ``widened``: hours that the person has granted, as in a window.
    ``notice``: which notice of the law it is itself.
    """

    channel: str
    moment: datetime
    zones: tuple[str, ...]
    is_holiday: Callable[[date], bool | None]
    history: tuple[Event, ...] = ()
    holds: tuple[Hold, ...] = ()
    consents: frozenset[str] = frozenset()
    debts: frozenset[int] = frozenset()
    widened: tuple[tuple[int, int, int], ...] | None = None
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """What one rule or hold says about the moment asked about.

    ``rule``: the Rule or Hold; None if the reason is not one's alone. ``effect``:
    "allow", "defer" or "block". ``code``: one of CODES. ``until``: the first moment
    that is lawful for it alone, in UTC; None if it allows or never ends. ``used`` of
    ``maximum``: the counter of a cap at the moment.
    """

    rule: Rule | Hold | None
    effect: str
    code: str
    until: datetime | None = None
    used: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a request.

    ``result``: "allow"; "defer": not now, but in ``next_slot``; "block": not at all,
    or only after a hold. ``reasons``: all that speaks against, holds first and then by
    severity. ``spoken``: what each rule and hold said, also those in favour.
    ``next_slot``: the first lawful moment from the one asked about on, in UTC and
    whole seconds, within HORIZON; the moment itself if allowed, None if there is none.
    """

    result: str
    reasons: tuple[Reason, ...]
    spoken: tuple[Reason, ...]
    next_slot: datetime | None


class Case:
    """A request made ready for being judged: zones loaded, moments in UTC."""

    __slots__ = ("request", "moment", "limit", "zones", "history")

    def __init__(self, request):
        self.request = request
        self.zones = _load_zones(request.zones)
        self.moment = to_utc(request.moment)
        self.limit = self.moment + HORIZON
        events = [_prepare_event(event) for event in request.history]
        self.history = sorted(events, key=lambda event: event.at)


def judge(rules, request):
    """Return whether a contact is lawful now, why not, and when it is.

    :param rules: Rules, of which those for the channel are consulted
    :param Request request: the contact
    :rtype: Verdict
    :return: never an error: what cannot be judged is blocked
    """
    try:
        return _judge(rules, Case(request))
    except Refusal as refusal:
        return refuse(refusal.code)
    except Exception:
        _logger.exception("A contact could not be judged")
        return refuse("error")


def refuse(code):
    """Return the verdict on a contact that cannot be judged, for a reason of CODES."""
    reason = Reason(None, "block", code)
    return Verdict("block", (reason,), (reason,), None)


def find_slot(rules, request):
    """Return the first lawful moment from the request's on, as ``judge`` finds it.

    :return: datetime in UTC, or None if there is none within HORIZON
    """
    return judge(rules, request).next_slot


def _judge(rules, case):
    channel = case.request.channel
    holds = [hold for hold in case.request.holds if _is_about(hold, channel)]
    rules = [r for r in rules if r.kind != "content" and _is_about(r, channel)]
    answers = [_ask_hold(hold, case) for hold in holds]
    answers += [_ask_rule(rule, case) for rule in rules]
    if not rules:
        answers.append((Reason(None, "block", "no_rule"), None))
    spoken = tuple(reason for reason, _steps in answers)
    against = [reason for reason in spoken if reason.effect != "allow"]
    if not against:
        return Verdict("allow", (), spoken, case.moment)
    slot = None
    if all(reason.until for reason in against):
        steps = [step for _reason, steps in answers for step in steps]
        slot, why_none = _find_common(steps, case)
        if not slot:
            against.append(Reason(None, "block", why_none))
    blocked = any(reason.effect == "block" for reason in against)
    reasons = tuple(sorted(against, key=_get_rank))
    return Verdict("block" if blocked else "defer", reasons, spoken, slot)


def _ask_hold(hold, case):
    """Return the Reason of a hold, and its steps, None if no moment is lawful."""
    reason, steps = _ask(hold, "hold", plain.get_hold_steps, case)
    if reason.effect == "defer":
        reason = replace(reason, effect="block")
    return reason, steps


def _ask_rule(rule, case):
    """Return the Reason of a rule, and its steps, None if no moment is lawful."""
    if rule.kind not in KINDS:
        _logger.error("Rule %s has a kind that is not known: %s", rule.code, rule.kind)
        return Reason(rule, "block", "error"), None
    get_steps, code = KINDS[rule.kind]
    reason, steps = _ask(rule, code, get_steps, case)
    if reason.code == "hours" and reason.until and _is_holiday_now(rule, case):
        reason = replace(reason, code="holiday")
    return reason, steps


def _ask(subject, code, get_steps, case):
    try:
        steps = get_steps(subject, case)
        until = settle(steps, case.moment, case.limit)
        used, maximum = _get_counter(subject, code, steps, case.moment)
    except Refusal as refusal:
        return Reason(subject, "block", refusal.code), None
    except Exception:
        _logger.exception("Rule or hold %s could not be judged", subject.code)
        return Reason(subject, "block", "error"), None
    if until == case.moment:
        return Reason(subject, "allow", code, None, used, maximum), steps
    effect = "defer" if until else "block"
    return Reason(subject, effect, code, until, used, maximum), steps


def _get_counter(rule, code, steps, moment):
    """Return the fullest counter of a cap, and its maximum."""
    if code != "cap":
        return None, None
    return max(step.count(moment) for step in steps), rule.maximum


def _find_common(steps, case):
    """Return the first moment lawful for all, or None and the code that tells why."""
    try:
        return settle(steps, case.moment, case.limit), "no_slot"
    except Refusal as refusal:
        return None, refusal.code
    except Exception:
        _logger.exception("No next contact could be found")
        return None, "error"


def _load_zones(names):
    if not names:
        raise Refusal("unknown_zone")
    try:
        return tuple(load_zone(name) for name in names)
    except Exception as error:
        raise Refusal("unknown_zone") from error


def _prepare_event(event):
    if event.at.tzinfo is UTC and not event.at.microsecond:
        return event
    return replace(event, at=to_utc(event.at))


def _is_about(subject, channel):
    return not subject.channels or channel in subject.channels


def _is_holiday_now(rule, case):
    return rule.skip_holidays and any(
        case.request.is_holiday(read_clock(case.moment, zone).date())
        for zone in case.zones
    )


def _get_rank(reason):
    severity = getattr(reason.rule, "severity", None)
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1
