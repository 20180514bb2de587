from datetime import timedelta

from odoo import Command

from .common import CollectionCommon

MOMENT = "2026-03-16 15:00:00"


class SubjectCommon(CollectionCommon):
    """A debtor with one invoice at the second stage and one at the first."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")

    def _create_two(self, **values):
        """Return an invoice for which “Second” is due, and one for which “Due” is."""
        old = self._create_overdue_invoice(self.debtor, 12, 100.0)
        new = self._create_overdue_invoice(self.debtor, 2, 50.0, **values)
        self._sync_only()
        self._stand(old, self.stage_first, days=20)
        return old, new

    def _decision(self):
        case = self._case(self.debtor)
        return case.decision, case.decision_stage_id

    def _note_message_of_a_person(self):
        """Note that a person wrote to the debtor just now, about “Due”."""
        # In sudo: contacts are the engine's own.
        self.env["collection.contact"].sudo().create(
            {
                "case_id": self._case(self.debtor).id,
                "partner_id": self.debtor.id,
                "company_id": self.env.company.id,
                "user_id": self.env.uid,
                "stage_id": self.stage_due.id,
                "channel": "email",
                "state": "sent",
                "outcome": "sent",
                "date_planned": self.today,
                "date_done": self.today,
            }
        )


class TestSubjects(SubjectCommon):
    """A case is to be contacted if anything can be said about one of its invoices."""

    def setUp(self):
        super().setUp()
        self.strategy.grouping = "invoice"

    def test_a_highest_stage_that_does_not_apply_stops_no_other_invoice(self):
        self.stage_second.step_ids.condition = "clicked"
        _old, new = self._create_two()
        run = self._plan()
        self.assertEqual(self._decision(), ("send", self.stage_due))
        self.assertEqual(run.contact_ids.move_id, new)

    def test_a_highest_stage_without_an_address_stops_no_other_invoice(self):
        self.stage_second.step_ids.write(
            {"channel": "letter", "fallback_channel": False}
        )
        _old, new = self._create_two()
        run = self._plan()
        self.assertEqual(self._decision(), ("send", self.stage_due))
        self.assertEqual(run.contact_ids.move_id, new)

    def test_it_stops_no_other_branch(self):
        self.strategy.grouping = "branch"
        self.stage_second.step_ids.condition = "clicked"
        branch = self._create_branch("North")
        _old, new = self._create_two(company=branch)
        contact = self._plan().contact_ids
        self.assertEqual(
            (contact.branch_id, contact.line_ids.item_id), (branch, self._items(new))
        )

    def test_one_message_for_all_waits_for_its_highest_stage(self):
        self.strategy.grouping = "customer"
        self.stage_second.step_ids.condition = "clicked"
        self._create_two()
        self.assertFalse(self._plan().contact_ids)
        self.assertEqual(self._decision(), ("condition", self.stage_second))

    def test_where_nothing_can_be_said_the_reason_is_that_of_who_comes_closest(self):
        self.stage_second.step_ids.condition = "clicked"
        self.stage_due.step_ids.condition = "clicked"
        self._create_two()
        self._plan()
        self.assertEqual(self._decision(), ("condition", self.stage_second))
        self.stage_due.step_ids.write(
            {"condition": "always", "fallback_channel": False}
        )
        self.debtor.email = False
        self._plan()
        self.assertEqual(self._decision(), ("no_address", self.stage_due))

    def test_the_stage_of_the_decision_is_the_highest_that_is_told(self):
        self._create_two()
        self._plan()
        self.assertEqual(self._decision(), ("send", self.stage_second))

    def test_a_late_step_that_has_not_come_is_no_reason_to_contact(self):
        """The one that is due does not apply, the one that would is not due."""
        self.strategy.minimum_gap_days = 0
        self.stage_first.minimum_days = 30
        self._create_step(self.stage_due, "task", delay_days=2, condition="clicked")
        later = self._create_step(self.stage_due, "task", delay_days=4)
        self._create_overdue_invoice(self.debtor, 2)
        self._run(0)
        self.assertFalse(self._run(2))
        self.assertEqual(self._case(self.debtor).decision, "wait")
        self.assertEqual(self._run(4).step_id, later)


class TestOwnStrategy(SubjectCommon):
    """The strategy of an invoice counts, whether or not its debtor has one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.collection_strategy_id = False
        cls.own = cls._create_strategy("Own", {0: ("Own", 0, "email")})

    def _create_own(self, amount=100.0, strategy=None, debtor=None):
        return self._create_overdue_invoice(
            debtor or self.debtor,
            5,
            amount,
            collection_strategy_id=(strategy or self.own).id,
        )

    def test_the_strategy_of_an_invoice_needs_none_of_its_debtor(self):
        own = self._create_own()
        contact = self._run()
        self.assertEqual(
            (contact.state, contact.stage_id), ("sent", self.own.stage_ids)
        )
        self.assertEqual(self._items(own).stage_id, self.own.stage_ids)
        self.assertFalse(self._case(self.debtor).strategy_id)

    def test_an_invoice_without_any_strategy_is_not_asked_for(self):
        own, other = self._create_own(), self._create_overdue_invoice(self.debtor, 5)
        contact = self._run()
        self.assertEqual(contact.line_ids.item_id, self._items(own))
        self.assertFalse(self._items(other).stage_id)

    def test_there_is_no_strategy_where_no_open_item_has_one(self):
        own, _other = self._create_own(), self._create_overdue_invoice(self.debtor, 5)
        self._run()
        self.assertEqual(self._case(self.debtor).decision, "sent")
        self._pay(own)
        with self._day(5):
            self._plan()
        self.assertEqual(self._case(self.debtor).decision, "no_strategy")

    def test_a_late_step_needs_a_strategy_too(self):
        self._create_step(self.stage_due, "task", delay_days=2)
        orphan = self._create_overdue_invoice(self.debtor, 5)
        self._create_own()
        self._run()
        self._stand(orphan, self.stage_due, 3)
        self.assertFalse(self._run(4))

    def test_the_first_of_several_leads_where_the_debtor_has_none(self):
        """It gives minimum amount, days between contacts and grouping."""
        first = self._create_strategy(
            "First",
            {0: ("First", 0, "email")},
            sequence=5,
            minimum_gap_days=6,
            grouping="invoice",
        )
        moves = self._create_own() | self._create_own(strategy=first)
        self.assertEqual(self._run().move_id, moves)
        self._create_own()
        self.assertFalse(self._run(5))
        self.assertRecordValues(
            self._case(self.debtor),
            [
                {
                    "decision": "gap",
                    "next_action_date": self.today + timedelta(days=6),
                }
            ],
        )
        self.assertTrue(self._run(6))

    def test_its_minimum_counts_until_the_message_leaves(self):
        self.own.minimum_amount = 50.0
        small = self._create_debtor("Small")
        self._create_own(40.0, debtor=small)
        invoice = self._create_own()
        [contact] = self._plan().contact_ids
        self.assertEqual(self._case(small).decision, "minimum")
        self._pay(invoice, 60.0)
        self._deliver()
        self.assertEqual(contact.reason, "What is left is below the minimum amount.")

    def test_a_message_that_failed_is_tried_again_after_its_days(self):
        self.own.minimum_gap_days = 4
        self._create_own()
        self._plan()
        self._deliver()
        self._fail_mails()
        self.assertEqual(
            self._case(self.debtor).next_action_date, self.today + timedelta(days=4)
        )


class TestLastMessage(SubjectCommon):
    """What the debtor did is what it did with the engine's last message."""

    def setUp(self):
        super().setUp()
        self.stage_first.step_ids.condition = "opened"

    def _send_opened(self, late=3):
        """Send “Due” and let the debtor open it; “First” is due three days later."""
        move = self._create_overdue_invoice(self.debtor, late)
        self._run(0).sudo().date_opened = MOMENT
        return move

    def _assert_first_applies(self, applies=True):
        with self._day(3):
            contacts = self._plan().contact_ids
        self.assertEqual(
            self._decision(), ("send" if applies else "condition", self.stage_first)
        )
        self.assertEqual(bool(contacts), applies)

    def test_a_call_in_vain_changes_nothing_about_it(self):
        self._send_opened()
        with self._day(1):
            self._log_call(self.debtor)
        self._assert_first_applies()

    def test_nor_does_a_message_of_a_person(self):
        """Not even one about the same stage."""
        self._send_opened()
        self._note_message_of_a_person()
        self._assert_first_applies()

    def test_nor_do_thanks(self):
        contact = self._send_opened() and self._contacts(self.debtor)
        self.env["collection.contact"].sudo().create(
            {
                "case_id": contact.case_id.id,
                "partner_id": self.debtor.id,
                "company_id": self.env.company.id,
                "channel": "email",
                "state": "sent",
                "date_planned": self.today,
            }
        )
        self._assert_first_applies()

    def test_a_person_who_was_answered_is_no_answer_to_the_message(self):
        self._create_overdue_invoice(self.debtor, 3)
        self._run(0)
        self._log_call(self.debtor, "talk").sudo().date_opened = MOMENT
        self._assert_first_applies(False)

    def test_the_message_about_another_invoice_does_not_count(self):
        self.strategy.grouping = "invoice"
        opened = self._send_opened()
        other = self._create_overdue_invoice(self.debtor, 0)
        self.strategy.minimum_gap_days = 0
        self._run(1)
        self.assertEqual(self._contacts(self.debtor)[-1:].move_id, other)
        with self._day(3):
            contacts = self._plan().contact_ids
        self.assertEqual(contacts.move_id, opened)

    def test_nor_does_that_about_another_branch(self):
        self.strategy.write({"grouping": "branch", "minimum_gap_days": 0})
        self._send_opened()
        branch = self._create_branch("North")
        self._create_overdue_invoice(self.debtor, 0, company=branch)
        self._run(1)
        self.assertEqual(self._contacts(self.debtor)[-1:].branch_id, branch)
        with self._day(3):
            contacts = self._plan().contact_ids
        self.assertEqual(contacts.branch_id, self.env.company)

    def test_a_message_about_everything_was_about_each_invoice(self):
        self._send_opened()
        self.strategy.grouping = "invoice"
        self._assert_first_applies()


class TestLastOutcome(SubjectCommon):
    """What a person does meanwhile does not end the pause after a failure."""

    def test_a_call_does_not_make_a_failed_message_try_again_at_once(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        self._deliver()
        self._fail_mails()
        self._log_call(self.debtor)
        with self._day(1):
            self.assertFalse(self._plan().contact_ids)
        self.assertRecordValues(
            self._case(self.debtor),
            [
                {
                    "decision": "failed",
                    "next_action_date": self.today + timedelta(days=3),
                }
            ],
        )

    def test_nor_one_that_is_not_allowed(self):
        self.env["collection.contact.rule"].create(
            {
                "name": "No E-mails",
                "code": "NONE",
                "kind": "prohibition",
                "severity": "law",
                "channel_ids": [
                    Command.set(
                        self.env.ref("collections_mgmt.collection_channel_email").ids
                    )
                ],
            }
        )
        self._create_overdue_invoice(self.debtor, 5)
        self.assertEqual(self._run().state, "blocked")
        self._log_call(self.debtor)
        with self._day(1):
            self.assertFalse(self._plan().contact_ids)
        self.assertEqual(self._case(self.debtor).decision, "blocked")

    def test_a_message_of_a_person_does_not_stand_for_the_one_that_failed(self):
        """Not even one about the same stage."""
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        self._deliver()
        self._fail_mails()
        self._note_message_of_a_person()
        with self._day(1):
            self._plan()
        self.assertEqual(self._case(self.debtor).decision, "failed")
