from contextlib import contextmanager
from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw

from .test_access import AccessCommon


class TestItemHoldAccess(AccessCommon):
    """Viewers read, collectors hold what is theirs, managers hold everything."""

    def setUp(self):
        super().setUp()
        self._plan()

    @contextmanager
    def _refused(self, sentence):
        """Expect an error, and take back what was done before it, as a client sees."""
        with self.assertRaisesRegex(UserError, sentence), self.env.cr.savepoint():
            yield

    def _create_as(self, role, debtor, **values):
        items = self._items(self.moves[debtor])
        vals = {
            "case_id": items.case_id.id,
            "item_ids": [Command.set(items.ids)],
            "reason_id": self.env.ref(
                "collections_mgmt.collection_hold_reason_other"
            ).id,
            **values,
        }
        Hold = self._as(role, self.env["collection.item.hold"])
        hold_id = call_kw(Hold, "create", [vals], {})
        return Hold.browse(hold_id)

    def _change_as(self, role, hold, act, **values):
        wizard = self._as(role, self.env["collection.item.hold.change"])
        wizard.create({"hold_id": hold.id, "act": act, **values}).action_save()

    def test_a_collector_holds_prolongs_and_cancels_what_is_theirs(self):
        hold = self._create_as("own", self.mine)
        later = self.today + timedelta(days=9)
        self._change_as("own", hold, "prolong", date_until=later)
        self._change_as("own", hold, "cancel", reason="A mistake")
        self.assertEqual((hold.date_until, hold.state), (later, "cancelled"))

    def test_a_viewer_reads_only(self):
        hold = self._create_as("manager", self.mine)
        seen = self._as("viewer", hold)
        self.assertEqual(seen.state, "open")
        for act in (
            lambda: self._create_as("viewer", self.others),
            lambda: seen.write({"message_main_attachment_id": False}),
            lambda: seen._cancel("None"),
            lambda: self._change_as("viewer", hold, "cancel", reason="None"),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_the_holds_of_other_portfolios_are_closed_to_a_collector(self):
        hold = self._create_as("manager", self.others)
        theirs = self._as("own", hold)
        later = self.today + timedelta(days=9)
        for act in (
            lambda: theirs.read(["amount"]),
            lambda: theirs._cancel("None"),
            lambda: self._change_as("own", hold, "cancel", reason="None"),
            lambda: self._change_as("own", hold, "prolong", date_until=later),
            lambda: self._create_as("own", self.others),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_items_that_one_does_not_see_are_not_held(self):
        foreign = self._items(self.moves[self.others])
        with self.assertRaises(AccessError):
            self._create_as("own", self.mine, item_ids=[Command.set(foreign.ids)])

    def test_a_hold_of_others_that_one_does_not_see_counts(self):
        self._create_as("manager", self.mine)
        with self._refused("on hold already"):
            self._create_as("own", self.mine)

    def test_the_limit_of_days_is_for_collectors(self):
        self.env.company.collection_hold_max_days = 10
        within, beyond = (self.today + timedelta(days=days) for days in (10, 11))
        with self._refused("the limit is 10 days"):
            self._create_as("own", self.mine, date_until=beyond)
        hold = self._create_as("own", self.mine, date_until=within)
        with self._refused("ask a collections manager"):
            self._change_as("own", hold, "prolong", date_until=beyond)
        self._change_as("manager", hold, "prolong", date_until=beyond)
        self.assertEqual(hold.date_until, beyond)

    def test_only_a_manager_holds_without_end(self):
        with self._refused("Enter the last day"):
            self._create_as("own", self.mine, date_until=False)
        hold = self._create_as("own", self.mine)
        with self._refused("Enter the last day"):
            self._change_as("own", hold, "prolong")
        self._change_as("manager", hold, "prolong")
        self.assertFalse(hold.date_until)

    def test_without_a_limit_a_collector_holds_as_long_as_wanted(self):
        self.env.company.collection_hold_max_days = 0
        until = self.today + timedelta(days=400)
        self.assertTrue(self._create_as("own", self.mine, date_until=until))

    def test_the_context_sets_nothing_of_the_engine(self):
        Hold = self._as("own", self.env["collection.item.hold"])
        items = self._items(self.moves[self.mine])
        hold = Hold.with_context(
            default_state="settled",
            default_is_missed=True,
            default_date_from=self.today - timedelta(days=60),
        ).create(
            {
                "case_id": items.case_id.id,
                "reason_id": self.env.ref(
                    "collections_mgmt.collection_hold_reason_other"
                ).id,
            }
        )
        self.assertEqual(
            (hold.state, hold.is_missed, hold.date_from), ("open", False, self.today)
        )

    def test_the_holds_of_another_company_are_closed(self):
        second = self._create_creditor("Second Creditor")
        move = self._create_overdue_invoice(self.mine, 5, company=second)
        self._plan(companies=second)
        hold = self._create_hold(move)
        self.assertEqual(hold.company_id, second)
        with self.assertRaises(AccessError):
            self._as("manager", hold).read(["amount"])
