from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from odoo.tests import freeze_time, new_test_user

from ..models.collection_case_next import LIST_KEY, WORKLIST_ORDER
from .test_call_flow import CallFlowCommon

MANAGER = "base.group_user,collections_mgmt.group_collection_manager"


class NextCommon(CallFlowCommon):
    def setUp(self):
        super().setUp()
        self._end_transaction()
        self.cases = self.env["collection.case"].search(
            [("partner_id", "in", [self.debtor.id, *(d.id for d in self.others)])],
            order=WORKLIST_ORDER,
        )

    def _next(self, case, user=None, shown=None):
        """Press "Next" on a case, in the web client's list if one is given.

        :return: the case that opens, and what is said
        """
        self.env.flush_all()
        context = {LIST_KEY: shown.ids} if shown else {}
        action = (
            case.with_user(user or self.first).with_context(**context).action_next()
        )
        message = ""
        if action.get("tag") == "display_notification":
            message, action = action["params"]["message"], action["params"]["next"]
        return self.env["collection.case"].browse(action.get("res_id")), message


class TestNext(NextCommon):
    """ "Next" goes through the list once, in its order, and says where it ends."""

    def test_without_a_contact_it_goes_on_instead_of_back(self):
        one, two, three = self.cases
        self.assertEqual(self._next(one), (two, ""))
        self.assertEqual(self._next(two), (three, ""))

    def test_at_the_end_it_says_so_and_goes_on_from_the_top(self):
        one, _two, three = self.cases
        following, message = self._next(three)
        self.assertEqual(following, one)
        self.assertIn("the end of the list", message)

    def test_a_pinned_case_is_first_in_its_order(self):
        one, two, three = self.cases
        three.is_pinned = True
        self.assertEqual(self._next(three), (one, ""))
        self.assertEqual(self._next(two)[0], three)

    def test_it_goes_on_in_the_list_that_the_case_was_opened_from(self):
        one, two, three = self.cases
        three.agent_id = self.second
        shown = three + one + two
        self.assertEqual(self._next(three, shown=shown), (one, ""))
        self.assertEqual(self._next(one, shown=shown), (two, ""))
        following, message = self._next(two, shown=shown)
        self.assertEqual(following, three)
        self.assertIn("the end of the list", message)

    def test_the_case_that_opens_knows_the_list_too(self):
        one, two, _three = self.cases
        case = one.with_user(self.first)
        for context in ({}, {LIST_KEY: self.cases.ids}):
            action = case.with_context(**context).action_next()
            self.assertEqual(action["res_id"], two.id)
            self.assertEqual(action["context"], {LIST_KEY: self.cases.ids})

    def test_closed_and_put_off_cases_of_the_shown_list_are_passed_over(self):
        one, two, three = self.cases
        two.sudo().state = "closed"
        self.assertEqual(self._next(one, shown=self.cases), (three, ""))
        three.snooze_until = self.today + timedelta(days=2)
        self.assertIn("last one", self._next(one, shown=self.cases)[1])

    def test_who_pays_during_the_call_does_not_end_the_list(self):
        one, two, three = self.cases
        one.sudo().state = "closed"
        self.assertEqual(self._next(one, shown=self.cases), (two, ""))
        self.assertEqual(self._next(two, shown=self.cases), (three, ""))

    def test_a_list_of_closed_cases_is_gone_through(self):
        one, two, _three = self.cases
        self.cases.sudo().state = "closed"
        self.assertEqual(self._next(one, shown=self.cases), (two, ""))

    def test_a_list_of_what_was_put_off_is_gone_through(self):
        one, two, three = self.cases
        self.cases.snooze_until = self.today + timedelta(days=2)
        self.assertEqual(self._next(one, shown=self.cases), (two, ""))
        self.assertEqual(self._next(two, shown=self.cases), (three, ""))

    def test_cases_that_the_user_may_not_see_are_passed_over(self):
        one, two, three = self.cases
        group = "base.group_user,collections_mgmt.group_collection_collector"
        user = new_test_user(
            self.env, login="own_only", groups=group, company_id=self.env.company.id
        )
        (one + three).agent_id = user
        two.agent_id = self.second
        self.assertEqual(self._next(one, user, shown=self.cases), (three, ""))

    def test_what_is_no_list_changes_nothing(self):
        one, two, _three = self.cases
        for value in ("1", [], [one.id], ["x", None, {}], [two.id], {"a": 1}):
            with self.subTest(value=value):
                action = (
                    one.with_user(self.first)
                    .with_context(**{LIST_KEY: value})
                    .action_next()
                )
                self.assertEqual(action["res_id"], two.id)

    def test_a_manager_without_cases_goes_through_everybodys(self):
        manager = new_test_user(
            self.env, login="boss", groups=MANAGER, company_id=self.env.company.id
        )
        one, two, three = self.cases
        two.agent_id = self.second
        self.assertEqual(self._next(one, manager), (two, ""))
        self.assertEqual(self._next(two, manager), (three, ""))

    def test_the_panel_goes_on_in_the_same_list(self):
        one, _two, three = self.cases
        self.case = one
        panel = self._call(self.first).with_context(**{LIST_KEY: (one + three).ids})
        panel.outcome_id = self._choose("no_answer")
        self.assertEqual(panel.action_save_and_next()["res_id"], three.id)

    def test_it_goes_through_the_list_and_says_when_it_is_done(self):
        met = [self.case]
        action = self._finish("no_answer", "action_save_and_next")
        while action.get("res_model") == "collection.case":
            self.case = self.env["collection.case"].browse(action["res_id"])
            met.append(self.case)
            action = self._finish("no_answer", "action_save_and_next")
        self.assertEqual({case.partner_id for case in met}, {self.debtor, *self.others})
        self.assertEqual(len(met), 3)
        self.assertIn("last one", action["params"]["message"])

    def test_it_leaves_out_others_and_what_was_put_off(self):
        first, second = (self._case(debtor) for debtor in self.others)
        first.agent_id = self.second
        second.snooze_until = self.today + timedelta(days=3)
        self.env.flush_all()
        self.assertIn("last one", self._next(self.case)[1])


class TestDayOfACall(NextCommon):
    """The day of a call is the day on the clock of who made it."""

    def _at_clock(self, tz, clock, days=5):
        """Be at an hour of a zone, ``days`` after today."""
        local = datetime.combine(
            self.today + timedelta(days=days), time.fromisoformat(clock), ZoneInfo(tz)
        )
        return freeze_time(local.astimezone(timezone.utc).replace(tzinfo=None))

    def _call_one(self, name, **values):
        """Have the first collector call the first case, and save."""
        self.case = self.cases[0]
        panel = self._call(self.first)
        panel.write({"outcome_id": self._choose(name).id, **values})
        panel.action_save()
        return self.case.contact_ids.filtered("user_id")

    def _check_day(self, tz, clock):
        """Call at an hour: it is that day's call, and "Next" does not lead back."""
        self.first.tz = tz
        one, two, three = self.cases
        day = self.today + timedelta(days=5)
        with self._at_clock(tz, clock):
            self.assertEqual(self._call_one("talk").date_done, day)
            self.assertEqual(one.date_last_contact, day)
            self.assertEqual(self._next(two)[0], three)
            self.assertEqual(self._next(three)[0], two)

    def _check_call_back(self, tz, clock):
        """Plan a call for tomorrow at ten: it is on tomorrow's list."""
        self.first.tz = tz
        tomorrow = self.today + timedelta(days=6)
        later = datetime.combine(tomorrow, time(10), ZoneInfo(tz))
        later = later.astimezone(timezone.utc).replace(tzinfo=None)
        with self._at_clock(tz, clock):
            self._call_one("callback", callback_at=later)
        self.assertEqual(self.case.snooze_until, tomorrow)
        with self._at_clock(tz, "12:00", days=6):
            self.env["collection.engine"]._rank_today(self.env.company)
        codes = [code for code, *_rest in self.case.rank_reasons]
        self.assertIn("callback", codes)

    # There it is tomorrow in Greenwich already.
    def test_in_the_afternoon_of_los_angeles(self):
        self._check_day("America/Los_Angeles", "17:30")

    def test_a_call_back_planned_in_the_afternoon_of_los_angeles(self):
        self._check_call_back("America/Los_Angeles", "17:30")

    # There it is yesterday in Greenwich still.
    def test_in_the_morning_of_sydney(self):
        self._check_day("Australia/Sydney", "08:30")

    def test_a_call_back_planned_in_the_morning_of_sydney(self):
        self._check_call_back("Australia/Sydney", "08:30")
