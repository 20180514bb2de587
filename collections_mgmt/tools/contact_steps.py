"""How a rule answers when: step by step.

A rule is taken apart into steps, one per zone and counter. A step takes a moment in UTC
and returns it if it is lawful; else a later one, before which no moment is. ``settle``
repeats the steps of one rule or of many until none of them moves. A rule that no moment
can satisfy raises ``Refusal`` instead of giving steps.

Here are the steps which do not look at the contacts made before; those that do are in
contact_history.py. All take a rule and a case, as contact_rules.py describes them.
"""

from datetime import timedelta
from functools import lru_cache, partial

from .local_time import SECONDS_OF_DAY, pass_time, read_clock, start_of_day

DAY = timedelta(days=1)
MINUTES_OF_DAY = 24 * 60


class Refusal(Exception):
    """No moment is lawful.

    :param str code: why, one of contact_rules.CODES
    """

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def settle(steps, moment, limit):
    """Return the first moment that every step accepts, or None beyond the limit.

    No step passes a moment that is lawful for it. So none passes one that is lawful
    for all, and where all stand still is the first of these.

    :param list steps: functions as the module describes them
    :param datetime moment: where to start, in UTC
    :param datetime limit: the last moment of interest, in UTC
    :rtype: datetime | None
    """
    while True:
        start = moment
        for step in steps:
            moment = step(moment)
            if moment > limit:
                return None
        if moment == start:
            return moment


def get_window_steps(rule, case):
    """In every zone the wall shows an hour of the windows, on no holiday."""
    hours = rule.hours
    if rule.widenable and case.request.widened:
        hours = hours + case.request.widened
    if not hours:
        raise Refusal("never")
    spans = _group_by_weekday(hours)
    is_closed = _never_closed
    if rule.skip_holidays:
        is_closed = partial(_is_closed, case.request.is_holiday)
    return [partial(_step_to_opening, spans, is_closed, zone) for zone in case.zones]


@lru_cache(maxsize=1024)
def _group_by_weekday(hours):
    """Return per weekday the windows in seconds of the local day, in order."""
    spans = [[] for _weekday in range(7)]
    for weekday, start, end in hours:
        if not (0 <= weekday <= 6 and 0 <= start < end <= MINUTES_OF_DAY):
            raise ValueError(f"no window of a day: {weekday, start, end}")
        spans[weekday].append((start * 60, end * 60))
    return [sorted(of_day) for of_day in spans]


def _step_to_opening(spans, is_closed, zone, moment):
    local = read_clock(moment, zone)
    second = local.hour * 3600 + local.minute * 60 + local.second
    wait = _get_wait(spans[local.weekday()], second)
    if wait is not None and is_closed(local.date()):
        wait = None
    if wait == 0:
        return moment
    return pass_time(moment, SECONDS_OF_DAY - second if wait is None else wait, zone)


def _get_wait(spans, second):
    """Return the seconds until a window is open, None if none opens any more."""
    for start, end in spans:
        if second < end:
            return max(start - second, 0)
    return None


def _never_closed(_day):
    return False


def _is_closed(is_holiday, day):
    answer = is_holiday(day)
    if answer is None:
        raise Refusal("unknown_holidays")
    return answer


def get_consent_steps(rule, case):
    """The person has agreed to the channel."""
    if case.request.channel not in case.request.consents:
        raise Refusal("consent")
    return []


def get_prohibition_steps(_rule, _case):
    """Never."""
    raise Refusal("prohibition")


def get_hold_steps(hold, case):
    """Its last local day is over in every zone."""
    if hold.until is None:
        raise Refusal("hold")
    return [
        partial(step_past, start_of_day(hold.until + DAY, zone)) for zone in case.zones
    ]


def step_past(end, moment):
    """Step to the moment at which something ends."""
    return max(end, moment)
