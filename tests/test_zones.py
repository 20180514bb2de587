"""In which zones a debtor may be."""

import csv
import importlib.util
import pathlib
from datetime import date
from zoneinfo import ZoneInfo

import pytest
import pytz

from odoo.addons.collections_mgmt.tools.zone_states import ZONES_OF_STATES
from odoo.addons.collections_mgmt.tools.zones import find_zones

TODAY = date(2026, 11, 23)
SANTIAGO, EASTER = "America/Santiago", "Pacific/Easter"
NEW_YORK, CHICAGO, DENVER = "America/New_York", "America/Chicago", "America/Denver"
LOS_ANGELES, HONOLULU = "America/Los_Angeles", "Pacific/Honolulu"
CHILE = (SANTIAGO, "America/Coyhaique", EASTER)
ODOO = pathlib.Path(importlib.util.find_spec("odoo").submodule_search_locations[0])


def find(country=None, state=None, phone=None, stated=None, today=TODAY, **address):
    return find_zones(stated, country, state, phone, today, **address)


def test_what_the_debtor_has_stated_comes_first():
    found = find("CL", "MA", "+12125551234", stated="Europe/Madrid")
    assert found == (("Europe/Madrid",), "stated")


@pytest.mark.parametrize("stated", ["", "Madrid", "America", "../zone", None])
def test_a_stated_zone_that_does_not_exist_is_no_statement(stated):
    assert find("PE", stated=stated) == (("America/Lima",), "country")


@pytest.mark.parametrize(
    ("country", "state", "zones"),
    [
        ("CL", "RM", [SANTIAGO]),
        ("CL", "CL-RM", [SANTIAGO]),
        ("cl", " cl-ma ", ["America/Punta_Arenas"]),
        ("CL", "AI", ["America/Coyhaique"]),
        ("CL", "VS", [SANTIAGO]),
        ("MX", "BCN", ["America/Tijuana"]),
        ("MX", "ROO", ["America/Cancun"]),
        ("MX", "SON", ["America/Hermosillo"]),
        ("MX", "TAM", ["America/Monterrey", "America/Matamoros"]),
        (
            *("MX", "CHH"),
            ["America/Chihuahua", "America/Ciudad_Juarez", "America/Ojinaga"],
        ),
        ("BR", "SP", ["America/Sao_Paulo"]),
        ("BR", "AC", ["America/Rio_Branco"]),
        ("BR", "AM", ["America/Manaus", "America/Eirunepe"]),
        ("US", "NY", [NEW_YORK]),
        ("US", "TN", [NEW_YORK, CHICAGO]),
        ("US", "AZ", ["America/Phoenix", DENVER]),
        ("US", "PR", ["America/Puerto_Rico"]),
        ("ES", "M", ["Europe/Madrid"]),
        ("ES", "TF", ["Atlantic/Canary"]),
        ("PT", "11", ["Europe/Lisbon"]),
        ("PT", "20", ["Atlantic/Azores"]),
        ("EC", "17", ["America/Guayaquil"]),
        ("EC", "20", ["Pacific/Galapagos"]),
        ("AR", "C", ["America/Argentina/Buenos_Aires"]),
        ("CO", "ANT", ["America/Bogota"]),
        ("PE", "15", ["America/Lima"]),
    ],
)
def test_the_state_of_the_address_decides(country, state, zones):
    assert find(country, state) == (tuple(zones), "address")


def test_without_a_state_all_zones_of_the_country_are_possible():
    assert find("CL") == (CHILE, "country")
    assert find("CL", "??") == (CHILE, "country")
    assert find("ES") == (("Europe/Madrid", "Atlantic/Canary"), "country")
    assert find("CA", "ON")[1] == "country"
    assert find("CO") == (("America/Bogota",), "country")
    assert find("XK") == (("Europe/Belgrade",), "country")


@pytest.mark.parametrize(
    "address",
    [
        {"city": "Isla de Pascua"},
        {"city": " ISLA DE  PASCUA"},
        {"city": "Hanga Roa"},
        {"zip_code": "2770000"},
        {"zip_code": "277-0000"},
        {"city": "Elsewhere", "zip_code": "277 0000"},
    ],
)
def test_who_lives_on_easter_island_says_so_in_the_address(address):
    assert find("CL", "VS", **address) == ((EASTER,), "address")
    assert find("CL", **address) == ((EASTER,), "address")
    # Two places in one address: both clocks count.
    assert find("CL", "RM", **address) == ((SANTIAGO, EASTER), "address")
    assert EASTER not in find("PE", **address)[0]


def test_any_other_address_in_chile_is_on_the_continent():
    continent = (SANTIAGO, "America/Coyhaique")
    assert find("CL", "VS", city="Valparaíso") == ((SANTIAGO,), "address")
    assert find("CL", city="Temuco") == (continent, "country")
    assert find("CL", zip_code="4780000") == (continent, "country")
    assert find("CL", "??", city="Temuco") == (continent, "country")


def test_zones_are_one_as_long_as_their_clocks_agree():
    assert len(find("AR")[0]) == 1
    # Until March 2025 the clocks of Coyhaique were those of Santiago.
    assert find("CL", today=date(2023, 6, 1))[0] == (
        *(SANTIAGO, "America/Punta_Arenas", EASTER),
    )


def test_who_serves_in_the_armed_forces_may_be_anywhere():
    assert find("US", "AE") == ((), "unknown")
    assert find("US", "AE", "+12125551234") == ((), "unknown")


@pytest.mark.parametrize(
    ("country", "phone", "zones"),
    [
        ("US", "+18085551234", [HONOLULU]),
        ("MX", "+526641234567", ["America/Tijuana"]),
        ("ES", "+34922123456", ["Atlantic/Canary"]),
        ("PT", "+351296123456", ["Atlantic/Azores"]),
        ("BR", "+5592912345678", ["America/Manaus"]),
        ("ES", "922 12 34 56", ["Atlantic/Canary"]),
        (None, "+34922123456", ["Atlantic/Canary"]),
        (None, "+56961234567", CHILE),
        (None, "+77012345678", ["Asia/Almaty"]),
        ("XX", "+51912345678", ["America/Lima"]),
    ],
)
def test_without_a_state_the_phone_number_decides(country, phone, zones):
    assert find(country, phone=phone) == (tuple(zones), "phone")


@pytest.mark.parametrize(
    ("country", "state", "phone", "zones"),
    [
        ("US", "NY", "+18085551234", [NEW_YORK, HONOLULU]),
        ("US", "CA", "+34912345678", [LOS_ANGELES, "Europe/Madrid"]),
        ("CL", "RM", "+34612345678", [SANTIAGO, "Europe/Madrid", "Atlantic/Canary"]),
        ("MX", "CMX", "+526641234567", ["America/Mexico_City", "America/Tijuana"]),
    ],
)
def test_a_number_that_points_elsewhere_adds_its_zones(country, state, phone, zones):
    assert find(country, state, phone) == (tuple(zones), "address")


@pytest.mark.parametrize(
    ("country", "state", "phone", "zones"),
    [
        ("ES", "GC", "+34612345678", ["Atlantic/Canary"]),
        ("CL", "MA", "+56961234567", ["America/Punta_Arenas"]),
        ("EC", "20", "+593991234567", ["Pacific/Galapagos"]),
        ("US", "CA", "+18005551234", [LOS_ANGELES]),
        ("US", "NY", "+12125551234", [NEW_YORK]),
        ("US", "TN", "+16155551234", [NEW_YORK, CHICAGO]),
        ("CL", "RM", "+56912345678", [SANTIAGO]),
    ],
)
def test_a_number_that_tells_no_more_adds_nothing(country, state, phone, zones):
    assert find(country, state, phone) == (tuple(zones), "address")


def test_a_number_from_abroad_adds_its_zones_to_those_of_the_country():
    found = find("CL", phone="+34922123456")
    assert found == ((*CHILE, "Atlantic/Canary"), "country")


def test_a_number_that_nobody_can_have_tells_its_country():
    assert find(phone="+61812345678") == (find("AU")[0], "phone")


def test_zones_that_this_machine_does_not_know_are_not_left_out(monkeypatch):
    new = {"XX": ["New/One", "New/Two"]}
    monkeypatch.setattr(pytz, "country_timezones", new)
    assert find("XX") == (("New/One", "New/Two"), "country")


def test_a_number_of_a_neighbour_with_the_same_clock_adds_nothing():
    assert find("GB", phone="+447911123456") == (("Europe/London",), "country")


@pytest.mark.parametrize("phone", ["", "call me", "+", "+999123", "12", None])
def test_what_is_no_number_tells_nothing(phone):
    assert find(None, None, phone) == ((), "unknown")
    assert find("CL", "RM", phone) == ((SANTIAGO,), "address")


def test_nothing_known_is_no_zone():
    assert find() == ((), "unknown")
    assert find("XX", "YY") == ((), "unknown")
    assert find(None, "RM") == ((), "unknown")


def test_the_table_knows_each_state_that_odoo_has():
    path = ODOO / "addons" / "base" / "data" / "res.country.state.csv"
    states = {country: set() for country in ZONES_OF_STATES}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            country = row["country_id:id"].removeprefix("base.").upper()
            if country in states:
                states[country].add(row["code"].removeprefix(f"{country}-"))
    assert {country: set(known) for country, known in ZONES_OF_STATES.items()} == states


def test_the_table_names_zones_that_exist():
    for states in ZONES_OF_STATES.values():
        for zones in states.values():
            assert all(ZoneInfo(zone) for zone in zones)
