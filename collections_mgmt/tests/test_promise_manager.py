"""More than the limits needs a manager: the draft waits, and a manager is told."""

from odoo import Command
from odoo.tests import Form, new_test_user

from .promise_common import PromiseCommon

LIMIT_ACTIVITY = "collections_mgmt.mail_activity_type_limit"


class TestLeftToManagers(PromiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector, cls.leader, cls.supervisor = (
            new_test_user(
                cls.env,
                login=login,
                groups=f"base.group_user,collections_mgmt.group_collection_{group}",
                company_id=cls.env.company.id,
            )
            for login, group in (
                ("collector", "collector"),
                ("leader", "manager"),
                ("supervisor", "collector"),
            )
        )
        cls.env.company.collection_promise_minimum = 50.0
        cls.team = cls.env["collection.team"].create(
            {
                "name": "North",
                "leader_id": cls.leader.id,
                "member_ids": [Command.create({"user_id": cls.collector.id})],
            }
        )

    def setUp(self):
        super().setUp()
        self.case.agent_id = self.collector

    def _register(self, amount, method="action_register_promise", **values):
        """Fill in the form as the collector; return it and what it opens."""
        action = getattr(self.case.with_user(self.collector), method)()
        Form_ = self.env[action["res_model"]].with_user(self.collector)
        form = Form(Form_.with_context(**action["context"]))
        form.amount = amount
        form.date = self.today.replace(day=20)
        for name, value in values.items():
            form[name] = value
        wizard = form.save()
        return wizard, wizard.action_register()

    def _get_tasks(self):
        self.case.invalidate_recordset()
        kind = self.env.ref(LIMIT_ACTIVITY)
        return self.case.activity_ids.filtered(lambda a: a.activity_type_id == kind)

    def test_the_draft_stays_and_its_form_says_why(self):
        _wizard, action = self._register(20.0)
        draft = self.case.promise_ids
        self.assertEqual((draft.state, draft.amount), ("draft", 20.0))
        self.assertEqual(
            (action["res_model"], action["res_id"]), (draft._name, draft.id)
        )
        self.assertIn("less than the minimum of $\xa050.00", draft.limit_text)
        self.assertEqual(self.item.amount_promised, 0.0)

    def test_the_manager_of_the_team_gets_one_task(self):
        wizard, _action = self._register(20.0)
        wizard.action_register()
        task = self._get_tasks()
        self.assertEqual(task.user_id, self.leader)
        self.assertIn("less than the minimum", str(task.note))

    def test_a_supervisor_who_is_no_manager_could_not_confirm_it(self):
        self.team.leader_id = self.supervisor
        self._register(20.0)
        manager = self._get_tasks().user_id
        self.assertTrue(manager)
        self.assertTrue(manager.has_group("collections_mgmt.group_collection_manager"))

    def test_a_manager_confirms_the_draft_and_the_task_is_gone(self):
        self._register(20.0)
        draft = self.case.promise_ids
        draft.with_user(self.leader).action_confirm()
        self._end_transaction()
        self.assertEqual(draft.state, "open")
        self.assertFalse(draft.limit_text)
        self.assertFalse(self._get_tasks())

    def test_the_task_stays_while_another_draft_waits(self):
        self._register(20.0)
        first = self.case.promise_ids
        self._register(30.0)
        first.with_user(self.leader).action_confirm()
        self.assertTrue(self._get_tasks())
        (self.case.promise_ids - first).with_user(self.collector).action_cancel()
        self.assertFalse(self._get_tasks())

    def test_what_the_collector_may_promise_is_in_force_at_once(self):
        _wizard, action = self._register(60.0)
        self.assertEqual(action["type"], "ir.actions.act_window_close")
        self.assertEqual(self.case.promise_ids.state, "open")
        self.assertFalse(self._get_tasks())

    def test_the_replaced_promise_holds_until_a_manager_confirms(self):
        old = self._promise(60.0)
        action = old.with_user(self.collector).action_replace()
        Register = self.env[action["res_model"]].with_user(self.collector)
        form = Form(Register.with_context(**action["context"]))
        form.amount = 20.0
        form.date = self.today.replace(day=20)
        form.save().action_register()
        self._end_transaction()
        self.assertEqual((old.state, self.item.amount_promised), ("open", 60.0))

    def test_a_plan_beyond_the_limits_is_left_to_managers_too(self):
        self.env.company.collection_plan_max_months = 3
        self._register(100.0, "action_propose_plan", count=6)
        self.assertEqual(self._get_tasks().user_id, self.leader)
        self.assertIn("takes 6 months", self.case.promise_ids.limit_text)
