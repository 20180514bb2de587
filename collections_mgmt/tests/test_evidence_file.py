import base64
import json
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import QueryCanceled

from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import _wkhtml

from ..tools.verify_evidence import GENESIS
from .evidence_common import EvidenceCommon
from .test_access import AccessCommon

CHAIN_LOGGER = "odoo.addons.collections_mgmt.models.collection_evidence_chain"


class TestChain(EvidenceCommon):
    """Facts are chained per company, and a change of any is found."""

    def _links(self, company):
        self.events._seal(company)
        self.env.invalidate_all()
        return self.events.search([("company_id", "=", company.id)], order="sequence")

    def test_each_company_has_a_chain_of_its_own(self):
        other = self._create_creditor("Other Creditor")
        self._create_overdue_invoice(self.debtor, 5, company=other)
        self._plan(companies=self.env.company | other)
        self._deliver()
        for company in self.env.company | other:
            links = self._links(company)
            self.assertEqual(links.mapped("sequence"), [1, 2])
            self.assertEqual(links[0].previous_hash, GENESIS)
            self.assertEqual(links[1].previous_hash, links[0].hash)
            self.assertIsNone(self.events._verify(company))

    def test_sealing_goes_on_where_it_ended(self):
        self._plan()
        self._deliver()
        first = self._links(self.env.company)
        self._send_mails()
        links = self._links(self.env.company)
        self.assertEqual(links.mapped("sequence"), [1, 2, 3, 4])
        self.assertEqual(links[:2].mapped("hash"), first.mapped("hash"))

    def test_the_job_seals_every_company(self):
        self._run()
        self.assertTrue(self.events.search([("hash", "=", False)]))
        with self.enter_registry_test_mode():
            self.env.ref("collections_mgmt.ir_cron_seal").method_direct_trigger()
        self.assertFalse(self.events.search([("hash", "=", False)]))

    def test_a_company_that_cannot_be_sealed_keeps_no_other_open(self):
        other = self._create_creditor("Other Creditor")
        self._create_overdue_invoice(self.debtor, 5, company=other)
        self._plan(companies=self.env.company | other)
        self._deliver()
        self.env.flush_all()
        self.cr.precommit.run()
        seal = self.env.registry["collection.contact.event"]._seal
        first = min(self.env.company, other, key=lambda company: company.id)

        def fail_for_the_first(events, company):
            if company == first:
                raise QueryCanceled("It took too long")
            return seal(events, company)

        with (
            patch.object(
                self.env.registry["collection.contact.event"],
                "_seal",
                fail_for_the_first,
            ),
            self.assertLogs(CHAIN_LOGGER, "ERROR") as logs,
            self.enter_registry_test_mode(),
        ):
            self.env.ref("collections_mgmt.ir_cron_seal").method_direct_trigger()
        self.assertIn(str(first.id), logs.output[0])
        open_events = self.events.search([("hash", "=", False)])
        self.assertEqual(open_events.company_id, first)

    def _assert_broken(self, sequence, words):
        broken = self.events._verify(self.env.company)
        self.assertEqual(broken["sequence"], sequence)
        self.assertIn(words, broken["problem"])

    def test_a_change_past_the_triggers_is_named(self):
        event = "(SELECT id FROM collection_contact_event WHERE sequence = 2)"
        for query, sequence, words in (
            (
                "UPDATE collection_contact_event SET payload = replace(payload, "
                f"'queued', 'failed') WHERE id = {event}",
                *(2, "what it says was changed"),
            ),
            (
                f"UPDATE collection_contact_event SET hash = 'x' WHERE id = {event}",
                *(2, "what it says was changed"),
            ),
            (
                "UPDATE collection_contact_event SET previous_hash = 'x'"
                f" WHERE id = {event}",
                *(2, "does not follow"),
            ),
            (
                "DELETE FROM collection_contact_event WHERE sequence = 3",
                *(3, "missing"),
            ),
            ("DELETE FROM collection_contact_content", *(2, "text is missing")),
            (
                "UPDATE collection_contact_content SET content = '{}'",
                *(2, "text was changed"),
            ),
            (
                "UPDATE collection_contact_content SET content = NULL, salt = NULL",
                *(2, "text was removed"),
            ),
            *(
                (f"UPDATE collection_contact SET {change}", 4, "says something else")
                for change in (
                    "body = 'Nothing'",
                    "address = NULL",
                    "date_sent = date_sent - INTERVAL '1 day'",
                    "channel = 'letter'",
                    "outcome = 'talk'",
                    "exemption = 'asked'",
                    "user_id = 1",
                    "zone = 'Europe/Madrid'",
                    "zone = NULL",
                    "zone_basis = 'phone'",
                    "email_cc = 'x@debtor.test'",
                    f"stage_id = {self.stage_final.id}",
                    f"partner_id = {self.env.user.partner_id.id}",
                    "override_reason = 'I had to'",
                )
            ),
        ):
            with self.subTest(query):
                savepoint = self.cr.savepoint()
                self._run()
                self.assertIsNone(self.events._verify(self.env.company))
                self._tamper(query)
                self._assert_broken(sequence, words)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_a_changed_verdict_of_what_was_blocked_is_named(self):
        self._plan()
        self._allow_contacts(kind="prohibition", hours=False)
        self._deliver()
        self.assertIsNone(self.events._verify(self.env.company))
        self._tamper("UPDATE collection_contact SET verdict_data = '{}'")
        self._assert_broken(1, "says something else")

    @mute_logger("odoo.addons.collections_mgmt.models.collection_evidence_chain")
    def test_the_job_tells_the_managers_once(self):
        contact = self._run()
        self.events._verify(self.env.company)
        self._tamper("UPDATE collection_contact SET body = 'Nothing'")
        for _day in range(2):
            with self.enter_registry_test_mode():
                self.env.ref("collections_mgmt.ir_cron_verify").method_direct_trigger()
        tasks = contact.case_id.activity_ids.filtered(
            lambda task: task.summary == "The evidence is broken"
        )
        self.assertEqual(len(tasks), 1)
        self.assertIn("Link 4", tasks.note)


class TestFile(EvidenceCommon):
    """The file of a case is proved by the program in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._create_debtor("Berta Secret")
        cls._create_overdue_invoice(cls.other, 5)

    def test_the_program_proves_the_file(self):
        self.stage_due.step_ids.attach_statement = True
        contact = self._run().filtered(lambda c: c.partner_id == self.debtor)
        files = self._export(contact.case_id)
        code, words = self._verify_file()
        self.assertEqual(code, 0, words)
        originals = {name for name in files if name.startswith("originals/")}
        self.assertEqual(len(originals), 2)
        self.assertIn(contact.body.encode(), [files[name] for name in originals])
        self.assertIn(contact.attachment_ids.raw, [files[name] for name in originals])
        self.assertIn(b"C\xc3\xb3mo comprobarlo", files["README.txt"])
        self.assertEqual(files["timeline.html"].count(b"Dear Ana"), 1)
        self.assertIn(b"The same message as at link", files["timeline.html"])

    def test_other_debtors_are_in_it_by_their_digest_alone(self):
        self._run()
        self._export(self._case(self.debtor))
        for name, content in self._export(self._case(self.debtor)).items():
            self.assertNotIn(b"Berta", content, name)
        links = [
            json.loads(line)
            for line in self._export(self._case(self.debtor))["chain.jsonl"]
            .decode()
            .splitlines()
        ]
        self.assertGreater(len(links), sum("payload" in entry for entry in links))

    def test_a_record_changed_past_the_trigger_is_named(self):
        contact = self._run().filtered(lambda c: c.partner_id == self.debtor)
        self.events._seal(self.env.company)
        event = self.events.search(
            [("contact_id", "=", contact.id), ("kind", "=", "sent")]
        )
        for query in (
            "UPDATE collection_contact SET body = 'Nothing' WHERE id = %s",
            "UPDATE collection_contact SET exemption = 'asked' WHERE id = %s",
            "UPDATE collection_contact SET zone = 'Europe/Madrid' WHERE id = %s",
            "UPDATE collection_contact SET user_id = 1 WHERE id = %s",
            "UPDATE collection_contact SET state = 'dropped' WHERE id = %s",
            f"UPDATE collection_contact SET partner_id = {self.other.id} WHERE id = %s",
            "UPDATE collection_contact_event SET payload = replace("
            "payload, '\"sent\"', '\"failed\"') WHERE kind = 'sent'"
            " AND contact_id = %s",
        ):
            with self.subTest(query):
                savepoint = self.cr.savepoint()
                self._tamper(query, contact.id)
                self._export(contact.case_id)
                code, words = self._verify_file()
                self.assertEqual(code, 1)
                self.assertIn(f"BROKEN at link {event.sequence}:", words)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_so_is_one_of_what_was_blocked_or_came_back(self):
        self._plan()
        self._allow_contacts(kind="prohibition", hours=False)
        self._deliver()
        contact = self._contacts(self.debtor)
        self._export(contact.case_id)
        self.assertEqual(self._verify_file()[0], 0, self._verify_file()[1])
        for change in ("channel = 'letter'", "exemption = 'asked'", "state = 'sent'"):
            with self.subTest(change):
                savepoint = self.cr.savepoint()
                self._tamper(
                    f"UPDATE collection_contact SET {change} WHERE id = %s", contact.id
                )
                self._export(contact.case_id)
                code, words = self._verify_file()
                self.assertEqual(code, 1)
                self.assertIn("says something else now", words)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def test_a_text_that_was_changed_after_it_came_back_is_named(self):
        contact = self._run().filtered(lambda c: c.partner_id == self.debtor)
        contact.sudo()._set_bounced()
        self.assertIsNone(self.events._verify(self.env.company))
        self._export(contact.case_id)
        self.assertEqual(self._verify_file()[0], 0)
        self._tamper(
            "UPDATE collection_contact SET body = 'Nothing' WHERE id = %s", contact.id
        )
        self.assertTrue(self.events._verify(self.env.company))
        self._export(contact.case_id)
        code, words = self._verify_file()
        self.assertEqual(code, 1)
        self.assertIn("something else now: body", words)

    def test_the_time_line_says_what_we_refrained_from(self):
        self._plan()
        self._allow_contacts(hours="13:00-14:00", code="LATE")
        self._deliver()
        self._allow_contacts(kind="prohibition", hours=False, code="NEVER")
        with self._day(1):
            self._deliver()
        files = self._export(self._case(self.debtor))
        refrained = json.loads(files["evidence.json"])["refrained"]
        self.assertEqual(refrained, {"blocked": 1, "deferred": 1})
        page = files["timeline.html"].decode()  # tests make no PDF
        self.assertIn("2026-03-16T09:00:00-03:00", page)
        self.assertIn("America/Santiago", page)

    def test_without_the_printing_program_the_time_line_is_a_page(self):
        self._run()
        self.patch(
            type(self.env["ir.actions.report"]),
            "get_wkhtmltopdf_state",
            lambda report: "install",
        )
        files = self._export(self._case(self.debtor))
        self.assertIn(b"Ana D\xc3\xadaz", files["timeline.html"])
        self.assertIn(b"timeline.html", files["README.txt"])
        self.assertEqual(self._verify_file()[0], 0)

    def test_the_time_line_is_a_pdf(self):
        if _wkhtml().state == "install":
            self.skipTest("wkhtmltopdf is not installed")
        self._run()
        case = self._case(self.debtor).with_context(force_report_rendering=True)
        files = self._export(case)
        self.assertTrue(files["timeline.pdf"].startswith(b"%PDF"))
        self.assertEqual(self._verify_file()[0], 0)

    def test_without_a_fact_there_is_no_file(self):
        self._plan()
        with self.assertRaisesRegex(UserError, "Nothing has happened"):
            self._case(self.debtor).action_export_evidence()


class TestErasing(EvidenceCommon):
    """Personal data of a closed case goes when it may; the proof stays."""

    def setUp(self):
        super().setUp()
        self.contact = self._run()
        self.case = self.contact.case_id
        self._pay(self.move)
        self._end_transaction()
        self.assertEqual(self.case.state, "closed")

    def _in_years(self, years):
        return self._day(366 * years)

    def test_an_open_case_is_kept(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        with (
            self._in_years(7),
            self.assertRaisesRegex(UserError, "only closed cases"),
        ):
            self._case(self.debtor).action_erase_personal_data()

    def test_the_law_of_the_country_says_how_long_it_is_kept(self):
        self.env.company.country_id = False
        for code, years in (("cl", 2), ("us", 3), ("fr", 6)):
            self.debtor.country_id = self.env.ref(f"base.{code}")
            date = self.case._get_erasable_date()
            self.assertEqual(date, self.today.replace(year=2026 + years), code)
            with (
                self._day((date - self.today).days - 1),
                self.assertRaisesRegex(UserError, f"03/16/{2026 + years}"),
            ):
                self.case.action_erase_personal_data()

    def _get_years(self, debtor, company):
        for record, code in ((self.debtor, debtor), (self.env.company, company)):
            record.country_id = code and self.env.ref(f"base.{code}")
        return self.case._get_erasable_date().year - self.today.year

    def test_of_the_debtors_country_and_the_companys_the_longer_counts(self):
        for debtor, company, years in (
            ("cl", "cl", 2),
            ("cl", "us", 3),
            ("es", "cl", 5),
            ("cl", "fr", 6),
            (False, "cl", 6),
        ):
            with self.subTest(debtor=debtor, company=company):
                self.assertEqual(self._get_years(debtor, company), years)

    def test_where_no_line_speaks_it_is_never_shorter_than_elsewhere(self):
        lines = self.env["collection.retention"]
        lines.create({"country_id": self.env.ref("base.be").id, "years": 10})
        self.assertEqual(self._get_years("fr", "cl"), 10)
        lines.search([]).unlink()
        self.assertEqual(self._get_years("fr", "cl"), 6)

    def test_what_a_court_may_need_is_kept(self):
        self.case.legal_hold = True
        with self._in_years(7), self.assertRaisesRegex(UserError, "a court"):
            self.case.action_erase_personal_data()
        self.case.legal_hold = False
        self.env["collection.hold"].create(
            {"partner_id": self.debtor.id, "kind": "lawyer", "date_from": self.today}
        )
        with self._in_years(7), self.assertRaisesRegex(UserError, "a court"):
            self.case.action_erase_personal_data()

    def test_what_is_on_its_way_is_waited_for(self):
        contact = self.contact.sudo().copy({"state": "planned"})
        with self._in_years(7), self.assertRaisesRegex(UserError, "on its way"):
            self.case.action_erase_personal_data()
        contact.unlink()

    def test_nothing_personal_is_left_and_the_chain_is_whole(self):
        self.contact._correct("Ana lives elsewhere")
        self.events._verify(self.env.company)
        before = self.events.search([]).mapped("hash")
        with self._in_years(7):
            self.case.action_erase_personal_data()
        self.assertTrue(self.case.date_erased)
        self.assertFalse(
            self.contact.subject or self.contact.body or self.contact.address
        )
        contents = self.contents.search([("contact_id", "=", self.contact.id)])
        self.assertEqual(len(contents), 2)
        self.assertEqual(contents.mapped("content"), [False, False])
        self.assertEqual(contents.mapped("salt"), [False, False])
        self.assertEqual(len(self.case.message_ids), 1)
        self.assertIn("Personal data was erased", self.case.message_ids.body)
        self.assertIsNone(self.events._verify(self.env.company))
        self.assertEqual(self.events.search([]).mapped("hash")[: len(before)], before)
        self.assertEqual(self._kinds(self.contact)[-1], "erased")

    def test_the_file_of_an_erased_case_is_still_proved(self):
        with self._in_years(7):
            self.case.action_erase_personal_data()
        files = self._export(self.case)
        code, words = self._verify_file()
        self.assertEqual(code, 0, words)
        self.assertIn("texts were erased", words)
        for name, content in files.items():
            self.assertNotIn(b"debtor.test", content, name)

    def test_the_erasing_is_over_with_the_erasure(self):
        with self._in_years(7):
            self.case.action_erase_personal_data()
        with self._refused("Add a correction"):
            self.cr.execute("UPDATE collection_contact SET body = 'x'")

    def test_files_go_along(self):
        file = self.env["ir.attachment"].create(
            {
                "name": "notes.txt",
                "datas": base64.b64encode(b"x"),
                "res_model": self.case._name,
                "res_id": self.case.id,
            }
        )
        with self._in_years(7):
            self.case.action_erase_personal_data()
        self.assertFalse(file.exists())

    def test_mails_of_the_outgoing_queue_go_along(self):
        mail = self.env["mail.mail"].create(
            {
                "model": self.case._name,
                "res_id": self.case.id,
                "email_to": "ana@debtor.test",
                "body_html": "<p>Ana, pay</p>",
                "state": "exception",
            }
        )
        self.env.flush_all()
        with self._in_years(7):
            self.case.action_erase_personal_data()
        self.env.invalidate_all()
        self.assertFalse(mail.exists())


class TestEvidenceAccess(AccessCommon):
    """Who works on a case takes its evidence out; managers erase."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["collection.run"]._plan(cls.env.company)

    def setUp(self):
        super().setUp()
        self._deliver()
        self._send_mails()

    def test_evidence_is_seen_with_the_contact(self):
        for model in ("collection.contact.event", "collection.contact.content"):
            for role, partners in (
                ("own", self.mine | self.unassigned),
                ("all", self.mine | self.unassigned | self.others),
                ("viewer", self.mine | self.unassigned | self.others),
            ):
                with self.subTest(model=model, role=role):
                    seen = self._as(role, self.env[model]).search([])
                    self.assertEqual(seen.sudo().contact_id.partner_id, partners)

    def test_collectors_of_the_case_and_managers_take_it_out(self):
        case = self._case(self.mine)
        for role in ("own", "all", "manager"):
            action = self._as(role, case).action_export_evidence()
            self.assertIn("/web/content/", action["url"])
        foreign = self._case(self.others)
        for role, record in (("viewer", case), ("own", foreign), ("internal", case)):
            with (
                self.subTest(role),
                mute_logger("odoo.addons.base.models.ir_rule"),
                self.assertRaises(AccessError),
            ):
                self._as(role, record).action_export_evidence()

    def test_managers_alone_erase_and_hold(self):
        case = self._case(self.mine)
        self._pay(self.moves[self.mine])
        self._end_transaction()
        for role in ("viewer", "own", "all"):
            with self.subTest(role), self.assertRaises(AccessError):
                self._as(role, case).action_erase_personal_data()
            with self.subTest(role), self.assertRaises(AccessError):
                self._as(role, case).legal_hold = True
        self._as("manager", case).legal_hold = True
        with self._day(3000), self.assertRaises(UserError):
            self._as("manager", case).action_erase_personal_data()
        self._as("manager", case).legal_hold = False
        with self._day(3000):
            self._as("manager", case).action_erase_personal_data()
        self.assertTrue(case.date_erased)
        self.assertLess(case.date_erased.date(), self.today + timedelta(days=3001))
