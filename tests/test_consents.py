"""What debtors allowed and refused, answer by answer."""

import itertools
import random

from odoo.addons.collections_mgmt.tools.consents import (
    Answer,
    is_granted,
    is_refused,
    is_same_address,
    simplify_address,
)

EMAIL = frozenset({"email"})


def answer(is_grant, address="", purpose="", channel="email", channels=EMAIL):
    return Answer(channel, channels, is_grant, address, purpose)


def refuse(*about):
    return answer(False, *about)


def grant(*about):
    return answer(True, *about)


def ask(answers, address="a@x", purpose="dunning", channel="email"):
    """Return whether a contact is refused, and whether it was agreed to."""
    about = (answers, channel, {address} if address else frozenset(), purpose)
    return is_refused(*about), is_granted(*about)


REFUSED, GRANTED, SILENT = (True, False), (False, True), (False, False)


def test_an_opt_out_of_one_address_is_not_lost_by_a_grant_of_another():
    answers = [refuse("a@x"), grant("b@x")]
    assert ask(answers, "a@x") == REFUSED
    assert ask(answers, "b@x") == GRANTED
    assert ask(answers, "c@x") == SILENT


def test_an_opt_out_of_one_address_is_not_lost_by_a_grant_of_all():
    assert ask([refuse("a@x"), grant()], "a@x") == REFUSED
    assert ask([refuse("a@x"), grant()], "b@x") == GRANTED


def test_the_same_address_may_be_granted_again():
    assert ask([refuse("a@x"), grant("a@x")], "a@x") == GRANTED
    assert ask([grant("a@x"), refuse("a@x")], "a@x") == REFUSED


def test_what_is_refused_for_all_addresses_may_be_granted_for_one():
    answers = [refuse(), grant("a@x")]
    assert ask(answers, "a@x") == GRANTED
    assert ask(answers, "b@x") == REFUSED
    assert ask([*answers, grant()], "b@x") == GRANTED


def test_a_refusal_for_one_purpose_leaves_the_other():
    answers = [refuse("", "reminder")]
    assert ask(answers, purpose="reminder") == REFUSED
    assert ask(answers, purpose="dunning") == SILENT
    assert ask([*answers, grant()], purpose="reminder") == REFUSED
    assert ask([*answers, grant("", "reminder")], purpose="reminder") == GRANTED


def test_a_grant_for_one_purpose_is_none_for_the_other():
    answers = [grant("", "reminder")]
    assert ask(answers, purpose="reminder") == GRANTED
    assert ask(answers, purpose="dunning") == SILENT


def test_a_refusal_holds_for_what_counts_as_the_channel_and_a_grant_does_not():
    both = frozenset({"call", "work_call"})
    refusal = [answer(False, channel="call", channels=both)]
    consent = [answer(True, channel="call", channels=both)]
    assert ask(refusal, channel="work_call") == REFUSED
    assert ask(consent, channel="work_call") == SILENT
    assert ask(consent, channel="call") == GRANTED


def test_where_nobody_knows_the_address_any_refusal_holds():
    assert ask([refuse("a@x"), grant("b@x")], None) == REFUSED
    assert ask([refuse("a@x"), grant("a@x")], None) == SILENT
    assert ask([grant()], None) == GRANTED


def test_a_message_to_several_addresses_needs_all_of_them():
    answers = [grant("a@x"), refuse("b@x")]
    both = frozenset({"a@x", "b@x"})
    assert is_refused(answers, "email", both, "dunning")
    assert not is_granted([grant("a@x")], "email", both, "dunning")


def test_addresses_are_compared_whatever_their_writing():
    assert simplify_address("Ann <A@X.test>") == "a@x.test"
    assert simplify_address("+56 9 6123-4567") == "56961234567"
    assert is_same_address("56961234567", "961234567")
    assert is_same_address("0961234567", "56961234567")
    assert not is_same_address("56961234567", "56961234568")
    assert not is_same_address("4567", "56961234567"), "too short to tell"
    assert ask([refuse("961234567")], "56961234567") == REFUSED
    assert ask([grant("961234567")], "56961234567") == SILENT


def test_no_grant_of_something_else_ever_weakens_a_refusal():
    """Whatever else is granted after it, a refusal holds for its own."""
    rnd = random.Random(4)
    places = list(itertools.product(("", "a@x", "b@x"), ("", "reminder", "dunning")))
    for _round in range(2000):
        address, purpose = rnd.choice(places)
        narrower = [
            place
            for place in places
            if address in ("", place[0]) and purpose in ("", place[1])
        ]
        others = [grant(*place) for place in places if place not in narrower]
        rnd.shuffle(others)
        answers = [refuse(address, purpose), *others[: rnd.randint(0, len(others))]]
        asked = (address or "c@x", purpose or rnd.choice(("reminder", "dunning")))
        assert ask(answers, *asked)[0], (answers, asked)
