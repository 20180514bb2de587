from datetime import timedelta

from odoo import SUPERUSER_ID

from ..models.collection_gate import Ask
from .gate_common import OPEN, GateCommon
from .test_bounces import ListenCommon

SPREAD = timedelta(hours=2)


class TestWaiting(GateCommon):
    """What may not leave now leaves by itself at its lawful moment."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._allow_contacts(hours=OPEN, name="Hours of the Law")
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)

    def test_before_the_window_a_message_waits_until_it_opens(self):
        contact = self._plan_and_deliver()
        self.assertRecordValues(contact, [{"state": "planned", "verdict": "defer"}])
        opening = self._get_instant("10:00")
        self.assertLessEqual(opening, contact.slot)
        self.assertLess(contact.slot, opening + SPREAD)
        self.assertFalse(contact.sudo().mail_mail_id)
        self.assertFalse(self._items(self.move).stage_id)

    def test_it_says_which_rule_it_waits_for_and_until_when(self):
        contact = self._plan_and_deliver()
        self.assertEqual(
            contact.verdict_text,
            "Hours of the Law: not at this hour; for the debtor it is Mon 16 Mar "
            "09:00.\nNext lawful moment: Mon 16 Mar 10:00 for the debtor "
            "(America/Santiago), Mon 16 Mar 13:00 UTC.",
        )
        self.assertEqual(contact.verdict_data["zone_basis"], "address")
        self.assertEqual(contact.case_id.decision, "queued")
        self.assertEqual(contact.case_id.next_action_date, self.today)

    def test_it_is_claimed_at_its_moment_and_not_before(self):
        contact = self._plan_and_deliver()
        for moment, claimed in (
            (contact.slot - timedelta(seconds=1), contact.browse()),
            (contact.slot, contact),
        ):
            with self.subTest(moment), self._at(moment):
                self.assertEqual(contact._claim_batch(10), claimed)
                self.assertEqual(contact.search(contact._get_ready_domain()), claimed)

    def test_it_leaves_at_its_moment(self):
        contact = self._plan_and_deliver()
        with self._at(contact.slot):
            self._deliver_ready()
            self._send_mails()
        self.assertRecordValues(contact, [{"state": "sent", "verdict": "allow"}])
        self.assertEqual(
            contact.verdict_text,
            "Allowed by all contact rules.\nKept: Hours of the Law.",
        )
        self.assertEqual(self._items(self.move).stage_id, self.stage_due)

    def test_the_delivery_job_is_called_for_that_moment(self):
        contact = self._plan_and_deliver()
        job = self.env.ref("collections_mgmt.ir_cron_deliver")
        calls = self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", job.id)])
        in_time = contact.slot + timedelta(minutes=1)
        self.assertTrue(
            any(contact.slot <= at <= in_time for at in calls.mapped("call_at"))
        )

    def test_within_the_window_it_leaves_at_once(self):
        with self._local("10:00"):
            contact = self._plan_and_deliver()
        self.assertRecordValues(contact, [{"state": "queued", "slot": False}])

    def test_ten_minutes_before_the_window_closes_no_message_leaves(self):
        for clock, verdict in (("19:49", "allow"), ("19:50", "defer")):
            with self.subTest(clock), self._local(clock):
                self.assertEqual(self._judge().result, verdict)
                self.assertEqual(self._judge(channel="call").result, "allow")

    def test_messages_that_wait_for_the_same_moment_are_spread(self):
        for number in range(5):
            self._create_overdue_invoice(self._create_chilean(f"Debtor {number}"), 5)
        slots = self._plan_and_deliver().mapped("slot")
        self.assertEqual(len(set(slots)), 6)

    def test_a_short_window_is_not_missed_by_spreading(self):
        debtors = self.debtor | self._create_chilean("Other")
        debtors.collection_contact_hours = "MON-FRI 15:00-15:30"
        self._create_overdue_invoice(debtors[1], 5)
        contacts = self._plan_and_deliver()
        self.assertEqual(len(set(contacts.mapped("slot"))), 2)
        with self._at(max(contacts.mapped("slot"))):
            self._deliver_ready()
        self.assertEqual(set(contacts.mapped("state")), {"queued"})
        self.assertEqual(set(contacts.mapped(lambda c: c.slot.date())), {self.today})

    def test_what_matters_more_leaves_first(self):
        """A later stage, then the rank of the case, and only then the order."""
        debtors = [self._create_chilean(f"Debtor {number}") for number in range(4)]
        for debtor in debtors:
            self._create_overdue_invoice(debtor, 5)
        contacts = self._plan().contact_ids
        by_debtor = {
            debtor: contacts.filtered(lambda c, d=debtor: c.partner_id == d)
            for debtor in debtors
        }
        by_debtor[debtors[3]].sudo().stage_id = self.stage_final
        for number, score in enumerate((5.0, 50.0, 20.0)):
            by_debtor[debtors[number]].case_id.sudo().rank_score = score
        self.env.flush_all()
        expected = [debtors[3], debtors[1], debtors[2], debtors[0]]

        claimed = self.env["collection.contact"]._claim_batch(4)
        self.assertEqual(list(claimed.partner_id), expected)

        by_debtor[debtors[3]].sudo().stage_id = self.stage_due  # what is due indeed
        self._deliver_ready()
        waiting = contacts.filtered("slot").sorted("slot").partner_id
        self.assertEqual([d for d in waiting if d in expected[1:]], expected[1:])

    def test_the_order_holds_from_batch_to_batch(self):
        for number in range(5):
            self._create_overdue_invoice(self._create_chilean(f"Debtor {number}"), 5)
        contacts = self._plan().contact_ids
        for number, contact in enumerate(contacts.sorted("id")):
            contact.case_id.sudo().rank_score = 10 * number
        env = self.env(user=SUPERUSER_ID, context={})
        while batch := env["collection.contact"]._claim_batch(2):
            batch._process()
            env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(
            contacts.sorted("slot").case_id.mapped("rank_score"),
            sorted(contacts.case_id.mapped("rank_score"), reverse=True),
        )

    def test_what_is_paid_meanwhile_is_dropped_then(self):
        contact = self._plan_and_deliver()
        self._pay(self.move)
        with self._at(contact.slot):
            self._deliver_ready()
        self.assertEqual(contact.state, "dropped")
        self.assertFalse(contact.sudo().mail_mail_id)

    def test_while_it_waits_the_next_run_plans_nothing_new(self):
        self._allow_contacts(hours="FRI 10:00-20:00")
        contact = self._plan_and_deliver()
        for days in (1, 2, 3):
            self.assertFalse(self._run_ready(days))
        self.assertEqual(contact.state, "planned")
        with self._local("13:00", days=4):
            self._deliver_ready()
        self.assertEqual(contact.state, "queued")

    def _run_ready(self, days):
        with self._day(days):
            return self._plan_and_deliver()

    # REMINDERS: never late

    def test_a_reminder_that_would_come_on_the_due_date_is_dropped(self):
        self._allow_contacts(hours="WED 10:00-20:00")
        debtors = {days: self._create_chilean(f"In {days} days") for days in (2, 3)}
        for days, debtor in debtors.items():
            self._create_overdue_invoice(debtor, -days)
        self._plan_and_deliver()
        late, early = (self._contacts(debtors[days]) for days in (2, 3))
        self.assertRecordValues(
            late | early,
            [
                {
                    "state": "dropped",
                    "stage_id": self.stage_soon.id,
                    "reason": "The contact rules let it arrive only after the due "
                    "date.",
                },
                {"state": "planned", "stage_id": self.stage_soon.id, "reason": False},
            ],
        )

    # TASKS: the collector sees them at once, for the lawful day

    def test_a_task_to_call_falls_due_on_the_day_on_which_a_call_is_lawful(self):
        self._allow_contacts(hours="THU 10:00-20:00")
        self.stage_due.step_ids.channel = "task"
        contact = self._plan_and_deliver()
        self.assertEqual(contact.state, "sent")
        self.assertEqual(
            contact.case_id.activity_ids.date_deadline, self.today + timedelta(days=3)
        )

    def test_a_task_to_call_that_is_never_lawful_is_not_given(self):
        self._forbid("call")
        self.stage_due.step_ids.channel = "task"
        contact = self._plan_and_deliver()
        self.assertEqual(contact.state, "blocked")
        self.assertFalse(contact.case_id.activity_ids)

    # BESIDE THE GATE

    def test_in_test_mode_nobody_is_asked(self):
        self.env.company.collection_test_mode = True
        contact = self._plan_and_deliver()
        self.assertRecordValues(contact, [{"state": "test", "verdict": False}])

    def test_what_needs_approval_waits_for_its_moment_after_it(self):
        self.strategy.stage_ids.needs_approval = True
        contact = self._plan_and_deliver()
        self.assertRecordValues(contact, [{"state": "review", "verdict": False}])
        contact.action_approve()
        self._deliver_ready()
        self.assertRecordValues(contact, [{"state": "planned", "verdict": "defer"}])
        with self._at(contact.slot):
            self._deliver_ready()
        self.assertEqual(contact.state, "queued")


class TestThanks(GateCommon):
    """Thanks for a payment are asked for: as a message that is of no stage."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)
        cls.env.company.collection_thanks_template_id = cls.template

    def setUp(self):
        super().setUp()
        with self._local("10:00"):
            self._plan_and_deliver()
            self._send_mails()
        self.payment = self._pay(self.move)
        self._end_transaction()
        self.thanks = self._contacts(self.debtor)[-1]
        self.assertTrue(self.thanks._is_thanks())

    def test_what_is_allowed_leaves_with_its_verdict(self):
        self._deliver_ready()
        self.assertRecordValues(self.thanks, [{"state": "queued", "verdict": "allow"}])

    def test_whatever_stops_contacts_stops_them(self):
        kinds = self.env["collection.hold"]._fields["kind"].get_values(self.env)
        for kind in kinds:
            with self.subTest(kind), self.cr.savepoint() as savepoint:
                self._stop(kind=kind)
                self._deliver_ready()
                self.assertRecordValues(
                    self.thanks, [{"state": "blocked", "verdict": "block"}]
                )
                self.assertTrue(self.thanks.reason)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_who_refused_every_e_mail_gets_none(self):
        self._answer("refused")
        self._deliver_ready()
        self.assertEqual(self.thanks.state, "blocked")

    def test_who_refused_e_mails_about_what_is_due_gets_them(self):
        self._answer("refused", purpose="dunning")
        self._deliver_ready()
        self.assertEqual(self.thanks.state, "queued")

    def test_a_rule_on_stages_is_not_about_them(self):
        for kind in ("reminder", "dunning", "costs"):
            self._forbid(stage_kind=kind)
        self._deliver_ready()
        self.assertEqual(self.thanks.state, "queued")

    def test_they_wait_for_a_lawful_moment(self):
        self._create_rule(hours="10:00-20:00")
        self._deliver_ready()
        self.assertRecordValues(self.thanks, [{"state": "planned", "verdict": "defer"}])
        with self._at(self.thanks.slot):
            self._deliver_ready()
        self.assertEqual(self.thanks.state, "queued")

    def test_in_the_outgoing_queue_they_are_asked_for_again(self):
        self._deliver_ready()
        self._stop()
        self.assertFalse(self._send_mails())
        self.assertEqual(self.thanks.state, "blocked")

    def test_thanks_that_were_stopped_hold_no_dunning_back(self):
        stop = self._stop()
        self._deliver_ready()
        self.assertEqual(self.thanks.state, "blocked")
        self.payment.action_draft()
        self.payment.action_cancel()
        self._let_stop_be_over(stop)
        self.thanks.sudo().retry_date = self.today + timedelta(days=90)
        with self._day(20):
            self._plan()
        self.assertEqual(self._case(self.debtor).decision, "send")
        self.assertEqual(self._contacts(self.debtor)[-1].stage_id, self.stage_first)


class TestBudget(GateCommon, ListenCommon):
    """A debtor has one budget of contacts, whoever takes from it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)

    def test_a_used_up_cap_lets_a_message_wait_and_says_how_much_is_used(self):
        self._create_cap(2, name="Two a Week")
        self._sync_only()
        self._note_contact("call", days=6)
        self._note_contact("visit", days=1)
        contact = self._plan_and_deliver()
        self.assertRecordValues(contact, [{"state": "planned", "verdict": "defer"}])
        [reason] = contact.verdict_data["reasons"]
        self.assertEqual((reason["used"], reason["maximum"]), (2, 2))
        self.assertIn("Two a Week: contacts in 7 days: 2 of 2.", contact.verdict_text)
        self.assertEqual(contact.slot.date(), self.today + timedelta(days=1))
        self.assertGreaterEqual(contact.slot, self._get_instant("09:00", days=1))

    def test_what_is_left_of_a_cap_is_on_record_when_a_message_leaves(self):
        cap = self._create_cap(2)
        self._sync_only()
        self._note_contact(days=1)
        contact = self._plan_and_deliver()
        self.assertEqual(contact.state, "queued")
        [spoken] = [
            reason
            for reason in contact.verdict_data["spoken"]
            if reason["rule_id"] == cap.id
        ]
        self.assertEqual((spoken["used"], spoken["maximum"]), (1, 2))

    def test_e_mail_and_letter_of_one_stage_share_a_counter(self):
        self.debtor.write({"street": "Main Street 1", "city": "Town"})
        self._create_step(self.stage_due, "letter")
        self._create_cap(1)
        self._plan_and_deliver()
        email, letter = self._contacts(self.debtor)
        self.assertRecordValues(
            email | letter,
            [
                {"channel": "email", "state": "queued"},
                {"channel": "letter", "state": "planned"},
            ],
        )
        self.assertEqual(letter.slot.date(), self.today + timedelta(days=7))

    def test_several_messages_to_one_debtor_in_one_batch_count_for_each_other(self):
        self.strategy.grouping = "invoice"
        for _number in range(2):
            self._create_overdue_invoice(self.debtor, 5)
        other = self._create_chilean("Other")
        self._create_overdue_invoice(other, 5)
        self._create_cap(2)
        self._plan_and_deliver()
        states = self._contacts(self.debtor).mapped("state")
        self.assertEqual(states, ["queued", "queued", "planned"])
        self.assertEqual(self._contacts(other).state, "queued")

    def test_a_cap_per_invoice_counts_each_invoice_alone(self):
        self.strategy.grouping = "invoice"
        self._create_overdue_invoice(self.debtor, 5)
        self._create_cap(1, cap_scope="debt")
        contacts = self._plan_and_deliver()
        self.assertEqual(contacts.mapped("state"), ["queued", "queued"])
        self.assertEqual(self._judge(debt_ids=frozenset(self.move.ids)).result, "defer")

    def test_a_message_in_the_outgoing_queue_has_taken_its_place(self):
        self._create_cap(1)
        self._plan_and_deliver()
        self.assertEqual(self._judge(channel="call").result, "defer")

    def test_a_message_that_came_back_gives_its_place_back(self):
        self._create_cap(1)
        contact = self._run()
        self.assertEqual(self._judge(channel="call").result, "defer")
        self._bounce(contact)
        self.assertEqual(self._judge(channel="call").result, "allow")

    def test_a_message_that_never_left_gives_its_place_back(self):
        self._create_cap(1)
        self._plan_and_deliver()
        self._fail_mails()
        self.assertEqual(self._judge(channel="call").result, "allow")

    def test_a_task_is_no_contact_yet(self):
        self.stage_due.step_ids.channel = "task"
        self._create_cap(1)
        self.assertEqual(self._run().state, "sent")
        self.assertEqual(self._judge(channel="call").result, "allow")

    def test_thanks_take_a_place_except_of_rules_on_dunning_alone(self):
        self.env.company.collection_thanks_template_id = self.template
        self._run()
        self._pay(self.move)
        self._end_transaction()
        self._deliver_ready()
        self.assertEqual(self._contacts(self.debtor)[1].state, "queued")
        cap = self._create_cap(2, stage_kind="dunning")
        self.assertEqual(self._judge().result, "allow")
        cap.active = False
        self._create_cap(2)
        self.assertEqual(self._judge().result, "defer")

    def test_messages_about_promises_take_a_place_like_others(self):
        self._sync_only()
        promise = self._create_promise(self.move)
        Contact = self.env["collection.contact"].sudo()
        rules = {
            "any": self._create_cap(1),
            "dunning": self._create_cap(1, stage_kind="dunning"),
        }
        for message, counted in {
            "reminder": {"any"},
            "proposal": {"any", "dunning"},
            "default": {"any", "dunning"},
        }.items():
            with self.subTest(message):
                contact = Contact._plan_promise_messages(promise, message)
                contact._set_queued()
                for name, rule in rules.items():
                    (rules["any"] | rules["dunning"]).active = False
                    rule.active = True
                    expected = "defer" if name in counted else "allow"
                    self.assertEqual(self._judge(channel="call").result, expected)
                contact._set_failed("Test")

    def test_a_creditor_counts_its_own_contacts_and_an_agency_all(self):
        second = self._create_creditor("Second Creditor")
        self._create_overdue_invoice(self.debtor, 5, company=second)
        self._plan(companies=second)
        self._deliver_ready()
        self._create_cap(1)
        for actor, verdict in (("creditor", "allow"), ("agency", "defer")):
            with self.subTest(actor):
                self.env.company.collection_actor = actor
                self.assertEqual(self._judge().result, verdict)


class TestManyAtOnce(GateCommon):
    """Asking costs the same for one message and for many."""

    def _create_waiting(self, name, count):
        for number in range(count):
            debtor = self._create_chilean(f"{name} {number}")
            self._create_overdue_invoice(debtor, 5)
        return self._plan().contact_ids

    def _count_queries(self, contacts):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        contacts.sudo().browse(contacts.ids)._pass_gate()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def _compare(self, state):
        self._create_cap(9)
        first = self._create_waiting("First", 5)
        few = self._create_waiting("Few", 5)
        many = self._create_waiting("Many", 20)
        self._count_queries(first)  # fills the caches that outlive a transaction
        queries_for_few = self._count_queries(few)
        # Odoo empties caches of its own now and then.
        self.assertLessEqual(self._count_queries(many), queries_for_few + 2)
        self.assertEqual(set((few | many).mapped("verdict")), {state})

    def test_the_gate_alone_takes_the_same_queries_for_any_number(self):
        """With contacts of before, stops and answers, which are facts of each."""
        self._create_cap(9)
        debtors = self._create_waiting("Any", 22).partner_id
        self._deliver_ready()
        for debtor in debtors:
            self._stop(debtor, channel_ids=self._channels("call").ids)
            self._answer("granted", partner=debtor)
        gate = self.env["collection.gate"]
        counts = []
        for asked in (debtors[:2], debtors[:2], debtors[2:]):  # the first fills caches
            asks = [Ask(debtor.id, "email") for debtor in asked]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            answers = gate._judge(self.env.company, asks)
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(len(answers), len(asked))
        self.assertLessEqual(counts[2], counts[1])
        self.assertLess(counts[1], 25)

    def test_what_leaves_is_asked_for_with_the_same_queries(self):
        self._compare("allow")

    def test_what_waits_is_asked_for_with_the_same_queries(self):
        self._allow_contacts(hours=OPEN)
        self._compare("defer")

    def test_what_is_stopped_is_asked_for_with_the_same_queries(self):
        self._forbid("email")
        self._compare("block")
