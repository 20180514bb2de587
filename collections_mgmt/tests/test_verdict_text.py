"""A verdict in plain words: each rule that spoke, and what its counter says."""

from .gate_common import GateCommon


class TestVerdictText(GateCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_overdue_invoice(cls.debtor, 5)

    def _get_lines(self, channel="call"):
        """Return what a collector reads who asks for a contact now."""
        case = self._case(self.debtor)
        Contact = self.env["collection.contact"].sudo()
        return (
            self.env["collection.gate"]
            ._describe_all(Contact._ask_by_hand(case, channel))
            .splitlines()
        )

    def setUp(self):
        super().setUp()
        self._sync_only()

    def test_a_counter_names_channels_and_period(self):
        self._note_contact("call", hours=2)
        for values, line in {
            ("days", 7): "Cap: Phone call, Visit in 7 days: 1 of 1.",
            ("days", 1): "Cap: Phone call, Visit in 24 hours: 1 of 1.",
            ("period", "day"): "Cap: Phone call, Visit in a day: 1 of 1.",
            ("period", "week"): "Cap: Phone call, Visit in a week: 1 of 1.",
            ("period", "month"): "Cap: Phone call, Visit in a month: 1 of 1.",
            ("cap_scope", "debt"): (
                "Cap: Phone call, Visit in 7 days, per invoice: 1 of 1."
            ),
        }.items():
            with self.subTest(values):
                rule = self._create_cap(1, "call", "visit", **dict([values]))
                self.assertIn(line, self._get_lines())
                rule.active = False

    def test_a_cap_on_everything_counts_contacts(self):
        self._create_cap(3)
        self.assertIn("Cap: contacts in 7 days: 0 of 3.", self._get_lines())

    def test_what_is_allowed_shows_each_rule_and_its_counter(self):
        self._create_cap(2, "call", name="Two Calls")
        self._note_contact("call", days=1)
        self.assertEqual(
            self._get_lines(),
            [
                "Allowed by all contact rules.",
                "Two Calls: Phone call in 7 days: 1 of 2.",
                "Kept: Any Time.",
            ],
        )

    def test_what_is_not_allowed_shows_the_rules_that_were_kept_as_well(self):
        self._forbid("call", name="No Calls")
        self._create_cap(2, name="Two a Week")
        self.assertEqual(
            self._get_lines(),
            [
                "No Calls: not allowed.",
                "Two a Week: contacts in 7 days: 0 of 2.",
                "Kept: Any Time.",
            ],
        )

    def test_a_reason_tells_only_what_speaks_against(self):
        self._forbid("email", name="No Mail")
        contact = self._plan_and_deliver()
        self.assertEqual(contact.reason, "No Mail: not allowed.")
        self.assertIn("Kept: Any Time.", contact.verdict_text)

    def test_each_rule_that_nobody_verified_is_marked(self):
        marked = "To Check (to be confirmed by counsel)"
        for severity in ("law", "provider", "preference", "policy"):
            for confidence, name in {
                "verified": "To Check",
                "own": "To Check",
                "memory": marked,
                "conflict": marked,
                "policy": marked,
            }.items():
                with self.subTest(severity=severity, confidence=confidence):
                    rule = self._forbid(
                        name="To Check", severity=severity, confidence=confidence
                    )
                    self.assertEqual(self._get_lines()[0], f"{name}: not allowed.")
                    rule.review_date = self.today
                    self.assertEqual(self._get_lines()[0], "To Check: not allowed.")
                    rule.active = False

    def test_a_rule_that_was_kept_is_marked_as_well(self):
        self._create_cap(5, name="To Check", confidence="memory")
        line = "To Check (to be confirmed by counsel): contacts in 7 days: 0 of 5."
        self.assertIn(line, self._get_lines())
