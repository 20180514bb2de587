from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.modules.migration import load_script
from odoo.tools import file_path

from .evidence_common import EvidenceCommon


class TestGuard(EvidenceCommon):
    """Nobody changes what was said and done: neither code nor SQL, nor superusers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.collection_track_reading = True

    def setUp(self):
        super().setUp()
        self.contact = self._run().sudo()
        self.event = self.events.search([("contact_id", "=", self.contact.id)])[0]
        self.content = self.contents.search([("contact_id", "=", self.contact.id)])

    def test_events_and_contents_are_closed_for_everybody(self):
        for record in (self.event, self.content):
            for env in (self.env, self.env(su=True), self.env(user=1)):
                for act in (
                    lambda record: record.write({"contact_id": self.contact.id}),
                    lambda record: record.unlink(),
                    lambda record: record.create({"contact_id": self.contact.id}),
                    lambda record: record.copy(),
                ):
                    with self.assertRaises(AccessError):
                        act(record.with_env(env))

    def test_the_database_keeps_events_and_contents(self):
        for table in ("collection_contact_event", "collection_contact_content"):
            column = "payload" if table.endswith("event") else "content"
            for query in (
                f"UPDATE {table} SET {column} = '{{}}'",
                f"UPDATE {table} SET contact_id = contact_id + 1",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                with self.subTest(query), self._refused("Evidence|never changed"):
                    self.cr.execute(query)

    def test_a_seal_is_set_once(self):
        self.events._seal(self.env.company)
        with self._refused("never changed"):
            self.cr.execute("UPDATE collection_contact_event SET hash = 'x'")

    def test_a_content_is_emptied_in_no_other_way_than_by_erasing(self):
        with self._refused("never changed"):
            self.cr.execute(
                "UPDATE collection_contact_content SET content = NULL, salt = NULL"
            )

    def test_what_was_said_and_done_is_not_written(self):
        for values in (
            {"body": "Nothing"},
            {"address": "x@debtor.test"},
            {"date_sent": fields.Datetime.now()},
            {"channel": "letter"},
            {"verdict_data": {}},
            {"outcome": "talk"},
            {"state": "planned"},
            {"date_done": fields.Date.today()},
            {"zone": "Europe/Madrid"},
            {"zone_basis": "stated"},
            {"email_cc": "x@debtor.test"},
            {"override_reason": "I had to"},
            {"stage_id": self.stage_final.id},
            {"partner_id": self.env.user.partner_id.id},
            {"case_id": self.contact.case_id.id},
        ):
            with self.subTest(**values), self.assertRaises(UserError):
                self.contact.write(values)

    def test_that_a_rule_was_broken_is_noted_later_and_stays(self):
        self.contact.is_incident = True
        with self.assertRaises(UserError):
            self.contact.is_incident = False
        self.env.flush_all()
        with self._refused("Add a correction"):
            self.cr.execute("UPDATE collection_contact SET is_incident = FALSE")

    def test_what_came_back_is_as_fixed_as_what_was_sent(self):
        self.contact._set_bounced()
        for values in (
            {"body": "Nothing"},
            {"address": "x@debtor.test"},
            {"zone": "Europe/Madrid"},
            {"date_done": fields.Date.today()},
            {"state": "sent"},
            {"state": "planned"},
        ):
            with self.subTest(**values), self.assertRaises(UserError):
                self.contact.write(values)
        self.env.flush_all()
        self.env["collection.contact"]._write_noted_events()
        for change in (
            "body = 'Nothing'",
            "state = 'sent'",
            "state = 'sent', body = 'Nothing'",
            "date_done = '2026-01-01'",
            "case_id = NULL",
        ):
            with self.subTest(change), self._refused("Add a correction"):
                self.cr.execute(
                    f"UPDATE collection_contact SET {change} WHERE id = %s",
                    [self.contact.id],
                )

    def test_what_came_back_is_a_plan_again_when_it_is_tried_again(self):
        self.contact._set_bounced()
        self.debtor.email = "ana@other.test"
        self.contact.action_retry_failed()
        self._deliver()
        self._fail_mails()
        self.assertEqual(self.contact.state, "failed")
        self.contact.subject = "A plan"
        self.env.flush_all()
        self.contact._set_sent()
        self.env.flush_all()
        self.assertEqual(self.contact.state, "sent")
        self.assertIsNone(self.events._verify(self.env.company))

    def test_what_never_left_is_no_fact(self):
        self._create_overdue_invoice(self._create_debtor("Berta"), 5)
        self._plan()
        self._deliver()
        self._fail_mails()
        failed = self.env["collection.contact"].search([("state", "=", "failed")])
        failed.sudo().write({"body": "Another text"})
        self.env.flush_all()

    def test_the_database_keeps_what_was_said_and_done(self):
        for change in (
            "body = 'Nothing'",
            "address = 'x@debtor.test'",
            "subject = NULL",
            "date_sent = now()",
            "channel = 'letter'",
            "verdict_data = NULL",
            "outcome = 'talk'",
            "user_id = 1",
            "state = 'planned'",
            "date_done = date_done - 1",
            "zone = 'Europe/Madrid'",
            "zone_basis = NULL",
            "email_cc = 'x@debtor.test'",
            "override_reason = 'I had to'",
            f"stage_id = {self.stage_final.id}",
            f"partner_id = {self.env.user.partner_id.id}",
            "case_id = NULL",
        ):
            with self.subTest(change), self._refused("Add a correction"):
                self.cr.execute(
                    f"UPDATE collection_contact SET {change} WHERE id = %s",
                    [self.contact.id],
                )

    def test_a_contact_that_was_made_is_not_deleted(self):
        with self.assertRaises(UserError):
            self.contact.unlink()
        with self._refused("it is evidence"):
            self.cr.execute("DELETE FROM collection_contact")
        self.contact._set_bounced()
        with self.assertRaises(UserError):
            self.contact.unlink()

    def test_plans_and_tests_are_deleted(self):
        for name, state in (("Plan", "planned"), ("Test", "test")):
            with self.subTest(state):
                self.env.company.collection_test_mode = state == "test"
                self._create_overdue_invoice(self._create_debtor(name), 5)
                contact = self._plan().contact_ids.filtered(
                    lambda contact, name=name: contact.partner_id.name == name
                )
                self.assertEqual(contact.state, state)
                contact.sudo().unlink()

    def test_what_becomes_of_a_message_can_still_be_noted(self):
        self.contact._note_clicked()
        self.contact._set_replied()
        self.contact.reason = "A note"
        self.contact._set_bounced()
        self.env.flush_all()
        self.assertEqual(self.contact.state, "failed")

    def test_a_channel_loses_its_name_with_its_module(self):
        self.contact.channel = "other"
        self.env.flush_all()

    def _merge(self, debtor, other):
        """Merge a debtor into another one."""
        wizard = self.env["base.partner.merge.automatic.wizard"].create(
            {"partner_ids": [Command.set((debtor | other).ids)]}
        )
        wizard._merge((debtor | other).ids, other, extra_checks=False)
        self.env.invalidate_all()

    def test_debtors_can_be_merged(self):
        former, other = self.debtor, self._create_debtor("Ana Diaz", email=False)
        self._merge(former, other)
        self.assertEqual(self.contact.partner_id, other)
        self.assertIsNone(self.events._verify(self.env.company))
        fact = self._facts(self.contact, "merged")
        self.assertEqual(fact["former_debtor"], former.id)
        self.assertEqual(fact["debtor"], other.id)

    def test_nobody_moves_a_contact_after_a_merge_was_made(self):
        self._merge(self.debtor, self._create_debtor("Ana Diaz", email=False))
        with self._refused("Add a correction"):
            self.cr.execute(
                "UPDATE collection_contact SET partner_id = %s",
                [self.env.user.partner_id.id],
            )

    def test_debtors_who_both_owe_can_be_merged(self):
        other = self._create_debtor("Ana Diaz")
        self._create_overdue_invoice(other, 5)
        self._run(1)
        theirs, former_case = self._contacts(other), self.contact.case_id
        self._merge(self.debtor, other)
        self.assertEqual(self.contact.case_id, theirs.case_id)
        self.assertNotEqual(self.contact.case_id, former_case)
        self.assertIsNone(self.events._verify(self.env.company))
        self.assertEqual(
            self._facts(self.contact, "merged")["former_case"], former_case.id
        )
        self._export(theirs.case_id)
        code, words = self._verify_file()
        self.assertEqual(code, 0, words)

    def test_the_update_says_of_merges_of_before_that_they_were(self):
        other = self._create_debtor("Ana Diaz")
        self._create_overdue_invoice(other, 5)
        self._run(1)
        self._merge(self.debtor, other)
        self.env["collection.contact"]._write_noted_events()
        self._tamper("DELETE FROM collection_contact_event WHERE kind = 'merged'")
        self.assertTrue(self.events._verify(self.env.company))
        script = file_path("collections_mgmt/migrations/19.0.1.1.0/post-note_merged.py")
        load_script(script, "note_merged").migrate(self.cr, "19.0.1.0.0")
        self.assertIsNone(self.events._verify(self.env.company))

    def test_the_update_excuses_no_contact_that_somebody_else_moved(self):
        other = self._create_debtor("Berta")
        self._create_overdue_invoice(other, 5)
        self._run(1)
        self._tamper(
            "UPDATE collection_contact SET partner_id = %s, case_id = %s WHERE id = %s",
            *(other.id, self._case(other).id, self.contact.id),
        )
        script = file_path("collections_mgmt/migrations/19.0.1.1.0/post-note_merged.py")
        load_script(script, "note_merged").migrate(self.cr, "19.0.1.0.0")
        self.assertTrue(self.events._verify(self.env.company))

    def test_a_deleted_invoice_takes_no_contact_along(self):
        self.contact.move_id = self.move
        self.move.button_draft()
        self.move.sudo().with_context(force_delete=True).unlink()
        self.assertTrue(self.contact.exists())
        self.assertFalse(self.contact.move_id)
