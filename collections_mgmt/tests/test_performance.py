from contextlib import nullcontext
from datetime import timedelta
from unittest.mock import patch

from odoo import Command

from .common import CollectionCommon

FEW, MANY = 5, 50


class TestPerformance(CollectionCommon):
    """The work of the engine does not grow with the number of debtors."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_book("Warm", FEW)

    def setUp(self):
        super().setUp()
        self._plan()
        self._deliver()

    @classmethod
    def _create_book(cls, name, count):
        """Create debtors with two invoices each, some with credits."""
        debtors = cls.env["res.partner"].create(
            [
                {"name": f"{name} {index}", "email": f"{name}{index}@debtor.test"}
                for index in range(count)
            ]
        )
        moves = cls.env["account.move"].create(
            [
                cls._prepare_move_values(debtor, days)
                for debtor in debtors
                for days in (5, 25)
            ]
        )
        moves.action_post()
        cls.env.flush_all()
        return debtors

    @classmethod
    def _prepare_move_values(cls, debtor, days):
        due = cls.today - timedelta(days=days)
        return {
            "move_type": "out_invoice",
            "partner_id": debtor.id,
            "invoice_date": due,
            "invoice_payment_term_id": False,
            "invoice_date_due": due,
            "invoice_line_ids": [
                Command.create({"name": "Goods", "price_unit": 10, "tax_ids": []})
            ],
        }

    def _count_queries(self, act):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        act()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def _count_plan(self):
        return self._count_queries(
            lambda: self.env["collection.run"]._plan(self.company)
        )

    def test_planning_takes_the_same_queries_for_any_number_of_debtors(self):
        first = self._create_book("First", FEW)
        self._count_plan()  # fills the caches that outlive a transaction
        few = self._create_book("Few", FEW)
        queries_for_few = self._count_plan()
        many = self._create_book("Many", MANY)
        queries_for_many = self._count_plan()
        more = self._create_book("More", MANY)
        # Odoo empties caches of its own now and then: the better of two counts.
        queries_for_many = min(queries_for_many, self._count_plan())
        contacts = self.env["collection.contact"].search([("state", "=", "planned")])
        self.assertEqual(
            contacts.partner_id, first | few | many | more, "Everybody was planned."
        )
        self.assertLessEqual(queries_for_many, queries_for_few)
        self.assertLess(queries_for_many, 60)

    def test_planning_again_takes_no_more_queries(self):
        self._create_book("Many", MANY)
        first = self._count_plan()
        self.assertLessEqual(self._count_plan(), first)

    def _count_queries_per_contact(self, state, **debtor_values):
        """Return how many queries the delivery of one more contact takes.

        :param str state: what becomes of the contacts
        """
        counts = {}
        for count in (FEW, MANY):
            debtors = self._create_book(f"Book {count}", count)
            debtors.write(debtor_values)
            self._plan()
            counts[count] = self._count_queries(self._deliver)
            contacts = self.env["collection.contact"].search(
                [("partner_id", "in", debtors.ids)]
            )
            self.assertEqual(len(contacts), count)
            self.assertEqual(set(contacts.mapped("state")), {state})
        return (counts[MANY] - counts[FEW]) / (MANY - FEW)

    def test_one_message_more_takes_no_query_more(self):
        self.assertLess(self._count_queries_per_contact("queued"), 0.5)

    def test_the_last_look_at_the_queue_takes_the_same_queries_for_any_number(self):
        counts = {}
        for count in (FEW, FEW, MANY):  # the first fills the caches
            self._create_book(f"Book {len(counts)} {count}", count)
            self._plan()
            mails = self._deliver().sudo().mail_mail_id
            self.assertEqual(len(mails), count)
            contacts = mails._get_collection_contacts_sudo()
            counts[count] = self._count_queries(contacts._hold_mails_back)
            self.assertEqual(set(contacts.mapped("state")), {"queued"})
        self.assertLessEqual(counts[MANY], counts[FEW] + 2)

    def _require_words(self):
        """Let messages to Chile need words; return the values of debtors there."""
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self.stage_due.step_ids.template_id.body_html = (
            '<t t-out="object.items_table"/><t t-out="object.legal_block"/>'
        )
        return {"country_id": self.env.ref("base.cl").id}

    def test_required_words_take_no_query_more_per_message(self):
        values = self._require_words()
        self.company.write(
            {"street": "1 High Street", "collection_payment_ways": "Any"}
        )
        self.assertLess(self._count_queries_per_contact("queued", **values), 0.5)

    def test_a_message_that_is_stopped_takes_no_query_more(self):
        values = self._require_words()
        self.company.collection_payment_ways = False
        self.assertLess(self._count_queries_per_contact("blocked", **values), 0.5)

    def test_evidence_takes_four_queries_a_batch_at_most(self):
        counts = {}
        for is_noted in (False, True, False, True):
            self._create_book(f"Book {len(counts)} {is_noted}", MANY)
            self._plan()
            with nullcontext() if is_noted else self._without_evidence():
                counts[is_noted] = self._count_queries(self._deliver_and_end)
        self.assertLessEqual(counts[True] - counts[False], 4)

    def _deliver_and_end(self):
        self._deliver()
        self.cr.flush()

    def _without_evidence(self):
        return patch.object(
            type(self.env["collection.contact"]), "_note_event", lambda *_args: None
        )

    def test_one_task_more_takes_two_queries(self):
        self.stage_due.step_ids.channel = "task"
        self.assertLessEqual(self._count_queries_per_contact("sent"), 2)

    def test_the_screens_read_any_number_of_records_with_the_same_queries(self):
        many = self._create_book("Many", MANY)
        self._plan()
        moves = self.env["account.move"].search([("partner_id", "in", many.ids)])
        items = self.env["collection.item"].search([("move_id", "in", moves.ids)])
        cases = self.env["collection.case"].search([("partner_id", "in", many.ids)])
        for records, names in (
            (moves, ["collection_stage_id", "collection_status"]),
            (many, ["collection_case_id", "collection_amount_overdue"]),
            (cases, ["decision_text", "days_overdue", "item_count"]),
            (items, ["display_name", "days_overdue", "stage_id"]),
        ):
            with self.subTest(records._name):
                records.read(names)  # fills the caches that outlive a transaction
                few = self._count_queries(lambda r=records, n=names: r[:FEW].read(n))
                all_of_them = self._count_queries(lambda r=records, n=names: r.read(n))
                self.assertEqual(all_of_them, few)

    def test_posting_and_paying_invoices_costs_nothing_more_when_followed(self):
        debtor, other = self._create_book("Few", 2)
        moves = {
            partner: self.env["account.move"].search([("partner_id", "=", partner.id)])
            for partner in (debtor, other)
        }
        self._get_receivable_lines(moves[other]).no_followup = True
        self._plan()
        self.assertTrue(self._case(debtor))
        self.assertFalse(self._case(other))
        self._count_queries(lambda: self._pay(moves[other][1]))  # warm-up
        followed = self._count_queries(lambda: self._pay(moves[debtor][0]))
        not_followed = self._count_queries(lambda: self._pay(moves[other][0]))
        self.assertLessEqual(followed, not_followed)
