"""Opening hours as people write them: "MON-FRI 08:00-20:00, SAT 09:00-14:00"."""

import re

from .plain_words import simplify

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
# English and Spanish, by their first three letters.
WEEKDAYS = {
    **{name: day for day, name in enumerate(DAYS)},
    **{
        name: day
        for day, name in enumerate(("LUN", "MAR", "MIE", "JUE", "VIE", "SAB", "DOM"))
    },
}
DAY_LENGTH = 24 * 60
PART = re.compile(
    r"(?:(?P<first>[A-Z]{3,})(?:\s*-\s*(?P<last>[A-Z]{3,}))?\s+)?"
    r"(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})"
)


def parse_hours(text):
    """Return the hours that a text names.

    :param str text: parts with commas between them, each the days and the hours; a
        part without days is about each day. Days in English or Spanish.
    :return: tuple of (weekday, start, end), sorted: Monday is 0; minutes of the day,
        the end excluded, at most 1440
    :raise ValueError: with the part that cannot be read as its only argument
    """
    hours = set()
    for part in filter(None, map(str.strip, re.split("[,;]", text or ""))):
        hours.update(_parse_part(part))
    return tuple(sorted(hours))


def _parse_part(part):
    match = PART.fullmatch(simplify(part.replace("–", "-")).upper())
    if not match:
        raise ValueError(part)
    start, end = _parse_time(match["start"], part), _parse_time(match["end"], part)
    if start >= end:
        raise ValueError(part)
    return [(day, start, end) for day in _parse_days(match, part)]


def _parse_days(match, part):
    if not match["first"]:
        return range(7)
    names = (match["first"][:3], (match["last"] or match["first"])[:3])
    try:
        first, last = (WEEKDAYS[name] for name in names)
    except KeyError:
        raise ValueError(part) from None
    return [day % 7 for day in range(first, first + (last - first) % 7 + 1)]


def _parse_time(text, part):
    hour, minute = map(int, text.split(":"))
    minutes = 60 * hour + minute
    if minute > 59 or minutes > DAY_LENGTH:
        raise ValueError(part)
    return minutes
