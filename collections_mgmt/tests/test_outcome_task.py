from datetime import timedelta

from odoo import Command

from .test_call_flow import CallFlowCommon


class TestOutcomeTask(CallFlowCommon):
    """An outcome can have a task planned, or propose another way."""

    def _create_outcome(self, **values):
        return self.env["collection.outcome"].create(
            {"name": "Wants a visit", "next_step": "activity", **values}
        )

    def _finish_with(self, outcome, method="action_save", **values):
        panel = self._call(self.first)
        panel.write({"outcome_id": outcome.id, **values})
        return getattr(panel, method)()

    def _lead(self, leader):
        """Let a user lead the team of the first collector."""
        self.env["collection.team"].create(
            {
                "name": "Team",
                "leader_id": leader.id,
                "member_ids": [Command.create({"user_id": self.first.id})],
            }
        )

    def test_the_task_is_of_the_type_and_for_the_day_that_the_outcome_says(self):
        call = self.env.ref("collections_mgmt.mail_activity_type_call")
        outcome = self._create_outcome(activity_type_id=call.id, activity_days=3)
        self._finish_with(outcome, note="Ground floor")
        [task] = self.case.activity_ids
        self.assertEqual(task.activity_type_id, call)
        self.assertEqual(task.date_deadline, self.today + timedelta(days=3))
        self.assertEqual(task.user_id, self.first)
        self.assertEqual(task.summary, "Wants a visit")
        self.assertIn("Ground floor", task.note)

    def test_who_refuses_to_pay_goes_to_the_supervisor(self):
        self._lead(self.second)
        self._finish("refuses")
        [task] = self.case.activity_ids
        self.assertEqual(task.user_id, self.second)
        self.assertEqual(task.summary, "Refuses to pay")
        self.assertEqual(task.date_deadline, self.today)

    def test_without_a_supervisor_the_collector_has_the_task(self):
        self._finish("refuses")
        self.assertEqual(self.case.activity_ids.user_id, self.first)

    def test_a_task_leads_to_the_next_case_all_the_same(self):
        action = self._finish("refuses", "action_save_and_next")
        self.assertEqual(action["res_model"], "collection.case")
        self.assertTrue(self.case.activity_ids)

    def test_after_a_call_in_vain_the_ways_that_are_open_are_proposed(self):
        for name, expected in (("no_answer", True), ("message", True), ("talk", False)):
            panel = self._call(self.first)
            panel.outcome_id = self._choose(name)
            with self.subTest(name):
                self.assertEqual(panel.proposes_email, expected)
                self.assertEqual(panel.proposes_chat, expected)

    def test_a_way_that_is_closed_is_not_proposed(self):
        self._forbid("email")
        panel = self._call(self.first)
        panel.outcome_id = self._choose("no_answer")
        self.assertEqual((panel.proposes_email, panel.proposes_chat), (False, True))

    def test_the_proposal_saves_the_call_and_opens_the_other_way(self):
        action = self._finish("no_answer", "action_save_and_write")
        self.assertEqual(action["res_model"], "mail.compose.message")
        self.assertEqual(self._made()[-1:].outcome, "attempted")
        action = self._finish("no_answer", "action_save_and_whatsapp")
        panel = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(panel.channel, "im")
