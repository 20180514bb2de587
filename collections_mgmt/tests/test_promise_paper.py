"""A plan that is signed on paper: the paper stays, and its hash is evidence."""

import hashlib
import json

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user

from .test_promise_plan import PlanCommon

PAPER = b"%PDF-1.4 signed"


class TestSignedPaper(PlanCommon):
    def setUp(self):
        super().setUp()
        self._plan()
        self._deliver()
        self._send_mails()
        self.collector = new_test_user(
            self.env,
            login="collector",
            groups="base.group_user,collections_mgmt.group_collection_collector",
            company_id=self.env.company.id,
        )
        self.plan = self._make().with_user(self.collector)
        self._attach("signed.pdf", PAPER)

    def _attach(self, name, content):
        """Attach a file as the form of the plan does."""
        values = {"name": name, "raw": content, "res_model": self.plan._name}
        self.plan.write({"paper_ids": [Command.create(values)]})

    def test_its_hash_is_noted_when_the_plan_is_confirmed(self):
        self.plan.action_confirm()
        self._end_transaction()
        contact = self._contacts(self.debtor)[:1]
        [event] = contact.event_ids.filtered(lambda e: e.kind == "promised")
        digest = hashlib.sha256(PAPER).hexdigest()
        self.assertEqual(json.loads(event.payload)["papers_sha256"], [digest])
        self.assertIn(digest, str(self.case.message_ids[0].body))

    def test_it_belongs_to_the_plan(self):
        paper = self.plan.paper_ids
        self.assertEqual(
            (paper.res_model, paper.res_id), ("collection.promise", self.plan.id)
        )

    def test_it_is_no_change_of_the_proposal(self):
        self.plan.action_send_proposal()
        self._attach("second.pdf", b"second")
        self.assertTrue(self.plan.proposal_hash)

    def test_it_is_neither_taken_away_nor_changed_afterwards(self):
        paper = self.plan.paper_ids
        self.plan.action_confirm()
        self._end_transaction()
        for act in (
            paper.unlink,
            lambda: paper.write({"raw": b"another"}),
            lambda: self.plan.write({"paper_ids": [Command.delete(paper.id)]}),
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                act()
        self.assertEqual(paper.raw, PAPER)

    def test_from_a_draft_it_is_taken_off(self):
        self.plan.write({"paper_ids": [Command.delete(self.plan.paper_ids.id)]})
        self.assertFalse(self.plan.paper_ids)

    def test_it_is_erased_with_the_case(self):
        paper = self.plan.paper_ids
        self.plan.action_confirm()
        self._end_transaction()
        self.case.sudo()._erase_conversation()
        self.assertFalse(paper.exists())
