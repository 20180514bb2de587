from odoo.tests import HttpCase, tagged

from odoo.addons.collections_mgmt.tests.common import CollectionCommon


@tagged("post_install", "-at_install")
class TestPortalStatement(CollectionCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Debtor & Sons", email="debtor@example.com")
        cls.invoice = cls._create_overdue_invoice(cls.debtor, days=7, amount=123)
        cls.other = cls._create_debtor("Somebody Else", email="else@example.com")
        cls.foreign = cls._create_overdue_invoice(cls.other, days=7, amount=987)
        contact = cls.env["res.partner"].create(
            {
                "name": "Pat Portal",
                "parent_id": cls.debtor.id,
                "email": "pat@example.com",
            }
        )
        cls.env["res.users"].create(
            {
                "login": "pat",
                "password": "pat-password",
                "partner_id": contact.id,
                "group_ids": [cls.env.ref("base.group_portal").id],
                "company_id": cls.env.company.id,
                "company_ids": cls.env.company.ids,
            }
        )

    def _get_statement(self):
        self.authenticate("pat", "pat-password")
        page = self.url_open("/my/collections")
        self.assertEqual(page.status_code, 200)
        return page.text

    def test_a_contact_of_the_debtor_sees_the_debtors_open_items(self):
        page = self._get_statement()
        self.assertIn(self.invoice.name, page)
        self.assertIn("123.00", page)

    def test_nobody_sees_another_debtors_items(self):
        page = self._get_statement()
        self.assertNotIn(self.foreign.name, page)
        self.assertNotIn("987.00", page)

    def test_credits_lower_the_total_of_their_currency(self):
        refund = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.debtor.id,
                "invoice_line_ids": [
                    (0, 0, {"name": "back", "price_unit": 23, "tax_ids": []})
                ],
            }
        )
        refund.action_post()
        page = self._get_statement()
        self.assertIn("Payments and credit notes not yet allocated", page)
        self.assertIn("100.00", page)

    def test_what_is_paid_is_gone(self):
        self._pay(self.invoice)
        page = self._get_statement()
        self.assertNotIn(self.invoice.name, page)
        self.assertIn("Nothing is open", page)

    def test_a_stranger_is_asked_to_log_in(self):
        self.authenticate(None, None)
        page = self.url_open("/my/collections", allow_redirects=False)
        self.assertEqual(page.status_code, 303)
        self.assertIn("/web/login", page.headers["Location"])

    def test_the_portal_home_counts_the_open_items(self):
        self.authenticate("pat", "pat-password")
        counters = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["collection_item_count"]}
        )
        self.assertEqual(counters, {"collection_item_count": 1})
