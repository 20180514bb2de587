"""Spanish is complete, and says the same things in the same places."""

import pathlib
import re

import polib
import pytest

from .conftest import MODULES

REPO = pathlib.Path(__file__).parent.parent
PLACE = re.compile(r"%\(\w+\)[sd]|\{\{.*?\}\}|<t [^>]*>")


@pytest.fixture(params=MODULES.split(","))
def module(request):
    return request.param


def read(module, name):
    return polib.pofile(str(REPO / module / "i18n" / name))


def test_the_exported_terms_are_those_of_the_code(module, suite_db, tmp_path):
    path = tmp_path / f"{module}.pot"
    suite_db.odoo("i18n", "export", "-o", str(path), module)
    current = {entry.msgid for entry in polib.pofile(str(path))}
    kept = {entry.msgid for entry in read(module, f"{module}.pot")}
    assert current == kept, "run `make i18n`"


def test_every_term_has_a_spanish_translation(module):
    terms = {entry.msgid for entry in read(module, f"{module}.pot")}
    spanish = {entry.msgid for entry in read(module, "es.po").translated_entries()}
    assert terms == spanish


@pytest.mark.parametrize("lang", ["es", "es_419"])
def test_a_translation_keeps_the_places_of_its_source(module, lang):
    for entry in read(module, f"{lang}.po"):
        assert sorted(PLACE.findall(entry.msgid)) == sorted(
            PLACE.findall(entry.msgstr)
        ), entry.msgid
