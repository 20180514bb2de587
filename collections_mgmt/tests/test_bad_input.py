from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.tools import SQL, mute_logger

from .common import CollectionCommon


class TestBadInput(CollectionCommon):
    """One debtor's trouble is that debtor's alone, and said in words."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls._create_debtor("Good")
        cls.bad = cls._create_debtor("Bad")
        cls.good_move = cls._create_overdue_invoice(cls.good, 5)

    def _set_sql(self, record, **values):
        """Write what no form lets through."""
        self.env.flush_all()
        for name, value in values.items():
            self.cr.execute(
                SQL(
                    "UPDATE %s SET %s = %s WHERE id = ANY(%s)",
                    SQL.identifier(record._table),
                    SQL.identifier(name),
                    value,
                    record.ids,
                )
            )
        record.invalidate_recordset()

    def _work(self):
        """Plan, deliver job and mail queue; the good debtor hears as always."""
        run = self._plan()
        with (
            self.enter_registry_test_mode(),
            mute_logger(
                "odoo.addons.collections_mgmt.models.collection_contact_delivery",
                "odoo.addons.mail.models.mail_render_mixin",
                "odoo.addons.mail.models.mail_template",
            ),
        ):
            self.env.ref(
                "collections_mgmt.ir_cron_deliver"
            ).sudo().method_direct_trigger()
        self.env.invalidate_all()
        self._send_mails()
        self.assertEqual(self._contacts(self.good).state, "sent")
        self.assertEqual(self._items(self.good_move).stage_id, self.stage_due)
        return run

    def _get_recipients(self):
        return sorted(
            address for mail in self.emails for address in mail["smtp_to_list"]
        )

    # TEMPLATES

    def test_a_template_that_raises(self):
        broken = self._create_strategy("Broken", {0: ("Broken", 0, "email")})
        broken.stage_ids.step_ids.template_id = self._create_template(
            "Faulty", body_html='<p t-out="1/0"/>'
        )
        self.bad.collection_strategy_id = broken
        move = self._create_overdue_invoice(self.bad, 5)
        self._work()
        contact = self._contacts(self.bad)
        self.assertEqual(contact.state, "failed")
        self.assertEqual(
            contact.reason,
            "“Broken” could not be made from the template “Faulty”: division by zero",
        )
        self.assertFalse(self._items(move).stage_id)

    def test_a_template_that_raises_anywhere_marks_its_debtor_alone(self):
        # Odoo tries a template on some record when it is saved: on that of no other.
        is_mine = "object.partner_id.name.endswith('{}')".format
        for part, value in (
            ("subject", f"{{{{ 1 // (not {is_mine('subject')}) }}}}"),
            ("lang", f"{{{{ 1 // (not {is_mine('lang')}) }}}}"),
            (
                "body_html",
                f'<p t-if="{is_mine("body_html")}"'
                " t-out=\"object.env.cr.execute('nonsense')\"/>",
            ),
        ):
            with self.subTest(part):
                strategy = self._create_strategy("Broken", {0: (part, 0, "email")})
                strategy.stage_ids.step_ids.template_id = self._create_template(
                    part, **{part: value}
                )
                debtor = self._create_debtor(f"Debtor {part}")
                debtor.collection_strategy_id = strategy
                move = self._create_overdue_invoice(debtor, 5)
                self._work()
                contact = self._contacts(debtor)
                self.assertEqual(contact.state, "failed")
                self.assertIn(f"template “{part}”", contact.reason)
                self.assertEqual(self._case(debtor).decision, "failed")
                self.assertTrue(self._case(debtor).needs_person)
                self.assertFalse(self._items(move).stage_id)

    def test_a_template_without_a_text(self):
        empty = self._create_strategy("Empty", {0: ("Empty", 0, "email")})
        empty.stage_ids.step_ids.template_id = self._create_template(
            "Empty", subject=False, body_html=False
        )
        self.bad.collection_strategy_id = empty
        self._create_overdue_invoice(self.bad, 5)
        self._work()
        self.assertEqual(self._contacts(self.bad).state, "failed")
        self.assertEqual(
            self._contacts(self.bad).reason,
            "“Empty” could not be made from the template “Empty”: there is no text.",
        )

    # ADDRESSES

    def test_a_debtor_without_any_address(self):
        self.bad.email = False
        self.stage_due.step_ids.fallback_channel = False
        self._create_overdue_invoice(self.bad, 5)
        self._work()
        self.assertFalse(self._contacts(self.bad))
        self.assertEqual(self._case(self.bad).decision, "no_address")
        self.assertIn("no address", self._case(self.bad).decision_text)
        self.assertTrue(self._case(self.bad).needs_person)

    def test_addresses_that_are_none(self):
        for email in ("garbage", "@", "a b@", "no.one@", " "):
            with self.subTest(email):
                debtor = self._create_debtor(f"Debtor {email}", email=email)
                self._create_overdue_invoice(debtor, 5)
                self._plan()
                self.assertEqual(self._contacts(debtor).channel, "task")

    def test_two_addresses_in_one_field_both_get_it(self):
        self.bad.email = "one@debtor.test, two@debtor.test"
        self._create_overdue_invoice(self.bad, 5)
        self._work()
        self.assertEqual(self._contacts(self.bad).state, "sent")
        self.assertEqual(
            self._get_recipients(),
            ["good@debtor.test", "one@debtor.test", "two@debtor.test"],
        )
        self.assertIn("one@debtor.test", self._contacts(self.bad).address)
        self.assertIn("two@debtor.test", self._contacts(self.bad).address)

    def test_a_recipient_deleted_after_planning(self):
        person = self._create_debtor(
            "Person", parent_id=self.bad.id, type="invoice", is_company=False
        )
        self._create_overdue_invoice(self.bad, 5)
        self._plan()
        self.assertEqual(self._contacts(self.bad).address_partner_id, person)
        person.unlink()
        self._work()
        self.assertEqual(self._contacts(self.bad).state, "failed")
        self.assertTrue(self._contacts(self.bad).reason)
        self.assertFalse(self._contacts(self.bad).address)

    # AMOUNTS AND DATES

    def test_a_currency_without_rate(self):
        currency = self.env["res.currency"].create({"name": "ZZZ", "symbol": "Z"})
        move = self._create_overdue_invoice(self.bad, 5, 70.0, currency)
        self._work()
        self.assertEqual(self._contacts(self.bad).state, "sent")
        self.assertIn("70.00", self._contacts(self.bad).body)
        self.assertIn("Z", self._contacts(self.bad).body)
        self.assertEqual(self._items(move).currency_id, currency)

    def _post_entry(self, partner, balance):
        accounts = (
            self.company_data["default_account_receivable"],
            self.company_data["default_account_revenue"],
        )
        entry = self.env["account.move"].create(
            {
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": partner.id,
                            "balance": amount,
                            "no_followup": False,
                        }
                    )
                    for account, amount in zip(
                        accounts, (balance, -balance), strict=True
                    )
                ]
            }
        )
        entry.action_post()
        self._get_receivable_lines(entry).no_followup = False
        return entry

    def test_an_item_of_zero_is_nothing_to_follow(self):
        zero = self._create_overdue_invoice(self.bad, 5, 0.0)
        self._work()
        self.assertFalse(self._items(zero))
        self.assertFalse(self._case(self.bad))

    def test_a_negative_item_is_a_credit(self):
        self._create_overdue_invoice(self.bad, 5, 100.0)
        entry = self._post_entry(self.bad, -100.0)
        self._work()
        self.assertFalse(self._items(entry))
        self.assertEqual(self._case(self.bad).decision, "credits")

    def test_a_debtor_who_has_negative_items_alone_has_no_case(self):
        self._post_entry(self.bad, -100.0)
        self._work()
        self.assertFalse(self._case(self.bad))

    def test_a_line_without_partner_is_counted_on_the_run(self):
        entry = self._post_entry(self.env["res.partner"], 40.0)
        run = self._work()
        self.assertFalse(self._items(entry))
        self.assertEqual((run.orphan_count, run.orphan_amount), (1, 40.0))

    def _create_invoice_due(self, due):
        move = self._create_overdue_invoice(self.bad, 5)
        self._get_receivable_lines(move).date_maturity = due
        return move

    def test_a_maturity_in_the_last_year_of_the_calendar(self):
        for due in (date(9999, 12, 31), date(9999, 12, 1)):
            with self.subTest(due):
                move = self._create_invoice_due(due)
                self._plan()
                case = self._case(self.bad)
                self.assertEqual(self._items(move).date_due, due)
                self.assertEqual(case.decision, "not_due")
                self.assertTrue(case.decision_text)
        self._work()

    def test_a_last_day_of_the_calendar_after_a_stage(self):
        move = self._create_invoice_due(date(9999, 12, 31))
        self._create_overdue_invoice(self.bad, 5)
        self._sync_only()
        self._stand(move, self.stage_final, 1)
        self._work()
        self.assertEqual(self._contacts(self.bad).state, "sent")

    def test_a_maturity_of_1900(self):
        move = self._create_invoice_due(date(1900, 1, 1))
        self._work()
        self.assertEqual(self._contacts(self.bad).state, "sent")
        self.assertEqual(self._items(move).stage_id, self.stage_due, "No jump.")
        self.assertEqual(
            self._case(self.bad).days_overdue, (self.today - date(1900, 1, 1)).days
        )

    def test_a_due_date_put_off_stops_the_steps_into_the_stage(self):
        self._create_step(self.stage_due, "task", delay_days=2)
        move = self._create_overdue_invoice(self.bad, 5)
        self._sync_only()
        self._stand(move, self.stage_due, 2)
        self._get_receivable_lines(move).date_maturity = self.today + timedelta(10)
        self._work()
        self.assertFalse(self._contacts(self.bad), "Nothing is due any more.")
        self.assertEqual(self._case(self.bad).decision, "not_due")

    def test_a_line_without_maturity_is_due_on_its_date(self):
        move = self._create_overdue_invoice(self.bad, 5)
        self._set_sql(self._get_receivable_lines(move), date_maturity=None)
        self._work()
        self.assertEqual(self._items(move).date_due, move.date)

    # TOGETHER

    def test_all_of_it_in_one_run_marks_each_and_the_run_goes_on(self):
        faulty, unreachable, foreign, settled, covered, late = (
            self._create_debtor(name, email=name != "Unreachable" and "auto")
            for name in (
                *("Faulty", "Unreachable", "Foreign", "Settled", "Covered", "Late"),
            )
        )
        broken = self._create_strategy("Broken", {0: ("Broken", 0, "email")})
        broken.stage_ids.step_ids.template_id = self._create_template(
            "Faulty", body_html='<p t-out="1/0"/>'
        )
        faulty.collection_strategy_id = broken
        self.stage_due.step_ids.fallback_channel = False
        for debtor in (faulty, unreachable, covered):
            self._create_overdue_invoice(debtor, 5)
        currency = self.env["res.currency"].create({"name": "ZZZ", "symbol": "Z"})
        self._create_overdue_invoice(foreign, 5, 70.0, currency)
        self._create_overdue_invoice(settled, 5, 0.0)
        self._post_entry(covered, -100.0)
        self._post_entry(self.env["res.partner"], 40.0)
        self.bad = late
        self._create_invoice_due(date(9999, 12, 31))
        run = self._work()
        self.assertEqual(
            {
                debtor.name: self._case(debtor).decision
                for debtor in (
                    *(faulty, unreachable, foreign, settled, covered, late, self.good),
                )
            },
            {
                "Faulty": "failed",
                "Unreachable": "no_address",
                "Foreign": "sent",
                "Settled": False,
                "Covered": "credits",
                "Late": "not_due",
                "Good": "sent",
            },
        )
        self.assertEqual(run.orphan_count, 1)
        self.assertEqual(
            self._get_recipients(), ["foreign@debtor.test", "good@debtor.test"]
        )

    # PARTNERS

    def test_an_archived_debtor_is_left_to_a_person(self):
        self._create_overdue_invoice(self.bad, 5)
        self.bad.active = False
        self._work()
        self.assertEqual(self._contacts(self.bad).channel, "task")
        self.assertNotIn("bad@debtor.test", self._get_recipients())

    def test_a_debtor_without_name(self):
        self.bad.type = "other"
        self.bad.name = False
        self._create_overdue_invoice(self.bad, 5)
        self._work()
        contact = self._contacts(self.bad)
        self.assertEqual(contact.state, "sent")
        self.assertNotIn("False", f"{contact.subject} {contact.display_name}")
        self.assertNotIn("False", contact.body)

    def test_a_debtor_cannot_be_deleted(self):
        self._create_overdue_invoice(self.bad, 5)
        self._plan()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UserError),
            self.cr.savepoint(),
        ):
            self.bad.unlink()
        self._work()

    # TEXTS

    def test_an_invoice_number_with_markup_is_text(self):
        move = self._create_overdue_invoice(self.bad, 5)
        self._set_sql(move, name="<b>INV</b>&<script>alert(1)</script>")
        self._work()
        body = self._contacts(self.bad).body
        self.assertIn("&lt;b&gt;INV&lt;/b&gt;&amp;", body)
        self.assertNotIn("<script", body)

    # STRATEGIES

    def _create_ruled_strategy(self, domain):
        ruled = self._create_strategy(
            "Ruled", {0: ("Ruled", 0, "email")}, has_rule=True
        )
        self._set_sql(ruled, domain=domain)
        return ruled

    def test_a_rule_that_cannot_be_read_any_more_is_left_out_and_named(self):
        self._create_overdue_invoice(self.bad, 5)
        for domain in (
            "[('x_removed', '=', 1)]",
            "[('name', 'likes', 'x')]",
            "no domain",
            "[('category_id.x_gone', '=', 1)]",
        ):
            with self.subTest(domain):
                self._create_ruled_strategy(domain).name = f"Rule {domain}"
                with mute_logger("odoo.addons.collections_mgmt.models.collection_run"):
                    run = self._plan()
                self.assertIn(f"Rule {domain}", run.problem)
        self.assertEqual(self._case(self.bad).strategy_id, self.strategy)
        self._work()
        self.assertEqual(self._contacts(self.bad).state, "sent")

    def test_a_run_without_trouble_names_none(self):
        self._create_ruled_strategy("[('name', '=', 'Bad')]")
        self._create_overdue_invoice(self.bad, 5)
        run = self._work()
        self.assertFalse(run.problem)
        self.assertEqual(self._case(self.bad).strategy_id.name, "Ruled")
