"""Dated cases that lawyers can check, against the rules as they are shipped.

The numbers are those of the research on which the rules are built.
"""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from odoo import Command

from ..models.collection_gate import Ask
from .common import CollectionCommon

ZONES = {
    "cl": "America/Santiago",
    "co": "America/Bogota",
    "pe": "America/Lima",
    "mx": "America/Tijuana",
    "us": "America/Chicago",
    "ec": "America/Guayaquil",
}


class VectorCommon(CollectionCommon):
    """Consumers in several countries, and only the rules that are shipped."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rules = cls.env["collection.contact.rule"].with_context(active_test=False)
        shipped = cls.env["ir.model.data"].search(
            [("module", "=", "collections_mgmt"), ("model", "=", rules._name)]
        )
        archived = {"CL-EMERG", "PA-BILL", "UK-BREATH", "US-MEDIA"}
        rules.search([]).active = False
        cls.shipped = rules.browse(shipped.mapped("res_id")).exists()
        cls.shipped.filtered(
            lambda rule: (
                rule.code not in archived
                and rule.kind != "content"
                and not cls._is_alternative(rule)
            )
        ).active = True

    @classmethod
    def _is_alternative(cls, rule):
        """Return whether a shipped rule is archived without being a lenient one."""
        name = "collections_mgmt.contact_rule_us_info_prerequisite_30_days"
        return rule == cls.env.ref(name)

    def _create_consumer(self, country, state=None, **values):
        country = self.env.ref(f"base.{country}")
        if state:
            state = country.state_ids.filtered(lambda s: s.code == state)
            self.assertTrue(state)
        debtor = self._create_debtor(
            "Consumer",
            is_company=False,
            country_id=country.id,
            state_id=state and state.id,
            **values,
        )
        self.move = self._create_overdue_invoice(debtor, 5)
        self._sync_only()
        return debtor

    def _at(self, text, zone):
        local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
        return local.astimezone(timezone.utc)

    def _note(self, debtor, channel, moment, outcome="attempted", **values):
        """Note that a contact was made at a moment."""
        case = self._case(debtor)
        return (
            self.env["collection.contact"]
            .sudo()
            .create(
                {
                    "case_id": case.id,
                    "partner_id": debtor.id,
                    "company_id": case.company_id.id,
                    "channel": channel,
                    "user_id": self.env.uid,
                    "state": "sent",
                    "outcome": outcome,
                    "date_planned": moment.date(),
                    "date_done": moment.date(),
                    "date_sent": moment.replace(tzinfo=None),
                    **values,
                }
            )
        )

    def _judge(self, debtor, channel, moment):
        ask = Ask(debtor.id, channel, debt_ids=frozenset(self.move.ids))
        company = self.env.company
        self.env.flush_all()
        [(verdict, _facts)] = self.env["collection.gate"]._judge(company, [ask], moment)
        return verdict

    def _assert_waits(self, verdict, moment):
        self.assertEqual(verdict.result, "defer", verdict.reasons)
        self.assertEqual(verdict.next_slot, moment)

    def _consent(self, debtor, *channels):
        for channel in channels:
            self.env["collection.consent"].create(
                {
                    "partner_id": debtor.id,
                    "channel_id": self.env.ref(
                        f"collections_mgmt.collection_channel_{channel}"
                    ).id,
                }
            )

    def _choose(self, code):
        """Read the law otherwise in a question."""
        question = self.env.ref(f"collections_mgmt.question_{code}")
        self.env.company.collection_question_ids |= question


class TestVectors(VectorCommon):
    def test_1_chile_allows_one_call_a_week(self):
        debtor = self._create_consumer("cl", "CL-RM")
        self._note(debtor, "call", self._at("2026-11-02 10:00", ZONES["cl"]))
        asked = self._at("2026-11-06 10:00", ZONES["cl"])
        free = self._at("2026-11-09 10:00", ZONES["cl"])
        for channel in ("call", "visit"):
            verdict = self._judge(debtor, channel, asked)
            self._assert_waits(verdict, free)
            [cap] = [r for r in verdict.reasons if r.code == "cap"]
            self.assertEqual((cap.used, cap.maximum), (1, 1))
            self.assertEqual(cap.rule.severity, "law")
        self.assertEqual(self._judge(debtor, "call", free).result, "allow")
        self.assertEqual(self._judge(debtor, "email", asked).result, "allow")

    def test_1_a_calendar_week_is_no_longer_by_the_lenient_reading(self):
        debtor = self._create_consumer("cl", "CL-RM")
        self._note(debtor, "call", self._at("2026-11-06 10:00", ZONES["cl"]))
        self._choose("q1")
        asked = self._at("2026-11-07 10:00", ZONES["cl"])
        monday = self._at("2026-11-09 08:00", ZONES["cl"])
        self._assert_waits(self._judge(debtor, "call", asked), monday)

    def test_3_chile_wants_two_full_days_between_messages(self):
        debtor = self._create_consumer("cl", "CL-RM")
        self._note(debtor, "email", self._at("2026-11-02 09:00", ZONES["cl"]), "sent")
        self._consent(debtor, "im")  # WhatsApp's own condition
        asked = self._at("2026-11-03 09:00", ZONES["cl"])
        thursday = self._at("2026-11-05 08:00", ZONES["cl"])
        self._assert_waits(self._judge(debtor, "im", asked), thursday)
        self._choose("q3")
        wednesday = self._at("2026-11-04 09:00", ZONES["cl"])
        self._assert_waits(self._judge(debtor, "im", asked), wednesday)

    def test_6_colombia_rests_from_saturday_to_after_the_holiday(self):
        debtor = self._create_consumer("co")
        self._consent(debtor, "call", "email")
        tuesday = self._at("2026-10-13 07:00", ZONES["co"])
        asked = self._at("2026-10-10 15:00", ZONES["co"])
        for channel in ("call", "email"):
            self._assert_waits(self._judge(debtor, channel, asked), tuesday)
        before = self._at("2026-10-10 14:59", ZONES["co"])
        self.assertEqual(self._judge(debtor, "call", before).result, "allow")

    def test_6_colombia_asks_for_the_channel_to_be_chosen(self):
        debtor = self._create_consumer("co")
        monday = self._at("2026-11-23 10:00", ZONES["co"])
        self.assertEqual(self._judge(debtor, "email", monday).result, "block")

    def test_9_peru_rests_from_friday_at_20_to_monday_at_7(self):
        debtor = self._create_consumer("pe")
        asked = self._at("2026-11-06 20:00", ZONES["pe"])
        monday = self._at("2026-11-09 07:00", ZONES["pe"])
        for channel in ("call", "visit", "sms", "email"):
            self._assert_waits(self._judge(debtor, channel, asked), monday)

    def test_11_mexico_goes_by_the_clock_of_tijuana(self):
        self.env.company.collection_regime = "financial"
        debtor = self._create_consumer("mx", "BCN")
        asked = self._at("2026-12-01 08:30", "America/Mexico_City")
        self.assertEqual(
            asked.astimezone(ZoneInfo(ZONES["mx"])).isoformat()[11:16], "06:30"
        )
        verdict = self._judge(debtor, "call", asked)
        self._assert_waits(verdict, self._at("2026-12-01 09:00", "America/Mexico_City"))
        self.assertEqual(
            verdict.next_slot, self._at("2026-12-01 07:00", "America/Tijuana")
        )

    def _talk_in_illinois(self):
        debtor = self._create_consumer("us", "IL")
        self.stage_due.notice = "validation"
        line = {"item_id": self._items(self.move).id}
        self._note(
            *(debtor, "email", self._at("2026-10-01 10:00", ZONES["us"]), "sent"),
            stage_id=self.stage_due.id,
            line_ids=[Command.create(line)],
        )
        self._note(debtor, "call", self._at("2026-11-02 12:00", ZONES["us"]), "talk")
        return debtor

    def test_13_the_us_rest_seven_days_from_the_day_of_a_talk_on(self):
        self.env.company.collection_actor = "agency"
        debtor = self._talk_in_illinois()
        free = self._at("2026-11-09 08:00", ZONES["us"])
        for day in ("2026-11-02 15:00", "2026-11-05 10:00", "2026-11-08 20:00"):
            verdict = self._judge(debtor, "call", self._at(day, ZONES["us"]))
            self._assert_waits(verdict, free)
            self.assertEqual(verdict.reasons[0].rule.severity, "law")
        self.assertEqual(self._judge(debtor, "call", free).result, "allow")

    def test_13_a_creditor_keeps_it_as_a_policy(self):
        debtor = self._talk_in_illinois()
        asked = self._at("2026-11-05 10:00", ZONES["us"])
        verdict = self._judge(debtor, "call", asked)
        self._assert_waits(verdict, self._at("2026-11-09 08:00", ZONES["us"]))
        self.assertEqual({r.rule.severity for r in verdict.reasons}, {"policy"})

    def test_20_a_place_that_is_kept_is_the_last_one(self):
        """Two processes at once: see test_concurrency of the repository."""
        debtor = self._create_consumer("cl", "CL-RM")
        monday = self._at("2026-11-02 10:00", ZONES["cl"])
        self._note(debtor, "call", monday, None, state="reserved")
        self.assertEqual(self._judge(debtor, "call", monday).result, "defer")


class TestMoreDates(VectorCommon):
    """What else the research says, on days of its own."""

    def test_ecuador_allows_one_contact_a_day_over_all_channels(self):
        debtor = self._create_consumer("ec")
        self._note(debtor, "call", self._at("2026-11-23 09:00", ZONES["ec"]))
        asked = self._at("2026-11-23 15:00", ZONES["ec"])
        # Nobody said whether the debtor lives on the Galápagos.
        tuesday = self._at("2026-11-24 07:00", "Pacific/Galapagos")
        self._assert_waits(self._judge(debtor, "email", asked), tuesday)

    def test_colombia_counts_an_answered_call_and_not_one_in_vain(self):
        debtor = self._create_consumer("co")
        self._consent(debtor, "call", "email")
        self._note(debtor, "call", self._at("2026-11-23 09:00", ZONES["co"]))
        asked = self._at("2026-11-23 15:00", ZONES["co"])
        self.assertEqual(self._judge(debtor, "email", asked).result, "allow")
        self._note(debtor, "call", self._at("2026-11-23 10:00", ZONES["co"]), "talk")
        verdict = self._judge(debtor, "email", asked)
        self._assert_waits(verdict, self._at("2026-11-30 07:00", ZONES["co"]))

    def test_new_york_city_keeps_creditors_to_hours_by_law(self):
        debtor = self._create_consumer("us", "NY", city="Queens")
        for day, severities in (
            ("2026-08-30 22:00", {"policy"}),
            ("2026-09-01 22:00", {"policy", "law"}),
        ):
            verdict = self._judge(debtor, "email", self._at(day, "America/New_York"))
            hours = [r for r in verdict.reasons if r.code == "hours"]
            self.assertEqual({r.rule.severity for r in hours}, severities)

    def test_the_us_want_the_validation_notice_before_anything_else(self):
        self.env.company.collection_actor = "agency"
        debtor = self._create_consumer("us", "IL")
        noon = self._at("2026-11-23 12:00", ZONES["us"])
        verdict = self._judge(debtor, "call", noon)
        self.assertEqual(verdict.result, "block")
        self.assertEqual([r.code for r in verdict.reasons], ["prerequisite"])
        ask = Ask(
            *(debtor.id, "email"),
            debt_ids=frozenset(self.move.ids),
            notice="validation",
        )
        [(verdict, _facts)] = self.env["collection.gate"]._judge(
            self.env.company, [ask], noon
        )
        self.assertEqual(verdict.result, "allow")

    def test_the_netherlands_want_16_days_from_the_letter_to_the_costs(self):
        debtor = self._create_consumer("nl")
        self.stage_due.notice = "fourteen_days"
        sent = self._at("2026-11-02 10:00", "Europe/Amsterdam")
        self._note(
            *(debtor, "letter", sent, "sent"),
            stage_id=self.stage_due.id,
            line_ids=[Command.create({"item_id": self._items(self.move).id})],
        )
        asked = self._at("2026-11-10 10:00", "Europe/Amsterdam")
        self.assertEqual(self._judge(debtor, "letter", asked).result, "allow")
        ask = Ask(
            *(debtor.id, "letter"), debt_ids=frozenset(self.move.ids), has_costs=True
        )
        [(verdict, _facts)] = self.env["collection.gate"]._judge(
            self.env.company, [ask], asked
        )
        self._assert_waits(verdict, self._at("2026-11-19 00:00", "Europe/Amsterdam"))
