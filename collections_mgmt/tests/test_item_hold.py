from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user

from ..models.collection_engine import Scope
from .hold_common import HoldCommon


class TestItemHold(HoldCommon):
    """What is on hold is not asked for until its day; the rest goes on."""

    # WHAT THE ENGINE MAKES OF IT

    def test_what_is_on_hold_is_not_asked_for(self):
        self._hold()
        self.assertEqual(self.item.amount_held, 100.0)
        self.assertEqual(self._chased(), 0.0)
        self.assertEqual(self.case.decision, "held")
        self._plan()
        self.assertFalse(self._contacts(self.debtor))

    def test_the_decision_says_how_much_and_until_when(self):
        hold = self._hold()
        self.assertEqual(self.case.decision_amount, 100.0)
        self.assertEqual(self.case.next_action_date, hold.date_until)
        self.assertEqual(
            self.case.decision_text, "$\xa0100.00 are on hold until 03/26/2026."
        )

    def test_a_hold_without_end_is_said_without_a_day(self):
        self._hold(date_until=False)
        self.assertEqual(self.case.decision_text, "$\xa0100.00 are on hold.")
        self._look(400)
        self.assertEqual(self._decision(), "held")

    def test_the_other_items_of_the_case_are_asked_for(self):
        other = self._create_overdue_invoice(self.debtor, 5, 40.0)
        self._plan()
        self._skip_messages()
        self._hold()
        self.assertNotEqual(self.case.decision, "held")
        run = self._plan()
        told = run.contact_ids.line_ids
        self.assertEqual(told.item_id.move_id, other)

    def test_a_message_on_its_way_is_dropped(self):
        run = self._plan()
        self.assertEqual(run.contact_ids.state, "planned")
        self._hold()
        run.contact_ids.invalidate_recordset()
        self.assertRecordValues(
            run.contact_ids,
            [
                {
                    "state": "dropped",
                    "reason": "What is left is promised, disputed or on hold.",
                }
            ],
        )

    def test_it_ends_by_itself_after_its_day(self):
        hold = self._hold(date_until=self.today + timedelta(days=2))
        self._look(2)
        self.assertEqual((hold.state, self._decision()), ("open", "held"))
        self._look(3)
        self.assertEqual(hold.state, "ended")
        self.assertEqual(hold.date_closed, self.today + timedelta(days=3))
        self.assertEqual(self._chased(), 100.0)
        self.assertNotEqual(self._decision(), "held")

    def test_how_it_ended_stands_in_its_own_conversation(self):
        ended = self._hold(date_until=self.today)
        other = self._create_overdue_invoice(self.debtor, 3, 50.0)
        self._plan()
        paid = self._hold(invoice=other)
        self._pay_on(0, invoice=other)
        self._look(1)
        self.assertIn("it is asked for again", ended.message_ids[0].body)
        self.assertIn("over: it is paid", paid.message_ids[0].body)
        said = len(ended.message_ids)
        self._look(2)
        self.assertEqual(len(ended.message_ids), said, "It is said once.")

    def test_no_job_is_needed_for_it_to_end(self):
        """Its day alone decides, whatever state somebody reads."""
        hold = self._hold(date_until=self.today + timedelta(days=2))
        engine = self.env["collection.engine"]
        for days, held in ((2, 100), (3, 0)):
            scope = Scope(self.env.company, self.today + timedelta(days=days))
            amounts = dict(
                self.env.execute_query(engine._get_agreements(scope)["amount_held"])
            )
            self.assertEqual((hold.state, amounts[self.item.id]), ("open", held))

    def test_the_item_goes_on_at_its_stage(self):
        self._stand(self.invoice, self.stage_first, 8)
        self._hold(date_until=self.today + timedelta(days=2))
        self._look(3)
        self.assertEqual(self.item.stage_id, self.stage_first)

    def test_a_payment_settles_it_at_once(self):
        hold = self._hold()
        self._pay(self.invoice)
        self._end_transaction()
        self.assertEqual(hold.state, "settled")
        self.assertEqual(self.item.amount_held, 0.0)

    def test_a_part_payment_leaves_the_rest_on_hold(self):
        hold = self._hold()
        self._pay(self.invoice, 30.0)
        self._end_transaction()
        self.assertEqual((hold.state, self.item.amount_held), ("open", 70.0))
        self.assertEqual(self._chased(), 0.0)

    def test_a_credit_comes_before_the_hold(self):
        hold = self._hold()
        self._create_credit_note(self.debtor, 30.0)
        self._end_transaction()
        self.assertEqual((hold.state, self.item.amount_held), ("open", 70.0))
        self._create_credit_note(self.debtor, 70.0)
        self._end_transaction()
        self.assertEqual((hold.state, self.item.amount_held), ("open", 0.0))
        self.assertEqual(self._decision(), "credits")

    def test_a_promise_and_a_dispute_come_before_the_hold(self):
        self._promise(30.0)
        self._create_dispute(self.invoice, 20.0)
        self._hold()
        self.assertEqual(
            (
                self.item.amount_promised,
                self.item.amount_disputed,
                self.item.amount_held,
            ),
            (30.0, 20.0, 50.0),
        )
        self.assertEqual(self._chased(), 0.0)
        self.assertEqual(
            (self.case.decision, self.case.decision_amount), ("held", 50.0)
        )

    def test_two_holds_of_a_case_end_each_on_its_day(self):
        other = self._create_overdue_invoice(self.debtor, 5, 40.0)
        self._plan()
        self._skip_messages()
        first = self.today + timedelta(days=2)
        self._hold(date_until=first)
        self._hold(invoice=other, date_until=self.today + timedelta(days=9))
        self.assertEqual(self.case.next_action_date, first)
        self.assertEqual(self.case.decision_amount, 140.0)
        self._look(3)
        self.assertEqual(self._chased(), 100.0)
        self.assertEqual(self._chased(self._items(other)), 0.0)

    def test_an_item_in_a_foreign_currency_is_held_whole(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "name": self.today - timedelta(days=60),
                "rate": 0.3,
                "company_id": self.env.company.id,
            }
        )
        move = self._create_overdue_invoice(self.debtor, 5, 10.0, currency_id=euro.id)
        self._plan()
        hold = self._hold(invoice=move)
        item = self._items(move)
        self.assertEqual(item.amount_held, item.amount_residual)
        self.assertEqual((hold.currency_id, hold.amount), (euro, 10.0))
        self._pay(move)
        self._end_transaction()
        self.assertEqual(hold.state, "settled")

    def test_what_ends_costs_as_many_queries_for_many_as_for_few(self):
        def count(number):
            debtors = [self._create_debtor(f"D{number}.{n}") for n in range(number)]
            moves = [self._create_overdue_invoice(d, 9, 10.0) for d in debtors]
            self._plan()
            for move in moves:
                self._create_hold(move, "announced")
            self._end_transaction()
            before = self.cr.sql_log_count
            self._look(6)
            return self.cr.sql_log_count - before

        count(1)
        self.assertLessEqual(count(20), count(2) + 5)

    # CANCELLED AND PROLONGED

    def _change(self, hold, act, **values):
        action = getattr(hold, f"action_{act}")()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        wizard.create(values).action_save()
        self._end_transaction()

    def test_a_cancelled_hold_is_asked_for_again(self):
        hold = self._hold()
        self._change(hold, "cancel", reason="It was the other invoice")
        self.assertEqual(
            (hold.state, hold.cancel_reason), ("cancelled", "It was the other invoice")
        )
        self.assertEqual(self._chased(), 100.0)
        self.assertNotEqual(self._decision(), "held")
        self.assertIn("the other invoice", str(self.case.message_ids[0].body))

    def test_a_prolonged_hold_holds_until_its_new_day(self):
        hold = self._hold(date_until=self.today + timedelta(days=2))
        until = self.today + timedelta(days=9)
        self._change(hold, "prolong", date_until=until, reason="Still no order")
        self.assertEqual((hold.date_until, self.case.next_action_date), (until, until))
        self._look(5)
        self.assertEqual(self._decision(), "held")
        self.assertIn("Still no order", str(self.case.message_ids.mapped("body")))

    def test_what_is_over_is_neither_cancelled_nor_prolonged(self):
        hold = self._hold()
        self._change(hold, "cancel", reason="A mistake")
        for act in ("cancel", "prolong"):
            with self._refused(UserError, "is over"):
                getattr(hold, f"action_{act}")()
        with self._refused(UserError, "is over"):
            hold._cancel("Again")

    def test_a_cancellation_needs_a_reason(self):
        hold = self._hold()
        with self._refused(UserError, "Say why"):
            self._change(hold, "cancel")

    def test_prolonging_goes_forward_only(self):
        hold = self._hold()
        with self._refused(UserError, "later day"):
            self._change(hold, "prolong", date_until=hold.date_until)
        endless = self._create_overdue_invoice(self.debtor, 5, 40.0)
        self._plan()
        hold = self._hold(invoice=endless, date_until=False)
        with self._refused(UserError, "until somebody cancels it"):
            self._change(hold, "prolong", date_until=self.today)

    # WHAT IS REFUSED

    def test_an_end_in_the_past_is_refused(self):
        yesterday = self.today - timedelta(days=1)
        with self._refused(UserError, "is past.*choose today"):
            self._hold(date_until=yesterday)

    def test_a_paid_item_is_refused(self):
        other = self._create_overdue_invoice(self.debtor, 5, 40.0)
        self._plan()
        self._pay(other)
        self._end_transaction()
        with self._refused(UserError, "is paid, or not followed.*take it off"):
            self._hold(item_ids=[Command.set(self._items(other).ids)])

    def test_an_item_of_another_case_is_refused(self):
        stranger = self._create_overdue_invoice(self._create_debtor("Bolt"), 5)
        self._plan()
        with self._refused(UserError, "do not belong to this case"):
            self._hold(item_ids=[Command.set(self._items(stranger).ids)])

    def test_the_same_item_is_not_held_twice(self):
        self._hold(date_until=self.today + timedelta(days=2))
        with self._refused(UserError, "on hold already: prolong or cancel"):
            self._hold()
        with self._day(3):
            self.assertTrue(self._hold())

    def test_a_closed_case_has_nothing_to_hold(self):
        self._pay(self.invoice)
        self._end_transaction()
        with self._refused(UserError, "nothing of Acme is open"):
            self._hold(item_ids=[])

    def test_what_had_effect_stays_on_record(self):
        hold = self._hold()
        with self._refused(UserError, "stays on record"):
            hold.unlink()
        with self._refused(UserError, "cannot be copied"):
            hold.copy()

    def test_what_was_said_is_not_edited(self):
        hold = self._hold()
        for values in (
            {"state": "cancelled"},
            {"date_until": self.today + timedelta(days=20)},
            {"date_from": self.today - timedelta(days=20)},
            {"note": "Something else"},
            {"item_ids": [Command.clear()]},
            {"amount_announced": 1.0},
            {"cancel_reason": "None"},
        ):
            with self.subTest(**values), self._refused(UserError, "Prolong the hold"):
                hold.write(values)

    def test_nothing_of_the_engine_is_set_by_people(self):
        for values in (
            {"state": "settled"},
            {"is_missed": True},
            {"date_from": self.today - timedelta(days=9)},
            {"amount": 1.0},
        ):
            with self.subTest(**values), self._refused(UserError, "not changed"):
                self._hold(**values)

    # WHERE IT IS SEEN

    def test_the_form_of_the_case_begins_with_all_that_is_open(self):
        other = self._create_overdue_invoice(self.debtor, 8, 20.0)
        self._plan()
        action = self.case.action_hold_items()
        form = Form(
            self.env["collection.item.hold"].with_context(**action["context"]),
            view=action["views"][0][0],
        )
        form.reason_id = self.env.ref("collections_mgmt.collection_hold_reason_other")
        self.assertEqual(form.date_until, self.today + timedelta(days=5))
        hold = form.save()
        self.assertEqual(hold.item_ids.move_id, self.invoice | other)
        self.assertEqual(hold.amount, 120.0)

    def test_all_that_is_open_is_held_when_no_item_is_named(self):
        other = self._create_overdue_invoice(self.debtor, 8, 20.0)
        self._plan()
        values = {
            "case_id": self.case.id,
            "reason_id": self.env.ref(
                "collections_mgmt.collection_hold_reason_other"
            ).id,
        }
        hold = self.env["collection.item.hold"].create(values)
        self.assertEqual(hold.item_ids.move_id, self.invoice | other)
        self.assertEqual(hold.amount, 120.0)

    def test_the_invoice_makes_and_shows_it(self):
        other = self._create_overdue_invoice(self.debtor, 8, 20.0)
        self._plan()
        action = self.invoice.action_hold_items()
        self.assertEqual(
            action["context"]["default_item_ids"], [Command.set(self.item.ids)]
        )
        hold = self._hold()
        self.assertRecordValues(
            self.invoice | other,
            [
                {
                    "collection_amount_held": 100.0,
                    "collection_hold_date": hold.date_until,
                    "collection_agreement": "held",
                },
                {
                    "collection_amount_held": 0.0,
                    "collection_hold_date": False,
                    "collection_agreement": False,
                },
            ],
        )
        Move = self.env["account.move"]
        mine = [("partner_id", "=", self.debtor.id)]
        found = Move.search([("collection_amount_held", ">", 0), *mine])
        self.assertEqual(found, self.invoice)
        self.assertEqual(
            Move.search([("collection_agreement", "=", "held"), *mine]), self.invoice
        )
        groups = Move._read_group(mine, ["collection_agreement"], ["__count"])
        self.assertIn(("held", 1), groups)

    def test_the_case_and_the_debtor_list_it(self):
        hold = self._hold()
        self.assertEqual(self.case.item_hold_count, 1)
        action = self.case.action_open_holds()
        self.assertEqual(
            self.env["collection.item.hold"].search(action["domain"]), hold
        )
        self.assertEqual(self.debtor.collection_item_hold_ids, hold)
        case_form = self.case.get_view(view_type="form")["arch"]
        self.assertIn("item_hold_ids", case_form)

    def test_a_merged_debtor_keeps_the_holds(self):
        hold = self._hold()
        remaining = self._create_debtor("Acme International")
        self._create_overdue_invoice(remaining, 5, 10.0)
        self._plan()
        self.case.sudo()._fold_into(remaining)
        self.assertEqual(hold.case_id, self._case(remaining))
        self.assertEqual(hold.item_ids, self.item)

    def test_what_was_said_is_erased_with_the_case(self):
        hold = self._announce(note="Mrs. Gray said so", payment_reference="DE12 3456")
        hold._cancel("Mrs. Gray was wrong")
        self._end_transaction()
        self.case.sudo()._erase_conversation()
        self._end_transaction()
        self.assertFalse(hold.note or hold.payment_reference or hold.cancel_reason)
        self.assertFalse(hold.message_ids.filtered(lambda m: "Gray" in str(m.body)))

    def test_a_case_on_hold_ranks_as_covered(self):
        self._hold()
        self.env["collection.engine"].sudo()._rank_today(self.env.company)
        self.case.invalidate_recordset()
        self.assertIn("on hold", self.case.rank_details)

    def test_the_conversation_reaches_nobody_outside(self):
        hold = self._hold()
        outsider = self._create_debtor("Somebody")
        hold.message_subscribe(outsider.ids)
        with self.mock_mail_gateway():
            hold.message_post(
                body="They never pay",
                subtype_xmlid="mail.mt_comment",
                partner_ids=self.debtor.ids,
            )
            self._end_transaction()
        self.assertFalse(self._new_mails)

    def test_a_contact_that_it_came_from_has_it_as_evidence(self):
        run = self._run()
        self._hold(contact_id=run[:1].id)
        events = self.env["collection.contact.event"].search(
            [("contact_id", "=", run[:1].id), ("kind", "=", "held")]
        )
        self.assertTrue(events)

    def test_a_reason_of_another_company_is_refused(self):
        company = self._create_creditor("Second Creditor")
        reason = self.env["collection.hold.reason"].create(
            {"name": "Theirs", "company_id": company.id}
        )
        with self._refused(UserError, "another company"):
            self._hold(reason_id=reason.id)

    def test_a_viewer_sees_it_on_the_invoice(self):
        self._hold()
        viewer = new_test_user(
            self.env,
            login="hold_viewer",
            groups="account.group_account_invoice,"
            "collections_mgmt.group_collection_viewer",
            company_id=self.env.company.id,
        )
        self.assertEqual(self.invoice.with_user(viewer).collection_agreement, "held")
