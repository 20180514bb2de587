"""Who enters, changes and ends a stop; nothing that had effect is deleted."""

from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError

from .test_gate_access import GateAccessCommon

RIGHTS = ("cease", "lawyer", "deceased", "insolvent", "breathing_space", "minor")


class TestStopRules(GateAccessCommon):
    def setUp(self):
        super().setUp()
        self.tomorrow = self.today + timedelta(days=1)
        self.later = self.today + timedelta(days=9)

    def _enter(self, role="own", kind="lawyer", **values):
        values = {"partner_id": self.mine.id, "kind": kind, **values}
        [stop_id] = self._call(role, self.env["collection.hold"], "create", [values])
        return self.env["collection.hold"].browse(stop_id)

    def _end(self, role, stop, day=None, reason="The lawyer wrote"):
        """Press the button and fill in its form, as a user of a role."""
        action = self._call(role, stop, "action_end")
        form = self._as(role, self.env[action["res_model"]])
        form = form.with_context(**action["context"]).create(
            {"reason": reason, **({"date_to": day} if day else {})}
        )
        form.action_save()
        self.env.invalidate_all()

    def _assert_refuses(self, words, role, record, method, *arguments):
        with self.assertRaisesRegex(UserError, words), self.cr.savepoint():
            self._call(role, record, method, *arguments)

    def _last_note(self, case=None):
        self.env.invalidate_all()
        return " ".join(map(str, (case or self.my_case).message_ids[:1].mapped("body")))

    # ENTERING

    def test_a_right_of_the_debtor_is_entered_by_anybody_without_end(self):
        for kind in RIGHTS:
            with self.subTest(kind):
                self.assertFalse(self._enter(kind=kind).date_to)

    def test_another_reason_needs_an_end_unless_a_manager_enters_it(self):
        Hold = self.env["collection.hold"]
        values = {"partner_id": self.mine.id, "kind": "other"}
        self._assert_refuses("Enter the last day", "own", Hold, "create", [values])
        self.assertTrue(self._enter(kind="other", date_to=self.later).date_to)
        self.assertFalse(self._enter("manager", "other").date_to)

    def test_an_end_is_not_taken_away_afterwards(self):
        stop = self._enter(kind="other", date_to=self.later)
        self._assert_refuses("", "own", stop, "write", {"date_to": False})
        self._call("manager", stop, "write", {"date_to": False})
        self.assertFalse(stop.date_to)

    def test_who_ended_it_is_not_said_beforehand(self):
        Hold = self.env["collection.hold"]
        values = {"partner_id": self.mine.id, "end_reason": "None"}
        self._assert_refuses("End Stop", "manager", Hold, "create", [values])
        stop = self._enter()
        self._assert_refuses("End Stop", "manager", stop, "write", {"end_date": False})

    # CHANGING

    def test_what_a_stop_says_is_not_changed_once_it_is_in_force(self):
        stop = self._enter()
        channel = self.env.ref("collections_mgmt.collection_channel_email")
        for values in (
            {"kind": "other"},
            {"date_from": self.tomorrow},
            {"partner_id": self.others.id},
            {"channel_ids": [Command.link(channel.id)]},
        ):
            for role in ("own", "manager"):
                with self.subTest(role, **values):
                    self._assert_refuses("enter a new one", role, stop, "write", values)

    def test_it_is_prolonged_and_not_shortened_in_the_form(self):
        stop = self._enter(date_to=self.tomorrow)
        self._call("own", stop, "write", {"date_to": self.later})
        for role in ("own", "manager"):
            with self.subTest(role):
                self._assert_refuses(
                    "End Stop", role, stop, "write", {"date_to": self.tomorrow}
                )
        self.assertEqual(stop.date_to, self.later)

    def test_what_is_over_stays_as_it_was(self):
        stop = self._enter(date_to=self.today)
        with self._day(1):
            self._assert_refuses(
                "is over", "manager", stop, "write", {"date_to": self.later}
            )
            self._assert_refuses("is over", "manager", stop, "action_end")

    def test_before_it_begins_a_manager_corrects_it(self):
        stop = self._enter(date_from=self.tomorrow)
        self._assert_refuses("enter a new one", "own", stop, "write", {"kind": "other"})
        self._call("manager", stop, "write", {"kind": "insolvent"})
        self.assertEqual(stop.kind, "insolvent")

    # ENDING

    def test_a_manager_ends_it_with_a_reason_that_stays(self):
        stop = self._enter()
        self._end("manager", stop)
        self.assertRecordValues(
            stop,
            [
                {
                    "date_to": self.today,
                    "end_reason": "The lawyer wrote",
                    "end_user_id": self.users["manager"].id,
                    "end_date": self.today,
                }
            ],
        )

    def test_a_reason_and_a_day_to_come_are_needed(self):
        stop = self._enter()
        for values in ({"reason": " "}, {"day": self.today - timedelta(days=1)}):
            with (
                self.subTest(**values),
                self.assertRaises(UserError),
                self.cr.savepoint(),
            ):
                self._end("manager", stop, **values)
        self.assertFalse(stop.date_to)

    def test_a_collector_ends_no_right_of_the_debtor(self):
        for kind in RIGHTS:
            stop = self._enter(kind=kind)
            with self.subTest(kind):
                self._assert_refuses("right of the debtor", "own", stop, "action_end")
                with self.assertRaises(UserError), self.cr.savepoint():
                    self._as("own", stop)._end(self.today, "None")
        own = self._enter(kind="other", date_to=self.later)
        self._end("own", own)
        self.assertEqual(own.date_to, self.today)

    def test_a_viewer_ends_nothing(self):
        stop = self._enter(kind="other", date_to=self.later)
        self._assert_refused("viewer", stop, "action_end")

    def test_the_day_after_it_the_debtor_may_be_contacted(self):
        stop = self._enter()
        self.assertEqual(self._open_panel("own", self.my_case).verdict, "block")
        self._end("manager", stop)
        with self._day(1):
            self.assertEqual(self._open_panel("own", self.my_case).verdict, "allow")

    # NOTHING IS LOST

    def test_nobody_deletes_what_was_in_force(self):
        stop = self._enter()
        self._assert_refuses("stays on record", "manager", stop, "unlink")
        with self.assertRaisesRegex(UserError, "stays on"), self.cr.savepoint():
            self.mine.write({"collection_hold_ids": [Command.delete(stop.id)]})
        self.assertTrue(stop.exists())

    def test_a_manager_deletes_what_has_not_begun(self):
        stop = self._enter(date_from=self.tomorrow)
        self._assert_refused("own", stop, "unlink")
        self._call("manager", stop, "unlink")
        self.assertFalse(stop.exists())
        self.assertIn("deleted before it began", self._last_note())

    def test_all_that_happens_stands_on_the_debtors_open_cases(self):
        stop = self._enter(date_to=self.tomorrow)
        self.assertIn("Stop entered: Represented by a lawyer", self._last_note())
        self._call("own", stop, "write", {"date_to": self.later})
        self.assertIn("03/17/2026 → 03/25/2026", self._last_note())
        self._call("own", stop, "write", {"note": "She called"})
        self.assertIn("– → She called", self._last_note())
        self._end("manager", stop)
        self.assertIn("Stop ended (Represented by a lawyer)", self._last_note())
        self.assertIn("03/25/2026 → 03/16/2026", self._last_note())
        self.assertIn("The lawyer wrote", self._last_note())
        self.assertEqual(
            self.my_case.message_ids[0].author_id, self.users["manager"].partner_id
        )
        self.assertNotIn("Stop", self._last_note(self.foreign_case))

    def test_saving_without_a_change_says_nothing(self):
        stop = self._enter()
        said = len(self.my_case.message_ids)
        self._call("own", stop, "write", {"kind": "lawyer"})
        self.env.invalidate_all()
        self.assertEqual(len(self.my_case.message_ids), said)

    def test_a_case_of_another_company_hears_of_stops_for_all_alone(self):
        second = self._create_creditor("Second Creditor")
        self._create_overdue_invoice(self.mine, 5, company=second)
        self._plan(companies=second)
        case = self.mine.sudo().collection_case_ids.filtered(
            lambda case: case.company_id == second
        )
        self._enter(company_id=self.env.company.id)
        self.assertNotIn("Stop entered", self._last_note(case))
        self._enter(company_id=False)
        self.assertIn("Stop entered", self._last_note(case))

    def test_a_merged_debtor_brings_the_stop_along(self):
        stop = self._enter()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.mine | self.unassigned).ids, self.unassigned)
        self._end_transaction()
        self.assertEqual(stop.partner_id, self.unassigned)

    def test_erasing_a_case_erases_what_was_said_of_stops_that_are_over(self):
        over = self._enter(date_to=self.today, note="Ms. Gray said so")
        current = self._enter(note="Mr. Brown, Court Street 1")
        with self._day(1):
            self.my_case.sudo()._erase_conversation()
        self.assertEqual((over.note, over.date_to), (False, self.today))
        self.assertTrue(current.note)

    # THE BADGE

    def test_the_case_shows_what_is_stopped_and_until_when(self):
        self.assertFalse(self._as("viewer", self.my_case).stop_text)
        self._enter(date_to=self.later)
        self.assertEqual(
            self._as("viewer", self.my_case).stop_text,
            "Stop: Represented by a lawyer, until 03/25/2026",
        )
        self.assertFalse(self._as("viewer", self.foreign_case).stop_text)
        with self._day(10):
            self.assertFalse(self._as("viewer", self.my_case).stop_text)

    def test_the_stop_of_another_company_is_not_shown(self):
        second = self._create_creditor("Second Creditor")
        self.env["collection.hold"].sudo().create(
            {"partner_id": self.mine.id, "company_id": second.id}
        )
        self.assertFalse(self._as("manager", self.my_case).stop_text)
