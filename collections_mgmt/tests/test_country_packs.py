"""The contact rules that the suite ships: complete, readable, and nobody falls through.

What each rule means, and where it comes from, is told on its record.
"""

from datetime import datetime, timedelta, timezone
from itertools import product

from odoo.tests import TransactionCase, tagged

from ..models.collection_gate import Ask
from ..models.collection_gate_facts import Facts, Place
from ..tools.contact_rules import Event, Request, judge

CODES = {
    *("CL-CALLVISIT", "CL-MSG", "CL-EMERG", "CL-MASSCALL", "CL-B2B", "CO-ALL"),
    *("CO-CHANNEL", "CO-VISIT", "CO-WAIVER"),
    *("MX-FIN", "MX-NONFIN", "PE-B2C", "PE-MSG", "EC-B2C"),
    *("BR-FED", "BR-SP", "BR-RJ", "BR-ES", "BR-AL", "BR-CE", "BR-AM", "AR-FED"),
    *("AR-CABA",),
    *("CR-B2C", "PA-BILL", "UY-B2C", "GT-CARD", "XX-DEFAULT"),
    *("ES-B2C", "ES-THIRD", "ES-B2B", "EU-DEF"),
    *("BE-B2C", "NL-B2C", "UK-CONC", "UK-BREATH", "UK-B2B"),
    *("US-TIME", "US-7IN7", "US-EMSG", "US-MEDIA", "US-TCPA", "US-MA", "US-NYC"),
    *("US-1P", "US-B2B"),
}
# What is no law yet or any more, or no rule but a stop on one debtor.
ARCHIVED_CODES = {"PA-BILL", "CL-EMERG", "UK-BREATH", "US-MEDIA"}
ACTORS = ("creditor", "agency")
REGIMES = ("general", "consumer_credit", "financial", "card")
DEBTOR_TYPES = ("consumer", "business")
STAGES = ("reminder", "dunning")
MOMENT = datetime(2026, 11, 23, 15, tzinfo=timezone.utc)
HISTORY = (
    Event(MOMENT - timedelta(hours=30), "email", "sent", frozenset({1}), "dunning"),
    Event(MOMENT - timedelta(hours=50), "call", "talk", frozenset({1}), "dunning"),
    Event(MOMENT - timedelta(days=4), "letter", "sent", frozenset({2}), "reminder"),
)


@tagged("post_install", "-at_install")
class TestCountryPacks(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.names = {
            data.res_id: data.name
            for data in cls.env["ir.model.data"].search(
                [
                    ("module", "=", "collections_mgmt"),
                    ("model", "=", "collection.contact.rule"),
                ]
            )
        }
        rules = cls.env["collection.contact.rule"].with_context(active_test=False)
        cls.rules = rules.browse(cls.names).exists()
        # Only what is shipped, as it is shipped.
        rules.search([("id", "not in", cls.rules.ids)]).active = False
        cls.channels = cls.env["collection.channel"].search([]).mapped("code")
        cls.gate = cls.env["collection.gate"]
        cls.countries = cls.env["res.country"].search([])

    def _get_rulebook(self, actor="creditor", regime="general"):
        company = self.env.company.root_id
        company.write({"collection_actor": actor, "collection_regime": regime})
        return self.gate._get_rulebook(company, MOMENT, self.countries.ids)

    def _select(self, rulebook, place, channel, debtor="consumer", stage="dunning"):
        """Return {(code, kind)} of the rules that decide about a contact."""
        facts = Facts(0, {}, frozenset({debtor}))
        ask = Ask(0, channel, stage_kind=stage)
        return {
            (entry.rule.code, entry.rule.kind)
            for entry in self.gate._select_entries(rulebook, ask, facts, place)
            if entry.rule.kind != "content"
        }

    def _get_place(self, country, state=None, **values):
        state_id = self.env.ref(state).id if state else 0
        return Place(self.env.ref(country).id, state_id=state_id, **values)

    # THE RECORDS

    def test_every_row_of_the_research_is_there(self):
        self.assertLessEqual(CODES, set(self.rules.mapped("code")))

    def test_channels(self):
        self.assertLessEqual(
            {"call", "visit", "sms", "email", "im", "letter", "automated_call"},
            set(self.channels),
        )

    def test_every_rule_can_be_read_and_judged(self):
        """The archived ones too: a company may activate them."""
        for rule, channel in product(self.rules, self.channels):
            with self.subTest(rule=self.names[rule.id], channel=channel):
                request = Request(
                    channel,
                    MOMENT,
                    ("America/Bogota",),
                    lambda day: False,
                    HISTORY,
                    debts=frozenset({1, 2}),
                )
                spoken = judge([rule._prepare_rule()], request).spoken
                self.assertNotIn("error", [reason.code for reason in spoken])

    def test_what_is_not_sure_waits_for_counsel(self):
        for rule in self.rules:
            with self.subTest(rule=self.names[rule.id]):
                self.assertEqual(rule.is_to_confirm, rule.confidence != "verified")

    def test_house_rules_say_that_they_are(self):
        policies = self.rules.filtered(lambda rule: rule.severity == "policy")
        self.assertEqual(set(policies.mapped("confidence")), {"policy"})

    def test_bills_are_archived(self):
        active = self.rules.filtered("active")
        self.assertFalse(ARCHIVED_CODES & set(active.mapped("code")))
        bill = self.env.ref("collections_mgmt.contact_rule_uy_b2c_content")
        self.assertFalse(bill.active)

    # WHO IS PROTECTED BY WHAT

    def test_a_rule_speaks_for_everybody_everywhere(self):
        countries = self.rules.country_id | self.rules.country_group_id.country_ids
        places = [Place(country.id) for country in countries]
        places += [Place(s.country_id.id, state_id=s.id) for s in self.rules.state_ids]
        for actor, regime in product(ACTORS, REGIMES):
            rulebook = self._get_rulebook(actor, regime)
            cases = product(places, self.channels, DEBTOR_TYPES, STAGES)
            silent = [case for case in cases if not self._select(rulebook, *case)]
            self.assertFalse(silent, f"no rule speaks: {actor}, {regime}")

    def test_countries_without_a_pack_keep_the_default(self):
        rulebook = self._get_rulebook()
        for country, debtor in product(("base.hn", "base.pa"), DEBTOR_TYPES):
            chosen = self._select(rulebook, self._get_place(country), "call", debtor)
            kinds = ("window", "cap", "gap")
            self.assertEqual(chosen, {("XX-DEFAULT", kind) for kind in kinds})

    def test_an_unknown_country_keeps_the_default_beside_the_creditors_rules(self):
        place = self._get_place("base.cl", is_known=False)
        chosen = self._select(self._get_rulebook(), place, "call")
        self.assertLessEqual({("CL-CALLVISIT", "cap"), ("XX-DEFAULT", "cap")}, chosen)

    def test_states_of_brazil_replace_the_hours_but_not_the_numbers(self):
        place = self._get_place("base.br", "base.state_br_sp")
        rulebook = self._get_rulebook()
        calls = self._select(rulebook, place, "call")
        numbers = {("BR-FED", "cap"), ("BR-FED", "gap")}
        self.assertEqual(calls, {("BR-SP", "window"), *numbers})
        mails = self._select(rulebook, place, "email")
        self.assertEqual(mails, {("BR-FED", "window"), *numbers})

    def test_house_hours_in_mexico_step_back_for_financial_entities(self):
        place = self._get_place("base.mx")
        for regime, code in (("general", "MX-NONFIN"), ("financial", "MX-FIN")):
            chosen = self._select(self._get_rulebook("agency", regime), place, "call")
            windows = [rule for rule in chosen if rule[1] == "window"]
            self.assertEqual(windows, [(code, "window")])

    def test_the_union_fills_what_a_member_leaves_open(self):
        rulebook = self._get_rulebook()
        belgian = self._select(rulebook, self._get_place("base.be"), "email")
        union = {("EU-DEF", "window"), ("EU-DEF", "cap")}
        self.assertEqual(belgian, {("BE-B2C", "gap"), *union})
        spanish = self._select(rulebook, self._get_place("base.es"), "email")
        self.assertEqual({code for code, _kind in spanish}, {"ES-B2C"})

    def test_federal_law_of_the_us_binds_agencies(self):
        place = self._get_place("base.us")
        for actor, law in (("agency", True), ("creditor", False)):
            chosen = self._select(self._get_rulebook(actor), place, "call")
            self.assertIs(("US-7IN7", "cap") in chosen, law)
            self.assertIs(("US-1P", "cap") in chosen, not law)

    def test_new_york_city_has_rules_of_its_own(self):
        place = self._get_place("base.us", "base.state_us_27", city="brooklyn")
        chosen = self._select(self._get_rulebook(), place, "letter")
        self.assertLessEqual({("US-NYC", "cap"), ("US-NYC", "cooldown")}, chosen)
