from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from .gate_common import OPEN, GateCommon

COLLECTOR = "base.group_user,collections_mgmt.group_collection_collector_all"


class PanelCommon(GateCommon):
    """Two collectors and a manager before the case of one debtor."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first, cls.second = (
            new_test_user(
                cls.env, login=login, groups=COLLECTOR, company_id=cls.env.company.id
            )
            for login in ("first_collector", "second_collector")
        )
        cls._create_overdue_invoice(cls.debtor, 5)

    def setUp(self):
        super().setUp()
        self._sync_only()
        self.case = self._case(self.debtor)

    def _open(self, user, method):
        self.env.flush_all()
        self.env.invalidate_all()
        case = self.case.with_user(user or self.env.user)
        action = getattr(case, method)()
        return case.env[action["res_model"]].browse(action["res_id"])

    def _call(self, user=None):
        """Ask for a call as a user does, by the button of the case."""
        return self._open(user, "action_call")

    def _log(self, user=None, **values):
        """Open the panel for a contact that was made already."""
        panel = self._open(user, "action_log_contact")
        panel.write(values)
        return panel

    def _save(self, panel, outcome="talk", **values):
        panel.write({"outcome": outcome, **values})
        panel.action_save()
        return self._contacts(self.debtor)[-1:]

    def _made(self):
        """Return the contacts of the debtor that people made, with sudo.

        Not those that they were not allowed to make.
        """
        return (
            self._contacts(self.debtor)
            .sudo()
            .filtered("user_id")
            .filtered(lambda contact: contact.state != "blocked")
        )


class TestReservation(PanelCommon):
    """A contact that is allowed has its place before it is made."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_cap(1, name="One a Week")

    def test_an_allowed_call_has_its_place_at_once(self):
        panel = self._call(self.first)
        self.assertEqual(panel.verdict, "allow")
        self.assertFalse(panel.alternatives)
        self.assertRecordValues(
            self._made(),
            [
                {
                    "state": "reserved",
                    "channel": "call",
                    "user_id": self.first.id,
                    "verdict": "allow",
                    "case_id": self.case.id,
                }
            ],
        )

    def test_who_asks_meanwhile_for_the_last_place_is_told_no(self):
        self._call(self.first)
        panel = self._call(self.second)
        self.assertEqual(panel.verdict, "defer")
        self.assertFalse(panel.contact_id)
        self.assertIn("One a Week: contacts in 7 days: 1 of 1.", panel.verdict_text)
        self.assertEqual(len(self._made()), 1)

    def test_a_message_waits_as_well_while_somebody_calls(self):
        self._call(self.first)
        contact = self._plan_and_deliver()
        self.assertRecordValues(contact, [{"state": "planned", "verdict": "defer"}])

    def test_a_place_that_nobody_used_is_free_after_a_quarter_of_an_hour(self):
        self._call(self.first)
        for clock, result in (("09:14", "defer"), ("09:16", "allow")):
            with self.subTest(clock), self._local(clock):
                self.assertEqual(self._judge(channel="call").result, result)

    def test_the_daily_clean_up_lets_such_places_go_and_no_others(self):
        self._call(self.first)
        reserved = self._made()
        for clock, state in (("09:14", "reserved"), ("09:16", "dropped")):
            with self.subTest(clock), self._local(clock):
                self.env["collection.contact"].sudo()._gc_expired_reservations()
                self.assertEqual(reserved.state, state)
        self.assertEqual(reserved.reason, "Nobody wrote it down.")

    def test_a_place_that_is_given_back_is_free_at_once(self):
        self._call(self.first).action_cancel()
        self.assertEqual(self._made().state, "dropped")
        self.assertEqual(self._call(self.second).verdict, "allow")

    def test_who_closed_the_panel_is_not_refused_for_the_place_it_kept(self):
        closed = self._call(self.first)
        panel = self._call(self.first)
        self.assertEqual(panel.verdict, "allow")
        self.assertEqual(closed.contact_id.sudo().state, "dropped")
        self.assertEqual(panel.contact_id.sudo().state, "reserved")

    def test_a_place_that_a_colleague_keeps_stays_theirs(self):
        panel = self._call(self.first)
        self._call(self.second)
        self.assertEqual(panel.contact_id.sudo().state, "reserved")

    def test_a_closed_panel_does_not_speak_against_logging_the_call_either(self):
        self._call(self.first)
        contact = self._save(self._log(self.first))
        self.assertEqual((contact.verdict, contact.is_incident), ("allow", False))

    def test_asking_for_another_channel_gives_the_first_place_back(self):
        panel = self._call(self.first)
        panel.channel = "visit"
        panel.action_ask()
        self.assertEqual(panel.verdict, "allow")
        self.assertEqual(
            [(contact.channel, contact.state) for contact in self._made()],
            [("call", "dropped"), ("visit", "reserved")],
        )

    def test_a_call_that_was_saved_has_used_its_place_up(self):
        self._save(self._call(self.first))
        with self._day(6):
            self.assertEqual(self._call(self.second).verdict, "defer")
        with self._day(7):
            self.assertEqual(self._call(self.second).verdict, "allow")

    def test_a_call_that_took_long_counts_when_it_is_saved(self):
        panel = self._call(self.first)
        with self._local("09:30"):
            self.env["collection.contact"].sudo()._gc_expired_reservations()
            contact = self._save(panel)
            self.assertRecordValues(
                contact, [{"state": "sent", "reason": False, "is_incident": False}]
            )
            self.assertEqual(self._judge(channel="call").result, "defer")

    def test_saving_again_changes_nothing(self):
        panel = self._call(self.first)
        self._save(panel)
        with self._day(1), self.assertRaises(UserError):
            self._save(panel, "attempted", moment="2026-03-17 12:00:00")
        self.assertRecordValues(
            self._made(), [{"outcome": "talk", "date_done": self.today}]
        )


class TestWritingDown(PanelCommon):
    """What came of a contact is on record, and so is what broke a rule."""

    def test_what_came_of_a_call_is_on_record(self):
        contact = self._save(self._call(self.first), note="Pays on\nFriday")
        self.assertRecordValues(
            contact,
            [
                {
                    "state": "sent",
                    "outcome": "talk",
                    "user_id": self.first.id,
                    "date_done": self.today,
                    "is_incident": False,
                }
            ],
        )
        self.assertIn("Pays on", contact.body)
        self.assertEqual(self.case.date_last_contact, self.today)
        note = self.case.message_ids[0]
        self.assertIn("Phone call · Talked with the debtor · Pays on", str(note.body))
        self.assertTrue(note.subtype_id.internal)
        self.assertFalse(note.notified_partner_ids)

    def test_a_call_in_vain_is_no_last_contact(self):
        self._save(self._call(self.first), "attempted")
        self.assertFalse(self.case.date_last_contact)

    def test_what_is_not_allowed_cannot_be_saved(self):
        self._forbid("call")
        panel = self._call(self.first)
        with self.assertRaises(UserError):
            self._save(panel)
        self.assertFalse(self._made())

    def test_a_past_contact_within_the_rules_is_no_incident(self):
        contact = self._save(self._log(self.first, moment=self._get_instant("08:00")))
        self.assertRecordValues(
            contact,
            [
                {
                    "state": "sent",
                    "verdict": "allow",
                    "date_sent": self._get_instant("08:00"),
                    "is_incident": False,
                }
            ],
        )
        self.assertFalse(self.case.activity_ids)

    def test_a_past_contact_that_broke_a_rule_is_an_incident(self):
        self._allow_contacts(hours=OPEN, name="Hours of the Law")
        contact = self._save(
            self._log(self.first, moment=self._get_instant("09:00", days=-1))
        )
        self.assertRecordValues(
            contact, [{"state": "sent", "verdict": "defer", "is_incident": True}]
        )
        activity = self.case.activity_ids
        self.assertEqual(activity.summary, "A contact broke a rule")
        self.assertIn("Hours of the Law: not at this hour", str(activity.note))
        self.assertTrue(
            activity.user_id.has_group("collections_mgmt.group_collection_manager")
        )

    def test_a_past_contact_is_judged_by_the_rules_of_its_day(self):
        yesterday = self._get_instant("09:00", days=-1)
        self._forbid(date_from=self.today)
        self.assertFalse(self._save(self._log(moment=yesterday)).is_incident)
        self._forbid(date_to=self.today - timedelta(days=1))
        self.assertTrue(self._save(self._log(moment=yesterday)).is_incident)

    def test_a_past_contact_is_judged_by_the_calendar_of_its_day(self):
        self._allow_contacts(skip_holidays=True)
        self.env["collection.holiday"].create(
            {"name": "A Day", "date": self.today - timedelta(days=5)}
        )
        for days, broke in ((-6, False), (-5, True)):
            moment = self._get_instant("12:00", days=days)
            with self.subTest(days=days):
                contact = self._save(self._log(moment=moment))
                self.assertEqual(contact.is_incident, broke)

    def test_a_past_contact_takes_its_place_in_the_budget(self):
        self._create_cap(1)
        self._save(self._log(moment=self._get_instant("09:00", days=-3)))
        self.assertEqual(self._judge().result, "defer")
        with self._day(4):
            self.assertEqual(self._judge().result, "allow")

    def test_an_old_contact_does_not_turn_the_last_one_back(self):
        self._save(self._call(self.first))
        self._save(self._log(moment=self._get_instant("09:00", days=-9)))
        self.assertEqual(self.case.date_last_contact, self.today)

    def test_a_contact_in_the_future_is_refused(self):
        panel = self._log()
        with self.assertRaises(ValidationError):
            self._save(panel, moment=self._get_instant("09:01"))
        self.assertFalse(self._made())

    def test_a_contact_is_made_when_it_was_asked_for(self):
        panel = self._call(self.first)
        with self._local("09:10"):
            contact = self._save(panel, moment=self._get_instant("09:00", days=-9))
        self.assertEqual(contact.date_sent, self._get_instant("09:00"))

    def test_a_past_contact_is_saved_once(self):
        panel = self._log(moment=self._get_instant("08:00"))
        self._save(panel)
        with self.assertRaises(UserError):
            self._save(panel)
        self.assertEqual(len(self._made()), 1)

    def test_nobody_calls_or_logs_on_a_closed_case(self):
        panel = self._call(self.first)
        self._pay(self._items_of_case().move_id)
        self._end_transaction()
        self.assertEqual(self.case.state, "closed")
        for name in ("action_call", "action_log_contact"):
            with self.subTest(name), self.assertRaises(UserError):
                getattr(self.case.with_user(self.first), name)()
        panel.invalidate_recordset()
        with self.assertRaises(UserError):
            panel.action_ask()

    def _items_of_case(self):
        return self.case.item_ids


class TestOverride(PanelCommon):
    """Managers go on over rules, for a reason, and over stops never."""

    def _override(self, user=None, **values):
        panel = self._call(user)
        panel.write({"override_reason": "He asked for it", **values})
        panel.action_override()
        return panel

    def test_a_manager_goes_on_over_policy_with_a_reason(self):
        self._forbid("call", severity="policy")
        panel = self._override()
        self.assertRecordValues(
            self._made(),
            [
                {
                    "state": "reserved",
                    "verdict": "block",
                    "override_reason": "He asked for it",
                    "exemption": False,
                }
            ],
        )
        contact = self._save(panel)
        self.assertRecordValues(contact, [{"state": "sent", "is_incident": False}])

    def test_without_a_reason_nobody_goes_on(self):
        self._forbid("call", severity="policy")
        with self.assertRaises(UserError):
            self._override(override_reason=False)
        self.assertFalse(self._made())

    def test_a_collector_goes_on_over_nothing(self):
        self._forbid("call", severity="policy")
        self.assertFalse(self._call(self.first).may_override)
        with self.assertRaises(AccessError):
            self._override(self.first)
        self.assertFalse(self._made())

    def test_over_law_it_takes_an_exemption(self):
        for severities in (("law",), ("law", "policy")):
            for severity in severities:
                self._forbid("call", severity=severity)
            with self.subTest(severities):
                self.assertTrue(self._call().needs_exemption)
                with self.assertRaises(UserError):
                    self._override()
                self._override(exemption="court")
                self.assertEqual(self._made()[-1].exemption, "court")

    def test_over_what_is_no_rule_of_law_or_policy_nobody_goes_on(self):
        def refuse_rule(severity):
            return lambda: self._forbid("call", severity=severity)

        obstacles = {
            "a stop": self._stop,
            "a stop and a rule": lambda: (self._stop(), self._forbid("call")),
            "a refusal": lambda: self._answer("refused", "call"),
            "no rule": lambda: self._allow_contacts(
                channel_ids=self._channels("email").ids
            ),
            "the provider": refuse_rule("provider"),
            "the debtor's wish": lambda: self.debtor.write(
                {"collection_contact_hours": "20:00-21:00"}
            ),
        }
        for name, obstruct in obstacles.items():
            with self.subTest(name), self.cr.savepoint() as savepoint:
                obstruct()
                self.assertFalse(self._call().may_override)
                with self.assertRaises(AccessError):
                    self._override(exemption="asked")
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertFalse(self._made())

    def test_a_stop_that_came_meanwhile_is_not_passed(self):
        self._forbid("call", severity="policy")
        panel = self._call()
        panel.override_reason = "He asked for it"
        self._stop()
        with self.assertRaises(AccessError):
            panel.action_override()
        self.assertFalse(self._made())

    def test_what_is_allowed_needs_no_override(self):
        panel = self._call()
        self.assertFalse(panel.may_override)
        self.assertEqual(len(self._made()), 1)

    # ALTERNATIVES

    def test_where_a_call_is_not_allowed_the_open_channels_are_named(self):
        self._forbid("call", "visit")
        self._answer("refused", "letter")
        panel = self._call(self.first)
        self.assertEqual(
            self._get_alternatives(panel), ["WhatsApp or other chat", "E-mail"]
        )

    def _get_alternatives(self, panel):
        """Return the channels that a panel names; a text is one of another module."""
        return [name for name in panel.alternatives.split(", ") if name != "SMS"]

    def test_all_channels_are_asked_about_at_once(self):
        self._forbid("call")
        gate_class = self.registry["collection.gate"]
        find_facts = gate_class._get_facts
        with patch.object(
            gate_class, "_get_facts", autospec=True, side_effect=find_facts
        ) as asked:
            self._call(self.first)
        self.assertEqual(asked.call_count, 1)

    def test_open_channels_do_not_count_for_each_other(self):
        self._forbid("call")
        self._create_cap(1)
        self.assertEqual(
            self._get_alternatives(self._call(self.first)),
            ["Visit", "WhatsApp or other chat", "Letter", "E-mail"],
        )

    def test_no_channel_is_named_where_none_is_open(self):
        self._stop()
        self.assertFalse(self._call(self.first).alternatives)


class TestNumber(PanelCommon):
    """A call is asked for by the number that is called."""

    MAIN, OTHER = "+56961234567", "+56977777777"

    def setUp(self):
        super().setUp()
        self.debtor.phone = self.MAIN

    def _call_number(self, number):
        panel = self._call(self.first)
        panel.number = number
        panel.action_ask()
        return panel

    def test_a_number_that_was_refused_is_not_called_and_another_is(self):
        self._answer("refused", "call", address=self.OTHER)
        self.assertEqual(self._call_number(self.OTHER).verdict, "block")
        self.assertEqual(self._call_number(self.MAIN).verdict, "allow")

    def test_a_refusal_of_the_main_number_leaves_the_other(self):
        self._answer("refused", "call", address=self.MAIN)
        self.assertEqual(self._call(self.first).verdict, "block")
        self.assertEqual(self._call_number("9 7777 7777").verdict, "allow")

    def test_where_consent_is_needed_it_is_for_the_number(self):
        self._create_rule("call", kind="consent")
        self._answer("granted", "call", address=self.MAIN)
        self.assertEqual(self._call_number(self.OTHER).verdict, "block")
        self.assertEqual(self._call_number(self.MAIN).verdict, "allow")

    def test_the_number_is_on_record(self):
        panel = self._call_number(self.OTHER)
        self.assertEqual(self._save(panel).address, self.OTHER)

    def test_without_asking_again_another_number_is_judged_when_it_is_saved(self):
        self._answer("refused", "call", address=self.OTHER)
        panel = self._call(self.first)
        self.assertFalse(panel.is_other_number)
        panel.number = self.OTHER
        self.assertTrue(panel.is_other_number)
        contact = self._save(panel)
        self.assertRecordValues(
            contact,
            [{"address": self.OTHER, "verdict": "block", "is_incident": True}],
        )

    def test_a_past_call_is_judged_by_its_number(self):
        self._answer("refused", "call", address=self.OTHER)
        contact = self._save(self._log(self.first, number=self.OTHER))
        self.assertRecordValues(contact, [{"address": self.OTHER, "is_incident": True}])

    def test_the_clock_where_the_number_is_holds_as_well(self):
        self.debtor.country_id = self.env.ref("base.cl")
        self._create_rule("call", hours="09:00-20:00", name="Daytime")
        with self._at("2026-03-16 19:30:00"):
            self.assertEqual(self._call_number(self.MAIN).verdict, "allow")
            panel = self._call_number("+34612345678")
        self.assertEqual(panel.verdict, "defer")
        zones = set(panel.verdict_data["zones"])
        self.assertLessEqual({"America/Santiago", "Europe/Madrid"}, zones)

    def test_without_a_number_any_refusal_holds(self):
        self.debtor.phone = False
        self._answer("refused", "call", address=self.OTHER)
        self.assertEqual(self._call(self.first).verdict, "block")

    def _call_at_work(self, number=False):
        panel = self._call(self.first)
        panel.write({"channel": "work_call", "work_number": number})
        panel.action_ask()
        return panel

    def test_at_work_any_refusal_holds(self):
        self._answer("refused", "call", address=self.OTHER)
        self.assertEqual(self._call_at_work().verdict, "block")

    def test_at_work_a_number_that_was_said_is_asked_for(self):
        self._answer("refused", "call", address=self.OTHER)
        self.assertEqual(self._call_at_work(self.OTHER).verdict, "block")
        self.assertEqual(self._call_at_work("+56222222222").verdict, "allow")

    def test_a_call_at_work_has_the_number_only_if_somebody_said_it(self):
        for number, kept in ((False, False), ("2 2222 2222", "+56222222222")):
            with self.subTest(number):
                contact = self._save(self._call_at_work(number))
                self.assertEqual(contact.address or False, kept)
                content = self.env["collection.contact.content"].search(
                    [("contact_id", "=", contact.id), ("event_id.kind", "=", "sent")]
                )
                self.assertNotIn(self.MAIN, content.content)

    def test_the_clock_where_a_number_at_work_is_holds_as_well(self):
        self._create_rule("call", hours="09:00-20:00", name="Daytime")
        with self._at("2026-03-16 19:30:00"):
            self.assertEqual(self._call_at_work("+34612345678").verdict, "defer")

    def test_a_cleared_number_is_none(self):
        self._answer("refused", "call", address=self.OTHER)
        self.assertEqual(self._call_number(False).verdict, "block")


class TestAddress(PanelCommon):
    """What is sent or visited by hand has the address of who receives it."""

    def setUp(self):
        super().setUp()
        self.person = self.env["res.partner"].create(
            {
                "name": "Person",
                "parent_id": self.debtor.id,
                "type": "other",
                "email": "Person <person@debtor.test>",
                "street": "1 Quiet Lane",
                "city": "Valdivia",
                "country_id": self.chile.id,
            }
        )
        self.debtor.collection_contact_id = self.person

    def _log_by(self, channel):
        return self._save(self._log(self.first, channel=channel))

    def test_an_email_has_the_address_of_who_receives_it(self):
        self.assertRecordValues(
            self._log_by("email"),
            [{"address": "person@debtor.test", "address_partner_id": self.person.id}],
        )

    def test_a_letter_and_a_visit_have_the_postal_address(self):
        for channel in ("letter", "visit"):
            with self.subTest(channel):
                contact = self._log_by(channel)
                self.assertEqual(contact.address_partner_id, self.person)
                for piece in ("Person", "1 Quiet Lane", "Valdivia", "Chile"):
                    self.assertIn(piece, contact.address)

    def test_the_address_is_in_the_evidence(self):
        contact = self._log_by("email")
        content = self.env["collection.contact.content"].search(
            [("contact_id", "=", contact.id), ("event_id.kind", "=", "sent")]
        )
        self.assertIn("person@debtor.test", content.content)
