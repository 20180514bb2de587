from datetime import timedelta
from unittest.mock import patch

from odoo.tools import mute_logger

from ..models.collection_hold import HOLD_KINDS
from .gate_common import GateCommon

LOGGERS = (
    "odoo.addons.collections_mgmt.models.collection_gate",
    "odoo.addons.collections_mgmt.tools.contact_rules",
)


class TestBlocks(GateCommon):
    """What is not allowed does not leave, and is not asked for every day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)

    def _allow_only(self, channel):
        self._allow_contacts(channel_ids=self._channels(channel).ids)

    def test_a_channel_without_any_rule_is_not_allowed_and_says_why(self):
        self._allow_only("call")
        contact = self._plan_and_deliver()
        self.assertRecordValues(
            contact,
            [
                {
                    "state": "blocked",
                    "verdict": "block",
                    "slot": False,
                    "date_done": self.today,
                    "reason": "No contact rule speaks of this channel, so it is not "
                    "allowed: add one.",
                }
            ],
        )
        self.assertEqual(contact.verdict_text, contact.reason)
        self.assertFalse(contact.sudo().mail_mail_id)

    def test_a_wish_of_the_debtor_allows_nothing_by_itself(self):
        self._allow_only("call")
        self.debtor.collection_contact_hours = "00:00-24:00"
        self.assertEqual(self._judge().result, "block")
        self.assertEqual(self._judge(channel="call").result, "allow")

    def test_required_words_allow_nothing_by_themselves(self):
        self._allow_only("call")
        self._create_rule(kind="content")
        self.assertEqual(self._judge().result, "block")

    def test_the_case_says_that_it_is_not_allowed_and_when_it_is_asked_again(self):
        self._forbid("email")
        self._plan_and_deliver()
        case = self._case(self.debtor)
        self.assertEqual(case.decision, "blocked")
        self.assertEqual(
            case.decision_text,
            "Contact rules do not allow “Due”; asked again on 03/23/2026.",
        )
        with self._day(1):
            self._plan()
        self.assertEqual(case.decision, "blocked")
        self.assertTrue(case.needs_person)

    # A STAGE WITH SEVERAL STEPS

    def _add_letter(self, **values):
        """Give the first stage a letter, which is not allowed."""
        self.debtor.write({"street": "1 High Street", "city": "Santiago"})
        self._forbid("letter")
        return self._create_step(self.stage_due, "letter", **values)

    def _get_made(self):
        return [
            (contact.stage_id, contact.channel, contact.state)
            for contact in self._contacts(self.debtor)
        ]

    def test_a_letter_that_is_not_allowed_holds_nothing_back_beside_an_email(self):
        self._add_letter()
        self._run()
        first = [
            (self.stage_due, "email", "sent"),
            (self.stage_due, "letter", "blocked"),
        ]
        self.assertEqual(self._get_made(), first)
        self.assertEqual(self._case(self.debtor).decision, "sent")
        self._run(2)
        self.assertEqual(self._get_made(), first)
        self._run(3)
        self.assertEqual(
            self._get_made(), [*first, (self.stage_first, "email", "sent")]
        )

    def test_where_nothing_of_the_stage_left_the_next_one_waits(self):
        self._add_letter()
        self._forbid("email")
        self._run()
        self.assertFalse(self._run(3))
        self.assertEqual(self._case(self.debtor).decision, "blocked")

    def test_a_late_step_that_is_not_allowed_is_not_asked_for_every_day(self):
        self.stage_first.minimum_days = 8
        self._add_letter(delay_days=4)
        self._run()
        self.assertEqual(self._run(4).mapped("state"), ["blocked"])
        for days in (5, 7):
            with self.subTest(days=days):
                self.assertFalse(self._run(days))
        # Nor does it hold back the next stage.
        self.assertEqual(self._run(8).stage_id, self.stage_first)

    def test_what_a_person_was_not_allowed_holds_nothing_back(self):
        self._forbid("call")
        self._sync_only()
        self._case(self.debtor).action_call()
        self.assertEqual(self._run().state, "sent")

    def test_what_was_not_allowed_is_no_reminder(self):
        self._forbid("email")
        contact = self._plan_and_deliver()
        self.assertFalse(self._items(self.move).stage_id)
        self.assertFalse(any(contact.line_ids.mapped("is_counted")))
        self.assertFalse(contact.case_id.date_last_contact)

    def test_it_is_asked_for_again_after_a_week_and_not_before(self):
        rule = self._forbid("email")
        contact = self._plan_and_deliver()
        self.assertEqual(contact.retry_date, self.today + timedelta(days=7))
        for days in range(7):
            with self.subTest(days=days):
                self.assertFalse(self._run(days))
        self.assertEqual(self._run(7).state, "blocked")
        rule.active = False
        self.assertEqual(self._run(7).state, "sent")
        self.assertEqual(self._items(self.move).stage_id, self.stage_due)

    def test_after_a_consent_the_next_run_asks_again(self):
        self._create_rule("email", kind="consent", name="Consent First")
        contact = self._plan_and_deliver()
        self.assertEqual(
            contact.reason,
            "Consent First: the debtor has not agreed to this channel.",
        )
        self.assertFalse(self._run(1))
        self._answer("granted")
        self.assertEqual(self._run(1).state, "sent")

    def test_after_a_change_of_rules_or_address_the_next_run_asks_again(self):
        rule = self._create_rule("email", kind="prohibition", name="Never Here")
        changes = {
            "a rule": lambda debtor: rule.write({"active": False}),
            "a new rule": lambda debtor: self._allow_contacts(),
            "the address": lambda debtor: debtor.write({"city": "Arica"}),
        }
        for name, change in changes.items():
            with self.subTest(name):
                rule.active = True
                debtor = self._create_chilean(name)
                self._create_overdue_invoice(debtor, 5)
                self._plan_and_deliver()
                blocked = self._contacts(debtor)
                self.assertEqual(blocked.state, "blocked")
                self.assertGreater(blocked.retry_date, self.today)
                change(debtor)
                self.assertEqual(blocked.retry_date, self.today)

    def test_after_the_end_of_a_stop_the_next_run_asks_again(self):
        ends = {
            "given an end": lambda stop: stop.sudo().write({"date_to": self.today}),
            "over": self._let_stop_be_over,
        }
        debtors = {name: self._create_chilean(name) for name in ends}
        stops = {}
        for name, debtor in debtors.items():
            self._create_overdue_invoice(debtor, 5)
            stops[name] = self._stop(debtor)
        blocked = self._plan_and_deliver()
        self._run(1)
        for name, end in ends.items():
            end(stops[name])
        self._run(1)
        for name, debtor in debtors.items():
            with self.subTest(name):
                first, second = self._contacts(debtor)
                self.assertIn(first, blocked)
                self.assertEqual((first.state, second.state), ("blocked", "sent"))

    def test_a_stop_with_an_end_is_asked_for_again_after_it(self):
        self._stop(date_to=self.today + timedelta(days=2))
        contact = self._plan_and_deliver()
        self.assertEqual(contact.retry_date, self.today + timedelta(days=3))
        for days in range(3):
            self.assertFalse(self._run(days))
        self.assertEqual(self._run(3).state, "sent")


class TestStops(GateCommon):
    """Nobody reaches a debtor who must not be contacted."""

    def test_a_stop_of_each_kind_stops_messages_and_calls(self):
        debtors = {kind: self._create_chilean(label) for kind, label in HOLD_KINDS}
        for kind, debtor in debtors.items():
            self._create_overdue_invoice(debtor, 5)
            self._stop(debtor, kind=kind)
        self._plan_and_deliver()
        for kind, debtor in debtors.items():
            with self.subTest(kind):
                self.assertEqual(self._contacts(debtor).state, "blocked")
                self.assertIn("nothing may be sent", self._contacts(debtor).reason)
                self.assertEqual(self._judge(debtor, "call").result, "block")

    def test_it_says_what_stops(self):
        self._stop(kind="lawyer", date_to=self.today)
        self.assertEqual(
            self._explain(),
            "Represented by a lawyer: nothing may be sent before Tue 17 Mar 00:00.\n"
            "Next lawful moment: Tue 17 Mar 00:00 for the debtor (America/Santiago), "
            "Tue 17 Mar 03:00 UTC.",
        )

    def test_a_stop_on_some_channels_leaves_the_others_open(self):
        self._stop(channel_ids=self._channels("call", "visit").ids)
        results = {
            channel: self._judge(channel=channel).result
            for channel in ("email", "letter", "call", "visit")
        }
        self.assertEqual(
            results,
            {"email": "allow", "letter": "allow", "call": "block", "visit": "block"},
        )

    def test_a_stop_holds_to_the_end_of_its_last_day_where_the_debtor_is(self):
        self._stop(date_to=self.today)
        for clock, days, result in (
            ("23:59", 0, "block"),
            ("00:00", 1, "allow"),
        ):
            with self.subTest(clock), self._local(clock, days):
                self.assertEqual(self._judge().result, result)

    def test_a_stop_of_another_company_or_debtor_stops_nothing(self):
        second = self._create_creditor("Second Creditor")
        self._stop(company_id=second.id)
        self._stop(self._create_chilean("Other"))
        self.assertEqual(self._judge().result, "allow")

    def test_a_stop_for_every_company_stops_each(self):
        self._stop(company_id=False)
        self.assertEqual(self._judge().result, "block")

    def test_a_stop_on_a_contact_person_stops_the_debtor(self):
        person = self.env["res.partner"].create(
            {"name": "Person", "parent_id": self.debtor.id}
        )
        self._stop(person)
        self.assertEqual(self._judge().result, "block")

    def test_a_stop_that_begins_in_some_days_stops_nothing_yet(self):
        self._stop(date_from=self.today + timedelta(days=1))
        self.assertEqual(self._judge().result, "allow")
        with self._local("00:00", days=1):
            self.assertEqual(self._judge().result, "block")

    def test_a_refused_channel_is_stopped_and_the_others_are_not(self):
        self._answer("refused", "email")
        self.assertEqual(
            self._explain(), "The debtor refused this channel: nothing may be sent."
        )
        self.assertEqual(self._judge(channel="call").result, "allow")

    def test_the_last_answer_counts(self):
        self._create_rule(kind="consent")
        for state, result in (
            ("refused", "block"),
            ("granted", "allow"),
            ("refused", "block"),
        ):
            self._answer(state)
            with self.subTest(state):
                self.assertEqual(self._judge().result, result)

    def test_consent_to_one_company_or_channel_is_none_to_another(self):
        self._create_rule(kind="consent")
        second = self._create_creditor("Second Creditor")
        self._answer("granted", "email", company_id=second.id)
        self._answer("granted", "call")
        self.assertEqual(self._judge().result, "block")
        self.assertEqual(self._judge(channel="call").result, "allow")


class TestOutgoingQueue(GateCommon):
    """A mail leaves only while it is lawful, however long it waited."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._allow_contacts(hours="08:00-10:00")
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)

    def setUp(self):
        super().setUp()
        self.contact = self._plan_and_deliver()
        self.assertEqual(self.contact.state, "queued")

    def _process_queue(self):
        """Let the job of the outgoing queue do its work; return what left."""
        with self.mock_mail_gateway(mail_unlink_sent=True):
            self.env["mail.mail"].sudo().process_email_queue()
        self.env.flush_all()
        return self.emails

    def test_a_mail_leaves_while_the_window_is_open(self):
        with self._local("09:49"):
            self.assertTrue(self._process_queue())
        self.assertEqual(self.contact.state, "sent")

    def test_a_mail_that_waited_until_the_window_closed_does_not_leave(self):
        mail = self.contact.sudo().mail_mail_id
        with self._local("10:00"):
            self.assertFalse(self._process_queue())
        self.assertRecordValues(
            self.contact, [{"state": "planned", "verdict": "defer", "date_sent": False}]
        )
        opening = self._get_instant("08:00", days=1)
        self.assertGreaterEqual(self.contact.slot, opening)
        self.assertFalse(mail.exists(), "It is written anew then.")
        self.assertFalse(self._items(self.move).stage_id)

    def test_nor_when_a_person_sends_it(self):
        with self._local("10:00"), self.mock_mail_gateway(mail_unlink_sent=True):
            self.contact.sudo().mail_mail_id.send()
        self.assertFalse(self.emails)

    def test_it_leaves_at_its_moment_and_not_before(self):
        with self._local("10:00"):
            self._process_queue()
        slot = self.contact.slot
        with self._at(slot - timedelta(seconds=1)):
            self._deliver_ready()
            self.assertFalse(self._process_queue())
        with self._at(slot):
            self._deliver_ready()
            self.assertTrue(self._process_queue())
        self.assertEqual(self.contact.state, "sent")
        self.assertEqual(self._items(self.move).stage_id, self.stage_due)

    def test_the_jobs_are_called_for_that_moment_and_not_all_night(self):
        triggers = self.env["ir.cron.trigger"].sudo()
        deliveries = [
            ("cron_id.model_name", "=", "collection.contact"),
            ("cron_id.code", "=", "model._cron_deliver()"),
        ]
        before = triggers.search([])
        with self._local("10:00"):
            self._process_queue()
        slot = self.contact.slot
        called = triggers.search(deliveries) - before
        in_time = slot + timedelta(minutes=1)
        self.assertTrue(called)
        for at in called.mapped("call_at"):
            self.assertTrue(slot <= at <= in_time)
        before = triggers.search([])
        with self._local("12:00"):
            self._process_queue()
        self.assertFalse(triggers.search([]) - before)

    def test_a_stop_calls_back_what_is_in_the_queue(self):
        self._stop()
        mail = self.contact.sudo().mail_mail_id
        self.assertFalse(self._process_queue())
        self.assertEqual(self.contact.state, "blocked")
        self.assertEqual(mail.state, "cancel")
        self.assertFalse(self._items(self.move).stage_id)

    def test_a_mail_that_failed_is_not_sent_again_against_the_rules(self):
        self._fail_mails()
        self.assertEqual(self.contact.state, "failed")
        mail = self.contact.sudo().mail_mail_id
        for rule in ("10:00", "stop"):
            with self.subTest(rule), self.cr.savepoint() as savepoint:
                if rule == "stop":
                    self._stop()
                    rule = "09:00"
                mail.mark_outgoing()
                with self._local(rule):
                    self.assertFalse(self._process_queue())
                self.assertEqual((mail.state, self.contact.state), ("cancel", "failed"))
                savepoint.rollback()
                self.env.invalidate_all()
        mail.mark_outgoing()
        self.assertTrue(self._process_queue())
        self.assertEqual(self.contact.state, "sent")

    def test_who_refuses_its_copy_meanwhile_gets_none(self):
        mail = self.contact.sudo().mail_mail_id
        copied = self._create_debtor("Copy")
        self.debtor.collection_cc_ids = copied
        mail.email_cc = copied.email
        self._answer("refused", address=copied.email)
        self._process_queue()
        reached = [to for email in self.emails for to in email["smtp_to_list"]]
        self.assertEqual(reached, [self.debtor.email])

    def test_other_mails_of_the_queue_leave(self):
        mail = self.env["mail.mail"].create(
            {"email_to": "x@debtor.test", "body_html": "<p>Hello</p>"}
        )
        with self._local("10:00"), self.mock_mail_gateway():
            (mail | self.contact.sudo().mail_mail_id).send()
        self.assertEqual(mail.state, "sent")
        self.assertEqual(self.contact.state, "planned")


class TestErrors(GateCommon):
    """What cannot be judged is not sent, and keeps nobody else from being judged."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls._create_chilean("Good")
        for debtor in (cls.debtor, cls.good):
            cls._create_overdue_invoice(debtor, 5)

    def _check_only_one_is_blocked(self):
        with mute_logger(*LOGGERS):
            self._plan_and_deliver()
        self.assertEqual(self._contacts(self.good).state, "queued")
        contact = self._contacts(self.debtor)
        self.assertRecordValues(contact, [{"state": "blocked", "verdict": "block"}])
        self.assertIn(
            "it could not be judged; nothing is sent meanwhile.", contact.verdict_text
        )

    def test_an_error_in_the_gate_blocks_the_contact_that_has_it(self):
        gate_class = self.registry["collection.gate"]
        select = gate_class._select_rules

        def fail_for_one(gate, rulebook, ask, facts):
            if ask.partner_id == self.debtor.id:
                raise ValueError("Broken")
            return select(gate, rulebook, ask, facts)

        with patch.object(gate_class, "_select_rules", fail_for_one):
            self._check_only_one_is_blocked()

    def test_a_rule_that_cannot_be_read_blocks_those_to_whom_it_applies(self):
        self.debtor.country_id = self.mexico
        rule = self._create_rule(country_id=self.mexico.id)
        self._break(rule, "hours")
        self._check_only_one_is_blocked()

    def test_wishes_that_cannot_be_read_block_their_debtor(self):
        self._break(self.debtor, "collection_contact_hours")
        self._check_only_one_is_blocked()

    def test_granted_hours_that_cannot_be_read_widen_nothing(self):
        self._allow_contacts(hours="10:00-20:00", is_widenable=True)
        self.debtor.collection_granted_hours = "00:00-24:00"
        self.assertEqual(self._judge().result, "allow")
        self._break(self.debtor, "collection_granted_hours")
        with mute_logger(*LOGGERS):
            self.assertEqual(self._judge().result, "defer")

    def _break(self, record, name):
        """Put hours into the database that no constraint lets in."""
        self.env.flush_all()
        self.cr.execute(
            f"UPDATE {record._table} SET {name} = 'whenever' WHERE id = %s",
            [record.id],
        )
        self.env.invalidate_all()
