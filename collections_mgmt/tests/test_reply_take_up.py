"""A promise, a dispute or an announced payment begins with the debtor's message."""

from markupsafe import Markup

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form

from .hold_common import HoldCommon
from .test_access import AccessCommon


class TestTakeUpMessage(HoldCommon):
    def _receive(self, body="<p>We pay on Friday.</p>", case=None, **values):
        case = case or self.case
        return case.message_post(
            body=Markup(body),
            message_type="email",
            subtype_xmlid="mail.mt_comment",
            author_id=case.partner_id.id,
            **values,
        )

    def _take_up(self, kind):
        """Return the action that the panel opens for a kind of answer."""
        action = self.case.action_take_up_message()
        panel = self.env["collection.reply"].with_context(**action["context"])
        return panel.create({"kind": kind}).action_continue()

    def test_it_is_about_the_debtors_last_message(self):
        self._receive("<p>An older one</p>")
        last = self._receive()
        self.case.message_post(body="A note of a colleague")
        context = self.case.action_take_up_message()["context"]
        self.assertEqual(context["default_message_id"], last.id)

    def test_a_promise_keeps_message_and_words(self):
        message = self._receive()
        action = self._take_up("promise")
        form = Form(
            self.env["collection.promise.register"].with_context(**action["context"])
        )
        form.date = self.today
        form.save().action_register()
        promise = self.case.promise_ids
        self.assertRecordValues(
            promise,
            [
                {
                    "state": "open",
                    "message_id": message.id,
                    "message_preview": "We pay on Friday.",
                    "promiser_id": self.debtor.id,
                    "note": "We pay on Friday.",
                }
            ],
        )

    def test_a_dispute_keeps_message_and_words(self):
        message = self._receive("<p>The <b>price</b> is wrong.</p>")
        action = self._take_up("dispute")
        form = Form(
            self.env["collection.dispute"].with_context(**action["context"]),
            "collections_mgmt.collection_dispute_view_register",
        )
        form.reason_id = self.env.ref(
            "collections_mgmt.collection_dispute_reason_price"
        )
        dispute = form.save()
        self.assertEqual(dispute.message_id, message)
        self.assertIn("price", dispute.description)
        self.assertEqual(dispute.line_ids.item_id, self.item)

    def test_a_dispute_gets_the_files_of_the_message(self):
        message = self._receive(
            "<p>Broken, see the picture.</p>",
            attachments=[("broken.png", b"a picture"), ("order.txt", b"the order")],
        )
        dispute = self._create_dispute(self.invoice, message_id=message.id)
        files = self.env["ir.attachment"].search(
            [("res_model", "=", dispute._name), ("res_id", "=", dispute.id)]
        )
        self.assertEqual(set(files.mapped("name")), {"broken.png", "order.txt"})
        self.assertEqual(
            len(message.attachment_ids), 2, "The conversation keeps its own files."
        )

    def test_an_announced_payment_gets_the_files_as_receipts(self):
        message = self._receive(
            "<p>Paid yesterday.</p>",
            attachments=[
                ("transfer.pdf", b"%PDF-1.4 receipt"),
                ("page.html", b"<html>no receipt</html>"),
            ],
        )
        action = self._take_up("announcement")
        form = Form(
            self.env["collection.item.hold"].with_context(**action["context"]),
            "collections_mgmt.collection_item_hold_view_register",
        )
        hold = form.save()
        self.assertTrue(hold.is_payment_announced)
        self.assertEqual((hold.message_id, hold.note), (message, "Paid yesterday."))
        self.assertEqual(hold.receipt_ids.mapped("name"), ["transfer.pdf"])
        self.assertEqual(
            len(message.attachment_ids), 2, "The conversation keeps its own files."
        )

    def test_a_plan_keeps_message_and_words(self):
        message = self._receive("<p>Can we pay in parts?</p>")
        action = self._take_up("plan")
        self.assertEqual(action["res_model"], "collection.plan.propose")
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        form.date = self.today
        form.count = 2
        form.save().action_register()
        self.assertRecordValues(
            self.case.promise_ids,
            [
                {
                    "kind": "plan",
                    "message_id": message.id,
                    "note": "Can we pay in parts?",
                    "promiser_id": self.debtor.id,
                }
            ],
        )

    def test_a_hold_keeps_message_and_words(self):
        message = self._receive("<p>The order number is missing.</p>")
        action = self._take_up("hold")
        form = Form(
            self.env["collection.item.hold"].with_context(**action["context"]),
            "collections_mgmt.collection_item_hold_view_register",
        )
        form.reason_id = self.env.ref(
            "collections_mgmt.collection_hold_reason_document"
        )
        hold = form.save()
        self.assertEqual(
            (hold.message_id, hold.note), (message, "The order number is missing.")
        )

    def _open_panel(self):
        action = self.case.action_take_up_message()
        panel = self.env["collection.reply"].with_context(**action["context"])
        return panel.create({})

    def test_of_several_messages_since_the_last_answer_each_can_be_taken_up(self):
        self._receive("<p>Long ago</p>")
        self.case.message_post(
            body="We answer",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.debtor.ids,
        )
        first, second, third = (self._receive(f"<p>{n}</p>") for n in range(3))
        panel = self._open_panel()
        self.assertEqual(panel.message_id, third)
        self.assertIn("3 of 3", panel.place_text)
        self.assertFalse(panel.has_later)
        for message in (second, first):
            panel.action_show_earlier()
            self.assertEqual(panel.message_id, message)
        self.assertIn("1 of 3", panel.place_text)
        self.assertFalse(panel.has_earlier)
        panel.action_show_earlier()
        self.assertEqual(panel.message_id, first, "What was answered is answered.")
        panel.action_show_later()
        panel.kind = "hold"
        context = panel.action_continue()["context"]
        self.assertEqual(context["default_message_id"], second.id)

    def test_a_single_message_is_no_choice(self):
        self._receive()
        self.assertFalse(self._open_panel().place_text)

    def test_what_was_answered_is_the_record_of_it(self):
        with self._day(0):
            contact = self._run()
        self._receive(parent_id=contact.mail_message_id.id)
        context = self._take_up("promise")["context"]
        self.assertEqual(context["default_contact_id"], contact.id)

    def test_without_a_message_there_is_nothing_to_take_up(self):
        self.case.message_post(body="A note of a colleague")
        with self.assertRaisesRegex(UserError, "has written nothing"):
            self.case.action_take_up_message()

    def test_the_message_is_one_that_the_debtor_wrote_on_the_case(self):
        other = self._create_debtor("Bolt")
        self._create_overdue_invoice(other, 5, 50.0)
        self._plan()
        foreign = self._receive(case=self._case(other))
        internal = self.case.message_post(body="A note of a colleague")
        for message in (foreign, internal):
            with self._refused(ValidationError, "not written by the debtor"):
                self._hold(message_id=message.id)
            panel = self.env["collection.reply"].create(
                {"case_id": self.case.id, "message_id": message.id}
            )
            with self.assertRaisesRegex(UserError, "not one that the debtor wrote"):
                panel.action_continue()


class TestTakeUpAccess(AccessCommon):
    def test_only_who_works_on_the_case_takes_it_up(self):
        self._plan()
        for debtor in (self.mine, self.others):
            self._case(debtor).message_post(
                body="Paid", message_type="email", author_id=debtor.id
            )
        own = self._as("own", self._case(self.mine)).action_take_up_message()
        panel = self._as("own", self.env["collection.reply"])
        panel = panel.with_context(**own["context"]).create({"kind": "promise"})
        self.assertEqual(
            panel.action_continue()["res_model"], "collection.promise.register"
        )
        for role, debtor in (("own", self.others), ("viewer", self.mine)):
            with self.subTest(role), self.assertRaises(AccessError):
                self._as(role, self._case(debtor)).action_take_up_message()

    def test_the_panel_of_a_colleague_is_closed(self):
        self._plan()
        case = self._case(self.mine)
        message = case.message_post(
            body="Paid", message_type="email", author_id=self.mine.id
        )
        panel = self._as("manager", self.env["collection.reply"]).create(
            {"case_id": case.id, "message_id": message.id}
        )
        with self.assertRaises(AccessError):
            self._as("own", panel).read(["body"])
