"""The gate: asked before every contact, whoever makes it and by whatever channel.

What is true about a debtor comes from ``collection_gate_facts``, which rules apply
is decided here, and what they allow in ``tools.contact_rules``.
"""

import logging
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone

import psycopg2

from odoo import api, models
from odoo.fields import Domain

from ..tools.consents import is_granted, is_refused
from ..tools.contact_rules import Event, Hold, Request, Rule, judge, refuse
from ..tools.hours import DAY_LENGTH, parse_hours
from .collection_contact_rule import UNREADABLE

_logger = logging.getLogger(__name__)

# What leaves by itself stops so many minutes before a window closes: a message may
# take a while to arrive.
GUARD_MINUTES = 10
AUTOMATIC_CHANNELS = frozenset({"email", "sms", "im", "automated_call"})


@dataclass(frozen=True)
class Ask:
    """A contact that somebody wants to make.

    ``partner_id``: the debtor, a commercial entity. ``channel``: a code of
    collection.channel. ``recipient_ids``: ids of the partners it goes to; their places
    count too. ``stage_kind``: "reminder" before the due date, "thanks" for a payment,
    else "dunning".
    ``debt_ids``: ids of the invoices it is about. ``notice``: which notice of the law
    it is. ``has_costs``: it asks for collection costs. ``addresses``: those it goes to,
    as tools.consents writes them; none where nobody knows yet. ``numbers``: those that
    a person dials, as they were written.
    """

    partner_id: int
    channel: str
    recipient_ids: frozenset = frozenset()
    stage_kind: str = "dunning"
    debt_ids: frozenset = frozenset()
    notice: str = ""
    has_costs: bool = False
    addresses: frozenset = frozenset()
    numbers: frozenset = frozenset()

    @property
    def stage_kinds(self):
        """Return under which kinds of stages rules are about it."""
        costs = {"costs"} if self.has_costs else set()
        return frozenset({"any", self.stage_kind} | costs)


class Rulebook(list):
    """The entries of one question, and what was chosen from them so far.

    ``moment``: aware; on which local day of the debtor it falls decides which entries
    are valid. ``channels``: the codes of those that rules can speak of; None for any.
    """

    def __init__(self, entries, moment, channels=None):
        super().__init__(entries)
        self.moment = moment
        self.channels = channels
        self.chosen = {}


class RuleEntry:
    """A rule with the conditions under which it applies."""

    __slots__ = (
        *("rule", "country_ids", "state_ids", "cities", "debtor_type", "stage_kind"),
        *("level", "is_local", "is_by_seat", "date_from", "date_to"),
    )

    def __init__(self, record):
        try:
            self.rule = record._prepare_rule()
        except ValueError:
            _logger.exception("Contact rule %s cannot be read", record.id)
            self.rule = record._prepare_unreadable_rule()
        countries = record.country_id | record.country_group_id.country_ids
        self.country_ids = frozenset(countries.ids)
        self.state_ids = frozenset(record.state_ids.ids)
        self.cities = record._get_cities()
        self.debtor_type = record.debtor_type
        self.stage_kind = record.stage_kind
        self.is_local = bool(self.country_ids)
        self.level = record._get_fallback_level()
        self.is_by_seat = record.is_by_seat
        self.date_from = record.date_from or date.min
        self.date_to = record.date_to or date.max

    def is_valid_on(self, days):
        """Return whether the rule is valid on one of some local days."""
        return any(self.date_from <= day <= self.date_to for day in days)

    def is_about(self, ask, facts, place):
        """Return whether the rule applies to a contact with a debtor at a place."""
        return (
            (not self.rule.channels or ask.channel in self.rule.channels)
            and self.stage_kind in ask.stage_kinds
            and (self.debtor_type == "any" or self.debtor_type in facts.debtor_types)
            and (
                self._holds_at(place)
                or (self.is_by_seat and facts.seat and self._holds_at(facts.seat))
            )
        )

    def is_local_at(self, place):
        """Return whether it speaks of the place itself, by the name of its country."""
        return self.is_local and self._holds_at(place)

    def _holds_at(self, place):
        return (
            (not self.country_ids or place.country_id in self.country_ids)
            and (not self.state_ids or place.state_id in self.state_ids)
            and (not self.cities or place.city in self.cities)
        )


class CollectionGate(models.AbstractModel):
    _name = "collection.gate"
    _description = "Gate before Every Contact"

    @api.model
    def _judge(self, company, asks, moment=None, own_ids=()):
        """Return what the rules say of contacts that a company wants to make.

        Asks are judged in their order: one that is allowed counts for those after it.

        :param res.company company: a root company
        :param list asks: of Ask
        :param datetime moment: aware; now if not given
        :param own_ids: ids of the contacts that ask: they do not count as made before
        :return: list of (tools.contact_rules.Verdict, facts), one per ask, in order
        """
        moment = moment or datetime.now(timezone.utc)
        answers = []
        for ask, verdict, facts in self._judge_each(company, asks, moment, own_ids):
            answers.append((verdict, facts))
            if verdict.result == "allow":
                facts.history.append(self._prepare_event(ask, moment))
        return answers

    @api.model
    def _judge_apart(self, company, asks, moment=None, own_ids=()):
        """As ``_judge``, of which only one is meant: none counts for the others."""
        moment = moment or datetime.now(timezone.utc)
        return [
            (verdict, facts)
            for _ask, verdict, facts in self._judge_each(company, asks, moment, own_ids)
        ]

    def _judge_each(self, company, asks, moment, own_ids=()):
        """Yield each ask with its verdict and the facts; see ``_judge``.

        What is added to the facts meanwhile counts for the asks that follow.
        """
        facts = self._get_facts(company, asks, moment, own_ids)
        countries = frozenset().union(*(f.countries for f in facts.values()))
        rulebook = self._get_rulebook(company, moment, countries)
        for ask in asks:
            of_debtor = facts[ask.partner_id]
            yield ask, self._judge_one(rulebook, ask, of_debtor, moment), of_debtor

    def _judge_one(self, rulebook, ask, facts, moment):
        """Return the Verdict on one ask; an error keeps no other from being judged."""
        try:
            return judge(
                self._select_rules(rulebook, ask, facts),
                self._prepare_request(ask, facts, moment),
            )
        except psycopg2.Error:
            raise  # nothing can be read or written after it
        except Exception:
            _logger.exception("Debtor %s could not be judged", ask.partner_id)
            return refuse("error")

    def _allows_at(self, ask, verdict, facts, moment):
        """Return whether the rules behind a verdict allow the contact at a moment."""
        rules = [
            reason.rule for reason in verdict.spoken if isinstance(reason.rule, Rule)
        ]
        request = self._prepare_request(ask, facts, moment)
        return judge(rules, request).result == "allow"

    def _prepare_request(self, ask, facts, moment):
        is_refusing, is_granting = self._read_answers(ask, facts)
        refusals = (Hold("opt_out", None, frozenset({ask.channel})),)
        return Request(
            channel=ask.channel,
            moment=moment,
            zones=facts.get_zones(ask),
            is_holiday=facts.get_calendar(ask),
            history=tuple(facts.history),
            holds=(*facts.holds, *(refusals if is_refusing else ())),
            consents=frozenset({ask.channel} if is_granting else ()),
            debts=ask.debt_ids,
            widened=facts.granted_hours or None,
            notice=ask.notice,
        )

    def _read_answers(self, ask, facts):
        """Return whether the debtor refused the contact, and whether they agreed."""
        if not facts.answers:  # as most have given none
            return False, False
        about = (facts.answers, ask.channel, ask.addresses, ask.stage_kind)
        return is_refused(*about), is_granted(*about)

    def _prepare_event(self, ask, moment):
        return Event(
            *(moment, ask.channel, "reserved", ask.debt_ids),
            *(ask.stage_kind, ask.notice),
        )

    # WHICH RULES APPLY

    def _get_rulebook(self, company, moment, countries):
        """Return the Rulebook of a company for a moment.

        What a message has to say is no matter of when: such rules are left out.

        :param countries: ids of those that rules may be about
        """
        about = Domain("country_id", "in", [False, *countries])
        # In sudo: what the law says does not depend on who asks.
        rules_sudo = self.env["collection.contact.rule"].sudo()
        timed = rules_sudo._get_rules_of(
            company, moment.date(), about & Domain("kind", "!=", "content")
        )
        # A channel that nobody knows is not allowed by rules for every channel.
        channels = (
            self.env["collection.channel"].sudo().search(Domain.TRUE).mapped("code")
        )
        return Rulebook(map(RuleEntry, timed), moment, frozenset(channels))

    def _select_rules(self, rulebook, ask, facts):
        """Return the Rules that a contact has to keep, and the debtor's own wishes."""
        if rulebook.channels is not None and ask.channel not in rulebook.channels:
            return []
        places = facts.get_places(ask)
        days = facts.get_days(ask, rulebook.moment)
        key = (places, days, facts.debtor_types, ask.stage_kinds, ask.channel)
        if key not in rulebook.chosen:
            rules = {
                entry.rule.id: self._guard(entry.rule, ask.channel)
                for place in places
                for entry in self._select_entries(rulebook, ask, facts, place)
            }
            rulebook.chosen[key] = list(rules.values())
        # What a debtor wishes narrows what rules allow; alone it allows nothing.
        chosen = rulebook.chosen[key]
        return [*chosen, *facts.wishes] if chosen else []

    def _select_entries(self, rulebook, ask, facts, place):
        """Return the entries for one place where the debtor may be.

        A fallback of a country or of a group of countries steps in where no other
        rule of its kind speaks; one for everywhere where no rule speaks at all, and
        for whom nobody knows: rules narrow each other, so the stricter one counts.
        """
        days = facts.get_days(ask, rulebook.moment)
        matching = [
            entry
            for entry in rulebook
            if entry.is_valid_on(days) and entry.is_about(ask, facts, place)
        ]
        chosen = [entry for entry in matching if entry.level == 0]
        for level in (1, 2):
            kinds = {entry.rule.kind for entry in chosen if entry.is_local_at(place)}
            chosen += [
                entry
                for entry in matching
                if entry.level == level and entry.rule.kind not in kinds
            ]
        is_spoken_of = any(entry.is_local_at(place) for entry in chosen)
        if not is_spoken_of or not place.is_known or "unknown" in facts.debtor_types:
            chosen += [entry for entry in matching if entry.level == 3]
        return chosen

    def _guard(self, rule, channel):
        """Return the rule with its windows closing a little earlier for messages."""
        if rule.kind != "window" or channel not in AUTOMATIC_CHANNELS:
            return rule
        return replace(
            rule,
            hours=tuple(
                (day, start, end if end == DAY_LENGTH else end - GUARD_MINUTES)
                for day, start, end in rule.hours
                if end == DAY_LENGTH or end - GUARD_MINUTES > start
            ),
        )

    def _prepare_wish(self, hours):
        """Return the Rule that keeps to the hours a debtor asked for."""
        wish = Rule(
            id=0,
            code="debtor_wish",
            kind="window",
            severity="preference",
            channels=frozenset(),
        )
        try:
            return replace(wish, hours=parse_hours(hours))
        except ValueError:
            return replace(wish, kind=UNREADABLE)
