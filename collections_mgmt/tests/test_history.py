from datetime import timedelta
from random import Random

from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user

from .test_bounces import ListenCommon


class HistoryCommon(ListenCommon):
    def _date(self, days):
        return self.today + timedelta(days=days)

    def _as_of(self, days, *domain):
        return self.env["collection.history"].search(
            [("as_of", "=", self._date(days)), *domain]
        )

    def _told(self, days, item):
        """Return stage, open amount and decision of an item at the end of a day."""
        line = self._as_of(days, ("item_id", "=", item.id))
        return line.stage_id.name, line.amount_residual, line.decision


class TestHistory(HistoryCommon):
    """What an item was, and what was decided, on a past day."""

    def test_stage_and_decision_of_past_days_are_told(self):
        invoice = self._create_overdue_invoice(self.debtor, 0)
        for day in range(12):
            self._run(day)
        item = self._items(invoice)
        self.assertFalse(self._as_of(-1), "Nobody followed it yet.")
        for day, stage, decision in (
            (0, "Due", "sent"),
            (1, "Due", "wait"),
            (2, "Due", "wait"),
            (3, "First", "sent"),
            (9, "First", "wait"),
            (10, "Second", "sent"),
            (11, "Second", "wait"),
            (40, "Second", "wait"),
        ):
            with self.subTest(day=day):
                self.assertEqual(self._told(day, item), (stage, 100, decision))

    def test_a_decision_is_told_in_words_as_on_that_day(self):
        self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        self._run(1)
        words = self._case(self.debtor).decision_text
        self._run(3)
        self.assertIn("First", words)
        self.assertEqual(self._as_of(1).decision_text, words)
        self.assertEqual(self._as_of(2).decision_text, words)
        self.assertNotEqual(self._as_of(3).decision_text, words)

    def test_what_does_not_change_takes_no_row(self):
        self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        self._run(1)
        case = self._case(self.debtor)
        rows = case.decision_ids
        self.assertEqual(rows.mapped("decision"), ["sent", "queued", "send"])
        self.assertFalse(self.env["collection.item.version"].search([]))
        self._run(2)
        self.assertEqual(case.decision_ids, rows)
        self.assertFalse(self.env["collection.item.version"].search([]))

    def test_a_part_payment_changes_no_day_before_it(self):
        invoice = self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        with self._day(2):
            self._pay(invoice, 30)
            self._end_transaction()
        item = self._items(invoice)
        self.assertEqual(self._told(1, item)[1], 100)
        self.assertEqual(self._told(2, item)[1], 70)

    def test_two_changes_of_a_day_are_kept_once(self):
        invoice = self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        with self._day(2):
            for _payment in range(2):
                self._pay(invoice, 30)
                self._end_transaction()
        self.assertRecordValues(
            self.env["collection.item.version"].search([]),
            [
                {
                    "item_id": self._items(invoice).id,
                    "date_from": self._date(0),
                    "date_to": self._date(2),
                    "amount_residual": 100,
                    "state": "open",
                }
            ],
        )
        self.assertEqual(self._told(2, self._items(invoice))[1], 40)

    def test_a_message_that_came_back_leaves_the_days_before_as_they_were(self):
        invoice = self._create_overdue_invoice(self.debtor, 0)
        contact = self._run(0)
        self._run(1)
        with self._day(2):
            self._bounce(contact)
        item = self._items(invoice)
        self.assertFalse(item.stage_id)
        self.assertEqual(self._told(1, item), ("Due", 100, "wait"))
        self.assertEqual(self._told(2, item), (False, 100, "wait"))

    def test_what_is_settled_is_open_on_the_days_before(self):
        invoice = self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        with self._day(2):
            self._pay(invoice)
            self._end_transaction()
        lines = self._as_of(1) | self._as_of(2)
        self.assertRecordValues(
            lines.sorted("date_from"),
            [
                {"state": "open", "amount_residual": 100, "decision": "sent"},
                {"state": "closed", "amount_residual": 0, "decision": False},
            ],
        )

    def test_what_was_deleted_is_still_told(self):
        invoice = self._create_overdue_invoice(self.debtor, 0)
        self._create_overdue_invoice(self.debtor, 0)  # the case stays open
        self._run(0)
        item, name = self._items(invoice), invoice.name
        currency = invoice.currency_id
        with self._day(2):
            invoice.button_draft()
            invoice.with_context(force_delete=True).unlink()
            self._end_transaction()
        self.assertFalse(item.move_line_id)
        self.assertEqual(self._told(1, item), ("Due", 100, "sent"))
        self.assertRecordValues(
            self._as_of(1, ("item_id", "=", item.id)),
            [{"deleted_name": name, "currency_id": currency.id}],
        )
        [line] = self._as_of(2, ("item_id", "=", item.id))
        self.assertEqual((line.state, line.amount_residual), ("closed", 0))

    def test_a_case_that_comes_back_was_closed_in_between(self):
        invoice = self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        with self._day(2):
            payment = self._pay(invoice)
            self._end_transaction()
        with self._day(4):
            payment.action_draft()
            payment.action_cancel()
            self._end_transaction()
        told = [(line.state, line.decision) for line in map(self._as_of, (1, 3, 4))]
        self.assertEqual(told[:2], [("open", "sent"), ("closed", False)])
        self.assertEqual(told[2][0], "open")
        self.assertTrue(told[2][1])

    def test_the_items_of_a_merged_debtor_were_those_of_their_own_case(self):
        other = self._create_debtor("Other")
        invoice = self._create_overdue_invoice(self.debtor, 0)
        self._create_overdue_invoice(other, 0)
        self._run(0)
        before, after = self._case(self.debtor), self._case(other)
        with self._day(1):
            self.env["base.partner.merge.automatic.wizard"]._merge(
                (self.debtor | other).ids, other
            )
            self._end_transaction()
        item = self._items(invoice)
        self.assertEqual(item.case_id, after)
        days = [self._as_of(day, ("item_id", "=", item.id)).case_id for day in (0, 1)]
        self.assertEqual(days, [before, after])
        self.assertFalse(before.decision, "Nothing is decided about a closed case.")

    def test_an_approval_and_a_skip_are_kept(self):
        self.stage_due.needs_approval = True
        self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        with self._day(1):
            self._contacts(self.debtor).action_skip()
        self.assertEqual(self._as_of(0).decision, "review")
        self.assertEqual(self._as_of(1).decision, "skipped")

    def test_days_of_the_list_are_those_between_two_changes(self):
        self._create_overdue_invoice(self.debtor, 0)
        for day in range(4):
            self._run(day)
        lines = self.env["collection.history"].search([], order="date_from")
        self.assertEqual(
            [(line.date_from, line.date_to) for line in lines],
            [
                (self._date(0), self._date(1)),
                (self._date(1), self._date(3)),
                (self._date(3), False),
            ],
        )
        self.assertEqual(len(set(lines.ids)), 3)


class TestHistoryScreens(HistoryCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        self._run(1)
        self._run(3)

    def test_the_wizard_opens_the_items_as_of_its_day(self):
        with Form(self.env["collection.as.of"]) as form:
            form.date = self._date(2)
        action = form.record.action_show()
        lines = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(lines.item_id, self._items(self.invoice))
        self.assertEqual(lines.stage_id, self.stage_due)
        self.assertIn("03/18/2026", action["name"])

    def test_the_case_opens_its_history_day_by_day(self):
        action = self._case(self.debtor).action_open_history()
        groups = self.env[action["res_model"]].formatted_read_group(
            action["domain"], ["date_from:day"], ["__count"]
        )
        self.assertEqual([group["__count"] for group in groups], [1, 1, 1])

    def test_a_line_leads_to_its_case(self):
        action = self._as_of(1).action_open_case()
        self.assertEqual(action["res_id"], self._case(self.debtor).id)

    def test_a_collector_reads_the_history_of_their_own_cases_only(self):
        case = self._case(self.debtor)
        users = [
            new_test_user(
                self.env,
                login=login,
                groups="base.group_user,collections_mgmt.group_collection_collector",
                company_id=self.env.company.id,
            )
            for login in ("hers", "his")
        ]
        case.agent_id = users[0]
        self.env.flush_all()
        for user, count in zip(users, (1, 0), strict=True):
            with self.subTest(user=user.login):
                self.assertEqual(
                    len(
                        self._as_of(1)
                        .with_user(user)
                        .search([("as_of", "=", self._date(1))])
                    ),
                    count,
                )

    def test_nobody_changes_what_was(self):
        with self._day(4):
            self._pay(self.invoice, 10)
            self._end_transaction()
        for model in ("collection.item.version", "collection.case.decision"):
            row = self.env[model].search([], limit=1)
            self.assertTrue(row)
            for act in (row.unlink, lambda row=row: row.write({"stage_id": False})):
                with self.assertRaises(AccessError):
                    act()


class TestAnyCourse(HistoryCommon):
    """Whatever happens day by day: each past day is told as it ended."""

    DAYS = 24

    def setUp(self):
        super().setUp()
        self.stage_second.needs_approval = True
        self.moves = {}
        self.payments = []

    def test_each_day_of_any_course_is_told_as_it_ended(self):
        self._check_course(Random(1))

    def test_each_day_of_another_course_is_told_as_it_ended(self):
        self._check_course(Random(2))

    def _check_course(self, random):
        debtors = [
            self._create_debtor(f"Debtor {n}", email=n < 4 and "auto") for n in range(5)
        ]
        for debtor in debtors:
            for days in (random.randrange(-5, 12) for _invoice in range(2)):
                self._create_overdue_invoice(debtor, days)
        self.moves = self.env["account.move"].search(
            [("partner_id.name", "like", "Debtor ")]
        )
        days = {}
        for day in range(self.DAYS):
            with self._day(day):
                self._live_a_day(random)
                days[day] = self._note_items()
        for day, items in days.items():
            self.assertEqual(self._tell_items(day), items, f"Day {day}")
        self.assertGreater(len({str(items) for items in days.values()}), self.DAYS / 2)

    def _live_a_day(self, random):
        for act in random.sample(
            [
                self._pay_some,
                self._pay_all,
                self._take_payment_back,
                self._leave_out,
                self._put_off_due_date,
                self._write_credit_note,
                self._bounce_one,
                self._answer_reviews,
            ],
            random.randrange(3),
        ):
            act(random)
            self._end_transaction()
        self._plan()
        self._deliver()
        if random.random() < 0.8:
            self._send_mails()
        else:
            self._fail_mails()
        self._end_transaction()

    def _choose(self, random, records):
        return records[random.randrange(len(records))] if records else records

    def _get_open_moves(self):
        return self.moves.filtered(
            lambda move: move.state == "posted" and move.amount_residual > 1
        )

    def _pay_some(self, random):
        if move := self._choose(random, self._get_open_moves()):
            self.payments.append(self._pay(move, move.amount_residual / 2))

    def _pay_all(self, random):
        moves = self._get_open_moves()
        partner = self._choose(random, moves.partner_id)
        for move in moves.filtered(lambda move: move.partner_id == partner):
            self.payments.append(self._pay(move))

    def _take_payment_back(self, random):
        if self.payments:
            payment = self.payments.pop(random.randrange(len(self.payments)))
            payment.action_draft()
            payment.action_cancel()

    def _leave_out(self, random):
        if move := self._choose(random, self.moves):
            for line in self._get_receivable_lines(move):
                line.no_followup = not line.no_followup

    def _put_off_due_date(self, random):
        if move := self._choose(random, self._get_open_moves()):
            for line in self._get_receivable_lines(move):
                line.date_maturity += timedelta(days=random.randrange(1, 9))

    def _write_credit_note(self, random):
        self._create_credit_note(self._choose(random, self.moves.partner_id), 30)

    def _bounce_one(self, random):
        sent = self.env["collection.contact"].search(
            [
                ("state", "=", "sent"),
                ("channel", "=", "email"),
                ("is_bounced", "=", False),
            ]
        )
        if contact := self._choose(random, sent):
            self._bounce(contact)

    def _answer_reviews(self, random):
        waiting = self.env["collection.contact"].search([("state", "=", "review")])
        for contact in waiting:
            if random.random() < 0.5:
                contact.action_approve()
            else:
                contact.action_skip()

    def _note_items(self):
        """Return what there is to say of each item now."""
        self.env.flush_all()
        self.env.invalidate_all()
        return {
            item.id: (
                item.case_id.id,
                item.state,
                item.stage_id.name,
                item.date_due,
                item.amount_residual,
                item.case_id.decision,
                item.case_id.decision_stage_id.name,
                item.case_id.decision_amount,
                item.case_id.next_action_date,
            )
            for item in self.env["collection.item"].search(
                [("move_id", "in", self.moves.ids)]
            )
        }

    def _tell_items(self, day):
        lines = self._as_of(day, ("move_id", "in", self.moves.ids))
        self.assertEqual(len(lines), len(lines.item_id), "Each item once.")
        return {
            line.item_id.id: (
                line.case_id.id,
                line.state,
                line.stage_id.name,
                line.date_due,
                line.amount_residual,
                line.decision,
                line.decision_stage_id.name,
                line.decision_amount,
                line.next_action_date,
            )
            for line in lines
        }
