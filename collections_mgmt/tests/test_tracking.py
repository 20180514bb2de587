import re
from unittest.mock import patch

from odoo.tests import HttpCase, new_test_user

from ..const import PERSONAL_LINK_DAYS
from .common import CollectionCommon

PIXEL = re.compile(r'<img src="http[^"]*(/collections/o/[^"]+\.gif)"')


class TestTracking(CollectionCommon, HttpCase):
    """Openings and clicks are recorded where the company wants that, and only then."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.collection_track_reading = True
        cls.template.body_html = (
            '<p>Hello</p><a t-att-href="object.personal_url">See your account</a>'
        )
        cls.debtor = cls._create_debtor("Acme")
        cls._create_overdue_invoice(cls.debtor, 5)

    def setUp(self):
        super().setUp()
        self._plan()
        self.contact = self._deliver()
        self.mail_body = self.contact.sudo().mail_mail_id.body_html

    def _get_gif_path(self, contact=None):
        contact = contact or self.contact
        return f"/collections/o/{contact.id}/{contact._get_signature('open')}.gif"

    def _get_link_path(self, contact=None):
        contact = contact or self.contact
        return f"/collections/c/{contact.id}/{contact._get_signature('click')}"

    def _visit(self, path, method="GET"):
        response = self.url_open(path, allow_redirects=False, method=method)
        self.env.invalidate_all()
        return response

    def _assert_recorded(self, opened=False, clicked=False, contact=None):
        contact = contact or self.contact
        self.assertEqual(bool(contact.date_opened), opened)
        self.assertEqual(bool(contact.date_clicked), clicked)

    def _assert_redirected(self, response, path):
        self.assertEqual(response.status_code, 303)
        self.assertEqual(
            response.headers["Location"].removeprefix(self.base_url()), path
        )

    def _get_debtor_path(self):
        return self.contact._get_debtor_url()

    # WHAT LEAVES

    def test_the_mail_carries_the_picture_and_the_link(self):
        self.assertEqual(PIXEL.search(self.mail_body)[1], self._get_gif_path())
        self.assertIn(f"{self._get_link_path()}", self.mail_body)
        self.assertTrue(
            self.contact.personal_url.startswith(self.env.company.get_base_url())
        )

    def test_what_is_kept_has_no_picture_for_colleagues_to_load(self):
        self.assertNotIn("/collections/o/", self.contact.body)
        self.assertNotIn("/collections/o/", self.contact.mail_message_id.body)
        self.assertIn("Hello", self.contact.body)

    def test_without_tracking_the_mail_is_plain_and_leads_to_the_same_page(self):
        self.env.company.collection_track_reading = False
        debtor = self._create_debtor("Plain")
        self._create_overdue_invoice(debtor, 5)
        self._plan()
        contact = self._deliver()
        body = contact.sudo().mail_mail_id.body_html
        self.assertNotIn("/collections/o/", body)
        self.assertNotIn("/collections/c/", body)
        self.assertIn(
            f'href="{self.env.company.get_base_url()}{self._get_debtor_path()}"', body
        )
        self.assertEqual(contact.body, body)

    def test_the_shipped_messages_lead_to_the_account(self):
        strategy = self.env.ref("collections_mgmt.collection_strategy_default")
        for template in strategy.stage_ids.step_ids.template_id:
            with self.subTest(template.name):
                body = template._render_field("body_html", self.contact.ids)
                self.assertIn(self.contact.personal_url, body[self.contact.id])

    # WHO COMES BACK WITH IT

    def test_the_picture_tells_of_the_first_opening(self):
        response = self._visit(self._get_gif_path())
        self.assertEqual(response.headers["Content-Type"], "image/gif")
        self.assertTrue(response.content.startswith(b"GIF89a"))
        self.assertIn("no-store", response.headers["Cache-Control"])
        self._assert_recorded(opened=True)
        first = self.contact.date_opened
        with self._day(1):
            self._visit(self._get_gif_path())
        self.assertEqual(self.contact.date_opened, first)

    def test_the_link_tells_of_the_first_click_and_the_opening(self):
        self._assert_redirected(
            self._visit(self._get_link_path()), self._get_debtor_path()
        )
        self._assert_recorded(opened=True, clicked=True)
        first = self.contact.date_clicked
        with self._day(1):
            self._visit(self._get_link_path())
        self.assertEqual(self.contact.date_clicked, first)

    def test_a_click_does_not_change_when_the_mail_was_opened(self):
        self._visit(self._get_gif_path())
        opened = self.contact.date_opened
        with self._day(1):
            self._visit(self._get_link_path())
        self.assertEqual(self.contact.date_opened, opened)
        self.assertGreater(self.contact.date_clicked, opened)

    def test_a_wrong_signature_records_nothing_and_tells_nothing(self):
        other = self._create_other_contact()
        for name, signature in {
            "guessed": "0" * 64,
            "not ASCII": "ñandú",
            "another contact's": other._get_signature("open"),
            "for another purpose": self.contact._get_signature("click"),
        }.items():
            with self.subTest(name):
                response = self._visit(
                    f"/collections/o/{self.contact.id}/{signature}.gif"
                )
                self.assertTrue(response.content.startswith(b"GIF89a"))
                self._assert_recorded()
        for name, signature in {
            "guessed": "0" * 64,
            "not ASCII": "ñandú",
            "another contact's": other._get_signature("click"),
            "for another purpose": self.contact._get_signature("open"),
        }.items():
            with self.subTest(name):
                self._assert_redirected(
                    self._visit(f"/collections/c/{self.contact.id}/{signature}"), "/my"
                )
                self._assert_recorded()
        self._assert_recorded(contact=other)

    def _create_other_contact(self):
        self._create_overdue_invoice(self._create_debtor("Other"), 5)
        self._plan()
        return self._deliver()

    def test_a_number_that_no_contact_has_is_answered_like_a_wrong_signature(self):
        for contact_id in (10**12, self.contact.id + 10**6):
            contact = self.contact.browse(contact_id)
            with self.subTest(contact_id):
                self._assert_redirected(
                    self._visit(f"/collections/c/{contact_id}/{'0' * 64}"), "/my"
                )
        self._assert_redirected(self._visit(self._get_link_path(contact)), "/my")

    def test_robots_that_only_ask_for_the_head_record_nothing(self):
        self._visit(self._get_gif_path(), method="HEAD")
        self._visit(self._get_link_path(), method="HEAD")
        self._assert_recorded()

    def test_colleagues_who_try_the_link_record_nothing(self):
        new_test_user(self.env, login="colleague", groups="base.group_user")
        self.authenticate("colleague", "colleague")
        self._visit(self._get_gif_path())
        self._visit(self._get_link_path())
        self._assert_recorded()

    def test_nothing_is_recorded_once_tracking_is_off_and_the_link_still_leads(self):
        self.env.company.collection_track_reading = False
        self._visit(self._get_gif_path())
        self._assert_redirected(
            self._visit(self._get_link_path()), self._get_debtor_path()
        )
        self._assert_recorded()

    def test_the_link_ends_and_the_picture_does_not(self):
        self._send_mails()
        with self._day(PERSONAL_LINK_DAYS):
            self._visit(self._get_link_path())
        self._assert_recorded(opened=True, clicked=True)
        self.contact.sudo().write({"date_opened": False, "date_clicked": False})
        self.env.flush_all()
        with self._day(PERSONAL_LINK_DAYS + 1):
            self._assert_redirected(self._visit(self._get_link_path()), "/my")
            self._assert_recorded()
            self._visit(self._get_gif_path())
            self._assert_recorded(opened=True)

    def test_the_link_leads_where_a_module_says(self):
        with patch.object(
            self.registry["collection.contact"], "_get_debtor_url", lambda self: "/shop"
        ):
            self._assert_redirected(self._visit(self._get_link_path()), "/shop")
