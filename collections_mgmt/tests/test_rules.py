from odoo import Command
from odoo.exceptions import ValidationError

from .common import CollectionCommon


class TestAmounts(CollectionCommon):
    """What is small, covered, promised or contested is not chased."""

    def setUp(self):
        super().setUp()
        self.debtor = self._create_debtor("Acme")

    def _decision(self):
        case = self._case(self.debtor)
        return case.decision, case.decision_text

    def test_a_small_difference_is_not_asked_for(self):
        self.strategy.tolerance_amount = 1.0
        self._create_overdue_invoice(self.debtor, 5, 1.0)
        self.assertFalse(self._run())
        self.assertEqual(
            self._decision(),
            ("tolerance", "Only small differences of $\xa01.00 are left."),
        )
        self._create_overdue_invoice(self.debtor, 5, 1.01)
        contact = self._run(1)
        self.assertEqual(
            contact.line_ids.mapped("amount_residual"), [1.01], "Not the small one."
        )

    def test_the_tolerance_is_in_company_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        self.strategy.tolerance_amount = 100.0
        # 60 euro are 120 dollars
        self._create_overdue_invoice(self.debtor, 5, 60.0, currency=euro)
        self.assertEqual(len(self._run()), 1)

    def test_an_item_falls_below_the_tolerance_before_the_message_leaves(self):
        self.strategy.tolerance_amount = 1.0
        invoice = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._plan()
        self._pay(invoice, 99.5)
        self.assertEqual(self._deliver().state, "dropped")

    def test_credits_are_kept_apart_where_the_strategy_says_so(self):
        self.strategy.credit_policy = "apart"
        invoice = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._create_payment(self.debtor, 500.0)
        self.assertEqual(self._run().state, "sent")
        self.assertEqual(self._items(invoice).amount_credit, 0)
        self.assertEqual(self._case(self.debtor).amount_credit, 500)
        body = self._contacts(self.debtor).body
        self.assertIn("100.00", body)
        self.assertNotIn("500.00", body)

    def test_a_promised_item_is_not_chased(self):
        invoice = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._sync_only()
        self._items(invoice).sudo().amount_promised = 100.0
        self.assertFalse(self._run())
        self.assertEqual(self._decision(), ("promised", "$\xa0100.00 are promised."))

    def test_a_disputed_item_is_not_chased_and_not_named(self):
        disputed = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._sync_only()
        self._items(disputed).sudo().amount_disputed = 100.0
        self.assertFalse(self._run())
        self.assertEqual(self._decision(), ("disputed", "$\xa0100.00 are disputed."))
        other = self._create_overdue_invoice(self.debtor, 5, 50.0)
        self.assertEqual(self._run(1).line_ids.item_id, self._items(other))

    def test_what_is_promised_after_planning_drops_the_message(self):
        invoice = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._plan()
        self._items(invoice).sudo().amount_promised = 100.0
        self.assertEqual(self._deliver().state, "dropped")

    def test_what_falls_below_the_minimum_before_it_leaves_is_dropped(self):
        self.strategy.minimum_amount = 50.0
        invoice = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._plan()
        self._pay(invoice, 60.0)
        contact = self._deliver()
        self.assertEqual(
            (contact.state, contact.reason),
            ("dropped", "What is left is below the minimum amount."),
        )

    def test_the_decisions_add_up_to_all_that_is_overdue(self):
        for index, days in enumerate((-3, 1, 5, 12, 40, 200)):
            debtor = self._create_debtor(f"Debtor {index}")
            self._create_overdue_invoice(debtor, days, 10.0 * (index + 1))
        for day in range(4):
            self._run(day)
            run = self.env["collection.run"].search([], limit=1)
            overdue = sum(
                self.env["account.move.line"]
                .search(
                    [
                        ("account_type", "=", "asset_receivable"),
                        ("parent_state", "=", "posted"),
                        ("reconciled", "=", False),
                        ("company_id", "=", self.env.company.id),
                    ]
                )
                .filtered(lambda line, run=run: line.date_maturity < run.date)
                .mapped("amount_residual")
            )
            self.assertAlmostEqual(
                sum(run.decision_ids.mapped("amount_overdue")), overdue, places=2
            )


class TestWhoDecides(CollectionCommon):
    """Strategies by precedence, holds, replies, approval, test mode."""

    def setUp(self):
        super().setUp()
        self.debtor = self._create_debtor("Acme")
        self.slow = self._create_strategy("Slow", {50: ("Slow", 0, "email")})

    def test_the_invoice_comes_before_the_customer(self):
        self.debtor.collection_strategy_id = self.strategy
        invoice = self._create_overdue_invoice(self.debtor, 5)
        invoice.collection_strategy_id = self.slow
        self.assertFalse(self._run())
        self.assertEqual(self._items(invoice).strategy_id, self.slow)
        self.assertEqual(
            self._case(self.debtor).decision_text, "Next: “Slow” on 04/30/2026."
        )
        other = self._create_overdue_invoice(self.debtor, 5)
        contact = self._run(1)
        self.assertEqual(
            contact.line_ids.filtered("stage_id").item_id, self._items(other)
        )
        self.assertFalse(self._items(other).strategy_id)

    def test_an_archived_strategy_of_an_invoice_does_not_count(self):
        invoice = self._create_overdue_invoice(self.debtor, 5)
        invoice.collection_strategy_id = self.slow
        self.slow.active = False
        self.assertEqual(len(self._run()), 1)

    def test_a_case_on_hold_gets_nothing_until_the_day_has_passed(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._sync_only()
        self._case(self.debtor).sudo().hold_date = "2026-03-18"
        for day in range(3):
            self.assertFalse(self._run(day))
            self.assertEqual(
                self._case(self.debtor).decision_text, "On hold until 03/18/2026."
            )
        self.assertEqual(len(self._run(3)), 1)

    def test_a_hold_stops_a_message_that_is_already_planned(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        self._case(self.debtor).sudo().hold_date = self.today
        self.assertEqual(self._deliver().reason, "The case was put on hold.")

    def test_a_reply_pauses_the_case(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._sync_only()
        self._case(self.debtor).sudo().reply_date = "2026-03-15 10:00:00"
        self.assertFalse(self._run())
        self.assertEqual(self._case(self.debtor).decision, "replied")
        self.assertTrue(self._case(self.debtor).needs_person)

    def test_a_reply_does_not_pause_where_the_company_does_not_want_it(self):
        self.env.company.collection_pause_on_reply = False
        self._create_overdue_invoice(self.debtor, 5)
        self._sync_only()
        self._case(self.debtor).sudo().reply_date = "2026-03-15 10:00:00"
        self.assertEqual(len(self._run()), 1)

    def test_a_stage_that_needs_approval_waits_for_it(self):
        self.stage_due.needs_approval = True
        invoice = self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        self.assertEqual(contact.state, "review")
        self._run(1)
        case = self._case(self.debtor)
        self.assertEqual(
            (case.decision, case.decision_text), ("review", "“Due” waits for approval.")
        )
        self.assertEqual(self._contacts(self.debtor), contact, "Not planned twice.")
        self.assertFalse(self._items(invoice).stage_id)

    def test_a_task_needs_no_approval(self):
        self.stage_due.needs_approval = True
        self.debtor.email = False
        self._create_overdue_invoice(self.debtor, 5)
        self.assertEqual(self._run().state, "sent")

    def test_in_test_mode_everything_is_worked_out_and_nothing_sent(self):
        self.env.company.collection_test_mode = True
        invoice = self._create_overdue_invoice(self.debtor, 5)
        first = self._run()
        self.assertEqual(first.mapped("state"), ["test"])
        self.assertTrue(first.run_id.is_test)
        second = self._run(1)
        self.assertFalse(first.exists(), "A test replaces the one before.")
        self.assertEqual(second.line_ids.item_id, self._items(invoice))
        self.assertFalse(self._items(invoice).stage_id)
        self.assertFalse(self.emails)
        self.env.company.collection_test_mode = False
        self.assertEqual(self._run(2).state, "sent")
        self.assertFalse(second.exists())

    def test_what_was_planned_before_test_mode_does_not_leave_in_it(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        self.env.company.collection_test_mode = True
        contact = self._deliver()
        self.assertEqual(
            (contact.state, contact.reason), ("dropped", "The company is in test mode.")
        )


class TestMessages(CollectionCommon):
    """How many messages, by which channel, under which condition."""

    def setUp(self):
        super().setUp()
        self.debtor = self._create_debtor("Acme", street="Main Street 1", city="Town")

    def _channels(self, contacts):
        return sorted(contacts.mapped("channel"))

    def test_one_message_per_invoice_where_the_strategy_says_so(self):
        self.strategy.grouping = "invoice"
        old = self._create_overdue_invoice(self.debtor, 12, 100.0)
        new = self._create_overdue_invoice(self.debtor, 2, 50.0)
        self._sync_only()
        self._stand(old, self.stage_first, days=20)
        contacts = self._run()
        self.assertEqual(
            {contact.move_id: contact.stage_id for contact in contacts},
            {old: self.stage_second, new: self.stage_due},
        )
        for contact in contacts:
            self.assertEqual(contact.line_ids.item_id.move_id, contact.move_id)
        self.assertEqual(self._items(old).stage_id, self.stage_second)
        self.assertEqual(self._items(new).stage_id, self.stage_due)

    def test_one_message_per_branch_where_the_strategy_says_so(self):
        self.strategy.grouping = "branch"
        branch = self._create_branch("North")
        company = self.env.company
        here = self._create_overdue_invoice(self.debtor, 5)
        there = self._create_overdue_invoice(self.debtor, 5, company=branch)
        contacts = self._run()
        self.assertEqual(
            {contact.branch_id: contact.line_ids.item_id for contact in contacts},
            {company: self._items(here), branch: self._items(there)},
        )

    def test_a_stage_can_have_several_channels(self):
        self._create_step(self.stage_due, "task")
        self._create_overdue_invoice(self.debtor, 5)
        self.assertEqual(self._channels(self._run()), ["email", "task"])

    def test_a_letter_replaces_the_email_of_who_has_none(self):
        self.stage_due.step_ids.fallback_channel = "letter"
        self.debtor.email = False
        self._create_overdue_invoice(self.debtor, 5)
        [contact] = self._plan().contact_ids
        self.assertEqual(
            (contact.channel, contact.address_partner_id), ("letter", self.debtor)
        )

    def test_without_any_address_the_fallback_does_not_help(self):
        self.stage_due.step_ids.fallback_channel = "letter"
        self.debtor.write({"email": False, "street": False})
        self._create_overdue_invoice(self.debtor, 5)
        self.assertFalse(self._run())
        self.assertEqual(self._case(self.debtor).decision, "no_address")

    def test_an_address_that_bounced_is_not_used_until_it_is_corrected(self):
        self._create_overdue_invoice(self.debtor, 5)
        bounced = self._run()
        bounced.sudo().write({"state": "failed", "is_bounced": True})
        bounced.line_ids.sudo().is_counted = False
        self._items(bounced.line_ids.item_id.move_id).sudo().write(
            {"stage_id": False, "passed_stage_id": False, "stage_date": False}
        )
        [contact] = self._run(4)
        self.assertEqual(contact.channel, "task", "The step's fallback.")
        self.debtor.email = "corrected@debtor.test"
        self.assertEqual(self._run(8).address, "corrected@debtor.test")

    def test_a_late_step_follows_days_into_the_stage(self):
        late = self._create_step(self.stage_due, "task", delay_days=2)
        self.strategy.minimum_gap_days = 0
        invoice = self._create_overdue_invoice(self.debtor, 0)
        self.assertEqual(self._run(0).channel, "email")
        self.assertFalse(self._run(1))
        [contact] = self._run(2)
        self.assertEqual((contact.step_id, contact.stage_id), (late, self.stage_due))
        self.assertEqual(self._items(invoice).stage_date, self.today)
        self.assertFalse(
            self._run(2).filtered(lambda contact: contact.step_id == late),
            "A late step is done once.",
        )
        self.assertEqual(self._run(3).stage_id, self.stage_first)

    def test_a_stage_has_a_step_for_when_an_item_reaches_it(self):
        with self.assertRaisesRegex(ValidationError, "set its days into the stage"):
            self.stage_due.step_ids.delay_days = 2

    def test_the_steps_of_a_reminder_are_done_at_once(self):
        with self.assertRaisesRegex(ValidationError, "before the due date"):
            self._create_step(self.stage_soon, "task", delay_days=1)

    def test_a_late_step_of_a_paid_item_is_not_done(self):
        self._create_step(self.stage_due, "task", delay_days=2)
        self.strategy.minimum_gap_days = 0
        invoice = self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        self._pay(invoice)
        self.assertFalse(self._run(2))

    def test_a_step_applies_when_the_debtor_did_nothing(self):
        self._create_step(self.stage_first, "task", condition="nothing")
        self._create_overdue_invoice(self.debtor, 3)
        self._run(0)
        self.assertEqual(self._channels(self._run(3)), ["email", "task"])

    def test_a_step_does_not_apply_when_the_debtor_reacted(self):
        self._create_step(self.stage_first, "task", condition="nothing")
        self._create_overdue_invoice(self.debtor, 3)
        self._run(0).sudo().date_clicked = "2026-03-16 15:00:00"
        self.assertEqual(self._channels(self._run(3)), ["email"])

    def test_each_condition_looks_at_what_the_debtor_did(self):
        moment = "2026-03-16 15:00:00"
        deeds = {
            "": {},
            "opened": {"date_opened": moment},
            "clicked": {"date_opened": moment, "date_clicked": moment},
            "replied": {"date_replied": moment},
        }
        holds = {
            "always": {"", "opened", "clicked", "replied"},
            "not_opened": {""},
            "opened": {"opened", "clicked"},
            "clicked": {"clicked"},
            "replied": {"replied"},
            "nothing": {"", "opened"},
        }
        self.stage_first.step_ids.condition = "always"
        debtors = {deed: self._create_debtor(f"Did {deed}") for deed in deeds}
        for debtor in debtors.values():
            self._create_overdue_invoice(debtor, 3)
        self._run(0)
        for deed, debtor in debtors.items():
            self._contacts(debtor).sudo().write(deeds[deed])
        for condition, expected in holds.items():
            with self.subTest(condition):
                self.stage_first.step_ids.condition = condition
                with self._day(3):
                    planned = self._plan().contact_ids
                reached = {
                    deed
                    for deed, debtor in debtors.items()
                    if debtor in planned.partner_id
                }
                self.assertEqual(reached, expected)
                planned.sudo().unlink()

    def test_a_stage_whose_steps_do_not_apply_says_so(self):
        self.stage_first.step_ids.condition = "clicked"
        self._create_overdue_invoice(self.debtor, 3)
        self._run(0)
        self.assertFalse(self._run(3))
        self.assertEqual(self._case(self.debtor).decision, "condition")

    def test_emails_and_letters_need_a_template(self):
        with self.assertRaisesRegex(ValidationError, "Choose the template"):
            self.stage_due.step_ids = [
                Command.create({"channel": "task", "fallback_channel": "letter"})
            ]


class TestEnd(CollectionCommon):
    """How a case ended, and that it goes on."""

    def setUp(self):
        super().setUp()
        self.debtor = self._create_debtor("Acme")

    def test_a_paid_case_says_at_which_stage_it_was_cured(self):
        invoice = self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        self._run(3)
        case = self._case(self.debtor)
        self._pay(invoice)
        self._run(4)
        self.assertRecordValues(
            case,
            [
                {
                    "state": "closed",
                    "close_reason": "paid",
                    "cured_stage_id": self.stage_first.id,
                    "sent_count": 2,
                }
            ],
        )

    def test_a_credited_case_and_one_left_are_told_apart_from_paid_ones(self):
        credited = self._create_debtor("Credited")
        left = self._create_debtor("Left")
        invoice = self._create_overdue_invoice(credited, 5, 100.0)
        excluded = self._create_overdue_invoice(left, 5, 100.0)
        self._run()
        cases = self._case(credited) | self._case(left)
        self._match(invoice, self._create_credit_note(credited, 100.0))
        self._get_receivable_lines(excluded).no_followup = True
        self._run(1)
        self.assertEqual(cases.mapped("close_reason"), ["credited", "left"])

    def test_a_returned_payment_opens_the_case_again_at_its_stage(self):
        invoice = self._create_overdue_invoice(self.debtor, 0)
        self._run(0)
        self._run(3)
        case = self._case(self.debtor)
        payment = self._pay(invoice)
        self._run(4)
        self.assertEqual(case.state, "closed")
        payment.action_draft()
        payment.action_cancel()
        self._run(5)
        self.assertEqual(self._case(self.debtor), case)
        self.assertFalse(case.close_reason)
        self.assertEqual(case.stage_id, self.stage_first)
        self.assertEqual(self._items(invoice).stage_id, self.stage_first)
        self.assertEqual(self._run(10).stage_id, self.stage_second)

    def test_lines_without_partner_are_shown_on_the_run(self):
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": self.today,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "debit": debit,
                            "credit": credit,
                            "no_followup": False,
                        }
                    )
                    for account, debit, credit in (
                        (self.company_data["default_account_receivable"], 70, 0),
                        (self.company_data["default_account_revenue"], 0, 70),
                    )
                ],
            }
        )
        entry.action_post()
        entry.line_ids.no_followup = False
        run = self._plan()
        self.assertEqual((run.orphan_count, run.orphan_amount), (1, 70.0))
        self.assertEqual(
            self.env["account.move.line"].search(run.action_open_orphans()["domain"]),
            self._get_receivable_lines(entry),
        )
