"""What a rule needs to know beside the hour: notices, costs, seats, calls at work."""

from datetime import datetime, timedelta, timezone

from odoo import Command

from ..models.collection_gate import Ask
from .gate_common import GateCommon


class TestNotices(GateCommon):
    """What the law wants first comes first."""

    def _judge_after(self, *stages, notice="fourteen_days", **ask):
        """Return the verdict after messages of these stages, an hour ago each."""
        move = self._create_overdue_invoice(self.debtor, 5)
        self._sync_only()
        for stage in stages:
            self._note_message(stage, move)
        return self._judge(debt_ids=frozenset(move.ids), **ask)

    def _note_message(self, stage, move, **ago):
        values = {
            "stage_id": stage.id,
            "line_ids": [Command.create({"item_id": self._items(move).id})],
        }
        return self._note_contact(
            "email", outcome="sent", values=values, **(ago or {"hours": 1})
        )

    def setUp(self):
        super().setUp()
        self.notice = self.stage_due
        self.notice.notice = "fourteen_days"

    def test_without_its_notice_nothing_leaves(self):
        self._create_rule(kind="prerequisite", after="fourteen_days", cap_scope="debt")
        self.assertEqual(self._judge_after().result, "block")
        self.assertEqual(self._judge_after(self.stage_first).result, "block")

    def test_the_notice_itself_leaves_at_once(self):
        self._create_rule(kind="prerequisite", after="fourteen_days", days=14)
        verdict = self._judge_after(notice="fourteen_days")
        self.assertEqual(verdict.result, "block")
        self.assertEqual(self._judge(notice="fourteen_days").result, "allow")
        self.assertEqual(self._judge(notice="validation").result, "block")

    def test_after_the_notice_so_many_full_days_must_pass(self):
        self._create_rule(
            kind="prerequisite", after="fourteen_days", days=14, cap_scope="debt"
        )
        verdict = self._judge_after(self.notice)
        self.assertEqual(verdict.result, "defer")
        expected = self._get_instant("00:00", 15).replace(tzinfo=timezone.utc)
        self.assertEqual(verdict.next_slot, expected)

    def test_a_notice_about_one_debt_is_none_about_another(self):
        self._create_rule(kind="prerequisite", after="fourteen_days", cap_scope="debt")
        told, other = (self._create_overdue_invoice(self.debtor, 5) for _n in range(2))
        self._sync_only()
        self._note_message(self.notice, told)
        for moves, result in (
            (told, "allow"),
            (other, "block"),
            (told + other, "block"),
        ):
            verdict = self._judge(debt_ids=frozenset(moves.ids))
            self.assertEqual(verdict.result, result)

    def test_a_notice_of_years_ago_is_not_forgotten(self):
        self._create_rule(kind="prerequisite", after="fourteen_days", cap_scope="debt")
        move = self._create_overdue_invoice(self.debtor, 5)
        self._sync_only()
        self._note_message(self.notice, move, days=900)
        verdict = self._judge(debt_ids=frozenset(move.ids))
        self.assertEqual(verdict.result, "allow")

    def test_a_rule_on_costs_is_about_stages_that_ask_for_them(self):
        self._forbid(stage_kind="costs")
        self.assertEqual(self._judge().result, "allow")
        self.assertEqual(self._judge(has_costs=True).result, "block")
        self.stage_due.has_costs = True
        self._create_overdue_invoice(self.debtor, 5)
        self._plan_and_deliver()
        self.assertEqual(self._contacts(self.debtor).state, "blocked")

    def test_a_planned_notice_leaves_and_what_follows_waits_for_it(self):
        self._create_rule(
            kind="prerequisite", after="fourteen_days", days=14, cap_scope="debt"
        )
        self._create_overdue_invoice(self.debtor, 5)
        self._plan_and_deliver()
        contact = self._contacts(self.debtor)
        self.assertEqual((contact.stage_id, contact.state), (self.notice, "queued"))

    def test_a_rule_on_dunning_counts_no_reminder_of_before(self):
        self._create_rule(kind="gap", days=14, stage_kind="dunning")
        verdict = self._judge_after(self.stage_soon)
        self.assertEqual(verdict.result, "allow")
        self.assertEqual(self._judge_after(self.stage_due).result, "defer")

    def test_a_call_is_about_what_is_overdue(self):
        self._create_rule(kind="prerequisite", after="fourteen_days", cap_scope="debt")
        told = self._create_overdue_invoice(self.debtor, 5)
        self._create_overdue_invoice(self.debtor, -20)
        self._sync_only()
        self._note_message(self.notice, told)
        case = self._case(self.debtor)
        data = self.env["collection.contact"]._ask_by_hand(case, "call")
        self.assertEqual(data["result"], "allow")


class TestSeat(GateCommon):
    """Some laws go with the seat of who collects."""

    def _move_to(self, country):
        self.env.company.partner_id.write({"country_id": country.id, "state_id": False})

    def test_a_rule_by_the_seat_holds_for_debtors_elsewhere(self):
        rule = self._forbid(country_id=self.mexico.id, is_by_seat=True)
        self._move_to(self.chile)
        self.assertEqual(self._judge().result, "allow")
        self._move_to(self.mexico)
        self.assertEqual(self._judge().result, "block")
        rule.is_by_seat = False
        self.assertEqual(self._judge().result, "allow")

    def test_it_takes_no_fallback_from_the_debtors_place(self):
        self.env["collection.contact.rule"].search([]).active = False
        self._create_rule(
            country_id=self.mexico.id, is_by_seat=True, hours="00:00-24:00"
        )
        self._create_rule(is_fallback=True, hours="")
        self._move_to(self.mexico)
        self.assertEqual(self._judge().result, "block")

    def test_an_agency_of_buenos_aires_says_who_it_is_everywhere(self):
        argentina = self.env.ref("base.ar")
        rule = self.env.ref("collections_mgmt.contact_rule_ar_caba_content")
        rule.active = True
        self.env.company.collection_actor = "agency"
        self.env.company.partner_id.write(
            {
                "country_id": argentina.id,
                "state_id": self.env.ref("base.state_ar_c").id,
            }
        )
        gate = self.env["collection.gate"]
        ask = Ask(self.debtor.id, "email")
        self.assertIn(rule, gate._get_content_rules(self.env.company, [ask])[0])
        self.env.company.partner_id.state_id = self.env.ref("base.state_ar_b")
        self.assertNotIn(rule, gate._get_content_rules(self.env.company, [ask])[0])


class TestWorkCalls(GateCommon):
    """A call at work is a call, and rules may say more of it."""

    def setUp(self):
        super().setUp()
        self._create_overdue_invoice(self.debtor, 5)
        self._sync_only()

    def test_it_counts_as_a_call(self):
        self._create_cap(1, "call")
        self._note_contact("work_call", hours=1)
        for channel in ("call", "work_call"):
            self.assertEqual(self._judge(channel=channel).result, "defer")

    def test_a_call_elsewhere_is_none_at_work(self):
        self._create_cap(1, "work_call")
        self._note_contact("call", hours=1)
        self.assertEqual(self._judge(channel="work_call").result, "allow")

    def test_an_employer_may_forbid_it(self):
        self._stop(channel_ids=self._channels("work_call").ids)
        self.assertEqual(self._judge(channel="work_call").result, "block")
        self.assertEqual(self._judge(channel="call").result, "allow")

    def test_who_refuses_calls_refuses_them_at_work(self):
        self._answer("refused", "call")
        self.assertEqual(self._judge(channel="work_call").result, "block")

    def test_who_agrees_to_calls_has_not_agreed_to_them_at_work(self):
        self._create_rule(kind="consent")
        self._answer("granted", "call")
        self.assertEqual(self._judge(channel="work_call").result, "block")
        self.assertEqual(self._judge(channel="call").result, "allow")

    def test_massachusetts_allows_two_in_30_days(self):
        rule = self.env.ref("collections_mgmt.contact_rule_us_ma_cap_work")
        rule.active = True
        massachusetts = self.env.ref("base.state_us_34")
        self.debtor.write(
            {
                "country_id": massachusetts.country_id.id,
                "state_id": massachusetts.id,
            }
        )
        for days in (20, 10):
            self._note_contact("work_call", days=days)
        verdict = self._judge(channel="work_call")
        self.assertEqual(verdict.result, "defer")
        tenth_day = datetime.now(timezone.utc) + timedelta(days=10)
        self.assertEqual(verdict.next_slot, tenth_day.replace(microsecond=0))
        self.assertEqual(self._judge(channel="call").result, "allow")


class TestExchanges(GateCommon):
    """Who answers a message has talked with us: the rest after a talk begins."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)
        cls.nyc = cls.env.ref("collections_mgmt.contact_rule_us_nyc_cooldown")

    def setUp(self):
        super().setUp()
        new_york = self.env.ref("base.state_us_27")
        self.debtor.write(
            {
                "country_id": new_york.country_id.id,
                "state_id": new_york.id,
                "city": "Brooklyn",
                "collection_debtor_type": "consumer",
            }
        )
        self.nyc.write({"active": True, "date_from": self.today})
        self.contact = self._run().sudo()
        self.debts = frozenset(self.move.ids)

    def _judge_on(self, day, channel="email", **values):
        with self._day(day):
            values = {"debt_ids": self.debts, **values}
            return self._judge(channel=channel, **values)

    def test_new_york_city_rests_for_seven_days_from_a_reply_on(self):
        self.assertEqual(self._judge_on(1).result, "allow")
        with self._day(1):
            self.contact._set_replied()
        for channel in ("email", "call", "letter"):
            verdict = self._judge_on(7, channel)
            self.assertEqual(verdict.result, "defer")
            self.assertEqual(verdict.reasons[0].rule.id, self.nyc.id)
        self.assertEqual(self._judge_on(8).result, "allow")

    def test_it_rests_from_the_last_reply_on(self):
        for day in (1, 3):
            with self._day(day):
                self.contact._set_replied()
        self.assertEqual(self._judge_on(9).result, "defer")
        self.assertEqual(self._judge_on(10).result, "allow")

    def test_the_reply_is_about_the_debts_that_the_message_named(self):
        with self._day(1):
            self.contact._set_replied()
        other = self._create_overdue_invoice(self.debtor, 5)
        on_other = {"debt_ids": frozenset(other.ids)}
        self.assertEqual(self._judge_on(2, **on_other).result, "allow")

    def test_a_reply_is_no_contact_of_ours(self):
        self._create_cap(1, "email")
        with self._day(6):
            self.contact._set_replied()
        verdict = self._judge_on(8, debt_ids=frozenset())
        self.assertFalse([r for r in verdict.reasons if r.code == "cap"])

    def test_who_asks_by_telephone_alone_is_not_bound_by_what_was_written(self):
        self.nyc.active = False
        self._create_rule("call", kind="cooldown", after="talk", days=7)
        with self._day(1):
            self.contact._set_replied()
        self.assertEqual(self._judge_on(2, "call").result, "allow")


class TestCounting(GateCommon):
    """Colombia counts messages that were sent and calls that were answered."""

    def test_a_call_in_vain_does_not_count_as_answered(self):
        self._create_overdue_invoice(self.debtor, 5)
        self._sync_only()
        self._create_cap(1, counting="answered")
        contact = self._note_contact("call", hours=1)
        self.assertEqual(contact.outcome, "attempted")
        self.assertEqual(self._judge().result, "allow")
        for channel, outcome in (("call", "talk"), ("call", "left"), ("sms", "sent")):
            with self.subTest(channel=channel, outcome=outcome):
                savepoint = self.cr.savepoint()
                self._note_contact(channel, outcome=outcome, minutes=30)
                self.assertEqual(self._judge().result, "defer")
                savepoint.close(rollback=True)
                self.env.invalidate_all()
