"""The friendly word before a promised date."""

from .promise_common import PromiseCommon


class TestPromiseReminder(PromiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.collection_promise_reminder_days = 2

    def _remind(self, days):
        return self._run(days).filtered(lambda contact: contact.promise_id)

    def test_it_goes_out_some_days_before_and_once(self):
        promise = self._promise()
        self.assertFalse(self._remind(1))
        contact = self._remind(2)
        self.assertRecordValues(
            contact,
            [
                {
                    "promise_id": promise.id,
                    "promise_message": "reminder",
                    "state": "sent",
                }
            ],
        )
        self.assertIn("100.00", contact.body)
        self.assertIn("03/20/2026", contact.body)
        self.assertFalse(self._remind(3))

    def test_it_is_off_by_default(self):
        self.env.company.collection_promise_reminder_days = 0
        self._promise()
        self.assertFalse(self._remind(3))

    def test_not_on_the_day_of_the_promise(self):
        self._promise(days=1)
        self.assertFalse(self._remind(0))

    def test_not_on_the_date_itself(self):
        self._promise()
        self.assertFalse(self._remind(4))

    def test_what_is_paid_meanwhile_drops_it(self):
        self._promise(40.0)
        with self._day(2):
            contact = self._plan().contact_ids.filtered("promise_id")
            self._pay(self.invoice, 40.0)
            self._end_transaction()
            self._deliver()
        self.assertEqual(contact.state, "dropped")

    def test_it_asks_for_what_is_left(self):
        self._promise()
        self._pay_on(1, 30.0)
        self.assertIn("70.00", self._remind(2).body)

    def test_it_passes_the_gate(self):
        self.env["collection.hold"].create({"partner_id": self.debtor.id})
        self._promise()
        self.assertEqual(self._remind(2).state, "blocked")

    def test_it_is_a_reminder_to_the_rules(self):
        self._promise()
        with self._day(2):
            contact = self._plan().contact_ids.filtered("promise_id")
            ask = contact._prepare_ask()
        self.assertEqual(ask.stage_kind, "reminder")
        self.assertEqual(ask.debt_ids, frozenset(self.invoice.ids))

    def test_it_does_not_stand_in_for_dunning(self):
        self._promise(40.0)
        contacts = self._run(2)
        self.assertEqual(len(contacts), 2)
        self.assertEqual(contacts.stage_id, self.stage_due)

    def test_no_thanks_are_lost_by_it(self):
        contact = self._promise() and self._remind(2)
        self.assertFalse(contact._is_thanks())

    def test_test_mode_reminds_nobody(self):
        self.env.company.collection_test_mode = True
        self._promise()
        self.assertFalse(self._remind(2))

    def test_every_template_can_be_saved_whatever_the_messages_are_about(self):
        # Odoo tries it on some message: an upgrade that brings one would stop.
        templates = self.env["mail.template"].search(
            [("model", "=like", "collection.%")]
        )
        self.assertIn("collection.contact", templates.mapped("model"))
        about_a_stage = self._run(20)
        self.assertFalse(about_a_stage.promise_id)
        for template in templates:
            template.body_html = template.body_html
            template.subject = template.subject
            template._check_can_be_rendered()
