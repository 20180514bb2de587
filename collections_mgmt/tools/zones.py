"""In which time zones a debtor may be.

All that are possible are returned: a contact must be lawful in each.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

import phonenumbers
import pytz
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number
from phonenumbers.tzdata import TIMEZONE_DATA

from .local_time import UTC, find_change, is_zone, load_zone
from .plain_words import simplify
from .zone_states import ZONES_OF_COMMUNES, ZONES_OF_STATES

# Two zones are one if their clocks agree for so many days.
OUTLOOK = 366
# Countries that pytz does not list.
ZONES_OF_COUNTRIES = {"XK": ("Europe/Belgrade",)}


def find_zones(stated, country, state, phone, today=None, city="", zip_code=""):
    """Return the time zones in which a debtor may be, and what tells so.

    In this order: what the debtor has stated, the address with its state, the phone
    number if it tells more than its country, the country. A number that points
    elsewhere than the address adds its zones: the contact must be lawful in both
    (12 CFR 1006.6(b)(1), official comment 1).

    :param str | None stated: IANA name
    :param str | None country: ISO 3166-1 alpha-2 code
    :param str | None state: code of the subdivision in Odoo, "RM" or "CL-RM"
    :param str | None phone: E.164; a national number is read as one of the country
    :param date | None today: of zones whose clocks agree in the year from this day on,
        only the first is returned; default: today
    :param str city: the commune of the address; it matters where a commune has a zone
        of its own
    :param str zip_code: its postal code, likewise
    :return: (tuple of IANA names, basis): "stated", "address", "phone",
        "country", or "unknown" without any zone
    """
    if is_zone(stated):
        return (stated,), "stated"
    return _find_zones(
        (country or "").upper(), state, phone, today or date.today(), city, zip_code
    )


# Most debtors without a number share their place with others.
@lru_cache(maxsize=4096)
def _find_zones(country, state, phone, today, city, zip_code):
    zones, basis = _find_by_state(country, state, today)
    zones, basis = _look_at_commune(zones, basis, country, city, zip_code)
    if basis == "unknown" and country in ZONES_OF_STATES:
        return (), basis
    elsewhere, told = _read_phone(phone, country)
    if told and basis == "country" and not elsewhere:
        zones, basis = told, "phone"
    elif told or elsewhere:
        zones += told or _get_zones_of_country(elsewhere)
        basis = "phone" if basis == "unknown" else basis
    return (_merge_alike(zones, today), basis) if zones else ((), "unknown")


def _look_at_commune(zones, basis, country, city, zip_code):
    """Return the zones and the basis, after a look at the rest of the address.

    Where only the country is known, the debtor may live in any of its communes.
    """
    apart = ZONES_OF_COMMUNES.get(country, {})
    words = {simplify(city), "".join(filter(str.isdigit, zip_code or ""))}
    named = tuple(zone for zone, communes in apart.items() if communes & words)
    if named:
        fits = set(named) <= set(zones)
        return named if fits else (*zones, *named), "address"
    if basis == "address" or any(words):
        zones = tuple(zone for zone in zones if zone not in apart)
    return zones, basis


def _find_by_state(country, state, today):
    """Return the zones and the basis: "address", "country" or "unknown".

    :return: without zones if nobody knows where the address is
    """
    zones = _get_zones_of_country(country)
    states = ZONES_OF_STATES.get(country, {})
    state = (state or "").strip().upper().removeprefix(f"{country}-")
    if state in states:
        return states[state], "address" if states[state] else "unknown"
    if state and len(_merge_alike(zones, today)) == 1:
        return zones, "address"
    return zones, "country" if zones else "unknown"


def _get_zones_of_country(country):
    known = pytz.country_timezones.get(country)
    return tuple(known or ZONES_OF_COUNTRIES.get(country, ()))


def _read_phone(phone, country):
    """Return where a number is, if not in the country, and its zones.

    :return: (country code, or "" for the given country or a number that cannot be
        read; tuple of zones, empty if the number tells no more than its country)
    """
    try:
        number = phonenumbers.parse(phone or "", country or None)
    except phonenumbers.NumberParseException:
        return "", ()
    region = phonenumbers.region_code_for_number(
        number
    ) or phonenumbers.region_code_for_country_code(number.country_code)
    zones = tuple(time_zones_for_number(number))
    if UNKNOWN_TIMEZONE in zones or zones == _get_zones_of_prefix(number):
        zones = ()
    return "" if region == country else region, zones


def _get_zones_of_prefix(number):
    """Return the zones that a number has by its country's prefix alone."""
    return tuple(TIMEZONE_DATA.get(str(number.country_code), ()))


def _merge_alike(zones, today):
    """Return the zones without those whose clocks agree with an earlier one's."""
    by_clock = {}
    for name in zones:
        by_clock.setdefault(_follow_clock(name, today), name)
    return tuple(by_clock.values())


@lru_cache(maxsize=1024)
def _follow_clock(name, today):
    """Return the offset of a zone on a day, and its changes in the time after."""
    try:
        zone = load_zone(name)
    except Exception:
        # Newer than the system's own data: like no other.
        return name
    start = datetime.combine(today, time.min, UTC)
    days = [start + timedelta(days=number) for number in range(OUTLOOK + 1)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    changes = [
        (find_change(days[number - 1], days[number], zone), offset)
        for number, offset in enumerate(offsets)
        if number and offset != offsets[number - 1]
    ]
    return offsets[0], *changes
