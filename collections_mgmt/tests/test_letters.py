from unittest.mock import patch

from psycopg2.errors import QueryCanceled, SerializationFailure

from odoo.exceptions import UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import _wkhtml

from .letter_common import LetterCommon, read_pdf


class TestLetters(LetterCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_postal_debtor("Acme")

    def setUp(self):
        super().setUp()
        self._fake_pdfs()

    def _print(self, letters):
        action = letters.action_print_letters()
        self.env.invalidate_all()
        return action

    # ON THE PILE

    def test_a_letter_waits_to_be_printed_and_its_items_wait_too(self):
        move = self._create_overdue_invoice(self.debtor, 5, 100.0)
        run = self._queue_letters(move)
        letter = run.contact_ids
        self.assertRecordValues(
            letter,
            [
                {
                    "state": "queued",
                    "subject": "Please pay, Acme",
                    "address": "Acme, 1 High Street, Springfield 1000, United States",
                }
            ],
        )
        self.assertIn(move.name, letter.body)
        self.assertIn("100.00", letter.body)
        self.assertEqual(run.letter_count, 1)
        self.assertFalse(self._items(move).stage_id)

    def test_the_text_stands_as_a_note_on_the_case_and_nobody_gets_a_mail(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        letter = self._queue_letters(move).contact_ids
        message = letter.sudo().mail_message_id
        self.assertEqual(message.res_id, letter.case_id.id)
        self.assertEqual(message.subtype_id, self.env.ref("mail.mt_note"))
        self.assertIn(move.name, message.body)
        self.assertFalse(message.partner_ids)
        self.assertFalse(message.notification_ids)
        self.assertFalse(
            self.env["mail.mail"].sudo().search([("mail_message_id", "=", message.id)])
        )

    def test_a_letter_is_written_in_the_language_of_its_recipient(self):
        self.env["res.lang"]._activate_lang("es_419")
        self.letter_template.with_context(lang="es_419").subject = "Pague, por favor"
        debtors = (
            self.debtor,
            self._create_postal_debtor("Ñandú", lang="es_419"),
        )
        self._queue_letters(
            *(self._create_overdue_invoice(debtor, 5) for debtor in debtors)
        )
        self.assertEqual(
            [self._contacts(debtor).subject for debtor in debtors],
            ["Please pay, Acme", "Pague, por favor"],
        )

    def test_what_a_person_wrote_stays_as_it_is(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        letter = self._contacts(self.debtor)
        self._rewrite(letter)
        self._deliver()
        self._print(letter)
        self.assertRecordValues(
            letter,
            [{"subject": "Dear Ann", "body": "<p>As agreed</p>", "state": "sent"}],
        )

    def test_a_letter_for_other_amounts_comes_back_instead_of_being_printed(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        letter = self._contacts(self.debtor)
        self._rewrite(letter)
        self._deliver()
        self.assertEqual(letter.state, "queued")
        note = letter.sudo().mail_message_id
        self._pay(move, 40.0)
        letter.action_print_letters()
        self.assertEqual(letter.state, "review")
        self.assertIn("60.00", letter.reason)
        self.assertFalse(note.exists(), "Nobody was told that.")
        self.assertFalse(letter.letters_file_id)

    def _rewrite(self, letter):
        letter.sudo().state = "review"
        letter._edit_text("Dear Ann", "<p>As agreed</p>")
        letter.action_approve()

    def test_letters_are_written_with_a_few_queries_each(self):
        def count(number):
            debtors = [
                self._create_postal_debtor(f"{number} {index}")
                for index in range(number)
            ]
            for debtor in debtors:
                self._create_overdue_invoice(debtor, 5)
            self._plan()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._deliver()
            return self.cr.sql_log_count - before

        count(2)
        few, many = count(5), count(35)
        self.assertLessEqual((many - few) / 30, 1)

    # PRINTED IS SENT

    def test_printing_makes_letters_sent_and_their_items_climb(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        run = self._queue_letters(move)
        action = self._print(run)
        letter = run.contact_ids
        self.assertRecordValues(letter, [{"state": "sent", "date_done": self.today}])
        self.assertEqual(self._items(move).stage_id, self.letter_stage)
        self.assertEqual(run.letter_count, 0)
        file = run.letters_file_ids
        self.assertEqual(file.name, "Letters of 2026-03-16.pdf")
        self.assertEqual(file, letter.letters_file_id)
        self.assertEqual(action["url"], f"/web/content/{file.id}")

    def test_one_file_holds_all_letters_by_country_zip_and_name(self):
        chile = self.env.ref("base.cl").id
        debtors = [
            self._create_postal_debtor(name, zip=code, **country)
            for name, code, country in (
                ("Zeta", "1000", {}),
                ("Beta", "2000", {}),
                ("Alpha", "2000", {}),
                ("Last", "9000", {"country_id": chile}),
            )
        ]
        run = self._queue_letters(
            *(self._create_overdue_invoice(debtor, 5) for debtor in debtors)
        )
        self._print(run)
        self.assertEqual(
            [page.split(" · ")[1] for page in read_pdf(run.letters_file_ids.raw)],
            ["Last", "Zeta", "Alpha", "Beta"],
        )

    def test_printing_again_gives_the_stored_file_and_changes_nothing(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        run = self._queue_letters(move)
        first = self._print(run)
        with self._day(9):
            again = self._print(run)
        self.assertEqual(again, first)
        self.assertEqual(len(run.letters_file_ids), 1)
        self.assertEqual(run.contact_ids.date_done, self.today)
        self.assertEqual(len(self.rendered), 1)

    def test_a_selection_is_printed_and_the_rest_still_waits(self):
        other = self._create_postal_debtor("Other")
        run = self._queue_letters(
            *(self._create_overdue_invoice(who, 5) for who in (self.debtor, other))
        )
        self._print(self._contacts(other))
        self.assertEqual(self._contacts(other).state, "sent")
        self.assertEqual(self._contacts(self.debtor).state, "queued")
        self.assertEqual(run.letter_count, 1)

    def test_there_must_be_a_letter_to_print(self):
        self.letter_strategy.stage_ids.step_ids.channel = "task"
        self._create_overdue_invoice(self.debtor, 5)
        run = self._plan()
        with self.assertRaisesRegex(UserError, "no letter"):
            self._print(run.contact_ids)

    def test_without_wkhtmltopdf_it_says_so_and_nothing_changes(self):
        run = self._queue_letters(self._create_overdue_invoice(self.debtor, 5))
        with (
            patch.object(
                self.registry["ir.actions.report"],
                "get_wkhtmltopdf_state",
                lambda reports: "install",
            ),
            self.assertRaisesRegex(UserError, "wkhtmltopdf"),
        ):
            self._print(run)
        self.assertEqual(run.contact_ids.state, "queued")
        self.assertFalse(run.letters_file_ids)

    def test_a_letter_that_cannot_be_made_fails_and_the_others_are_printed(self):
        other = self._create_postal_debtor("Other")
        run = self._queue_letters(
            *(self._create_overdue_invoice(who, 5) for who in (self.debtor, other))
        )
        broken = self._contacts(self.debtor)
        self.unprintable = broken.ids
        self._print(run)
        self.assertRecordValues(
            broken, [{"state": "failed", "reason": "The template is broken"}]
        )
        self.assertFalse(broken.sudo().mail_message_id, "Nobody was told anything.")
        self.assertEqual(self._contacts(other).state, "sent")
        self.assertEqual(len(read_pdf(run.letters_file_ids.raw)), 1)

    def test_a_letter_that_takes_the_database_too_long_fails_alone(self):
        other = self._create_postal_debtor("Other")
        run = self._queue_letters(
            *(self._create_overdue_invoice(who, 5) for who in (self.debtor, other))
        )
        self.unprintable = self._contacts(self.debtor).ids
        self.obstacle = QueryCanceled("It took too long")
        self._print(run)
        self.assertRecordValues(
            self._contacts(self.debtor),
            [{"state": "failed", "reason": "It took too long"}],
        )
        self.assertEqual(self._contacts(other).state, "sent")

    def test_where_other_work_is_in_the_way_of_a_letter_nothing_has_failed(self):
        run = self._queue_letters(self._create_overdue_invoice(self.debtor, 5))
        self.unprintable = run.contact_ids.ids
        self.obstacle = SerializationFailure()
        with self.assertRaises(SerializationFailure):
            self._print(run)
        self.assertEqual(run.contact_ids.state, "queued")

    def test_letters_of_two_companies_are_printed_apart(self):
        company = self._create_creditor("Second Ltd")
        mine = self._queue_letters(self._create_overdue_invoice(self.debtor, 5))
        letter = mine.contact_ids.sudo()
        theirs = letter.copy({"company_id": company.id, "state": "queued"})
        with self.assertRaisesRegex(UserError, "one company at a time"):
            self._print((letter | theirs).sudo(False))

    # TRUTH

    def test_what_was_paid_before_printing_is_not_printed(self):
        other = self._create_postal_debtor("Other")
        paid, owed = (
            self._create_overdue_invoice(who, 5) for who in (self.debtor, other)
        )
        run = self._queue_letters(paid, owed)
        self._pay(paid)
        self._print(run)
        letter = self._contacts(self.debtor)
        self.assertEqual(letter.state, "dropped")
        self.assertFalse(letter.sudo().mail_message_id, "Nobody was told anything.")
        self.assertFalse(self._items(paid).stage_id)
        self.assertEqual(self._contacts(other).state, "sent")
        self.assertEqual(len(read_pdf(run.letters_file_ids.raw)), 1)

    def test_a_letter_says_what_is_owed_on_the_day_it_is_printed(self):
        move = self._create_overdue_invoice(self.debtor, 5, 100.0)
        run = self._queue_letters(move)
        self._pay(move, 30.0)
        with self._day(2):
            self._print(run)
        letter = run.contact_ids
        for text in (letter.body, letter.sudo().mail_message_id.body):
            self.assertIn("70.00", text)
            self.assertNotIn("100.00", text)
        self.assertEqual(letter.line_ids.amount_residual_currency, 70.0)

    def test_credits_that_came_before_printing_are_deducted(self):
        move = self._create_overdue_invoice(self.debtor, 5, 100.0)
        run = self._queue_letters(move)
        self._create_payment(self.debtor, 40.0)
        self._print(run)
        self.assertIn("60.00", run.contact_ids.body)

    def test_when_everything_was_paid_it_says_so_and_makes_no_file(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        run = self._queue_letters(move)
        self._pay(move)
        action = self._print(run)
        self.assertEqual(action["tag"], "display_notification")
        self.assertEqual(run.contact_ids.state, "dropped")
        self.assertFalse(run.letters_file_ids)

    # WHO MAY

    def test_who_sees_every_case_prints_and_keeps_the_file(self):
        run = self._queue_letters(self._create_overdue_invoice(self.debtor, 5))
        clerk = new_test_user(
            self.env,
            "clerk",
            groups="collections_mgmt.group_collection_collector_all",
            company_id=self.env.company.id,
        )
        run.with_user(clerk).action_print_letters()
        self.assertEqual(run.contact_ids.state, "sent")
        self.assertTrue(run.letters_file_ids.with_user(clerk).raw)

    def test_who_sees_only_a_part_or_may_not_act_does_not_print(self):
        run = self._queue_letters(self._create_overdue_invoice(self.debtor, 5))
        for group in ("collector", "viewer"):
            user = new_test_user(
                self.env,
                group,
                groups=f"collections_mgmt.group_collection_{group}",
                company_id=self.env.company.id,
            )
            with self.subTest(group), self.assertRaises(UserError):
                run.contact_ids.with_user(user).action_print_letters()
        self.assertEqual(run.contact_ids.state, "queued")


class TestLetterPaper(LetterCommon):
    """The real PDF files, as wkhtmltopdf makes them."""

    def setUp(self):
        super().setUp()
        if _wkhtml().state == "install":
            self.skipTest("wkhtmltopdf is not installed")
        # Without the style sheets: the text of web fonts cannot be read back.
        self.env["ir.config_parameter"].sudo().set_param(
            "report.url", "http://127.0.0.1:1"
        )

    @mute_logger("odoo.addons.base.models.ir_actions_report")
    def _print(self, run):
        run.with_context(force_report_rendering=True).action_print_letters()
        self.env.invalidate_all()
        return read_pdf(run.letters_file_ids.raw)

    def test_the_letter_is_on_the_companys_paper(self):
        self.env.company.company_details = "<p>Creditor Ltd<br/>Harbour 7</p>"
        self.env.company.report_footer = "<p>Bank 1-2-3</p>"
        debtor = self._create_postal_debtor("Acme", ref="C-77")
        move = self._create_overdue_invoice(debtor, 5, 123.45)
        [text] = self._print(self._queue_letters(move))
        for part in (
            "Harbour 7",  # letterhead
            "1 High Street",  # address window
            "March 16, 2026",
            "C-77",
            "Please pay, Acme",
            move.name,
            "123.45",
            "Bank 1-2-3",  # footer
        ):
            with self.subTest(part):
                self.assertIn(part, text)
        self.assertLess(text.index("Harbour 7"), text.index("Please pay, Acme"))

    def test_each_letter_is_in_the_language_of_its_recipient(self):
        self.env["res.lang"]._activate_lang("es_419")
        self.letter_template.with_context(lang="es_419").subject = "Pague, por favor"
        debtors = (
            self._create_postal_debtor("Acme", zip="1"),
            self._create_postal_debtor("Ñandú", zip="2", lang="es_419"),
        )
        run = self._queue_letters(
            *(self._create_overdue_invoice(debtor, 5) for debtor in debtors)
        )
        english, spanish = self._print(run)
        self.assertIn("Please pay, Acme", english)
        self.assertIn("March", english)
        self.assertIn("Pague, por favor", spanish)
        self.assertIn("marzo", spanish)

    def test_a_long_table_breaks_between_rows_and_repeats_its_heading(self):
        debtor = self._create_postal_debtor("Acme")
        moves = [
            self._create_overdue_invoice(debtor, 5 + index, 10.0 + index)
            for index in range(60)
        ]
        pages = self._print(self._queue_letters(moves[0]))
        self.assertGreater(len(pages), 1)
        for number, text in enumerate(pages, 1):
            if number == 1 or _wkhtml().is_patched_qt:  # the other repeats none
                self.assertIn("Due Date", text)
            self.assertIn(f"{number} / {len(pages)}", text)
        self.assertEqual(
            [sum(move.name in text for text in pages) for move in moves], [1] * 60
        )
        # 60 x 10 + (0 + ... + 59)
        self.assertEqual(sum("2,370.00" in text for text in pages), 1)
