from datetime import timedelta

from odoo import Command
from odoo.exceptions import ValidationError

from .common import CollectionCommon

# What became of a message since it was decided; see test_delivery.
OUTCOMES = {"sent", "dropped", "skipped"}
# Those that need more than an invoice; see test_rules.
TESTED_APART = {
    "review",
    "hold",
    "replied",
    "promised",
    "disputed",
    "held",  # test_item_hold
    "tolerance",
    "blocked",  # test_gate_stops
    "condition",
}


class TestDecision(CollectionCommon):
    """Which stage is due on which day, or why nothing is done."""

    # STAGES, one at a time

    def test_the_first_message_depends_on_the_days_late(self):
        expected = {
            -30: None,
            -4: None,
            -3: "Soon",
            -2: "Soon",
            -1: "Soon",
            0: "Due",
            1: "Due",
            2: "Due",
            3: "Due",
            9: "Due",
            10: "Due",
            30: "Due",
            400: "Due",
        }
        debtors = {days: self._create_debtor(f"Late {days}") for days in expected}
        for days, debtor in debtors.items():
            self._create_overdue_invoice(debtor, days)
        self._plan()
        for days, stage in expected.items():
            with self.subTest(days=days):
                contacts = self._contacts(debtors[days])
                self.assertEqual(contacts.stage_id.name or None, stage)
                self.assertEqual(len(contacts), 1 if stage else 0)

    def test_an_item_climbs_one_stage_when_both_its_days_have_come(self):
        due, first = self.stage_due, self.stage_first
        second, final, call = self.stage_second, self.stage_final, self.stage_call
        table = [
            # standing in, since days, days late, next stage
            (due, 100, 2, None),
            (due, 100, 3, first),
            (due, 100, 400, first),
            (due, 2, 50, None),
            (due, 3, 50, first),
            (first, 100, 9, None),
            (first, 100, 10, second),
            (first, 4, 50, None),
            (first, 5, 50, second),
            (second, 100, 19, None),
            (second, 100, 20, final),
            (final, 100, 29, None),
            (final, 100, 30, call),
            (final, 4, 30, None),
            (call, 100, 31, None),
            (call, 100, 400, None),
        ]
        debtors = [
            self._create_debtor(f"Debtor {index}") for index in range(len(table))
        ]
        moves = [
            self._create_overdue_invoice(debtor, late)
            for debtor, (_stage, _since, late, _next) in zip(
                debtors, table, strict=True
            )
        ]
        self._sync_only()
        for move, (stage, since, _late, _next) in zip(moves, table, strict=True):
            self._stand(move, stage, since)
        self._plan()
        for debtor, (stage, since, late, following) in zip(debtors, table, strict=True):
            with self.subTest(standing=stage.name, since=since, late=late):
                self.assertEqual(
                    self._contacts(debtor).stage_id, following or stage.browse()
                )

    def test_the_wait_names_the_next_stage_and_its_day(self):
        table = [
            # standing in, since days, days late, next stage, days until it
            (self.stage_due, 2, 2, self.stage_first, 1),  # 3 late, 3 since: day 1
            (self.stage_due, 0, 50, self.stage_first, 3),  # 3 days since the last
            (self.stage_first, 1, 4, self.stage_second, 6),  # 10 late in 6 days
            (self.stage_first, 0, 8, self.stage_second, 5),  # 5 days since: later
            (self.stage_second, 10, 15, self.stage_final, 5),
        ]
        debtors = [
            self._create_debtor(f"Debtor {index}") for index in range(len(table))
        ]
        moves = [
            self._create_overdue_invoice(debtor, row[2])
            for debtor, row in zip(debtors, table, strict=True)
        ]
        self._sync_only()
        for move, (stage, since, *_rest) in zip(moves, table, strict=True):
            self._stand(move, stage, since)
        self._plan()
        for debtor, row in zip(debtors, table, strict=True):
            stage, since, late, following, days = row
            with self.subTest(standing=stage.name, since=since, late=late):
                self.assertRecordValues(
                    self._case(debtor),
                    [
                        {
                            "decision": "wait",
                            "decision_stage_id": following.id,
                            "next_action_date": self.today + timedelta(days=days),
                        }
                    ],
                )

    def test_an_old_debt_goes_through_every_stage_without_jumping(self):
        debtor = self._create_debtor("Acme")
        self._create_overdue_invoice(debtor, 200)
        for day in (*range(9), 12, 13, 17, 18, 29):
            self._run(day)
        sent = [
            (contact.stage_id.name, (contact.date_done - self.today).days)
            for contact in self._contacts(debtor)
        ]
        self.assertEqual(
            sent,
            [
                ("Due", 0),
                ("First", 3),  # 3 days since the stage before
                ("Second", 8),  # 5 more
                ("Final", 13),
                ("Call", 18),
            ],
        )

    def test_a_debt_from_its_reminder_to_the_collector(self):
        debtor = self._create_debtor("Acme")
        self._create_overdue_invoice(debtor, -5)
        for day in (1, 2, 3, 4, 5, 7, 8, 14, 15, 24, 25, 34, 35, 39):
            self._run(day)
        sent = [
            (contact.stage_id.name, (contact.date_done - self.today).days - 5)
            for contact in self._contacts(debtor)
        ]
        self.assertEqual(
            sent,
            [
                ("Soon", -3),
                ("Due", 0),
                ("First", 3),
                ("Second", 10),
                ("Final", 20),
                ("Call", 30),
            ],
        )

    def test_an_archived_stage_is_skipped(self):
        self.stage_first.active = False
        debtor = self._create_debtor("Acme")
        move = self._create_overdue_invoice(debtor, 12)
        self._sync_only()
        self._stand(move, self.stage_due, 10)
        self._plan()
        self.assertEqual(self._contacts(debtor).stage_id, self.stage_second)

    def test_an_item_in_an_archived_stage_still_climbs(self):
        debtor = self._create_debtor("Acme")
        move = self._create_overdue_invoice(debtor, 12)
        self._sync_only()
        self._stand(move, self.stage_first, 9)
        self.stage_first.active = False
        self._plan()
        self.assertEqual(self._contacts(debtor).stage_id, self.stage_second)

    def test_a_new_stage_reaches_items_already_overdue_and_takes_none_back(self):
        before, behind = self._create_debtor("Before"), self._create_debtor("Behind")
        moves = [
            self._create_overdue_invoice(debtor, 15) for debtor in (before, behind)
        ]
        self._sync_only()
        self._stand(moves[0], self.stage_first, 10)
        self._stand(moves[1], self.stage_second, 4)
        new = self._create_stage(self.strategy, 6, "New")
        self._plan()
        self.assertEqual(self._contacts(before).stage_id, new)
        self.assertFalse(self._contacts(behind))
        self.assertEqual(self._case(behind).decision_stage_id, self.stage_final)

    def test_a_stage_moved_behind_one_already_sent_does_not_stop_the_run(self):
        debtor, other = self._create_debtor("Acme"), self._create_debtor("Bolt")
        self._create_overdue_invoice(debtor, 40)
        self._run(0)
        self._run(3)
        self.stage_due.days = 5  # now behind “First”, in which the item stands
        self._create_overdue_invoice(other, 5)
        contacts = self._run(8)
        self.assertIn(other, contacts.partner_id)
        self.assertNotIn(
            self.stage_due, self._contacts(debtor)[2:].stage_id, "It was sent before."
        )

    def test_the_stage_of_a_changed_strategy_follows_by_its_days(self):
        debtor = self._create_debtor("Acme")
        move = self._create_overdue_invoice(debtor, 40)
        self._sync_only()
        self._stand(move, self.stage_first, 20)
        debtor.collection_strategy_id = self._create_strategy(
            "Others", {2: ("Other 2", 0, "email"), 7: ("Other 7", 0, "email")}
        )
        self._plan()
        self.assertEqual(self._contacts(debtor).stage_id.name, "Other 7")

    # DECISIONS, each with its reason

    def test_each_decision_has_its_sentence_and_its_date(self):
        in_days = self._in_days
        expected = {
            # decision: sentence, next action, left to a person
            "no_strategy": ("No strategy applies to this debtor.", 0, True),
            "queued": ("“Due” is on its way.", 0, False),
            # the reminder, 3 days before it falls due in 30 days
            "not_due": ("Nothing to do before 04/12/2026.", 27, False),
            "credits": (
                "Unallocated credits of $\xa080.00 cover what is overdue.",
                None,
                False,
            ),
            "minimum": ("$\xa0100.00 is below the minimum amount.", None, False),
            "wait": ("Next: “First” on 03/19/2026.", 3, False),
            "last_stage": ("All stages are done: a collector takes over.", 0, True),
            "failed": (
                "The last message failed; a new attempt on 03/18/2026.",
                2,
                True,
            ),
            "gap": ("Contacted recently: “Due” follows on 03/18/2026.", 2, False),
            "no_address": ("“First” is due, but there is no address.", 0, True),
            "send": ("“Due” is due.", 0, False),
        }
        debtors = {code: self._create_debtor(f"The {code}") for code in expected}
        self._prepare_decisions(debtors)
        self._plan()
        for code, (sentence, days, person) in expected.items():
            with self.subTest(code):
                self.assertRecordValues(
                    self._case(debtors[code]),
                    [
                        {
                            "decision": code,
                            "decision_text": sentence,
                            "next_action_date": days is not None and in_days(days),
                            "decision_date": self.today,
                            "needs_person": person,
                        }
                    ],
                )
        codes = self.env["collection.case"]._fields["decision"].get_values(self.env)
        self.assertEqual(
            set(codes) - OUTCOMES - TESTED_APART,
            set(expected),
            "Each is in the table.",
        )

    def _in_days(self, days):
        return self.today + timedelta(days=days)

    def _prepare_decisions(self, debtors):
        """Bring each debtor to where the decision that is its key is due today."""
        make = self._create_overdue_invoice
        self._create_overdue_invoice(debtors["failed"], 5)
        with self._day(-1):
            self._plan()
            self._deliver()
            self._fail_mails()
        self._create_overdue_invoice(debtors["queued"], 5)
        with self._day(-1):
            self._plan()
        make(debtors["no_strategy"], 5)
        debtors["no_strategy"].collection_strategy_id = False
        make(debtors["not_due"], -30)
        make(debtors["credits"], 5, 80.0)
        self._create_credit_note(debtors["credits"], 80.0)
        make(debtors["minimum"], 5, 100.0)
        debtors["minimum"].collection_strategy_id = self._create_strategy(
            "Minimum", {0: ("Due", 0, "email")}, minimum_amount=500
        )
        self._prepare_standing(debtors["wait"], 2, self.stage_due, 0)
        self._prepare_standing(debtors["last_stage"], 50, self.stage_call, 5)
        debtors["no_address"].email = False
        self.stage_first.step_ids.fallback_channel = False
        self._prepare_standing(debtors["no_address"], 5, self.stage_due, 5)
        self._prepare_standing(debtors["gap"], 5, self.stage_due.browse(), 0)
        self._case(debtors["gap"]).sudo().date_last_contact = self._in_days(-1)
        make(debtors["send"], 5)
        for code, debtor in debtors.items():
            if code not in ("no_strategy", "minimum"):
                debtor.collection_strategy_id = self.strategy
        self.env.company.collection_strategy_id = False

    def _prepare_standing(self, debtor, late, stage, since):
        """Follow an invoice and put it in a stage, without any contact."""
        move = self._create_overdue_invoice(debtor, late)
        self._sync_only()
        if stage:
            self._stand(move, stage, since)
        return move

    def test_no_sentence_has_a_hole(self):
        reminder_only = self._create_strategy("Reminder", {-3: ("Soon", 0, "email")})
        empty = self._create_strategy("Empty", {})
        for strategy in (reminder_only, empty):
            for days in (-30, 5):
                debtor = self._create_debtor(f"{strategy.name} {days}")
                debtor.collection_strategy_id = strategy
                self._create_overdue_invoice(debtor, days)
        self._plan()
        for case in self.env["collection.case"].search([]):
            with self.subTest(case.display_name):
                self.assertTrue(case.decision_text)
                self.assertNotRegex(case.decision_text, r"False|None|“”| \.$")

    def test_until_the_next_action_the_decision_holds(self):
        debtor = self._create_debtor("Acme")
        self._create_overdue_invoice(debtor, -10)
        self._plan()
        case = self._case(debtor)
        next_date = case.next_action_date
        self._plan(self._in_days(6))
        self.assertEqual(case.decision, "not_due")
        self._plan(self._in_days(7))
        self.assertEqual(case.decision, "send", "The reminder, 3 days before.")
        self.assertEqual(next_date, self._in_days(7))

    def test_a_covered_item_does_not_name_the_day_of_the_wait(self):
        debtor = self._create_debtor("Acme")
        move = self._prepare_standing(debtor, 5, self.stage_first, 1)
        self._create_overdue_invoice(debtor, 60, 40.0)
        self._create_credit_note(debtor, 40.0)
        self._plan()
        self.assertRecordValues(
            self._case(debtor),
            [
                {
                    "decision": "wait",
                    "decision_stage_id": self.stage_second.id,
                    "next_action_date": self._in_days(5),  # 10 days late
                }
            ],
        )
        self.assertEqual(self._items(move).amount_credit, 0.0)

    def test_what_changes_by_itself_holds_until_more_is_overdue_or_a_stage_comes(self):
        """Covered, small or too little: the next item decides, the first of its days.

        The strategies begin three days before and five days after the due date.
        """
        early = self._create_strategy("Early", {-3: ("Early", 0, "email")})
        late = self._create_strategy("Late", {5: ("Late", 0, "email")})
        for strategy in early | late:
            strategy.write({"tolerance_amount": 1.0, "minimum_amount": 500.0})
        for strategy, days in ((early, 7), (late, 11)):  # due in 10 days
            for code in ("credits", "tolerance", "minimum"):
                with self.subTest(code, strategy=strategy.name):
                    debtor = self._create_debtor(f"{strategy.name} {code}")
                    debtor.collection_strategy_id = strategy
                    overdue = 1.0 if code == "tolerance" else 80.0
                    self._create_overdue_invoice(debtor, 9, overdue)
                    self._create_overdue_invoice(debtor, -10, 20.0)
                    if code == "credits":
                        self._create_credit_note(debtor, 80.0)
                    self._plan()
                    case = self._case(debtor)
                    self.assertEqual(case.decision, code)
                    self.assertEqual(case.next_action_date, self._in_days(days))
                    self._plan(self._in_days(days - 1))
                    self.assertEqual(case.decision, code)

    def test_what_is_disputed_holds_until_the_first_deadline(self):
        debtor = self._create_debtor("Acme")
        moves = [self._create_overdue_invoice(debtor, 5) for _number in range(3)]
        self._sync_only()
        for move, days in zip(moves, (9, 4, 2), strict=True):
            dispute = self._create_dispute(move)
            dispute.date_deadline = self._in_days(days)
        dispute.write({"answer": "<p>Yes</p>", "tell_debtor": False})
        dispute.action_accept()
        self._plan()
        self.assertRecordValues(
            self._case(debtor),
            [{"decision": "disputed", "next_action_date": self._in_days(4)}],
        )

    def test_what_waits_for_a_person_has_the_day_since_when(self):
        """It is not put off day by day, and its history is not filled with it."""
        debtor = self._create_debtor("Acme")
        move = self._create_overdue_invoice(debtor, 50)
        self._sync_only()
        self._stand(move, self.stage_call, 5)
        case = self._case(debtor)
        for code, days in (("last_stage", (0, 1, 4)), ("replied", (6, 7))):
            if code == "replied":
                case.sudo().reply_date = "2026-03-20 12:00:00"
            for day in days:
                with self.subTest(code, day=day), self._day(day):
                    self._plan()
                    self.assertRecordValues(
                        case,
                        [
                            {
                                "decision": code,
                                "decision_date": self._in_days(days[0]),
                                "next_action_date": self._in_days(days[0]),
                            }
                        ],
                    )
        self.assertEqual(case.decision_ids.mapped("decision").count("last_stage"), 1)

    def test_a_plan_is_for_the_day_it_is_given(self):
        debtor = self._create_debtor("Acme")
        self._create_overdue_invoice(debtor, -10)
        run = self._plan(self._in_days(11))
        self.assertEqual(run.date, self._in_days(11))
        self.assertEqual(run.contact_ids.date_planned, self._in_days(11))
        self.assertEqual(self._case(debtor).amount_overdue, 100.0)


class TestMoneyAndGap(CollectionCommon):
    """Credits, small debts and recent contacts keep a debtor from being chased."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")

    def test_credits_cover_the_oldest_items_first(self):
        newest, oldest, middle = (
            self._create_overdue_invoice(self.debtor, days, 100.0) for days in (1, 9, 5)
        )
        self._create_credit_note(self.debtor, 100.0)
        self._create_payment(self.debtor, 50.0)
        self._plan()
        covered = {move: self._items(move).amount_credit for move in (oldest, middle)}
        self.assertEqual(covered, {oldest: 100.0, middle: 50.0})  # of 150 in all
        self.assertEqual(self._items(newest).amount_credit, 0.0)
        self.assertEqual(self._case(self.debtor).amount_credit, 150.0)
        lines = self._contacts(self.debtor).line_ids.sorted("id")
        climbing = {line.item_id.move_id for line in lines if line.stage_id}
        self.assertEqual(climbing, {middle, newest})
        self.assertEqual(
            lines.item_id.move_id, oldest | middle | newest, "All overdue is listed."
        )

    def test_who_is_covered_by_credits_is_left_alone(self):
        child = self._create_debtor("Acme Shop", parent_id=self.debtor.id, type="other")
        child.is_company = False
        self.assertEqual(child.commercial_partner_id, self.debtor)
        self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._create_payment(child, 100.0)
        self._plan()
        self.assertEqual(self._case(self.debtor).decision, "credits")
        self.assertFalse(self._contacts(self.debtor))

    def test_a_credit_of_a_branch_counts_for_the_root_company(self):
        branch = self._create_branch("Creditor North")
        self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._create_credit_note(self.debtor, 100.0, company=branch)
        self._plan()
        self.assertEqual(self._case(self.debtor).decision, "credits")

    def test_a_credit_in_another_company_does_not_count(self):
        second = self._create_creditor("Second Creditor")
        self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._create_credit_note(self.debtor, 100.0, company=second)
        self._plan()
        self.assertEqual(self._case(self.debtor).decision, "send")

    def test_matched_credits_are_not_counted_again(self):
        invoice = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._match(invoice, self._create_credit_note(self.debtor, 100.0))
        other = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._plan()
        self.assertEqual(self._items(other).amount_credit, 0.0)
        self.assertEqual(self._case(self.debtor).decision, "send")

    def test_debts_below_the_minimum_are_left_alone(self):
        self.strategy.minimum_amount = 50.0
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        table = [
            # amount, currency, credit, decision
            (49.99, None, 0, "minimum"),
            (50.00, None, 0, "send"),
            (120.0, None, 70.01, "minimum"),  # 49.99 net
            (120.0, None, 70.0, "send"),  # 50 net
            (24.0, euro, 0, "minimum"),  # 48 in company currency
            (25.0, euro, 0, "send"),  # 50 in company currency
        ]
        debtors = [
            self._create_debtor(f"Debtor {index}") for index in range(len(table))
        ]
        for debtor, (amount, currency, credit, _code) in zip(
            debtors, table, strict=True
        ):
            self._create_overdue_invoice(debtor, 5, amount, currency=currency)
            if credit:
                self._create_credit_note(debtor, credit)
        self._plan()
        for debtor, (amount, currency, credit, code) in zip(
            debtors, table, strict=True
        ):
            with self.subTest(amount=amount, currency=currency, credit=credit):
                self.assertEqual(self._case(debtor).decision, code)

    def test_the_sentence_of_the_minimum_names_the_net_amount(self):
        self.strategy.minimum_amount = 50.0
        self._create_overdue_invoice(self.debtor, 5, 120.0)
        self._create_credit_note(self.debtor, 80.0)
        self._plan()
        self.assertIn("40.00", self._case(self.debtor).decision_text)  # 120 - 80

    def test_the_minimum_holds_for_messages_up_to_the_due_date_too(self):
        self.strategy.minimum_amount = 50.0
        for days in (-3, 0):
            with self.subTest(days=days):
                debtor = self._create_debtor(f"Debtor {days}")
                self._create_overdue_invoice(debtor, days, 10.0)
                self._plan()
                self.assertFalse(self._contacts(debtor))

    def test_the_amounts_of_a_run_tie_to_the_ledger(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.3)])
        branch = self._create_branch("Creditor North")
        other = self._create_debtor("Bolt")
        make = self._create_overdue_invoice
        make(self.debtor, 5, 100.0)
        self._pay(make(self.debtor, 7, 33.33), 11.11)
        make(self.debtor, 9, 77.77, currency=euro)
        make(self.debtor, -20, 500.0)
        make(other, 40, 12.34, company=branch)
        make(other, 0, 9.99)
        self._get_receivable_lines(make(other, 12, 8.88)).no_followup = True
        self._create_credit_note(other, 5.0)
        run = self._plan()
        ledger = self._get_overdue_in_the_ledger()
        cases = self.env["collection.case"].search([("state", "=", "open")])
        self.assertAlmostEqual(ledger, 100 + 22.22 + 259.23 + 12.34, 2)
        self.assertAlmostEqual(sum(cases.mapped("amount_overdue")), ledger, 2)
        self.assertAlmostEqual(run.amount_overdue, ledger, 2)
        self.assertAlmostEqual(
            sum(run.decision_ids.mapped("amount_overdue")), ledger, 2
        )
        self.assertEqual(run.case_count, len(cases))
        self.assertEqual(sum(run.decision_ids.mapped("case_count")), len(cases))

    def _get_overdue_in_the_ledger(self):
        lines = self.env["account.move.line"].search(
            [
                ("company_id", "child_of", self.env.company.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("date_maturity", "<", self.today),
                ("no_followup", "=", False),
            ]
        )
        return sum(line.amount_residual for line in lines if line.amount_residual > 0)

    # GAP: not again too soon after a message that really left

    def test_the_gap_between_contacts(self):
        for days, decision in ((0, "gap"), (2, "gap"), (3, "send"), (30, "send")):
            with self.subTest(days=days):
                debtor = self._create_debtor(f"Contacted {days}")
                self._create_overdue_invoice(debtor, -10)
                self._plan()
                self._create_overdue_invoice(debtor, 5)
                case = self._case(debtor)
                case.sudo().date_last_contact = self.today - timedelta(days=days)
                self._plan()
                self.assertEqual(case.decision, decision)
                self.assertEqual(bool(self._contacts(debtor)), decision == "send")

    def test_the_gap_counts_from_the_day_the_message_left(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        self._deliver()
        self.assertFalse(self._case(self.debtor).date_last_contact)
        with self._day(2):
            self._send_mails()
        self._create_overdue_invoice(self.debtor, 4)
        last = self.today + timedelta(days=2)
        self.assertEqual(self._case(self.debtor).date_last_contact, last)
        self._plan(self.today + timedelta(days=4))
        self.assertRecordValues(
            self._case(self.debtor),
            [{"decision": "gap", "next_action_date": self.today + timedelta(days=5)}],
        )

    def test_a_new_invoice_waits_for_the_gap(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._run()
        self._create_overdue_invoice(self.debtor, 0)
        self.assertFalse(self._run(2))
        self.assertTrue(self._run(3))

    def test_the_gap_holds_when_the_case_was_closed_in_between(self):
        invoice = self._create_overdue_invoice(self.debtor, 5)
        self._run()
        self._pay(invoice)
        self._run(1)
        self.assertFalse(self._case(self.debtor))
        self._create_overdue_invoice(self.debtor, 0)
        self.assertFalse(self._run(2), "The debtor heard from us two days ago.")
        self.assertTrue(self._run(3))

    def test_a_task_for_a_collector_is_no_contact(self):
        self.debtor.email = False
        self._create_overdue_invoice(self.debtor, 5)
        self._run()
        self.assertEqual(self._contacts(self.debtor).state, "sent")
        self.assertFalse(self._case(self.debtor).date_last_contact)


class TestStrategyChoice(CollectionCommon):
    """The debtor's own strategy, else one whose rule applies, else the default."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls._create_strategy("Own", {0: ("Own", 0, "email")})
        cls.rule = cls._create_strategy(
            "By Rule",
            {0: ("Rule", 0, "email")},
            has_rule=True,
            domain="[('ref', '=', 'VIP')]",
            sequence=5,
        )

    def _get_strategy(self, **values):
        """Return the strategy of a debtor with these values."""
        debtor = self._create_debtor("Debtor", **values)
        self._create_overdue_invoice(debtor, 5)
        self._plan()
        return self._case(debtor).strategy_id

    def test_own_choice_over_rule_over_default(self):
        own = self.own.id
        for expected, values in (
            (self.own, {"ref": "VIP", "collection_strategy_id": own}),
            (self.own, {"collection_strategy_id": own}),
            (self.rule, {"ref": "VIP"}),
            (self.strategy, {"ref": "OTHER"}),
        ):
            with self.subTest(**values):
                self.assertEqual(self._get_strategy(**values), expected)

    def test_the_first_of_two_rules_wins(self):
        later = self.rule.copy({"name": "Later", "sequence": 6})
        self.assertEqual(self._get_strategy(ref="VIP"), self.rule)
        later.sequence = 4
        self.assertEqual(self._get_strategy(ref="VIP"), later)

    def test_rules_that_take_nobody(self):
        second = self._create_creditor("Second Creditor")
        for values in (
            {"has_rule": False},
            {"domain": "[('ref', '=', 'OTHER')]"},
            {"active": False},
            {"company_id": second.id},
        ):
            with self.subTest(**values), self.cr.savepoint():
                self.rule.write(values)
                self.assertEqual(self._get_strategy(ref="VIP"), self.strategy)
                self.rule.write(
                    {
                        "has_rule": True,
                        "domain": "[('ref', '=', 'VIP')]",
                        "active": True,
                        "company_id": False,
                    }
                )

    def test_a_rule_takes_archived_debtors_too(self):
        debtor = self._create_debtor("Debtor", ref="VIP")
        self._create_overdue_invoice(debtor, 5)
        debtor.active = False
        self._plan()
        self.assertEqual(self._case(debtor).strategy_id, self.rule)

    def test_a_rule_over_fields_of_another_company_reads_its_own(self):
        """Company-dependent fields are those of the company of the run."""
        second = self._create_creditor("Second Creditor")
        self.rule.domain = "[('trust', '=', 'bad')]"
        debtor = self._create_debtor("Debtor", trust="good")
        debtor.with_company(second).trust = "bad"
        first = self.env.company
        for company in (first, second):
            self._create_overdue_invoice(debtor, 5, company=company)
        self._plan(companies=first | second)
        strategies = {case.company_id: case.strategy_id for case in self._case(debtor)}
        self.assertEqual(strategies, {first: self.strategy, second: self.rule})

    def test_own_choice_is_made_per_company(self):
        second = self._create_creditor("Second Creditor")
        debtor = self._create_debtor("Debtor")
        debtor.with_company(second).collection_strategy_id = self.own
        for company in (self.env.company, second):
            self._create_overdue_invoice(debtor, 5, company=company)
        self._plan(companies=self.env.company | second)
        self.assertEqual(
            {case.company_id: case.strategy_id for case in self._case(debtor)},
            {self.env.company: self.strategy, second: self.own},
        )

    def test_a_broken_rule_is_refused_when_it_is_written(self):
        for domain in ("[('ref', '=', ", "[('no_such_field', '=', 1)]", "ref = 'VIP'"):
            with (
                self.subTest(domain),
                self.assertRaises(ValidationError),
                self.cr.savepoint(),
            ):
                self.rule.domain = domain

    def test_an_email_step_needs_its_template(self):
        for channel, template, allowed in (
            ("email", False, False),
            ("email", self.template.id, True),
            ("task", False, True),
        ):
            values = {"channel": channel, "template_id": template}
            with self.subTest(**values):
                if allowed:
                    self.stage_due.step_ids = [Command.create(values)]
                    continue
                with self.assertRaises(ValidationError), self.cr.savepoint():
                    self.stage_due.step_ids = [Command.create(values)]

    def test_a_new_company_starts_with_the_shipped_strategy(self):
        shipped = self.env.ref("collections_mgmt.collection_strategy_default")
        company = self.env["res.company"].create({"name": "New"})
        self.assertEqual(company.collection_strategy_id, shipped)

    def test_the_settings_change_the_default_of_the_root_company(self):
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.collection_strategy_id, self.strategy)
        settings.collection_strategy_id = self.own
        settings.execute()
        self.assertEqual(self.env.company.collection_strategy_id, self.own)
