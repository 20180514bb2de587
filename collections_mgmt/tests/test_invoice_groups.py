from datetime import timedelta

from odoo import Command
from odoo.fields import Domain
from odoo.tests import new_test_user
from odoo.tools import SQL

from .common import CollectionCommon

GROUPED = (
    "collection_case_id",
    "collection_stage_id",
    "collection_agent_id",
    "collection_agreement",
    "collection_next_action_date:day",
)


class TestInvoiceGroups(CollectionCommon):
    """Invoices are grouped and filtered by what their items know."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme", collection_agent_id=cls.user.id)
        cls.other = cls._create_debtor("Bolt")
        cls.halves = cls.env["account.payment.term"].create(
            {
                "name": "Halves",
                "line_ids": [
                    Command.create({"value_amount": 50, "nb_days": days})
                    for days in (0, 10)
                ],
            }
        )
        cls.due = cls._create_overdue_invoice(cls.debtor, 5)
        cls.old = cls._create_overdue_invoice(cls.other, 40)
        cls.split = cls._create_overdue_invoice(
            cls.debtor, 15, invoice_payment_term_id=cls.halves.id
        )
        cls.draft = cls._create_overdue_invoice(cls.other, 5)
        cls.draft.button_draft()
        cls.moves = cls.due | cls.old | cls.split | cls.draft

    def setUp(self):
        super().setUp()
        self._plan()
        self._stand(self.old, self.stage_first, 1)
        first, second = self._items(self.split).sudo()
        first.stage_id, second.stage_id = self.stage_first, self.stage_second
        self._items(self.due).sudo().amount_promised = 40.0
        self._items(self.old).sudo().write(
            {"amount_promised": 10.0, "amount_disputed": 20.0}
        )
        second.amount_disputed = 5.0

    def _group(self, field, env=None):
        """Return [(value shown, invoices found by opening the group, count)]."""
        Move = (env or self.env)["account.move"]
        scope = Domain("id", "in", self.moves.ids)
        return [
            (group[field], Move.search(scope & Domain(group["__extra_domain"])), count)
            for group in Move.formatted_read_group(scope, [field], ["__count"])
            for count in (group["__count"],)
        ]

    def test_opening_a_group_shows_what_it_counted(self):
        for field in GROUPED:
            with self.subTest(field):
                groups = self._group(field)
                for _value, found, count in groups:
                    self.assertEqual(len(found), count)
                self.assertEqual(sum(count for *_rest, count in groups), 4)

    def test_a_group_holds_the_invoices_that_show_its_value(self):
        name = "collection_stage_id"
        for value, found, _count in self._group(name):
            for move in found:
                self.assertEqual(move[name].id, value[0] if value else False)
        name = "collection_agreement"
        for value, found, _count in self._group(name):
            self.assertEqual(set(found.mapped(name)), {value})

    def test_of_two_instalments_the_further_one_speaks(self):
        Move = self.env["account.move"]
        for stage, expected in (
            (self.stage_second, self.split),
            (self.stage_first, self.old),
        ):
            self.assertEqual(
                Move.search(
                    [
                        ("collection_stage_id", "=", stage.id),
                        ("id", "in", self.moves.ids),
                    ]
                ),
                expected,
            )

    def test_promises_and_disputes_are_badges_and_filters(self):
        self.assertEqual(
            [(move.collection_agreement) for move in self.moves],
            ["promised", "both", "disputed", False],
        )
        self.assertEqual(self.old.collection_amount_promised, 10.0)
        self.assertEqual(self.old.collection_amount_disputed, 20.0)
        found = self.env["account.move"].search(
            [
                ("collection_agreement", "in", ("promised", "both")),
                ("id", "in", self.moves.ids),
            ]
        )
        self.assertEqual(found, self.due | self.old)

    def test_dates_are_grouped_and_compared(self):
        day = self.today + timedelta(days=400)
        self._case(self.debtor).sudo().next_action_date = day
        found = self.env["account.move"].search(
            [
                ("collection_next_action_date", ">=", day),
                ("id", "in", self.moves.ids),
            ]
        )
        self.assertEqual(found, self.due | self.split)

    def test_groups_hide_the_cases_of_others(self):
        """Who sees their own portfolio sees invoices of others as not followed."""
        collector = new_test_user(
            self.env,
            login="invoice_groups",
            groups="base.group_user,collections_mgmt.group_collection_collector",
            company_id=self.env.company.id,
        )
        self._case(self.debtor).agent_id = self.user
        groups = self._group("collection_agent_id", self.env(user=collector))
        self.assertEqual([(value, count) for value, _f, count in groups], [(False, 4)])

    def test_items_are_read_once_for_all_invoices(self):
        """No invoice looks for its items by itself, whatever is searched together."""
        Move = self.env["account.move"]
        domain = Domain.OR(
            [
                Domain("collection_stage_id", "=", self.stage_first.id),
                Domain("collection_agent_id", "=", self.user.id),
                Domain("collection_agreement", "=", False),
                Domain("collection_next_action_date", ">=", self.today),
            ]
        )
        query = Move._search(domain)
        Move._field_to_sql("account_move", "collection_stage_id", query)
        text = str(query.select().code)
        self.assertEqual(text.count("DISTINCT ON"), 1)
        self.env.flush_all()
        plan = "\n".join(
            row for [row] in self.env.execute_query(SQL("EXPLAIN %s", query.select()))
        )
        self.assertNotIn("SubPlan", plan)
