"""What nobody can answer well has a defined answer, and says what is the matter."""

from .gate_common import GateCommon


class TestGateBadInput(GateCommon):
    def setUp(self):
        super().setUp()
        self.env["collection.contact.rule"].search([]).active = False

    def _assert_told(self, result, *sentences, slot=None, **ask):
        """Check the answer for a call, and that it says some sentences."""
        verdict = self._judge(**{"channel": "call", **ask})
        text = self._explain(**{"channel": "call", **ask})
        self.assertEqual(verdict.result, result, text)
        self.assertEqual(
            verdict.next_slot and f"{verdict.next_slot:%Y-%m-%d %H:%M}", slot
        )
        for sentence in sentences:
            self.assertIn(sentence, text)

    # THE CLOCK

    def test_an_hour_that_the_clock_skips_opens_nothing(self):
        self._create_rule(hours="00:00-00:30", name="At Midnight")
        # On 6 September it is one o'clock after the last minute of Saturday.
        with self._at("2026-09-06 03:30:00"):
            self._assert_told(
                "defer",
                "At Midnight: not at this hour; for the debtor it is Sat 5 Sep 23:30.",
                "Next lawful moment: Mon 7 Sep 00:00 for the debtor",
                slot="2026-09-07 03:00",
            )

    def test_an_hour_that_the_clock_repeats_opens_twice(self):
        self._create_rule(hours="23:00-23:30", name="Late")
        for moment, result, slot in (
            ("2026-04-05 02:15:00", "allow", "2026-04-05 02:15"),
            ("2026-04-05 02:45:00", "defer", "2026-04-05 03:00"),
            ("2026-04-05 03:15:00", "allow", "2026-04-05 03:15"),
            ("2026-04-05 03:45:00", "defer", "2026-04-06 03:00"),
        ):
            with self.subTest(moment), self._at(moment):
                self._assert_told(result, slot=slot)

    # THE PLACE

    def test_a_debtor_in_two_states_is_asked_for_in_both(self):
        usa = self.env.ref("base.us")
        west, east = self._state(usa, "CA"), self._state(usa, "NY")
        self.debtor.write({"country_id": usa.id, "state_id": west.id})
        office = self._create_debtor(
            "Office",
            parent_id=self.debtor.id,
            type="other",  # with an address of its own
            country_id=usa.id,
            state_id=east.id,
        )
        self._create_rule(hours="08:00-21:00", country_id=usa.id, name="Waking Hours")
        rule = self._create_rule(
            hours="MON-FRI 08:00-18:00", country_id=usa.id, name="Of the East"
        )
        rule.state_ids = east
        # On a Monday it is half past three in the west, and half past six in the east.
        with self._at("2026-03-16 22:30:00"):
            self._assert_told("allow", slot="2026-03-16 22:30")
            self._assert_told(
                "defer",
                "Of the East: not at this hour; for the debtor it is Mon 16 Mar 15:30 "
                "(America/Los_Angeles) or Mon 16 Mar 18:30 (America/New_York), where "
                "the debtor may be.",
                slot="2026-03-17 15:00",
                recipient_ids=frozenset(office.ids),
            )

    def test_a_phone_of_another_country_than_the_address_adds_its_clock(self):
        self._create_rule(hours="09:00-20:00", name="Daytime")
        with self._at("2026-03-16 19:30:00"):
            self._assert_told("allow", slot="2026-03-16 19:30")
            self.debtor.phone = "+34 612 345 678"
            self._assert_told(
                "defer",
                "Daytime: not at this hour; for the debtor it is Mon 16 Mar 16:30 "
                "(America/Santiago) or Mon 16 Mar 20:30 (Europe/Madrid)",
                slot="2026-03-17 12:00",
            )

    # THE RULES

    def test_contradicting_rules_leave_it_to_a_person(self):
        self._create_rule(hours="08:00-10:00", name="Early")
        self._create_rule(hours="16:00-18:00", name="Late")
        self._assert_told(
            "block",
            "Late: not at this hour; for the debtor it is Mon 16 Mar 09:00.",
            "The rules leave no lawful moment in the next 60 days: a person has to "
            "decide.",
        )

    def test_a_rule_without_hours_is_never_kept(self):
        self._create_rule(hours=False, name="Empty")
        self._assert_told("block", "Empty: it names no day and no hour at all.")

    def test_hours_shorter_than_the_guard_are_none_for_messages(self):
        self._create_rule(hours="09:00-09:05", name="Five Minutes")
        self._assert_told("allow", slot="2026-03-16 12:00")
        self._assert_told("block", "Five Minutes: it names no day", channel="email")

    def test_a_rule_that_cannot_be_read_blocks_and_is_named(self):
        rule = self._create_rule(hours="09:00-20:00", name="Broken")
        self.env.flush_all()
        self.cr.execute(
            "UPDATE collection_contact_rule SET hours = 'noon' WHERE id = %s", [rule.id]
        )
        self.env.invalidate_all()
        with self.assertLogs("odoo.addons.collections_mgmt", "ERROR"):
            self._assert_told("block", "Broken: it could not be judged")
