from odoo.tests import HttpCase, new_test_user

from odoo.addons.collections_mgmt.tests.common import CollectionCommon


class TestPersonalLink(CollectionCommon, HttpCase):
    """The link of a message leads the debtor to the account statement."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls.invoice = cls._create_overdue_invoice(cls.debtor, 5)
        visitor = new_test_user(
            cls.env,
            login="pat",
            groups="base.group_portal",
            company_id=cls.env.company.id,
        )
        visitor.partner_id.parent_id = cls.debtor

    def _follow_link(self):
        """Follow the link of a new message as the debtor's contact; return the page."""
        self._plan()
        contact = self._deliver()
        self.authenticate("pat", "pat")
        page = self.url_open(contact.personal_url)
        self.env.invalidate_all()
        return contact, page

    def test_the_link_leads_to_the_account_statement(self):
        contact, page = self._follow_link()
        self.assertTrue(page.url.endswith("/my/collections"))
        self.assertIn(self.invoice.name, page.text)
        self.assertFalse(contact.date_clicked)

    def test_the_same_with_the_click_recorded(self):
        self.env.company.collection_track_reading = True
        contact, page = self._follow_link()
        self.assertTrue(page.url.endswith("/my/collections"))
        self.assertIn(self.invoice.name, page.text)
        self.assertTrue(contact.date_clicked)
