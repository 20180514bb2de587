"""Promises follow the case: who sees it sees them, who works on it makes them."""

from odoo.exceptions import AccessError
from odoo.tools import mute_logger

from .test_access import AccessCommon


class TestPromiseAccess(AccessCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["collection.run"]._plan(cls.env.company)
        cls.promises = {
            partner: cls._create_promise(move) for partner, move in cls.moves.items()
        }

    def test_collectors_see_the_promises_of_their_cases(self):
        everybody = set(self.promises.values())
        seen = {
            "own": {self.promises[self.mine], self.promises[self.unassigned]},
            "all": everybody,
            "viewer": everybody,
            "manager": everybody,
        }
        for role, promises in seen.items():
            for model, path in (
                ("collection.promise", "id"),
                ("collection.promise.line", "promise_id.id"),
                ("collection.promise.instalment", "promise_id.id"),
            ):
                with self.subTest(role=role, model=model):
                    found = self._as(role, self.env[model]).search([])
                    self.assertEqual(
                        set(found.sudo().mapped(path)), {p.id for p in promises}
                    )

    def test_nobody_promises_on_the_case_of_another(self):
        item = self._items(self.moves[self.others])
        with (
            mute_logger("odoo.addons.base.models.ir_rule"),
            self.assertRaises(AccessError),
        ):
            self._as("own", self.env["collection.promise"]).create(
                {"case_id": item.case_id.id}
            )

    def test_a_viewer_changes_nothing(self):
        promise = self._as("viewer", self.promises[self.mine])
        for act in (promise.action_cancel, promise.action_confirm, promise.unlink):
            with (
                mute_logger(
                    "odoo.addons.base.models.ir_rule",
                    "odoo.addons.base.models.ir_model",
                ),
                self.assertRaises(AccessError),
            ):
                act()

    def test_a_collector_confirms_and_cancels(self):
        promise = self._as("own", self.promises[self.mine])
        promise.action_confirm()
        self.assertEqual(promise.state, "open")
        promise.action_cancel()
        self.assertEqual(promise.state, "cancelled")
