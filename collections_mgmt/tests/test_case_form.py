from datetime import timedelta

from odoo import Command
from odoo.tests import Form, new_test_user
from odoo.tools import html2plaintext

from .test_ranking import RankingCommon


class CaseFormCommon(RankingCommon):
    def _create_plain_case(self, days_and_amounts, **values):
        debtor = self._create_debtor("Acme", **values)
        for days, amount in days_and_amounts:
            self._create_overdue_invoice(debtor, days, amount)
        self._sync_only()
        return self._case(debtor)

    def _read(self, html):
        """Return the words of a part of the form, in one line."""
        text = html2plaintext(html).replace("\N{NO-BREAK SPACE}", " ")
        return " ".join(text.split())


class TestAging(CaseFormCommon):
    """The form shows how much is how late."""

    def test_each_item_is_in_the_bucket_of_its_days(self):
        case = self._create_plain_case(
            [(-5, 1), (0, 2), (1, 10), (30, 20), (31, 100), (121, 1000), (400, 2000)]
        )
        amounts = [bucket["amount"] for bucket in case._get_aging()]
        self.assertEqual(amounts, [3, 30, 100, 0, 0, 3000])
        self.assertEqual(sum(amounts), case.amount_open)
        text = self._read(case.aging_html)
        self.assertIn("Not due *$ 3.00*", text)
        self.assertIn("Over 120 days *$ 3,000.00*", text)

    def test_the_bar_is_full(self):
        case = self._create_plain_case([(5, 1), (40, 1), (70, 1)])
        shares = [bucket["share"] for bucket in case._get_aging()]
        self.assertEqual(shares, [0, 33.33, 33.33, 33.33, 0, 0])

    def test_foreign_currencies_are_told_apart(self):
        case = self._create_plain_case([(5, 100)])
        self.assertEqual(case._get_foreign_blocks(), [])
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        self._create_overdue_invoice(case.partner_id, 5, 50, euro)
        self._sync_only()
        case.invalidate_recordset()
        totals = {
            block.currency.name: block.total for block in case._get_foreign_blocks()
        }
        self.assertEqual(totals, {"USD": 100, "EUR": 50})
        self.assertIn("EUR", self._read(case.aging_html))


class TestContactPoints(CaseFormCommon):
    """The form shows by which addresses the debtor can be reached."""

    def _get_marks(self, case):
        case.invalidate_recordset()
        return {
            point["value"]: [text for text, _color in point["marks"]]
            for point in case._get_contact_points()
        }

    def test_the_quality_of_each_address(self):
        case = self._create_plain_case([(5, 100)], phone="+1 202 555 0143")
        debtor = case.partner_id
        debtor.country_id = self.env.ref("base.us")
        self.assertEqual(
            self._get_marks(case),
            {"acme@debtor.test": ["Valid"], debtor.phone: ["Valid"]},
        )
        debtor.write({"email": "nobody", "phone": "12"})
        self.assertEqual(
            self._get_marks(case), {"nobody": ["Not valid"], "12": ["Not valid"]}
        )
        debtor.email = "acme@debtor.test"
        debtor.message_bounce = 1
        self.env["mail.blacklist"].create({"email": debtor.email})
        self.assertEqual(
            self._get_marks(case)["acme@debtor.test"], ["On the blacklist", "Came back"]
        )

    def test_the_last_answer_about_each_channel(self):
        case = self._create_plain_case([(5, 100)])
        for days, state in ((2, "granted"), (1, "refused")):
            self.env["collection.consent"].create(
                {
                    "partner_id": case.partner_id.id,
                    "channel_id": self.env.ref(
                        "collections_mgmt.collection_channel_email"
                    ).id,
                    "state": state,
                    "date": self.today - timedelta(days=days),
                }
            )
        self.assertEqual(self._get_marks(case)["acme@debtor.test"], ["Refused: E-mail"])

    def test_its_contacts_are_shown_and_texts_are_escaped(self):
        case = self._create_plain_case([(5, 100)], email=False)
        self.assertIn("No e-mail address", self._read(case.contact_points_html))
        case.partner_id.child_ids = [
            Command.create(
                {"name": "<b>Ann</b>", "email": "ann@x.test", "function": "Payables"}
            )
        ]
        case.invalidate_recordset()
        self.assertIn("&lt;b&gt;Ann&lt;/b&gt;", str(case.contact_points_html))
        self.assertIn("Payables", self._read(case.contact_points_html))


class TestCourse(CaseFormCommon):
    """The form shows all that happened, of every kind, in one list."""

    def test_every_kind_of_event(self):
        debtor = self._create_debtor("Acme")
        move = self._create_overdue_invoice(debtor, 5, 100)
        self._run()
        self._pay(move, 40)
        case = self._case(debtor)
        case.message_post(body="They will pay on Monday", message_type="comment")
        self._end_transaction()
        text = self._read(case.course_html)
        for words in (
            "E-mail: Sent",
            "acme@debtor.test",
            "Paid",
            "$ 40.00",
            "They will pay on Monday",
            "To contact",
        ):
            self.assertIn(words, text)

    def test_the_latest_comes_first_and_repeated_decisions_once(self):
        case = self._create_plain_case([(5, 100)])
        decisions = self.env["collection.case.decision"].sudo()
        case.sudo().decision = False
        self.env.flush_all()
        decisions.search([("case_id", "=", case.id)]).unlink()
        for days, decision in ((4, "gap"), (3, "last_stage"), (2, "last_stage")):
            decisions.create(
                {
                    "case_id": case.id,
                    "date": self.today - timedelta(days=days),
                    "decision": decision,
                }
            )
        entries = [entry for entry in case._get_course() if entry["icon"] == "fa-cog"]
        self.assertEqual(
            [(entry["title"], entry["moment"].date()) for entry in entries],
            [
                ("Last stage reached", self.today - timedelta(days=3)),
                ("Contacted recently", self.today - timedelta(days=4)),
            ],
        )

    def test_the_form_says_how_many_there_are_and_offers_all(self):
        case = self._create_plain_case([(5, 100)])
        for number in range(45):
            case.message_post(body=f"Note {number} taken", message_type="comment")
        case.invalidate_recordset()
        self.assertTrue(case.is_course_cut)
        entries, count = case._read_course(None)
        self.assertEqual(len(entries), count)
        self.assertGreaterEqual(count, 45)
        text = self._read(case.course_html)
        self.assertIn(f"The last 40 of {count} entries.", text)
        self.assertNotIn("Note 0 taken", text)
        action = case.action_open_course()
        form = Form(
            self.env["collection.case"].browse(action["res_id"]),
            view=action["views"][0][0],
        )
        self.assertIn("Note 0 taken", self._read(form.full_course_html))
        self.assertIn(f"Entries: {count}", self._read(form.full_course_html))

    def test_a_short_course_is_not_cut(self):
        case = self._create_plain_case([(5, 100)])
        self.assertFalse(case.is_course_cut)

    def _get_lines(self, case):
        """Return (title, text) of the entries, the first one first."""
        case.invalidate_recordset()
        return [
            (entry["title"], entry["text"].replace("\N{NO-BREAK SPACE}", " "))
            for entry in case._get_course(None)[::-1]
        ]

    def _create_case_of_invoice(self):
        move = self._create_overdue_invoice(self._create_debtor("Acme"), 5, 100)
        self._sync_only()
        return self._case(move.partner_id), move

    def test_a_promise_is_an_entry_when_made_and_when_over(self):
        case, move = self._create_case_of_invoice()
        self._create_promise(move).action_confirm()
        self._end_transaction()
        made = ("Promise", "$ 100.00 · until 03/20/2026")
        self.assertEqual(self._get_lines(case).count(made), 1)
        self._pay(move)
        self._end_transaction()
        kept = ("Promise: Kept", "$ 100.00 · until 03/20/2026")
        lines = self._get_lines(case)
        self.assertLess(lines.index(made), lines.index(kept))
        texts = " ".join(text for _title, text in lines)
        self.assertNotIn("promised $ 100.00 until", texts, "It is told once.")

    def test_a_broken_promise_is_an_entry(self):
        case, move = self._create_case_of_invoice()
        self._create_promise(move).action_confirm()
        self._end_transaction()
        with self._day(20):
            self.env["collection.engine"].sudo()._follow(self.env.company)
            self._end_transaction()
            titles = [title for title, _text in self._get_lines(case)]
        self.assertIn("Promise: Broken", titles)

    def test_disputes_and_holds_are_entries(self):
        case, move = self._create_case_of_invoice()
        dispute = self._create_dispute(move, 40.0)
        hold = self._create_hold(move)
        self._end_transaction()
        titles = [title for title, _text in self._get_lines(case)]
        self.assertEqual(titles.count("Dispute"), 1)
        self.assertEqual(titles.count("Hold"), 1)
        dispute.action_withdraw()
        hold._cancel("The document came")
        self._end_transaction()
        titles = [title for title, _text in self._get_lines(case)]
        self.assertIn("Dispute: Withdrawn", titles)
        self.assertIn("Hold: Cancelled", titles)

    def test_a_stage_reached_is_an_entry(self):
        case, move = self._create_case_of_invoice()
        self._run()
        reached = self._items(move).stage_id
        self.assertTrue(reached)
        self.assertIn((f"Stage: {reached.name}", move.name), self._get_lines(case))

    def test_a_prolonged_hold_is_told(self):
        case, move = self._create_case_of_invoice()
        hold = self._create_hold(move)
        before = self._get_lines(case)
        hold._prolong(hold.date_until + timedelta(days=1), "Still searching")
        self._end_transaction()
        new = set(self._get_lines(case)) - set(before)
        self.assertTrue([text for _title, text in new if "Still searching" in text])

    def test_words_of_a_debtor_are_escaped(self):
        case = self._create_plain_case([(5, 100)])
        case.message_post(
            body="I <3 paying & <script>alert()</script>", message_type="comment"
        )
        case.invalidate_recordset()
        self.assertNotIn("<script", str(case.course_html))


class TestPayer(CaseFormCommon):
    """The form shows how the debtor pays, and what it owes elsewhere."""

    def test_few_payments_tell_no_habit(self):
        case = self._create_plain_case([(5, 100)])
        self.assertEqual(
            case._get_habit_text(), "Too few paid invoices to tell a habit."
        )
        self.assertIn("No payment yet", self._read(case.payer_html))

    def test_the_median_of_the_days_late(self):
        debtor = self._create_debtor("Acme")
        for days in (2, 4, 30):
            self._pay(self._create_overdue_invoice(debtor, days, 100))
        self._create_overdue_invoice(debtor, 5, 100)
        self._sync_only()
        case = self._case(debtor)
        self.assertEqual(case._get_habits(), {"count": 3, "days": 4, "stage_id": None})
        self.assertEqual(
            case._get_habit_text(),
            "Usually pays 4 days late, without being asked (3 payments in two years).",
        )
        self.assertEqual(len(case._get_last_payments()), 3)

    def test_the_stage_after_which_most_were_paid(self):
        debtor = self._create_debtor("Acme")
        moves = [self._create_overdue_invoice(debtor, 5, 100) for _number in range(3)]
        self._run()
        for move in moves:
            self._pay(move)
        self._end_transaction()
        self._create_overdue_invoice(debtor, 5, 100)
        self._sync_only()
        case = self._case(debtor)
        self.assertIn(f"after “{self.stage_due.name}”", case._get_habit_text())

    def test_what_is_owed_elsewhere_is_shown_to_those_allowed(self):
        other = self._create_creditor("Other Creditor")
        debtor = self._create_debtor("Acme")
        self._create_overdue_invoice(debtor, 5)
        self._create_overdue_invoice(debtor, 5, company=other)
        self._plan(companies=self.env.company | other)
        case = self._case(debtor).filtered(
            lambda case: case.company_id == self.env.company
        )
        group = "base.group_user,collections_mgmt.group_collection_"
        for login, companies, role, expected in (
            ("both", self.env.company | other, "viewer", other),
            ("one", self.env.company, "viewer", other.browse()),
            ("portfolio", self.env.company | other, "collector", other),
        ):
            user = new_test_user(
                self.env,
                login=login,
                groups=group + role,
                company_id=self.env.company.id,
                company_ids=[Command.set(companies.ids)],
            )
            seen = case.with_user(user).with_context(
                allowed_company_ids=self.env.company.ids
            )
            with self.subTest(login):
                self.assertEqual(seen._get_cases_elsewhere().company_id, expected)
        self.env["collection.case"].search(
            [("company_id", "=", other.id)]
        ).agent_id = self.env.user
        self.env.invalidate_all()
        self.assertFalse(
            seen._get_cases_elsewhere(), "Another collector's case is not told."
        )
