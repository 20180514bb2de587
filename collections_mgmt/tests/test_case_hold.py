"""A whole case on hold: nothing is asked of the debtor, later invoices included."""

from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import Form

from ..const import ENDLESS
from .hold_common import HoldCommon
from .test_access import AccessCommon


class CaseHoldCommon(HoldCommon):
    def _hold_case(self, days=10, **values):
        """Put the case on hold; ``days=None`` for until somebody ends it."""
        until = False if days is None else self.today + timedelta(days=days)
        hold = self.env["collection.item.hold"].create(
            {
                "case_id": self.case.id,
                "is_whole_case": True,
                "reason_id": self.env.ref(
                    "collections_mgmt.collection_hold_reason_agreement"
                ).id,
                "date_until": until,
                **values,
            }
        )
        self._end_transaction()
        self.env.invalidate_all()
        return hold

    def _end(self, reason="Settled"):
        action = self.case.action_end_case_hold()
        wizard = self.env["collection.item.hold.change"]
        wizard.with_context(**action["context"]).create(
            {"reason": reason}
        ).action_save()
        self._end_transaction()
        self.env.invalidate_all()


class TestCaseHold(CaseHoldCommon):
    def test_nothing_of_the_case_is_asked_for(self):
        hold = self._hold_case()
        self.assertEqual(self._decision(), "hold")
        self.assertRecordValues(
            self.case,
            [{"hold_date": hold.date_until, "next_action_date": hold.date_until}],
        )
        self.assertEqual(hold.amount, 100.0)
        self.assertEqual(self._chased(), 0.0)
        self.assertFalse(self._plan().contact_ids)

    def test_later_invoices_are_held_too(self):
        self._hold_case()
        later = self._create_overdue_invoice(self.debtor, 1, 70.0)
        self.assertFalse(self._plan().contact_ids)
        self.assertEqual(self._items(later).amount_held, 70.0)
        self.assertEqual(later.collection_agreement, "held")

    def test_it_outlives_the_case(self):
        """Everything is paid, the case closes, and the next invoice opens another."""
        self._hold_case()
        self._pay_on(0)
        self.assertEqual(self.case.state, "closed")
        self.assertEqual(self.case.item_hold_ids.state, "open")
        with self._day(2):
            self._create_overdue_invoice(self.debtor, 3, 70.0)
            self.assertFalse(self._plan().contact_ids)
        following = self._case(self.debtor)
        self.assertEqual(following.decision, "hold")
        self.assertTrue(following.is_on_hold)

    def test_after_its_day_everything_goes_on(self):
        hold = self._hold_case(days=3)
        self._look(3)
        self.assertEqual(self._decision(), "hold", "The last day counts.")
        self._look(4)
        self.assertEqual(hold.state, "ended")
        self.assertFalse(hold.is_missed)
        self.assertEqual((self._chased(), self.case.hold_date), (100.0, False))
        self.assertIn(
            "Hold of the whole case over since", self.case.message_ids[0].body
        )

    def test_it_can_be_prolonged_and_ended_from_the_case(self):
        hold = self._hold_case()
        later = self.today + timedelta(days=20)
        context = self.case.action_prolong_case_hold()["context"]
        wizard = self.env["collection.item.hold.change"].with_context(**context)
        wizard.create({"date_until": later}).action_save()
        self._end_transaction()
        self.assertEqual((hold.date_until, self.case.hold_date), (later, later))
        self._end("The lawyers agreed")
        self.assertEqual(hold.state, "cancelled")
        self.assertFalse(self.case.is_on_hold)
        self.assertEqual(self._chased(), 100.0)
        self.assertIn("The lawyers agreed", self.case.message_ids[0].body)
        with self.assertRaisesRegex(UserError, "not on hold any more"):
            self.case.action_end_case_hold()

    def test_without_an_end_it_holds_until_somebody_ends_it(self):
        self._hold_case(days=None)
        self.assertRecordValues(
            self.case,
            [
                {
                    "hold_date": ENDLESS,
                    "next_action_date": False,
                    "decision_text": "On hold until somebody ends it.",
                    "hold_text": "On hold until somebody ends it: Agreement with "
                    "management",
                }
            ],
        )
        self._look(400)
        self.assertEqual(self.case.decision, "hold")
        self._end()
        self.assertFalse(self.case.hold_date)

    def test_the_badge_says_until_when_and_why(self):
        self._hold_case()
        self.assertEqual(
            self.case.hold_text, "On hold until 03/26/2026: Agreement with management"
        )
        found = self.env["collection.case"].search([("is_on_hold", "=", True)])
        self.assertIn(self.case, found)
        self._end()
        self.assertFalse(self.case.hold_text)
        found = self.env["collection.case"].search([("is_on_hold", "=", True)])
        self.assertNotIn(self.case, found)
        self.assertIn(
            self.case,
            self.env["collection.case"].search([("is_on_hold", "=", False)]),
        )

    def test_items_on_hold_do_not_stand_in_its_way(self):
        self._hold()
        self._hold_case()
        self.assertEqual(self._items(self.invoice).amount_held, 100.0)
        self._end()
        self.assertEqual(self._items(self.invoice).amount_held, 100.0)
        self.assertEqual(self._decision(), "held")

    def test_the_form_asks_for_no_items_once_the_whole_case_is_chosen(self):
        action = self.case.action_hold_items()
        form = Form(
            self.env["collection.item.hold"].with_context(**action["context"]),
            "collections_mgmt.collection_item_hold_view_register",
        )
        form.reason_id = self.env.ref("collections_mgmt.collection_hold_reason_other")
        self.assertEqual(len(form.item_ids), 1)
        form.is_whole_case = True
        hold = form.save()
        self.assertTrue(hold.is_whole_case)
        self.assertFalse(hold.item_ids)
        self.assertEqual(hold.date_until, self.today + timedelta(days=5))

    def test_a_merged_debtor_brings_the_hold_along(self):
        self._hold_case()
        other = self._create_debtor("Bolt")
        self._create_overdue_invoice(other, 5, 50.0)
        self._plan()
        self._skip_messages()
        self._merge(self.debtor, other)
        self._look(0)
        self.assertTrue(self._case(other).is_on_hold)

    def _merge(self, source, target):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge([source.id, target.id], target)
        self.env.flush_all()
        self.env.invalidate_all()

    def test_what_was_planned_does_not_leave(self):
        contact = self._plan().contact_ids
        self._hold_case()
        self._deliver()
        self.assertEqual(contact.state, "dropped")

    # WHAT IS REFUSED

    def test_what_makes_no_sense_of_a_whole_case_is_refused(self):
        announced = self.env.ref("collections_mgmt.collection_hold_reason_announced")
        with self._refused(UserError, "hold the items instead"):
            self._hold_case(reason_id=announced.id)
        with self._refused(UserError, "take the items off"):
            self._hold_case(item_ids=[Command.set(self.item.ids)])
        self._hold_case()
        with self._refused(UserError, "on hold already"):
            self._hold_case()
        self._end()
        self._pay_on(0)
        with self._refused(UserError, "The case is closed"):
            self._hold_case()

    def test_other_debtors_are_asked(self):
        other = self._create_debtor("Bolt")
        self._create_overdue_invoice(other, 5, 50.0)
        self._hold_case()
        self.assertEqual(self._plan().contact_ids.partner_id, other)


class TestCaseHoldAccess(AccessCommon):
    """The limits and rights of holds on items are those of whole cases."""

    def setUp(self):
        super().setUp()
        self._plan()

    def _create_as(self, role, debtor, **values):
        Hold = self._as(role, self.env["collection.item.hold"])
        vals = {
            "case_id": self._case(debtor).id,
            "is_whole_case": True,
            "reason_id": self.env.ref(
                "collections_mgmt.collection_hold_reason_other"
            ).id,
            **values,
        }
        return Hold.browse(call_kw(Hold, "create", [vals], {}))

    def test_a_collector_holds_and_ends_what_is_theirs(self):
        hold = self._create_as("own", self.mine)
        case = self._as("own", self._case(self.mine))
        context = case.action_end_case_hold()["context"]
        wizard = self._as("own", self.env["collection.item.hold.change"])
        wizard.with_context(**context).create({"reason": "A mistake"}).action_save()
        self.assertEqual(hold.state, "cancelled")

    def test_cases_of_others_and_viewers_are_refused(self):
        for role, debtor in (("own", self.others), ("viewer", self.mine)):
            with self.subTest(role), self.assertRaises(AccessError):
                self._create_as(role, debtor)

    def test_who_may_not_write_on_a_case_does_not_end_its_hold(self):
        self._create_as("manager", self.others)
        for role in ("own", "viewer"):
            case = self._as(role, self._case(self.others))
            for act in ("hold", "prolong", "end"):
                name = {"hold": "action_hold_items"}.get(act, f"action_{act}_case_hold")
                with self.subTest(role, act=act), self.assertRaises(AccessError):
                    getattr(case, name)()

    def test_collectors_have_a_limit_and_only_managers_hold_without_end(self):
        self.env.company.collection_hold_max_days = 10
        for until, sentence in (
            (self.today + timedelta(days=11), "the limit is 10 days"),
            (False, "Enter the last day"),
        ):
            with (
                self.assertRaisesRegex(UserError, sentence),
                self.env.cr.savepoint(),  # taken back, as a client sees
            ):
                self._create_as("own", self.mine, date_until=until)
        self.assertFalse(
            self._create_as("manager", self.mine, date_until=False).date_until
        )
