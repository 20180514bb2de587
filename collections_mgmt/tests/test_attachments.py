from odoo import SUPERUSER_ID, Command
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import _wkhtml

from .letter_common import LetterCommon, read_pdf

INVOICES = "account.report_invoice_with_payments"
STATEMENT = "collections_mgmt.report_statement"
LETTER = "collections_mgmt.report_letter"


class AttachmentCommon(LetterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_postal_debtor("Acme", email="acme@debtor.test")
        cls.step.channel = "email"

    def _email(self, *moves):
        """Deliver an e-mail to the debtor of these invoices."""
        self._plan()
        self._deliver()
        self.env.invalidate_all()
        return self._contacts(moves[0].partner_id)

    def _names(self, contact):
        return sorted(contact.attachment_ids.mapped("name"))


class TestAttachments(AttachmentCommon):
    def setUp(self):
        super().setUp()
        self._fake_pdfs()

    def _rendered(self, report_name):
        """Return the ids of the records that were rendered by a report."""
        return sorted(
            res_id
            for name, res_ids in self.rendered
            if name == report_name
            for res_id in res_ids
        )

    # INVOICES

    def test_the_open_invoices_go_along_with_the_mail(self):
        self.step.attach_invoices = True
        moves = [self._create_overdue_invoice(self.debtor, days) for days in (5, 9)]
        contact = self._email(*moves)
        self.assertEqual(
            self._names(contact),
            sorted(move._get_invoice_report_filename() for move in moves),
        )
        self.assertEqual(
            contact.sudo().mail_message_id.attachment_ids, contact.attachment_ids
        )
        self._send_mails()
        [mail] = self._mails
        self.assertEqual(
            sorted(name for name, _content, _kind in mail["attachments"]),
            self._names(contact),
        )

    def test_an_invoice_is_attached_as_it_was_sent(self):
        self.step.attach_invoices = True
        move = self._create_overdue_invoice(self.debtor, 5)
        self.env["ir.attachment"].create(
            {
                "name": "As sent.pdf",
                "raw": b"%PDF-1.4 original",
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        move.invalidate_recordset(["invoice_pdf_report_id"])
        contact = self._email(move)
        self.assertEqual(contact.attachment_ids.name, "As sent.pdf")
        self.assertEqual(contact.attachment_ids.raw, b"%PDF-1.4 original")
        self.assertFalse(self.rendered)

    def test_an_invoice_that_was_paid_does_not_go_along(self):
        self.step.attach_invoices = True
        paid, owed = (
            self._create_overdue_invoice(self.debtor, days) for days in (5, 9)
        )
        self._plan()
        self._pay(paid)
        self._deliver()
        contact = self._contacts(self.debtor)
        self.assertEqual(
            contact.attachment_ids.mapped("name"), [owed._get_invoice_report_filename()]
        )

    def test_no_file_is_made_twice_in_a_batch(self):
        self.step.write({"attach_invoices": True, "attach_statement": True})
        self.step.copy({"sequence": 20})
        other = self._create_debtor("Other")
        moves = [self._create_overdue_invoice(who, 5) for who in (self.debtor, other)]
        self._email(*moves)
        contacts = self._contacts(self.debtor) | self._contacts(other)
        self.assertEqual(contacts.mapped("state"), ["queued"] * 4)
        self.assertEqual(self._rendered(INVOICES), sorted(move.id for move in moves))
        self.assertEqual(self._rendered(STATEMENT), sorted(contacts.case_id.ids))
        self.assertEqual(len(contacts.attachment_ids), 4)

    @mute_logger("odoo.addons.collections_mgmt.models.collection_contact_delivery")
    def test_an_invoice_that_cannot_be_printed_fails_its_contact_alone(self):
        self.step.attach_invoices = True
        other = self._create_debtor("Other")
        broken, good = (
            self._create_overdue_invoice(who, 5) for who in (self.debtor, other)
        )
        self.unprintable = broken.ids
        contact = self._email(broken)
        self.assertEqual(contact.state, "failed")
        self.assertEqual(
            contact.reason,
            f"The invoice {broken.name} cannot be made as a PDF: "
            "The template is broken",
        )
        self.assertFalse(contact.case_id.message_ids)
        self.assertFalse(self._items(broken).stage_id)
        self.assertEqual(self._contacts(other).state, "queued")
        self.assertEqual(
            self._contacts(other).attachment_ids.mapped("name"),
            [good._get_invoice_report_filename()],
        )

    def test_who_reads_the_case_reads_what_went_along(self):
        self.step.attach_invoices = True
        contact = self._email(self._create_overdue_invoice(self.debtor, 5))
        viewer = new_test_user(
            self.env,
            "viewer",
            groups="collections_mgmt.group_collection_viewer",
            company_id=self.env.company.id,
        )
        self.assertTrue(contact.with_user(viewer).attachment_ids.raw)

    # STATEMENT

    def test_a_statement_goes_along_with_the_mail(self):
        self.step.attach_statement = True
        contact = self._email(self._create_overdue_invoice(self.debtor, 5))
        self.assertEqual(self._names(contact), ["Statement 2026-03-16.pdf"])

    def test_the_statement_lists_all_that_is_open_per_currency_and_the_credits(self):
        euro = self.setup_other_currency("EUR")
        late = self._create_overdue_invoice(self.debtor, 5, 100.0)
        early = self._create_overdue_invoice(self.debtor, -40, 70.0)
        foreign = self._create_overdue_invoice(self.debtor, 9, 50.0, currency=euro)
        self._create_payment(self.debtor, 30.0)
        self._plan()
        in_euro, in_usd = self._case(self.debtor)._get_statement_blocks()
        self.assertEqual([row.label for row in in_usd.rows], [late.name, early.name])
        self.assertEqual(in_usd.total, 140.0)  # 100 + 70 - 30
        self.assertEqual([row.label for row in in_euro.rows], [foreign.name])
        self.assertEqual(in_euro.total, 50.0)

    # LETTERS

    def test_attachments_are_printed_behind_their_letter(self):
        self.step.write(
            {"channel": "letter", "attach_invoices": True, "attach_statement": True}
        )
        other = self._create_postal_debtor("Other")
        moves = [self._create_overdue_invoice(who, 5) for who in (self.debtor, other)]
        run = self._queue_letters(*moves)
        run.action_print_letters()
        self.env.invalidate_all()
        pages = read_pdf(run.letters_file_ids.raw)
        self.assertEqual(
            [page.split()[0] for page in pages], [LETTER, STATEMENT, INVOICES] * 2
        )
        self.assertIn("Acme", pages[0])
        self.assertIn("Other", pages[3])
        letter = self._contacts(self.debtor)
        self.assertEqual(len(letter.attachment_ids), 2)
        self.assertEqual(
            letter.sudo().mail_message_id.attachment_ids, letter.attachment_ids
        )

    @mute_logger("odoo.addons.collections_mgmt.models.collection_contact_letter")
    def test_a_broken_file_fails_its_letter_alone(self):
        self.step.write({"channel": "letter", "attach_invoices": True})
        other = self._create_postal_debtor("Other")
        moves = [self._create_overdue_invoice(who, 5) for who in (self.debtor, other)]
        self.env["ir.attachment"].create(
            {
                "name": "Broken.pdf",
                "raw": b"no PDF at all",
                "res_model": "account.move",
                "res_id": moves[0].id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        moves[0].invalidate_recordset(["invoice_pdf_report_id"])
        run = self._queue_letters(*moves)
        run.action_print_letters()
        self.assertEqual(self._contacts(self.debtor).state, "failed")
        self.assertIn(
            "attachment cannot be printed", self._contacts(self.debtor).reason
        )
        self.assertEqual(self._contacts(other).state, "sent")

    # COST

    def test_a_step_without_attachments_costs_no_query_for_them(self):
        contacts = self._email(self._create_overdue_invoice(self.debtor, 5))
        contacts.step_id.mapped("attach_invoices")  # fills the cache
        with self.assertQueryCount(0):
            self.assertEqual(contacts._attach_documents(), contacts)
            self.assertEqual(contacts._get_attachment_ids(), [])
        self.assertFalse(self.rendered)

    # COPIES

    def test_copies_go_to_the_addresses_of_the_debtor_once_and_never_to_itself(self):
        self.debtor.collection_cc_ids = self.env["res.partner"].create(
            [
                {"name": "Sales", "email": "Sales@creditor.test"},
                {"name": "Twice", "email": "sales@creditor.test"},
                {"name": "Itself", "email": "acme@debtor.test"},
                {"name": "Nonsense", "email": "not an address"},
                {"name": "None", "email": False},
                {"name": "Boss", "email": "boss@creditor.test"},
            ]
        )
        contact = self._email(self._create_overdue_invoice(self.debtor, 5))
        self.assertEqual(
            sorted(contact.email_cc.split(", ")),
            ["boss@creditor.test", "sales@creditor.test"],
        )
        self.assertEqual(contact.sudo().mail_mail_id.email_cc, contact.email_cc)
        self._send_mails()
        copies = [mail for mail in self._mails if mail["email_cc"]]
        self.assertEqual(
            [sorted(mail["email_cc"]) for mail in copies],
            [["boss@creditor.test", "sales@creditor.test"]],
        )
        self.assertEqual(contact.state, "sent")

    def test_without_copies_the_contact_says_nothing_of_them(self):
        contact = self._email(self._create_overdue_invoice(self.debtor, 5))
        self.assertFalse(contact.email_cc)

    def test_a_colleague_of_another_company_gets_no_copy(self):
        """A debtor is shared; what one company writes is no matter of another's."""
        other = self._create_creditor("Other Creditor")
        ours, theirs = (
            new_test_user(
                self.env,
                login=f"sales{company.id}",
                email=f"sales{company.id}@creditor.test",
                groups="base.group_user",
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
            )
            for company in (self.env.company, other)
        )
        outside = self.env["res.partner"].create(
            {"name": "Of Them", "email": "of@them.test", "company_id": other.id}
        )
        self.debtor.collection_cc_ids = ours.partner_id | theirs.partner_id | outside
        contact = self._email(self._create_overdue_invoice(self.debtor, 5))
        self.assertEqual(contact.email_cc, ours.email)

    def test_copies_take_no_query_per_contact(self):
        debtors = [self._create_debtor(f"Debtor {index}") for index in range(20)]
        for debtor in debtors:
            debtor.collection_cc_ids = self._create_debtor(f"Copy of {debtor.name}")
            self._create_overdue_invoice(debtor, 5)
        self._plan()
        contacts = self.env["collection.contact"].search([("state", "=", "planned")])
        self.env.flush_all()
        self.env.invalidate_all()
        contacts.address_partner_id.mapped("email_normalized")
        before = self.cr.sql_log_count
        copies = [contact._get_email_cc() for contact in contacts]
        self.assertEqual(len(set(copies)), 20)
        self.assertLessEqual(self.cr.sql_log_count - before, 4)

    # WHO IS WRITTEN TO

    def test_the_collections_contact_is_written_to_in_its_own_language(self):
        self.env["res.lang"]._activate_lang("es_419")
        self.letter_template.with_context(lang="es_419").subject = "Pague, por favor"
        person, _invoices = self.env["res.partner"].create(
            [
                {
                    "name": "Ana",
                    "parent_id": self.debtor.id,
                    "email": "ana@debtor.test",
                    "lang": "es_419",
                },
                {
                    "name": "Invoices",
                    "parent_id": self.debtor.id,
                    "type": "invoice",
                    "email": "invoices@debtor.test",
                    "lang": "en_US",
                },
            ]
        )
        self.debtor.collection_contact_id = person
        contact = self._email(self._create_overdue_invoice(self.debtor, 5))
        self.assertRecordValues(
            contact,
            [
                {
                    "address_partner_id": person.id,
                    "address": "ana@debtor.test",
                    "lang": "es_419",
                    "subject": "Pague, por favor",
                }
            ],
        )
        self.assertEqual(contact.sudo().mail_message_id.partner_ids, person)

    def test_the_statement_is_in_the_language_of_who_reads_it(self):
        self.env["res.lang"]._activate_lang("es_419")
        self.step.attach_statement = True
        self.debtor.lang = "es_419"
        report = self.env.registry["ir.actions.report"]
        original, langs = report._render_pdfs, []

        def note_language(reports, report_ref, res_ids):
            langs.append(reports.env.lang)
            return original(reports, report_ref, res_ids)

        self.patch(report, "_render_pdfs", note_language)
        self._email(self._create_overdue_invoice(self.debtor, 5))
        self.assertEqual(langs, ["es_419"])

    def test_a_printed_statement_is_in_the_language_of_the_debtor(self):
        self.env["res.lang"]._activate_lang("es_419")
        self.debtor.lang = "es_419"
        self._create_overdue_invoice(self.debtor, 5)
        self._sync_only()
        case = self._case(self.debtor)
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            STATEMENT, case.ids
        )
        self.assertRegex(html.decode(), r"\d de \w+ de \d{4}")  # its long date
        self.assertIn("Estado de cuenta", case._get_statement_filename())


class TestAttachmentPaper(AttachmentCommon):
    """The real PDF files."""

    @mute_logger("odoo.addons.base.models.ir_actions_report")
    def test_statement_and_invoice_are_readable_files(self):
        if _wkhtml().state == "install":
            self.skipTest("wkhtmltopdf is not installed")
        # Without the style sheets: the text of web fonts cannot be read back.
        self.env["ir.config_parameter"].sudo().set_param(
            "report.url", "http://127.0.0.1:1"
        )
        self.step.write({"attach_invoices": True, "attach_statement": True})
        move = self._create_overdue_invoice(self.debtor, 5, 123.45)
        self._plan()
        contacts = self.env(
            user=SUPERUSER_ID, context={"force_report_rendering": True}
        )["collection.contact"].browse(self._contacts(self.debtor).ids)
        contacts._attach_documents()
        statement, invoice = (
            " ".join(read_pdf(file.raw))
            for file in contacts.attachment_ids.sorted(
                lambda file: not file.name.startswith("Statement")
            )
        )
        for text in (statement, invoice):
            self.assertIn(move.name, text)
            self.assertIn("123.45", text)
        self.assertIn("Statement of Account", statement)
        self.assertNotIn("Proforma", invoice)
