"""What a promise changes: who is asked, what the collector does, what is on record."""

import json

from odoo.tests import new_test_user

from .promise_common import PromiseCommon


class TestPromiseEffects(PromiseCommon):
    # DECISIONS

    def test_the_case_waits_for_the_promise(self):
        self._promise()
        self.assertEqual(self.case.decision, "promised")
        self.assertEqual(
            self.case.decision_text, "$\xa0100.00 are promised until 03/20/2026."
        )

    def test_the_rest_is_chased_all_the_same(self):
        self._promise(40.0)
        self.assertEqual(self.case.decision, "send")

    def test_a_message_on_its_way_is_dropped(self):
        contact = self._plan().contact_ids
        self._promise()
        self.assertEqual(contact.state, "dropped")
        self.assertEqual(
            contact.reason, "What is left is promised, disputed or on hold."
        )

    def test_nothing_goes_out_until_patience_ends(self):
        self._promise()
        for days in (1, 4, 6):
            self.assertFalse(self._run(days))
        self.assertEqual(self._run(7).stage_id, self.stage_due)

    def test_a_broken_promise_goes_on_where_the_item_stood(self):
        self._stand(self.invoice, self.stage_due, 2)
        self._promise()
        self._look(7)
        self.assertEqual(self.item.passed_stage_id, self.stage_due)
        self.assertEqual(self._run(7).stage_id, self.stage_first)

    def test_a_broken_promise_goes_on_one_stage_higher_if_wanted(self):
        self.env.company.collection_promise_climbs = True
        self._stand(self.invoice, self.stage_due, 2)
        self._promise()
        self._look(7)
        self.assertEqual(self.item.passed_stage_id, self.stage_first)
        self.assertEqual(self.item.stage_id, self.stage_due, "Nothing was sent.")
        self.assertEqual(self._run(7).stage_id, self.stage_second)

    def test_nobody_is_taken_past_the_last_stage(self):
        self.env.company.collection_promise_climbs = True
        self._stand(self.invoice, self.stage_final, 2)
        self._promise()
        self._look(7)
        self.assertEqual(self.item.passed_stage_id, self.stage_final)

    def test_a_step_can_wait_for_a_promise_or_a_broken_one(self):
        second = self._create_overdue_invoice(self.debtor, 3, 50.0)
        self.stage_due.step_ids.condition = "promised"
        self._plan()
        self.assertEqual(self.case.decision, "condition")
        self._promise()
        self.assertEqual(self.case.decision, "send")
        self.stage_due.step_ids.condition = "broke_promise"
        self._look(0)
        self.assertEqual(self.case.decision, "condition")
        self._look(7)
        self.assertEqual(self.case.decision, "send")
        self.assertTrue(self._items(second))

    # THE COLLECTOR

    def test_the_collector_gets_one_task(self):
        self.case.agent_id = new_test_user(
            self.env,
            login="agent",
            groups="base.group_user,collections_mgmt.group_collection_collector",
        )
        self._promise(30.0)
        self._promise(20.0)
        self._look(7)
        task = self.case.activity_ids
        self.assertEqual(len(task), 1)
        self.assertEqual(task.user_id, self.case.agent_id)
        self.assertEqual(
            task.activity_type_id,
            self.env.ref("collections_mgmt.mail_activity_type_promise"),
        )
        self.assertIn("nothing was paid until 03/20/2026", task.summary)

    def test_the_case_tells_what_was_promised_and_what_became_of_it(self):
        person = self.env["res.partner"].create(
            {"name": "Ann Lee", "parent_id": self.debtor.id}
        )
        self._promise(promiser_id=person.id)
        self.assertIn("Ann Lee promised $", self.case.message_ids[0].body)
        self._pay_on(2)
        bodies = " ".join(self.case.message_ids.mapped("body"))
        self.assertIn("kept", bodies)

    def test_the_promise_stands_on_record_with_its_contact(self):
        self._plan()
        self._deliver()
        self._send_mails()
        contact = self._contacts(self.debtor)
        promise = self._promise(contact_id=contact.id, note="He sounded sure")
        self._look(7)
        events = contact.event_ids.filtered(lambda event: "promise" in event.kind)
        self.assertEqual(events.mapped("kind"), ["promised", "promise_broken"])
        facts = json.loads(events[0].payload)
        self.assertEqual(facts["promise"], promise.id)
        self.assertNotIn("sounded", events[0].payload)
        content = self.env["collection.contact.content"].search(
            [("event_id", "=", events[0].id)]
        )
        self.assertEqual(content._get_words()["note"], "He sounded sure")

    def test_merged_debtors_keep_their_promises(self):
        other = self._create_debtor("Acme Twin")
        self._create_overdue_invoice(other, 3, 10.0)
        self._plan()
        promise = self._promise()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.debtor | other).ids, other)
        self._end_transaction()
        self.assertEqual(promise.case_id, self._case(other))
        self.assertEqual(promise.partner_id, other)
        self.assertEqual(self.item.amount_promised, 100.0)
