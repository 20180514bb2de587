from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user
from odoo.tools import SQL

from .common import CollectionCommon

# The columns of OCA's account_credit_control for Odoo 19 that are read.
CREDIT_CONTROL = """
    CREATE TABLE credit_control_policy (
        id serial PRIMARY KEY, name varchar, company_id integer, active boolean,
        do_nothing boolean);
    CREATE TABLE credit_control_policy_level (
        id serial PRIMARY KEY, policy_id integer, name jsonb, level integer,
        computation_mode varchar, delay_days integer, channel varchar,
        custom_mail_text jsonb);
    CREATE TABLE credit_control_line (
        id serial PRIMARY KEY, move_line_id integer, policy_level_id integer,
        date date, date_sent date, state varchar, channel varchar);
    ALTER TABLE res_partner ADD credit_policy_id integer,
        ADD payment_responsible_id integer, ADD payment_next_action text,
        ADD payment_next_action_date date;
    ALTER TABLE account_move ADD credit_policy_id integer;
    ALTER TABLE res_company ADD credit_policy_id integer;
    INSERT INTO credit_control_policy VALUES
        (1, 'Three Times', NULL, TRUE, FALSE), (2, 'Nothing', NULL, TRUE, TRUE);
    INSERT INTO credit_control_policy_level VALUES
        (1, 1, '{"en_US": "Friendly"}', 1, 'net_days', 10, 'email',
         '{"en_US": "<p>Please pay</p><script>x()</script>"}'),
        (2, 1, '{"en_US": "Firm"}', 2, 'previous_date', 20, 'letter', NULL),
        (3, 1, '{"en_US": "Call"}', 3, 'end_of_month', 45, 'phone', NULL);
"""
# What many a program puts on customers, the rest of which means nothing here.
PARTNER_FIELDS = """
    ALTER TABLE res_partner ADD payment_responsible_id integer,
        ADD payment_next_action text, ADD payment_next_action_date date,
        ADD payment_note text, ADD manual_followup boolean,
        ADD payment_next_action_type varchar;
"""
# Those of Odoo's follow-up.
FOLLOW_UP = """
    CREATE TABLE account_followup_followup_line (
        id serial PRIMARY KEY, name jsonb, delay integer, company_id integer,
        send_email boolean);
    ALTER TABLE res_partner ADD followup_responsible_id jsonb,
        ADD followup_next_action_date jsonb;
    ALTER TABLE account_move_line ADD followup_line_id integer,
        ADD last_followup_date date;
"""


class TestTakeover(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls.other = cls._create_debtor("Bolt")
        cls.move = cls._create_overdue_invoice(cls.debtor, 40)
        cls.small = cls._create_overdue_invoice(cls.other, 12)
        cls.collector = new_test_user(
            cls.env,
            login="taker",
            groups="base.group_user,collections_mgmt.group_collection_collector",
            company_id=cls.env.company.id,
        )

    def setUp(self):
        super().setUp()
        self.line = self._get_receivable_lines(self.move)

    def _fill_credit_control(self):
        self.env.flush_all()
        self.cr.execute(CREDIT_CONTROL)
        self.cr.execute(
            """
            UPDATE res_company SET credit_policy_id = 1 WHERE id = %(company)s;
            UPDATE res_partner SET credit_policy_id = 1, payment_responsible_id =
                %(user)s, payment_next_action = 'Ask for the cheque',
                payment_next_action_date = '2026-03-20' WHERE id = %(debtor)s;
            INSERT INTO credit_control_line
                (move_line_id, policy_level_id, date, date_sent, state, channel)
            VALUES (%(line)s, 1, '2026-02-14', '2026-02-15', 'sent', 'email'),
                   (%(line)s, 2, '2026-03-06', '2026-03-07', 'sent', 'letter'),
                   (%(line)s, 3, '2026-03-15', NULL, 'email_error', 'phone')
            """,
            {
                "company": self.env.company.id,
                "user": self.collector.id,
                "debtor": self.debtor.id,
                "line": self.line.id,
            },
        )

    def _take_over(self, **values):
        wizard = self.env["collection.takeover"].create(
            {"source": "account_credit_control", **values}
        )
        wizard.action_take_over()
        return wizard

    def test_levels_become_stages_and_texts_templates(self):
        self._fill_credit_control()
        self._take_over()
        strategy = self.env.company.collection_strategy_id
        self.assertEqual(strategy.name, "Three Times")
        self.assertEqual(strategy.company_id, self.env.company)
        self.assertRecordValues(
            strategy.stage_ids.sorted("days"),
            [
                {"name": "Friendly", "days": 10, "minimum_days": 0},
                {"name": "Firm", "days": 30, "minimum_days": 20},
                {"name": "Call", "days": 60, "minimum_days": 30},
            ],
        )
        steps = strategy.stage_ids.sorted("days").step_ids
        self.assertEqual(steps.mapped("channel"), ["email", "letter", "task"])
        self.assertIn("Please pay", steps[0].template_id.body_html)
        self.assertNotIn("script", steps[0].template_id.body_html)
        self.assertIn("object.items_table", steps[0].template_id.body_html)

    def test_items_go_on_where_they_stood(self):
        self._fill_credit_control()
        self._take_over()
        strategy = self.env.company.collection_strategy_id
        firm = strategy.stage_ids.filtered(lambda stage: stage.name == "Firm")
        item = self._items(self.move)
        self.assertRecordValues(
            item,
            [
                {
                    "stage_id": firm.id,
                    "passed_stage_id": firm.id,
                    "stage_date": self.today - timedelta(days=9),
                }
            ],
        )
        self.assertFalse(self._items(self.small).stage_id)
        self._plan()
        self.assertEqual(self._case(self.debtor).decision, "wait")
        self.assertEqual(self._case(self.other).decision, "send")

    def test_the_stages_of_the_other_program_are_told_on_its_days(self):
        self._fill_credit_control()
        with self._day(0):
            self._pay(self.move, 40)
        self._take_over()
        item = self._items(self.move)

        def told(days):
            line = self.env["collection.history"].search(
                [
                    ("item_id", "=", item.id),
                    ("as_of", "=", self.today + timedelta(days=days)),
                ]
            )
            return line.stage_id.name, line.amount_residual

        self.assertEqual(told(-30), (False, 0), "Nobody had reminded of it yet.")
        self.assertEqual(told(-29), ("Friendly", 100))
        self.assertEqual(told(-10), ("Friendly", 100))
        self.assertEqual(told(-9), ("Firm", 100))
        self.assertEqual(told(-1), ("Firm", 100))
        self.assertEqual(told(0), ("Firm", 60), "Paid in part that day.")

    def test_a_failed_reminder_of_the_other_program_is_none(self):
        self._fill_credit_control()
        self._take_over()
        history = self._case(self.debtor).message_ids.mapped("body")
        self.assertFalse([body for body in history if "2026-03-15" in body])

    def test_collectors_actions_and_history_come_along(self):
        self._fill_credit_control()
        wizard = self._take_over()
        case = self._case(self.debtor)
        self.assertEqual(self.debtor.collection_agent_id, self.collector)
        self.assertEqual(case.agent_id, self.collector)
        self.assertEqual(case.activity_ids.summary, "Ask for the cheque")
        self.assertEqual(str(case.activity_ids.date_deadline), "2026-03-20")
        self.assertEqual(str(case.date_last_contact), "2026-03-07")
        [history] = [body for body in case.message_ids.mapped("body") if "Firm" in body]
        self.assertIn("2026-02-15", history)
        self.assertIn(self.move.name, history)
        self.assertIn("Strategies: 1, with 3 stages.", wizard.report)
        self.assertIn("Stages to look at: 1", wizard.report)

    def test_a_collector_without_the_right_is_not_taken_over_and_the_report_says_so(
        self,
    ):
        self._fill_credit_control()
        group = self.env.ref("collections_mgmt.group_collection_collector")
        self.collector.group_ids -= group
        wizard = self._take_over()
        self.assertFalse(self.debtor.collection_agent_id)
        self.assertFalse(self._case(self.debtor).agent_id)
        self.assertIn("Debtors left without a collector: 1", wizard.report)
        self.collector.group_ids += group
        wizard = self._take_over(make_default=False)
        self.assertEqual(self.debtor.collection_agent_id, self.collector)
        self.assertNotIn("left without a collector", wizard.report)

    def test_whom_the_other_program_left_alone_gets_a_stop(self):
        self._fill_credit_control()
        self.cr.execute(
            "UPDATE res_partner SET credit_policy_id = 2 WHERE id = %s",
            [self.other.id],
        )
        self._take_over()
        self.assertEqual(self.other.collection_hold_ids.mapped("kind"), ["other"])
        self.assertFalse(self.debtor.collection_hold_ids)

    def test_what_another_company_leaves_alone_is_followed_here(self):
        self._fill_credit_control()
        other = self._create_creditor("Subsidiary")
        self.cr.execute(
            """
            UPDATE credit_control_policy SET company_id = %s WHERE id = 2;
            UPDATE res_partner SET credit_policy_id = 2 WHERE id = %s
            """,
            [other.id, self.other.id],
        )
        self._take_over()
        self.assertFalse(self.other.collection_hold_ids)

    def test_a_dry_run_says_the_same_and_leaves_nothing(self):
        self._fill_credit_control()
        strategy = self.env.company.collection_strategy_id
        wizard = self.env["collection.takeover"].create(
            {"source": "account_credit_control"}
        )
        wizard.action_preview()
        report = wizard.report
        self.assertEqual(self.env.company.collection_strategy_id, strategy)
        self.assertFalse(
            self.env["collection.strategy"].search([("name", "=", "Three Times")])
        )
        self.assertFalse(self.debtor.collection_agent_id)
        wizard.action_take_over()
        self.assertEqual(wizard.report, report)

    def test_taking_over_twice_changes_nothing(self):
        self._fill_credit_control()
        self._take_over()
        before = len(self._case(self.debtor).message_ids)
        self.debtor.collection_agent_id = self.user
        wizard = self._take_over(make_default=False)
        self.assertEqual(wizard.report, "Nothing new to take over.")
        self.assertEqual(len(self._case(self.debtor).message_ids), before)
        self.assertEqual(self.debtor.collection_agent_id, self.user)
        self.assertEqual(
            self.env["collection.strategy"].search_count(
                [("name", "=", "Three Times")]
            ),
            1,
        )

    def test_what_this_suite_told_is_not_overwritten(self):
        self._fill_credit_control()
        self._sync_only()
        self._stand(self.move, self.stage_final, 3)
        self._take_over()
        self.assertEqual(self._items(self.move).stage_id, self.stage_final)

    def test_odoo_follow_up_is_read_too(self):
        self.env.flush_all()
        self.cr.execute(FOLLOW_UP)
        company_id = self.env.company.id
        self.cr.execute(
            """
            INSERT INTO account_followup_followup_line VALUES
                (1, '{"en_US": "First"}', 15, %(company)s, TRUE),
                (2, '{"en_US": "Second"}', 30, %(company)s, FALSE),
                (3, '{"en_US": "Foreign"}', 1, %(company)s + 1, TRUE);
            UPDATE res_partner SET
                followup_responsible_id = jsonb_build_object(%(key)s, %(user)s),
                followup_next_action_date = jsonb_build_object(%(key)s, '2026-04-01')
             WHERE id = %(debtor)s;
            UPDATE account_move_line SET followup_line_id = 1,
                last_followup_date = '2026-03-01' WHERE id = %(line)s
            """,
            {
                "company": company_id,
                "key": str(company_id),
                "user": self.collector.id,
                "debtor": self.debtor.id,
                "line": self.line.id,
            },
        )
        self._take_over(source="account_followup")
        strategy = self.env.company.collection_strategy_id
        self.assertEqual(
            [
                (stage.name, stage.days, stage.step_ids.channel)
                for stage in strategy.stage_ids.sorted("days")
            ],
            [("First", 15, "email"), ("Second", 30, "task")],
        )
        self.assertEqual(self._items(self.move).stage_id.name, "First")
        case = self._case(self.debtor)
        self.assertEqual(case.agent_id, self.collector)
        self.assertEqual(str(case.activity_ids.date_deadline), "2026-04-01")

    def _fill_partner_fields(self, **values):
        self.env.flush_all()
        self.cr.execute(PARTNER_FIELDS)
        values = {
            "payment_responsible_id": self.collector.id,
            "payment_next_action": "Ask for the cheque\nat the front desk",
            "payment_next_action_date": "2026-03-20",
            "payment_note": "Pays after a call <b>",
            **values,
        }
        for name, value in values.items():
            self.cr.execute(
                SQL(
                    "UPDATE res_partner SET %s = %s WHERE id = %s",
                    *(SQL.identifier(name), value, self.debtor.id),
                )
            )

    def test_fields_on_customers_are_read_without_their_program(self):
        self._fill_partner_fields()
        self._take_over(source="partner_fields")
        case = self._case(self.debtor)
        self.assertEqual(self.debtor.collection_agent_id, self.collector)
        self.assertEqual(case.activity_ids.summary, "Ask for the cheque")
        self.assertIn("at the front desk", case.activity_ids.note)
        self.assertEqual(str(case.activity_ids.date_deadline), "2026-03-20")
        bodies = " ".join(case.message_ids.mapped("body"))
        self.assertIn("Pays after a call &lt;b&gt;", bodies)
        self.assertTrue(self.env.company.collection_strategy_id, "It stays as it was.")

    def test_an_action_without_a_date_is_for_today(self):
        self._fill_partner_fields(payment_next_action_date=None)
        self._take_over(source="partner_fields")
        activity = self._case(self.debtor).activity_ids
        self.assertEqual(activity.date_deadline, self.today)

    def test_fields_on_customers_are_read_beside_another_program(self):
        self._fill_partner_fields()
        self.cr.execute(FOLLOW_UP)
        self.cr.execute(
            "INSERT INTO account_followup_followup_line VALUES (1, %s, 15, %s, TRUE)",
            ['{"en_US": "First"}', self.env.company.id],
        )
        self._take_over(source="account_followup")
        case = self._case(self.debtor)
        self.assertEqual(self.debtor.collection_agent_id, self.collector)
        self.assertEqual(case.activity_ids.summary, "Ask for the cheque")

    def test_the_dry_run_lists_what_is_not_taken(self):
        self._fill_partner_fields(manual_followup=True, payment_next_action_type="call")
        wizard = self.env["collection.takeover"].create({"source": "partner_fields"})
        wizard.action_preview()
        for sentence in (
            "Notes on cases: 1.",
            "Not taken over: manual_followup (customers: 1).",
            "Not taken over: payment_next_action_type (customers: 1).",
        ):
            self.assertIn(sentence, wizard.report)
        self.assertNotIn("latest_followup_date", wizard.report)

    def test_notes_are_taken_once(self):
        self._fill_partner_fields()
        self._take_over(source="partner_fields")
        before = len(self._case(self.debtor).message_ids)
        wizard = self._take_over(source="partner_fields")
        self.assertEqual(len(self._case(self.debtor).message_ids), before)
        self.assertIn("Nothing new to take over.", wizard.report)

    def test_without_another_program_a_sentence_says_so(self):
        wizard = Form(self.env["collection.takeover"]).save()
        with self.assertRaisesRegex(UserError, "nothing to take over"):
            wizard.action_preview()

    def test_only_managers_take_over(self):
        self._fill_credit_control()
        with self.assertRaises(AccessError):
            self.env["collection.takeover"].with_user(self.collector).create(
                {"source": "account_credit_control"}
            )
