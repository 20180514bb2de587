from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tools import html2plaintext, mute_logger
from odoo.tools.safe_eval import safe_eval

from .hold_common import HoldCommon

EFFECTS = "odoo.addons.collections_mgmt.models.collection_item_hold_effects"


class TestAnnouncedPayments(HoldCommon):
    """The debtor says it is paid: held for some days, and somebody looks."""

    def _get_tasks(self, case=None):
        kind = self.env.ref("collections_mgmt.mail_activity_type_hold")
        case = case or self.case
        return case.activity_ids.filtered(lambda a: a.activity_type_id == kind)

    def test_an_announced_payment_is_of_all_and_for_five_days(self):
        hold = self._announce()
        self.assertRecordValues(
            hold,
            [
                {
                    "is_payment_announced": True,
                    "amount_announced": 100.0,
                    "date_until": self.today + timedelta(days=5),
                }
            ],
        )
        self.assertEqual(self.case.decision, "held")

    def test_the_invoice_tells_an_announced_payment_from_another_hold(self):
        self._announce()
        other = self._other_invoice()
        self._hold(invoice=other)
        self.assertTrue(self.invoice.collection_is_announced)
        self.assertFalse(other.collection_is_announced)
        self.assertTrue(other.collection_amount_held)

    def test_lists_say_announced_until_it_is_over(self):
        announced, hold = self._announce(), self._hold(invoice=self._other_invoice())
        self.assertEqual(
            (announced | hold).mapped("shown_state"), ["announced", "held"]
        )
        self._pay_on(2)
        hold._cancel("A mistake")
        self.assertEqual(
            (announced | hold).mapped("shown_state"), ["settled", "cancelled"]
        )

    def test_the_case_says_that_a_payment_is_announced(self):
        self._announce()
        self.assertEqual(
            self.case.decision_text,
            "A payment is announced: $\xa0100.00 wait until 03/21/2026.",
        )
        self.assertIn("payment announced", self.case.rank_details)
        course = " ".join(entry["text"] for entry in self.case._get_course())
        self.assertIn("A payment of $\xa0100.00 is announced", course)
        self.assertNotIn("on hold", course)

    def test_the_case_says_hold_where_something_else_is_held_too(self):
        self._announce()
        self._hold(invoice=self._other_invoice())
        self.assertIn("are on hold until", self.case.decision_text)

    def test_cases_are_filtered_by_what_is_announced_and_what_is_held(self):
        self._announce()
        self.assertEqual(self._find_cases("announced"), self.case)
        self.assertFalse(self._find_cases("held"))
        self._hold(invoice=self._other_invoice())
        self.assertEqual(self._find_cases("held"), self.case)

    def _find_cases(self, name):
        arch = self.env["collection.case"]._get_view(view_type="search")[0]
        [node] = arch.xpath(f"//filter[@name='{name}']")
        domain = [*safe_eval(node.get("domain")), ("id", "=", self.case.id)]
        return self.env["collection.case"].search(domain)

    def test_what_became_of_it_is_said_as_of_a_payment(self):
        self._announce(invoice=self._other_invoice())._cancel(
            "They meant another debtor"
        )
        self._announce()
        self._pay_on(2)
        bodies = " ".join(map(html2plaintext, self.case.message_ids.mapped("body")))
        self.assertIn("The announced payment of $\xa0100.00 came.", bodies)
        self.assertIn("not waited for any more: They meant another debtor", bodies)
        self.assertNotIn("Hold of", bodies)

    def test_the_payment_takes_it_off_the_list(self):
        hold = self._announce()
        self._hold(invoice=self._other_invoice())
        Hold = self.env["collection.item.hold"]
        listed = [
            ("state", "=", "open"),
            ("is_payment_announced", "=", True),
            ("partner_id", "=", self.debtor.id),
        ]
        self.assertEqual(Hold.search(listed), hold)
        self._pay_on(2)
        self.assertEqual(hold.state, "settled")
        self.assertFalse(Hold.search(listed))
        self._look(9)
        self.assertFalse(self._get_tasks())

    def _other_invoice(self):
        move = self._create_overdue_invoice(self.debtor, 5, 40.0)
        self._plan()
        self._skip_messages()
        return move

    def test_money_that_does_not_come_is_asked_for_and_a_task(self):
        self.case.agent_id = self.user
        hold = self._announce()
        self._look(6)
        self.assertEqual((hold.state, hold.is_missed), ("ended", True))
        self.assertEqual(self._chased(), 100.0)
        task = self._get_tasks()
        self.assertEqual(task.user_id, self.user)
        self.assertIn("was not seen", task.summary)
        self.assertIn("was not seen", str(self.case.message_ids[0].body))

    def test_looking_again_gives_no_second_task(self):
        self._announce()
        self._look(6)
        said = len(self.case.message_ids)
        self._look(7)
        self.assertEqual(len(self._get_tasks()), 1)
        self.assertEqual(len(self.case.message_ids), said)

    def test_what_ends_a_hold_is_said_by_its_cause(self):
        for cause, act, words in (
            ("payment", lambda move: self._pay(move), "it is paid"),
            ("credit", self._credit, "credit notes or corrections"),
            ("both", self._pay_and_credit, "part was paid"),
            ("other", lambda move: move.button_cancel(), "were cancelled"),
        ):
            move = self._other_invoice()
            hold = self._hold(invoice=move)
            act(move)
            self._end_transaction()
            with self.subTest(cause):
                self.assertEqual((hold.state, hold.settled_by), ("settled", cause))
                bodies = " ".join(map(str, hold.message_ids.mapped("body")))
                self.assertIn(words, bodies)

    def _credit(self, move, amount=40.0):
        self._match(move, self._create_credit_note(self.debtor, amount))

    def _pay_and_credit(self, move):
        self._pay(move, 10.0)
        self._credit(move, 30.0)

    def test_what_was_paid_before_the_hold_is_not_its_cause(self):
        move = self._other_invoice()
        self._pay(move, 10.0)
        self._end_transaction()
        self.env.cr.execute(
            "UPDATE account_partial_reconcile SET create_date = create_date - "
            "INTERVAL '1 day'"
        )
        hold = self._hold(invoice=move)
        self._credit(move, 30.0)
        self._end_transaction()
        self.assertEqual(hold.settled_by, "credit")

    def test_an_invoice_in_draft_settles_nothing_and_comes_back_on_hold(self):
        for hold in (self._hold(), self._announce(self._other_invoice())):
            move = hold.item_ids.move_id
            with self.subTest(hold.reason_id.name):
                move.button_draft()
                self._end_transaction()
                self.assertEqual(hold.state, "open")
                move.action_post()
                self._end_transaction()
                self.assertEqual(hold.state, "open")
                self.assertEqual(self._chased(self._items(move)), 0.0)

    def test_an_invoice_that_stays_in_draft_holds_nothing_past_the_day(self):
        hold = self._hold()
        self.invoice.button_draft()
        self._look(20)
        self.assertEqual(hold.state, "ended")

    def test_another_hold_that_ends_is_nobodys_task(self):
        hold = self._hold(date_until=self.today + timedelta(days=2))
        self._look(3)
        self.assertEqual((hold.state, hold.is_missed), ("ended", False))
        self.assertFalse(self._get_tasks())

    def test_a_part_that_came_as_announced_settles_it(self):
        hold = self._announce(amount_announced=60.0)
        self._pay_on(2, 60.0)
        self.assertEqual(hold.state, "settled")
        self._look(3)
        self.assertEqual(self._chased(), 40.0)
        self._look(9)
        self.assertFalse(self._get_tasks())

    def test_less_than_announced_is_not_it(self):
        hold = self._announce()
        self._pay_on(2, 60.0)
        self.assertEqual(hold.state, "open")
        self._look(6)
        self.assertTrue(hold.is_missed)
        self.assertEqual(self._chased(), 40.0)

    def test_a_payment_not_matched_yet_is_the_one_announced(self):
        hold = self._announce()
        self._create_payment(self.debtor, 100.0)
        self._end_transaction()
        self.assertEqual(hold.state, "settled")
        self.assertEqual(self._decision(), "credits")

    def test_a_credit_from_before_is_not_what_was_announced(self):
        self._create_credit_note(self.debtor, 30.0)
        self._end_transaction()
        hold = self._announce()
        self.assertEqual((hold.amount, hold.state), (70.0, "open"))
        self._look(6)
        self.assertTrue(hold.is_missed)

    def test_a_foreign_payment_counts_in_its_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "name": self.today - timedelta(days=60),
                "rate": 0.5,
                "company_id": self.env.company.id,
            }
        )
        move = self._create_overdue_invoice(self.debtor, 5, 100.0, currency_id=euro.id)
        self._plan()
        self._skip_messages()
        hold = self._announce(move, amount_announced=60.0)
        self.assertEqual((hold.currency_id, hold.amount), (euro, 100.0))
        self._pay(move, 50.0)
        self._end_transaction()
        self.assertEqual(hold.state, "open")
        self._pay(move, 10.0)
        self._end_transaction()
        self.assertEqual(hold.state, "settled")

    def test_one_debtors_fault_stops_no_other(self):
        bolt = self._create_debtor("Bolt")
        move = self._create_overdue_invoice(bolt, 5, 40.0)
        self._plan()
        self._skip_messages()
        holds = self._announce() | self._announce(move)
        Hold = self.env.registry["collection.item.hold"]
        prepare = Hold._prepare_task_values

        def fail_for_acme(hold, *args):
            if hold.partner_id == self.debtor:
                raise ValueError("A fault")
            return prepare(hold, *args)

        with (
            patch.object(Hold, "_prepare_task_values", fail_for_acme),
            mute_logger(EFFECTS),
        ):
            self._look(6)
        self.assertEqual(set(holds.mapped("state")), {"ended"})
        self.assertFalse(self._get_tasks())
        self.assertTrue(self._get_tasks(self._case(bolt)))
        self.assertEqual(self._chased(), 100.0)

    def test_receipts_are_the_files_of_the_hold(self):
        receipt = self.env["ir.attachment"].create(
            {
                "name": "transfer.pdf",
                "raw": b"%PDF",
                "res_model": "collection.item.hold",
            }
        )
        hold = self._announce(receipt_ids=[Command.link(receipt.id)])
        bare = self._announce(self._other_invoice())
        self.assertEqual((receipt.res_id, hold.has_receipt), (hold.id, True))
        Hold = self.env["collection.item.hold"]
        ours = [("id", "in", (hold | bare).ids)]
        self.assertEqual(Hold.search([("has_receipt", "=", True), *ours]), hold)
        self.assertEqual(Hold.search([("has_receipt", "=", False), *ours]), bare)
        bare.message_post(attachments=[("later.pdf", b"%PDF")])
        bare.invalidate_recordset()
        self.assertTrue(bare.has_receipt)

    def test_a_payment_to_come_is_a_promise(self):
        tomorrow = self.today + timedelta(days=1)
        with self._refused(UserError, "register a promise instead"):
            self._announce(payment_date=tomorrow)

    def test_an_announced_payment_has_an_amount(self):
        for amount in (0.0, -5.0):
            with self.subTest(amount), self._refused(UserError, "Enter the amount"):
                self._announce(amount_announced=amount)

    def test_what_a_reason_meant_then_stays(self):
        hold = self._announce()
        hold.reason_id.is_payment_announced = False
        self.env.flush_all()
        self.assertTrue(hold.is_payment_announced)
