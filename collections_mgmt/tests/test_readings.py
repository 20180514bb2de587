"""Where a law can be read in two ways, exactly one of them holds for a company."""

from odoo.exceptions import ValidationError
from odoo.modules.migration import load_script
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL, file_path

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


@tagged("post_install", "-at_install")
class TestUpgrade(TransactionCase):
    """A database in which readings had no questions yet."""

    def setUp(self):
        super().setUp()
        self.companies = self.env["res.company"].search([("parent_id", "=", False)])
        self.companies.collection_question_ids = False
        rules = self.env["collection.contact.rule"].with_context(active_test=False)
        self.readings = rules.search([("question_id", "!=", False)])
        self.links = {
            rule: (rule.question_id, rule.strict_id) for rule in self.readings
        }
        self._set(self.readings, "strict_id", None)
        self._set(self.readings, "question_id", None)
        self._set(self.readings, "active", False)

    def _ref(self, name):
        return self.env.ref(f"collections_mgmt.contact_rule_{name}")

    def _set(self, rules, column, value):
        """Change rules as an older version of the module left them."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE collection_contact_rule SET %s = %s WHERE id = ANY(%s)",
                SQL.identifier(column),
                value,
                rules.ids,
            )
        )
        self.env.invalidate_all()

    def _choose(self, strict, *others):
        """Read a law in other ways, as one did before: by archiving the strict rule."""
        self._set(self._ref(strict), "active", False)
        for other in others:
            self._set(self._ref(f"{strict}_lenient_{other}"), "active", True)

    def _upgrade(self):
        script = file_path(
            "collections_mgmt/migrations/19.0.1.1.0/post-link_readings.py"
        )
        load_script(script, "link_readings").migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()

    def _get_chosen(self):
        return set(self.companies[0].collection_question_ids.mapped("code"))

    def test_every_reading_has_its_question_and_its_rule(self):
        self._upgrade()
        for rule, links in self.links.items():
            self.assertEqual((rule.question_id, rule.strict_id), links, rule.name)
        self.assertTrue(all(self.readings.mapped("active")))
        self.assertTrue(all(self.readings.strict_id.mapped("active")))
        self.assertFalse(self._get_chosen(), "Nobody had chosen another reading.")

    def test_what_was_chosen_by_hand_is_an_answer(self):
        self._choose("cl_msg_gap", "q3")
        self._upgrade()
        self.assertEqual(self._get_chosen(), {"Q3"})
        self.assertTrue(self._ref("cl_msg_gap").active)
        rules = self.env["collection.contact.rule"]._get_rules_of(
            self.companies[0], self.env.cr.now().date()
        )
        self.assertIn(self._ref("cl_msg_gap_lenient_q3"), rules)
        self.assertNotIn(self._ref("cl_msg_gap"), rules)

    def test_who_read_one_rule_of_a_question_otherwise_reads_none_so(self):
        self._choose("cl_msg_cap", "q1")
        self._upgrade()
        self.assertFalse(self._get_chosen(), "Calls were counted strictly.")

    def test_a_law_that_was_archived_stays_so_in_each_reading(self):
        strict = self._ref("cl_msg_gap")
        self._set(strict, "active", False)
        self._upgrade()
        family = strict | strict.with_context(active_test=False).reading_ids
        self.assertGreater(len(family), 1)
        self.assertFalse(any(family.mapped("active")))

    def test_rules_that_stand_in_verdicts_are_linked_as_well(self):
        self._set(self.readings | self._ref("cl_msg_gap"), "is_used", True)
        self._upgrade()
        self.assertTrue(all(rule.question_id for rule in self.readings))

    def test_a_second_upgrade_changes_nothing(self):
        self._upgrade()
        self.companies.collection_question_ids = False
        strict = self._ref("cl_msg_gap")
        (strict | strict.reading_ids).active = False
        self._upgrade()
        self.assertFalse(strict.active)
        self.assertFalse(self._get_chosen())


class TestLog(GateCommon):
    """Who changes how the law is read or kept is written down, with what it was."""

    @classmethod
    def default_env_context(cls):
        # OVERRIDE: changes are told of, as outside of tests
        return {}

    def setUp(self):
        super().setUp()
        self._end_transaction()  # what is new has not changed yet

    def _get_changes(self, record):
        """Return the changes that the record's conversation tells of, with who."""
        self._end_transaction()
        values = record.message_ids.sudo().tracking_value_ids
        return [
            (value.mail_message_id.author_id, value.field_id.name, value)
            for value in values
        ]

    def test_another_reading_of_the_law(self):
        company = self.env.company
        question = self.env.ref("collections_mgmt.question_q3")
        self.env["res.config.settings"].create(
            {"collection_question_ids": question.ids}
        ).execute()
        [(author, name, value)] = self._get_changes(company)
        self.assertEqual(
            (author, name), (self.env.user.partner_id, "collection_question_ids")
        )
        self.assertFalse(value.old_value_char)
        self.assertEqual(value.new_value_char, question.display_name)
        self.assertTrue(value.create_date)

    def test_by_which_rules_a_company_collects(self):
        company = self.env.company
        for name, value in (
            ("collection_actor", "agency"),
            ("collection_regime", "card"),
            ("collection_micro_is_consumer", False),
        ):
            company[name] = value
            self.assertEqual(self._get_changes(company)[0][1], name)

    def test_what_a_rule_says_and_until_when(self):
        rule = self._create_rule("email", hours="08:00-20:00")
        self.assertFalse(self._get_changes(rule), "A new rule says it all itself.")
        for name, value in (
            ("hours", "09:00-20:00"),
            ("date_to", self.today),
            ("active", False),
            ("severity", "policy"),
        ):
            rule[name] = value
            with self.subTest(name):
                author, changed, _value = self._get_changes(rule)[0]
                self.assertEqual((author, changed), (self.env.user.partner_id, name))


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
