from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError, ValidationError

from .gate_common import OPEN, GateCommon


class TestScope(GateCommon):
    """A rule speaks of those it names, and of nobody else."""

    def _check(self, values, applies, partner=None, **ask):
        """Check whether a prohibition with these values is about a contact."""
        rule = self._forbid(**values)
        with self.subTest(**values):
            self.assertEqual(
                self._judge(partner, **ask).result, "block" if applies else "allow"
            )
        rule.unlink()

    def test_a_rule_is_about_its_country_state_and_city(self):
        self.debtor.city = " Providencia"
        chile = {"country_id": self.chile.id}
        for values, applies in (
            ({}, True),
            (chile, True),
            ({"country_id": self.mexico.id}, False),
            ({**chile, "state_ids": self._state(self.chile, "CL-RM").ids}, True),
            ({**chile, "state_ids": self._state(self.chile, "CL-VS").ids}, False),
            ({**chile, "city": "providencia "}, True),
            ({**chile, "city": "Maipú"}, False),
            ({"country_group_id": self._group(self.chile).id}, True),
            ({"country_group_id": self._group(self.mexico).id}, False),
        ):
            self._check(values, applies)

    def _group(self, country):
        return self.env["res.country.group"].create(
            {"name": "Group", "country_ids": [Command.set(country.ids)]}
        )

    def test_a_rule_is_about_its_channels(self):
        rule = self._forbid("call", "visit")
        for channel, result in (("call", "block"), ("email", "allow")):
            self.assertEqual(self._judge(channel=channel).result, result)
        rule.channel_ids = False
        self.assertEqual(self._judge().result, "block", "Every channel.")

    def test_whoever_is_not_known_to_be_a_business_is_protected_as_a_consumer(self):
        for debtor_type, as_consumer in (
            ("consumer", True),
            ("unknown", True),
            (False, True),
            ("micro", True),
            ("business", False),
        ):
            self.debtor.collection_debtor_type = debtor_type
            self._check({"debtor_type": "consumer"}, as_consumer)
            self._check({"debtor_type": "business"}, not as_consumer)
            self._check({"debtor_type": "any"}, True)

    def test_a_micro_business_is_a_business_where_the_company_says_so(self):
        self.debtor.collection_debtor_type = "micro"
        self.env.company.collection_micro_is_consumer = False
        self._check({"debtor_type": "consumer"}, False)
        self._check({"debtor_type": "business"}, True)

    def test_a_rule_may_be_about_micro_businesses_or_debtors_of_unknown_type_alone(
        self,
    ):
        for debtor_type in ("consumer", "business", "micro", "unknown", False):
            self.debtor.collection_debtor_type = debtor_type
            for kind in ("micro", "unknown"):
                applies = kind == (debtor_type or "unknown")
                self._check({"debtor_type": kind}, applies)
        self.debtor.collection_debtor_type = "micro"
        self.env.company.collection_micro_is_consumer = False
        self._check({"debtor_type": "micro"}, True)

    def test_the_kind_of_debtor_follows_from_the_contact(self):
        for values, kind in (
            ({"is_company": False}, "consumer"),
            ({"is_company": True}, "unknown"),
            ({"is_company": True, "vat": "CL76086428-5"}, "business"),
        ):
            with self.subTest(**values):
                partner = self.env["res.partner"].create({"name": "X", **values})
                self.assertEqual(partner.collection_debtor_type, kind)

    def test_a_rule_is_about_who_collects_and_what_is_owed(self):
        company = self.env.company
        for values, applies in (
            ({"actor": "creditor"}, True),
            ({"actor": "agency"}, False),
            ({"regime": "card"}, False),
        ):
            self._check(values, applies)
        company.write({"collection_actor": "agency", "collection_regime": "card"})
        for values, applies in (
            ({"actor": "creditor"}, False),
            ({"actor": "agency"}, True),
            ({"regime": "card"}, True),
            ({"regime": "financial"}, False),
        ):
            self._check(values, applies)

    def test_a_rule_is_about_its_stages(self):
        for kind, other in (("reminder", "dunning"), ("dunning", "reminder")):
            self._check({"stage_kind": kind}, True, stage_kind=kind)
            self._check({"stage_kind": kind}, False, stage_kind=other)

    def test_a_rule_about_reminders_stops_the_message_before_the_due_date_only(self):
        self._forbid(stage_kind="reminder")
        late = self._create_chilean("Late")
        self._create_overdue_invoice(self.debtor, -3)
        self._create_overdue_invoice(late, 5)
        self._plan_and_deliver()
        self.assertEqual(self._contacts(self.debtor).state, "blocked")
        self.assertEqual(self._contacts(late).state, "queued")

    def test_a_rule_holds_from_its_first_to_its_last_day(self):
        yesterday, tomorrow = (self.today + timedelta(days=days) for days in (-1, 1))
        for values, applies in (
            ({"date_from": self.today}, True),
            ({"date_from": tomorrow}, False),
            ({"date_to": self.today}, True),
            ({"date_to": yesterday}, False),
            ({"active": False}, False),
        ):
            self._check(values, applies)

    def test_the_days_of_a_rule_are_those_of_the_debtor(self):
        yesterday, tomorrow = (self.today + timedelta(days=days) for days in (-1, 1))
        for clock, values, applies in (
            ("22:00", {"date_from": tomorrow}, False),  # in Greenwich it is tomorrow
            ("22:00", {"date_to": self.today}, True),
            ("00:01", {"date_from": self.today}, True),
            ("00:01", {"date_to": yesterday}, False),
        ):
            with self._local(clock):
                self._check(values, applies)

    def test_where_two_days_are_possible_the_rules_of_both_hold(self):
        tomorrow = self.today + timedelta(days=1)
        madrid = self._create_debtor("Madrid", country_id=self.env.ref("base.es").id)
        with self._local("22:00"):  # in Madrid it is tomorrow
            both = {"recipient_ids": frozenset(madrid.ids)}
            self._check({"date_from": tomorrow}, True, **both)
            self._check({"date_to": self.today}, True, **both)

    def test_a_rule_of_another_company_is_none_here(self):
        second = self._create_creditor("Second Creditor")
        self._check({"company_id": self.env.company.id}, True)
        self._check({"company_id": second.id}, False)

    # FALLBACKS: a rule of its own for a country goes before them

    def _judge_with(self, *rules):
        """Return what these rules alone say about the debtor in Chile."""
        self.env["collection.contact.rule"].search([]).active = False
        for values in rules:
            self._create_rule(**values)
        return self._judge().result

    def test_a_fallback_steps_in_where_no_rule_of_its_kind_speaks(self):
        group = self._group(self.chile)
        own = {"country_id": self.chile.id, "hours": "00:00-24:00"}
        everywhere = {"hours": "00:00-24:00"}
        for level, scope in (
            ("country", {"country_id": self.chile.id}),
            ("group", {"country_group_id": group.id}),
        ):
            closed = {**scope, "is_fallback": True, "hours": "10:00-20:00"}
            stopped = {**scope, "is_fallback": True, "kind": "prohibition"}
            with self.subTest(level):
                self.assertEqual(self._judge_with(closed), "defer")
                self.assertEqual(self._judge_with(everywhere, closed), "defer")
                self.assertEqual(self._judge_with(own, closed), "allow")
                self.assertEqual(self._judge_with(own, stopped), "block")

    def test_a_fallback_of_the_country_goes_before_one_of_its_group(self):
        of_country = {"country_id": self.chile.id, "is_fallback": True}
        of_group = {"country_group_id": self._group(self.chile).id, "is_fallback": True}
        self.assertEqual(
            self._judge_with(
                {**of_country, "hours": "00:00-24:00"}, {**of_group, "hours": OPEN}
            ),
            "allow",
        )

    def test_the_fallback_for_everywhere_steps_in_where_no_rule_of_a_country_speaks(
        self,
    ):
        self.debtor.collection_debtor_type = "business"
        own = {"country_id": self.chile.id, "hours": "00:00-24:00"}
        stopped = {"is_fallback": True, "kind": "prohibition"}
        self.assertEqual(self._judge_with({"hours": "00:00-24:00"}, stopped), "block")
        self.assertEqual(self._judge_with(own, stopped), "allow")

    def test_and_for_debtors_whose_type_nobody_knows(self):
        own = {"country_id": self.chile.id, "hours": "00:00-24:00"}
        fallback = {"is_fallback": True, "hours": OPEN}
        for debtor_type, result in (
            ("unknown", "defer"),
            (False, "defer"),
            ("consumer", "allow"),
            ("business", "allow"),
            ("micro", "allow"),
        ):
            with self.subTest(debtor_type):
                self.debtor.collection_debtor_type = debtor_type
                self.assertEqual(self._judge_with(own, fallback), result)

    def test_the_stricter_of_both_counts_there(self):
        """As the shipped default does: it narrows, and never widens."""
        self.debtor.collection_debtor_type = "unknown"
        own = {"country_id": self.chile.id, "hours": OPEN}
        fallback = {"is_fallback": True, "hours": "00:00-24:00"}
        self.assertEqual(self._judge_with(own, fallback), "defer")


class TestRuleRecords(GateCommon):
    """What stands in the record of contacts can still be explained years later."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._allow_contacts(hours=OPEN, severity="law")

    def _use(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._plan_and_deliver()

    def test_hours_that_cannot_be_read_are_refused_with_an_example(self):
        sentence = (
            "“MON-FUN 08:00-20:00” cannot be read as days and hours. Write for "
            "example: MON-FRI 08:00-20:00, SAT 09:00-14:00"
        )
        text = "SAT 09:00-14:00, MON-FUN 08:00-20:00"
        for record, name in (
            (self.rule, "hours"),
            (self.debtor, "collection_contact_hours"),
            (self.debtor, "collection_granted_hours"),
        ):
            with self.subTest(name), self.assertRaises(ValidationError) as caught:
                record.write({name: text})
            self.assertEqual(str(caught.exception), sentence)

    def test_a_rule_says_for_which_period_or_after_what(self):
        for values in (
            {"kind": "cap", "maximum": 1, "period": "rolling", "days": 0},
            {"kind": "cooldown", "days": 7},
            {"kind": "prerequisite"},
            {"date_from": self.today, "date_to": self.today - timedelta(days=1)},
        ):
            with self.subTest(**values), self.assertRaises(ValidationError):
                self._create_rule(**values)

    def test_a_rule_that_nobody_was_judged_by_can_be_changed_and_deleted(self):
        self.rule.hours = "09:00-20:00"
        self.rule.unlink()
        self.assertFalse(self.rule.exists())

    def test_a_rule_that_somebody_was_judged_by_is_in_the_record(self):
        other = self._forbid("visit")
        self._use()
        self.assertTrue(self.rule.is_used)
        self.assertFalse(other.is_used, "It did not speak.")

    def test_a_used_rule_cannot_be_changed_or_deleted(self):
        self._use()
        for values in (
            {"hours": "00:00-24:00"},
            {"kind": "prohibition"},
            {"severity": "policy"},
            {"channel_ids": self._channels("call").ids},
            {"date_from": self.today},
            {"country_id": self.mexico.id},
            {"country_group_id": self.env.ref("base.europe").id},
            {"is_fallback": True},
            {"company_id": self.env.company.id},
            {"code": "OTHER"},
            {"is_used": False},
        ):
            with self.subTest(**values), self.assertRaises(UserError):
                self.rule.write(values)
        with self.assertRaises(UserError):
            self.rule.unlink()

    def test_nor_by_who_says_to_be_an_installation(self):
        self._use()
        self.assertFalse(self.env.su)
        with self.assertRaises(UserError):
            self.rule.with_context(install_mode=True).hours = "00:00-24:00"

    def test_a_used_rule_can_be_ended_confirmed_and_renamed(self):
        self._use()
        self.rule.write(
            {
                "date_to": self.today,
                "name": "Hours",
                "review_date": self.today,
                "reviewer": "Counsel",
            }
        )
        with self._day(1):
            self.assertEqual(self._judge().result, "block", "No rule is left.")

    def test_a_new_version_begins_when_the_old_one_has_ended(self):
        self._use()
        self.rule.review_date = self.today
        action = self.rule.action_new_version()
        new = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(self.rule.date_to, self.today)
        self.assertRecordValues(
            new,
            [
                {
                    "code": self.rule.code,
                    "hours": OPEN,
                    "date_from": self.today + timedelta(days=1),
                    "date_to": False,
                    "is_used": False,
                    "review_date": False,
                }
            ],
        )
        new.hours = "00:00-24:00"
        self.assertEqual(self._judge().result, "defer")
        with self._local("09:00", days=1):
            self.assertEqual(self._judge().result, "allow")

    def test_a_copy_has_not_been_used(self):
        self._use()
        copy = self.rule.copy()
        copy.hours = "00:00-24:00"
        self.assertFalse(copy.is_used)
