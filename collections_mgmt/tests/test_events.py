import logging
from contextlib import ExitStack, closing
from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import QueryCanceled, SerializationFailure

from odoo import Command, fields
from odoo.tests import new_test_user
from odoo.tools import SQL, mute_logger

from ..models.collection_engine_events import NOTED
from .common import CollectionCommon

EVENTS_LOGGER = "odoo.addons.collections_mgmt.models.collection_engine_events"


class EventsCommon(CollectionCommon):
    """A debtor who was told about one invoice, 5 days late, of 100."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls.invoice = cls._create_overdue_invoice(cls.debtor, 5, 100.0)

    def setUp(self):
        super().setUp()
        self._run()
        self._end_transaction()
        self.case = self._case(self.debtor)
        self.item = self._items(self.invoice)

    def assertOpen(self, item, **values):
        self.assertRecordValues(item, [{"state": "open", **values}])

    def assertSettled(self, item):
        self.assertRecordValues(item, [{"state": "closed", "amount_residual": 0.0}])

    def _create_entry(self, partner, amount, account=None):
        """Post an entry by which a partner owes; a negative amount is a credit."""
        receivable = self.company_data["default_account_receivable"]
        other = account or self.company_data["default_account_revenue"]
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": self.today - timedelta(days=5),
                "line_ids": [
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": partner.id,
                            "balance": amount,
                            "no_followup": False,
                        }
                    ),
                    Command.create({"account_id": other.id, "balance": -amount}),
                ],
            }
        )
        entry.action_post()
        return entry

    def _match_with_credits(self, moves):
        """Settle invoices, all in one go, by one entry that credits each debtor."""
        receivable = self.company_data["default_account_receivable"]
        total = sum(moves.mapped("amount_total"))
        entry = self.env["account.move"].create(
            {
                "date": self.today,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": move.partner_id.id,
                            "balance": -move.amount_total,
                        }
                    )
                    for move in moves
                ]
                + [
                    Command.create(
                        {
                            "account_id": self.company_data[
                                "default_account_revenue"
                            ].id,
                            "balance": total,
                        }
                    )
                ],
            }
        )
        entry.action_post()
        invoiced = self._get_receivable_lines(moves).grouped("partner_id")
        credited = self._get_receivable_lines(entry).grouped("partner_id")
        self.env["account.move.line"]._reconcile_plan(
            [invoiced[partner] | credited[partner] for partner in invoiced]
        )


class TestEvents(EventsCommon):
    """Whatever happens to an invoice is seen on the case when the transaction ends."""

    # MONEY COMES IN

    def test_a_payment_settles_the_item_and_closes_the_case(self):
        self._pay(self.invoice)
        self._end_transaction()
        self.assertSettled(self.item)
        self.assertRecordValues(
            self.case,
            [
                {
                    "state": "closed",
                    "amount_open": 0.0,
                    "amount_overdue": 0.0,
                    "decision": False,
                    "close_reason": "paid",
                }
            ],
        )

    def test_a_part_payment_shrinks_the_item_and_the_totals(self):
        self._pay(self.invoice, 30.0)
        self._end_transaction()
        self.assertOpen(self.item, amount_residual=70.0)  # 100 - 30
        self.assertRecordValues(
            self.case, [{"state": "open", "amount_open": 70.0, "amount_overdue": 70.0}]
        )

    def test_a_payment_not_matched_yet_is_a_credit_of_the_case(self):
        self._create_payment(self.debtor, 40.0)
        self._end_transaction()
        self.assertOpen(self.item, amount_residual=100.0, amount_credit=40.0)
        self.assertEqual(self.case.amount_credit, 40.0)

    def test_a_credit_that_covers_all_is_the_new_decision(self):
        self._create_payment(self.debtor, 100.0)
        self._end_transaction()
        self.assertEqual(self.case.decision, "credits")

    def test_a_credit_note_settles_the_item(self):
        self.invoice._reverse_moves(cancel=True)
        self._end_transaction()
        self.assertSettled(self.item)
        self.assertRecordValues(
            self.case, [{"state": "closed", "close_reason": "credited"}]
        )

    def test_a_write_off_settles_the_item(self):
        write_off = self._create_entry(
            self.debtor, -100.0, self.company_data["default_account_expense"]
        )
        self._match(self.invoice, write_off)
        self._end_transaction()
        self.assertSettled(self.item)
        self.assertEqual(self.case.state, "closed")

    def test_an_exchange_difference_is_followed(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        invoice = self._create_overdue_invoice(self.debtor, 5, 50.0, currency=euro)
        self._plan()
        self.assertOpen(self._items(invoice), amount_residual=100.0)  # 50 / 0.5
        self.env["res.currency.rate"].create(
            {"name": self.today, "rate": 0.4, "currency_id": euro.id}
        )
        refund = self._create_credit_note(self.debtor, 20.0, currency=euro)
        self._match(invoice, refund)
        self._end_transaction()
        line = self._get_receivable_lines(invoice)
        self.assertEqual(line.amount_residual_currency, 30.0)  # 50 - 20
        self.assertOpen(
            self._items(invoice),
            amount_residual=line.amount_residual,
            amount_residual_currency=30.0,
        )

    # MONEY GOES BACK

    def test_an_undone_reconciliation_brings_the_item_back_at_its_stage(self):
        self._pay(self.invoice)
        self._end_transaction()
        self.assertSettled(self.item)
        self._get_receivable_lines(self.invoice).remove_move_reconcile()
        self._end_transaction()
        self.assertOpen(
            self.item,
            amount_residual=100.0,
            stage_id=self.stage_due.id,
            passed_stage_id=self.stage_due.id,
            case_id=self.case.id,
        )
        self.assertRecordValues(
            self.case,
            [
                {
                    "state": "open",
                    "stage_id": self.stage_due.id,
                    "amount_overdue": 100.0,
                    # The payment itself is still there, and covers the item again.
                    "amount_credit": 100.0,
                    "decision": "credits",
                }
            ],
        )

    def test_a_cancelled_payment_brings_the_item_back_at_its_stage(self):
        payment = self._pay(self.invoice)
        self._end_transaction()
        payment.action_draft()
        payment.action_cancel()
        self._end_transaction()
        self.assertOpen(
            self.item, amount_residual=100.0, amount_credit=0.0, case_id=self.case.id
        )
        self.assertRecordValues(
            self.case,
            [{"state": "open", "amount_credit": 0.0, "stage_id": self.stage_due.id}],
        )
        self.assertNotEqual(self.case.decision, "credits")

    def test_a_payment_reset_to_draft_leaves_what_the_ledger_says(self):
        payment = self._pay(self.invoice, 30.0)
        self._end_transaction()
        payment.action_draft()
        self._end_transaction()
        self.assertOpen(
            self.item,
            amount_residual=self._get_receivable_lines(self.invoice).amount_residual,
        )

    def test_a_credit_reset_to_draft_is_none_any_more(self):
        payment = self._create_payment(self.debtor, 40.0)
        self._end_transaction()
        self.assertEqual(self.case.amount_credit, 40.0)
        payment.action_draft()
        self._end_transaction()
        self.assertEqual(self.case.amount_credit, 0.0)
        self.assertOpen(self.item, amount_credit=0.0)

    def test_an_invoice_reset_to_draft_leaves_and_comes_back_when_posted(self):
        self.invoice.button_draft()
        self._end_transaction()
        self.assertSettled(self.item)
        self.assertRecordValues(
            self.case, [{"state": "closed", "close_reason": "left"}]
        )
        self.invoice.action_post()
        self._end_transaction()
        self.assertOpen(self.item, amount_residual=100.0, stage_id=self.stage_due.id)
        self.assertEqual(self.item.case_id, self.case)
        self.assertEqual(self.case.state, "open")

    def test_a_cancelled_invoice_leaves(self):
        self.invoice.button_cancel()
        self._end_transaction()
        self.assertSettled(self.item)

    def test_a_new_invoice_waits_for_the_next_run(self):
        invoice = self._create_overdue_invoice(self.debtor, 5, 60.0)
        self.assertNotIn(NOTED, self.cr.precommit.data)
        self._plan()
        self.assertOpen(self._items(invoice), amount_residual=60.0)

    # WHAT IS FOLLOWED, AND WHEN

    def test_a_changed_due_date_of_the_invoice_is_followed(self):
        later = self.today + timedelta(days=20)
        self.invoice.invoice_date_due = later
        self._end_transaction()
        self.assertOpen(self.item, date_due=later)
        self.assertRecordValues(
            self.case, [{"amount_overdue": 0.0, "date_oldest_due": False}]
        )

    def test_a_changed_due_date_of_the_journal_item_is_followed(self):
        later = self.today + timedelta(days=20)
        self._get_receivable_lines(self.invoice).date_maturity = later
        self._end_transaction()
        self.assertOpen(self.item, date_due=later)
        self.assertEqual(self.case.amount_overdue, 0.0)

    def test_an_invoice_taken_out_of_the_follow_up_leaves_and_returns(self):
        self.invoice.no_followup = True
        self._end_transaction()
        self.assertSettled(self.item)
        self.assertEqual(self.case.close_reason, "left")
        self.invoice.no_followup = False
        self._end_transaction()
        self.assertOpen(self.item, stage_id=self.stage_due.id)

    def test_a_journal_item_taken_out_of_the_follow_up_leaves(self):
        self._get_receivable_lines(self.invoice).no_followup = True
        self._end_transaction()
        self.assertSettled(self.item)

    # WHO OWES IT

    def test_a_journal_item_given_to_another_partner_changes_the_case(self):
        entry = self._create_entry(self.debtor, 80.0)
        self._plan()
        self.assertEqual(self.case.amount_open, 180.0)  # 100 + 80
        other = self._create_debtor("Other")
        self._get_receivable_lines(entry).partner_id = other
        self._end_transaction()
        self.assertEqual(self.case.amount_open, 100.0)
        self.assertEqual(self._case(other).amount_open, 80.0)
        self.assertEqual(self._items(entry).case_id, self._case(other))

    def test_a_debtor_who_becomes_a_contact_gives_the_items_to_the_company(self):
        group = self._create_debtor("Group")
        self.debtor.write({"parent_id": group.id, "is_company": False})
        self._end_transaction()
        self.assertOpen(self.item, case_id=self._case(group).id)
        self.assertEqual(self.case.state, "closed")

    def test_the_invoice_of_a_contact_is_on_the_case_of_the_company(self):
        person = self.env["res.partner"].create(
            {"name": "Person", "parent_id": self.debtor.id}
        )
        invoice = self._create_overdue_invoice(person, 5, 60.0)
        self._plan()
        self.assertEqual(self.case.amount_open, 160.0)  # 100 + 60
        self._pay(invoice)
        self._end_transaction()
        self.assertEqual(self.case.amount_open, 100.0)

    def test_the_payment_of_a_branch_is_on_the_case_of_the_root(self):
        branch = self._create_branch("Branch")
        invoice = self._create_overdue_invoice(self.debtor, 5, 60.0, company=branch)
        self._plan()
        self.assertEqual(self.case.amount_open, 160.0)  # 100 + 60
        self._pay(invoice)
        self._end_transaction()
        self.assertSettled(self._items(invoice))
        self.assertEqual(self.case.amount_open, 100.0)

    def test_a_payment_to_one_company_leaves_the_case_of_the_other(self):
        other_company = self._create_creditor("Other Ltd")
        invoice = self._create_overdue_invoice(
            self.debtor, 5, 60.0, company=other_company
        )
        self._plan(companies=other_company)
        other_case = self._case(self.debtor) - self.case
        self._pay(self.invoice)
        self._end_transaction()
        self.assertEqual(self.case.state, "closed")
        self.assertOpen(self._items(invoice), amount_residual=60.0)
        self.assertRecordValues(other_case, [{"state": "open", "amount_open": 60.0}])

    def test_a_replaced_line_of_a_bank_statement_is_a_credit(self):
        statement_line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": self.today,
                "payment_ref": "Transfer",
                "partner_id": self.debtor.id,
                "amount": 45.0,
            }
        )
        suspense = statement_line._seek_for_lines()[1]
        receivable = self.company_data["default_account_receivable"]
        statement_line.move_id.with_context(
            skip_readonly_check=True, force_delete=True
        ).write(
            {
                "line_ids": [
                    Command.delete(suspense.id),
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": self.debtor.id,
                            "balance": -45.0,
                        }
                    ),
                ]
            }
        )
        self._end_transaction()
        self.assertEqual(self.case.amount_credit, 45.0)

    # THE MESSAGE ON ITS WAY

    def _plan_message(self, state):
        """Plan the next message of the case; return it."""
        with self._day(10):
            self._plan()
        contact = self._contacts(self.debtor)[-1]
        contact.sudo().state = state
        self._end_transaction()
        return contact

    def test_a_message_whose_items_are_paid_is_dropped_at_once(self):
        for state in ("planned", "review"):
            with self.subTest(state):
                contact = self._plan_message(state)
                payment = self._pay(self.invoice)
                self._end_transaction()
                self.assertEqual(contact.state, "dropped")
                self.assertIn("Paid", contact.reason)
                self.assertFalse(any(contact.line_ids.mapped("is_counted")))
                payment.action_draft()
                payment.action_cancel()
                self._end_transaction()

    def test_a_message_whose_items_are_paid_in_part_stays(self):
        contact = self._plan_message("planned")
        self._pay(self.invoice, 30.0)
        self._end_transaction()
        self.assertEqual(contact.state, "planned")
        self.assertRecordValues(
            self.case, [{"decision": "queued", "decision_amount": 70.0}]
        )

    def test_a_message_whose_items_are_covered_by_a_credit_is_dropped(self):
        contact = self._plan_message("planned")
        self._create_payment(self.debtor, 100.0)
        self._end_transaction()
        self.assertEqual(contact.state, "dropped")
        self.assertEqual(self.case.decision, "credits")

    # THE SCREENS

    def test_invoice_and_customer_show_what_is_true_now(self):
        invoice, partner = self.invoice, self.debtor
        self.assertEqual(invoice.collection_case_id, self.case)
        self.assertTrue(invoice.collection_status)
        self._create_payment(partner, 100.0)
        self._end_transaction()
        self.assertIn("credits", invoice.collection_status)
        self._pay(invoice)
        self._end_transaction()
        self.assertRecordValues(
            invoice,
            [
                {
                    "collection_case_id": False,
                    "collection_stage_id": False,
                    "collection_status": False,
                }
            ],
        )
        self.assertFalse(partner.collection_case_id)
        self.assertEqual(partner.collection_amount_overdue, 0.0)


class TestEventsCost(EventsCommon):
    """The accountant pays for it neither with time nor with errors."""

    def test_somebody_who_cannot_see_cases_can_enter_payments(self):
        user = new_test_user(
            self.env,
            "biller",
            groups="account.group_account_invoice",
            company_id=self.env.company.id,
        )
        self.env = self.env(user=user)
        self._pay(self.invoice.with_env(self.env))
        self._end_transaction()
        self.assertSettled(self.item.sudo())
        self.assertEqual(self.case.sudo().state, "closed")

    def test_vendor_bills_and_drafts_cost_nothing(self):
        bill = self._create_overdue_invoice(
            self.debtor, 5, move_type="in_invoice", ref="B1"
        )
        self._pay(bill)
        draft = self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": self.debtor.id}
        )
        draft.invoice_date_due = self.today
        draft.button_cancel()
        self.assertNotIn(NOTED, self.cr.precommit.data)

    def test_all_debtors_of_a_transaction_are_followed_together(self):
        others = [self._create_debtor(name) for name in ("One", "Two", "Three")]
        for other in others:
            self._pay(self._create_overdue_invoice(other, 5))
        self._pay(self.invoice)
        engine = self.env.registry["collection.engine"]
        with patch.object(
            engine, "_sync", autospec=True, side_effect=engine._sync
        ) as sync:
            self._end_transaction()
        self.assertEqual(sync.call_count, 1)
        scope = sync.call_args.args[1]
        self.assertEqual(scope.partner_ids[0], self.debtor.id)

    def _pay_while_the_engine_fails(self, error):
        """Pay the invoice; return the level and the text of what was logged."""
        with (
            patch.object(
                self.env.registry["collection.engine"], "_decide", side_effect=error
            ),
            patch(f"{EVENTS_LOGGER}._logger.log") as log,
        ):
            self._pay(self.invoice)
            self._end_transaction()
        level, message, *values = log.call_args.args
        return level, message % tuple(values)

    def test_an_error_of_the_engine_keeps_the_payment_and_is_mended_later(self):
        cron = self.env.ref("collections_mgmt.ir_cron_follow")
        conflict, fault = SerializationFailure("A conflict"), ValueError("A fault")
        slow = QueryCanceled("It took too long")
        for error, expected in (
            (conflict, logging.INFO),
            (fault, logging.ERROR),
            (slow, logging.ERROR),
        ):
            with self.subTest(type(error).__name__), self.cr.savepoint() as savepoint:
                level, text = self._pay_while_the_engine_fails(error)
                self.assertEqual(level, expected)
                self.assertIn(str(self.debtor.id), text)
                self.assertNotIn(self.debtor.name, text)
                self.assertEqual(self.invoice.payment_state, "paid")
                self.assertOpen(self.item, amount_residual=100.0)  # not half done
                triggers = self.env["ir.cron.trigger"].sudo()
                self.assertTrue(triggers.search([("cron_id", "=", cron.id)]))
                with self.enter_registry_test_mode():
                    cron.sudo().method_direct_trigger()
                self.assertSettled(self.item)
                self.assertEqual(self.case.state, "closed")
                savepoint.rollback()

    def test_the_payment_is_kept_wherever_the_engine_fails(self):
        engine = self.env.registry["collection.engine"]
        for name, failure in (
            ("_get_begin_sql", {"side_effect": ValueError("Before the first query")}),
            ("_get_begin_sql", {"return_value": SQL("SELECT 1 / 0")}),
            ("_get_sync_sql", {"return_value": SQL("SELECT 1 / 0")}),
            ("_get_sync_sql", {"return_value": SQL("No SQL at all")}),
            ("_get_decide_sql", {"return_value": SQL("No SQL at all")}),
        ):
            with (
                self.subTest(f"{name}: {failure}"),
                closing(self.cr.savepoint()),
                patch.object(engine, name, **failure),
                mute_logger("odoo.sql_db", EVENTS_LOGGER),
            ):
                self._pay(self.invoice)
                self._end_transaction()
                self.assertEqual(self.invoice.payment_state, "paid")
                self.assertOpen(self.item, amount_residual=100.0)

    def test_the_fault_of_one_company_is_not_that_of_another(self):
        second = self._create_creditor("Second Ltd")
        invoice = self._create_overdue_invoice(self.debtor, 5, 60.0, company=second)
        self._plan(companies=second)
        engine = self.env.registry["collection.engine"]
        decide = engine._decide

        def fail_for_the_second(self, scope, *last):
            if scope.company == second:
                raise ValueError("A fault")
            return decide(self, scope, *last)

        self._pay(self.invoice)
        self._pay(invoice)
        with (
            patch.object(engine, "_decide", fail_for_the_second),
            mute_logger(EVENTS_LOGGER),
        ):
            self._end_transaction()
        self.assertSettled(self.item)
        self.assertOpen(self._items(invoice), amount_residual=60.0)

    def test_what_comes_after_it_waits_for_locks_as_ever(self):
        self.cr.execute("SHOW lock_timeout")
        before = self.cr.fetchone()
        self._pay(self.invoice)
        self._end_transaction()
        self.cr.execute("SHOW lock_timeout")
        self.assertEqual(self.cr.fetchone(), before)

    def test_a_company_that_cannot_be_followed_now_is_tried_again(self):
        cron = self.env.ref("collections_mgmt.ir_cron_follow").sudo()
        with (
            patch.object(
                self.env.registry["collection.engine"],
                "_decide",
                side_effect=ValueError("A fault"),
            ),
            mute_logger(EVENTS_LOGGER),
            self.enter_registry_test_mode(),
        ):
            cron.method_direct_trigger()
        triggers = self.env["ir.cron.trigger"].sudo()
        later = [("cron_id", "=", cron.id), ("call_at", ">", fields.Datetime.now())]
        self.assertTrue(triggers.search(later))

    # QUERIES

    def _create_drafts(self, count):
        """Create drafts of as many debtors; return them."""
        debtors = self.env["res.partner"].create(
            [{"name": f"Debtor {index}"} for index in range(count)]
        )
        return self.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": debtor.id,
                    "invoice_date": self.today,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Goods", "price_unit": 10, "tax_ids": []}
                        )
                    ],
                }
                for debtor in debtors
            ]
        )

    def _count_extra_queries(self, count):
        """Return the queries it takes to follow the postings of so many debtors."""
        drafts = self._create_drafts(count)
        self._end_transaction()

        def post_and_match():
            drafts.action_post()
            self._match_with_credits(drafts)

        return self._count_queries_of_engine(post_and_match)

    def _count_queries_of_engine(self, act):
        """Return the queries it takes to follow what ``act`` does in the ledger."""
        spent = []

        def counting(method):
            def wrapper(engine, *args):
                before = engine.env.cr.sql_log_count
                result = method(engine, *args)
                spent.append(engine.env.cr.sql_log_count - before)
                return result

            return wrapper

        engine = self.env.registry["collection.engine"]
        with ExitStack() as patches:
            for name in ("_note_lines", "_follow_noted"):
                method = counting(getattr(engine, name))
                patches.enter_context(patch.object(engine, name, method))
            act()
            self._end_transaction()
        return sum(spent)

    def test_the_extra_queries_of_a_transaction_do_not_grow_with_it(self):
        # The lowest of some: what fills a cache that outlives a transaction, or one
        # that Odoo emptied meanwhile, says nothing about how many debtors there were.
        few = min(self._count_extra_queries(3) for _attempt in range(3))
        many = min(self._count_extra_queries(30) for _attempt in range(2))
        self.assertGreater(few, 0)
        self.assertLessEqual(few, 20)
        self.assertEqual(many, few)

    def test_a_payment_by_itself_takes_three_queries(self):
        # One to begin, which also reads the rules, one to follow, one to decide and
        # rank.
        def pay():
            self.env.invalidate_all()  # as in a transaction that begins
            self._pay(self.invoice, 10.0)

        self.assertEqual(
            min(self._count_queries_of_engine(pay) for _attempt in range(3)), 3
        )

    def test_a_payment_costs_nothing_more_while_others_are_on_hold(self):
        other = self._create_overdue_invoice(self._create_debtor("Bolt"), 9)
        self._plan()
        self._create_hold(other)
        self._end_transaction()
        self.test_a_payment_by_itself_takes_three_queries()
