from odoo import Command, fields
from odoo.exceptions import AccessError, UserError

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
        ):
            with self.subTest(**values), self.assertRaises(UserError):
                self.contact.write(values)

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

    def test_debtors_can_be_merged(self):
        other = self._create_debtor("Ana Diaz", email=False)
        wizard = self.env["base.partner.merge.automatic.wizard"].create(
            {"partner_ids": [Command.set((self.debtor | other).ids)]}
        )
        wizard._merge((self.debtor | other).ids, other, extra_checks=False)
        self.env.invalidate_all()
        self.assertEqual(self.contact.partner_id, other)
        self.assertIsNone(self.events._verify(self.env.company))

    def test_a_deleted_invoice_takes_no_contact_along(self):
        self.contact.move_id = self.move
        self.move.button_draft()
        self.move.sudo().with_context(force_delete=True).unlink()
        self.assertTrue(self.contact.exists())
        self.assertFalse(self.contact.move_id)
