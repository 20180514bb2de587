from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tools import mute_logger

from .test_access import OUTSIDERS, AccessCommon

COLLECTORS = ("own", "all", "manager")
LOGGERS = ("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")

# What opens the panel, and what asks or writes down by it.
OPENING = ("action_call", "action_whatsapp", "action_log_contact")
ASKING = (
    *("action_ask", "action_whatsapp", "action_override"),
    *("action_save", "action_open_whatsapp"),
    *("action_save_and_write", "action_save_and_whatsapp"),
)


class GateAccessCommon(AccessCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.env["collection.contact.rule"].search([])
        cls.others.phone = "+56 2 2345 6789"

    def setUp(self):
        super().setUp()
        self._sync_only()
        self.my_case, self.foreign_case = map(self._case, (self.mine, self.others))

    def _call(self, role, record, method, *arguments):
        """Call a method as the client of a user of a role does."""
        record = self._as(role, record)
        ids = [record.ids] if record else []
        with mute_logger(*LOGGERS):
            return call_kw(record.browse(), method, [*ids, *arguments], {})

    def _assert_refused(self, role, record, method, *arguments):
        with self.assertRaises(AccessError), self.cr.savepoint():
            self._call(role, record, method, *arguments)

    def _open_panel(self, role, case, method="action_call"):
        """Press a button of a case as a user of a role; return the panel."""
        action = self._call(role, case, method)
        return self.env[action["res_model"]].browse(action["res_id"])

    def _create_panel(self, role, **values):
        """Create a panel without the button, as a client may."""
        panels = self.env["collection.contact.log"]
        [panel_id] = self._call(role, panels, "create", [values])
        return panels.browse(panel_id)


class TestWhoContacts(GateAccessCommon):
    """Collectors contact the debtors of their portfolio, and nobody else does."""

    def test_a_collector_asks_calls_and_writes_down(self):
        panel = self._open_panel("own", self.my_case)
        self._call("own", panel, "write", {"outcome": "talk", "note": "Pays"})
        self._call("own", panel, "action_save")
        self.assertRecordValues(
            self._contacts(self.mine),
            [{"state": "sent", "user_id": self.users["own"].id, "outcome": "talk"}],
        )

    def test_a_collector_logs_a_contact_that_broke_a_rule(self):
        self._allow_contacts(hours="")
        panel = self._open_panel("own", self.my_case, "action_log_contact")
        self._call("own", panel, "action_save")
        self.assertTrue(self._contacts(self.mine).is_incident)
        self.assertEqual(len(self.my_case.activity_ids), 1)

    def test_a_viewer_reads_what_the_rules_said_and_cannot_call(self):
        self._plan()
        self._deliver()
        contact = self._contacts(self.mine)
        for record, name in (
            (contact, "verdict_text"),
            (self.rule, "hours"),
            (self.env["collection.hold"].search([], limit=1), "kind"),
            (self.env["collection.consent"].search([], limit=1), "state"),
            (self.env["collection.holiday"].search([], limit=1), "date"),
        ):
            with self.subTest(record._name):
                [values] = self._call("viewer", record, "read", [name])
                self.assertTrue(values[name])
        for method in OPENING:
            self._assert_refused("viewer", self.my_case, method)
        with self.assertRaises(AccessError):
            self._create_panel("viewer", case_id=self.my_case.id)

    def test_outsiders_reach_nothing_of_it(self):
        for role in OUTSIDERS:
            for method in OPENING:
                self._assert_refused(role, self.my_case, method)
            for model in ("contact.rule", "hold", "consent", "holiday", "contact.log"):
                with self.subTest(role=role, model=model):
                    records = self._as(role, self.env[f"collection.{model}"])
                    self.assertFalse(records.has_access("read"))

    def test_a_collector_cannot_open_the_panel_for_the_debtor_of_another(self):
        for method in OPENING:
            self._assert_refused("own", self.foreign_case, method)
            self.assertTrue(self._open_panel("all", self.foreign_case, method))

    def test_nor_ask_log_or_go_on_by_a_panel_of_its_own_making(self):
        for is_past in (False, True):
            panel = self._create_panel(
                "own", case_id=self.foreign_case.id, is_past=is_past
            )
            for method in ("ask", "save", "override", "cancel"):
                with self.subTest(method, is_past=is_past):
                    self._assert_refused("own", panel, f"action_{method}")
        self.assertFalse(self._contacts(self.others))

    def test_nor_learn_who_the_debtor_is(self):
        panel = self._create_panel("own", case_id=self.foreign_case.id)
        self._assert_refused("own", panel, "read", ["partner_id"])
        [values] = self._call("own", panel, "read", ["number"])
        self.assertFalse(values["number"])
        mine = self._create_panel("own", case_id=self.my_case.id)
        [values] = self._call("own", mine, "read", ["partner_id"])
        self.assertEqual(values["partner_id"][0], self.mine.id)

    def test_nobody_sees_or_uses_the_panel_of_another(self):
        panel = self._open_panel("own", self.my_case)
        for role in ("all", "manager"):
            for method, arguments in (
                ("read", (["note"],)),
                ("write", ({"note": "x"},)),
                ("action_cancel", ()),
                ("action_save", ()),
            ):
                with self.subTest(role=role, method=method):
                    self._assert_refused(role, panel, method, *arguments)

    def test_a_panel_cannot_be_turned_to_another_contact_case_or_verdict(self):
        panel = self._open_panel("own", self.my_case)
        foreign = self._open_panel("all", self.foreign_case).contact_id
        for values in (
            {"contact_id": foreign.id},
            {"case_id": self.foreign_case.id},
            {"is_past": True},
            {"verdict": "allow"},
            {"verdict_data": {"result": "allow", "reasons": []}},
        ):
            with self.subTest(**values):
                self._assert_refused("own", panel, "write", values)
        with self.assertRaises(AccessError):
            self._create_panel("own", case_id=self.my_case.id, contact_id=foreign.id)
        self.assertEqual(foreign.state, "reserved")

    def test_only_a_manager_goes_on_over_a_rule(self):
        self._allow_contacts(hours="")
        for role in COLLECTORS:
            panel = self._open_panel(role, self._case(self.unassigned))
            self._call(role, panel, "write", {"override_reason": "Because"})
            with self.subTest(role):
                if role == "manager":
                    self._call(role, panel, "action_override")
                else:
                    self._assert_refused(role, panel, "action_override")
        made = self._contacts(self.unassigned).filtered(lambda c: c.state != "blocked")
        self.assertEqual(made.user_id, self.users["manager"])


class TestWhoDecides(GateAccessCommon):
    """Rules are the manager's; what a debtor said is for good."""

    def test_only_managers_edit_rules_and_the_calendar(self):
        day = self.env["collection.holiday"].search([], limit=1)
        for role in ("viewer", "own", "all"):
            for record, values in (
                (self.rule, {"hours": "00:00-24:00"}),
                (self.rule, {"active": False}),
                (day, {"kind": "working"}),
            ):
                with self.subTest(role=role, **values):
                    self._assert_refused(role, record, "write", values)
                    self._assert_refused(role, record, "unlink")
                    self._assert_refused(role, record.browse(), "create", [values])
            self._assert_refused(role, self.rule, "action_new_version")
        self.assertTrue(self.rule.active)
        self._call("manager", self.rule, "write", {"hours": "08:00-20:00"})
        self._call("manager", day, "write", {"kind": "working"})

    def test_nobody_edits_or_deletes_what_a_debtor_answered(self):
        consent = self.env["collection.consent"].search([], limit=1)
        for role in ("viewer", *COLLECTORS):
            with self.subTest(role):
                self._assert_refused(role, consent, "write", {"state": "refused"})
                self._assert_refused(role, consent, "unlink")
        self.assertEqual(consent.state, "granted")

    def test_collectors_enter_stops_and_delete_none(self):
        for role in ("own", "all"):
            values = {"partner_id": self.mine.id, "kind": "lawyer"}
            [stop_id] = self._call(
                role, self.env["collection.hold"], "create", [values]
            )
            stop = self.env["collection.hold"].browse(stop_id)
            with self.subTest(role):
                self._assert_refused(role, stop, "unlink")
        self._assert_refused(
            "viewer", self.env["collection.hold"], "create", [{"kind": "other"}]
        )

    def test_a_stop_or_consent_that_a_collector_enters_works_for_the_engine(self):
        self._allow_contacts(kind="consent")
        self._plan()
        self._deliver()
        blocked = self._contacts(self.mine)
        self.assertEqual(blocked.state, "blocked")
        channel = self.env.ref("collections_mgmt.collection_channel_email")
        with self._day(1):
            self._call(
                "own",
                self.env["collection.consent"],
                "create",
                [{"partner_id": self.mine.id, "channel_id": channel.id}],
            )
        self.assertEqual(self._run(1).partner_id, self.mine)
        self.assertEqual(self._contacts(self.mine)[-1].state, "sent")

    def test_collectors_write_no_contact_directly(self):
        contact = self._open_panel("own", self.my_case).contact_id
        for role in COLLECTORS:
            with self.subTest(role):
                self._assert_refused(role, contact, "write", {"state": "dropped"})
                self._assert_refused(role, contact, "unlink")


class TestCompanies(GateAccessCommon):
    """What another company knows or decides about a debtor stays its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._create_creditor("Second Creditor")
        of_second = {"partner_id": cls.mine.id, "company_id": cls.second.id}
        channel = cls.env.ref("collections_mgmt.collection_channel_email")
        cls.foreign = {
            "hold": cls.env["collection.hold"].create(of_second),
            "consent": cls.env["collection.consent"].create(
                {**of_second, "channel_id": channel.id}
            ),
            "holiday": cls.env["collection.holiday"].create(
                {"name": "Day", "date": cls.today, "company_id": cls.second.id}
            ),
            "contact.rule": cls.rule.copy({"company_id": cls.second.id}),
        }

    def test_nobody_reads_or_changes_what_is_of_another_company(self):
        for role in ("viewer", *COLLECTORS):
            for name, record in self.foreign.items():
                with self.subTest(role=role, model=name):
                    self._assert_refused(role, record, "read", ["company_id"])
                    found = self._as(role, record.browse()).search([])
                    self.assertNotIn(record, found)
        for name in ("hold", "holiday", "contact.rule"):
            with self.subTest(name):
                values = {"company_id": self.env.company.id}
                self._assert_refused("manager", self.foreign[name], "write", values)

    def test_what_is_for_every_company_is_read_by_each(self):
        for name in ("hold", "holiday", "contact.rule"):
            record = self.foreign[name].copy({"company_id": False})
            with self.subTest(name):
                self.assertTrue(self._call("viewer", record, "read", ["company_id"]))

    def test_nobody_contacts_the_debtor_of_another_company(self):
        self._create_overdue_invoice(self.mine, 5, company=self.second)
        self._plan(companies=self.second)
        case = self.env["collection.case"].search([("company_id", "=", self.second.id)])
        self.assertTrue(case)
        for role in COLLECTORS:
            for method in OPENING:
                with self.subTest(role=role, method=method):
                    self._assert_refused(role, case, method)
            panel = self._create_panel(role, case_id=case.id)
            for method in ASKING:
                with self.subTest(role=role, method=method):
                    self._assert_refused(role, panel, method)

    def test_a_user_of_both_asks_by_the_rules_of_the_company_of_the_case(self):
        user = self.users["all"]
        user.company_ids |= self.second
        self.foreign["contact.rule"].write({"kind": "prohibition"})
        panel = self._open_panel("all", self.my_case)
        self.assertEqual(panel.verdict, "allow")
