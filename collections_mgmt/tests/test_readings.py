"""Where a law can be read in two ways, exactly one of them holds for a company."""

from odoo.exceptions import ValidationError
from odoo.tests import TransactionCase, tagged

from .gate_common import GateCommon

# Which rules stand in for which, by question.
READINGS = {
    "Q1": {"cl_callvisit_cap": ["q1"], "cl_msg_cap": ["q1"]},
    "Q2": {"cl_callvisit_cap": ["q2"]},
    "Q3": {"cl_msg_gap": ["q3"]},
    "Q4": {"cl_msg_window": ["q4"]},
    "Q5": {"co_all_one_channel": 5},
    "Q6": {},
    "Q7": {"co_all_cap_day": ["q7"], "co_all_one_channel": ["q7"]},
    "Q8": {"ec_b2c_cap": 4},
    "Q9": {name: ["q9"] for name in ("cl_callvisit_cap", "cl_msg_cap", "cl_msg_gap")},
    "Q10": {},
}


@tagged("post_install", "-at_install")
class TestReadings(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company.root_id
        cls.company.collection_question_ids = False
        cls.questions = cls.env["collection.contact.question"].search([])
        cls.rules = cls.env["collection.contact.rule"]

    def _get_rules(self, *codes):
        self.company.collection_question_ids = self.questions.filtered(
            lambda question: question.code in codes
        )
        return self.rules._get_rules_of(self.company, self.env.cr.now().date())

    def _ref(self, name):
        return self.env.ref(f"collections_mgmt.contact_rule_{name}")

    def test_each_question_of_the_research_is_a_setting(self):
        self.assertEqual(set(self.questions.mapped("code")), set(READINGS))

    def test_by_default_every_law_is_read_strictly(self):
        rules = self._get_rules()
        self.assertFalse(rules.question_id)
        for code, replaced in READINGS.items():
            for name in replaced:
                self.assertIn(self._ref(name), rules, code)

    def test_of_each_two_readings_exactly_one_applies(self):
        strict_rules = self._get_rules()
        for code, replaced in READINGS.items():
            with self.subTest(code):
                rules = self._get_rules(code)
                gone, new = strict_rules - rules, rules - strict_rules
                self.assertEqual(gone, self.rules.union(*map(self._ref, replaced)))
                self.assertEqual(set(new.question_id.mapped("code")) - {code}, set())
                for name, others in replaced.items():
                    of_rule = new.filtered(
                        lambda r, n=name: r.strict_id == self._ref(n)
                    )
                    count = others if isinstance(others, int) else len(others)
                    self.assertEqual(len(of_rule), count, name)

    def test_of_several_other_readings_of_a_rule_all_apply(self):
        rules = self._get_rules("Q1", "Q2")
        strict = self._ref("cl_callvisit_cap")
        self.assertNotIn(strict, rules)
        self.assertEqual(len(rules.filtered(lambda rule: rule.strict_id == strict)), 2)

    def test_one_company_chooses_for_itself(self):
        other = self.env["res.company"].create({"name": "Other"})
        self._get_rules("Q1")
        rules = self.rules._get_rules_of(other, self.env.cr.now().date())
        self.assertIn(self._ref("cl_callvisit_cap"), rules)

    def test_neither_reading_can_be_archived_alone(self):
        strict = self._ref("cl_msg_gap")
        both = strict | strict.reading_ids
        for rule in both:
            with self.subTest(rule.name), self.assertRaises(ValidationError):
                rule.active = False
                rule.flush_recordset()
            self.env.invalidate_all()
        both.active = False
        both.active = True

    def test_a_reading_that_is_not_valid_yet_takes_no_rule_away(self):
        other = self._ref("cl_msg_gap_lenient_q3")
        other.with_context(install_mode=True).date_from = "2999-01-01"
        self.assertIn(self._ref("cl_msg_gap"), self._get_rules("Q3"))

    def test_a_rule_that_stands_in_for_another_says_by_which_reading(self):
        names = self._ref("cl_msg_gap_lenient_q3").read(["question_id", "strict_id"])
        self.assertTrue(all(names[0].values()))


class TestSharedBudget(GateCommon):
    def test_contacts_of_all_companies_count_where_that_is_chosen(self):
        self._create_overdue_invoice(self.debtor, 5)
        second = self._create_creditor("Second Creditor")
        self._create_overdue_invoice(self.debtor, 5, company=second)
        self._plan(companies=second)
        self._deliver_ready()
        self._create_cap(1)
        self.assertEqual(self._judge().result, "allow")
        question = self.env.ref("collections_mgmt.question_q10")
        self.env.company.collection_question_ids = question
        self.assertEqual(self._judge().result, "defer")
