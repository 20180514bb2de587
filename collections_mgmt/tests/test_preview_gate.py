from datetime import timedelta

from .gate_common import OPEN, GateCommon


class TestPreviewGate(GateCommon):
    """A preview says what the contact rules would make of each message."""

    def _show(self, days=0):
        """Show the preview of a day; return its title and its lines."""
        preview = self.env["collection.preview"].create(
            {"date": self.today + timedelta(days=days)}
        )
        action = preview.action_show()
        return action["name"], preview.line_ids

    def _get_answer(self, days=0):
        """Return what would become of the only message, and why."""
        line = self._show(days)[1].filtered("step_id")
        return line.outcome, line.gate_text or ""

    def test_what_is_allowed_leaves(self):
        self._create_overdue_invoice(self.debtor, 5)
        self.assertEqual(self._get_answer(), ("send", ""))

    def test_what_has_to_wait_says_until_when_by_the_debtors_clock(self):
        self._allow_contacts(hours=OPEN)
        self._create_overdue_invoice(self.debtor, 5)
        self.assertEqual(
            self._get_answer(),
            (
                "wait",
                "Waits until Mon 16 Mar 10:00 for the debtor (America/Santiago).",
            ),
        )

    def test_what_is_not_allowed_says_why(self):
        self._forbid("email", name="No Mail")
        self._create_overdue_invoice(self.debtor, 5)
        self.assertEqual(self._get_answer(), ("blocked", "No Mail: not allowed."))

    def test_a_message_that_lacks_required_words_says_which(self):
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self._create_overdue_invoice(self.debtor, 5)
        outcome, text = self._get_answer()
        self.assertEqual(outcome, "blocked")
        self.assertIn("Chile: the template lacks", text)

    def test_a_reminder_that_would_come_too_late_is_dropped(self):
        self._allow_contacts(hours="SUN 10:00-20:00")
        self._create_overdue_invoice(self.debtor, -3)
        self.assertEqual(
            self._get_answer(),
            ("dropped", "The contact rules let it arrive only after the due date."),
        )

    def test_what_waits_for_approval_says_what_the_rules_say_now(self):
        self._forbid("email", name="No Mail")
        self.stage_due.needs_approval = True
        self._create_overdue_invoice(self.debtor, 5)
        self.assertEqual(self._get_answer(), ("review", "No Mail: not allowed."))

    def test_a_task_is_handed_over_at_any_time(self):
        self._allow_contacts(hours=OPEN)
        self.debtor.email = False
        self.stage_due.step_ids.channel = "task"
        self._create_overdue_invoice(self.debtor, 5)
        self.assertEqual(self._get_answer()[0], "send")

    def test_another_day_is_judged_by_its_own_rules(self):
        self._forbid("email", name="No Mail", date_from=self.today + timedelta(days=2))
        self._create_overdue_invoice(self.debtor, 5)
        for days, outcome in ((1, "send"), (2, "blocked")):
            with self.subTest(days=days):
                self.assertEqual(self._get_answer(days)[0], outcome)

    def test_messages_to_one_debtor_count_for_each_other(self):
        self._create_cap(1)
        self._create_step(self.stage_due, "email", sequence=20)
        self._create_overdue_invoice(self.debtor, 5)
        lines = self._show()[1].sorted("id")
        self.assertEqual(lines.mapped("outcome"), ["send", "wait"])

    def test_the_title_counts_what_would_happen(self):
        self._forbid("email", country_id=self.mexico.id)
        mexican = self._create_debtor("Mexican", country_id=self.mexico.id)
        for debtor in (self.debtor, self._create_chilean("Second"), mexican):
            self._create_overdue_invoice(debtor, 5)
        self.assertEqual(
            self._show()[0],
            "Preview of 03/16/2026 · Would be sent: 2 · Would not be allowed: 1",
        )

    def test_a_preview_uses_no_rule_and_takes_nobodys_place(self):
        cap = self._create_cap(1)
        self._create_overdue_invoice(self.debtor, 5)
        self._show()
        self.env.invalidate_all()
        self.assertFalse(cap.is_used)
        self.assertEqual(self._judge().result, "allow")

    def test_it_is_what_the_delivery_does(self):
        self._allow_contacts(hours=OPEN)
        self._forbid("email", country_id=self.mexico.id)
        for name, values in (
            ("Chilean", {}),
            ("Mexican", {"country_id": self.mexico.id}),
            ("Spanish", {"country_id": self.env.ref("base.es").id}),
        ):
            debtor = self._create_debtor(name, **{"country_id": self.chile.id} | values)
            self._create_overdue_invoice(debtor, 5)
        lines = self._show()[1].filtered("step_id")
        foreseen = {line.partner_id: (line.outcome, line.verdict) for line in lines}
        self.assertEqual(len(set(foreseen.values())), 3, "One of each.")
        contacts = self._plan_and_deliver()
        outcomes = {"queued": "send", "planned": "wait", "blocked": "blocked"}
        self.assertEqual(
            foreseen,
            {
                contact.partner_id: (outcomes[contact.state], contact.verdict)
                for contact in contacts
            },
        )
