"""What is entered for a branch holds for the company: its cases span all branches."""

from odoo.modules.migration import load_script
from odoo.tests import new_test_user
from odoo.tools import SQL, file_path

from .gate_common import GateCommon


class TestBranches(GateCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = cls.env.company
        cls.branch = cls._create_branch("Creditor North")
        cls.twig = cls.env["res.company"].create(
            {"name": "Creditor Far North", "parent_id": cls.branch.id}
        )
        cls._create_overdue_invoice(cls.debtor, 5)

    def test_a_stop_that_is_entered_for_a_branch_stops_the_company(self):
        for company in (self.branch, self.twig):
            with self.subTest(company.name):
                stop = self._stop(company_id=company.id)
                self.assertEqual(stop.company_id, self.root)
                self.assertEqual(self._judge().result, "block")
                self._let_stop_be_over(stop)
                self.assertEqual(self._judge().result, "allow")

    def test_nor_does_a_default_of_the_screen_leave_it_at_the_branch(self):
        holds = self.env["collection.hold"].with_context(
            default_company_id=self.branch.id
        )
        self.assertEqual(
            holds.create({"partner_id": self.debtor.id}).company_id, self.root
        )

    def test_a_stop_that_is_moved_to_a_branch_still_stops_the_company(self):
        stop = self._stop()
        stop.company_id = self.branch
        self.assertEqual(stop.company_id, self.root)
        self.assertEqual(self._judge().result, "block")

    def test_a_stop_for_every_company_stays_one(self):
        self.assertFalse(self._stop(company_id=False).company_id)

    def test_a_refusal_that_is_entered_for_a_branch_is_the_companys(self):
        answer = self._answer("refused", company_id=self.branch.id)
        self.assertEqual(answer.company_id, self.root)
        self.assertEqual(self._judge().result, "block")

    def test_a_day_and_a_rule_of_a_branch_are_the_companys(self):
        self._allow_contacts(skip_holidays=True)
        day = self.env["collection.holiday"].create(
            {"name": "Inventory", "date": self.today, "company_id": self.branch.id}
        )
        self.assertEqual(day.company_id, self.root)
        self.assertEqual(self._judge().result, "defer")
        rule = self._forbid("call", company_id=self.branch.id)
        self.assertEqual(rule.company_id, self.root)
        self.assertEqual(self._judge(channel="call").result, "block")

    def test_who_works_in_a_branch_alone_stops_and_sees_the_stop(self):
        user = new_test_user(
            self.env,
            "north",
            "base.group_user,collections_mgmt.group_collection_manager",
            company_id=self.branch.id,
            company_ids=self.branch.ids,
        )
        stops = self.env["collection.hold"].with_user(user).with_company(self.branch)
        stop = stops.create({"partner_id": self.debtor.id})
        self.assertEqual(stop.sudo().company_id, self.root)
        self.assertIn(stop, stops.search([]))
        self.assertEqual(self._judge().result, "block")

    def test_the_update_moves_what_stands_at_branches(self):
        moved = {
            self._stop(): self.twig,
            self._answer("refused", "sms"): self.branch,
        }
        stop_for_all = self._stop(company_id=False)
        self.env.flush_all()
        for record, company in moved.items():
            self.cr.execute(
                SQL(
                    "UPDATE %s SET company_id = %s WHERE id = %s",
                    SQL.identifier(record._table),
                    *(company.id, record.id),
                )
            )
        script = file_path(
            "collections_mgmt/migrations/19.0.1.1.0/post-root_companies.py"
        )
        load_script(script, "root_companies").migrate(self.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        for record in moved:
            self.assertEqual(record.company_id, self.root)
        self.assertFalse(stop_for_all.company_id)
