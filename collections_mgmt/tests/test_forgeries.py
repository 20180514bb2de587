"""Promises, plans and disputes against people who send what no screen would send."""

from contextlib import contextmanager
from datetime import date, datetime, time, timedelta

from psycopg2.errors import CheckViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw
from odoo.tests import HttpCase, freeze_time
from odoo.tools import mute_logger

from ..tools.payment_plan import make_plan
from .test_access import AccessCommon
from .test_promise_proposal import ROUTE

QUIET = mute_logger(
    "odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model", "odoo.sql_db"
)


class ForgeryCommon(AccessCommon):
    """A collector with a case, and one of another collector."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.collection_strategy_id = False  # nobody is written to
        cls.env["collection.run"]._plan(cls.env.company)
        cls.env.company.collection_strategy_id = cls.strategy
        cls.env.invalidate_all()
        cls.case, cls.foreign = (
            cls._case(cls, partner) for partner in (cls.mine, cls.others)
        )
        cls.item, cls.foreign_item = cls.case.item_ids, cls.foreign.item_ids
        cls.reason = cls.env.ref("collections_mgmt.collection_dispute_reason_price")
        cls.env.company.write(
            {"collection_promise_max_days": 30, "collection_promise_max_count": 0}
        )

    def _call(self, role, record, method, *args, context=None, **kwargs):
        """Call a method as a client of a role does; return what it returns."""
        record = self._as(role, record)
        if context:
            record = record.with_context(**context)
        ids = [] if method in ("create", "web_save") and not record else [record.ids]
        result = call_kw(record.browse(), method, [*ids, *args], kwargs)
        self.env.flush_all()
        self.env.invalidate_all()
        return result

    def _create(self, role, model, context=None, **values):
        [record_id] = self._call(
            role, self.env[model], "create", [values], context=context
        )
        return self.env[model].browse(record_id)

    @contextmanager
    def _refused(self, error, words=""):
        """Expect an error, and take back what was done before it, as a client sees."""
        with QUIET, self.assertRaisesRegex(error, words), self.cr.savepoint():
            yield
        self.env.invalidate_all()

    def _dispute_values(self, item, **values):
        return {
            "case_id": item.case_id.id,
            "reason_id": self.reason.id,
            "line_ids": [Command.create({"item_id": item.id, "amount": 10.0})],
            **values,
        }

    def _promise_values(self, item, days=4, **values):
        day = self.today + timedelta(days=days)
        return {
            "case_id": item.case_id.id,
            "line_ids": [Command.create({"item_id": item.id, "amount": 10.0})],
            "instalment_ids": [Command.create({"date": day, "amount": 10.0})],
            **values,
        }

    def _create_sent_contact(self, case):
        """Write a call down that was made with a debtor."""
        return (
            self.env["collection.contact"]
            .sudo()
            .create(
                {
                    "case_id": case.id,
                    "partner_id": case.partner_id.id,
                    "company_id": case.company_id.id,
                    "channel": "call",
                    "state": "sent",
                    "date_planned": self.today,
                }
            )
        )


class TestForgedDisputes(ForgeryCommon):
    def test_only_who_works_on_the_case_records_a_dispute(self):
        own = self.users["own"].id
        for values in ({}, {"user_id": own}):
            with self.subTest(**values), self._refused(AccessError):
                self._create(
                    "own",
                    "collection.dispute",
                    **self._dispute_values(self.foreign_item, **values),
                )
        for role in ("viewer", "internal", "portal"):
            with self.subTest(role), self._refused(AccessError):
                self._create(
                    role, "collection.dispute", **self._dispute_values(self.item)
                )
        dispute = self._create(
            "own", "collection.dispute", **self._dispute_values(self.item)
        )
        self.assertEqual(dispute.state, "open")

    def test_the_suite_s_own_fields_come_from_nobody(self):
        for values in ({"state": "accepted"}, {"date_closed": self.today}):
            with self.subTest(**values), self._refused(UserError, "cannot be edited"):
                self._create(
                    "own",
                    "collection.dispute",
                    **self._dispute_values(self.item, **values),
                )
        dispute = self._create(
            "own",
            "collection.dispute",
            context={"default_state": "accepted", "default_date_closed": "2020-01-01"},
            **self._dispute_values(self.item),
        )
        self.assertRecordValues(dispute, [{"state": "open", "date_closed": False}])

    def test_a_dispute_stays_with_its_case(self):
        dispute = self._create_dispute(self.moves[self.mine])
        for values in (
            {"case_id": self._case(self.unassigned).id},
            {"partner_id": self.others.id},
            {"date_opened": self.today - timedelta(days=1)},
            {"state": "rejected"},
        ):
            with self.subTest(**values), self._refused(UserError, "cannot be edited"):
                self._call("own", dispute, "write", values)

    def test_what_was_said_and_decided_is_not_edited(self):
        dispute = self._create_dispute(self.moves[self.mine], answer="<p>No.</p>")
        self._call("own", dispute, "action_withdraw")
        for name, value in (
            ("answer", "<p>Yes.</p>"),
            ("description", "<p>Else</p>"),
            ("reference", "Else"),
            ("user_id", self.users["all"].id),
            ("tell_debtor", False),
            ("date_deadline", date(2030, 1, 1)),
            ("contact_id", False),
        ):
            label = dispute._fields[name].string
            with self.subTest(name), self._refused(UserError, label):
                self._call("own", dispute, "write", {name: value})

    def test_a_closed_dispute_still_takes_files_and_notes(self):
        dispute = self._create_dispute(self.moves[self.mine])
        self._call("own", dispute, "action_withdraw")
        dispute = self._as("own", dispute)
        file = dispute.env["ir.attachment"].create(
            {"name": "proof.pdf", "raw": b"%PDF-1.4", "mimetype": "application/pdf"}
        )
        dispute.message_post(body="Proof", attachment_ids=file.ids)
        self.assertIn("Proof", dispute.message_ids[0].body)

    def test_items_of_a_dispute_are_not_moved_to_another(self):
        first = self._create_dispute(self.moves[self.mine], 10.0)
        second = self._create_dispute(self.moves[self.unassigned], 10.0)
        line = first.line_ids
        with self._refused(UserError, "not moved to another"):
            self._call("own", line, "write", {"dispute_id": second.id})
        with self._refused(UserError, "not moved to another"):
            link = {"line_ids": [Command.link(line.id)]}
            self._call("own", second, "write", link)

    def test_the_contact_is_one_of_the_same_case(self):
        contact = self._create_sent_contact(self.foreign)
        for model, values in (
            ("collection.dispute", self._dispute_values(self.item)),
            ("collection.promise", self._promise_values(self.item)),
        ):
            with self.subTest(model), self._refused(ValidationError, "another debtor"):
                self._create("own", model, **values, contact_id=contact.id)

    def test_only_collectors_answer_disputes(self):
        dispute = self._create_dispute(self.moves[self.mine])
        for role in ("portal", "internal", "viewer"):
            user = self.users[role]
            with self.subTest(role), self._refused(ValidationError, "no collector"):
                self._call("own", dispute, "write", {"user_id": user.id})
            with self.subTest(role), self._refused(ValidationError, "no collector"):
                self._call("manager", self.reason, "write", {"user_id": user.id})
        self._call("own", dispute, "write", {"user_id": self.users["all"].id})
        self.assertEqual(dispute.user_id, self.users["all"])

    def test_only_collectors_get_cases(self):
        for role in ("portal", "internal"):
            values = {"agent_id": self.users[role].id}
            with self.subTest(role), self._refused(ValidationError, "no collector"):
                self._call("own", self.case, "write", values)
        with self._refused(ValidationError, "no collector"):
            self.mine.collection_agent_id = self.users["portal"]

    def test_the_conversation_of_a_dispute_reaches_nobody_outside(self):
        dispute = self._create_dispute(self.moves[self.mine])
        colleague = self.users["all"].partner_id
        dispute.message_subscribe((self.mine | colleague).ids)
        posts = (
            {"partner_ids": (self.mine | colleague).ids},
            {"outgoing_email_to": "mine@debtor.test"},
            {"subtype_xmlid": "mail.mt_comment"},
        )
        for values in posts:
            with self.subTest(**values), self.mock_mail_gateway():
                self._call(
                    "own",
                    dispute,
                    "message_post",
                    body="Hello",
                    message_type="comment",
                    **values,
                )
                reached = {address for m in self._mails for address in m["email_to"]}
                self.assertFalse({a for a in reached if "debtor.test" in a})
        self.assertNotIn(self.mine, dispute.message_ids.notified_partner_ids)
        self.assertIn(colleague, dispute.message_ids.notified_partner_ids)

    def test_no_kind_of_message_goes_past_the_contact_rules(self):
        self.env["collection.hold"].create({"partner_id": self.mine.id})
        post = {"body": "Pay", "partner_ids": self.mine.ids}
        kinds = (
            *("comment", "notification", "auto_comment"),
            *("email_outgoing", "out_of_office"),
        )
        for method, values in (
            *(("message_post", {"message_type": kind}) for kind in kinds),
            ("message_post", {"outgoing_email_to": "mine@debtor.test"}),
            ("message_notify", {}),
        ):
            with self.subTest(method, **values), self.mock_mail_gateway():
                self._call("own", self.case, method, **post, **values)
                reached = {address for m in self._mails for address in m["email_to"]}
                self.assertFalse({a for a in reached if "debtor.test" in a})

    def test_who_answers_without_the_case_signs_the_answer(self):
        dispute = self._create_dispute(
            self.moves[self.others],
            user_id=self.users["own"].id,
            answer="<p>The price was agreed on.</p>",
        )
        with self._refused(AccessError):
            self._call("own", self.foreign, "read", ["partner_id"])
        with self.mock_mail_gateway():
            self._call("own", dispute, "action_reject")
        author = self.users["own"].partner_id
        self.assertEqual(dispute.state, "rejected")
        messages = self.foreign.message_ids
        answer = messages.filtered(lambda message: "agreed on" in message.body)
        self.assertEqual(answer.author_id, author)
        self.assertEqual(answer.partner_ids, self.others)
        log = messages.filtered(lambda message: "is rejected" in message.body)
        self.assertEqual(log.author_id, author)

    def test_a_dispute_is_opened_neither_in_the_future_nor_before_the_invoice(self):
        for day in ("2999-01-01", "1999-01-01", "9999-12-31", "0001-01-01"):
            with self.subTest(day), self._refused(ValidationError, "enter the day"):
                self._create(
                    "own",
                    "collection.dispute",
                    **self._dispute_values(self.item, date_opened=day),
                )

    def test_merged_debtors_keep_their_disputes_and_promises(self):
        dispute = self._create_dispute(self.moves[self.others])
        promise = self._create_promise(self.moves[self.others])
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.others | self.mine).ids, self.mine
        )
        self.env.flush_all()
        self.env.invalidate_all()
        for record in (dispute, promise):
            self.assertRecordValues(
                record, [{"case_id": self.case.id, "partner_id": self.mine.id}]
            )

    def test_erasing_a_debtor_empties_the_disputes(self):
        dispute = self._create_dispute(
            self.moves[self.mine],
            description="<p>I am ill</p>",
            reference="Mrs. Lee",
            answer="<p>Get well</p>",
        )
        dispute.message_post(body="She is ill")
        file = self.env["ir.attachment"].create(
            {"name": "ill.txt", "res_model": dispute._name, "res_id": dispute.id}
        )
        self.case.sudo()._erase_conversation()
        self.assertFalse(
            dispute.description or dispute.reference or dispute.answer, "Texts"
        )
        self.assertFalse(dispute.message_ids or dispute.activity_ids or file.exists())


class TestForgedPromises(ForgeryCommon):
    def test_a_promise_stays_with_its_case(self):
        promise = self._create(
            "own", "collection.promise", **self._promise_values(self.item)
        )
        other = self._case(self.unassigned)
        with self._refused(UserError, "cannot be edited: Case"):
            self._call("own", promise, "write", {"case_id": other.id})

    def test_parts_of_a_promise_are_not_moved_to_another(self):
        first, second = (
            self._create("own", "collection.promise", **self._promise_values(item))
            for item in (self.item, self._case(self.unassigned).item_ids)
        )
        for name in ("line_ids", "instalment_ids"):
            with self.subTest(name), self._refused(UserError, "not moved"):
                self._call("own", first[name], "write", {"promise_id": second.id})
            with self.subTest(name), self._refused(UserError, "not moved"):
                link = {name: [Command.link(first[name].id)]}
                self._call("own", second, "write", link)

    def test_who_promises_belongs_to_the_debtor(self):
        for partner in (self.others, self.env.company.partner_id):
            with self._refused(ValidationError, "does not belong to"):
                values = self._promise_values(self.item, promiser_id=partner.id)
                self._create("own", "collection.promise", **values)
        person = self.env["res.partner"].create(
            {"name": "Ann Lee", "parent_id": self.mine.id}
        )
        values = self._promise_values(self.item, promiser_id=person.id)
        promise = self._create("own", "collection.promise", **values)
        self.assertEqual(promise.promiser_id, person)

    def test_a_promise_is_made_neither_in_the_future_nor_before_the_invoice(self):
        for day in ("2999-01-01", "1999-01-01"):
            with self.subTest(day), self._refused(ValidationError, "enter the day"):
                values = self._promise_values(self.item, date_made=day)
                self._create("own", "collection.promise", **values)
        values = self._promise_values(self.item, date_made=str(self.today))
        self.assertTrue(self._create("own", "collection.promise", **values))

    def test_a_promise_for_the_end_of_the_calendar_is_refused(self):
        self.env.company.collection_promise_max_days = 0
        values = self._promise_values(self.item)
        values["instalment_ids"][0][2]["date"] = "9999-12-31"
        promise = self._create("own", "collection.promise", **values)
        with self._refused(UserError, "too far ahead"):
            self._call("own", promise, "action_confirm")

    def test_a_promise_replaces_one_of_its_own_debtor(self):
        foreign = self._create_promise(self.moves[self.others])
        foreign.action_confirm()
        neighbour = self._create_promise(self.moves[self.unassigned])
        neighbour.action_confirm()
        for replaced, error in ((foreign, AccessError), (neighbour, ValidationError)):
            for model in ("collection.promise.register", "collection.plan.propose"):
                with self.subTest(model), self._refused(error):
                    form = self._make_form("own", model, replaces_id=replaced.id)
                    self._call("own", form, "action_register")
            self.assertEqual(replaced.state, "open")

    def _make_form(self, role, model, context=None, **values):
        return self._create(
            role,
            model,
            context=context,
            **{
                "case_id": self.case.id,
                "date": self.today + timedelta(days=4),
                "amount": 10.0,
                **values,
            },
        )

    def test_a_form_that_is_sent_twice_makes_one_promise(self):
        for model in ("collection.promise.register", "collection.plan.propose"):
            with self.subTest(model):
                before = self.case.promise_ids
                form = self._make_form("own", model)
                for _time in range(2):
                    self._call("own", form, "action_register")
                self.assertEqual(len(self.case.promise_ids - before), 1)

    def test_a_form_takes_nothing_from_the_context_that_it_does_not_say(self):
        context = {"default_kind": "plan", "default_interest_rate": 99.0}
        form = self._make_form("own", "collection.promise.register")
        self._call("own", form, "action_register", context=context)
        self.assertRecordValues(
            self.case.promise_ids, [{"kind": "promise", "interest_rate": 0.0}]
        )

    def test_absurd_numbers_are_refused_in_words(self):
        absurd = (float("nan"), float("inf"), float("-inf"), 1e300)
        for number in absurd:
            with self.subTest(number), self._refused(ValidationError, "counted with"):
                values = {"kind": "plan", "interest_rate": number}
                values = self._promise_values(self.item, **values)
                self._create("own", "collection.promise", **values)
            with self.subTest(number), self._refused(ValidationError, "counted with"):
                self._make_form("own", "collection.promise.register", amount=number)
            with self.subTest(number), self._refused(ValidationError, "counted with"):
                line = {"item_id": self.item.id, "amount": number}
                values = self._dispute_values(self.item)
                values["line_ids"] = [Command.create(line)]
                self._create("own", "collection.dispute", **values)
        for rate in (-1.0, 1001.0):
            with self.subTest(rate), self._refused(CheckViolation):
                values = {"kind": "plan", "interest_rate": rate}
                values = self._promise_values(self.item, **values)
                self._create("own", "collection.promise", **values)

    def test_plans_that_nobody_could_follow_are_refused_in_words(self):
        for values in (
            {"count": 3_000_000},
            {"count": 0},
            {"count": -4},
            {"first_amount": -5.0},
            {"count": 500, "amount": 100.0, "date": "9999-01-01"},
        ):
            with self.subTest(**values), self._refused(UserError, "cannot be paid"):
                form = self._make_form("own", "collection.plan.propose", **values)
                self._call("own", form, "action_register")
        with self._refused(ValidationError, "counted with"):
            self._make_form("own", "collection.plan.propose", count=3_000_000_000)

    def test_a_plan_has_hundreds_of_instalments_at_most(self):
        with self.assertRaises(ValueError):
            make_plan(3_000_000, 521, self.today, "weekly")

    def test_a_plan_with_one_date_keeps_the_limits_of_promises(self):
        values = self._promise_values(self.item, days=60, kind="plan")
        plan = self._create("own", "collection.promise", **values)
        with self._refused(UserError, "the limit is 30 days"):
            self._call("own", plan, "action_confirm")

    def test_the_panel_says_of_the_gate_only_what_the_gate_said(self):
        contact = self._create_sent_contact(self.foreign)
        panel = self._create(
            "own",
            "collection.contact.log",
            context={
                "default_verdict": "allow",
                "default_contact_id": contact.id,
                "default_verdict_data": {"result": "allow"},
            },
            case_id=self.case.id,
        )
        panel_sudo = panel.sudo()  # it is the collector's own
        self.assertFalse(panel_sudo.contact_id or panel_sudo.verdict_data)
        self.assertFalse(panel_sudo.verdict)

    def test_a_panel_about_the_case_of_another_does_nothing(self):
        panel = self._create("own", "collection.contact.log", case_id=self.foreign.id)
        for method in ("action_ask", "action_save", "action_override", "action_cancel"):
            with self.subTest(method), self._refused(AccessError):
                self._call("own", panel, method)
        self.assertFalse(self._contacts(self.others))

    def test_what_is_kept_of_a_call_is_not_chosen_by_the_caller(self):
        context = {
            "default_override_reason": "Because",
            "default_exemption": "asked",
            "default_outcome": "talk",
            "default_is_edited": True,
            "default_source": "rule",
        }
        self._call("own", self.case, "action_call", context=context)
        contact = self._contacts(self.mine).sudo()
        self.assertRecordValues(
            contact,
            [
                {
                    "state": "reserved",
                    "override_reason": False,
                    "exemption": False,
                    "outcome": False,
                    "is_edited": False,
                }
            ],
        )
        self._call(
            "own",
            self._case(self.unassigned),
            "write",
            {"agent_id": self.users["own"].id},
            context={"default_rule_id": 1},
        )
        history = self._case(self.unassigned).sudo().assignment_ids
        self.assertFalse(history.rule_id)

    def test_the_address_of_a_log_in_is_not_corrected_on_the_phone(self):
        victim = self.users["portal"].partner_id
        victim.collection_agent_id = self.users["own"]
        self._create_overdue_invoice(victim, 5)
        self._sync_only()
        outcome = self.env.ref("collections_mgmt.collection_outcome_wrong_number")
        values = {"outcome_id": outcome.id, "new_email": "thief@evil.test"}
        for partner, is_taken in ((victim, False), (self.mine, True)):
            action = self._call("own", self._case(partner), "action_call")
            panel = self.env[action["res_model"]].browse(action["res_id"])
            self._call("own", panel, "write", values)
            if is_taken:
                self._call("own", panel, "action_save")
            else:
                with self._refused(UserError, "logs in with an e-mail address"):
                    self._call("own", panel, "action_save")
            self.assertEqual(partner.email == "thief@evil.test", is_taken)

    def test_a_case_is_moved_by_a_thousand_points_at_most(self):
        for points in (1001.0, -1001.0, 1e9):
            with self.subTest(points), self._refused(CheckViolation):
                self._call("own", self.case, "write", {"rank_shift": points})
        self._call("own", self.case, "write", {"rank_shift": 1000.0})

    def test_a_chat_goes_to_a_number_and_to_nothing_else(self):
        action = self._call("own", self.case, "action_whatsapp")
        panel = self.env[action["res_model"]].browse(action["res_id"])
        for number in ("x?phone=1&text=evil", "../../", "12", "\u202e56961234567"):
            self._call("own", panel, "write", {"number": number, "message": "Hello"})
            with self.subTest(number), self._refused(UserError, "no telephone number"):
                self._call("own", panel, "action_open_whatsapp")
        self._call("own", panel, "write", {"number": "+56 9 6123 4567"})
        url = self._call("own", panel, "action_open_whatsapp")["url"]
        self.assertTrue(url.startswith("https://wa.me/56961234567?text=Hello"))


class ProposedPlanCommon(ForgeryCommon):
    def setUp(self):
        super().setUp()
        self.plan = self._propose()

    def _propose(self):
        """Send the proposal of a plan of two dates as its collector."""
        values = self._promise_values(self.item, kind="plan", interest_rate=5.0)
        values["instalment_ids"] = [
            Command.create({"date": self.today + timedelta(days=days), "amount": 5.0})
            for days in (4, 11)
        ]
        plan = self._create("own", "collection.promise", **values)
        self._call("own", plan, "action_send_proposal")
        return plan


class TestForgedPlans(ProposedPlanCommon):
    def test_whatever_changes_the_terms_withdraws_the_proposal(self):
        dates = self.plan.instalment_ids
        for record, values in (
            (self.plan, {"kind": "promise"}),
            (self.plan, {"interest_rate": 50.0}),
            (self.plan, {"date_made": self.today - timedelta(days=3)}),
            (self.plan, {"line_ids": [Command.update(self.plan.line_ids.id, {})]}),
            (self.plan.line_ids, {"amount": 9.0}),
            (dates[0], {"amount": 6.0}),
            (dates[0], {"interest": 6.0}),
            (dates[0], {"date": self.today + timedelta(days=5)}),
        ):
            self.plan.sudo().write({"proposal_hash": "x", "proposal_text": "y"})
            with self.subTest(record=record._name, **values):
                self._call("own", record, "write", values)
                self.assertFalse(self.plan.proposal_hash or self.plan.proposal_text)

    def test_items_of_a_plan_are_of_its_own_case(self):
        foreign = self._case(self.unassigned).item_ids
        with self._refused(ValidationError, "its own case"):
            self._call("own", self.plan.line_ids, "write", {"item_id": foreign.id})

    def test_a_proposal_holds_until_the_debtor_s_day_ends(self):
        self.plan.sudo().date_valid = self.today
        self.assertTrue(self.plan._is_acceptable())
        self.mine.collection_tz = "Pacific/Kiritimati"
        # Midday in Greenwich: there it is two in the morning of the next day.
        self.assertFalse(self.plan._is_acceptable())
        self.mine.collection_tz = "America/Santiago"
        with freeze_time(datetime.combine(self.today + timedelta(days=1), time(2))):
            self.assertTrue(self.plan._is_acceptable(), "It is evening there.")
        with freeze_time(datetime.combine(self.today + timedelta(days=1), time(4))):
            self.assertFalse(self.plan._is_acceptable())


class TestForgedVisits(ProposedPlanCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self._deliver()
        self.path = ROUTE.search(self.plan.proposal_contact_id.promise_url).group()

    def _visit(self, path=None, **options):
        response = self.opener.post(self.base_url() + (path or self.path), **options)
        self.env.invalidate_all()
        return response

    def test_a_name_that_no_database_takes_is_cleaned(self):
        response = self._visit(data={"name": "Ann\0 Lee\0", "agreed": "1"})
        self.assertEqual(response.status_code, 200)
        self.assertEqual(self.plan.accepted_name, "Ann Lee")

    def test_a_file_is_no_name(self):
        response = self._visit(
            files={"name": ("name.txt", b"Ann"), "agreed": ("a.txt", b"1")}
        )
        self.assertEqual(response.status_code, 200)
        self.assertIn("Write your name", response.text)
        self.assertEqual(self.plan.state, "draft")

    def test_an_endless_name_is_cut(self):
        response = self._visit(data={"name": "A" * 200_000, "agreed": "1"})
        self.assertEqual(response.status_code, 200)
        self.assertEqual(self.plan.accepted_name, "A" * 100)

    def test_a_number_that_no_database_takes_is_no_link(self):
        for number in ("9" * 30, "0"):
            for path in ("/collections/plan/%s/abc", "/collections/stop/%s/%%00é"):
                with self.subTest(path % number):
                    response = self._visit(path % number, data={"name": "Ann"})
                    self.assertEqual(response.status_code, 404)

    def test_an_erased_proposal_is_shown_no_more(self):
        # PostgreSQL checks references of rows of its own transaction once more, and
        # the order in which it follows them is not ours. In real work there is a
        # commit before anything is erased.
        self.env.flush_all()
        self.cr.execute("UPDATE collection_contact SET mail_mail_id = NULL")
        self.env.invalidate_all()
        self.case.sudo()._erase_conversation()
        response = self._visit(data={})
        self.assertEqual(response.status_code, 404)
        self.assertNotIn(self.moves[self.mine].name, response.text)
