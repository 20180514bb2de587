from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import call_kw
from odoo.tests import Form, new_test_user
from odoo.tools.safe_eval import safe_eval

from .common import CollectionCommon
from .team_common import TeamCommon

VIEWS = {
    "collection_case_action": {
        *("list", "kanban", "form", "calendar"),
        *("activity", "pivot", "graph", "search"),
    },
    "collection_case_worklist_action": {
        *("list", "kanban", "form", "calendar"),
        *("activity", "pivot", "graph", "search"),
    },
    "collection_item_action": {"list", "kanban", "pivot", "search"},
    "collection_contact_action": {"list", "kanban", "form", "search"},
    "collection_contact_review_action": {"list", "kanban", "form", "search"},
    "collection_preview_action": {"form", "search"},
    "collection_run_action": {"list", "form", "search"},
    "collection_strategy_action": {"list", "form", "search"},
    "collection_contact_rule_action": {"list", "form", "search"},
    "collection_holiday_action": {"list", "search"},
    "collection_forbidden_word_action": {"list", "search"},
    "collection_retention_action": {"list", "search"},
    "collection_dispute_action": {
        *("list", "kanban", "calendar", "pivot", "form", "search"),
    },
    "collection_dispute_action_measures": {"pivot", "graph", "list", "form", "search"},
    "collection_dispute_reason_action": {"list", "search"},
    "collection_item_hold_action": {"list", "kanban", "calendar", "form", "search"},
    "collection_item_hold_action_verify": {
        *("list", "kanban", "calendar", "form", "search"),
    },
    "collection_hold_reason_action": {"list", "search"},
    "collection_compliance_action": {"pivot", "graph", "list", "search"},
    "collection_outcome_action": {"list", "search"},
    "collection_takeover_action": {"form", "search"},
    "collection_as_of_action": {"form", "search"},
    "collection_promise_action": {"list", "kanban", "calendar", "form", "search"},
    "collection_evidence_head_action": {"list", "search"},
    "collection_hold_action": {"list", "form", "search"},
    "collection_team_action": {"list", "form", "search"},
    "collection_team_member_action": {"kanban", "list", "search"},
    "collection_case_portfolio_action": {"pivot", "graph", "list", "form", "search"},
    "collection_absence_action": {"list", "calendar", "search"},
    "collection_assignment_rule_action": {"list", "form", "search"},
    "collection_assignment_action": {"list", "kanban", "search"},
    "collection_escalation_rule_action": {"list", "form", "search"},
    "collection_escalation_action": {"list", "kanban", "search"},
    "collection_consent_action": {"list", "form", "search"},
    "collection_incoming_action": {"list", "form", "search"},
}
FOR_ALL = {
    "collection_incoming_action",
    "collection_case_action",
    "collection_item_action",
    "collection_as_of_action",
    "collection_contact_action",
    "collection_promise_action",
    "collection_dispute_action",
    "collection_dispute_action_measures",
    "collection_item_hold_action",
    "collection_item_hold_action_verify",
    "collection_hold_action",
    "collection_consent_action",
    "collection_team_member_action",
    "collection_case_portfolio_action",
    "collection_absence_action",
    "collection_assignment_action",
    "collection_escalation_action",
}
FOR_COLLECTORS = FOR_ALL | {
    "collection_contact_review_action",
    "collection_case_worklist_action",
}
FOR_VIEWERS = FOR_ALL | {"collection_run_action"}
FOR_MANAGERS = (
    FOR_COLLECTORS
    | FOR_VIEWERS
    | {"collection_strategy_action", "collection_preview_action"}
    | {"collection_contact_rule_action", "collection_holiday_action"}
    | {"collection_forbidden_word_action", "collection_retention_action"}
    | {"collection_team_action", "collection_assignment_rule_action"}
    | {"collection_escalation_rule_action"}
    | {"collection_evidence_head_action"}
    | {"collection_outcome_action", "collection_dispute_reason_action"}
    | {"collection_hold_reason_action"}
    | {"collection_takeover_action", "collection_compliance_action"}
)


class TestScreens(TeamCommon):
    """Every screen opens for those who see its menu, and keeps what is entered."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls._create_overdue_invoice(cls.debtor, 5)
        cls._create_contact_limits(cls.debtor)
        cls.team = cls._create_team_records(
            cls.debtor, cls.user, cls._create_collector("other"), cls.user
        )

    def _create_user(self, group, **values):
        return new_test_user(
            self.env,
            login=f"user_{group}",
            groups=f"base.group_user,{group}",
            company_id=self.env.company.id,
            **values,
        )

    def _get_actions(self, user):
        """Return the names of the actions of the menus a user sees."""
        menus = self.env["ir.ui.menu"].with_user(user).load_menus(False)
        root = self.env.ref("collections_mgmt.menu_collection_root").id
        actions = [
            self.env[menu["action_model"]].browse(menu["action_id"])
            for menu in menus.values()
            if menu.get("app_id") == root and menu.get("action_id")
        ]
        external_ids = [action.get_external_id()[action.id] for action in actions]
        prefix = "collections_mgmt."
        return {
            name.removeprefix(prefix)
            for name in external_ids
            if name.startswith(prefix)
        }

    def test_each_role_sees_the_menus_of_its_work(self):
        for group, actions in (
            ("collections_mgmt.group_collection_viewer", FOR_VIEWERS),
            ("collections_mgmt.group_collection_collector", FOR_COLLECTORS),
            (
                "collections_mgmt.group_collection_collector_all",
                FOR_COLLECTORS | FOR_VIEWERS,
            ),
            ("collections_mgmt.group_collection_manager", FOR_MANAGERS),
            ("account.group_account_manager", set()),
        ):
            with self.subTest(group):
                self.assertEqual(self._get_actions(self._create_user(group)), actions)

    def test_each_screen_opens_with_its_records_for_each_role(self):
        self._run()
        self._create_promise(self._case(self.debtor).item_ids.move_id)
        self._create_dispute(self._case(self.debtor).item_ids.move_id)
        self._create_hold(self._case(self.debtor).item_ids.move_id, "announced")
        self._create_incoming(self._case(self.debtor))
        self.env["collection.contact.event"]._seal(self.env.company)
        for group in ("viewer", "collector", "collector_all", "manager"):
            user = self._create_user(f"collections_mgmt.group_collection_{group}")
            if group != "viewer":  # to see what they carry themselves
                self.team.member_ids = [Command.create({"user_id": user.id})]
            for name in self._get_actions(user):
                with self.subTest(group=group, action=name):
                    self._open_action(user, name)

    def _open_action(self, user, name):
        """Load an action's views and records, as the web client does."""
        action = (
            self.env["ir.actions.actions"]
            .with_user(user)
            ._for_xml_id(f"collections_mgmt.{name}")
        )
        model = self.env[action["res_model"]].with_user(user)
        loaded = call_kw(
            model,
            "get_views",
            [],
            {
                "views": [*action["views"], (False, "search")],
                "options": {"toolbar": True},
            },
        )
        self.assertEqual(set(loaded["views"]), VIEWS[name])
        records = (
            model.create({})  # a dialog opens on a new record
            if model._transient
            else model.with_context(active_test=False).search([])
        )
        self.assertTrue(records)
        fields = {field: {} for field in loaded["models"][model._name]["fields"]}
        self.assertTrue(call_kw(model, "web_read", [records.ids, fields], {}))

    def test_every_filter_of_a_search_view_can_be_used(self):
        self._run()
        for model in (
            *("case", "item", "history", "contact", "strategy"),
            *("contact_rule", "hold", "consent", "incoming"),
        ):
            view = self.env.ref(f"collections_mgmt.collection_{model}_view_search")
            records = self.env[f"collection.{model.replace('_', '.')}"]
            arch = records._get_view(view.id, "search")[0]
            for node in arch.xpath("//filter[@domain]"):
                with self.subTest(model=model, filter=node.get("name")):
                    domain = safe_eval(node.get("domain"), {"uid": self.env.uid})
                    records.search(domain)
            for node in arch.xpath("//filter[@context]"):
                with self.subTest(model=model, group=node.get("name")):
                    group = safe_eval(node.get("context"))["group_by"]
                    group = f"{group}:month" if group.endswith("date") else group
                    records.formatted_read_group([], [group], ["__count"])

    def test_the_buttons_open_what_they_name(self):
        run = self._plan()
        case, contact = self._case(self.debtor), run.contact_ids
        move = case.item_ids.move_id
        for record, method, expected in (
            (case, "action_open_partner", self.debtor),
            (case.item_ids, "action_open_move", move),
            (move, "action_open_collection_case", case),
            (self.debtor, "action_open_collection_case", case),
        ):
            with self.subTest(method):
                action = getattr(record, method)()
                self.assertEqual(
                    self.env[action["res_model"]].browse(action["res_id"]), expected
                )
        for record, method, expected in (
            (run, "action_open_contacts", contact),
            (run.decision_ids, "action_open_cases", case),
            (case, "action_open_items", case.item_ids),
            (case, "action_open_history", self.env["collection.history"].search([])),
        ):
            with self.subTest(method):
                action = getattr(record, method)()
                self.assertEqual(
                    self.env[action["res_model"]].search(action["domain"]), expected
                )

    def test_run_now_plans_and_shows_the_run(self):
        action = self.env.ref("collections_mgmt.action_collection_run_now").run()
        run = self.env[action["res_model"]].browse(action["res_id"])
        self.assertRecordValues(
            run,
            [
                {
                    "date": self.today,
                    "user_id": self.env.uid,
                    "contact_count": 1,
                    "waiting_count": 1,
                    "sent_count": 0,
                    "display_name": "Run of 03/16/2026",
                }
            ],
        )
        self.assertEqual(run.contact_ids.partner_id, self.debtor)

    # FORMS: what a manager enters is what is kept

    def test_a_strategy_with_its_stages_and_steps(self):
        with Form(self.env["collection.strategy"]) as form:
            form.name = "Wholesale"
            form.minimum_amount = 12.5
            form.minimum_gap_days = 7
            form.has_rule = True
            form.domain = "[('ref', '=', 'W')]"
            for name, days in (("Late", 5), ("Soon", -2)):
                with form.stage_ids.new() as stage:
                    stage.name = name
                    stage.days = days
                    with stage.step_ids.new() as step:
                        step.channel = "email"
                        step.template_id = self.template
        strategy = form.record
        strategy.invalidate_recordset()
        self.assertRecordValues(
            strategy, [{"minimum_amount": 12.5, "minimum_gap_days": 7, "active": True}]
        )
        self.assertRecordValues(
            strategy.stage_ids,
            [{"name": "Soon", "days": -2}, {"name": "Late", "days": 5}],
        )
        self.assertEqual(strategy.stage_ids.step_ids.template_id, self.template)

    def test_a_stage_can_be_archived_and_found_again(self):
        with Form(self.strategy) as form, form.stage_ids.edit(2) as stage:
            self.assertEqual(stage.name, "First")
            stage.active = False
        self.strategy.invalidate_recordset()
        self.assertNotIn(self.stage_first, self.strategy.stage_ids)
        shown = self.strategy.with_context(active_test=False).stage_ids
        self.assertIn(self.stage_first, shown)

    def test_a_stage_that_was_used_is_not_deleted(self):
        self._run()
        with self.assertRaises(UserError), self.cr.savepoint():
            self.stage_due.unlink()
        self.stage_final.unlink()
        self.assertFalse(self.stage_final.exists())

    def test_a_copied_strategy_has_its_own_stages_and_steps(self):
        copy = self.strategy.copy()
        self.assertEqual(
            copy.stage_ids.mapped("days"), self.strategy.stage_ids.mapped("days")
        )
        self.assertEqual(
            copy.stage_ids.step_ids.template_id,
            self.strategy.stage_ids.step_ids.template_id,
        )
        self.assertFalse(copy.stage_ids & self.strategy.stage_ids)
        self.assertEqual(len(copy.stage_ids.step_ids), 6)

    def test_a_case_can_be_given_to_a_collector_only(self):
        self._plan()
        case = self._case(self.debtor)
        with Form(case) as form:
            form.agent_id = self.user
            for name in ("state", "amount_overdue", "strategy_id", "stage_id"):
                with self.subTest(name), self.assertRaises(AssertionError):
                    setattr(form, name, False)
        self.assertEqual(case.agent_id, self.user)


class TestFieldsOnOtherScreens(CollectionCommon):
    """Invoices and partners show, and are found by, where they stand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme", collection_agent_id=cls.user.id)
        cls.child = cls._create_debtor(
            "Acme Shop", parent_id=cls.debtor.id, is_company=False
        )
        cls.other = cls._create_debtor("Bolt")
        cls.clean = cls._create_debtor("Clean")
        cls.due = cls._create_overdue_invoice(cls.debtor, 5)
        cls.later = cls._create_overdue_invoice(cls.child, -20)
        cls.old = cls._create_overdue_invoice(cls.other, 40)
        cls.draft = cls._create_overdue_invoice(cls.clean, 5)
        cls.draft.button_draft()
        cls.everything = cls.due | cls.later | cls.old | cls.draft

    def setUp(self):
        super().setUp()
        self._sync_only()
        self._stand(self.old, self.stage_first, 1)
        self._stand(self.due, self.stage_due, 1)
        self._plan()

    def test_an_invoice_shows_where_it_stands(self):
        case = self._case(self.debtor)
        self.assertRecordValues(
            self.due | self.later,
            [
                {
                    "collection_case_id": case.id,
                    "collection_stage_id": stage.id,
                    "collection_agent_id": self.user.id,
                    "collection_next_action_date": self.today + timedelta(days=2),
                    "collection_status": "Next: “First” on 03/18/2026.",
                }
                for stage in (self.stage_due, self.stage_due.browse())
            ],
        )
        self.assertRecordValues(
            self.draft,
            [{"collection_case_id": False, "collection_status": False}],
        )

    def test_an_invoice_shows_the_highest_stage_of_its_instalments(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "Halves",
                "line_ids": [
                    Command.create({"value_amount": 50, "nb_days": days})
                    for days in (0, 10)
                ],
            }
        )
        move = self._create_overdue_invoice(
            self.clean, 5, invoice_payment_term_id=term.id
        )
        self._sync_only()
        first, second = self._items(move).sudo()
        first.stage_id, second.stage_id = self.stage_second, self.stage_first
        self.assertEqual(move.collection_stage_id, self.stage_second)
        first.state = "closed"
        self.assertEqual(move.collection_stage_id, self.stage_first)

    def test_a_paid_invoice_shows_nothing(self):
        self._pay(self.old)
        self._plan()
        self.assertRecordValues(
            self.old,
            [
                {
                    "collection_case_id": False,
                    "collection_stage_id": False,
                    "collection_next_action_date": False,
                    "collection_status": False,
                }
            ],
        )

    def _search(self, model, universe, field, operator, value):
        domain = Domain(field, operator, value) & Domain("id", "in", universe.ids)
        return self.env[model].search(domain)

    def test_invoices_are_found_by_case_stage_collector_and_date(self):
        due, later, old, draft = self.due, self.later, self.old, self.draft
        case, stage = self._case(self.debtor), self.stage_due
        day = self.today + timedelta(days=2)
        table = [
            ("collection_case_id", "=", case.id, due | later),
            ("collection_case_id", "!=", case.id, old | draft),
            ("collection_case_id", "in", [case.id, False], due | later | draft),
            ("collection_case_id", "not in", [case.id, False], old),
            ("collection_case_id", "ilike", "acme", due | later),
            ("collection_case_id", "=", False, draft),
            ("collection_case_id", "!=", False, due | later | old),
            ("collection_stage_id", "=", stage.id, due),
            ("collection_stage_id", "!=", stage.id, later | old | draft),
            ("collection_stage_id", "in", [stage.id, self.stage_first.id], due | old),
            ("collection_stage_id", "=", False, later | draft),
            ("collection_stage_id", "!=", False, due | old),
            ("collection_stage_id", "ilike", "firs", old),
            ("collection_agent_id", "ilike", self.user.name, due | later),
            ("collection_agent_id", "=", self.user.id, due | later),
            ("collection_agent_id", "!=", self.user.id, old | draft),
            ("collection_agent_id", "=", False, old | draft),
            ("collection_agent_id", "!=", False, due | later),
            ("collection_next_action_date", "=", day, due | later),
            ("collection_next_action_date", "!=", day, old | draft),
            ("collection_next_action_date", ">", day, old),
            ("collection_next_action_date", ">=", day, due | later | old),
            ("collection_next_action_date", "<", day, due.browse()),
            ("collection_next_action_date", "<=", day, due | later),
            ("collection_next_action_date", "=", False, draft),
        ]
        self.assertEqual(
            self._case(self.other).next_action_date, self.today + timedelta(days=4)
        )
        for field, operator, value, expected in table:
            with self.subTest(field=field, operator=operator, value=value):
                found = self._search(
                    "account.move", self.everything, field, operator, value
                )
                self.assertEqual(set(found), set(expected))

    def test_the_answers_of_a_search_agree_with_what_is_shown(self):
        """Filtering in Python and searching in the database give the same invoices."""
        for field in (
            "collection_case_id",
            "collection_stage_id",
            "collection_agent_id",
            "collection_next_action_date",
        ):
            for operator in ("=", "!="):
                with self.subTest(field=field, operator=operator):
                    found = self._search(
                        "account.move", self.everything, field, operator, False
                    )
                    shown = self.everything.filtered(
                        lambda move, field=field, operator=operator: (
                            bool(move[field]) == (operator == "!=")
                        )
                    )
                    self.assertEqual(set(found), set(shown))

    def test_a_partner_shows_the_case_of_its_commercial_entity(self):
        case = self._case(self.debtor)
        self.assertEqual(self.debtor.collection_case_id, case)
        self.assertEqual(self.child.collection_case_id, case)
        self.assertEqual(self.child.collection_amount_overdue, 100.0)
        self.assertFalse(self.clean.collection_case_id)
        self.assertEqual(self.clean.collection_amount_overdue, 0.0)

    def test_partners_are_found_by_their_case(self):
        universe = self.debtor | self.child | self.other | self.clean
        case = self._case(self.debtor)
        for operator, value, expected in (
            ("=", case.id, self.debtor | self.child),
            ("!=", case.id, self.other | self.clean),
            ("in", [case.id, False], self.debtor | self.child | self.clean),
            ("not in", [case.id], self.other | self.clean),
            ("=", False, self.clean),
            ("!=", False, self.debtor | self.child | self.other),
            ("ilike", "acme", self.debtor | self.child),
        ):
            with self.subTest(operator=operator, value=value):
                found = self._search(
                    "res.partner", universe, "collection_case_id", operator, value
                )
                self.assertEqual(set(found), set(expected))

    def test_records_are_found_by_the_name_they_show(self):
        self._run(10)
        for records in (
            self._case(self.debtor),
            self._items(self.due),
            self._contacts(self.debtor),
            self.strategy,
            self.stage_first,
            self.stage_first.step_ids,
        ):
            others = records.search([("id", "not in", records.ids)])
            with self.subTest(records._name):
                self.assertTrue(others)
                name = records[0].display_name.split(" · ")[-1].split(": ")[0]
                found = [record_id for record_id, _name in records.name_search(name)]
                self.assertIn(records[0].id, found)
                self.assertLess(len(found), len(records | others))

    def test_cases_are_found_by_whether_they_need_a_person(self):
        self._stand(self.old, self.stage_call, 5)
        self._plan()
        Case = self.env["collection.case"]
        for operator, value, expected in (
            ("=", True, self._case(self.other)),
            ("!=", True, self._case(self.debtor)),
            ("=", False, self._case(self.debtor)),
        ):
            with self.subTest(operator=operator, value=value):
                self.assertEqual(
                    Case.search([("needs_person", operator, value)]), expected
                )
