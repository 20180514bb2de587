from contextlib import contextmanager
from datetime import datetime, timedelta

from lxml import etree
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.service.model import call_kw
from odoo.tests import freeze_time
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from ..tools.stand_ins import find_absent, find_stand_in
from .team_common import MANAGER, TeamCommon

RULES = "odoo.addons.base.models.ir_rule"


class TestStandIns(TeamCommon):
    """Who stands in for whom."""

    def test_who_is_there_does_their_own_work(self):
        self.assertEqual(find_stand_in({2: 1}, 1), 1)

    def test_a_substitute_who_is_absent_is_substituted_too(self):
        self.assertEqual(find_stand_in({1: 2, 2: 3}, 1), 3)

    def test_nobody_is_left_where_all_stand_in_for_one_another(self):
        self.assertEqual(find_stand_in({1: 2, 2: 1}, 1), 1)
        self.assertEqual(find_stand_in({1: 2, 2: 3, 3: 2}, 1), 1)

    def test_a_substitute_does_the_work_of_those_who_substitute(self):
        self.assertEqual(find_absent({1: 2, 2: 3, 4: 5}, 3), {1, 2})
        self.assertEqual(find_absent({1: 2, 2: 1}, 1), {2})
        self.assertEqual(find_absent({1: 2}, 1), set())


class AbsenceCommon(TeamCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.ben, cls.eva = (
            cls._create_collector(login) for login in ("ana", "ben", "eva")
        )

    def setUp(self):
        super().setUp()
        self.case_ana = self._create_case(self.ana, name="Of Ana")
        self.case_ben = self._create_case(self.ben, name="Of Ben")
        self.case_eva = self._create_case(self.eva, name="Of Eva")
        self.cases = self.case_ana | self.case_ben | self.case_eva


class TestAbsence(AbsenceCommon):
    """During an absence the substitute sees the cases; nothing is moved."""

    def test_the_substitute_sees_the_cases_and_nobody_else_does(self):
        self._create_absence(self.ana, self.ben)
        self.assertEqual(
            self._get_visible(self.ben, self.cases), self.case_ana | self.case_ben
        )
        self.assertEqual(self._get_visible(self.eva, self.cases), self.case_eva)

    def test_the_case_stays_with_its_collector_who_still_sees_it(self):
        self._create_absence(self.ana, self.ben)
        self.assertEqual(self.case_ana.agent_id, self.ana)
        self.assertEqual(self._get_visible(self.ana, self.cases), self.case_ana)

    def test_the_substitute_works_on_the_case(self):
        self._create_absence(self.ana, self.ben)
        case = self._as_user(self.ben, self.case_ana)
        case.message_post(body="I called")
        call_kw(case.browse(), "action_call", [case.ids], {})

    def test_it_begins_and_ends_at_midnight(self):
        """The rules are asked each day anew, though nothing was written meanwhile."""
        self._create_absence(
            self.ana,
            self.ben,
            self.today + timedelta(days=1),
            self.today + timedelta(days=2),
        )
        for days, is_seen in ((0, False), (1, True), (2, True), (3, False)):
            with self.subTest(days=days), self._day(days):
                self.assertEqual(
                    self.case_ana in self._get_visible(self.ben, self.cases), is_seen
                )

    def test_midnight_is_that_of_the_substitute(self):
        self.ben.tz = "America/Santiago"
        tomorrow = self.today + timedelta(days=1)
        self._create_absence(self.ana, self.ben, tomorrow)
        # 02:30 in London is still the evening before in Santiago.
        for hour, is_seen in ((2, False), (3, True)):
            moment = datetime(tomorrow.year, tomorrow.month, tomorrow.day, hour, 30)
            with self.subTest(hour=hour), freeze_time(moment):
                self.assertEqual(
                    self.case_ana in self._get_visible(self.ben, self.cases), is_seen
                )

    def test_changing_or_deleting_an_absence_counts_at_once(self):
        absence = self._create_absence(self.ana, self.ben)
        self.assertIn(self.case_ana, self._get_visible(self.ben, self.cases))
        absence.substitute_id = self.eva
        self.assertNotIn(self.case_ana, self._get_visible(self.ben, self.cases))
        self.assertIn(self.case_ana, self._get_visible(self.eva, self.cases))
        absence.unlink()
        self.assertNotIn(self.case_ana, self._get_visible(self.eva, self.cases))

    def test_a_substitute_of_the_substitute_sees_both_portfolios(self):
        self._create_absence(self.ana, self.ben)
        self._create_absence(self.ben, self.eva)
        self.assertEqual(self._get_visible(self.eva, self.cases), self.cases)

    def test_items_contacts_and_history_follow_the_case(self):
        debtor = self._create_debtor("Invoiced")
        debtor.collection_agent_id = self.ana
        self._create_overdue_invoice(debtor, 5)
        self._plan()
        self._deliver()
        self.case_ana = self._case(debtor)
        models = (
            "collection.item",
            "collection.contact",
            "collection.contact.event",
            "collection.case.decision",
            "collection.history",
        )
        for is_absent in (False, True):
            if is_absent:
                self._create_absence(self.ana, self.ben)
            for model in models:
                with self.subTest(model=model, is_absent=is_absent):
                    path = "contact_id.case_id" if "event" in model else "case_id"
                    found = self._as_user(self.ben, self.env[model]).search(
                        [(path, "=", self.case_ana.id)]
                    )
                    self.assertEqual(bool(found), is_absent)

    def test_the_list_of_the_substitute_says_for_whom(self):
        self._create_absence(self.ana, self.ben)
        cases = self._as_user(self.ben, self.case_ana | self.case_ben)
        self.assertEqual(cases.mapped("substitution"), ["Substituting for Ana", False])
        mine = cases.search([("is_mine", "=", True)])
        self.assertEqual(mine, cases)
        self.assertEqual(cases.filtered("is_mine"), cases)
        others = cases.search([("is_mine", "=", False), ("id", "in", self.cases.ids)])
        self.assertFalse(others)

    def _find_mine(self, model, view, name):
        """Return the cases behind what a filter shows the substitute."""
        records = self._as_user(self.ben, self.env[model])
        view = self.env.ref(f"collections_mgmt.{view}")
        base = view.inherit_id or view
        [node] = records._get_view(base.id, "search")[0].xpath(
            f"//filter[@name='{name}']"
        )
        domain = Domain(safe_eval(node.get("domain"), {"uid": self.ben.id}))
        found = records.search(domain)
        if model == "account.move":
            return found.sudo().collection_case_id
        return found.sudo().case_id if model != "collection.case" else found

    def test_every_filter_that_says_my_shows_the_cases_of_the_absent(self):
        moves = []
        for agent in (self.ana, self.eva):
            debtor = self._create_debtor(f"Invoiced by {agent.login}")
            debtor.collection_agent_id = agent
            moves.append(self._create_overdue_invoice(debtor, 5))
        self._plan()
        for move in moves:
            self._create_promise(move)
            self._create_dispute(move, 10)
        case = self._items(moves[0]).case_id
        case.is_pinned = True
        contacts = self.env["collection.contact"].search([])
        contacts.sudo().state = "review"
        self._end_transaction()
        filters = [
            ("collection.case", "collection_case_view_search", "mine"),
            ("collection.case", "collection_case_view_search", "my_day"),
            ("collection.promise", "collection_promise_view_search", "mine"),
            ("collection.dispute", "collection_dispute_view_search", "my_cases"),
            ("collection.history", "collection_history_view_search", "mine"),
            ("collection.contact", "collection_contact_review_view_search", "mine"),
            (
                "account.move",
                "account_move_view_search_inherit_collections_mgmt",
                "collection_mine",
            ),
        ]
        for is_absent in (False, True):
            if is_absent:
                self._create_absence(self.ana, self.ben)
            for model, view, name in filters:
                with self.subTest(view=view, filter=name, is_absent=is_absent):
                    found = self._find_mine(model, view, name)
                    self.assertEqual(case in found, is_absent)
                    self.assertNotIn(self._items(moves[1]).case_id, found)

    def test_no_filter_says_my_in_another_way(self):
        """A new filter asks is_mine, so that substitutes see what it finds."""
        own = {("collection.absence", "mine"), ("collection.team.member", "my_teams")}
        views = self.env["ir.ui.view"].search(
            [("type", "=", "search"), ("model", "like", "collection.")]
        )
        found = {
            (view.model, node.get("name"))
            for view in views
            for node in etree.fromstring(view.arch).iter("filter")
            if "'=', uid" in (node.get("domain") or "")
        }
        self.assertEqual(found, own)

    def test_what_the_absent_has_to_answer_is_the_substitutes(self):
        """Disputes and escalations, though the case is a third collector's."""
        debtor = self._create_debtor("Invoiced by eva")
        debtor.collection_agent_id = self.eva
        move = self._create_overdue_invoice(debtor, 5)
        self._plan()
        case = self._items(move).case_id
        dispute = self._create_dispute(move, 10, user_id=self.ana.id)
        escalations_sudo = self.env["collection.escalation"].sudo()
        escalation = escalations_sudo.create(
            {
                "rule_id": self._create_escalation_rule(amount_above=1).id,
                "case_id": case.id,
                "user_id": self.ana.id,
                "date": self.today,
            }
        )
        for is_absent in (False, True):
            if is_absent:
                self._create_absence(self.ana, self.ben)
            with self.subTest(is_absent=is_absent):
                found = self._find_mine(
                    "collection.dispute", "collection_dispute_view_search", "mine"
                )
                self.assertEqual(found, case if is_absent else case.browse())
                lines = self._as_user(self.ben, dispute.line_ids.browse()).search([])
                self.assertEqual(bool(lines), is_absent)
                mine = escalation.with_user(self.ben).sudo()
                self.assertEqual(mine.is_mine, is_absent)
                self.assertEqual(bool(mine.search([("is_mine", "=", True)])), is_absent)

    def test_tasks_of_the_absent_are_those_of_the_substitute(self):
        self.case_ana.activity_schedule(
            "mail.mail_activity_data_todo", self.today, user_id=self.ana.id
        )
        for is_absent in (False, True):
            if is_absent:
                self._create_absence(self.ana, self.ben)
            case = self._as_user(self.ben, self.case_ana)
            due = [("my_activity_date_deadline", "<=", self.today)]
            with self.subTest(is_absent=is_absent):
                self.assertEqual(bool(case.search(due) & case), is_absent)
                if is_absent:
                    self.assertEqual(case.my_activity_date_deadline, self.today)

    def test_the_next_debtor_of_the_substitute_may_be_of_the_absent(self):
        self.case_ana.sudo().amount_overdue = 10
        self.case_ana.sudo().rank_score = 50
        case = self._as_user(self.ben, self.case_ben)
        self.assertNotIn(self.case_ana, case._get_own_list())
        self._create_absence(self.ana, self.ben)
        case = self._as_user(self.ben, self.case_ben)
        self.assertEqual(case.action_next()["res_id"], self.case_ana.id)

    def test_new_tasks_go_to_who_is_there(self):
        self.assertEqual(self.case_ana._get_responsible(), self.ana)
        self._create_absence(self.ana, self.ben)
        self.assertEqual(self.case_ana._get_responsible(), self.ben)
        self.case_ana.agent_id = False
        self.assertFalse(self.case_ana._get_responsible())


class TestWhoEntersAbsences(AbsenceCommon):
    """An absence opens cases to others: only who speaks for the collector enters it."""

    def _enter(self, user, absent, substitute):
        [absence_id] = call_kw(
            self._as_user(user, self.env["collection.absence"]),
            "create",
            [
                [
                    {
                        "user_id": absent.id,
                        "substitute_id": substitute.id,
                        "date_from": self.today,
                    }
                ]
            ],
            {},
        )
        return self.env["collection.absence"].browse(absence_id)

    def test_a_collector_enters_their_own(self):
        self._enter(self.ana, self.ana, self.ben)
        self.assertIn(self.case_ana, self._get_visible(self.ben, self.cases))

    @mute_logger(RULES)
    def test_a_collector_cannot_open_the_cases_of_another_to_themselves(self):
        with self.assertRaises(AccessError), self.cr.savepoint():
            self._enter(self.ben, self.ana, self.ben)
        self.assertNotIn(self.case_ana, self._get_visible(self.ben, self.cases))

    @mute_logger(RULES)
    def test_an_own_absence_cannot_become_that_of_another(self):
        absence = self._enter(self.ben, self.ben, self.eva)
        for values in (
            {"user_id": self.ana.id, "substitute_id": self.ben.id},
            {"user_id": self.ana.id},
        ):
            with (
                self.subTest(**values),
                self.assertRaises(AccessError),
                self.cr.savepoint(),
            ):
                self._as_user(self.ben, absence).write(values)

    @mute_logger(RULES)
    def test_nobody_changes_or_deletes_the_absence_of_another(self):
        absence = self._create_absence(self.ana, self.eva)
        with self.assertRaises(AccessError):
            self._as_user(self.ben, absence).substitute_id = self.ben
        with self.assertRaises(AccessError):
            self._as_user(self.ben, absence).unlink()

    def test_a_supervisor_enters_those_of_the_team_and_a_manager_all(self):
        self._create_team("Team", self.ana, leader=self.eva)
        manager = self._create_collector("max", MANAGER)
        self.assertTrue(self._enter(self.eva, self.ana, self.ben))
        self.assertTrue(self._enter(manager, self.ben, self.eva))

    def test_everybody_sees_who_is_away(self):
        absence = self._create_absence(self.ana, self.eva)
        found = self._as_user(self.ben, absence.browse()).search([])
        self.assertIn(absence.id, found.ids)


class TestBadAbsences(AbsenceCommon):
    """What makes no sense is refused with a sentence that helps."""

    @contextmanager
    def _assert_refused(self):
        with (
            self.assertRaisesRegex(ValidationError, "another absence"),
            self.cr.savepoint(),
        ):
            yield

    def test_two_absences_of_one_collector_do_not_overlap(self):
        self._create_absence(self.ana, self.ben, self.today, self.today)
        with self._assert_refused():
            self._create_absence(self.ana, self.eva, self.today)
        self._create_absence(self.ana, self.eva, self.today + timedelta(days=1))
        with self._assert_refused():
            far = self.today + timedelta(days=400)
            self._create_absence(self.ana, self.ben, far, far)

    @mute_logger("odoo.sql_db")
    def test_nobody_stands_in_for_themselves_nor_ends_before_the_beginning(self):
        with self.assertRaises(CheckViolation), self.cr.savepoint():
            self._create_absence(self.ana, self.ana)
        with self.assertRaises(CheckViolation), self.cr.savepoint():
            self._create_absence(
                self.ana, self.ben, self.today, self.today - timedelta(days=1)
            )

    def test_a_substitute_has_to_be_a_collector(self):
        accountant = self._create_collector("acc", "base.group_user")
        with self.assertRaisesRegex(ValidationError, "Acc is no collector"):
            self._create_absence(self.ana, accountant)
