import hashlib
import json

from odoo.exceptions import AccessError

from .evidence_common import EvidenceCommon

PAYLOAD_DIGEST = "encode(sha256(convert_to(payload, 'UTF8')), 'hex')"


class TestTampering(EvidenceCommon):
    """Whoever can change the database past its triggers is found out."""

    def setUp(self):
        super().setUp()
        self.other = self._create_debtor("Berta Soto")
        self._create_overdue_invoice(self.other, 5)
        self._run()
        self.contact, self.second = (
            self._contacts(debtor) for debtor in (self.debtor, self.other)
        )
        self.assertIsNone(self.events._verify(self.env.company))
        last = self.events.search([], order="sequence desc", limit=1)
        self.last, self.last_hash = last.sequence, last.hash

    def _assert_found(self, words, sequence=None):
        broken = self.events._verify(self.env.company)
        self.assertTrue(broken, words)
        self.assertIn(words, broken["problem"])
        if sequence:
            self.assertEqual(broken["sequence"], sequence)

    # THE END OF THE CHAIN

    def _cut(self, after):
        self._tamper(
            "DELETE FROM collection_contact_content WHERE event_id IN ("
            "SELECT id FROM collection_contact_event WHERE sequence > %s)",
            after,
        )
        self._tamper("DELETE FROM collection_contact_event WHERE sequence > %s", after)

    def test_an_end_that_was_cut_off_is_missed(self):
        self._cut(self.last - 2)
        self._assert_found("its end was cut off", self.last)

    def test_it_is_missed_also_when_new_links_have_grown_in_its_place(self):
        self._cut(self.last - 2)
        self.contact._note_event("opened")
        self.second._note_event("opened")
        self._assert_found("its end was cut off", self.last)

    def test_a_whole_chain_cut_off_is_missed(self):
        self._cut(0)
        self._assert_found("its end was cut off", self.last)

    def test_a_chain_made_anew_is_found(self):
        self._tamper(
            "UPDATE collection_contact_event SET payload = replace(payload, "
            "'allowed', 'blocked'), kind = 'blocked' WHERE sequence = 1"
        )
        self._tamper(
            "UPDATE collection_contact_event SET sequence = NULL, hash = NULL, "
            "previous_hash = NULL"
        )
        self._assert_found("made anew", self.last)

    def test_without_its_facts_a_contact_is_left(self):
        self._tamper("DELETE FROM collection_evidence_head")
        self._cut(0)
        self._assert_found("of which no fact tells")

    def test_seals_are_kept_by_the_database(self):
        for query in (
            "UPDATE collection_evidence_head SET hash = 'x'",
            "DELETE FROM collection_evidence_head",
            "TRUNCATE collection_evidence_head",
        ):
            with self.subTest(query), self._refused("never deleted nor changed"):
                self.cr.execute(query)
        head = self.env["collection.evidence.head"].search([], limit=1)
        with self.assertRaises(AccessError):
            head.sudo().unlink()

    def test_a_seal_is_kept_when_something_was_sealed(self):
        heads = self.env["collection.evidence.head"]
        self.assertEqual(heads.search([]).mapped("hash"), [self.last_hash])
        self.events._seal(self.env.company)
        self.assertEqual(heads.search_count([]), 1)
        self.contact._note_event("opened")
        self.events._seal(self.env.company)
        self.assertEqual(heads.search([]).mapped("sequence"), [9, 8])

    # FACTS

    def test_columns_that_say_something_else_than_the_sealed_text_are_found(self):
        for change in (
            "kind = 'blocked'",
            "date = date - INTERVAL '3 days'",
            f"contact_id = {self.contact.id + self.second.id} - contact_id",
        ):
            with self.subTest(change):
                savepoint = self.cr.savepoint()
                self._tamper(
                    f"UPDATE collection_contact_event SET {change} WHERE sequence = 1"
                )
                self._assert_found("columns of the fact", 1)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_facts_that_changed_places_are_found(self):
        self._tamper(
            "UPDATE collection_contact_event one SET payload = other.payload"
            " FROM collection_contact_event other"
            " WHERE one.sequence + other.sequence = 3"
            " AND one.sequence IN (1, 2)"
        )
        self._assert_found("what it says was changed", 1)

    def test_a_link_deleted_and_closed_over_is_found(self):
        self._tamper("DELETE FROM collection_contact_event WHERE sequence = 5")
        for change in ("+ 1000", "- 1001"):  # no two have one number meanwhile
            self._tamper(
                f"UPDATE collection_contact_event SET sequence = sequence {change}"
                " WHERE sequence > 5"
            )
        self._assert_found("does not follow", 5)

    def test_a_fact_slipped_in_for_an_earlier_day_is_found(self):
        with self._day(5):
            self._tamper(
                "INSERT INTO collection_contact_event"
                " (contact_id, company_id, kind, date, payload)"
                " SELECT contact_id, company_id, kind, date - INTERVAL '2 days',"
                " (payload::jsonb || jsonb_build_object('utc', to_char(date -"
                " INTERVAL '2 days', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')))::text"
                " FROM collection_contact_event WHERE sequence = 1"
            )
            self._assert_found("added later than it says", self.last + 1)

    # TEXTS

    def test_texts_that_changed_places_are_found(self):
        for columns in (("content",), ("content", "salt", "content_hash")):
            with self.subTest(columns):
                savepoint = self.cr.savepoint()
                swap = ", ".join(f"{name} = other.{name}" for name in columns)
                self._tamper(
                    f"UPDATE collection_contact_content one SET {swap}"
                    " FROM collection_contact_content other"
                    " WHERE one.contact_id <> other.contact_id"
                )
                self._assert_found("its text")
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def _forge(self):
        """Add a text that fits its own hash, but no fact."""
        words = json.dumps({"body": "You were told in January", "subject": "Forged"})
        self._tamper(
            "INSERT INTO collection_contact_content"
            " (contact_id, event_id, salt, content, content_hash)"
            " SELECT contact_id, id, 'salt', %s, %s"
            " FROM collection_contact_event WHERE sequence = 2",
            words,
            hashlib.sha256(("salt" + words).encode()).hexdigest(),
        )

    def test_a_text_that_was_added_is_found(self):
        self._forge()
        self._assert_found("a text was added", 2)

    def test_and_by_the_program_in_the_evidence_file(self):
        self._forge()
        contact = self.events.search([("sequence", "=", 2)]).contact_id
        self._export(contact.case_id)
        code, words = self._verify_file()
        self.assertEqual(code, 1)
        self.assertIn("link 2: a text was added", words)

    # CONTACTS

    def test_a_contact_that_stands_elsewhere_than_its_last_fact_is_found(self):
        """The database lets a sent contact fail: it came back. Then a fact says so."""
        self.env.flush_all()
        self.cr.execute(
            "UPDATE collection_contact SET state = 'failed' WHERE id = %s",
            [self.contact.id],
        )
        self.env.invalidate_all()
        self._assert_found("the contact says something else")

    def test_what_really_came_back_is_no_such_contact(self):
        self.contact.sudo()._set_bounced()
        self.second._note_clicked()
        self.assertIsNone(self.events._verify(self.env.company))

    def test_what_was_queued_and_then_stopped_is_no_such_contact(self):
        self._create_overdue_invoice(self._create_debtor("Carla"), 5)
        self._plan()
        self._deliver()
        mail = self._get_queued_mails()
        self._allow_contacts(kind="prohibition", hours=False)
        with self.mock_mail_gateway():
            mail.send()
        contact = self.env["collection.contact"].search([], limit=1)
        self.assertEqual((contact.state, bool(contact.body)), ("blocked", True))
        self.assertIsNone(self.events._verify(self.env.company))

    def test_a_contact_of_another_debtor_than_its_facts_say_is_found(self):
        self._tamper(
            "UPDATE collection_contact SET partner_id = %s WHERE id = %s",
            *(self.other.id, self.contact.id),
        )
        self._assert_found("the contact says something else")

    def test_a_contact_of_another_case_than_its_facts_say_is_found(self):
        self._tamper(
            "UPDATE collection_contact SET case_id = %s WHERE id = %s",
            *(self.second.case_id.id, self.contact.id),
        )
        self._assert_found("the contact says something else")

    def test_a_broken_rule_that_somebody_wiped_off_is_found(self):
        self.contact.sudo().is_incident = True
        self.assertIsNone(self.events._verify(self.env.company))
        self._tamper("UPDATE collection_contact SET is_incident = FALSE")
        self._assert_found("the contact says something else")

    def test_an_exemption_is_given_by_nobody_afterwards(self):
        with self._refused("Add a correction"):
            self.cr.execute(
                "UPDATE collection_contact SET exemption = 'answer' WHERE id = %s",
                [self.contact.id],
            )


class TestSealsSent(EvidenceCommon):
    """The last seal goes out of the house every day."""

    def setUp(self):
        super().setUp()
        self._run()
        self.env["collection.contact"]._write_noted_events()

    def _verify_daily(self):
        with self.enter_registry_test_mode():
            self.env.ref("collections_mgmt.ir_cron_verify").method_direct_trigger()
        return self.env["mail.mail"].search(
            [("email_to", "=", "notary@outside.test")], order="id"
        )

    def test_the_seal_is_sent_to_the_address_of_the_company(self):
        self.env.company.collection_seal_email = "notary@outside.test"
        mail = self._verify_daily()
        head = self.env["collection.evidence.head"].search([], limit=1)
        self.assertIn(head.hash, mail.body_html)
        self.assertIn("link 4", mail.subject)

    def test_a_broken_chain_is_not_called_whole(self):
        self.env.company.collection_seal_email = "notary@outside.test"
        self.events._verify(self.env.company)
        self._tamper("UPDATE collection_contact SET body = 'Nothing'")
        with self.assertLogs(
            "odoo.addons.collections_mgmt.models.collection_evidence_chain", "ERROR"
        ):
            self.assertFalse(self._verify_daily())

    def test_without_an_address_none_is_sent(self):
        before = self.env["mail.mail"].search_count([])
        self._verify_daily()
        self.assertEqual(self.env["mail.mail"].search_count([]), before)
