"""How reminder levels of another program read as dunning stages."""

from dataclasses import dataclass

# What the end of a month adds to a due date, on average.
HALF_A_MONTH = 15


@dataclass(frozen=True)
class Level:
    """A reminder level as the other program keeps it.

    ``mode`` says what ``delay`` (days) counts from: ``due`` (the due date), ``month``
    (the end of the month of the due date), ``previous`` (the reminder before).
    """

    ref: str
    name: str
    order: int
    delay: int
    channel: str
    mode: str = "due"
    text: str = ""


@dataclass(frozen=True)
class Place:
    """Where a level stands on our ladder, in days; ``is_exact`` if nothing was lost."""

    level: Level
    days: int
    minimum_days: int
    is_exact: bool


def place_levels(levels):
    """Return a list of Place, in the order in which a debtor meets them.

    Our stages count from the due date and ask for some days since the stage before. A
    level that counts from the end of the month is put half a month later.

    :param levels: Level objects of one policy, in any order
    """
    places, days = [], 0
    for level in sorted(levels, key=lambda level: level.order):
        delay = max(level.delay, 0)
        if level.mode == "previous":
            days += delay
            minimum = delay
        else:
            wanted = level.delay + (HALF_A_MONTH if level.mode == "month" else 0)
            # Nobody hears a later level before an earlier one.
            minimum = max(wanted - days, 0) if places else 0
            days = max(wanted, days) if places else wanted
        places.append(Place(level, days, minimum, level.mode != "month"))
    return places
