"""What is done and written down when something is disputed, changed and answered."""

import json
from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError

from .dispute_common import ANSWER_TASK, COLLECTOR, DisputeCommon


class TestDisputeTask(DisputeCommon):
    """The task is where the dispute is: with who answers, for the day until when."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.ben = (
            cls._create_user(login, COLLECTOR.replace("collector", "collector_all"))
            for login in ("ana", "ben")
        )

    def test_it_follows_owner_and_deadline(self):
        dispute = self._dispute(user_id=self.ana.id)
        day = self.today + timedelta(days=3)
        dispute.with_user(self.ana).write(
            {"user_id": self.ben.id, "date_deadline": day}
        )
        self.assertRecordValues(
            self._tasks(dispute, ANSWER_TASK),
            [{"user_id": self.ben.id, "date_deadline": day}],
        )

    def test_it_follows_another_reason(self):
        dispute = self._dispute()
        reason = self.env["collection.dispute.reason"].create(
            {"name": "Broken", "days": 2, "user_id": self.ben.id}
        )
        dispute.reason_id = reason
        self.assertRecordValues(
            self._tasks(dispute, ANSWER_TASK),
            [{"user_id": self.ben.id, "date_deadline": self.today + timedelta(2)}],
        )

    def test_who_gives_a_dispute_away_need_not_see_it_any_more(self):
        collector = self._create_user("cleo")
        self.case.agent_id = self.ben
        dispute = self._dispute(user_id=collector.id)
        self._forget()
        dispute.with_user(collector).user_id = self.ana
        self.assertEqual(self._tasks(dispute, ANSWER_TASK).user_id, self.ana)

    def test_merged_debtors_leave_owner_and_deadline_as_they_are(self):
        day = self.today + timedelta(days=3)
        values = {"user_id": self.ana.id, "date_deadline": day}
        disputes = self._dispute(30.0, **values) | self._dispute(20.0, **values)
        disputes[0].action_withdraw()
        other = self._create_debtor("Bolt")
        self._create_overdue_invoice(other, 5, 50.0)
        other.collection_agent_id = self.ben
        self._plan()
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.debtor | other).ids, other
        )
        self._forget()
        self.assertEqual(disputes.case_id, self._case(other))
        self.assertRecordValues(disputes, [values, values])


class TestDisputeWords(DisputeCommon):
    """What was said stays readable, also when it is corrected."""

    @classmethod
    def default_env_context(cls):
        # OVERRIDE: the conversation is what these tests look at
        return {}

    def _bodies(self, dispute):
        return "\n".join(dispute.message_ids.mapped("body"))

    def test_words_that_are_replaced_stay_in_the_conversation(self):
        dispute = self._dispute(
            description="<p>The price is wrong.</p>", answer="<p>Not so.</p>"
        )
        dispute.write({"description": "<p>The discount.</p>", "answer": "<p>So.</p>"})
        bodies = self._bodies(dispute)
        self.assertIn("until now: The price is wrong.", bodies)
        self.assertIn("until now: Not so.", bodies)

    def test_words_that_stay_are_not_repeated(self):
        dispute = self._dispute(description="<p>The price is wrong.</p>")
        dispute.description = "<p>The <b>price</b> is wrong.</p>".replace("<b>", "")
        dispute.answer = "<p>The first answer.</p>"
        self.assertNotIn("until now", self._bodies(dispute))

    def test_reason_reference_owner_and_deadline_are_tracked(self):
        dispute = self._dispute(reference="A1")
        dispute.write(
            {
                "reason_id": self.env.ref(
                    "collections_mgmt.collection_dispute_reason_quality"
                ).id,
                "reference": "B2",
                "date_deadline": self.today + timedelta(days=1),
            }
        )
        self.env.flush_all()
        self.cr.precommit.run()
        tracked = dispute.message_ids.sudo().tracking_value_ids.field_id
        self.assertLessEqual(
            {"reason_id", "reference", "date_deadline"}, set(tracked.mapped("name"))
        )

    def test_nothing_of_erased_words_is_kept(self):
        dispute = self._dispute(description="<p>I am ill</p>", reference="Mrs. Lee")
        self.case.sudo()._erase_conversation()
        self.env.flush_all()
        self.cr.precommit.run()
        self.assertFalse(dispute.message_ids)

    def test_an_open_dispute_is_about_something(self):
        dispute = self._dispute()
        for commands in ([Command.clear()], [Command.delete(dispute.line_ids.id)]):
            with (
                self.assertRaisesRegex(UserError, "withdraw the dispute"),
                self.cr.savepoint(),
            ):
                dispute.line_ids = commands
            self.env.invalidate_all()
        self.assertEqual(dispute.amount, 100.0)
        dispute.line_ids.unlink()
        with self.assertRaisesRegex(UserError, "withdraw the dispute"):
            self.cr.precommit.run()

    def test_all_parts_of_a_dispute_can_be_replaced(self):
        dispute = self._dispute(60.0)
        dispute.line_ids = [
            Command.delete(dispute.line_ids.id),
            Command.create({"item_id": self.item.id, "amount": 70.0}),
        ]
        self._end_transaction()
        self.assertEqual(dispute.amount, 70.0)


class TestDisputeEvidence(DisputeCommon):
    """What the debtor contested, and what became of it, stands in the evidence."""

    def _facts(self, contact, kind):
        event = self.env["collection.contact.event"].search(
            [("contact_id", "=", contact.id), ("kind", "=", kind)]
        )
        return event and json.loads(event.payload)

    def _words(self, contact, kind):
        content = self.env["collection.contact.content"].search(
            [("contact_id", "=", contact.id), ("event_id.kind", "=", kind)]
        )
        return content._get_words()

    def test_it_stands_with_the_contact_in_which_it_was_said(self):
        said, _later = self._contact(), self._contact()
        dispute = self._dispute(
            40.0, contact_id=said.id, description="<p>Too dear.</p>"
        )
        dispute.answer = "<p>You are right.</p>"
        dispute.tell_debtor = False
        self._accept(dispute)
        self.assertEqual(
            self._facts(said, "disputed")["dispute"], dispute.id, "Without words."
        )
        self.assertEqual(self._facts(said, "dispute_closed")["state"], "accepted")
        words = self._words(said, "disputed")
        self.assertEqual(words["text"], "Too dear.")
        self.assertEqual(words["items"], [[self.invoice.name, "$\xa040.00"]])
        self.assertEqual(self._words(said, "dispute_closed")["text"], "You are right.")

    def test_without_one_it_stands_with_the_last_contact_that_was_made(self):
        self._contact()
        last = self._contact()
        plan = self._contact(state="planned")
        self._dispute().action_withdraw()
        self.assertTrue(self._facts(last, "disputed"))
        self.assertTrue(self._facts(last, "dispute_closed"))
        self.assertFalse(plan.event_ids)

    def test_of_who_was_never_contacted_only_the_case_says_it(self):
        self._dispute()
        self.assertFalse(
            self.env["collection.contact.event"].search([("kind", "=", "disputed")])
        )
        self.assertIn("are disputed", "".join(self.case.message_ids.mapped("body")))


class TestDisputeMeasures(DisputeCommon):
    """How long it takes, and how often debtors are right: of what is closed."""

    def _measure(self, domain=()):
        [[days, valid]] = self.env["collection.dispute"]._read_group(
            [("case_id", "=", self.case.id), *domain],
            [],
            ["cycle_days:avg", "valid_percent:avg"],
        )
        return days, valid

    def _close(self, dispute, method, days):
        with self._day(days):
            getattr(dispute, method)()
            self._end_transaction()

    def test_open_disputes_count_neither_as_zero_days_nor_as_not_valid(self):
        disputes = [self._dispute(amount) for amount in (10.0, 20.0, 30.0)]
        self.assertFalse(any(self._measure()))
        self._close(disputes[0], "action_accept", 4)
        self._close(disputes[1], "action_withdraw", 8)
        self.assertEqual(self._measure(), (6.0, 50.0))
        self.assertFalse(any(self._measure([("date_closed", "=", False)])))

    def test_the_measures_are_of_closed_disputes_by_reason(self):
        self._close(self._dispute(10.0), "action_accept", 2)
        self._dispute(20.0)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "collections_mgmt.collection_dispute_action_measures"
        )
        [group] = self.env["collection.dispute"].formatted_read_group(
            [("date_closed", "!=", False), ("case_id", "=", self.case.id)],
            ["reason_id"],
            ["__count", "cycle_days:avg", "valid_percent:avg"],
        )
        self.assertIn("date_closed", action["domain"])
        self.assertEqual(
            (group["__count"], group["cycle_days:avg"], group["valid_percent:avg"]),
            (1, 2.0, 100.0),
        )
