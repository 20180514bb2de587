from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.service.model import call_kw
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .team_common import TeamCommon

ROLES = {
    "viewer": "base.group_user,collections_mgmt.group_collection_viewer",
    "own": "base.group_user,collections_mgmt.group_collection_collector",
    "all": "base.group_user,collections_mgmt.group_collection_collector_all",
    "manager": "base.group_user,collections_mgmt.group_collection_manager",
    "internal": "base.group_user",
    "accountant": "base.group_user,account.group_account_manager",
    "portal": "base.group_portal",
}
OUTSIDERS = ("internal", "accountant", "portal")

READ, WRITE = "r", "rw"
FULL = "rwcu"
# What each role may do with each model: read, write, create, unlink.
EVERYBODY_READS = {"viewer": READ, "own": READ, "all": READ, "manager": READ}
CASE_WORK = {"viewer": READ, "own": FULL, "all": FULL, "manager": FULL}
CONFIGURATION = {**EVERYBODY_READS, "manager": FULL}
PERMISSIONS = {
    "collection.strategy": CONFIGURATION,
    "collection.stage": CONFIGURATION,
    "collection.step": CONFIGURATION,
    "collection.case": {"viewer": READ, "own": WRITE, "all": WRITE, "manager": WRITE},
    "collection.case.decision": EVERYBODY_READS,
    "collection.item": EVERYBODY_READS,
    "collection.item.version": EVERYBODY_READS,
    "collection.history": EVERYBODY_READS,
    "collection.contact": EVERYBODY_READS,
    "collection.contact.line": EVERYBODY_READS,
    "collection.contact.event": EVERYBODY_READS,
    "collection.contact.content": EVERYBODY_READS,
    "collection.evidence.head": {"manager": READ},
    "collection.retention": CONFIGURATION,
    "collection.compliance": {"manager": READ},
    "collection.run": {"viewer": READ, "all": READ, "manager": READ},
    "collection.channel": {**EVERYBODY_READS, "manager": "rwc"},
    "collection.contact.rule": CONFIGURATION,
    "collection.contact.question": EVERYBODY_READS,
    "collection.wording": CONFIGURATION,
    "collection.outcome": CONFIGURATION,
    "collection.dispute.reason": CONFIGURATION,
    "collection.dispute": CASE_WORK,
    "collection.dispute.line": CASE_WORK,
    "collection.hold.reason": CONFIGURATION,
    "collection.item.hold": CASE_WORK,
    "collection.incoming": {
        "viewer": READ,
        "own": WRITE,
        "all": WRITE,
        "manager": "rwu",
    },
    "collection.incoming.candidate": EVERYBODY_READS,
    "collection.forbidden.word": CONFIGURATION,
    "collection.holiday": CONFIGURATION,
    "collection.hold": {"viewer": READ, "own": "rwc", "all": "rwc", "manager": FULL},
    "collection.team": CONFIGURATION,
    "collection.team.member": CONFIGURATION,
    "collection.team.weight": CONFIGURATION,
    "collection.assignment.rule": CONFIGURATION,
    "collection.assignment": EVERYBODY_READS,
    "collection.escalation.rule": CONFIGURATION,
    "collection.escalation": EVERYBODY_READS,
    "collection.absence": {"viewer": READ, "own": FULL, "all": FULL, "manager": FULL},
    "collection.consent": {"viewer": READ, "own": "rc", "all": "rc", "manager": "rc"},
    "collection.run.decision": {"viewer": READ, "all": READ, "manager": READ},
    "collection.promise": CASE_WORK,
    "collection.promise.line": CASE_WORK,
    "collection.promise.instalment": CASE_WORK,
}


class AccessCommon(TeamCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(
                cls.env,
                login=f"role_{role}",
                groups=groups,
                company_id=cls.env.company.id,
            )
            for role, groups in ROLES.items()
        }
        cls.mine, cls.unassigned, cls.others = (
            cls._create_debtor(name) for name in ("Mine", "Nobody", "Others")
        )
        cls.mine.collection_agent_id = cls.users["own"]
        cls.others.collection_agent_id = cls.users["all"]
        cls.moves = {
            partner: cls._create_overdue_invoice(partner, 5)
            for partner in (cls.mine, cls.unassigned, cls.others)
        }
        cls._create_contact_limits(cls.mine)
        cls._create_team_records(
            cls.mine, cls.users["own"], cls.users["all"], cls.users["manager"]
        )

    def _as(self, role, record):
        """Return a record or model as a user of a role, with nothing in the cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        return record.with_user(self.users[role]).with_context(
            allowed_company_ids=self.env.company.ids
        )


class TestPermissions(AccessCommon):
    """Who reads, writes and calls what."""

    def test_every_model_is_in_the_table(self):
        models = {
            name
            for name, model in self.env.items()
            if model._original_module == "collections_mgmt"
            and not model._abstract
            and not model._transient
        }
        self.assertEqual(models, set(PERMISSIONS))

    def test_each_role_does_with_each_model_what_the_table_says(self):
        self._plan()
        self._deliver()
        self._change_an_item()
        self._create_promise(self.moves[self.mine])
        self._create_dispute(self.moves[self.mine])
        self._create_hold(self.moves[self.mine])
        self._create_incoming(self._case(self.mine))
        self.env["collection.contact.event"]._seal(self.env.company)
        operations = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
        for model, of_roles in PERMISSIONS.items():
            record = self.env[model].search([], limit=1)
            self.assertTrue(record, model)
            for role in ROLES:
                for letter, operation in operations.items():
                    with self.subTest(model=model, role=role, operation=operation):
                        self.assertEqual(
                            self._as(role, record.browse()).has_access(operation),
                            letter in of_roles.get(role, ""),
                        )

    def _change_an_item(self):
        with self._day(1):
            self._pay(self.moves[self.mine], 1)
            self._plan()

    def test_the_table_holds_for_real_calls(self):
        """As has_access, through the calls a client makes."""
        self._plan()
        self._deliver()
        self._change_an_item()
        self._create_promise(self.moves[self.mine])
        self._create_dispute(self.moves[self.mine])
        self._create_hold(self.moves[self.mine])
        self._create_incoming(self._case(self.mine))
        self.env["collection.contact.event"]._seal(self.env.company)
        for model, of_roles in PERMISSIONS.items():
            seen_by = next(r for r in ("own", "viewer", "manager") if r in of_roles)
            record = self._as(seen_by, self.env[model]).search([], limit=1)
            for role in ROLES:
                with self.subTest(model=model, role=role):
                    allowed = of_roles.get(role, "")
                    self._check_call(role, record, "read", ["id"], "r" in allowed)
                    self._check_call(role, record, "unlink", None, "u" in allowed)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def _check_call(self, role, record, method, argument, allowed):
        record = self._as(role, record)
        arguments = [record.ids] + ([argument] if argument else [])
        if method == "unlink" and allowed:
            return  # configuration in use is kept by the database; see test_views
        try:
            call_kw(record.browse(), method, arguments, {})
        except AccessError:
            self.assertFalse(allowed)
        else:
            self.assertTrue(allowed)

    def test_what_the_engine_writes_is_closed_to_collectors(self):
        self._plan()
        case = self._case(self.mine)
        for values in (
            {"amount_overdue": 0.0},
            {"state": "closed"},
            {"decision": "credits"},
            {"partner_id": self.others.id},
            {"date_last_contact": self.today},
        ):
            with (
                self.subTest(**values),
                self.assertRaises(UserError),
                self.cr.savepoint(),
            ):
                self._as("own", case).write(values)

    def test_collectors_see_their_cases_and_those_of_nobody(self):
        self._plan()
        self._deliver()
        everything = self.mine | self.unassigned | self.others
        seen = {
            "own": self.mine | self.unassigned,
            "all": everything,
            "viewer": everything,
            "manager": everything,
        }
        partner_paths = {
            "collection.case": "partner_id",
            "collection.item": "partner_id",
            "collection.contact": "partner_id",
            "collection.contact.line": "contact_id.partner_id",
        }
        for role, partners in seen.items():
            for model, path in partner_paths.items():
                with self.subTest(role=role, model=model):
                    records = self._as(role, self.env[model]).search([])
                    self.assertEqual(records.sudo().mapped(path), partners)

    def test_a_collector_cannot_reach_the_case_of_another(self):
        self._plan()
        case = self._case(self.others)
        for method, arguments in (
            ("read", [["partner_id"]]),
            ("write", [{"agent_id": self.users["own"].id}]),
            ("message_post", []),
            ("action_open_partner", []),
        ):
            with (
                self.subTest(method),
                mute_logger("odoo.addons.base.models.ir_rule"),
                self.assertRaises(AccessError),
            ):
                call_kw(
                    self._as("own", case).browse(), method, [case.ids, *arguments], {}
                )

    def test_a_viewer_reads_and_writes_nothing_on_a_case(self):
        self._plan()
        case = self._as("viewer", self._case(self.mine))
        self.assertEqual(case.partner_id, self.mine)
        for act in (
            lambda: case.write({"agent_id": False}),
            lambda: case.message_post(body="Hello"),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_a_collector_takes_and_talks_on_an_unassigned_case(self):
        self._plan()
        case = self._as("own", self._case(self.unassigned))
        case.agent_id = self.users["own"]
        case.message_post(body="I take it")
        self.assertEqual(case.agent_id, self.users["own"])

    # ENTRY POINTS: whatever can be called from outside checks who calls

    def test_only_a_manager_starts_a_run(self):
        for role in ROLES:
            with self.subTest(role):
                run = self._as(role, self.env["collection.run"])
                if role == "manager":
                    action = call_kw(run, "action_run_now", [], {})
                    self.assertEqual(action["res_model"], "collection.run")
                    continue
                with self.assertRaises(UserError):
                    call_kw(run, "action_run_now", [], {})
        self.assertEqual(len(self.env["collection.run"].search([])), 1)

    def test_a_run_that_a_manager_starts_is_delivered(self):
        self._as("manager", self.env["collection.run"]).action_run_now()
        self._deliver()
        self._send_mails()
        self.assertEqual(self._contacts(self.mine).state, "sent")

    def test_nothing_else_can_be_called_from_outside(self):
        """A new public method is put in this table and tried by the next test."""
        self.assertEqual(self._get_public_methods(), set(self._get_calls()))

    def _get_public_methods(self):
        """Return the (model, method) of ours that remote calls can reach."""
        found = set()
        for name, model in self.env.items():
            for cls in type(model).mro():
                if cls.__module__.startswith("odoo.addons.collections_mgmt."):
                    found |= {
                        (name, attribute)
                        for attribute, value in vars(cls).items()
                        if not attribute.startswith("_")
                        and callable(value)
                        and not getattr(value, "_api_private", False)
                        and not self._is_core_method(cls, attribute)
                    }
        return found

    def _is_core_method(self, cls, attribute):
        """Tell whether the method extends one that checks access itself."""
        return attribute in (
            "create",
            "write",
            "unlink",
            "copy",
            "read",
            "process_email_queue",
            "send",
        )

    def _get_calls(self):
        """Return {(model, method): record to call it on}."""
        case = self._case(self.others)
        run = self.env["collection.run"].search([], limit=1)
        contact = case.contact_ids
        return {
            **{
                ("collection.contact", f"action_{name}"): contact
                for name in (
                    "approve",
                    "skip",
                    "postpone",
                    "edit_text",
                    "reset_text",
                    "retry_failed",
                    "print_letters",
                    "add_correction",
                )
            },
            **{
                (model, method): self.env[model].search([], limit=1)
                for model, method in (
                    ("collection.contact.postpone", "action_postpone"),
                    ("collection.contact.text", "action_save"),
                    ("collection.contact.text", "action_reset"),
                    ("collection.contact.texts", "action_save"),
                    ("collection.contact.correction", "action_save"),
                    ("collection.contact.log", "action_ask"),
                    ("collection.contact.log", "action_override"),
                    ("collection.contact.log", "action_save"),
                    ("collection.contact.log", "action_save_and_next"),
                    ("collection.contact.log", "action_save_and_write"),
                    ("collection.contact.log", "action_save_and_whatsapp"),
                    ("collection.as.of", "action_show"),
                    ("collection.history", "action_open_case"),
                    ("collection.takeover", "action_preview"),
                    ("collection.takeover", "action_take_over"),
                    ("collection.contact.log", "action_cancel"),
                    ("collection.case.move", "action_save"),
                    ("collection.case.snooze", "action_save"),
                    ("collection.case.snooze", "action_tomorrow"),
                    ("collection.case.snooze", "action_three_days"),
                    ("collection.case.snooze", "action_week"),
                    ("collection.contact.log", "action_whatsapp"),
                    ("collection.contact.log", "action_open_whatsapp"),
                    ("collection.contact.rule", "action_new_version"),
                    ("collection.team", "action_open_members"),
                    ("collection.team.member", "action_open_cases"),
                    ("collection.escalation.rule", "action_open_escalations"),
                    ("collection.reassign", "action_reassign"),
                    ("collection.preview", "action_show"),
                    ("collection.preview.line", "action_show_message"),
                )
            },
            **{
                ("collection.case", f"action_{name}"): case
                for name in (
                    *("pin", "unpin", "snooze", "wake"),
                    *("move_up", "move_down", "move_back", "move_to_stage"),
                )
            },
            ("collection.run", "action_retry_failed"): run,
            ("collection.run", "action_delete_test"): run,
            ("collection.run", "action_open_review"): run,
            ("collection.run", "action_open_orphans"): run,
            ("collection.run", "action_print_letters"): run,
            ("collection.case", "action_reply_handled"): case,
            ("collection.case", "action_call"): case,
            ("collection.case", "action_log_contact"): case,
            ("collection.case", "action_write_message"): case,
            ("collection.case", "action_next"): case,
            ("collection.case", "action_whatsapp"): case,
            ("collection.case", "action_export_evidence"): case,
            ("collection.case", "action_erase_personal_data"): case,
            ("account.move", "action_open_collection_case"): self.moves[self.others],
            ("res.partner", "action_open_collection_case"): self.others,
            ("collection.case", "action_open_items"): case,
            ("collection.case", "action_open_history"): case,
            ("collection.case", "action_open_course"): case,
            ("collection.case", "action_open_promises"): case,
            ("collection.case", "action_open_disputes"): case,
            ("collection.case", "action_register_dispute"): case,
            ("account.move", "action_register_dispute"): self.moves[self.others],
            ("collection.case", "action_open_holds"): case,
            ("collection.case", "action_hold_items"): case,
            ("collection.case", "action_take_up_message"): case,
            **{
                ("collection.reply", f"action_{name}"): (
                    self.env["collection.reply"].search([], limit=1)
                )
                for name in ("continue", "show_earlier", "show_later")
            },
            ("collection.hold", "action_end"): self.others.collection_hold_ids,
            ("collection.hold.end", "action_save"): (
                self.env["collection.hold.end"].search([], limit=1)
            ),
            ("collection.case", "action_prolong_case_hold"): case,
            ("collection.case", "action_end_case_hold"): case,
            ("account.move", "action_hold_items"): self.moves[self.others],
            **{
                ("collection.item.hold", f"action_{name}"): case.item_hold_ids
                for name in ("prolong", "cancel", "open_case", "open_moves")
            },
            ("collection.item.hold.change", "action_save"): (
                self.env["collection.item.hold.change"].search([], limit=1)
            ),
            **{
                ("collection.dispute", f"action_{name}"): case.dispute_ids
                for name in (
                    *("review", "accept", "reject", "withdraw", "credit"),
                    *("open_case", "reopen"),
                )
            },
            **{
                ("collection.incoming", f"action_{name}"): (
                    case.incoming_candidate_ids.incoming_id
                )
                for name in ("attach", "refuse", "dismiss", "reopen")
            },
            **{
                ("collection.incoming.candidate", f"action_{name}"): (
                    case.incoming_candidate_ids
                )
                for name in ("attach", "refuse", "open_email")
            },
            ("collection.case", "action_register_promise"): case,
            ("collection.case", "action_propose_plan"): case,
            ("account.move", "action_register_promise"): self.moves[self.others],
            ("account.move", "action_propose_plan"): self.moves[self.others],
            ("res.partner", "action_register_promise"): self.others,
            **{
                ("collection.promise", f"action_{name}"): case.promise_ids
                for name in (
                    *("confirm", "cancel", "replace", "open_case"),
                    *("send_proposal", "print_proposal"),
                )
            },
            **{
                (model, "action_register"): self.env[model].search([], limit=1)
                for model in ("collection.promise.register", "collection.plan.propose")
            },
            ("collection.case", "action_open_partner"): case,
            ("collection.item", "action_open_move"): case.item_ids,
            ("collection.run", "action_run_now"): run.browse(),
            ("collection.assignment.rule", "action_assign_now"): (
                self.env["collection.assignment.rule"]
            ),
            ("collection.run", "action_open_contacts"): run,
            ("collection.run.decision", "action_open_cases"): run.decision_ids[:1],
        }

    def test_public_methods_give_outsiders_nothing(self):
        self._plan()
        contact = self._contacts(self.others)
        self.env["collection.contact.postpone"].create({"contact_ids": contact.ids})
        self.env["collection.contact.text"].create({"contact_id": contact.id})
        self.env["collection.contact.texts"].create({"contact_ids": contact.ids})
        self.env["collection.contact.correction"].create(
            {"contact_id": contact.id, "reason": "It was somebody else"}
        )
        self.env["collection.preview"].create({}).action_show()
        self._create_promise(self.moves[self.others])
        self._create_dispute(self.moves[self.others])
        hold = self._create_hold(self.moves[self.others])
        self.env["collection.item.hold.change"].create({"hold_id": hold.id})
        self._create_incoming(contact.case_id)
        stop = self.env["collection.hold"].create({"partner_id": self.others.id})
        self.env["collection.hold.end"].create({"hold_id": stop.id, "reason": "None"})
        self.env["collection.reply"].create(
            {
                "case_id": contact.case_id.id,
                "message_id": contact.case_id.message_post(body="As they wrote").id,
            }
        )
        for model in ("collection.promise.register", "collection.plan.propose"):
            self.env[model].create({"case_id": contact.case_id.id, "date": self.today})
        self.env["collection.contact.log"].create({"case_id": contact.case_id.id})
        self.cr.execute("CREATE TABLE credit_control_policy ()")  # all it looks for
        self.env["collection.takeover"].create({"source": "account_credit_control"})
        self.env["collection.reassign"].create(
            {"case_ids": contact.case_id.ids, "target": "nobody", "reason": "None"}
        )
        self.env["collection.case.move"].create({"case_id": contact.case_id.id})
        self.env["collection.case.snooze"].create({"case_ids": contact.case_id.ids})
        self.env["collection.as.of"].create({})
        for (model, method), record in self._get_calls().items():
            for role in OUTSIDERS:
                with self.subTest(model=model, method=method, role=role):
                    result = self._call(role, record, method)
                    self.assertNotIn(
                        self._case(self.others).id,
                        [result.get("res_id")] if result else [],
                    )
        self.assertEqual(len(self.env["collection.run"].search([])), 1)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def _call(self, role, record, method):
        """Call a method as a client of a role does; None when it is refused."""
        record = self._as(role, record)
        arguments = [record.ids] if record else []
        try:
            return call_kw(record.browse(), method, arguments, {})
        except (AccessError, UserError):
            return None


class TestCompanies(AccessCommon):
    """Nobody sees the cases of a company that is not theirs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._create_creditor("Second Creditor")
        cls.second_strategy = cls._create_strategy(
            "Of the Second", {0: ("Due", 0, "email")}, company_id=cls.second.id
        )
        cls.second.collection_strategy_id = cls.second_strategy
        cls.foreign_move = cls._create_overdue_invoice(cls.mine, 5, company=cls.second)

    def test_each_company_sees_its_own(self):
        companies = self.env.company | self.second
        self._plan(companies=companies)
        self._deliver()
        paths = {
            "collection.case": "company_id",
            "collection.item": "company_id",
            "collection.contact": "company_id",
            "collection.contact.line": "contact_id.company_id",
            "collection.run": "company_id",
            "collection.run.decision": "run_id.company_id",
            "collection.strategy": "company_id",
            "collection.stage": "company_id",
            "collection.step": "company_id",
        }
        manager = self.users["manager"]
        manager.company_ids = companies
        for company in companies:
            for model, path in paths.items():
                with self.subTest(company=company.name, model=model):
                    records = (
                        self.env[model]
                        .with_user(manager)
                        .with_context(allowed_company_ids=company.ids)
                        .search([])
                    )
                    found = records.sudo().mapped(path)
                    self.assertLessEqual(found, company)
                    self.assertTrue(records)

    def test_a_user_of_one_company_cannot_read_the_other(self):
        self._plan(companies=self.env.company | self.second)
        case = self._items(self.foreign_move).case_id
        self.assertEqual(case.company_id, self.second)
        with (
            mute_logger("odoo.addons.base.models.ir_rule"),
            self.assertRaises(AccessError),
        ):
            self._as("manager", case).read(["partner_id"])

    def test_a_case_opens_whole_while_its_branches_are_not_chosen(self):
        branch = self._create_branch("Creditor North")
        self._create_overdue_invoice(self.mine, 9, company=branch)
        self._plan()
        items = self._case(self.mine).open_item_ids
        self.assertEqual(items.branch_id, self.env.company | branch)
        self._create_promise(items.move_id[:1])
        case = items.case_id
        promises = case.promise_ids
        records = [case, items, case.contact_ids, promises, promises.line_ids]
        for role in ("viewer", "own", "manager"):
            for record in records:
                mine = self._as(role, record)
                for name in mine.fields_get(attributes=()):
                    with self.subTest(role=role, model=mine._name, field=name):
                        self.env.invalidate_all()
                        mine.read([name])

    def test_a_manager_of_one_company_starts_a_run_of_that_company_only(self):
        self._as("manager", self.env["collection.run"]).action_run_now()
        runs = self.env["collection.run"].search([])
        self.assertEqual(runs.company_id, self.env.company)
        self.assertFalse(self._items(self.foreign_move))

    def test_each_company_uses_its_own_strategy(self):
        companies = self.env.company | self.second
        self._plan(companies=companies)
        found = {case.company_id: case.strategy_id for case in self._case(self.mine)}
        self.assertEqual(
            found, {self.env.company: self.strategy, self.second: self.second_strategy}
        )


class TestScreensOfOthers(AccessCommon):
    """Invoice and partner screens work for everybody, with or without our groups."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users["own"].group_ids |= cls.env.ref("account.group_account_invoice")

    def _read_form(self, role, record):
        """Load a form as the web client does and return the values of its fields."""
        record = self._as(role, record)
        arch = etree.fromstring(
            record.get_views([(False, "form")])["views"]["form"]["arch"]
        )
        names = set(arch.xpath("//field[not(ancestor::field)]/@name"))
        named = {"fields": {"display_name": {}}}
        return record.web_read(
            {
                name: named if record._fields[name].type == "many2one" else {}
                for name in names
            }
        )[0]

    def test_the_forms_open_for_every_internal_role(self):
        self._plan()
        for role in ("viewer", "own", "all", "manager", "accountant"):
            for partner in (self.mine, self.others):
                for record in (self.moves[partner], partner):
                    with self.subTest(role=role, record=record.display_name):
                        values = self._read_form(role, record)
                        self.assertEqual(
                            any(name.startswith("collection_") for name in values),
                            role != "accountant",
                        )

    def test_the_partner_form_opens_for_plain_users(self):
        self._plan()
        values = self._read_form("internal", self.others)
        self.assertFalse([name for name in values if name.startswith("collection_")])

    def test_the_portal_reads_its_own_invoice(self):
        self._plan()
        self.users["portal"].partner_id.parent_id = self.mine
        move = self._as("portal", self.moves[self.mine])
        self.assertEqual(move.read(["name"])[0]["name"], move.sudo().name)
        with self.assertRaises(AccessError):
            move.read(["collection_status"])

    def test_a_collector_finds_nothing_of_another_on_invoice_and_partner(self):
        self._plan()
        for record in (self.moves[self.others], self.others):
            with self.subTest(record._name):
                values = self._read_form("own", record)
                self.assertFalse(values["collection_case_id"])
                self.assertFalse(values.get("collection_amount_overdue"))

    def test_who_sees_none_of_our_fields_duplicates_a_customer_and_an_invoice(self):
        self._plan()
        self.env.ref("base.group_partner_manager").user_ids |= self.users["accountant"]
        for record in (self.mine, self.moves[self.mine]):
            with self.subTest(record._name):
                self.assertTrue(self._as("accountant", record).copy())

    def test_our_fields_are_closed_to_outsiders(self):
        self._plan()
        for record in (self.moves[self.mine], self.mine):
            names = [name for name in record._fields if name.startswith("collection_")]
            self.assertTrue(names)
            for role in OUTSIDERS:
                for name in names:
                    with (
                        self.subTest(role=role, field=name),
                        mute_logger("odoo.addons.base.models.ir_rule"),
                        self.assertRaises(AccessError),
                    ):
                        self._as(role, record).read([name])

    def test_outsiders_cannot_search_by_our_fields(self):
        self._plan()
        for role in OUTSIDERS:
            for model in ("account.move", "res.partner"):
                with (
                    self.subTest(role=role, model=model),
                    self.assertRaises(AccessError),
                ):
                    self._as(role, self.env[model]).search(
                        Domain("collection_case_id", "!=", False)
                    )

    def test_an_accountant_posts_and_pays_followed_invoices(self):
        self._plan()
        user = self.users["accountant"]
        register = (
            self.env["account.payment.register"]
            .with_user(user)
            .with_context(
                active_model="account.move", active_ids=self.moves[self.mine].ids
            )
            .create({})
        )
        register.action_create_payments()
        self.assertEqual(self.moves[self.mine].amount_residual, 0.0)
        draft = self._as("accountant", self.env["account.move"]).create(
            {
                "move_type": "out_invoice",
                "partner_id": self.mine.id,
                "invoice_line_ids": [Command.create({"name": "x", "price_unit": 1})],
            }
        )
        draft.action_post()
        self.assertEqual(draft.state, "posted")
