from datetime import date, timedelta

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.tools import SQL, mute_logger

from .common import CollectionCommon


class TestSync(CollectionCommon):
    """The open receivable lines are items, and debtors with items have a case."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")

    def test_each_open_instalment_is_an_item_with_its_own_due_date(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "30% now, 70% in 60 days",
                "line_ids": [
                    Command.create({"value_amount": 30, "nb_days": 0}),
                    Command.create({"value_amount": 70, "nb_days": 60}),
                ],
            }
        )
        invoice = self._create_overdue_invoice(
            self.debtor, 0, 200.0, invoice_payment_term_id=term.id
        )
        self._plan()
        self.assertRecordValues(
            self._items(invoice),
            [
                {
                    "date_due": self.today - timedelta(days=30),
                    "amount_residual": 60.0,  # 30% of 200
                    "state": "open",
                },
                {
                    "date_due": self.today + timedelta(days=30),
                    "amount_residual": 140.0,  # 70% of 200
                    "state": "open",
                },
            ],
        )
        self.assertEqual(self._case(self.debtor).amount_overdue, 60.0)
        self.assertEqual(self._case(self.debtor).amount_open, 200.0)

    def test_what_is_not_an_open_customer_debt_is_not_followed(self):
        make = self._create_overdue_invoice
        draft = make(self.debtor, 5)
        draft.button_draft()
        cancelled = make(self.debtor, 5)
        cancelled.button_draft()
        cancelled.button_cancel()
        paid = make(self.debtor, 5)
        self._pay(paid)
        reversed_invoice = make(self.debtor, 5)
        reversed_invoice._reverse_moves(cancel=True)
        bill = make(self.debtor, 5, move_type="in_invoice")
        credit_note = self._create_credit_note(self.debtor, 10)
        cases = {
            "draft": draft,
            "cancelled": cancelled,
            "paid": paid,
            "reversed": reversed_invoice,
            "vendor bill": bill,
            "credit note": credit_note,
        }
        self._plan()
        for name, move in cases.items():
            with self.subTest(name):
                self.assertFalse(self._items(move))
        self.assertFalse(self._case(self.debtor))

    def test_an_item_closes_when_its_invoice_is_not_owed_any_more(self):
        make = self._create_overdue_invoice
        paid, reversed_invoice, reset = (make(self.debtor, 5) for _index in range(3))
        self._plan()
        self._pay(paid)
        reversed_invoice._reverse_moves(cancel=True)
        reset.button_draft()
        tomorrow = self.today + timedelta(days=1)
        self._plan(tomorrow)
        for name, move in {
            "paid": paid,
            "reversed": reversed_invoice,
            "reset to draft": reset,
        }.items():
            with self.subTest(name):
                self.assertRecordValues(
                    self._items(move),
                    [
                        {
                            "state": "closed",
                            "date_closed": tomorrow,
                            "amount_residual": 0,
                        }
                    ],
                )

    def test_part_payment_lowers_the_item(self):
        invoice = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._plan()
        self._pay(invoice, 30.0)
        self._plan()
        self.assertRecordValues(
            self._items(invoice), [{"state": "open", "amount_residual": 70.0}]
        )
        self.assertEqual(self._case(self.debtor).amount_overdue, 70.0)

    def test_a_paid_item_returns_at_its_stage_when_the_payment_is_undone(self):
        invoice = self._create_overdue_invoice(self.debtor, 5)
        self._run()
        self.assertEqual(self._items(invoice).stage_id, self.stage_due)
        payment = self._pay(invoice)
        self._plan()
        self.assertEqual(self._items(invoice).state, "closed")
        payment.action_draft()
        payment.action_cancel()
        self._plan()
        self.assertRecordValues(
            self._items(invoice),
            [
                {
                    "state": "open",
                    "date_closed": False,
                    "stage_id": self.stage_due.id,
                    "stage_date": self.today,
                    "case_id": self._case(self.debtor).id,
                }
            ],
        )

    def test_lines_without_follow_up_are_left_out(self):
        left_out, followed = (
            self._create_overdue_invoice(self.debtor, 5) for _index in range(2)
        )
        self._get_receivable_lines(left_out).no_followup = True
        self._plan()
        self.assertFalse(self._items(left_out))
        self._get_receivable_lines(followed).no_followup = True
        self._plan()
        self.assertEqual(self._items(followed).state, "closed")

    def test_an_opening_balance_is_followed_once_it_is_to_be_followed(self):
        account = self.company_data["default_account_receivable"]
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": self.today - timedelta(days=40),
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": self.debtor.id,
                            "debit": 80,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data[
                                "default_account_revenue"
                            ].id,
                            "credit": 80,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        self._plan()
        self.assertFalse(self._items(entry), "Journal entries are left out at first.")
        self._get_receivable_lines(entry).no_followup = False
        self._plan()
        self.assertRecordValues(
            self._items(entry),
            [
                {
                    "amount_residual": 80.0,
                    "date_due": self.today - timedelta(days=40),
                }
            ],
        )

    def test_a_changed_due_date_is_followed(self):
        invoice = self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        later = self.today + timedelta(days=20)
        invoice.invoice_date_due = later
        self._plan()
        self.assertEqual(self._items(invoice).date_due, later)
        self.assertEqual(self._case(self.debtor).amount_overdue, 0.0)

    def test_a_changed_currency_is_followed(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        invoice = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._plan()
        invoice.button_draft()
        invoice.currency_id = euro
        invoice.action_post()
        self._plan()
        item = self._items(invoice).filtered(lambda item: item.state == "open")
        self.assertRecordValues(
            item,
            [
                {
                    "currency_id": euro.id,
                    "amount_residual_currency": 100.0,
                    "amount_residual": 200.0,  # 0.5 EUR for 1 USD
                }
            ],
        )

    def test_foreign_currency_items_keep_both_amounts(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        invoice = self._create_overdue_invoice(self.debtor, 5, 100.0, currency=euro)
        self._plan()
        self.assertRecordValues(
            self._items(invoice),
            [
                {
                    "currency_id": euro.id,
                    "amount_residual_currency": 100.0,
                    "amount_residual": 200.0,  # 0.5 EUR for 1 USD
                }
            ],
        )
        self.assertEqual(self._case(self.debtor).amount_overdue, 200.0)

    def test_a_maturity_in_the_year_9999_does_no_harm(self):
        invoice = self._create_overdue_invoice(self.debtor, -1)
        invoice.invoice_date_due = date(9999, 12, 31)
        self._plan()
        self.assertEqual(self._items(invoice).date_due, date(9999, 12, 31))
        self.assertEqual(self._case(self.debtor).decision, "not_due")

    def test_the_first_stage_of_a_maturity_in_the_year_9999_can_be_read(self):
        late_only = self._create_strategy("Late Only", {3: ("First", 0, "email")})
        self.env.company.collection_strategy_id = late_only
        invoice = self._create_overdue_invoice(self.debtor, -1)
        invoice.invoice_date_due = date(9999, 12, 31)
        self._plan()
        self.assertTrue(self._case(self.debtor).read(["next_action_date"]))
        self.assertTrue(self._case(self.debtor).decision_text)

    def test_a_line_without_partner_does_no_harm(self):
        invoice = self._create_overdue_invoice(self.debtor, 5)
        nobody = self._create_overdue_invoice(self.debtor, 5)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE account_move_line SET partner_id = NULL WHERE move_id = %s",
                nobody.id,
            )
        )
        self.env.invalidate_all()
        self._plan()
        self.assertTrue(self._items(invoice))
        self.assertFalse(self._items(nobody))

    def test_the_accounting_tables_are_never_written(self):
        invoice = self._create_overdue_invoice(self.debtor, 5)
        part_paid = self._create_overdue_invoice(self.debtor, 5)
        self._pay(part_paid, 10)
        self._create_payment(self.debtor, 20)
        self.env.flush_all()
        before = self._get_row_versions()
        self._run()
        self.assertEqual(self._items(invoice).stage_id, self.stage_due)
        self.assertEqual(self._get_row_versions(), before)

    def _get_row_versions(self):
        """Return the physical place of each row: it moves with every write."""
        return {
            table: self.env.execute_query(
                SQL("SELECT id, ctid::text FROM %s ORDER BY id", SQL.identifier(table))
            )
            for table in (
                "account_move",
                "account_move_line",
                "account_partial_reconcile",
                "account_full_reconcile",
                "account_payment",
                "account_account",
            )
        }

    def test_a_run_counts_the_items_it_opened_and_closed(self):
        invoices = [self._create_overdue_invoice(self.debtor, 5) for _index in range(2)]
        self.assertRecordValues(
            self._plan(), [{"item_opened_count": 2, "item_closed_count": 0}]
        )
        self._pay(invoices[0])
        self.assertRecordValues(
            self._plan(), [{"item_opened_count": 0, "item_closed_count": 1}]
        )

    # CASES: one open case per debtor and root company while something is open

    def test_all_items_of_a_debtor_are_in_one_case(self):
        moves = [self._create_overdue_invoice(self.debtor, days) for days in (5, 9)]
        self._plan()
        moves.append(self._create_overdue_invoice(self.debtor, 7))
        self._plan()
        case = self._case(self.debtor)
        self.assertEqual(len(case), 1)
        self.assertEqual({self._items(move).case_id for move in moves}, {case})
        self.assertEqual(case.date_oldest_due, self.today - timedelta(days=9))
        self.assertEqual(case.days_overdue, 9)
        self.assertEqual(case.item_count, 3)

    def test_the_database_refuses_a_second_open_case(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        values = {"partner_id": self.debtor.id, "company_id": self.env.company.id}
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.cr.savepoint(),
        ):
            self.env["collection.case"].sudo().create(values)

    def test_contacts_share_the_case_of_their_commercial_entity(self):
        child = self._create_debtor(
            "Acme Invoices", type="invoice", parent_id=self.debtor.id, is_company=False
        )
        moves = [
            self._create_overdue_invoice(partner, 5) for partner in (child, self.debtor)
        ]
        self._plan()
        case = self._case(self.debtor)
        self.assertEqual({self._items(move).case_id for move in moves}, {case})
        self.assertFalse(self._case(child))
        self.assertEqual(child.collection_case_id, case)

    def test_branch_invoices_belong_to_the_case_of_the_root_company(self):
        root = self.env.company
        branch = self._create_branch("Creditor North")
        moves = [
            self._create_overdue_invoice(self.debtor, 5, 100.0, company=company)
            for company in (root, branch)
        ]
        self.assertEqual(moves[1].company_id, branch)
        self._plan()
        items = self._items(moves[0]) | self._items(moves[1])
        self.assertEqual(items.branch_id, root | branch)
        self.assertEqual(items.company_id, root)
        self.assertRecordValues(
            items.case_id, [{"company_id": root.id, "amount_overdue": 200.0}]
        )

    def test_each_company_has_a_case_of_its_own(self):
        first = self.env.company
        second = self._create_creditor("Second Creditor")
        for company, amount in ((first, 100.0), (second, 300.0)):
            self._create_overdue_invoice(self.debtor, 5, amount, company=company)
        self._plan(companies=first)
        self.assertEqual(self._case(self.debtor).company_id, first)
        runs = self._plan(companies=first | second)
        self.assertEqual(runs.company_id, first | second)
        cases = self._case(self.debtor).sorted("amount_overdue")
        self.assertRecordValues(
            cases,
            [
                {"company_id": first.id, "amount_overdue": 100.0},
                {"company_id": second.id, "amount_overdue": 300.0},
            ],
        )
        for company, case in zip(first | second, cases, strict=True):
            partner = self.debtor.with_company(company)
            self.assertEqual(partner.collection_case_id, case)

    def test_a_case_closes_when_nothing_is_open(self):
        invoice = self._create_overdue_invoice(self.debtor, 5)
        self._plan()
        case = self._case(self.debtor)
        self._pay(invoice)
        self._plan()
        self.assertRecordValues(
            case,
            [
                {
                    "state": "closed",
                    "date_closed": self.today,
                    "amount_open": 0.0,
                    "amount_overdue": 0.0,
                    "decision": False,
                    "decision_text": False,
                }
            ],
        )
        self._create_overdue_invoice(self.debtor, 1)
        self._plan()
        self.assertNotEqual(self._case(self.debtor), case)
        self.assertEqual(case.state, "closed")

    def test_merged_debtors_share_one_case_and_keep_their_stages(self):
        other = self._create_debtor("Acme Copy")
        moves = [
            self._create_overdue_invoice(partner, 5) for partner in (self.debtor, other)
        ]
        self._run()
        contacts = self._contacts(other)
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge(
            (self.debtor | other).ids, self.debtor
        )
        self._plan()
        case = self._case(self.debtor)
        self.assertEqual(len(case), 1)
        self.assertEqual(case.amount_overdue, 200.0)
        for move in moves:
            self.assertRecordValues(
                self._items(move),
                [
                    {
                        "case_id": case.id,
                        "partner_id": self.debtor.id,
                        "stage_id": self.stage_due.id,
                    }
                ],
            )
        self.assertTrue(contacts.exists(), "What was sent stays on record.")

    def test_a_merged_debtor_keeps_its_last_contact_and_its_tasks(self):
        other = self._create_debtor("Acme Copy")
        self._create_overdue_invoice(self.debtor, -20)
        self._create_overdue_invoice(other, 5)
        self._run()
        task = self._case(other).activity_schedule(
            "collections_mgmt.mail_activity_type_call", user_id=self.user.id
        )
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge(
            (self.debtor | other).ids, self.debtor
        )
        self._plan()
        case = self._case(self.debtor)
        self.assertEqual(case.date_last_contact, self.today)
        self.assertEqual(case.activity_ids, task)

    def test_a_debtor_who_joins_another_company_moves_to_its_case(self):
        child = self._create_debtor("Bolt")
        move = self._create_overdue_invoice(child, 5)
        self._plan()
        case = self._case(child)
        child.write({"parent_id": self.debtor.id, "is_company": False})
        self.assertEqual(child.commercial_partner_id, self.debtor)
        self._plan()
        self.assertEqual(self._items(move).case_id, self._case(self.debtor))
        self.assertEqual(self._items(move).partner_id, self.debtor)
        self.assertEqual(case.state, "closed")

    def test_an_archived_debtor_is_still_followed(self):
        move = self._create_overdue_invoice(self.debtor, 5)
        self.debtor.active = False
        self._plan()
        self.assertEqual(self._items(move).case_id.partner_id, self.debtor)

    def test_a_new_case_goes_to_the_collector_of_the_debtor(self):
        self.debtor.collection_agent_id = self.user
        gone = self.simple_accountman
        other = self._create_debtor("Bolt", collection_agent_id=gone.id)
        gone.sudo().active = False
        for partner in (self.debtor, other):
            self._create_overdue_invoice(partner, 5)
        self._plan()
        self.assertEqual(self._case(self.debtor).agent_id, self.user)
        self.assertFalse(self._case(other).agent_id, "Collectors who left get nothing.")
