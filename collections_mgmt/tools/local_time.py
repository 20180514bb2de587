"""Local time as the law reads it: by the clock on the debtor's wall.

Moments are aware datetimes in UTC, in whole seconds. The wall is always read from the
moment, never the other way round: an hour that the clock skips is on no wall, an hour
that it repeats is on it twice.
"""

from datetime import datetime, time, timedelta, timezone
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

UTC = timezone.utc
SECOND = timedelta(seconds=1)
SECONDS_OF_DAY = 24 * 60 * 60


@cache
def load_zone(name):
    """Return the zone of an IANA name.

    ZoneInfo itself keeps only the last eight.

    :param str name: as "America/Santiago"
    :rtype: ZoneInfo
    :raise Exception: of many classes, if there is no such zone
    """
    return ZoneInfo(name)


def is_zone(name):
    """Return whether an IANA name, or nothing, is a zone that this machine knows."""
    try:
        return bool(name and load_zone(name))
    except Exception:
        return False


def to_utc(moment):
    """Return an aware datetime in UTC, without its fraction of a second.

    :param datetime moment: aware, in any zone
    :raise ValueError: for a naive datetime, which is no moment
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).replace(microsecond=0)


# All the rules of a case look at the same few moments.
@lru_cache(maxsize=4096)
def read_clock(moment, zone):
    """Return what the clock on the wall shows.

    :param datetime moment: in UTC
    :param ZoneInfo zone: where
    :return: aware datetime of the zone
    """
    return moment.astimezone(zone)


def pass_time(moment, seconds, zone):
    """Return the moment so many seconds later, or the change of the clock before it.

    :param datetime moment: in UTC
    :param int seconds: at most a day: no zone changes its clock twice within one
    :param ZoneInfo zone: whose clock is looked at
    :rtype: datetime
    """
    later = moment + timedelta(seconds=seconds)
    if _get_offset(later, zone) == _get_offset(moment, zone):
        return later
    return find_change(moment, later, zone)


def start_of_day(day, zone):
    """Return the first moment of a local day: midnight, or what the clock jumps to.

    :param date day: the local day
    :param ZoneInfo zone: where
    :return: datetime in UTC; of a midnight that comes twice, the first
    """
    midnight = datetime.combine(day, time.min, zone)
    start = midnight.astimezone(UTC)
    if read_clock(start, zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return start
    # Skipped: by the offset after the jump it would lie before it, and the reverse.
    return find_change(midnight.replace(fold=1).astimezone(UTC), start, zone)


def start_after(day, zone, moment):
    """Return the start of a local day which the moment does not belong to.

    It is later than the moment even where the clock went back over midnight, and the
    day has begun once before (St. John's until 2011).

    :param date day: a later day than the local day of the moment
    :param ZoneInfo zone: where
    :param datetime moment: in UTC
    :return: datetime in UTC, later than the moment
    """
    return max(start_of_day(day, zone), moment + SECOND)


def find_change(before, after, zone):
    """Return the first moment with the offset that ``after`` has.

    :param datetime before: in UTC, with the old offset
    :param datetime after: in UTC, with the new one; one change lies between them
    :param ZoneInfo zone: where
    :return: datetime in UTC, later than ``before`` and not later than ``after``
    """
    old = _get_offset(before, zone)
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _get_offset(before + timedelta(seconds=middle), zone) == old:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


def _get_offset(moment, zone):
    return read_clock(moment, zone).utcoffset()
