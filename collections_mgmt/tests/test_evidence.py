import hashlib
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .evidence_common import EvidenceCommon

SENT_MAIL = ["allowed", "queued", "allowed", "sent"]


class TestFacts(EvidenceCommon):
    """Whatever happens to a contact leaves its event, with the exact content."""

    def _plan_one(self):
        return self._plan().contact_ids

    # EVENTS

    def test_a_sent_mail_leaves_each_of_its_steps(self):
        self.assertEqual(self._kinds(self._run()), SENT_MAIL)

    def test_nothing_is_noted_of_a_plan(self):
        self.assertFalse(self._kinds(self._plan_one()))

    def test_a_dry_run_leaves_nothing(self):
        contact = self._plan_one()
        self.cr.execute("UPDATE account_move_line SET no_followup = TRUE")
        self.env.invalidate_all()
        self.env["collection.preview"].create({}).action_show()
        self.assertFalse(self.events.search([]))
        self._plan()
        self.assertEqual(self._kinds(contact), ["dropped"], "A real run does.")

    def test_what_the_debtor_does_is_noted_once(self):
        self.env.company.collection_track_reading = True
        contact = self._run()
        for _time in range(2):
            contact._note_opened()
            contact._note_clicked()
            contact.sudo()._set_replied()
        self.assertEqual(
            self._kinds(contact), [*SENT_MAIL, "opened", "clicked", "replied"]
        )

    def test_a_bounce_and_a_second_try(self):
        contact = self._run()
        contact.sudo()._set_bounced()
        self.assertEqual(self._kinds(contact), [*SENT_MAIL, "bounced"])
        self.assertIn("ana.díaz@debtor.test", self._words(contact, "bounced")["reason"])
        self.debtor.email = "ana@other.test"
        contact.action_retry_failed()
        self._deliver()
        self.assertEqual(self._kinds(contact)[5:], ["retried", "allowed", "queued"])
        self.assertEqual(self._words(contact, "queued")["address"], "ana@other.test")

    def test_a_failure_is_noted_with_its_reason(self):
        contact = self._plan_one()
        self._deliver()
        self._fail_mails()
        self.assertEqual(self._kinds(contact)[-1], "failed")
        self.assertIn("mailbox is full", self._words(contact, "failed")["reason"])

    def test_what_is_not_owed_any_more_is_noted_as_dropped(self):
        contact = self._plan_one()
        self._pay(self.move)
        self._deliver()
        self.assertEqual(self._kinds(contact), ["dropped"])
        self.assertEqual(self._facts(contact, "dropped")["zone"], "America/Santiago")

    def test_what_a_person_decides_is_noted_with_the_person(self):
        self.stage_due.needs_approval = True
        for act, kind in (("action_approve", "approved"), ("action_skip", "skipped")):
            with self.subTest(kind):
                self._create_overdue_invoice(self._create_debtor(kind), 5)
                contact = self._plan_one().filtered(
                    lambda contact, kind=kind: contact.partner_id.name == kind
                )
                getattr(contact, act)()
                self.assertEqual(self._kinds(contact), [kind])
                self.assertEqual(self._facts(contact, kind)["user"], self.env.uid)
                # It happens at a desk: the debtor's clock does not matter.
                self.assertNotIn("zone", self._facts(contact, kind))

    def test_what_the_rules_stop_is_noted_with_their_counters(self):
        contact = self._plan_one()
        self._allow_contacts(hours="13:00-14:00", code="LATE")
        self._deliver()
        self._allow_contacts(kind="prohibition", hours=False, code="NEVER")
        with self._day(1):
            self._deliver()
        self.assertEqual(self._kinds(contact), ["deferred", "blocked"])
        deferred, blocked = (self._facts(contact, k) for k in ("deferred", "blocked"))
        self.assertEqual(deferred["verdict"]["reasons"][0]["rule"], "LATE")
        self.assertTrue(deferred["slot"].startswith("2026-03-16T16:"))
        self.assertEqual(blocked["verdict"]["reasons"][0]["rule"], "NEVER")

    def test_the_counters_stand_with_what_was_allowed(self):
        self._allow_contacts(kind="cap", hours=False, maximum=2, days=7)
        verdict = self._facts(self._run(), "allowed")["verdict"]
        self.assertEqual(verdict["result"], "allow")
        [counter] = verdict["spoken"]
        self.assertEqual((counter["used"], counter["maximum"]), (0, 2))

    # BY HAND

    def _call(self, **values):
        self._sync_only()
        case = self._case(self.debtor)
        return self.env["collection.contact.log"].create(
            {"case_id": case.id, "channel": "call", **values}
        )

    def test_a_call_is_noted_from_its_place_to_its_outcome(self):
        self.debtor.phone = "+56 9 6123 4567"
        panel = self._call()
        panel._ask()
        panel.write({"outcome": "talk", "note": "She pays on Friday"})
        contact = panel.contact_id
        panel.action_save()
        self.assertEqual(self._kinds(contact), ["reserved", "sent"])
        self.assertEqual(self._facts(contact, "sent")["outcome"], "talk")
        words = self._words(contact, "sent")
        self.assertIn("She pays on Friday", words["body"])
        self.assertEqual(words["phone"], self.debtor.phone)

    def test_a_call_nobody_made_is_dropped(self):
        panel = self._call()
        panel._ask()
        contact = panel.contact_id
        panel.action_cancel()
        self.assertEqual(self._kinds(contact), ["reserved", "dropped"])

    def test_a_call_of_before_has_the_moment_it_was_made(self):
        made = fields.Datetime.now() - timedelta(hours=3)
        panel = self._call(is_past=True, moment=made)
        panel.action_save()
        fact = self._facts(self._contacts(self.debtor), "sent")
        self.assertEqual(fact["made_local"], "2026-03-16T06:00:00-03:00")
        self.assertEqual(fact["local"], "2026-03-16T09:00:00-03:00")

    def test_a_call_that_was_not_allowed_is_kept_on_record(self):
        self._allow_contacts(kind="prohibition", hours=False)
        panel = self._call()
        panel._ask()
        contact = self._contacts(self.debtor)
        self.assertEqual(contact.state, "blocked")
        self.assertEqual(self._kinds(contact), ["blocked"])
        self.assertIn("not allowed", contact.reason)

    def test_going_on_in_spite_of_a_rule_is_noted_with_the_reason(self):
        self._allow_contacts(kind="prohibition", hours=False, severity="policy")
        panel = self._call()
        panel._ask()
        panel.override_reason = "She asked for it"
        panel.action_override()
        contact = panel.contact_id
        self.assertEqual(self._kinds(contact), ["overridden", "reserved"])
        self.assertEqual(
            self._words(contact, "overridden"), {"reason": "She asked for it"}
        )
        self.assertIsNone(self.events._verify(self.env.company))
        for change in ("override_reason = 'The law wants it'", "override_reason = ''"):
            self._tamper(f"UPDATE collection_contact SET {change}")
            self.assertTrue(self.events._verify(self.env.company))

    def test_a_call_that_broke_a_rule_is_an_incident(self):
        self._allow_contacts(kind="prohibition", hours=False)
        panel = self._call(is_past=True)
        panel.action_save()
        contact = self._contacts(self.debtor)
        self.assertEqual(self._kinds(contact), ["reserved", "sent", "incident"])
        self.assertEqual(self._facts(contact, "incident")["verdict"]["result"], "block")

    # WHAT IS KEPT

    def test_the_exact_content_is_kept_once(self):
        contact = self._run()
        words = self._words(contact, "queued")
        for name in ("subject", "body", "address"):
            self.assertEqual(words[name], contact[name])
        self.assertEqual(words["recipient"], "Ana Díaz")
        self.assertEqual(words["sender"], contact.mail_message_id.email_from)
        self.assertEqual(
            words["items"],
            [
                {
                    "document": self.move.name,
                    "due": str(self.move.invoice_date_due),
                    "amount": 100.0,
                    "currency": "USD",
                }
            ],
        )
        content = self.contents.search([("contact_id", "=", contact.id)])
        self.assertEqual(len(content), 1)
        self.assertEqual(
            content.content_hash,
            hashlib.sha256((content.salt + content.content).encode()).hexdigest(),
        )
        for kind in ("queued", "sent"):
            self.assertEqual(
                self._facts(contact, kind)["content_hash"], content.content_hash
            )

    def test_what_was_changed_in_the_outgoing_queue_is_kept_as_it_left(self):
        contact = self._plan_one()
        self._deliver()
        mail = contact.mail_mail_id.sudo()
        mail.body_html = mail.body_html.replace("Dear", "Hello")
        self._send_mails()
        self.assertIn("Dear", self._words(contact, "queued")["body"])
        self.assertIn("Hello", self._words(contact, "sent")["body"])
        self.assertEqual(contact.body, self._words(contact, "sent")["body"])

    def test_an_invoice_that_was_deleted_meanwhile_is_named_all_the_same(self):
        contact = self._run()
        self._create_overdue_invoice(self.debtor, 5)  # the case stays open
        before = self._words(contact, "queued")["items"]
        self.move.button_draft()
        self.move.with_context(force_delete=True).unlink()
        self._end_transaction()
        self.assertFalse(contact.line_ids.item_id.move_line_id)
        contact._note_event("sent")
        contact._write_noted_events()
        self.assertEqual(self._words(contact, "queued")["items"], before)
        content = self.contents.search([("contact_id", "=", contact.id)])
        self.assertEqual(len(content), 1, "The same words are kept once.")

    def test_files_are_kept_by_their_hash(self):
        self.stage_due.step_ids.attach_statement = True
        contact = self._run()
        [told] = self._words(contact, "queued")["attachments"]
        file = contact.attachment_ids
        self.assertEqual(told["name"], file.name)
        self.assertEqual(told["sha256"], hashlib.sha256(file.raw).hexdigest())

    def test_the_time_is_the_debtors_and_says_how_it_was_found(self):
        fact = self._facts(self._run(), "sent")
        self.assertEqual(fact["utc"], "2026-03-16T12:00:00Z")
        self.assertEqual(fact["local"], "2026-03-16T09:00:00-03:00")
        self.assertEqual(
            (fact["zone"], fact["zone_basis"]), ("America/Santiago", "stated")
        )

    def test_thanks_are_judged_and_have_their_time_as_other_messages(self):
        self.env.company.collection_thanks_template_id = self.template
        self._run()
        self._pay(self.move)
        self._plan()
        thanks = self._contacts(self.debtor)[-1]
        self._deliver()
        self.assertEqual(self._kinds(thanks), ["allowed", "queued"])
        self.assertEqual(self._facts(thanks, "queued")["zone"], "America/Santiago")

    def test_the_facts_name_nobody(self):
        contact = self._run()
        for event in self.events.search([("contact_id", "=", contact.id)]):
            for personal in ("Ana", "debtor.test", self.move.name, "Dear"):
                self.assertNotIn(personal, event.payload)

    # CORRECTIONS

    def test_a_correction_stands_beside_what_was_written(self):
        contact = self._run()
        before = contact.read()
        contact._correct("The address was the sister's", address="ana@right.test")
        self.assertEqual(self._kinds(contact)[-1], "corrected")
        self.assertEqual(self._facts(contact, "corrected")["corrected"], ["address"])
        self.assertEqual(
            self._words(contact, "corrected"),
            {
                "reason": "The address was the sister's",
                "values": {"address": "ana@right.test"},
            },
        )
        for values in (*before, *contact.read()):
            values.pop("event_ids")
        self.assertEqual(contact.read(set(before[0])), before)

    def test_managers_add_corrections(self):
        contact = self._run()
        wizard = self.env["collection.contact.correction"].create(
            {"contact_id": contact.id, "reason": "It was her brother"}
        )
        wizard.action_save()
        self.assertEqual(
            self._words(contact, "corrected"), {"reason": "It was her brother"}
        )
        collector = new_test_user(
            self.env, "c", "collections_mgmt.group_collection_collector_all"
        )
        with self.assertRaises(AccessError):
            wizard.with_user(collector).action_save()
