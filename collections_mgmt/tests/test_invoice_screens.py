"""What the invoice shows of collections, and what its filters find."""

from datetime import timedelta

from odoo import Command
from odoo.fields import Domain
from odoo.tests import Form, new_test_user
from odoo.tools.safe_eval import safe_eval

from .hold_common import HoldCommon

COLLECTOR = "base.group_user,account.group_account_invoice"


class InvoiceScreenCommon(HoldCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor.collection_agent_id = cls.user
        cls.disputed = cls._create_overdue_invoice(cls.debtor, 4, 70.0)
        cls.elsewhere = cls._create_overdue_invoice(cls._create_debtor("Bolt"), 5)
        cls.draft = cls._create_overdue_invoice(cls.debtor, 5)
        cls.draft.button_draft()
        cls.moves = cls.invoice | cls.disputed | cls.elsewhere | cls.draft

    def _agree_on_all(self):
        """Promise 40 of an invoice of 100 and put it on hold; contest another."""
        self._promise(40.0)
        self._hold()
        self._create_dispute(self.disputed)
        self._end_transaction()

    def _get_arch(self, view_type, xmlid):
        view = self.env.ref(f"account.{xmlid}")
        return self.env["account.move"]._get_view(view.id, view_type)[0]

    def _get_search_arch(self):
        return self._get_arch("search", "view_account_invoice_filter")


class TestInvoiceFilters(InvoiceScreenCommon):
    """Each filter of ours finds what its label says, as the web client asks."""

    def _find(self, name):
        [node] = self._get_search_arch().xpath(f"//filter[@name='{name}']")
        domain = Domain(safe_eval(node.get("domain"), {"uid": self.env.uid}))
        return self.env["account.move"].search(
            domain & Domain("id", "in", self.moves.ids)
        )

    def test_each_filter_finds_what_it_says(self):
        self._agree_on_all()
        self._case(self.debtor).sudo().next_action_date = self.today
        self._case(self.elsewhere.partner_id).sudo().next_action_date = (
            self.today + timedelta(days=1)
        )
        followed = self.invoice | self.disputed | self.elsewhere
        for name, expected in (
            ("collection_followed", followed),
            ("collection_mine", self.invoice | self.disputed),
            ("collection_promised", self.invoice),
            ("collection_disputed", self.disputed),
            ("collection_held", self.invoice),
            ("collection_announced", self.env["account.move"]),
            ("collection_action_due", self.invoice | self.disputed),
        ):
            with self.subTest(name):
                self.assertEqual(set(self._find(name)), set(expected))

    def test_no_filter_of_ours_is_forgotten_here(self):
        names = {
            node.get("name")
            for node in self._get_search_arch().xpath(
                "//filter[starts-with(@name, 'collection_')]"
            )
        }
        self.assertEqual(
            names,
            {
                *("collection_followed", "collection_mine", "collection_promised"),
                *("collection_disputed", "collection_held", "collection_announced"),
                "collection_action_due",
            },
        )

    def test_each_group_counts_every_invoice_once(self):
        self._agree_on_all()
        nodes = self._get_search_arch().xpath(
            "//filter[starts-with(@name, 'group_collection_')]"
        )
        self.assertEqual(len(nodes), 4)
        scope = Domain("id", "in", self.moves.ids)
        for node in nodes:
            group = safe_eval(node.get("context"))["group_by"]
            group = group if ":" in group or "date" not in group else f"{group}:day"
            with self.subTest(node.get("name")):
                groups = self.env["account.move"].formatted_read_group(
                    scope, [group], ["__count"]
                )
                self.assertEqual(sum(each["__count"] for each in groups), 4)

    def test_promised_and_on_hold_is_found_under_each_and_named_by_both(self):
        self._agree_on_all()
        self.assertEqual(self.invoice.collection_agreement, "promised_held")
        labels = dict(
            self.env["account.move"]
            ._fields["collection_agreement"]
            ._description_selection(self.env)
        )
        self.assertEqual(labels["promised_held"], "Promised, On Hold")
        self.assertIn(self.invoice, self._find("collection_promised"))
        self.assertIn(self.invoice, self._find("collection_held"))

    def assertAgreements(self, expected):
        """Check what the invoice shows for these amounts, and under which group.

        :param dict expected: {(promised, disputed, held): value of the selection}
        """
        item = self._items(self.invoice).sudo()
        names = ("amount_promised", "amount_disputed", "amount_held")
        for amounts, agreement in expected.items():
            with self.subTest(agreement):
                item.write(dict(zip(names, amounts, strict=True)))
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertEqual(self.invoice.collection_agreement, agreement)
                found = self.env["account.move"].search(
                    Domain("collection_agreement", "=", agreement)
                    & Domain("id", "=", self.invoice.id)
                )
                self.assertEqual(found, self.invoice)

    def test_every_combination_has_a_badge_and_a_group(self):
        self.assertAgreements(
            {
                (0, 0, 0): False,
                (1, 0, 0): "promised",
                (0, 1, 0): "disputed",
                (0, 0, 1): "held",
                (1, 1, 0): "both",
                (1, 0, 1): "promised_held",
                (0, 1, 1): "disputed_held",
                (1, 1, 1): "all",
            }
        )

    def test_what_nothing_was_ever_agreed_about_is_in_no_group(self):
        fresh = self._create_overdue_invoice(self._create_debtor("Fresh"), 3)
        self._plan()
        self.env.flush_all()
        # As in books that are older than holds.
        self.cr.execute(
            "UPDATE collection_item SET amount_held = NULL WHERE move_id = %s",
            [fresh.id],
        )
        found = self.env["account.move"].search(
            [("collection_agreement", "=", False), ("id", "=", fresh.id)]
        )
        self.assertEqual(found, fresh)

    def test_an_announced_payment_is_no_hold_on_badges_groups_and_filters(self):
        self._create_hold(self.invoice, "announced")
        self._end_transaction()
        self.assertAgreements(
            {
                (0, 0, 0): False,
                (1, 0, 0): "promised",
                (0, 0, 1): "announced",
                (1, 0, 1): "promised_announced",
                (0, 1, 1): "disputed_announced",
                (1, 1, 1): "all_announced",
            }
        )
        self.assertEqual(self._find("collection_announced"), self.invoice)
        self.assertFalse(self._find("collection_held"))

    def test_an_announced_payment_whose_day_passed_is_none_any_more(self):
        self._create_hold(self.invoice, "announced")
        self._end_transaction()
        with self._day(6):
            self.env.invalidate_all()
            self.assertAgreements({(0, 0, 1): "held"})
            self.assertFalse(self._find("collection_announced"))


class TestInvoiceForm(InvoiceScreenCommon):
    """The banner says what happens, who works on it and until when."""

    def _read_form(self, move, user=None):
        """Return what the form of an invoice shows: {field: value}."""
        form = Form(move.with_user(user or self.env.user))
        return form, {
            name: form[name]
            for name in form._view["fields"]
            if name.startswith("collection_") and name != "collection_item_ids"
        }

    def test_the_banner_tells_decision_collector_and_next_action(self):
        self._agree_on_all()
        case = self._case(self.debtor)
        case.sudo().next_action_date = self.today + timedelta(days=2)
        case.invalidate_recordset()
        _form, shown = self._read_form(self.invoice)
        self.assertTrue(case.decision_text)
        self.assertEqual(shown["collection_status"], case.decision_text)
        self.assertEqual(shown["collection_agent_id"], self.user)
        self.assertEqual(shown["collection_next_action_date"], "2026-03-18")
        self.assertEqual(shown["collection_amount_promised"], 40.0)
        self.assertEqual(shown["collection_amount_held"], 60.0)  # 100 - 40
        self.assertEqual(shown["collection_amount_disputed"], 0.0)

    def test_the_banner_is_hidden_where_nothing_is_followed(self):
        _form, shown = self._read_form(self.draft)
        self.assertFalse(shown["collection_status"])
        arch = self._get_arch("form", "view_move_form")
        [status] = arch.xpath("//field[@name='collection_status']")
        self.assertEqual(status.getparent().get("invisible"), "not collection_status")

    def test_an_accountant_without_a_role_sees_nothing_a_viewer_all(self):
        for groups, expected in (
            (COLLECTOR, False),
            (f"{COLLECTOR},collections_mgmt.group_collection_viewer", True),
        ):
            user = new_test_user(
                self.env,
                login=f"accountant{expected}",
                groups=groups,
                company_id=self.env.company.id,
            )
            with self.subTest(groups):
                form, _shown = self._read_form(self.invoice, user)
                self.assertEqual("collection_status" in form._view["fields"], expected)

    def test_stage_and_badge_are_columns_at_once_the_others_on_demand(self):
        arch = self._get_arch("list", "view_out_invoice_tree")
        optional = {
            node.get("name"): node.get("optional")
            for node in arch.xpath("//field[starts-with(@name, 'collection_')]")
        }
        self.assertEqual(
            {name for name, shown in optional.items() if shown == "show"},
            {"collection_stage_id", "collection_agreement"},
        )
        self.assertEqual(set(optional.values()), {"show", "hide"})


class TestPartnerTab(InvoiceScreenCommon):
    """The tab Collections shows how late the debtor is, and how it pays."""

    def test_aging_and_habits_are_those_of_the_case(self):
        form = Form(self.debtor)
        case = self._case(self.debtor)
        self.assertTrue(case.aging_html)
        self.assertEqual(form.collection_aging_html, case.aging_html)
        self.assertEqual(form.collection_payer_html, case.payer_html)

    def test_they_are_those_of_the_company_chosen(self):
        other = self._create_creditor("Other Creditor")
        self._create_overdue_invoice(self.debtor, 5, 333.0, company=other)
        self._plan(companies=self.env.company | other)
        here = str(self.debtor.collection_aging_html)
        there = str(self.debtor.with_company(other).collection_aging_html)
        self.assertIn("333.00", there)
        self.assertNotIn("333.00", here)

    def test_a_customer_without_a_case_shows_neither(self):
        clean = self._create_debtor("Clean")
        self.assertFalse(clean.collection_aging_html)
        self.assertFalse(clean.collection_payer_html)

    def test_who_has_no_role_sees_nothing_of_the_tab(self):
        user = new_test_user(
            self.env,
            login="sales",
            groups="base.group_user,base.group_partner_manager,"
            "account.group_account_invoice",
            company_id=self.env.company.id,
        )
        form = Form(self.debtor.with_user(user))
        names = [name for name in form._view["fields"] if "collection_" in name]
        self.assertEqual(names, [])

    def test_the_tab_has_all_its_parts(self):
        view = self.env.ref("base.view_partner_form")
        arch = self.env["res.partner"]._get_view(view.id, "form")[0]
        [page] = arch.xpath("//page[@name='collections']")
        names = {group.get("name") for group in page.xpath(".//group[@name]")}
        self.assertLessEqual(
            {
                *("aging", "payer", "follow_up", "recipients", "cases"),
                *("contact_rules", "stops", "consents", "holds"),
            },
            names,
        )


class TestBigCase(InvoiceScreenCommon):
    def test_a_case_of_many_items_opens_with_as_many_queries_as_one_of_few(self):
        counts = {}
        for count in (20, 200):
            debtor = self._create_debtor(f"Debtor {count}")
            moves = self.env["account.move"].create(
                [self._prepare_invoice(debtor, number) for number in range(count)]
            )
            moves.action_post()
            self._plan()
            case = self._case(debtor)
            self.assertEqual(len(case.open_item_ids), count)
            Form(case)  # fills the caches that outlive a transaction
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            Form(case)
            counts[count] = self.cr.sql_log_count - before
        self.assertLessEqual(counts[200], counts[20])
        self.assertLess(counts[200], 150)

    def _prepare_invoice(self, debtor, number):
        due = self.today - timedelta(days=number % 50 + 1)
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


class TestKeyboard(InvoiceScreenCommon):
    """Every button of ours in the header of a case or invoice has a key of its own."""

    # What the web client itself takes with the shift key on a form (web, mail).
    TAKEN = {"shift+u", "shift+q", "shift+x", "shift+i", "shift+a", "shift+m"}

    def _get_header_keys(self, arch):
        """Return [(button, key)]."""
        return [
            (button.get("name"), button.get("data-hotkey"))
            for button in arch.xpath("//header//button")
        ]

    def test_on_a_case(self):
        view = self.env.ref("collections_mgmt.collection_case_view_form")
        keys = self._get_header_keys(
            self.env["collection.case"]._get_view(view.id, "form")[0]
        )
        self.assertEqual([name for name, key in keys if not key], [])
        taken = {key for _name, key in keys}
        # Also of two of which one is hidden: nobody presses the wrong one.
        self.assertEqual(len(taken), len(keys))
        self.assertFalse(self.TAKEN & taken)

    def test_on_an_invoice(self):
        keys = self._get_header_keys(self._get_arch("form", "view_move_form"))
        names = {
            *("action_register_dispute", "action_register_promise"),
            "action_hold_items",
        }
        ours = {key for name, key in keys if name in names}
        others = {key for name, key in keys if name not in names}
        self.assertTrue(all(ours))
        self.assertEqual(len(ours), 3)
        self.assertFalse(ours & (others | self.TAKEN))
