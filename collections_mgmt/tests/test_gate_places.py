from datetime import timedelta

from odoo.tests import freeze_time

from ..models.collection_gate import Ask
from ..models.collection_gate_facts import Place
from ..tools.spanish_regions import REGIONS
from .gate_common import OPEN, GateCommon


class TestPlaces(GateCommon):
    """Clock and rules are those of where the debtor is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mexican = cls._create_debtor(
            "Mexican",
            country_id=cls.mexico.id,
            state_id=cls._state(cls.mexico, "CMX").id,
        )

    def test_the_hour_is_that_of_the_debtor(self):
        self._allow_contacts(hours="09:00-20:00")
        self.assertEqual(self._judge().result, "allow")
        verdict = self._judge(self.mexican)
        self.assertEqual(verdict.result, "defer")
        self.assertEqual(verdict.next_slot.hour, 15, "Nine in Mexico City.")

    def test_debtor_and_recipient_in_two_places_must_both_be_awake(self):
        self._allow_contacts(hours="09:00-18:00")
        person = self.env["res.partner"].create(
            {
                "name": "Person",
                "email": "person@debtor.test",
                "parent_id": self.debtor.id,
                "type": "other",
                "country_id": self.mexico.id,
                "state_id": self._state(self.mexico, "CMX").id,
            }
        )
        self.debtor.collection_contact_id = person
        self._create_overdue_invoice(self.debtor, 5)
        contact = self._plan_and_deliver()
        self.assertEqual(contact.address_partner_id, person)
        self.assertRecordValues(contact, [{"state": "planned", "verdict": "defer"}])
        self.assertGreaterEqual(contact.slot, self._get_instant("12:00"))
        for clock, result in (
            ("11:59", "defer"),  # too early in Mexico
            ("12:00", "allow"),
            ("18:00", "defer"),  # too late in Chile
        ):
            with self.subTest(clock), self._local(clock):
                verdict = self._judge(
                    channel="call", recipient_ids=frozenset(person.ids)
                )
                self.assertEqual(verdict.result, result)

    def test_the_rules_of_both_places_hold(self):
        self._forbid(country_id=self.mexico.id)
        self.assertEqual(self._judge().result, "allow")
        self.assertEqual(
            self._judge(recipient_ids=frozenset(self.mexican.ids)).result, "block"
        )

    def test_a_stated_zone_goes_before_the_address(self):
        self._allow_contacts(hours="09:00-20:00")
        self.debtor.collection_tz = "America/Mexico_City"
        self.assertEqual(self._judge().result, "defer")

    def _create_person(self, **values):
        """Create somebody of the debtor's with an address of their own."""
        return self.env["res.partner"].create(
            {
                "name": "Person",
                "parent_id": self.debtor.id,
                "type": "other",
                "country_id": self.chile.id,
                "state_id": self._state(self.chile, "CL-RM").id,
                **values,
            }
        )

    def test_a_stated_zone_is_that_of_the_debtor_and_of_who_is_with_them(self):
        """Nine in Santiago is six in Mexico and one in Madrid."""
        self._allow_contacts(hours="09:00-20:00")
        self.debtor.collection_tz = "Europe/Madrid"
        spaniard = {"phone": "+34 612 345 678"}
        mexican = {
            "country_id": self.mexico.id,
            "state_id": self._state(self.mexico, "CMX").id,
        }
        for name, values, result, basis in (
            ("at the same address", {}, "allow", "stated"),
            ("with a number of elsewhere", spaniard, "allow", "address,stated"),
            ("elsewhere", mexican, "defer", "address,stated"),
            ("of another zone", {"collection_tz": "America/Lima"}, "defer", "stated"),
            ("not at home", {**mexican, "collection_tz": "Europe/Madrid"})
            + ("allow", "stated"),
        ):
            person = self._create_person(**values)
            with self.subTest(name):
                recipients = frozenset(person.ids)
                verdict = self._judge(recipient_ids=recipients)
                self.assertEqual(verdict.result, result)
                self.assertEqual(self._get_basis(recipient_ids=recipients), basis)

    def _get_basis(self, **values):
        gate = self.env["collection.gate"]
        ask = Ask(self.debtor.id, "call", **values)
        facts = gate._get_places_of(self.env.company, [ask])[self.debtor.id]
        return facts.get_zone_basis(ask)

    def test_both_clocks_must_be_open(self):
        """Of a debtor who states a zone, and of a recipient who is elsewhere."""
        self._allow_contacts(hours="09:00-20:00")
        self.debtor.collection_tz = "Europe/Madrid"
        person = self._create_person(
            country_id=self.mexico.id, state_id=self._state(self.mexico, "CMX").id
        )
        for clock, result in (
            ("11:59", "defer"),  # too early in Mexico
            ("12:00", "allow"),
            ("15:59", "allow"),
            ("16:00", "defer"),  # too late in Madrid
        ):
            with self.subTest(clock), self._local(clock):
                verdict = self._judge(
                    channel="call", recipient_ids=frozenset(person.ids)
                )
                self.assertEqual(verdict.result, result)

    def test_a_number_of_elsewhere_has_its_clock_though_a_zone_is_stated(self):
        self._allow_contacts(hours="09:00-20:00")
        self.debtor.write(
            {"phone": "+56 9 6123 4567", "collection_tz": "Europe/Madrid"}
        )
        for number, result in (
            ("+56961234567", "allow"),
            ("+56961234568", "allow"),
            ("+525512345678", "defer"),
        ):
            with self.subTest(number):
                verdict = self._judge(channel="call", numbers=frozenset([number]))
                self.assertEqual(verdict.result, result)

    def test_a_stated_zone_holds_without_a_country(self):
        self._allow_contacts(hours="09:00-20:00")
        nowhere = self._create_debtor("Nowhere", collection_tz="America/Mexico_City")
        self.assertEqual(self._judge(nowhere).result, "defer")
        person = self._create_person(parent_id=nowhere.id)
        verdict = self._judge(nowhere, recipient_ids=frozenset(person.ids))
        self.assertEqual(verdict.result, "defer", "Not only by the person's clock.")

    def test_without_a_country_clock_and_rules_are_those_of_the_creditor(self):
        self.env.company.partner_id.write({"country_id": self.mexico.id})
        self._allow_contacts(hours="09:00-20:00")
        nowhere = self._create_debtor("Nowhere")
        self.assertEqual(self._judge(nowhere).result, "defer")
        self._allow_contacts()
        self._forbid(country_id=self.mexico.id)
        self.assertEqual(self._judge(nowhere).result, "block")

    def test_without_a_country_the_rules_for_everywhere_hold_as_well(self):
        self.env.company.partner_id.write({"country_id": self.chile.id})
        self._create_rule(hours="00:00-24:00", country_id=self.chile.id)
        self._forbid(is_fallback=True)
        self.debtor.collection_debtor_type = "business"
        self.assertEqual(self._judge(self._create_debtor("Nowhere")).result, "block")
        self.assertEqual(self._judge().result, "allow")

    def test_without_any_clock_nothing_leaves_and_it_says_what_to_do(self):
        self.env.company.partner_id.write({"country_id": False, "state_id": False})
        self.assertEqual(
            self._explain(self._create_debtor("Nowhere")),
            "Nobody knows what time it is for the debtor: set the country of the "
            "debtor or of the company.",
        )

    def test_only_who_lives_on_easter_island_has_its_clock(self):
        self._allow_contacts(hours="09:00-20:00")  # on the island it is seven
        for name, address, result in (
            ("Santiago", {"state": "CL-RM", "city": "Santiago"}, "allow"),
            ("Valparaíso", {"state": "CL-VS", "city": "Viña del Mar"}, "allow"),
            ("Island", {"state": "CL-VS", "city": "Isla de Pascua"}, "defer"),
            ("Code", {"state": "CL-VS", "zip": "2770000"}, "defer"),
        ):
            with self.subTest(name):
                debtor = self._create_chilean(name, **address)
                self.assertEqual(self._judge(debtor).result, result)

    # WISHES

    def test_a_wish_of_the_debtor_narrows_the_hours(self):
        self.debtor.collection_contact_hours = "MON-FRI 14:00-18:00"
        self.assertEqual(
            self._explain(),
            "The debtor's wish: not at this hour; for the debtor it is Mon 16 Mar "
            "09:00.\nNext lawful moment: Mon 16 Mar 14:00 for the debtor "
            "(America/Santiago), Mon 16 Mar 17:00 UTC.",
        )

    def test_a_wish_does_not_widen_the_hours(self):
        self._allow_contacts(hours=OPEN)
        self.debtor.collection_contact_hours = "00:00-24:00"
        self.assertEqual(self._judge().result, "defer")

    def test_granted_hours_widen_only_where_the_rule_lets(self):
        self.debtor.collection_granted_hours = "MON 08:00-10:00"
        for is_widenable, result in ((True, "allow"), (False, "defer")):
            with self.subTest(is_widenable=is_widenable):
                self._allow_contacts(hours=OPEN, is_widenable=is_widenable)
                self.assertEqual(self._judge().result, result)

    # HOLIDAYS: the sixteenth of March is one in Mexico and none in Chile

    def test_nothing_leaves_on_a_holiday_of_the_debtors_country(self):
        self._allow_contacts(hours="06:00-24:00", skip_holidays=True, name="Workdays")
        self.assertEqual(self._judge().result, "allow")
        self.assertEqual(
            self._explain(self.mexican),
            "Workdays: today is a holiday for the debtor.\nNext lawful moment: Tue 17 "
            "Mar 06:00 for the debtor (America/Mexico_City), Tue 17 Mar 12:00 UTC.",
        )

    def test_holidays_matter_only_to_rules_that_name_them(self):
        self._allow_contacts(hours="06:00-24:00")
        self.assertEqual(self._judge(self.mexican).result, "allow")

    def test_a_working_day_of_the_calendar_takes_a_holiday_back(self):
        self._allow_contacts(skip_holidays=True)
        self._add_day(kind="working", country_id=self.mexico.id)
        self.assertEqual(self._judge(self.mexican).result, "allow")

    def _add_day(self, **values):
        return self.env["collection.holiday"].create(
            {"name": "A Day", "date": self.today, **values}
        )

    def test_own_holidays_hold_where_and_for_whom_they_are_meant(self):
        self._allow_contacts(skip_holidays=True)
        second = self._create_creditor("Second Creditor")
        states = {
            code: self._state(self.chile, code).ids for code in ("CL-RM", "CL-VS")
        }
        for name, values, result in (
            ("everywhere", {}, "defer"),
            ("in the country", {"country_id": self.chile.id}, "defer"),
            ("elsewhere", {"country_id": self.mexico.id}, "allow"),
            ("in the state", {"state_ids": states["CL-RM"]}, "defer"),
            ("in another state", {"state_ids": states["CL-VS"]}, "allow"),
            ("of the company", {"company_id": self.env.company.id}, "defer"),
            ("of another company", {"company_id": second.id}, "allow"),
            ("tomorrow", {"date": self.today + timedelta(days=1)}, "allow"),
        ):
            day = self._add_day(**values)
            with self.subTest(name):
                self.assertEqual(self._judge().result, result)
            day.unlink()

    def test_a_holiday_of_one_state_is_none_in_the_next(self):
        """Epiphany in Bavaria; the state's code carries the country's in Odoo."""
        self._allow_contacts(skip_holidays=True)
        germany = self.env.ref("base.de")
        for code, result in (("DE-BY", "defer"), ("DE-BE", "allow")):
            debtor = self._create_debtor(
                code,
                country_id=germany.id,
                state_id=self._state(germany, code).id,
            )
            with self.subTest(code), self._at("2027-01-06 12:00"):
                self.assertEqual(self._judge(debtor).result, result)

    def test_where_holidays_are_not_known_nothing_leaves_and_it_says_so(self):
        unknown = self._create_debtor(
            "Unknown",
            country_id=self.env.ref("base.xi").id,
            collection_tz="Europe/London",
        )
        self.assertEqual(self._judge(unknown).result, "allow", "No rule asks for them.")
        self._allow_contacts(skip_holidays=True, name="Workdays")
        self.assertEqual(self._judge(unknown).result, "block")
        self.assertEqual(
            self._explain(unknown),
            "Workdays: the public holidays of the debtor's country are not known: "
            "enter them in the contact calendar.",
        )

    def test_each_province_of_spain_keeps_the_holidays_of_its_community(self):
        """Odoo knows provinces, the calendars communities."""
        spain = self.env.ref("base.es")
        self.assertEqual(set(spain.state_ids.mapped("code")) - set(REGIONS), set())
        self._create_rule(country_id=spain.id, hours="00:00-24:00", skip_holidays=True)
        for code, result in (("B", "defer"), ("M", "allow")):
            with self.subTest(code), freeze_time("2026-09-11 12:00:00"):
                state = spain.state_ids.filtered(lambda s, code=code: s.code == code)
                self.debtor.write({"country_id": spain.id, "state_id": state.id})
                self.assertEqual(self._judge().result, result)

    def test_a_zone_that_nobody_knows_is_none(self):
        """Not even with a stop, whose days depend on the clock."""
        self._allow_contacts(kind="window", hours="10:00-20:00")
        self.env.flush_all()
        self.cr.execute(
            "UPDATE res_partner SET collection_tz = 'Mars/Phobos' WHERE id = %s",
            [self.debtor.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self._judge().result, "defer", "By the clock of the address.")
        self._stop()
        self.assertEqual(self._judge().result, "block")

    def test_where_the_machine_knows_no_zone_of_the_place_nothing_leaves(self):
        self.patch(Place, "zones", property(lambda place: (("Mars/Phobos",), "state")))
        self._create_overdue_invoice(self.debtor, 5)
        self._stop(date_to=self.today + timedelta(days=9))
        self._plan_and_deliver()
        contact = self._contacts(self.debtor)
        self.assertEqual(contact.state, "blocked")
        event = self.env["collection.contact.event"].search(
            [("contact_id", "=", contact.id)]
        )
        self.assertEqual(event.kind, "blocked")
        self.assertFalse(event.local_time)

    def test_a_channel_that_nobody_knows_is_not_allowed(self):
        self.assertEqual(self._judge(channel="pigeon").result, "block")
        self.assertIn("add one", self._explain(channel="pigeon"))
