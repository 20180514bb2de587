from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import UserError
from odoo.tools import SQL, mute_logger

from .common import CollectionCommon


class TestPlannedContacts(CollectionCommon):
    """One message per debtor and run, each message once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")

    # ONE MESSAGE

    def test_one_message_lists_all_that_is_due_worded_by_the_highest_stage(self):
        make = self._create_overdue_invoice
        old, late, new = (make(self.debtor, days) for days in (40, 5, 0))
        soon, later = (make(self.debtor, days) for days in (-3, -20))
        self._sync_only()
        self._stand(old, self.stage_first, 20)
        self._stand(late, self.stage_due, 1)  # its next stage has not come yet
        contact = self._run()
        self.assertEqual(len(contact), 1)
        self.assertEqual(contact.stage_id, self.stage_second)
        self.assertEqual(
            {line.item_id.move_id: line.stage_id for line in contact.line_ids},
            {
                old: self.stage_second,
                late: self.env["collection.stage"],  # listed, climbs not
                new: self.stage_due,
            },
        )
        self.assertEqual(
            [self._items(move).stage_id.name for move in (old, late, new, soon, later)],
            ["Second", "Due", "Due", False, False],
        )

    def test_each_debtor_has_a_message_of_its_own(self):
        other = self._create_debtor("Bolt")
        for partner in (self.debtor, other):
            for days in (3, 5):
                self._create_overdue_invoice(partner, days)
        contacts = self._run()
        self.assertEqual(len(contacts), 2)
        self.assertEqual(contacts.partner_id, self.debtor | other)
        for contact in contacts:
            self.assertEqual(contact.line_ids.item_id.partner_id, contact.partner_id)

    def test_each_step_of_a_stage_is_a_contact(self):
        self.stage_due.step_ids = [Command.create({"channel": "task", "sequence": 20})]
        move = self._create_overdue_invoice(self.debtor, 5)
        contacts = self._run()
        self.assertEqual(sorted(contacts.mapped("channel")), ["email", "task"])
        self.assertEqual(set(contacts.mapped("state")), {"sent"})
        self.assertEqual(self._items(move).stage_id, self.stage_due)
        self.assertEqual(len(self._case(self.debtor).activity_ids), 1)
        self.assertEqual(len(self.emails), 1)

    # REMINDERS

    def test_a_reminder_lists_only_what_falls_due_soon(self):
        make = self._create_overdue_invoice
        soon, sooner, later = (make(self.debtor, days) for days in (-3, -1, -4))
        contact = self._run()
        self.assertEqual(contact.stage_id, self.stage_soon)
        self.assertEqual(contact.line_ids.item_id.move_id, soon | sooner)
        for move, stage in ((soon, self.stage_soon), (later, self.stage_soon.browse())):
            item = self._items(move)
            self.assertFalse(item.stage_id, "A reminder is no dunning.")
            self.assertEqual(item.reminder_stage_id, stage)

    def test_each_reminder_is_sent_once(self):
        self.strategy.minimum_gap_days = 0
        self._create_overdue_invoice(self.debtor, -3)
        stages = [self._run(day).stage_id.name for day in range(4)]
        self.assertEqual(stages, ["Soon", False, False, "Due"])

    def test_only_the_current_one_of_several_reminders_is_sent(self):
        self.strategy.minimum_gap_days = 0
        early = self._create_stage(self.strategy, -7, "Early")
        sent = {}
        for days in (-8, -7, -4, -3, -1):
            debtor = self._create_debtor(f"Debtor {days}")
            self._create_overdue_invoice(debtor, days)
            sent[days] = debtor
        self._run()
        for days, stage in (
            (-8, self.stage_soon.browse()),
            (-7, early),
            (-4, early),
            (-3, self.stage_soon),
            (-1, self.stage_soon),
        ):
            with self.subTest(days=days):
                self.assertEqual(self._contacts(sent[days]).stage_id, stage)
        self.assertIn(
            self.stage_soon,
            self._run(1)
            .filtered(lambda contact: contact.partner_id == sent[-4])
            .stage_id,
            "The next reminder follows on its own day.",
        )

    def test_a_reminder_held_up_until_the_due_date_is_not_sent(self):
        for days in (1, 2):
            with self.subTest(days_until_delivery=days):
                debtor = self._create_debtor(f"Debtor {days}")
                self._create_overdue_invoice(debtor, -1)
                self._plan()
                with self._day(days):
                    self._deliver()
                self.assertEqual(self._contacts(debtor).state, "dropped")

    # ONCE

    def test_running_again_plans_nothing_twice(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._create_overdue_invoice(self._create_debtor("Bolt"), -3)
        self.assertEqual(len(self._plan().contact_ids), 2)
        for moment, act in (
            ("planned", lambda: None),
            ("queued", self._deliver),
            ("sent", self._send_mails),
        ):
            act()
            for day in (0, 1):
                with self.subTest(moment, day=day), self._day(day):
                    self.assertFalse(self._plan().contact_ids)

    def test_a_second_run_of_the_day_does_nothing_more_for_a_debtor(self):
        self.company.collection_strategy_id.minimum_gap_days = 0
        self.stage_due.step_ids.channel = "task"
        self._create_overdue_invoice(self.debtor, 5)
        self._create_overdue_invoice(self.debtor, -3)
        self.assertEqual(self._run().stage_id, self.stage_due)
        self.assertFalse(self._run(), "The reminder is another thing.")
        self.assertEqual(self._case(self.debtor).decision, "gap")
        self.assertEqual(self._run(1).stage_id, self.stage_soon)

    def test_delivering_again_sends_nothing_twice(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        contact = self._deliver()
        mail = contact.sudo().mail_mail_id
        contact.sudo()._process()
        self.assertEqual(contact.sudo().mail_mail_id, mail)
        self.assertEqual(len(self._case(self.debtor).message_ids), 1)
        self.assertEqual(len(self._send_mails()), 1)
        self.assertEqual(len(self._send_mails()), 0)
        contact.sudo()._process()
        self.assertEqual(len(self._case(self.debtor).message_ids), 1)

    def test_the_database_refuses_a_step_done_twice_for_an_item(self):
        self._create_overdue_invoice(self.debtor, 5)
        contact = self._plan().contact_ids
        twin = contact.sudo().copy()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.cr.savepoint(),
        ):
            contact.line_ids.sudo().copy({"contact_id": twin.id})

    def test_two_runs_of_a_company_do_not_go_on_at_once(self):
        self._create_overdue_invoice(self.debtor, 5)
        with self.registry.cursor() as other_cr:
            other_cr.execute(
                SQL(
                    "SELECT pg_advisory_xact_lock(hashtext('collection_run'), %s)",
                    self.env.company.id,
                )
            )
            with self.assertRaises(UserError):
                self._plan()
        self.assertTrue(self._plan().contact_ids)

    def test_a_payment_undone_while_a_message_is_on_its_way_does_not_stop_the_run(self):
        for name, act in (("planned", lambda: None), ("queued", self._deliver)):
            with self.subTest(name):
                debtor = self._create_debtor(f"Debtor {name}")
                move = self._create_overdue_invoice(debtor, 5)
                self._plan()
                act()
                payment = self._pay(move)
                self._plan()
                self.assertFalse(self._case(debtor))
                payment.action_draft()
                payment.action_cancel()
                self._plan()
                self.assertEqual(self._items(move).state, "open")
                leaving = self._contacts(debtor).filtered(
                    lambda contact: contact.state != "dropped"
                )
                self.assertEqual(len(leaving), 1, "Once is enough.")

    # RECIPIENT

    def test_collections_contact_over_invoice_address_over_debtor(self):
        yes, no = True, False
        table = [
            # with an address: collections contact, invoice address, debtor; recipient
            (yes, yes, yes, "collections"),
            (no, yes, yes, "invoice"),
            (no, no, yes, "debtor"),
            (yes, no, no, "collections"),
            (no, yes, no, "invoice"),
        ]
        expected = {}
        for index, (*addresses, recipient) in enumerate(table):
            people = self._create_people(f"Debtor {index}", *addresses)
            self._create_overdue_invoice(people["debtor"], 5)
            expected[people["debtor"]] = (recipient, people)
        self._run()
        for debtor, (recipient, people) in expected.items():
            with self.subTest(recipient, debtor=debtor.name):
                contact = self._contacts(debtor)
                self.assertEqual(contact.address_partner_id, people[recipient])
                self.assertEqual(contact.address, people[recipient].email)

    def _create_people(self, name, of_collections, of_invoices, of_debtor):
        """Create a debtor with a person for invoices and one for collections."""
        debtor = self._create_debtor(name, email="auto" if of_debtor else False)
        people = {
            role: self._create_debtor(
                f"{name} {role}",
                email="auto" if with_address else False,
                is_company=False,
                parent_id=debtor.id,
                type=address_type,
            )
            for role, with_address, address_type in (
                ("invoice", of_invoices, "invoice"),
                ("collections", of_collections, "contact"),
            )
        }
        debtor.collection_contact_id = people["collections"]
        return {"debtor": debtor, **people}

    def test_an_archived_or_foreign_contact_gets_nothing(self):
        people = self._create_people("Bolt", True, True, True)
        people["collections"].active = False
        self.debtor.collection_contact_id = self._create_debtor("Somebody Else")
        for partner in (people["debtor"], self.debtor):
            self._create_overdue_invoice(partner, 5)
        self._run()
        self.assertEqual(
            self._contacts(people["debtor"]).address_partner_id, people["invoice"]
        )
        self.assertEqual(self._contacts(self.debtor).address_partner_id, self.debtor)

    def test_a_debtor_without_address_is_a_task_when_the_step_says_so(self):
        self.debtor.write({"email": False, "collection_agent_id": self.user.id})
        move = self._create_overdue_invoice(self.debtor, 5, 123.45)
        contact = self._run()
        self.assertRecordValues(
            contact, [{"channel": "task", "state": "sent", "address": False}]
        )
        activity = self._case(self.debtor).activity_ids
        self.assertRecordValues(
            activity,
            [
                {
                    "summary": "No address: Due",
                    "user_id": self.user.id,
                    "date_deadline": self.today,
                    "res_id": self._case(self.debtor).id,
                }
            ],
        )
        self.assertIn("123.45", activity.note)
        self.assertFalse(self.emails)
        self.assertEqual(self._items(move).stage_id, self.stage_due)

    def test_a_debtor_without_address_gets_nothing_when_the_step_wants_no_task(self):
        self.debtor.email = False
        self.stage_due.step_ids.fallback_channel = False
        move = self._create_overdue_invoice(self.debtor, 5)
        self.assertFalse(self._run())
        self.assertEqual(self._case(self.debtor).decision, "no_address")
        self.assertFalse(self._items(move).stage_id)
        self.debtor.email = "found@debtor.test"
        self.assertEqual(self._run(1).address, "found@debtor.test")

    def test_a_reminder_that_reaches_nobody_is_left_out(self):
        self.debtor.email = False
        self.stage_soon.step_ids.fallback_channel = False
        self._create_overdue_invoice(self.debtor, -3)
        self.assertFalse(self._run())
        self.assertEqual(self._case(self.debtor).decision, "not_due")

    def test_a_case_has_one_open_task_of_a_kind(self):
        self.debtor.email = False
        move = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._run(0)
        task = self._case(self.debtor).activity_ids
        self._pay(move, 40.0)
        self._run(3)
        self.assertEqual(self._case(self.debtor).activity_ids, task)
        self.assertEqual(task.summary, "No address: First")
        self.assertIn("60.00", task.note)
        task.action_feedback("Called")
        self._run(8)
        following = self._case(self.debtor).activity_ids
        self.assertEqual(following.summary, "No address: Second")

    def test_two_steps_of_one_run_give_one_task_of_a_kind(self):
        self.debtor.email = False
        self.stage_due.step_ids = [Command.create({"channel": "task", "sequence": 20})]
        self._create_overdue_invoice(self.debtor, 5)
        self.assertEqual(len(self._run()), 2)
        self.assertEqual(len(self._case(self.debtor).activity_ids), 1)

    def test_a_task_step_gives_the_collector_an_activity(self):
        activity_type = self.env["mail.activity.type"].create({"name": "Visit"})
        self.stage_call.step_ids.activity_type_id = activity_type
        self.debtor.collection_agent_id = self.user
        move = self._create_overdue_invoice(self.debtor, 40)
        self._sync_only()
        self._stand(move, self.stage_final, 10)
        self._run()
        self.assertRecordValues(
            self._case(self.debtor).activity_ids,
            [
                {
                    "summary": "Call",
                    "activity_type_id": activity_type.id,
                    "user_id": self.user.id,
                }
            ],
        )
        self.assertEqual(self._items(move).stage_id, self.stage_call)
