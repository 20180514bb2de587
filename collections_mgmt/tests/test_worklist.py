from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.service.model import call_kw
from odoo.tests import Form, new_test_user
from odoo.tools.safe_eval import safe_eval

from .test_ranking import RankingCommon

ORDER = "is_pinned desc, rank_score desc, id"
# Figures of the screen: see docs/performance.md.
ROWS = 80
MOST_QUERIES = 30


class WorklistCommon(RankingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.collector, cls.colleague, cls.viewer = (
            new_test_user(
                cls.env,
                login=login,
                groups=f"base.group_user,collections_mgmt.group_collection_{group}",
                company_id=cls.env.company.id,
            )
            for login, group in (
                ("collector", "collector"),
                ("colleague", "collector"),
                ("viewer", "viewer"),
            )
        )

    def _create_cases(self, **days_by_name):
        """Return the ranked cases of the collector, one per debtor."""
        for name, days in days_by_name.items():
            debtor = self._create_debtor(name, collection_agent_id=self.collector.id)
            self._create_overdue_invoice(debtor, days)
        self._sync_only()
        self._rank()
        return [
            self._case(self.env["res.partner"].search([("name", "=", name)]))
            for name in days_by_name
        ]

    def _as(self, user, record):
        self.env.flush_all()
        self.env.invalidate_all()
        return record.with_user(user).with_context(
            allowed_company_ids=self.env.company.ids
        )

    def _get_filter(self, name):
        view = self.env.ref("collections_mgmt.collection_case_view_search")
        arch = self.env["collection.case"]._get_view(view.id, "search")[0]
        [node] = arch.xpath(f"//filter[@name='{name}']")
        return Domain(safe_eval(node.get("domain"), {"uid": self.collector.id}))

    def _find(self, name):
        """Return the cases that a filter of the search view finds."""
        self._end_transaction()
        return self.env["collection.case"].search(self._get_filter(name), order=ORDER)

    def _get_names(self):
        """Return the debtors' names as the collector's list shows them."""
        self._end_transaction()
        cases = self._as(self.collector, self.env["collection.case"]).search(
            self._get_filter("mine") & self._get_filter("to_do"), order=ORDER
        )
        return cases.mapped("partner_id.name")


class TestWorklist(WorklistCommon):
    """A collector works from one list, best first, and what is changed is kept."""

    def test_the_best_next_debtor_comes_first(self):
        self._create_cases(Early=5, Late=80, Middle=40)
        self.assertEqual(self._get_names(), ["Late", "Middle", "Early"])

    def test_others_cases_and_what_is_not_due_are_not_on_it(self):
        self._create_cases(Mine=5, Coming=-5)
        debtor = self._create_debtor("Theirs", collection_agent_id=self.colleague.id)
        self._create_overdue_invoice(debtor, 5)
        self._sync_only()
        self._rank()
        self._case(self._create_debtor("x"))
        self.env["collection.case"].sudo().search(
            [("partner_id.name", "=", "Coming")]
        ).decision = "not_due"
        self.assertEqual(self._get_names(), ["Mine"])

    def test_a_pinned_case_stays_on_top(self):
        early, _late = self._create_cases(Early=5, Late=80)
        self._as(self.collector, early).action_pin()
        with self._day(1):
            self._rank()
        self.assertEqual(self._get_names(), ["Early", "Late"])
        self.assertEqual(self._find("pinned"), early)
        self._as(self.collector, early).action_unpin()
        self.assertEqual(self._get_names(), ["Late", "Early"])

    def test_a_moved_case_passes_its_neighbour_and_stays_there(self):
        _first, _second, third = self._create_cases(First=80, Second=40, Third=5)
        self._as(self.collector, third).action_move_up()
        self.assertEqual(self._get_names(), ["First", "Third", "Second"])
        self.assertIn("moved up by hand", third.rank_details)
        self._as(self.collector, third).action_move_up()
        self.assertEqual(self._get_names(), ["Third", "First", "Second"])
        self._as(self.collector, third).action_move_up()  # nothing is above it
        self.assertEqual(self._get_names(), ["Third", "First", "Second"])
        self._as(self.collector, third).action_move_down()
        self.assertEqual(self._get_names(), ["First", "Third", "Second"])
        with self._day(1):
            self._rank()
        self.assertEqual(self._get_names(), ["First", "Third", "Second"])
        third.action_move_back()
        self.assertEqual(self._get_names(), ["First", "Second", "Third"])

    def test_moving_passes_cases_that_rank_the_same(self):
        cases = self._create_cases(One=5, Two=5, Three=5)
        first, second, third = sorted(cases, key=lambda case: case.id)
        self._as(self.collector, third).action_move_up()
        self._as(self.collector, first).action_move_down()
        self.assertEqual(
            self._get_names(), [case.partner_id.name for case in (third, second, first)]
        )

    def test_only_who_works_on_a_case_changes_its_place(self):
        [case] = self._create_cases(Mine=5)
        for user in (self.colleague, self.viewer):
            for method in (
                *("action_pin", "action_unpin", "action_snooze", "action_wake"),
                *("action_move_up", "action_move_down", "action_move_back"),
            ):
                with (
                    self.subTest(user=user.login, method=method),
                    self.assertRaises(AccessError),
                ):
                    getattr(self._as(user, case), method)()

    def test_a_closed_case_is_not_sorted_any_more(self):
        [case] = self._create_cases(Mine=5)
        case.sudo().state = "closed"
        with self.assertRaisesRegex(UserError, "The case of Mine is closed"):
            case.action_pin()

    def test_the_filter_says_what_moving_goes_by(self):
        self._create_cases(Mine=5, Coming=-5)
        put_off, _other = self._create_cases(PutOff=5, Replied=5)
        put_off._put_off(self.today + timedelta(days=3))
        self._end_transaction()
        Case = self.env["collection.case"]
        self.assertEqual(
            Case.search(Case._get_worklist_domain(), order=ORDER), self._find("to_do")
        )

    def test_opening_the_list_takes_few_queries(self):
        agent = {"collection_agent_id": self.collector.id}
        debtors = self.env["res.partner"].create(
            [{"name": f"Debtor {number}", **agent} for number in range(ROWS)]
        )
        for debtor in debtors:
            self._create_overdue_invoice(debtor, 5)
        self._sync_only()
        self._rank()
        self._open_list(limit=5)  # fills the caches that outlive a transaction
        few = self._count_queries(limit=5)
        self.assertLessEqual(self._count_queries(limit=ROWS), few)
        self.assertLess(few, MOST_QUERIES)

    def _count_queries(self, limit):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.assertEqual(len(self._open_list(limit)["records"]), limit)
        return self.cr.sql_log_count - before

    def _open_list(self, limit):
        """Read the list as the web client does."""
        Case = self._as(self.collector, self.env["collection.case"])
        view = self.env.ref("collections_mgmt.collection_case_view_list_worklist")
        names = view._get_combined_arch().xpath("//field/@name")
        specification = {
            name: {"fields": {"display_name": {}}}
            if Case._fields[name].relational
            else {}
            for name in names
        }
        domain = self._get_filter("mine") & self._get_filter("to_do")
        return call_kw(
            Case,
            "web_search_read",
            [list(domain), specification],
            {"limit": limit, "order": ORDER, "count_limit": 10001},
        )


class TestPuttingOff(WorklistCommon):
    """A case leaves the list for some days and comes back by itself."""

    def _create_panel(self, cases):
        action = self._as(self.collector, cases).action_snooze()
        Panel = self._as(self.collector, self.env[action["res_model"]])
        return Form(Panel.with_context(**action["context"])).save()

    def test_each_button_puts_it_off_by_its_days(self):
        [case] = self._create_cases(Mine=5)
        for method, days in (
            ("action_tomorrow", 1),
            ("action_three_days", 3),
            ("action_week", 7),
        ):
            with self.subTest(method):
                getattr(self._create_panel(case), method)()
                self.assertEqual(case.snooze_until, self.today + timedelta(days=days))

    def test_it_comes_back_on_its_day(self):
        case, _other = self._create_cases(Mine=5, Other=40)
        panel = self._create_panel(case)
        panel.write({"date": self.today + timedelta(days=2), "note": "Asked for time"})
        panel.action_save()
        self.assertEqual(self._get_names(), ["Other"])
        self.assertEqual(self._find("put_off"), case)
        self.assertIn("Asked for time", str(case.message_ids[0].body))
        with self._day(1):
            self.assertEqual(self._get_names(), ["Other"])
        with self._day(2):
            self._rank()
            self.assertEqual(self._get_names(), ["Mine", "Other"])
            self.assertIn("put off until today", case.rank_brief)

    def test_it_comes_back_when_the_debtor_replies(self):
        [case] = self._create_cases(Mine=5)
        case._put_off(self.today + timedelta(days=5))
        self.assertEqual(self._get_names(), [])
        case.sudo().reply_date = fields.Datetime.now()
        self.assertEqual(self._get_names(), ["Mine"])

    def test_it_can_be_brought_back(self):
        [case] = self._create_cases(Mine=5)
        case._put_off(self.today + timedelta(days=5))
        self._as(self.collector, case).action_wake()
        self.assertEqual(self._get_names(), ["Mine"])

    def test_a_day_that_has_come_is_refused(self):
        [case] = self._create_cases(Mine=5)
        panel = self._create_panel(case)
        for day in (False, self.today, self.today - timedelta(days=1)):
            panel.date = day
            with self.assertRaisesRegex(UserError, "Choose a day after today"):
                panel.action_save()

    def test_nobody_puts_off_others_cases_by_a_panel_of_their_own(self):
        [case] = self._create_cases(Mine=5)
        panel = (
            self._as(self.colleague, self.env["collection.case.snooze"])
            .sudo()
            .create({"case_ids": [Command.set(case.ids)]})
            .sudo(False)
        )
        with suppress(AccessError):  # or there is nothing that this user sees
            panel.action_tomorrow()
        self.assertFalse(case.snooze_until)
        with self.assertRaises(AccessError):
            self._as(self.colleague, case)._put_off(self.today + timedelta(days=1))


class TestAgenda(WorklistCommon):
    """The calendar shows when something is next to be done."""

    def _create_agenda(self):
        """Return cases by what their day on the agenda comes from."""
        put_off, task, decision, nothing, promise, late_promise = self._create_cases(
            A=5, B=5, C=5, D=5, E=5, F=5
        )
        day = self.today + timedelta(days=4)
        for case in (put_off, task, decision):
            case.sudo().next_action_date = self.today
        for case, days in ((put_off, 1), (promise, 1), (late_promise, 3)):
            case.sudo().promise_date_next = self.today + timedelta(days=days)
        promise.sudo().next_action_date = day
        late_promise.sudo().next_action_date = False
        put_off._put_off(day)
        for case in (put_off, task):
            case.activity_schedule(
                "mail.mail_activity_data_todo", self.today + timedelta(days=2)
            )
        nothing.sudo().next_action_date = False
        # It has come back, and counts no more
        nothing.snooze_until = self.today - timedelta(days=1)
        self._end_transaction()
        return SimpleNamespace(
            put_off=put_off,
            task=task,
            decision=decision,
            nothing=nothing,
            promise=promise,
            late_promise=late_promise,
        )

    def test_where_the_day_comes_from(self):
        cases = self._create_agenda()
        self.assertEqual(cases.put_off.agenda_date, self.today + timedelta(days=4))
        self.assertEqual(cases.task.agenda_date, self.today + timedelta(days=2))
        self.assertEqual(cases.decision.agenda_date, self.today)
        self.assertFalse(cases.nothing.agenda_date)
        self.assertEqual(cases.promise.agenda_date, self.today + timedelta(days=1))
        self.assertEqual(cases.late_promise.agenda_date, self.today + timedelta(days=3))

    def test_searching_agrees_with_what_is_shown(self):
        cases = self._create_agenda()
        every = self.env["collection.case"].union(*vars(cases).values())
        for operator in ("=", "<", "<=", ">", ">=", "!="):
            for days in range(-1, 6):
                domain = Domain(
                    "agenda_date", operator, self.today + timedelta(days=days)
                )
                with self.subTest(operator=operator, days=days):
                    self.assertEqual(
                        every.search(domain & Domain("id", "in", every.ids)),
                        every.sorted().filtered_domain(domain),
                    )
        is_empty = Domain("agenda_date", "=", False) & Domain("id", "in", every.ids)
        self.assertEqual(every.search(is_empty), cases.nothing)

    def test_dragging_on_the_calendar_puts_the_case_off(self):
        [case] = self._create_cases(A=5)
        case = self._as(self.collector, case)
        case.write({"agenda_date": self.today + timedelta(days=3)})
        self.assertEqual(case.snooze_until, self.today + timedelta(days=3))
        case.write({"agenda_date": self.today})
        self.assertFalse(case.snooze_until)


class TestFilters(WorklistCommon):
    """The saved filters find what they name."""

    def test_my_day(self):
        pinned, replied, task, back, promised, _rest = self._create_cases(
            Pinned=5, Replied=5, Task=5, Back=5, Promised=5, Rest=5
        )
        put_off, coming, answered = self._create_cases(PutOff=5, Coming=5, Answered=5)
        pinned.is_pinned = True
        promised.sudo().promise_date_next = self.today
        coming.sudo().promise_date_next = self.today + timedelta(days=1)
        for case in (put_off, answered):
            case.is_pinned = True
            case.sudo().promise_date_next = self.today
            case.snooze_until = self.today + timedelta(days=3)
        answered.sudo().reply_date = fields.Datetime.now()
        replied.sudo().reply_date = fields.Datetime.now()
        task.activity_schedule(
            "mail.mail_activity_data_todo", self.today, user_id=self.collector.id
        )
        back.snooze_until = self.today
        self._end_transaction()
        Case = self._as(self.collector, self.env["collection.case"])
        self.assertEqual(
            set(Case.search(self._get_filter("my_day")).mapped("partner_id.name")),
            {"Pinned", "Replied", "Task", "Back", "Promised", "Answered"},
        )

    def test_no_contact_possible(self):
        cases = self._create_cases(Address=5, Rule=5, Hold=5, Stop=5, Sms=5, Free=5)
        address, rule, hold, stop, sms, _free = cases
        address.sudo().decision = "no_address"
        rule.sudo().decision = "blocked"
        hold.sudo().hold_date = self.today
        channel = self.env.ref("collections_mgmt.collection_channel_sms")
        for case, channels in ((stop, channel.browse()), (sms, channel)):
            self.env["collection.hold"].create(
                {
                    "partner_id": case.partner_id.id,
                    "channel_ids": [Command.set(channels.ids)],
                }
            )
        self.assertEqual(set(self._find("no_contact")), {address, rule, hold, stop})

    def test_no_email_and_never_contacted(self):
        first, second = self._create_cases(First=5, Second=5)
        first.partner_id.email = False
        second.sudo().date_last_contact = self.today
        self.assertEqual(self._find("no_email"), first)
        self.assertEqual(self._find("never_contacted"), first)

    def test_disputed(self):
        first, second, _third = self._create_cases(First=5, Second=5, Third=5)
        first.sudo().decision = "disputed"
        second.item_ids.sudo().amount_disputed = 10
        self.assertEqual(set(self._find("disputed")), {first, second})

    def test_above_the_credit_limit_of_the_company(self):
        above, below, unlimited = self._create_cases(Above=5, Below=5, Unlimited=5)
        above.partner_id.credit_limit = 99
        below.partner_id.credit_limit = 100
        unlimited.partner_id.credit_limit = 0
        self.assertFalse(self._find("above_credit_limit"), "Limits are not in use.")
        self.env.company.account_use_credit_limit = True
        self.assertEqual(self._find("above_credit_limit"), above)
        self.assertEqual(
            [case.is_above_credit_limit for case in (above, below, unlimited)],
            [True, False, False],
        )


class TestMovingToAStage(WorklistCommon):
    """A card dragged to another stage asks what happened; stages stay the engine's."""

    def _create_case_at(self, stage, days=40):
        debtor = self._create_debtor("Acme", collection_agent_id=self.collector.id)
        move = self._create_overdue_invoice(debtor, days)
        self._sync_only()
        self._stand(move, stage, 9)
        case = self._case(debtor)
        case._decide_anew()
        return case

    def _move(self, case, stage, **values):
        action = self._as(self.collector, case).action_move_to_stage(stage.id)
        Panel = self._as(self.collector, self.env[action["res_model"]])
        panel = Panel.with_context(**action["context"]).create(values)
        return panel, panel.action_save()

    def test_it_can_be_a_contact_to_write_down(self):
        case = self._create_case_at(self.stage_first)
        _panel, action = self._move(case, self.stage_final, what="contact")
        self.assertEqual(action["res_model"], "collection.contact.log")
        self.assertEqual(case.open_item_ids.passed_stage_id, self.stage_first)

    def test_the_stage_comes_next_and_those_between_are_left_out(self):
        case = self._create_case_at(self.stage_first)
        self.assertEqual(case.decision_stage_id, self.stage_second)
        self._move(case, self.stage_final, reason="It asked for a final notice")
        item = case.open_item_ids
        self.assertEqual(item.passed_stage_id, self.stage_second)
        self.assertEqual(item.stage_id, self.stage_first, "Nothing was told yet.")
        self.assertEqual(
            (case.decision, case.decision_stage_id), ("send", self.stage_final)
        )
        self.assertIn("It asked for a final notice", str(case.message_ids[0].body))
        [entry] = [
            entry for entry in case._get_course() if "Stage chosen" in entry["title"]
        ]
        self.assertIn("“Final” comes after “First”", entry["title"])
        self.assertIn("It asked for a final notice", entry["text"])
        self.assertIn(self.collector.name, entry["text"])

    def test_what_was_left_out_comes_again(self):
        case = self._create_case_at(self.stage_first)
        self._move(case, self.stage_final, reason="In a hurry")
        self._move(case, self.stage_second, reason="No hurry after all")
        self.assertEqual(case.open_item_ids.passed_stage_id, self.stage_first)
        self.assertEqual(case.decision_stage_id, self.stage_second)

    def test_nothing_is_told_twice(self):
        case = self._create_case_at(self.stage_second)
        for stage in (self.stage_first, self.stage_second):
            with self.assertRaisesRegex(UserError, "nothing is told twice"):
                self._move(case, stage, reason="Once more")
        self.assertEqual(case.open_item_ids.passed_stage_id, self.stage_second)

    def test_what_is_not_due_yet_begins_at_its_own_pace(self):
        case = self._create_case_at(self.stage_first)
        coming = self._create_overdue_invoice(case.partner_id, -5)
        case._decide_anew()
        self._move(case, self.stage_final, reason="In a hurry")
        self.assertFalse(self._items(coming).passed_stage_id)

    def test_the_first_stage_can_come_next(self):
        debtor = self._create_debtor("New", collection_agent_id=self.collector.id)
        self._create_overdue_invoice(debtor, 40)
        self._sync_only()
        case = self._case(debtor)
        case._decide_anew()
        self._move(case, self.stage_due, reason="From the beginning")
        self.assertFalse(case.open_item_ids.passed_stage_id)
        self.assertEqual(case.decision_stage_id, self.stage_due)

    def test_a_reason_is_asked_for(self):
        case = self._create_case_at(self.stage_first)
        with self.assertRaisesRegex(UserError, "Say why"):
            self._move(case, self.stage_final)

    def test_a_stage_of_another_strategy_is_refused(self):
        case = self._create_case_at(self.stage_first)
        other = self._create_strategy("Other", {1: ("Other Stage", 0, "email")})
        with self.assertRaisesRegex(UserError, "no stage of this debtor's strategy"):
            self._move(case, other.stage_ids, reason="Why not")

    def test_a_case_cannot_lose_its_stage(self):
        case = self._create_case_at(self.stage_first)
        with self.assertRaisesRegex(UserError, "cannot lose its stage"):
            self._move(case, self.stage_first.browse(), what="next", reason="Oops")

    def test_a_message_on_its_way_comes_first(self):
        case = self._create_case_at(self.stage_first)
        self._plan()
        with self.assertRaisesRegex(UserError, "“Second” is on its way"):
            self._move(case, self.stage_final, reason="In a hurry")

    def test_who_may_not_work_on_the_case_cannot_move_it(self):
        case = self._create_case_at(self.stage_first)
        for user in (self.colleague, self.viewer):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self._as(user, case).action_move_to_stage(self.stage_final.id)
            with self.subTest(user.login), self.assertRaises(AccessError):
                self._as(user, case)._continue_with(self.stage_final, "Why not")

    def test_the_kanban_shows_every_dunning_stage_of_the_strategies_in_use(self):
        self._create_case_at(self.stage_first)
        groups = (
            self.env["collection.case"]
            .with_context(read_group_expand=True)
            .formatted_read_group([("state", "=", "open")], ["stage_id"], ["__count"])
        )
        shown = [group["stage_id"][0] for group in groups if group["stage_id"]]
        self.assertEqual(shown, self.strategy.stage_ids[1:].ids)
