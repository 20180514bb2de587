"""The debtors of the demonstration books and how each of them pays."""

from dataclasses import replace
from datetime import timedelta

from . import catalog
from .book_types import (
    HABIT_CHRONIC,
    HABIT_FEW_DAYS,
    HABIT_MONTH_END,
    HABIT_PUNCTUAL,
    HABIT_SEASONAL,
    HABIT_SECOND_REMINDER,
    HABIT_STOPPED,
    HABIT_WEEKDAY,
    Contact,
    Debtor,
    Habit,
)
from .tax_ids import tax_id

HISTORY_DAYS = 730
NEW_DEBTOR_DAYS = 100

# Twenty debtors make a full mix; what their place in it decides:
_MIX = 20
_HABITS = (
    (HABIT_PUNCTUAL, 6),
    (HABIT_FEW_DAYS, 4),
    (HABIT_WEEKDAY, 2),
    (HABIT_MONTH_END, 2),
    (HABIT_SECOND_REMINDER, 2),
    (HABIT_CHRONIC, 2),
    (HABIT_STOPPED, 1),
    (HABIT_SEASONAL, 1),
)
_TERMS = (
    (catalog.TERM_30, 8),
    (catalog.TERM_60, 4),
    (catalog.TERM_15, 3),
    (catalog.TERM_THIRDS, 2),
    (catalog.TERM_HALVES, 2),
    (catalog.TERM_IMMEDIATE, 1),
)
_FOREIGN = {
    4: catalog.COUNTRY_MEXICO,
    9: catalog.COUNTRY_COLOMBIA,
    12: catalog.COUNTRY_PERU,
    15: catalog.COUNTRY_SPAIN,
}
_FOREIGN_CURRENCIES = {
    catalog.COUNTRY_MEXICO: ("MXN", "USD", catalog.CURRENCY),
    catalog.COUNTRY_COLOMBIA: ("USD", catalog.CURRENCY, catalog.CURRENCY),
    catalog.COUNTRY_PERU: (catalog.CURRENCY, "USD", catalog.CURRENCY),
    catalog.COUNTRY_SPAIN: ("EUR", "EUR", catalog.CURRENCY),
}
_PERSONS = (3, 8, 13, 18)
_WITHOUT_EMAIL = (6, 16, 18)
_WITHOUT_PHONE = (1, 11, 18)
_WITH_INVOICE_CONTACT = (2, 7, 9, 14, 17)
_WITH_DELIVERIES = (5, 10, 19)
_NEW = (14,)
_EVERYWHERE = (7,)

_AWKWARD_NAME_AT = 0
_LONG_NAME_AT = 3
_ENGLISH_AT = (9, 24)

_UNITS = tuple(unit.key for unit in catalog.COMPANY.units)
_UNIT_CYCLE = (_UNITS[0], _UNITS[1], _UNITS[2], _UNITS[0])

# Usual net invoice, in pesos.
_COMPANY_TICKET = (180_000, 1_600_000)
_PERSON_TICKET = (60_000, 260_000)
_CREDIT_LIMIT_TICKETS = 6
_CREDIT_LIMIT_STEP = 100_000

_STOPPED_DAYS_AGO = (148, 95, 50)
_WEEKDAYS = (4, 3)
# Which of four debtors pay once a week, whatever their habit (those who buy a lot).
_WEEKLY = (1, 2)
_LAST_NUMBER = 1000


def plan_debtors(rng, today, count):
    """Return ``count`` debtors.

    Draws from ``rng``; ``today`` bounds the history and dates those who stopped.
    """
    kinds = _shuffled(rng, _HABITS, count)
    terms = _shuffled(rng, _TERMS, count)
    names = _Names(rng)
    stopped = 0
    debtors = []
    for index in range(count):
        habit = _plan_habit(rng, kinds[index], today, stopped)
        if index % 4 in _WEEKLY and habit.kind not in (HABIT_MONTH_END, HABIT_WEEKDAY):
            habit = replace(habit, weekday=rng.choice(_WEEKDAYS))
        stopped += habit.kind == HABIT_STOPPED
        debtors.append(_plan_debtor(rng, index, today, habit, terms[index], names))
    return tuple(debtors)


def _shuffled(rng, mix, count):
    """Return ``count`` values, each full mix of them in its own random order."""
    values = []
    while len(values) < count:
        block = [value for value, times in mix for _time in range(times)]
        rng.shuffle(block)
        values += block
    return values[:count]


def _plan_habit(rng, kind, today, stopped):
    if kind == HABIT_PUNCTUAL:
        return Habit(kind, lag=rng.choice((-2, -1, 0)), spread=1)
    if kind == HABIT_FEW_DAYS:
        return Habit(kind, lag=rng.randint(3, 6), spread=2)
    if kind == HABIT_WEEKDAY:
        return Habit(kind, weekday=rng.choice(_WEEKDAYS))
    if kind == HABIT_SECOND_REMINDER:
        return Habit(kind, lag=rng.randint(17, 22), spread=3)
    if kind == HABIT_CHRONIC:
        return Habit(kind, lag=rng.randint(38, 62), spread=10)
    if kind == HABIT_SEASONAL:
        return Habit(kind, lag=rng.randint(28, 38), spread=4)
    if kind == HABIT_STOPPED:
        days = _STOPPED_DAYS_AGO[stopped % len(_STOPPED_DAYS_AGO)]
        return Habit(kind, lag=1, spread=2, stopped_on=today - timedelta(days=days))
    return Habit(kind)


def _plan_debtor(rng, index, today, habit, term, names):
    place_in_mix = index % _MIX
    country = _FOREIGN.get(place_in_mix, catalog.COUNTRY_CHILE)
    is_company = place_in_mix not in _PERSONS
    places = catalog.PLACES[country]
    state, city, street = places[(index // 2) % len(places)]
    name = names.company(index, country) if is_company else names.person(index)
    ticket = _plan_ticket(rng, is_company)
    debtor = Debtor(
        key=f"D{index + 1:03d}",
        name=name,
        is_company=is_company,
        country=country,
        state=state,
        city=city,
        street=f"{street} {rng.randint(100, 4900)}",
        vat=tax_id(country, (100 + index) % _LAST_NUMBER, is_company),
        email=_email(index, is_company, place_in_mix),
        phone=_phone(index, country, is_company, place_in_mix),
        lang=_lang(index, country),
        currency=_currency(index, country),
        term=term if is_company else _person_term(index),
        credit_limit=_credit_limit(ticket),
        unit="" if place_in_mix in _EVERYWHERE else _UNIT_CYCLE[index % 4],
        ticket=ticket,
        since=_since(today, place_in_mix, habit),
        habit=habit,
        contacts=(),
    )
    return replace(debtor, contacts=_plan_contacts(index, debtor))


def _plan_ticket(rng, is_company):
    low, high = _COMPANY_TICKET if is_company else _PERSON_TICKET
    return int(round(low * (high / low) ** rng.random(), -4))


def _credit_limit(ticket):
    return -(-ticket * _CREDIT_LIMIT_TICKETS // _CREDIT_LIMIT_STEP) * _CREDIT_LIMIT_STEP


def _person_term(index):
    return catalog.TERM_IMMEDIATE if index % 2 else catalog.TERM_15


def _since(today, place_in_mix, habit):
    is_new = place_in_mix in _NEW and habit.kind != HABIT_STOPPED
    return today - timedelta(days=NEW_DEBTOR_DAYS if is_new else HISTORY_DAYS)


def _email(index, is_company, place_in_mix):
    if place_in_mix in _WITHOUT_EMAIL:
        return ""
    if is_company:
        return f"pagos@cliente{index + 1:03d}.example.com"
    return f"cliente{index + 1:03d}@example.org"


def _phone(index, country, is_company, place_in_mix):
    if place_in_mix in _WITHOUT_PHONE:
        return ""
    mobile, landline = catalog.PHONES[country]
    pattern = landline if is_company and index % 3 == 0 else mobile
    return pattern.format((100 + index) % _LAST_NUMBER)


def _lang(index, country):
    if index in _ENGLISH_AT:
        return catalog.LANG_ENGLISH
    if country == catalog.COUNTRY_SPAIN:
        return catalog.LANG_SPAIN
    return catalog.LANG_LATIN_AMERICA


def _currency(index, country):
    choices = _FOREIGN_CURRENCIES.get(country, (catalog.CURRENCY,))
    return choices[index // _MIX % len(choices)]


def _plan_contacts(index, debtor):
    place_in_mix = index % _MIX
    contacts = []
    if place_in_mix in _WITH_INVOICE_CONTACT:
        contacts.append(_invoice_contact(index, debtor))
    if place_in_mix in _WITH_DELIVERIES:
        contacts += [_delivery_contact(debtor, number) for number in (1, 2)]
    return tuple(contacts)


def _invoice_contact(index, debtor):
    mobile, _landline = catalog.PHONES[debtor.country]
    return Contact(
        key=f"{debtor.key}-I",
        name=catalog.INVOICE_CONTACT_NAME,
        kind="invoice",
        city=debtor.city,
        street=debtor.street,
        email=f"facturas@cliente{index + 1:03d}.example.com",
        phone=mobile.format((500 + index) % _LAST_NUMBER),
    )


def _delivery_contact(debtor, number):
    places = catalog.PLACES[debtor.country]
    _state, city, street = places[(int(debtor.key[1:]) + number) % len(places)]
    return Contact(
        key=f"{debtor.key}-B{number}",
        name=catalog.DELIVERY_CONTACT_NAME.format(city=city),
        kind="delivery",
        city=city,
        street=f"{street} {100 * number}",
        email="",
        phone="",
    )


class _Names:
    """Gives every debtor a name nobody else has."""

    def __init__(self, rng):
        self._rng = rng
        self._used = set()

    def company(self, index, country):
        if index == _AWKWARD_NAME_AT:
            return catalog.AWKWARD_COMPANY_NAME
        return self._unused(index, self._draw_company, country)

    def person(self, index):
        if index == _LONG_NAME_AT:
            return catalog.LONG_PERSON_NAME
        return self._unused(index, self._draw_person)

    def _unused(self, index, draw, *args):
        name = draw(*args)
        for _attempt in range(9):
            if name not in self._used:
                break
            name = draw(*args)
        else:
            name = f"{name} {index + 1}"
        self._used.add(name)
        return name

    def _draw_company(self, country):
        choice = self._rng.choice
        is_local = country == catalog.COUNTRY_CHILE
        trade = choice(catalog.TRADES if is_local else catalog.TRADES_ABROAD)
        suffix = choice(catalog.COMPANY_SUFFIXES[country])
        return f"{trade} {choice(catalog.TRADE_NAMES)} {suffix}"

    def _draw_person(self):
        choice = self._rng.choice
        return (
            f"{choice(catalog.FIRST_NAMES)} {choice(catalog.LAST_NAMES)} "
            f"{choice(catalog.LAST_NAMES)}"
        )
