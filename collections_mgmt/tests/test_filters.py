from datetime import timedelta

from .team_common import TeamCommon
from .test_worklist import WorklistCommon


class TestSavedFilters(WorklistCommon, TeamCommon):
    """Each saved filter of the cases finds exactly what its name says."""

    def test_unassigned(self):
        _mine, free = self._create_cases(Mine=5, Free=5)
        free.agent_id = False
        self.assertEqual(self._find("unassigned") & (_mine + free), free)

    def test_promised_and_due(self):
        late, today, coming, _none = self._create_cases(A=5, B=5, C=5, D=5)
        for case, days in ((late, -1), (today, 0), (coming, 1)):
            case.sudo().promise_date_next = self.today + timedelta(days=days)
        self.assertEqual(set(self._find("promised")), {late, today, coming})
        self.assertEqual(set(self._find("promises_due")), {late, today})

    def test_broke_a_promise(self):
        broken, _kept = self._create_cases(A=5, B=5)
        broken.sudo().broken_promise_count = 1
        self.assertEqual(self._find("broke_promise"), broken)

    def test_overdue_and_nothing_sent(self):
        cases = self._create_cases(A=5, B=5, C=5, D=5, E=5, Coming=-5)
        decisions = ("send", "queued", "sent", "blocked", "promised", "not_due")
        for case, decision in zip(cases, decisions, strict=True):
            case.sudo().decision = decision
        self.assertEqual(set(self._find("nothing_sent")), {cases[3], cases[4]})

    def test_overdue_without_a_decision_yet_was_sent_nothing_either(self):
        [case] = self._create_cases(A=5)
        case.sudo().decision = False
        self.assertEqual(self._find("nothing_sent"), case)

    def test_escalated(self):
        open_one, resolved, _other = self._create_cases(A=5, B=5, C=5)
        rule = self._create_escalation_rule(amount_above=1e9)
        self.env["collection.escalation"].sudo().create(
            [
                {"rule_id": rule.id, "case_id": case.id, "date": self.today} | values
                for case, values in (
                    (open_one, {}),
                    (resolved, {"date_resolved": self.today}),
                )
            ]
        )
        self.assertEqual(self._find("escalated"), open_one)

    def test_overdue_replied_needs_a_person_and_no_address(self):
        replied, stuck, unreachable, coming = self._create_cases(A=5, B=5, C=5, D=-5)
        replied.sudo().reply_date = self.today
        decisions = ("replied", "last_stage", "no_address", "not_due")
        cases = (replied, stuck, unreachable, coming)
        for case, decision in zip(cases, decisions, strict=True):
            case.sudo().decision = decision
        self.assertEqual(set(self._find("overdue")), {replied, stuck, unreachable})
        self.assertEqual(self._find("replied"), replied)
        self.assertEqual(self._find("no_address"), unreachable)
        self.assertEqual(set(self._find("needs_person")), {replied, stuck, unreachable})

    def test_open_and_closed_ones_by_how_they_ended(self):
        going, paid, cured, left = self._create_cases(A=5, B=5, C=5, D=5)
        for case, reason, stage in (
            (paid, "paid", self.stage_first),
            (cured, "paid", self.stage_first.browse()),
            (left, "left", self.stage_first),
        ):
            case.sudo().write(
                {"state": "closed", "close_reason": reason, "cured_stage_id": stage.id}
            )
        for name, expected in (
            ("open", {going}),
            ("closed", {paid, cured, left}),
            ("closed_paid", {paid, cured}),
            ("cured_early", {cured}),
            ("closed_unpaid", {left}),
        ):
            with self.subTest(name):
                self.assertEqual(
                    set(self._find(name) & (going + paid + cured + left)), expected
                )

    def test_put_off(self):
        put_off, back, _never = self._create_cases(A=5, B=5, C=5)
        put_off.snooze_until = self.today + timedelta(days=1)
        back.snooze_until = self.today
        self.assertEqual(self._find("put_off"), put_off)

    def test_no_email_is_judged_by_who_receives_it(self):
        names = ("Own", "None", "Invoice", "Bare", "Chosen", "Archived")
        cases = dict(
            zip(names, self._create_cases(**dict.fromkeys(names, 5)), strict=True)
        )
        for name, has_email in (
            *(("Own", True), ("None", False), ("Invoice", False)),
            *(("Bare", True), ("Chosen", True), ("Archived", False)),
        ):
            cases[name].partner_id.email = has_email and "it@debtor.test"

        def add(name, kind, email, **values):
            return self.env["res.partner"].create(
                {
                    "name": f"{kind} of {name}",
                    "type": kind,
                    "parent_id": cases[name].partner_id.id,
                    "email": email,
                    **values,
                }
            )

        add("Own", "contact", False)
        add("None", "contact", "seller@debtor.test")
        add("Invoice", "invoice", "bills@debtor.test")
        add("Bare", "invoice", False)
        cases["Chosen"].partner_id.collection_contact_id = add("Chosen", "other", False)
        add("Archived", "invoice", "bills@debtor.test", active=False)
        every = self.env["collection.case"].union(*cases.values())
        without = {cases[name] for name in ("None", "Bare", "Chosen", "Archived")}
        self.assertEqual(set(self._find("no_email") & every), without)
        self.assertEqual(set(every.filtered("is_without_email")), without)
