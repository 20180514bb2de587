from datetime import timedelta
from unittest.mock import patch

from lxml import html

from odoo.tools import SQL, mute_logger

from ..tools.errors import CONFLICTS
from .common import CollectionCommon


def _raise(error):
    raise error


class TestDelivery(CollectionCommon):
    """Only what is owed leaves, what left counts, and its traces agree."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")

    # TRUTH: nothing leaves that is not owed at that moment

    def test_what_is_not_owed_any_more_is_dropped_at_delivery(self):
        def exclude(move):
            self._get_receivable_lines(move).no_followup = True

        def postpone(move):
            move.invoice_date_due = self.today + timedelta(days=10)

        events = {
            "paid": self._pay,
            "credited": lambda move: move._reverse_moves(cancel=True),
            "credit note not matched": lambda move: self._create_credit_note(
                move.partner_id, 100.0
            ),
            "payment not matched": lambda move: self._create_payment(
                move.partner_id, 100.0
            ),
            "excluded from follow-up": exclude,
            "reset to draft": lambda move: move.button_draft(),
            "due later": postpone,
        }
        moves = {
            name: self._create_overdue_invoice(self._create_debtor(name), 5)
            for name in events
        }
        self._plan()
        for name, event in events.items():
            event(moves[name])
        self._deliver()
        for name, move in moves.items():
            with self.subTest(name):
                contact = self._contacts(move.partner_id)
                self.assertEqual(contact.state, "dropped")
                self.assertTrue(contact.reason)
                self.assertEqual(contact.date_done, self.today)
                self.assertFalse(contact.sudo().mail_mail_id)
                self.assertFalse(contact.sudo().mail_message_id)
                self.assertFalse(self._items(move).stage_id)

    def test_a_dropped_contact_is_planned_again_when_the_debt_is_back(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        run = self._plan()
        payment = self._pay(move)
        self._deliver()
        self.assertEqual(run.dropped_count, 1)
        payment.action_draft()
        payment.action_cancel()
        self.assertEqual(self._run(1).state, "sent")
        self.assertEqual(self._items(move).stage_id, self.stage_due)

    def test_a_part_payment_shrinks_the_message(self):
        move = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._plan()
        self._pay(move, 30.0)
        contact = self._deliver()
        self.assertEqual(contact.line_ids.amount_residual_currency, 70.0)
        self.assertIn("70.00", contact.body)
        self.assertNotIn("100.00", contact.body)

    def test_a_paid_item_leaves_the_message_and_the_others_stay(self):
        paid, open_move = (
            self._create_overdue_invoice(self.debtor, days) for days in (5, 4)
        )
        self._plan()
        self._pay(paid)
        contact = self._deliver()
        self._send_mails()
        self.assertEqual(contact.line_ids.item_id.move_id, open_move)
        self.assertNotIn(paid.name, contact.body)
        self.assertEqual(self._items(open_move).stage_id, self.stage_due)
        self.assertFalse(self._items(paid).stage_id)

    def test_a_message_is_not_worded_by_the_stage_of_an_item_that_was_paid(self):
        old, new = (self._create_overdue_invoice(self.debtor, days) for days in (40, 5))
        self._sync_only()
        self._stand(old, self.stage_second, 20)
        self._plan()
        self.assertEqual(self._contacts(self.debtor).stage_id, self.stage_final)
        self._pay(old)
        self._deliver()
        self._send_mails()
        self.assertNotIn(
            "Final",
            "".join(mail["message"] for mail in self.emails).partition("From:")[0],
            "Nothing is owed at that stage any more.",
        )
        self.assertNotEqual(self._items(new).stage_id, self.stage_final)

    # SENT OR FAILED

    def test_an_item_climbs_only_when_its_message_left(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        for moment, act, state, stage in (
            ("planned", self._plan, "planned", self.stage_due.browse()),
            ("queued", self._deliver, "queued", self.stage_due.browse()),
            ("sent", self._send_mails, "sent", self.stage_due),
        ):
            act()
            with self.subTest(moment):
                self.assertEqual(self._contacts(self.debtor).state, state)
                self.assertEqual(self._items(move).stage_id, stage)
        self.assertEqual(self._items(move).stage_date, self.today)
        self.assertEqual(self._contacts(self.debtor).date_done, self.today)

    def test_a_failed_mail_is_no_reminder_and_is_tried_again_after_the_gap(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        run = self._plan()
        self._deliver()
        self._fail_mails("The mailbox is full")
        contact = run.contact_ids
        self.assertRecordValues(contact, [{"state": "failed", "date_done": self.today}])
        self.assertIn("The mailbox is full", contact.reason)
        self.assertEqual(run.failed_count, 1)
        self.assertFalse(self._items(move).stage_id)
        self.assertFalse(self._case(self.debtor).date_last_contact)
        for day in (0, 1, 2):
            self.assertFalse(self._run(day), "Too soon after the failure.")
        self.assertEqual(self._run(3).state, "sent")
        self.assertEqual(self._items(move).stage_id, self.stage_due)

    def test_a_mail_to_an_address_that_went_away_is_a_failure(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        self._deliver()
        self.debtor.email = False
        self._send_mails()
        self.assertEqual(self._contacts(self.debtor).state, "failed")
        self.assertFalse(self._items(move).stage_id)

    def test_a_failed_mail_that_leaves_later_counts_from_then(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        mail = self._deliver().sudo().mail_mail_id
        self._fail_mails()
        with self._day(2):
            self._retry(mail)
        self.assertEqual(self._contacts(self.debtor).state, "sent")
        self.assertRecordValues(
            self._items(move),
            [
                {
                    "stage_id": self.stage_due.id,
                    "stage_date": self.today + timedelta(days=2),
                }
            ],
        )

    def _retry(self, mail):
        """Send a failed mail again, as the Retry button of the queue does."""
        with self.mock_mail_gateway(mail_unlink_sent=True):
            mail.mark_outgoing()
            mail.send()
        self.env.flush_all()

    def test_an_old_mail_that_leaves_after_a_newer_one_takes_no_item_back(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        mail = self._deliver().sudo().mail_mail_id
        self._fail_mails()
        self._run(3)
        self._run(6)
        self.assertEqual(self._items(move).stage_id, self.stage_first)
        with self._day(7), mute_logger("odoo.sql_db"):
            self._retry(mail)
        self.assertEqual(self._items(move).stage_id, self.stage_first)

    def test_a_contact_of_a_removed_channel_fails_and_says_so(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        contact = self._contacts(self.debtor)
        contact.sudo().channel = "other"
        self._deliver()
        self.assertEqual(contact.state, "failed")
        self.assertIn("channel", contact.reason)

    def test_a_mail_taken_out_of_the_queue_does_not_silence_the_debtor(self):
        for name, act in (
            ("cancelled", lambda mail: mail.cancel()),
            ("deleted", lambda mail: mail.unlink()),
        ):
            with self.subTest(name):
                debtor = self._create_debtor(f"Mail {name}")
                move = self._create_overdue_invoice(debtor, 5)
                self._plan()
                act(self._deliver().sudo().mail_mail_id)
                self._run(10)
                self.assertEqual(self._items(move).stage_id, self.stage_due)

    def test_the_case_says_what_became_of_its_message(self):
        names = ("sent", "failed", "dropped", "waiting")
        debtors = {name: self._create_debtor(name) for name in names}
        moves = {
            name: self._create_overdue_invoice(debtor, 5)
            for name, debtor in debtors.items()
        }
        self._prepare_outcomes(debtors, moves)
        today, retry = self.today, self.today + timedelta(days=3)
        for name, decision, sentence, date in (
            ("sent", "sent", "“Due” was done on 03/16/2026.", today),
            (
                "failed",
                "failed",
                "The last message failed; a new attempt on 03/19/2026.",
                retry,
            ),
            ("dropped", "dropped", "“Due” was not needed any more.", today),
            ("waiting", "queued", "“Due” is on its way.", today),
        ):
            with self.subTest(name):
                self.assertRecordValues(
                    self._case(debtors[name]),
                    [
                        {
                            "decision": decision,
                            "decision_text": sentence,
                            "next_action_date": date,
                        }
                    ],
                )

    def _prepare_outcomes(self, debtors, moves):
        """Let the message of each debtor end as its name says."""
        self._create_overdue_invoice(debtors["dropped"], -30)  # keeps the case open
        self._plan()
        self._pay(moves["dropped"])
        self._deliver()
        mails = {
            name: self._contacts(debtor).sudo().mail_mail_id
            for name, debtor in debtors.items()
        }
        (mails["failed"] | mails["waiting"]).state = "exception"
        self._send_mails()
        mails["failed"].state = "outgoing"
        self._fail_mails()
        mails["waiting"].state = "outgoing"

    # TRACES

    def test_message_mail_and_notification_agree(self):
        self.debtor.collection_agent_id = self.user
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        contact = self._deliver().sudo()
        message, mail = contact.mail_message_id, contact.mail_mail_id
        case = self._case(self.debtor)
        self.assertEqual(case.message_ids, message)
        self.assertRecordValues(
            message,
            [
                {
                    "message_type": "email_outgoing",
                    "subtype_id": self.env.ref("mail.mt_comment").id,
                    "author_id": self.user.partner_id.id,
                    "partner_ids": self.debtor.ids,
                    "subject": "Due: Acme",
                    "is_internal": False,
                }
            ],
        )
        self.assertRecordValues(
            mail,
            [
                {
                    "mail_message_id": message.id,
                    "state": "outgoing",
                    "recipient_ids": self.debtor.ids,
                    "email_from": self.user.partner_id.email_formatted,
                    "is_notification": True,
                }
            ],
        )
        notification = message.notification_ids
        self.assertRecordValues(
            notification,
            [
                {
                    "mail_mail_id": mail.id,
                    "res_partner_id": self.debtor.id,
                    "notification_type": "email",
                    "notification_status": "ready",
                }
            ],
        )
        self._send_mails()
        self.assertEqual(notification.notification_status, "sent")
        self.assertFalse(mail.exists(), "The queue keeps nothing that left.")
        self.assertEqual(self.emails[0]["smtp_to_list"], ["acme@debtor.test"])
        self.assertEqual(contact.subject, "Due: Acme")
        self.assertEqual(contact.address, "acme@debtor.test")
        self.assertIn("Dear Acme", contact.body)

    def test_a_failure_shows_in_the_chatter(self):
        self.debtor.collection_agent_id = self.user
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        contact = self._deliver().sudo()
        self._fail_mails("The mailbox is full")
        notification = contact.mail_message_id.notification_ids
        self.assertEqual(notification.notification_status, "exception")
        self.assertIn("The mailbox is full", notification.failure_reason)
        self.assertTrue(self._case(self.debtor).with_user(self.user).message_has_error)

    def test_the_collector_signs_else_the_company(self):
        self.user.partner_id.email = "collector@creditor.test"
        mute = self._create_debtor("Mute", collection_agent_id=self._create_mute_user())
        self.debtor.collection_agent_id = self.user
        nobody = self._create_debtor("Nobody")
        for partner in (self.debtor, mute, nobody):
            self._create_overdue_invoice(partner, 5)
        self._plan()
        self._deliver()
        company = self.env.company.partner_id
        for partner, sender in (
            (self.debtor, self.user.partner_id),
            (mute, company),
            (nobody, company),
        ):
            with self.subTest(partner.name):
                mail = self._contacts(partner).sudo().mail_mail_id
                self.assertEqual(mail.email_from, sender.email_formatted)
                self.assertEqual(mail.author_id, sender)

    def _create_mute_user(self):
        user = self._create_new_internal_user(login="mute")
        user.partner_id.email = False
        return user.id

    # CONTENT

    def _read_tables(self, content):
        """Return the tables of items in a message: rows of cell texts."""
        tree = html.fromstring(content)
        return [
            [
                [self._read_cell(cell) for cell in row.iter("td", "th")]
                for row in table.iter("tr")
            ]
            for table in tree.xpath("//table[thead]")
        ]

    def _read_cell(self, cell):
        """Return a cell's text without the marks that keep a number on one line."""
        return " ".join(cell.text_content().replace("\ufeff", "").split())

    def test_items_per_currency_with_totals_in_document_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        make = self._create_overdue_invoice
        newer = make(self.debtor, 5, 100.0)
        oldest = make(self.debtor, 9, 70.0, currency=euro)
        older = make(self.debtor, 7, 50.5)
        self._create_credit_note(self.debtor, 30.0)
        self._plan()
        contact = self._deliver()
        head = ["Document", "Due Date", "Days Late", "Open Amount"]
        self.assertEqual(
            self._read_tables(contact.body),
            [
                [
                    head,
                    [oldest.name, "03/07/2026", "9", "70.00 €"],
                    ["Total EUR", "70.00 €"],
                ],
                [
                    head,
                    [older.name, "03/09/2026", "7", "$ 50.50"],
                    [newer.name, "03/11/2026", "5", "$ 100.00"],
                    ["Payments and credit notes not yet allocated", "$ -30.00"],
                    ["Total USD", "$ 120.50"],  # 50.50 + 100 - 30
                ],
            ],
        )

    def test_a_reminder_deducts_only_the_credits_its_items_have(self):
        rest, nothing = self._create_debtor("Rest"), self._create_debtor("Nothing")
        self._create_overdue_invoice(rest, 5, 50.0)
        self._create_credit_note(rest, 80.0)
        self._create_overdue_invoice(nothing, 5, 50.0)
        self._create_credit_note(nothing, 50.0)
        for debtor in (rest, nothing):
            self._create_overdue_invoice(debtor, -3, 100.0)
        self._plan()
        self._deliver()
        for debtor, amounts in (
            # 80 of credits, less 50 for what is overdue, leave 30 for the reminder
            (rest, ["$ 100.00", "$ -30.00", "$ 70.00"]),
            (nothing, ["$ 100.00", "$ 100.00"]),
        ):
            with self.subTest(debtor.name):
                contact = self._contacts(debtor)
                self.assertEqual(contact.stage_id, self.stage_soon)
                table = self._read_tables(contact.body)[0]
                self.assertEqual([row[-1] for row in table[1:]], amounts)

    def test_credits_of_another_company_are_not_shown(self):
        second = self._create_creditor("Second Creditor")
        self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._create_credit_note(self.debtor, 30.0, company=second)
        self._plan()
        self.assertIn(
            ["Total USD", "$ 100.00"], self._read_tables(self._deliver().body)[0]
        )

    def test_each_recipient_reads_its_own_language(self):
        for code in ("es_ES", "fr_FR"):
            self.env["res.lang"]._activate_lang(code)
        self._translate_statement()
        person = {"lang": "es_ES", "type": "invoice", "is_company": False}
        debtors = {
            "English": self.debtor,
            "Spanish": self._create_debtor("Uno", lang="es_ES"),
            "Spanish invoice address": self._create_debtor("Dos"),
            "no language": self._create_debtor("Tres", lang=False),
        }
        self._create_debtor(
            "Facturas", parent_id=debtors["Spanish invoice address"].id, **person
        )
        for debtor in debtors.values():
            self._create_overdue_invoice(debtor, 5, 1234.5)
        self._plan()
        self._deliver()
        english = ("Due: ", "Due Date", "03/11/2026", "$ 1,234.50")
        spanish = ("Vence: ", "Vencimiento", "11/03/2026", "$ 1.234,50")
        for name, debtor in debtors.items():
            with self.subTest(name):
                subject, head, day, amount = spanish if "Spanish" in name else english
                contact = self._contacts(debtor)
                self.assertTrue(contact.subject.startswith(subject))
                table = self._read_tables(contact.body)[0]
                self.assertEqual(table[0][1], head)
                self.assertEqual(table[1][1], day)
                self.assertEqual(table[1][3], amount)

    def _translate_statement(self):
        self.stage_due.with_context(lang="es_ES").name = "Vence"
        self.env.ref(
            "collections_mgmt.contact_items_table"
        ).sudo()._update_field_translations(
            "arch_db", {"es_ES": {"Due Date": "Vencimiento"}}
        )

    def test_what_stands_on_the_case_is_as_clean_as_any_message(self):
        self.env.company.country_id = self.env.ref("base.cl")
        self.debtor.write(
            {"name": "<b>Acme</b> & Cía", "country_id": self.env.ref("base.cl").id}
        )
        move = self._create_overdue_invoice(self.debtor, 5)
        move.name = "INV/<img src=x onerror=alert(1)>/1"
        self._create_credit_note(self.debtor, 10.0)
        self._plan()
        body = self._deliver().mail_message_id.body
        self.assertIn("<table", body)
        self._assert_clean(body)

    def test_what_a_template_says_of_its_own_is_cleaned(self):
        template = self.stage_due.step_ids.template_id
        # As it may have come by an import, which does not clean.
        self.env.cr.execute(
            SQL(
                "UPDATE mail_template SET body_html = jsonb_build_object('en_US', %s)"
                " WHERE id = %s",
                "<div onclick='alert(1)'><script>alert(2)</script>"
                "<t t-out='object.items_table'/><a href='javascript:alert(3)'>x</a>"
                "</div>",
                template.id,
            )
        )
        template.invalidate_recordset()
        move = self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        body = self._deliver().mail_message_id.body
        self.assertIn(move.name, body)
        for unwanted in ("onclick", "<script", "javascript:", "<hr"):
            self.assertNotIn(unwanted, body)

    def test_a_table_in_a_place_that_is_cleaned_away_is_missed_nowhere_else(self):
        template = self.stage_due.step_ids.template_id
        template.body_html = (
            "<div><p>Dear customer</p><t t-out='object.items_table'/>"
            "<span t-att-title='object.items_table'>What you owe</span></div>"
        )
        move = self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        body = self._deliver().mail_message_id.body
        self.assertIn(move.name, body)
        self.assertIn("What you owe", body)
        self.assertNotIn("<hr", body)

    def test_text_of_the_debtor_is_escaped_everywhere(self):
        debtor = self._create_debtor(
            "<script>alert(1)</script> & Cía",
            email="script@debtor.test",
            collection_agent_id=self.user.id,
        )
        self.stage_due.step_ids.copy({"channel": "task"})
        move = self._create_overdue_invoice(debtor, 5)
        move.name = "INV/<b>bold</b>/1"
        self._plan()
        contact = self._deliver().filtered(lambda contact: contact.channel == "email")
        case = self._case(debtor)
        for name, content in {
            "mail": contact.body,
            "chatter": contact.mail_message_id.body,
            "table": contact.items_table,
            "activity": case.activity_ids.note,
        }.items():
            with self.subTest(name):
                self.assertNotIn("<script", content)
                self.assertNotIn("<b>bold", content)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt; &amp; Cía", contact.body)
        self.assertIn("&lt;b&gt;bold", contact.items_table)


class TestJobs(CollectionCommon):
    """The scheduled jobs: one bad record spoils only itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good, cls.bad = (cls._create_debtor(name) for name in ("Good", "Bad"))
        for partner in (cls.good, cls.bad):
            cls._create_overdue_invoice(partner, 5)

    def _trigger(self, name):
        """Run a job as the scheduler does, as if its time were always up."""
        with (
            patch("odoo.addons.base.models.ir_cron.MIN_TIME_PER_JOB", 0),
            self.enter_registry_test_mode(),
            mute_logger(
                "odoo.addons.collections_mgmt.models.collection_contact_delivery",
                "odoo.addons.collections_mgmt.models.collection_run",
                "odoo.addons.base.models.ir_cron",
                "odoo.addons.mail.models.mail_render_mixin",
            ),
        ):
            self.env.ref(f"collections_mgmt.{name}").sudo().method_direct_trigger()
        self.env.invalidate_all()

    def _break_the_template_of(self, debtor):
        broken = self._create_template("Broken", body_html='<p t-out="1/0"/>')
        strategy = self._create_strategy("Broken", {0: ("Broken", 0, "email")})
        strategy.stage_ids.step_ids.template_id = broken
        debtor.collection_strategy_id = strategy

    def test_the_delivery_job_delivers_all_that_is_planned(self):
        self._plan()
        self._trigger("ir_cron_deliver")
        for partner in (self.good, self.bad):
            self.assertEqual(self._contacts(partner).state, "queued")

    def test_a_broken_template_spoils_only_its_own_contact(self):
        self._break_the_template_of(self.bad)
        self._plan()
        self._trigger("ir_cron_deliver")
        self.assertEqual(self._contacts(self.bad).state, "failed")
        self.assertIn("division by zero", self._contacts(self.bad).reason)
        self.assertEqual(self._contacts(self.good).state, "queued")
        self.assertEqual(
            [mail["smtp_to_list"] for mail in self._send_mails()],
            [["good@debtor.test"]],
        )

    def test_a_broken_template_is_not_tried_for_ever(self):
        self._break_the_template_of(self.bad)
        self._plan()
        self._trigger("ir_cron_deliver")
        before = self._contacts(self.bad)
        self._trigger("ir_cron_deliver")
        self.assertEqual(self._contacts(self.bad), before)
        self.assertFalse(self._plan().contact_ids)

    def _fail_the_check_of(self, debtor, fail):
        """Call ``fail`` whenever the messages to a debtor are checked."""
        Contact = self.env.registry["collection.contact"]
        check_truth = Contact._check_truth

        def _check_truth(contacts):
            if debtor in contacts.partner_id:
                fail(contacts.env.cr)
            return check_truth(contacts)

        return patch.object(Contact, "_check_truth", _check_truth)

    def test_what_takes_the_database_too_long_fails_alone(self):
        """It would take as long again in every batch, for ever."""

        def take_too_long(cr):
            cr.execute("SET LOCAL statement_timeout = 50; SELECT pg_sleep(9)")

        self._plan()
        with (
            self._fail_the_check_of(self.bad, take_too_long),
            mute_logger("odoo.sql_db"),
        ):
            self._trigger("ir_cron_deliver")
        self.assertEqual(self._contacts(self.bad).state, "failed")
        self.assertIn("statement timeout", self._contacts(self.bad).reason)
        self.assertEqual(self._contacts(self.good).state, "queued")

    def test_what_other_work_was_in_the_way_of_comes_again(self):
        self._plan()
        for conflict in CONFLICTS:
            with (
                self.subTest(conflict.__name__),
                self._fail_the_check_of(
                    self.bad, lambda _cr, conflict=conflict: _raise(conflict)
                ),
            ):
                self._trigger("ir_cron_deliver")
                self.assertEqual(self._contacts(self.bad).state, "planned")
        self._trigger("ir_cron_deliver")
        self.assertEqual(self._contacts(self.bad).state, "queued")

    def test_a_delivery_job_takes_more_than_one_batch(self):
        for index in range(4):
            self._create_overdue_invoice(self._create_debtor(f"Debtor {index}"), 5)
        self._plan()
        cron = self.env.ref("collections_mgmt.ir_cron_deliver").sudo()
        cron.code = "model._cron_deliver(batch_size=2)"
        self._trigger("ir_cron_deliver")
        contacts = self.env["collection.contact"].search([])
        self.assertEqual(contacts.mapped("state"), ["queued"] * 6)

    def test_the_planning_job_plans_every_company(self):
        second = self._create_creditor("Second Creditor")
        self._create_overdue_invoice(self.good, 5, company=second)
        self._trigger("ir_cron_plan")
        runs = self.env["collection.run"].search([("date", "=", self.today)])
        self.assertLessEqual(self.env.company | second, runs.company_id)
        self.assertEqual(len(runs), len(runs.company_id), "Each company once.")
        self.assertEqual(len(self._contacts(self.good)), 2)

    def test_a_company_whose_run_fails_does_not_stop_the_others(self):
        first = self.env.company
        second = self._create_creditor("Second Creditor")
        self._create_overdue_invoice(self.good, 5, company=second)
        self._create_overdue_invoice(self.good, 5)
        engine_class = self.registry["collection.engine"]
        decide = engine_class._decide

        def fail_for_the_first(engine, scope):
            if scope.company == first:
                raise ValueError("Broken")
            return decide(engine, scope)

        with patch.object(engine_class, "_decide", fail_for_the_first):
            self._trigger("ir_cron_plan")
        self.assertEqual(self._contacts(self.good).company_id, second)
