from datetime import timedelta

from odoo.tools import html2plaintext

from .gate_common import OPEN
from .test_gate_manual import PanelCommon


class ComplianceCommon(PanelCommon):
    def _get_answers(self, **values):
        """Return the lines of the compliance page, the first one first."""
        self.env.flush_all()
        self.env["collection.contact"]._write_noted_events()
        self.env.invalidate_all()
        domain = [(name, "=", value) for name, value in values.items()]
        return self.env["collection.compliance"].search(
            [("company_id", "=", self.env.company.id), *domain], order="id"
        )

    def _break(self, hours=-1, severity="law", user=None):
        """Log a call that was made at an hour when a rule did not allow it."""
        self._allow_contacts(hours=OPEN, name="Hours", severity=severity)
        moment = self._get_instant("09:00") + timedelta(hours=hours)
        return self._save(self._log(user or self.first, moment=moment))


class TestCompliance(ComplianceCommon):
    """Every answer of the gate is counted, with what spoke against it."""

    def test_what_was_put_off_and_left_later_is_there_with_both_answers(self):
        self._allow_contacts(hours=OPEN, name="Hours", severity="law")
        contact = self._plan_and_deliver()
        with self._local("12:30"):  # within two hours after the slot
            self._deliver_ready()
        answers = self._get_answers(contact_id=contact.id)
        self.assertRecordValues(
            answers,
            [
                {
                    "kind": "deferred",
                    "code": "ANY",
                    "rule_id": self._get_rule("Hours").id,
                    "severity": "law",
                },
                {"kind": "allowed", "code": False, "rule_id": False, "severity": False},
            ],
        )
        self.assertEqual(answers.country_id, self.chile)

    def _get_rule(self, name):
        return self.env["collection.contact.rule"].search([("name", "=", name)])

    def test_each_rule_that_spoke_has_a_line_and_the_contact_counts_once(self):
        for name in ("One", "Two"):
            self._forbid("email", name=name, code=name)
        self._plan_and_deliver()
        answers = self._get_answers(kind="blocked")
        self.assertEqual(answers.mapped("code"), ["One", "Two"])
        [[count]] = self.env["collection.compliance"]._read_group(
            [("id", "in", answers.ids)], [], ["contact_id:count_distinct"]
        )
        self.assertEqual(count, 1)

    def test_stops_and_missing_words_are_named(self):
        self._stop(kind="lawyer")
        self._plan_and_deliver()
        self.assertEqual(self._get_answers(kind="blocked").code, "lawyer")
        other = self._create_chilean("Other")
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self._create_overdue_invoice(other, 5)
        self._plan_and_deliver()
        blocked = self._get_answers(kind="blocked", partner_id=other.id)
        self.assertEqual(blocked.code, "words")

    def test_what_people_do_is_theirs(self):
        self.case.sudo().agent_id = self.second
        self._save(self._call(self.first))
        self.assertRecordValues(
            self._get_answers(),
            [{"kind": "allowed", "agent_id": self.first.id, "channel": "call"}],
        )

    def test_what_the_engine_does_is_the_collectors(self):
        self.case.sudo().agent_id = self.second
        self._plan_and_deliver()
        self.assertEqual(self._get_answers().agent_id, self.second)

    def test_what_a_person_was_not_allowed_and_made_all_the_same(self):
        self._forbid("call", severity="policy")
        panel = self._call()
        panel.override_reason = "She asked for it"
        panel.action_override()
        kinds = self._get_answers().mapped("kind")
        self.assertEqual(kinds.count("overridden"), 1)
        self.assertNotIn("allowed", kinds)
        self.assertIn("blocked", kinds)

    def test_what_broke_a_rule(self):
        self._break()
        self.assertRecordValues(
            self._get_answers(), [{"kind": "incident", "severity": "law"}]
        )

    def test_all_views_and_groups_can_be_used(self):
        self._plan_and_deliver()
        model = self._get_answers().browse()
        for name in ("date:day", "rule_id", "channel", "agent_id", "country_id"):
            with self.subTest(name):
                self.assertTrue(
                    model.formatted_read_group(
                        [], [name, "kind"], ["contact_id:count_distinct"]
                    )
                )
        for view in ("list", "pivot", "graph", "search"):
            model.get_view(view_type=view)


class TestIncidents(ComplianceCommon):
    """Who answers for compliance is told on the day after a law was broken."""

    def setUp(self):
        super().setUp()
        self.second.tz = "America/Santiago"
        self.env.company.collection_compliance_user_id = self.second

    def _tell(self, days=1):
        """Do the daily job some days later; return the messages that it sent."""
        Message = self.env["mail.message"].sudo()
        domain = [("partner_ids", "in", self.second.partner_id.ids)]
        before = Message.search(domain)
        self._get_answers()
        with self._local("06:00", days), self.mock_mail_gateway():
            self.env["res.company"].sudo()._cron_tell_incidents()
        return Message.search(domain) - before

    def test_a_broken_law_is_told_the_next_day_and_once(self):
        self._break()
        message = self._tell()
        self.assertIn("contacts that broke the law (1)", message.subject)
        body = html2plaintext(message.body)
        for piece in ("Acme", "Phone call", "Hours: not at this hour"):
            self.assertIn(piece, body)
        self.assertFalse(self._tell())
        self.assertFalse(self._tell(2))

    def test_a_day_that_the_job_missed_is_told_later(self):
        self._tell(0)
        self._break()
        self.assertTrue(self._tell(3))

    def test_a_day_without_incident_says_nothing(self):
        self.assertFalse(self._tell())

    def test_a_broken_house_rule_is_no_message(self):
        self._break(severity="policy")
        self.assertFalse(self._tell())

    def test_today_is_told_tomorrow(self):
        self._break()
        self.assertFalse(self._tell(0))
        self.assertTrue(self._tell(1))

    def test_without_a_responsible_nobody_is_told(self):
        self.env.company.collection_compliance_user_id = False
        self._break()
        self.assertFalse(self._tell())

    def test_another_companys_incidents_are_not_told(self):
        second = self._create_creditor("Second Creditor")
        second.collection_compliance_user_id = self.second
        self.env.company.collection_compliance_user_id = False
        self._break()
        self.assertFalse(self._tell())

    def test_the_task_of_an_incident_is_the_responsibles_as_well(self):
        self._break()
        self.assertEqual(self.case.activity_ids.user_id, self.second)
