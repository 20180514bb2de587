from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.sql_db import db_connect
from odoo.tests import Form
from odoo.tools import SQL, html2plaintext, mute_logger
from odoo.tools.safe_eval import safe_eval

from .common import CollectionCommon
from .test_access import AccessCommon

FEW, MANY = 3, 30


class TestPreview(CollectionCommon):
    """A preview says what a run would do, and leaves nothing behind."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls.move = cls._create_overdue_invoice(cls.debtor, 5, 100.0)
        cls.small = cls._create_debtor("Covered")
        cls._create_overdue_invoice(cls.small, 5, 40.0)
        cls._create_credit_note(cls.small, 50.0)
        cls.unreached = cls._create_debtor("Unreached", email=False)
        cls._create_overdue_invoice(cls.unreached, 5, 30.0)

    def _show(self, date=None, company=None):
        """Show the preview of a day as the web client does; return its lines."""
        with Form(self.env["collection.preview"]) as form:
            form.date = date or self.today
        preview = form.record
        if company:
            preview.company_id = company
        action = preview.action_show()
        return self.env[action["res_model"]].search(action["domain"])

    def _line(self, lines, partner):
        return lines.filtered(lambda line: line.partner_id == partner)

    # NOTHING REMAINS

    def _get_fingerprint(self):
        """Return the rows of all tables that a run or its delivery writes."""
        self.cr.flush()  # with what waits for the commit
        tables = [
            model._table
            for name, model in self.env.items()
            if name.startswith("collection.")
            and model._auto
            and not model._abstract
            and not model._transient
        ]
        tables += ["mail_message", "mail_mail", "mail_activity", "ir_cron_trigger"]
        tables += ["bus_bus", "mail_tracking_value", "mail_notification"]
        return {
            table: self.env.execute_query(
                SQL(
                    """
                    SELECT COUNT(*), MAX(id), MD5(STRING_AGG(
                           row.xmin::text || row::text, ' ' ORDER BY id))
                      FROM %s row
                    """,
                    SQL.identifier(table),
                )
            )
            for table in tables
        }

    def test_a_preview_writes_nothing(self):
        self.stage_due.step_ids.channel = "task"
        self._run(-1)  # a case with an open task, which a run would close
        self.assertTrue(self._case(self.debtor).activity_ids)
        self._pay(self.move)
        self._create_overdue_invoice(self._create_debtor("New"), 5)
        before = self._get_fingerprint()
        lines = self._show()
        self.assertEqual(lines.filtered("stage_id").partner_id.mapped("name"), ["New"])
        self.assertEqual(self._get_fingerprint(), before)

    def test_the_message_of_a_preview_writes_nothing(self):
        line = self._line(self._show(), self.debtor)
        before = self._get_fingerprint()
        line.action_show_message()
        self.assertEqual(self._get_fingerprint(), before)

    def test_what_waited_in_the_cache_is_not_lost(self):
        self.debtor.comment = "Written just before"
        self._show()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertIn("Written just before", self.debtor.comment)

    def test_a_preview_keeps_no_lock(self):
        self.assertTrue(self._can_lock())
        self._show()
        self.assertTrue(self._can_lock())
        self._plan()
        self.assertFalse(self._can_lock(), "A real run holds it until its end.")

    def _can_lock(self):
        """Tell whether another transaction could start a run now."""
        with db_connect(self.cr.dbname).cursor() as other:
            other.execute(
                "SELECT pg_try_advisory_xact_lock(hashtext('collection_run'), %s)",
                [self.env.company.id],
            )
            [locked] = other.fetchone()
            return locked

    # IT IS WHAT THE RUN DOES

    def _get_decisions(self, records):
        return {record.partner_id: record.decision for record in records}

    def _get_messages(self, records):
        return sorted(
            (
                record.partner_id.id,
                record.step_id.id,
                record.channel,
                record.address_partner_id.id,
                record.amount_asked,
            )
            for record in records
        )

    def test_a_preview_equals_the_run(self):
        for days in (0, 1, 6):
            with self.subTest(days=days), self._day(days):
                date = self.today + timedelta(days=days)
                lines = self._show(date)
                run = self._plan(date)
                cases = self.env["collection.case"].search([("state", "=", "open")])
                self.assertEqual(self._get_decisions(lines), self._get_decisions(cases))
                self.assertEqual(
                    self._get_messages(lines.filtered("step_id")),
                    self._get_messages(run.contact_ids),
                )
                texts = {case.partner_id: case.decision_text for case in cases}
                for line in lines:
                    self.assertEqual(line.decision_text, texts[line.partner_id])
                self._deliver()
                self._send_mails()

    def test_a_preview_of_a_day_to_come(self):
        later = self._create_debtor("Later")
        self._create_overdue_invoice(later, -5)
        self.assertEqual(self._line(self._show(), later).outcome, "nothing")
        line = self._line(self._show(self.today + timedelta(days=2)), later)
        self.assertEqual(line.outcome, "send")
        self.assertEqual(line.stage_id, self.stage_soon)

    def test_a_line_says_who_gets_what_and_why(self):
        lines = self._show()
        self.assertRecordValues(
            self._line(lines, self.debtor),
            [
                {
                    "decision": "send",
                    "decision_text": "“Due” is due.",
                    "outcome": "send",
                    "stage_id": self.stage_due.id,
                    "channel": "email",
                    "address_partner_id": self.debtor.id,
                    "address": "acme@debtor.test",
                    "amount_overdue": 100.0,
                    "amount_asked": 100.0,
                    "item_count": 1,
                }
            ],
        )
        self.assertRecordValues(
            self._line(lines, self.small),
            [
                {
                    "decision": "credits",
                    "outcome": "nothing",
                    "stage_id": False,
                    "amount_overdue": 40.0,
                    "amount_asked": 0.0,
                    "item_count": 0,
                }
            ],
        )
        self.assertEqual(self._line(lines, self.unreached).channel, "task")

    def test_the_decisions_add_up_to_what_is_overdue(self):
        self.stage_due.step_ids = [
            Command.create({"channel": "task", "sequence": 20}),
        ]
        lines = self._show()
        self.assertEqual(len(self._line(lines, self.debtor)), 2, "Two steps, two rows.")
        totals = self.env["collection.preview.line"]._read_group(
            [("id", "in", lines.ids)], ["decision"], ["amount_overdue:sum"]
        )
        self.assertEqual(sum(amount for _decision, amount in totals), 170.0)
        self._plan()
        cases = self.env["collection.case"].search([("state", "=", "open")])
        self.assertEqual(sum(cases.mapped("amount_overdue")), 170.0)

    def test_showing_another_day_replaces_the_lines(self):
        preview = self.env["collection.preview"].create({})
        preview.action_show()
        preview.date = self.today + timedelta(days=1)
        preview.action_show()
        self.assertEqual(len(preview.line_ids), 3)

    def test_a_preview_takes_the_same_queries_for_any_number_of_debtors(self):
        self._show()  # fills the caches that outlive a transaction
        counts = []
        for count in (FEW, MANY):
            for index in range(count):
                self._create_overdue_invoice(self._create_debtor(f"{count}.{index}"), 5)
            counts.append(self._count_show())
        self.assertEqual(*counts)

    def _count_show(self):
        preview = self.env["collection.preview"].create({})
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        preview.action_show()
        return self.cr.sql_log_count - before

    # THE MESSAGE

    def test_the_message_is_the_one_that_would_be_sent(self):
        line = self._line(self._show(), self.debtor)
        action = line.action_show_message()
        self.assertEqual(action["res_id"], line.id)
        shown = line.body
        contact = self._run().filtered(lambda c: c.partner_id == self.debtor)
        self.assertEqual(line.subject, contact.subject)
        said = contact.sudo().mail_message_id.body
        self.assertIn("Dear Acme", shown)
        self.assertEqual(self._get_words(shown), self._get_words(said))

    def _get_words(self, body):
        return html2plaintext(body).split()

    def test_in_test_mode_a_preview_shows_what_would_be_sent(self):
        self.env.company.collection_test_mode = True
        self.assertEqual(self._line(self._show(), self.debtor).outcome, "send")
        self.stage_due.needs_approval = True
        self.assertEqual(self._line(self._show(), self.debtor).outcome, "review")
        self.env.company.collection_test_mode = False
        self.assertEqual(self._line(self._show(), self.debtor).outcome, "review")

    def test_the_message_of_what_is_not_due_any_more(self):
        line = self._line(self._show(), self.debtor)
        self._pay(self.move)
        with self.assertRaises(UserError):
            line.action_show_message()

    # WHO AND WHERE

    def test_a_preview_looks_ahead_not_back(self):
        with self.assertRaises(UserError):
            self._show(self.today - timedelta(days=1))

    def test_every_filter_of_the_list_can_be_used(self):
        lines = self._show()
        view = self.env.ref("collections_mgmt.collection_preview_line_view_search")
        arch = lines._get_view(view.id, "search")[0]
        for node in arch.xpath("//filter[@domain]"):
            with self.subTest(filter=node.get("name")):
                lines.search(safe_eval(node.get("domain")))
        for node in arch.xpath("//filter[@context]"):
            with self.subTest(group=node.get("name")):
                group = safe_eval(node.get("context"))["group_by"]
                lines.formatted_read_group([], [group], ["amount_overdue:sum"])


class TestPreviewAccess(AccessCommon):
    """Only managers preview, and only their own companies."""

    def test_only_managers_preview(self):
        for role in self.users:
            preview = self._as(role, self.env["collection.preview"])
            with self.subTest(role):
                if role == "manager":
                    self.assertTrue(preview.create({}).action_show())
                    continue
                with (
                    self.assertRaises(AccessError),
                    mute_logger("odoo.addons.base.models.ir_model"),
                ):
                    preview.create({})

    def test_a_manager_does_not_see_the_preview_of_another(self):
        self.env["collection.preview"].create({}).action_show()
        self.assertTrue(self.env["collection.preview.line"].search([]))
        for model in ("collection.preview", "collection.preview.line"):
            with self.subTest(model):
                self.assertFalse(self._as("manager", self.env[model]).search([]))

    def test_a_company_of_others_cannot_be_previewed(self):
        foreign = self._create_creditor("Foreign")
        preview = self._as("manager", self.env["collection.preview"]).create({})
        preview.sudo().company_id = foreign
        for method in ("action_show",):
            with self.assertRaises(UserError):
                call_kw(preview.browse(), method, [preview.ids], {})

    def test_a_branch_is_previewed_with_its_root(self):
        branch = self._create_branch("Branch")
        preview = self.env["collection.preview"].create({})
        self.assertEqual(preview.company_id, self.env.company)
        preview.company_id = branch
        with self.assertRaises(UserError):
            preview.action_show()

    def test_a_preview_shows_one_company(self):
        second = self._create_creditor("Second")
        self._create_overdue_invoice(self.mine, 5, 77.0, company=second)
        preview = self.env["collection.preview"].create({"company_id": second.id})
        preview.action_show()
        self.assertRecordValues(
            preview.line_ids,
            [{"partner_id": self.mine.id, "amount_overdue": 77.0}],
        )
