"""What the gate knows of a debtor: where, who, what was wished, what was done."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property, lru_cache, partial

import holidays

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.contact_rules import Hold
from ..tools.hours import parse_hours
from ..tools.local_time import is_zone, load_zone, read_clock
from ..tools.spanish_regions import REGIONS
from ..tools.zones import find_zones


@dataclass(frozen=True)
class Place:
    """Where a debtor may be: what rules, clock and calendar depend on.

    ``stated``: the time zone that whoever is there told.
    """

    country_id: int = 0
    country_code: str = ""
    state_id: int = 0
    state_code: str = ""
    city: str = ""
    zip_code: str = ""
    phone: str = ""
    stated: str = ""
    is_known: bool = True

    @cached_property
    def zones(self):
        """Return (IANA names, how they were found), as tools.zones does."""
        return find_zones(
            self.stated,
            self.country_code,
            self.state_code,
            self.phone,
            city=self.city,
            zip_code=self.zip_code,
        )

    def share_clock(self, own):
        """Return this place with the clock that the debtor stated, if it is the same.

        It is where address and number tell the same as the debtor's own. Who is
        elsewhere, or stated something else, has a clock of their own.

        :param Place own: the debtor's
        """
        if self.stated or not own.stated:
            return self
        is_there = self.zones[0] == replace(own, stated="").zones[0]
        return replace(self, stated=own.stated) if is_there else self


def _read_place(values):
    """Return the Place of some values; a zone that nobody knows tells nothing."""
    place = Place(*values)
    if not place.stated or is_zone(place.stated):
        return place
    return replace(place, stated="")


@dataclass(frozen=True)
class Person:
    """A partner as the gate sees it; the fields are those of res.partner."""

    place: Place
    debtor_type: str | None
    hours: str | None
    granted_hours: str | None


@dataclass
class Facts:
    """What is true of a debtor at a moment.

    ``own_place``: the debtor's Place, as far as it is known. ``places_by_partner``:
    {partner id: Place}, the debtor's and its contacts' of which the country is known.
    ``debtor_types``: under which headings rules apply. ``own_days``: {date: whether
    it is a holiday}, by the company's own calendar. ``seat``: the Place of who asks.
    """

    partner_id: int
    places_by_partner: dict
    debtor_types: frozenset
    own_place: Place = Place()
    wishes: list = field(default_factory=list)
    granted_hours: tuple = ()
    history: list = field(default_factory=list)
    holds: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    own_days: tuple = ()
    seat: Place | None = None
    # {(recipient_ids, numbers): what was found out}: it is asked for several times.
    known_places: dict = field(default_factory=dict)
    known_zones: dict = field(default_factory=dict)

    @property
    def countries(self):
        """Return the ids of the countries whose rules may hold."""
        places = [*self.places_by_partner.values(), self.seat]
        return {place.country_id for place in places if place and place.country_id}

    def get_places(self, ask):
        """Return the Places that count for what is asked."""
        key = (ask.recipient_ids, ask.numbers)
        if key not in self.known_places:
            self.known_places[key] = frozenset(self._find_places(ask))
        return self.known_places[key]

    def _find_places(self, ask):
        wanted = ask.recipient_ids | {self.partner_id}
        places = {self.places_by_partner.get(partner_id) for partner_id in wanted}
        places = places - {None} or self._get_unknown_places()
        # Who answers may be where the number is.
        numbers = ask.numbers - {place.phone for place in places}
        return places.union(
            replace(place, phone=number, stated="").share_clock(self.own_place)
            for place in places
            for number in numbers
        )

    def _get_unknown_places(self):
        """Return where somebody without a country is taken to be: where who asks is."""
        if not self.seat:
            return set()
        stated = self.own_place.stated
        return {replace(self.seat, phone="", stated=stated, is_known=False)}

    def get_zones(self, ask):
        """Return the IANA names of the zones in which the rules must hold."""
        key = (ask.recipient_ids, ask.numbers)
        if key not in self.known_zones:
            self.known_zones[key] = self._find_zones(self.get_places(ask))
        return self.known_zones[key]

    def _find_zones(self, places):
        """Return the zones of places, and what the debtor stated, wherever it is."""
        names = {name for place in places for name in place.zones[0]}
        return tuple(sorted(names | ({self.own_place.stated} - {""})))

    def get_zone_basis(self, ask):
        """Return how the zones were found: "stated", "address", "phone", ..."""
        bases = {"stated"} if self.own_place.stated else set()
        for place in self.get_places(ask):
            is_guessed = not (place.is_known or place.stated)
            bases.add("creditor" if is_guessed else place.zones[1])
        return ",".join(sorted(bases))

    def get_days(self, ask, moment):
        """Return the local days on which a moment falls where the debtor may be."""
        return self._read_days(self.get_zones(ask), moment)

    def _read_days(self, zones, moment):
        if not zones or not all(map(is_zone, zones)):  # it may be any of these
            return frozenset(moment.date() + timedelta(days=n) for n in (-1, 0, 1))
        return frozenset(read_clock(moment, load_zone(zone)).date() for zone in zones)

    def get_latest_day(self, moment):
        """Return the latest day that it may be where the debtor is."""
        places = self.places_by_partner.values() or self._get_unknown_places()
        zones = self._find_zones(places)
        return max(self._read_days(zones, moment))

    def get_calendar(self, ask):
        """Return the function that tells whether a day is a holiday there."""
        return partial(_is_holiday, self.get_places(ask), self.own_days)


def _is_holiday(places, own_days, day):
    """Return whether a day is a holiday at one of the places; None if unknown."""
    answers = [_is_holiday_at(place, own_days, day) for place in places]
    if True in answers:
        return True
    return None if None in answers or not answers else False


def _is_holiday_at(place, own_days, day):
    for own in own_days:
        if own.is_about(place, day):
            return own.is_holiday
    calendar = _get_calendar(place.country_code, place.state_code)
    return None if calendar is None else day in calendar


@lru_cache(maxsize=512)
def _get_calendar(country_code, state_code):
    """Return the public holidays of a country or state, None if nobody knows them."""
    supported = holidays.list_supported_countries(include_aliases=True)
    if country_code not in supported:
        return None
    # Odoo writes "DE-BY" where the calendars have "BY", but "CA" as they do.
    state_code = state_code.removeprefix(f"{country_code}-")
    if country_code == "ES":
        state_code = REGIONS.get(state_code, state_code)
    subdivision = state_code if state_code in supported[country_code] else None
    return holidays.country_holidays(country_code, subdiv=subdivision)


def _read_granted_hours(text):
    """Return the hours that a debtor granted, none if they cannot be read."""
    try:
        return parse_hours(text)
    except ValueError:
        return ()


@dataclass(frozen=True)
class OwnDay:
    """A day of the company's own calendar."""

    date: object
    is_holiday: bool
    country_id: int
    state_ids: frozenset

    def is_about(self, place, day):
        return (
            self.date == day
            and (not self.country_id or self.country_id == place.country_id)
            and (not self.state_ids or place.state_id in self.state_ids)
        )


class CollectionGate(models.AbstractModel):
    _inherit = "collection.gate"

    def _get_facts(self, company, asks, moment, own_ids=()):
        """Return {debtor's partner id: Facts} for the debtors of some asks.

        A few statements for all of them, whatever their number.
        """
        facts = self._get_places_of(company, asks, self._get_own_days(company, moment))
        self._add_history(company, facts, moment, own_ids)
        self._add_holds(company, facts, moment)
        self._add_consents(company, facts)
        return facts

    def _get_places_of(self, company, asks, own_days=()):
        """Return {debtor's partner id: Facts}, of which only who and where is known."""
        self.env.flush_all()
        recipients = defaultdict(set)
        for ask in asks:
            recipients[ask.partner_id] |= ask.recipient_ids | {ask.partner_id}
        people = self._get_people(company, recipients)
        return {
            debtor_id: self._prepare_facts(
                company, debtor_id, recipient_ids, people, own_days
            )
            for debtor_id, recipient_ids in recipients.items()
        }

    def _prepare_facts(self, company, debtor_id, recipient_ids, people, own_days):
        debtor = people[debtor_id]
        places = {
            person_id: people[person_id].place.share_clock(debtor.place)
            for person_id in recipient_ids
            if people[person_id].place.country_id
        }
        return Facts(
            partner_id=debtor_id,
            places_by_partner=places,
            debtor_types=company._get_collection_debtor_types(debtor.debtor_type),
            own_place=debtor.place,
            wishes=[self._prepare_wish(debtor.hours)] if debtor.hours else [],
            granted_hours=_read_granted_hours(debtor.granted_hours),
            own_days=own_days,
            seat=people[company.partner_id.id].place,
        )

    def _get_people(self, company, recipients):
        """Return {partner id: Person} of debtors, recipients and the company."""
        ids = {company.partner_id.id}.union(*recipients.values())
        return {
            person_id: Person(_read_place(place), *wishes)
            for person_id, *wishes, place in (
                (*row[:4], row[4:])
                for row in self.env.execute_query(self._get_people_sql(ids))
            )
        }

    def _get_people_sql(self, ids):
        return SQL(
            """
            SELECT partner.id, partner.collection_debtor_type,
                   partner.collection_contact_hours, partner.collection_granted_hours,
                   COALESCE(country.id, 0), COALESCE(country.code, ''),
                   COALESCE(state.id, 0), COALESCE(state.code, ''),
                   LOWER(TRIM(COALESCE(partner.city, ''))),
                   TRIM(COALESCE(partner.zip, '')),
                   COALESCE(partner.phone_sanitized, ''),
                   COALESCE(partner.collection_tz, '')
              FROM res_partner partner
         LEFT JOIN res_country country ON country.id = partner.country_id
         LEFT JOIN res_country_state state ON state.id = partner.state_id
             WHERE partner.id = ANY(%s)
            """,
            list(ids),
        )

    def _get_own_days(self, company, moment):
        # In sudo: the calendar is the same for everybody.
        days = (
            self.env["collection.holiday"]
            .sudo()
            .search(
                Domain("company_id", "in", [False, company.id])
                & Domain("date", ">=", moment.date() - timedelta(days=2))
            )
        )
        return tuple(
            OwnDay(
                day.date,
                day.kind == "holiday",
                day.country_id.id,
                frozenset(day.state_ids.ids),
            )
            for day in days
        )

    def _add_holds(self, company, facts, moment):
        """Add what stops contacts with these debtors, whoever entered it."""
        # In sudo: a stop holds for whoever asks.
        holds = (
            self.env["collection.hold"]
            .sudo()
            .with_context(active_test=False)  # of archived partners as well
            .search(
                Domain("partner_id.commercial_partner_id", "in", list(facts))
                & Domain("company_id", "in", [False, company.id])
                & Domain("date_from", "<=", moment.date() + timedelta(days=1))
                & (
                    Domain("date_to", "=", False)
                    | Domain("date_to", ">=", moment.date() - timedelta(days=1))
                )
            )
        )
        for hold in holds:
            of_debtor = facts[hold.partner_id.commercial_partner_id.id]
            if hold.date_from <= of_debtor.get_latest_day(moment):
                channels = hold.channel_ids._get_codes()
                of_debtor.holds.append(
                    Hold(hold.kind, hold.date_to or None, channels or None)
                )

    def _add_consents(self, company, facts):
        """Add what the debtors allowed and refused."""
        answers = self.env["collection.consent"]._get_answers(company, list(facts))
        for debtor_id, of_debtor in answers.items():
            facts[debtor_id].answers = of_debtor
