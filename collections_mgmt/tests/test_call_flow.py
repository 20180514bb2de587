from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form

from .test_gate_manual import PanelCommon


class CallFlowCommon(PanelCommon):
    """A collector with three cases to call."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.others = [cls._create_debtor(name) for name in ("Bolt", "Coil")]
        for debtor in cls.others:
            cls._create_overdue_invoice(debtor, 9)

    def setUp(self):
        super().setUp()
        for debtor in [self.debtor, *self.others]:
            self._case(debtor).agent_id = self.first

    def _choose(self, name):
        return self.env.ref(f"collections_mgmt.collection_outcome_{name}")

    def _finish(self, name, method="action_save", **values):
        """Call as the first collector and save with an outcome; return the action."""
        panel = self._call(self.first)
        panel.write({"outcome_id": self._choose(name).id, **values})
        return getattr(panel, method)()


class TestCallFlow(CallFlowCommon):
    """One panel after the call: what came of it, and what follows from it."""

    def test_an_outcome_counts_as_its_catalogue_says(self):
        for name, counts_as in (
            ("no_answer", "attempted"),
            ("message", "left"),
            ("other_person", "reached"),
            ("talk", "talk"),
        ):
            self._finish(name)
            contact = self._made()[-1:]
            self.assertEqual(
                (contact.outcome, contact.outcome_id),
                (counts_as, self._choose(name)),
            )

    def test_a_promise_opens_its_form_with_the_call_as_its_record(self):
        action = self._finish("promise")
        contact = self._made()[-1:]
        self.assertEqual(action["res_model"], "collection.promise.register")
        self.assertEqual(action["context"]["default_contact_id"], contact.id)
        self.assertEqual(action["context"]["default_case_id"], self.case.id)

    def test_a_dispute_opens_its_form_with_the_call_as_its_record(self):
        action = self._finish("dispute")
        contact = self._made()[-1:]
        self.assertEqual(action["res_model"], "collection.dispute")
        form = Form(
            self.env["collection.dispute"].with_context(**action["context"]),
            view=action["views"][0][0],
        )
        form.reason_id = self.env.ref(
            "collections_mgmt.collection_dispute_reason_price"
        )
        dispute = form.save()
        self.assertEqual(dispute.contact_id, contact)
        self.assertEqual(dispute.case_id, self.case)
        self.assertEqual(dispute.line_ids.item_id, self.case.open_item_ids)

    def test_what_is_said_to_be_paid_opens_the_announced_payment(self):
        action = self._finish("paid")
        context = action["context"]
        self.assertEqual(action["res_model"], "collection.item.hold")
        self.assertEqual(context["default_contact_id"], self._made()[-1:].id)
        reason = self.env["collection.hold.reason"].browse(context["default_reason_id"])
        self.assertTrue(reason.is_payment_announced)
        form = Form(
            self.env["collection.item.hold"].with_context(**context),
            view=action["views"][0][0],
        )
        hold = form.save()
        self.assertEqual(hold.contact_id, self._made()[-1:])
        self.assertEqual(hold.amount_announced, self.case.amount_open)

    def test_who_asks_for_a_plan_gets_its_form_with_the_call_as_its_record(self):
        action = self._finish("plan")
        self.assertEqual(action["res_model"], "collection.plan.propose")
        self.assertEqual(action["context"]["default_contact_id"], self._made()[-1:].id)

    def test_what_waits_for_something_is_put_on_hold_with_the_call_as_its_record(self):
        outcome = self.env["collection.outcome"].create(
            {"name": "Misses the purchase order", "next_step": "hold"}
        )
        panel = self._call(self.first)
        panel.outcome_id = outcome
        action = panel.action_save()
        form = Form(
            self.env["collection.item.hold"].with_context(**action["context"]),
            view=action["views"][0][0],
        )
        form.reason_id = self.env.ref(
            "collections_mgmt.collection_hold_reason_document"
        )
        hold = form.save()
        self.assertEqual(hold.contact_id, self._made()[-1:])
        self.assertEqual(hold.item_ids, self.case.open_item_ids)

    def test_a_lawyer_opens_the_stop_with_what_was_said(self):
        action = self._finish("stop", note="Call Brown and Partners")
        self.assertEqual(action["res_model"], "collection.hold")
        form = Form(
            self.env["collection.hold"]
            .with_user(self.first)
            .with_context(**action["context"])
        )
        stop = form.save()
        self.assertRecordValues(
            stop,
            [
                {
                    "partner_id": self.debtor.id,
                    "company_id": self.case.company_id.id,
                    "kind": "lawyer",
                    "note": "Call Brown and Partners",
                }
            ],
        )

    def test_a_call_back_is_planned_and_the_case_rests_until_then(self):
        moment = fields.Datetime.now() + timedelta(days=2)
        self._finish("callback", callback_at=moment)
        activity = self.case.activity_ids.filtered(
            lambda a: (
                a.activity_type_id
                == self.env.ref("collections_mgmt.mail_activity_type_call")
            )
        )
        self.assertEqual(activity.date_deadline, moment.date())
        self.assertEqual(activity.user_id, self.first)
        self.assertEqual(self.case.snooze_until, moment.date())

    def test_a_call_back_needs_a_time_to_come(self):
        past = fields.Datetime.now() - timedelta(hours=1)
        for values in ({}, {"callback_at": past}):
            with self.subTest(**values), self.assertRaises(UserError):
                self._finish("callback", **values)
        self.assertFalse(self._made().filtered(lambda c: c.state == "sent"))

    def test_a_wrong_number_is_corrected_and_both_are_on_record(self):
        self.debtor.phone = "+56 9 6123 4567"
        self._finish("wrong_number", new_phone="+56 9 6123 9876")
        self.assertEqual(self.debtor.phone, "+56 9 6123 9876")
        note = self.case.message_ids.mapped("body")
        self.assertTrue([body for body in note if "4567" in body and "9876" in body])

    def test_an_unknown_right_number_becomes_a_task(self):
        self._finish("wrong_number")
        self.assertIn(
            "Find out how to reach the debtor", self.case.activity_ids.mapped("summary")
        )

    def test_what_is_no_number_or_address_is_refused(self):
        for values in ({"new_phone": "12"}, {"new_email": "nobody"}):
            with self.subTest(**values), self.assertRaises(ValidationError):
                self._finish("wrong_number", **values)

    def test_writing_instead_opens_the_composer_with_the_text_of_the_stage(self):
        template = self.env.ref("collections_mgmt.mail_template_answer_friendly")
        self.stage_due.answer_template_id = template
        self._stand(self.case.open_item_ids.move_id, self.stage_first, 1)
        self.case.sudo().stage_id = self.stage_first
        action = self._finish("write")
        self.assertEqual(action["res_model"], "mail.compose.message")
        self.assertEqual(action["context"]["default_template_id"], template.id)
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.first)
            .with_context(**action["context"])
            .create({})
        )
        self.assertIn(self.case.open_item_ids.move_id.name, composer.body)

    def test_the_script_is_that_of_the_stage_or_of_the_nearest_before(self):
        script = self.env.ref("collections_mgmt.mail_template_script_friendly")
        self.stage_due.script_template_id = script
        self.case.sudo().stage_id = self.stage_final
        panel = self._call(self.first)
        self.assertIn(self.env.company.name, panel.script)
        self.assertIn(self.first.name, panel.script)
        self.case.sudo().stage_id = self.stage_soon
        self.env.invalidate_all()
        self.assertFalse(panel.script)

    def test_a_debtor_whom_nobody_told_yet_hears_the_script_of_the_stage_due(self):
        script = self.env.ref("collections_mgmt.mail_template_script_friendly")
        self.stage_due.script_template_id = script
        self.case.sudo().write(
            {"stage_id": False, "decision_stage_id": self.stage_due.id}
        )
        self.assertIn(self.env.company.name, self._call(self.first).script)
