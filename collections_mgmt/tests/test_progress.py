from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tools import mute_logger

from .common import CollectionCommon
from .test_access import AccessCommon


class TestProgress(CollectionCommon):
    """A run says how far it is, and what failed can be tried again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)

    # HOW FAR IT IS

    def _set_states(self, run, states):
        """Give the run one contact per state."""
        contact = run.contact_ids[:1].sudo()
        for state in states[1:]:
            contact.copy({"state": state})
        contact.state = states[0]
        self.env.flush_all()
        self.env.invalidate_all()

    def test_progress_counts_what_came_to_an_end(self):
        for states, progress in (
            (["planned"], 0),
            (["queued", "sent"], 50),
            (["review", "sent", "failed", "dropped"], 75),
            (["sent", "failed", "dropped"], 100),
            (["planned", "sent", "skipped", "skipped"], 50),
            (["planned", "planned", "sent"], 33),
            (["sent", "blocked"], 100),
            (["planned", "blocked"], 50),
            (["test", "test"], 100),
        ):
            with self.subTest(states), self.cr.savepoint() as savepoint:
                run = self._plan()
                self._set_states(run, states)
                self.assertEqual(run.progress, progress)
                savepoint.rollback()
        self.env.invalidate_all()

    def test_a_run_without_contacts_is_complete(self):
        self.move.button_draft()
        run = self._plan()
        self.assertFalse(run.contact_ids)
        self.assertEqual(run.progress, 100)

    def test_a_run_counts_what_became_of_its_contacts(self):
        run = self._plan()
        self._set_states(
            run,
            [
                *("review", "planned", "queued", "sent", "failed", "dropped"),
                *("skipped", "blocked", "blocked"),
            ],
        )
        self.assertRecordValues(
            run,
            [
                {
                    "contact_count": 9,
                    "review_count": 1,
                    "waiting_count": 2,
                    "sent_count": 1,
                    "failed_count": 1,
                    "dropped_count": 1,
                    "skipped_count": 1,
                    "blocked_count": 2,
                }
            ],
        )

    def test_the_counts_of_a_run_add_up(self):
        """Whatever became of a contact: it is in one of them."""
        run = self._plan()
        states = run.contact_ids._fields["state"].get_values(self.env)
        # A person makes these, or test mode: the run itself says that it is one.
        states = [state for state in states if state not in ("reserved", "test")]
        self._set_states(run, states)
        counted = sum(
            run[name]
            for name in run._fields
            if name.endswith("_count")
            and run._fields[name].compute == "_compute_contact_counts"
            and name != "contact_count"
        )
        self.assertEqual(counted, run.contact_count)

    def test_the_run_lists_failures_with_their_reasons(self):
        run = self._plan()
        self._deliver()
        self._fail_mails("The mailbox is full")
        self.assertEqual(run.failed_contact_ids, run.contact_ids)
        self.assertIn("The mailbox is full", run.failed_contact_ids.reason)

    # TRY AGAIN

    def _fail(self):
        """Plan and fail; return the run."""
        run = self._plan()
        self._deliver()
        self._fail_mails()
        self.assertEqual(set(run.contact_ids.mapped("state")), {"failed"})
        return run

    def test_a_failed_message_is_tried_again(self):
        run = self._fail()
        run.action_retry_failed()
        contact = run.contact_ids
        self.assertRecordValues(
            contact, [{"state": "planned", "reason": False, "date_done": False}]
        )
        self.assertEqual(contact.case_id.decision, "queued")
        self._deliver()
        self._send_mails()
        self.assertEqual(contact.state, "sent")
        self.assertEqual(self._items(self.move).stage_id, self.stage_due)
        self.assertEqual(len(self.emails), 1)

    def test_the_mail_that_failed_does_not_leave_as_well(self):
        run = self._fail()
        contact = run.contact_ids
        failed_mail = contact.sudo().mail_mail_id
        run.action_retry_failed()
        self.assertEqual(failed_mail.state, "cancel")
        self.assertEqual(contact.state, "planned")
        self._deliver()
        self.assertNotEqual(contact.sudo().mail_mail_id, failed_mail)

    def test_an_edited_text_is_tried_again_as_it_was_written(self):
        contact = self._plan().contact_ids
        contact.sudo().state = "review"
        contact._edit_text("Please call", "<p>We miss you</p>")
        contact.action_approve()
        self._deliver()
        self._fail_mails()
        contact.action_retry_failed()
        self._deliver()
        self._send_mails()
        [mail] = self._mails
        self.assertEqual(mail["subject"], "Please call")
        self.assertEqual(mail["body"].count("We miss you"), 1)
        self.assertEqual(mail["body"].count("<html"), 1, "One letterhead, not two.")

    def test_what_another_contact_did_meanwhile_is_not_tried_again(self):
        failed = self._fail().contact_ids
        with self._day(3):
            later = self._plan().contact_ids
        self.assertEqual(later.step_id, failed.step_id)
        failed.action_retry_failed()
        self.assertEqual(failed.state, "failed")
        self.assertIn("in the meantime", failed.reason)

    def test_of_two_failures_of_one_step_the_later_is_tried_again(self):
        first = self._fail().contact_ids
        with self._day(3):
            second = self._fail().contact_ids
        self.assertEqual(second.step_id, first.step_id)
        (first | second).action_retry_failed()
        self.assertEqual(first.state, "failed")
        self.assertEqual(second.state, "planned")

    def test_an_address_that_came_back_is_not_tried_again(self):
        contact = self._fail().contact_ids
        contact.sudo().is_bounced = True
        action = contact.action_retry_failed()
        self.assertEqual(contact.state, "failed")
        self.assertIn("came back", contact.reason)
        self.assertIn("1 stay failed", action["params"]["message"])

    def test_a_corrected_address_is_tried_again(self):
        contact = self._fail().contact_ids
        contact.sudo().is_bounced = True
        self.debtor.email = "new@debtor.test"
        contact.action_retry_failed()
        self.assertEqual(contact.state, "planned")
        self.assertFalse(contact.is_bounced)
        self._deliver()
        self.assertEqual(contact.address, "new@debtor.test")

    def test_an_address_that_came_back_from_another_message_is_not_tried(self):
        contact = self._fail().contact_ids
        contact.sudo().copy(
            {"state": "failed", "is_bounced": True, "address": contact.address}
        )
        contact.action_retry_failed()
        self.assertEqual(contact.state, "failed")

    def test_only_failures_are_tried_again(self):
        planned = self._plan().contact_ids
        for state in ("test", "review", "planned", "queued", "sent", "skipped"):
            contact = planned.sudo().copy({"state": state}).sudo(False)
            with self.subTest(state), self.assertRaises(UserError):
                contact.action_retry_failed()
            self.assertEqual(contact.state, state)

    def test_trying_again_takes_the_same_queries_for_any_number(self):
        for index in range(33):
            self._create_overdue_invoice(self._create_debtor(f"Of {index}"), 5)
        contacts = self._fail().contact_ids
        self._count_retry(contacts[33:])
        few, many = contacts[:3], contacts[3:33]
        per_contact = (self._count_retry(many) - self._count_retry(few)) / 27
        self.assertLess(per_contact, 1)
        self.assertEqual(set(contacts.mapped("state")), {"planned"})

    def _count_retry(self, contacts):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        contacts.action_retry_failed()
        self.env.flush_all()
        return self.cr.sql_log_count - before


class TestTestMode(CollectionCommon):
    """What test mode worked out never leaves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)

    def _plan_test(self):
        self.env.company.collection_test_mode = True
        run = self._plan()
        self.assertTrue(run.is_test)
        self.assertEqual(run.contact_ids.state, "test")
        return run

    def test_no_delivery_takes_a_test_contact(self):
        contact = self._plan_test().contact_ids
        as_job = contact.with_env(self.env(user=SUPERUSER_ID, context={}))
        self.assertFalse(self._deliver())
        as_job._process()
        as_job._set_queued()
        as_job._set_sent()
        as_job._set_failed("No reason")
        as_job._set_approved()
        for method in ("action_approve", "action_skip", "action_retry_failed"):
            with self.assertRaises(UserError):
                getattr(contact, method)()
        self.env.invalidate_all()
        self.assertEqual(contact.state, "test")
        self.assertFalse(contact.sudo().mail_mail_id)
        self.assertFalse(self._items(self.move).stage_id)
        self.assertFalse(contact.case_id.message_ids)

    def test_a_manager_deletes_a_test_run_with_its_contacts(self):
        run = self._plan_test()
        contact = run.contact_ids
        run.action_delete_test()
        self.assertFalse(run.exists())
        self.assertFalse(contact.exists())
        self.assertTrue(self._case(self.debtor), "What is owed is no test.")

    def test_a_real_run_is_not_deleted(self):
        run = self._plan()
        with self.assertRaises(UserError):
            run.action_delete_test()
        self.assertTrue(run.contact_ids.exists())


class TestProgressAccess(AccessCommon):
    """Managers act on runs, collectors on the messages of their cases."""

    def setUp(self):
        super().setUp()
        self.run_today = self._plan()
        self._deliver()
        self._fail_mails()
        self.run_today.sudo().is_test = True

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def _try(self, role, records, method):
        """Call an action as the client does; tell whether it was allowed."""
        records = self._as(role, records)
        savepoint = self.cr.savepoint()
        try:
            call_kw(records.browse(), method, [records.ids], {})
        except (AccessError, UserError):
            return False
        else:
            return True
        finally:
            savepoint.close(rollback=True)

    def test_only_managers_act_on_a_run(self):
        for method in ("action_retry_failed", "action_delete_test"):
            for role in self.users:
                with self.subTest(role=role, method=method):
                    self.assertEqual(
                        self._try(role, self.run_today, method), role == "manager"
                    )

    def test_collectors_try_the_messages_of_their_cases_again(self):
        contacts = {c.partner_id: c for c in self.run_today.contact_ids}
        allowed = {
            "viewer": (),
            "own": (self.mine, self.unassigned),
            "all": (self.mine, self.unassigned, self.others),
            "manager": (self.mine, self.unassigned, self.others),
            "internal": (),
        }
        for role, partners in allowed.items():
            for partner, contact in contacts.items():
                with self.subTest(role=role, partner=partner.name):
                    self.assertEqual(
                        self._try(role, contact, "action_retry_failed"),
                        partner in partners,
                    )
