"""A proposed payment plan is found, read and accepted in the portal, with proof."""

import re

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user

from odoo.addons.collections_mgmt.tests.test_promise_proposal import ProposalCommon

STATEMENT = "/my/collections"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class TestPortalPlan(ProposalCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pat, cls.sam = (
            cls._create_visitor(login, cls.debtor) for login in ("pat", "sam")
        )
        cls.stranger = cls._create_visitor("eve", cls._create_debtor("Bolt"))

    @classmethod
    def _create_visitor(cls, login, debtor):
        visitor = new_test_user(
            cls.env,
            login=login,
            groups="base.group_portal",
            company_id=cls.env.company.id,
        )
        visitor.partner_id.parent_id = debtor
        return visitor

    def setUp(self):
        super().setUp()
        self.plan, self.contact = self._send()
        self.path = f"{STATEMENT}/plan/{self.plan.id}"

    def _visit(self, path, **data):
        page = self.url_open(path, data=data or None)
        self.env.invalidate_all()
        return page

    def _accept(self, name="Pat Lee"):
        token = TOKEN.search(self._visit(self.path).text).group(1)
        return self._visit(self.path, csrf_token=token, name=name, agreed="1")

    def assertHidden(self):
        """Check that the visitor neither finds, reads nor accepts the plan."""
        statement = self._visit(STATEMENT).text
        self.assertNotIn(self.path, statement)
        token = re.search(r'csrf_token: "([^"]+)"', statement).group(1)
        for data in ({}, {"csrf_token": token, "name": "Eve", "agreed": "1"}):
            page = self._visit(self.path, **data)
            self.assertEqual(page.status_code, 404)
            self.assertNotIn(self.invoice.name, page.text)
        self.assertEqual(self.plan.state, "draft")

    # WHO THE PLAN WAS PROPOSED TO

    def test_it_waits_on_the_account_statement(self):
        self.authenticate("pat", "pat")
        page = self._visit(STATEMENT)
        self.assertIn("100.00", page.text)
        self.assertIn(self.path, page.text)
        page = self._visit(self.path)
        self.assertEqual(page.status_code, 200)
        self.assertIn(self.invoice.name, page.text)
        self.assertEqual(self.plan.state, "draft", "Looking changes nothing.")

    def test_the_page_is_the_one_behind_the_link_of_the_message(self):
        self.authenticate("pat", "pat")
        text = self._visit(self.path).text
        self.assertIn(self.plan.proposal_text, text)
        linked = self._visit(self.contact.promise_url).text
        self.assertIn(self.plan.proposal_text, linked)

    def test_accepting_is_kept_as_evidence_with_the_login(self):
        self.authenticate("pat", "pat")
        self.assertIn("The plan is accepted", self._accept().text)
        self.assertRecordValues(
            self.plan, [{"state": "open", "accepted_name": "Pat Lee"}]
        )
        self.assertTrue(self.plan.accepted_date and self.plan.accepted_ip)
        [event] = self.contact.event_ids.filtered(lambda e: e.kind == "accepted")
        self.assertIn(self.plan.proposal_hash, event.payload)
        self.assertNotIn("pat", event.payload.lower())
        words = (
            self.env["collection.contact.content"]
            .search([("event_id", "=", event.id)])
            ._get_words()
        )
        self.assertEqual(
            (words["name"], words["login"], words["ip"], words["text"]),
            ("Pat Lee", "pat", self.plan.accepted_ip, self.plan.proposal_text),
        )
        self.assertNotIn(self.path, self._visit(STATEMENT).text, "It waits no more.")

    def test_anybody_of_the_company_accepts_for_it_and_once(self):
        self.authenticate("sam", "sam")
        self._accept("Sam Lee")
        self.authenticate("pat", "pat")
        self.assertIn("Sam Lee", self._visit(self.path).text)
        self.assertEqual(self.plan.accepted_name, "Sam Lee")

    def test_a_name_and_a_tick_are_needed(self):
        self.authenticate("pat", "pat")
        page = self._accept(" ")
        self.assertIn("Write your name", page.text)
        self.assertEqual(self.plan.state, "draft")

    def test_another_site_accepts_nothing_for_the_visitor(self):
        self.authenticate("pat", "pat")
        page = self._visit(self.path, name="Pat Lee", agreed="1")
        self.assertEqual(page.status_code, 400)
        self.assertEqual(self.plan.state, "draft")

    def test_only_what_can_be_accepted_waits(self):
        self.authenticate("pat", "pat")
        self.plan.sudo().date_valid = self.today.replace(day=1)
        self.assertNotIn(self.path, self._visit(STATEMENT).text)
        self.assertIn("cannot be accepted any more", self._visit(self.path).text)

    def test_a_draft_that_was_not_proposed_is_nobodys_business(self):
        draft = self._make()
        self.authenticate("pat", "pat")
        path = f"{STATEMENT}/plan/{draft.id}"
        self.assertNotIn(path, self._visit(STATEMENT).text)
        self.assertEqual(self._visit(path).status_code, 404)

    # WHO IT WAS NOT

    def test_another_customer_has_no_part_in_it(self):
        self.authenticate("eve", "eve")
        self.assertHidden()

    def test_who_deals_with_another_company_alone_has_no_part_in_it(self):
        other = self.env["res.company"].create({"name": "Other Creditor"})
        self.pat.write(
            {"company_id": other.id, "company_ids": [Command.set(other.ids)]}
        )
        self.authenticate("pat", "pat")
        self.assertHidden()

    def test_who_left_the_debtor_has_no_part_in_it(self):
        self.pat.partner_id.parent_id = False
        self.authenticate("pat", "pat")
        self.assertHidden()

    def test_an_archived_user_is_out_at_once(self):
        self.authenticate("pat", "pat")
        token = TOKEN.search(self._visit(self.path).text).group(1)
        self.pat.active = False
        self.env.flush_all()
        for data in ({}, {"csrf_token": token, "name": "Pat", "agreed": "1"}):
            page = self._visit(self.path, **data)
            self.assertNotIn(self.invoice.name, page.text)
        self.assertEqual(self.plan.state, "draft")

    def test_a_stranger_is_asked_to_log_in(self):
        self.authenticate(None, None)
        page = self.url_open(self.path, allow_redirects=False)
        self.assertEqual(page.status_code, 303)
        self.assertIn("/web/login", page.headers["Location"])

    def test_portal_users_read_no_promises_but_by_these_pages(self):
        with self.assertRaises(AccessError):
            self.plan.with_user(self.pat).read(["note"])
