from contextlib import closing
from datetime import timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.service.model import call_kw
from odoo.tests import Form
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from .common import CollectionCommon
from .test_access import AccessCommon

FEW, MANY = 3, 30


class ReviewCommon(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strategy.stage_ids.needs_approval = True

    def _plan_for_review(self, **values):
        """Plan today's messages; return them, waiting for approval."""
        contacts = self._plan(**values).contact_ids
        contacts.sudo().write({"state": "review"})
        contacts.case_id.sudo().write({"decision": "review"})
        return contacts

    def _open(self, action):
        """Open the dialog of an action as the web client does."""
        return Form(
            self.env[action["res_model"]].with_context(**action["context"]),
        )

    def _edit(self, contact, subject="Please call", body="<p>We miss you</p>"):
        with self._open(contact.action_edit_text()) as form:
            form.subject = subject
            form.body = body
        form.record.action_save()

    def _get_notes(self, case):
        return [str(body) for body in case.message_ids.mapped("body")]


class TestReview(ReviewCommon):
    """What needs approval leaves only as a person wants it."""

    QUERIES_TO_EDIT = 60  # the same for few and for many

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)

    # APPROVE

    def test_a_message_that_needs_approval_waits_and_its_case_says_so(self):
        run = self._plan()
        self.assertEqual(run.contact_ids.state, "review")
        self.assertEqual(run.review_count, 1)
        case = run.contact_ids.case_id
        self.assertEqual(case.decision, "review")
        self.assertEqual(case.decision_text, "“Due” waits for approval.")
        self.assertEqual(run.decision_ids.decision, "review")
        with self._day(1):
            self.assertFalse(self._plan().contact_ids)
        self.assertEqual(case.decision, "review")

    def test_nothing_leaves_before_it_is_approved(self):
        contact = self._plan_for_review()
        self._deliver()
        self.assertEqual(contact.state, "review")
        self.assertFalse(contact.sudo().mail_mail_id)
        self.assertFalse(self._items(self.move).stage_id)

    def test_an_approved_message_leaves_and_says_who_approved_it(self):
        contact = self._plan_for_review()
        contact.action_approve()
        self.assertEqual(contact.case_id.decision, "queued")
        self._deliver()
        self._send_mails()
        self.assertRecordValues(
            contact,
            [
                {
                    "state": "sent",
                    "review_user_id": self.env.uid,
                    "review_date_done": self.today,
                }
            ],
        )
        self.assertEqual(self._items(self.move).stage_id, self.stage_due)
        self.assertEqual(contact.case_id.decision, "sent")

    def test_approving_starts_the_delivery_job(self):
        contact = self._plan_for_review()
        trigger = Domain("cron_id", "=", self.env.ref(self.DELIVERY).id)
        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search_count(trigger)
        contact.action_approve()
        self.assertEqual(triggers.search_count(trigger), before + 1)

    DELIVERY = "collections_mgmt.ir_cron_deliver"

    def test_only_what_waits_can_be_approved_skipped_or_postponed(self):
        contact = self._plan().contact_ids
        contact.sudo().state = "planned"
        for method in ("approve", "skip", "postpone", "edit_text", "reset_text"):
            with self.subTest(method), self.assertRaises(UserError):
                getattr(contact, f"action_{method}")()
        self.assertEqual(contact.state, "planned")

    def test_approving_takes_the_same_queries_for_any_number_of_messages(self):
        for index in range(FEW + MANY):
            self._create_overdue_invoice(self._create_debtor(f"Of {index}"), 5)
        contacts = self._plan_for_review()
        self._count_approve(contacts[-1])  # fills what outlives a transaction
        few = self._count_approve(contacts[:FEW])
        self.assertEqual(self._count_approve(contacts[FEW:-1]), few)
        self.assertEqual(set(contacts.mapped("state")), {"planned"})

    def _count_approve(self, contacts):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        contacts.action_approve()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    # SKIP

    def test_skipped_items_pass_the_stage_without_the_message(self):
        contact = self._plan_for_review()
        contact.action_skip()
        self._deliver()
        item = self._items(self.move)
        self.assertEqual(contact.state, "skipped")
        self.assertEqual(contact.date_done, self.today)
        self.assertEqual(contact.review_user_id, self.env.user)
        self.assertFalse(contact.sudo().mail_mail_id)
        self.assertEqual(item.passed_stage_id, self.stage_due)
        self.assertFalse(item.stage_id, "No message went out.")
        self.assertEqual(contact.case_id.decision, "skipped")
        self.assertFalse(contact.case_id.date_last_contact)

    def test_skipping_takes_no_item_back(self):
        contact = self._plan_for_review()
        item = self._items(self.move)
        for field in ("passed_stage_id", "stage_id"):
            with self.subTest(field), closing(self.cr.savepoint()):
                item.sudo().write(
                    {"passed_stage_id": False, field: self.stage_second.id}
                )
                contact.action_skip()
                self.assertNotEqual(item.passed_stage_id, self.stage_due)

    def test_a_skipped_step_is_not_offered_again(self):
        contact = self._plan_for_review()
        contact.action_skip()
        self._plan(self.today + timedelta(days=1))
        steps = self._contacts(self.debtor).filtered(lambda c: c != contact).step_id
        self.assertNotIn(self.stage_due.step_ids, steps)

    def test_the_case_waits_while_one_of_its_messages_does(self):
        first = self._plan_for_review()
        second = first.sudo().copy()
        second.state = "review"
        first.action_skip()
        self.assertEqual(first.case_id.decision, "review")
        second.with_env(self.env).action_approve()
        self.assertEqual(first.case_id.decision, "queued")

    def test_the_case_says_who_skipped_what(self):
        contact = self._plan_for_review()
        contact.action_skip()
        message = contact.case_id.message_ids[0]
        self.assertIn("Skipped: “Due” (E-mail)", message.body)
        self.assertEqual(message.author_id, self.env.user.partner_id)

    # POSTPONE

    def test_a_postponed_message_comes_back_on_its_day(self):
        contact = self._plan_for_review()
        with self._open(contact.action_postpone()) as form:
            form.review_date = self.today + timedelta(days=3)
            form.note = "They <b>promised</b>"
        form.record.action_postpone()
        self.assertEqual(contact.state, "review")
        self.assertEqual(contact.review_date, self.today + timedelta(days=3))
        for days, shown in ((0, False), (2, False), (3, True), (4, True)):
            with self.subTest(days=days), self._day(days):
                self.assertEqual(contact in self._get_list(), shown)
        [note, *_older] = self._get_notes(contact.case_id)
        self.assertIn("Postponed until 03/19/2026: “Due” (E-mail)", note)
        self.assertIn("They &lt;b&gt;promised&lt;/b&gt;", note)

    def _get_list(self):
        """Return what the list shows when it is opened."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "collections_mgmt.collection_contact_review_action"
        )
        view = self.env.ref("collections_mgmt.collection_contact_review_view_search")
        arch = self.env["collection.contact"]._get_view(view.id, "search")[0]
        filters = [
            Domain(safe_eval(arch.xpath(f"//filter[@name='{name}']")[0].get("domain")))
            for name in self._get_default_filters(action)
        ]
        domain = Domain.AND([Domain(safe_eval(action["domain"])), *filters])
        return self.env["collection.contact"].search(domain)

    def _get_default_filters(self, action):
        prefix = "search_default_"
        return [
            name.removeprefix(prefix)
            for name in safe_eval(action["context"])
            if name.startswith(prefix)
        ]

    def test_a_message_is_postponed_to_a_day_to_come(self):
        contact = self._plan_for_review()
        for days in (-1, 0):
            with self.subTest(days=days), self.assertRaises(ValidationError):
                form = self._open(contact.action_postpone())
                form.review_date = self.today + timedelta(days=days)
                form.save()

    # THE TEXT

    def test_the_preview_shows_what_the_debtor_would_read(self):
        contact = self._plan_for_review()
        self.assertEqual(contact.preview_subject, "Due: Acme")
        self.assertIn("Dear Acme", contact.preview_body)
        self.assertIn(self.move.name, contact.preview_body)
        contact.action_approve()
        self._deliver()
        self.assertEqual(contact.subject, "Due: Acme")
        self.assertIn("Dear Acme", contact.body)

    def test_the_preview_of_a_task_shows_what_is_owed(self):
        self.stage_due.step_ids.channel = "task"
        contact = self._plan_for_review()
        self.assertEqual(contact.preview_subject, "Due")
        self.assertIn(self.move.name, contact.preview_body)
        with self.assertRaises(UserError):
            contact.action_edit_text()

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_a_broken_template_closes_no_screen(self):
        contact = self._plan_for_review()
        contact.sudo().state = "planned"  # what the template is tried with when saved
        self.template.body_html = (
            """<t t-if="object.state == 'review'" t-out="object.no_such_field"/>"""
        )
        contact.sudo().state = "review"
        self.assertIn("“Statement” has an error", contact.preview_body)
        contact.action_skip()
        self.assertEqual(contact.state, "skipped")

    def test_an_edited_text_leaves_as_it_was_written(self):
        contact = self._plan_for_review()
        form = self._open(contact.action_edit_text())
        self.assertEqual(form.subject, "Due: Acme")
        self.assertIn("Dear Acme", form.body)
        self._edit(contact)
        self.assertTrue(contact.is_edited)
        self.assertIn("We miss you", contact.preview_body)
        contact.action_approve()
        self._deliver()
        self._send_mails()
        [mail] = self._mails
        self.assertEqual(mail["subject"], "Please call")
        self.assertIn("We miss you", mail["body"])
        self.assertIn("Creditor Ltd", mail["body"], "The letterhead stays.")
        self.assertNotIn("Dear Acme", mail["body"])
        self.assertIn("Text edited", str(self._get_notes(contact.case_id)))

    def test_an_edited_text_is_not_rendered_again(self):
        contact = self._plan_for_review()
        self._edit(contact, "{{ 1 + 1 }}", "<p>{{ 2 + 2 }}</p>")
        contact.action_approve()
        self._deliver()
        self._send_mails()
        [mail] = self._mails
        self.assertEqual(mail["subject"], "{{ 1 + 1 }}")
        self.assertIn("{{ 2 + 2 }}", mail["body"])

    def test_an_edited_text_carries_no_script(self):
        contact = self._plan_for_review()
        self._edit(
            contact,
            body='<p style="color: red" onclick="x()">Hello</p><script>x()</script>',
        )
        self.assertIn("Hello", contact.edited_body)
        self.assertIn("color: red", contact.edited_body)
        self.assertNotIn("script", contact.edited_body)
        self.assertNotIn("onclick", contact.edited_body)

    def test_only_the_edited_one_of_a_batch_differs(self):
        self._create_overdue_invoice(self._create_debtor("Zeta"), 5)
        contacts = self._plan_for_review()
        edited = contacts.filtered(lambda c: c.partner_id == self.debtor)
        self._edit(edited)
        contacts.action_approve()
        self._deliver()
        self.assertEqual(edited.subject, "Please call")
        self.assertEqual((contacts - edited).subject, "Due: Zeta")

    def _plan_several(self):
        """Plan a message to each of two debtors."""
        self._create_overdue_invoice(self._create_debtor("Zeta"), 5)
        return self._plan_for_review().sorted("partner_id")

    def _edit_alike(self, contacts, **values):
        with self._open(contacts.action_edit_text()) as form:
            for name, value in values.items():
                form[name] = value
        form.record.action_save()

    def test_several_texts_get_the_same_opening_and_keep_the_rest(self):
        contacts = self._plan_several()
        self._edit_alike(contacts, opening="<p>We are closed on Monday</p>")
        contacts.action_approve()
        self._deliver()
        for contact in contacts:
            name = contact.partner_id.name
            self.assertEqual(contact.subject, f"Due: {name}")
            self.assertRegex(contact.body, f"(?s)We are closed on Monday.*Dear {name}")
            self.assertIn("Text edited", str(self._get_notes(contact.case_id)))

    def test_several_texts_get_another_subject(self):
        contacts = self._plan_several()
        self._edit_alike(contacts, subject="Before the holidays")
        self.assertEqual(
            contacts.mapped("preview_subject"), ["Before the holidays"] * 2
        )
        for contact in contacts:
            self.assertIn(f"Dear {contact.partner_id.name}", contact.preview_body)

    def test_several_texts_are_worded_by_another_template(self):
        contacts = self._plan_several()
        self._edit(contacts[0])
        other = self.template.copy(
            {
                "subject": "Call {{ object.partner_id.name }}",
                "body_html": "<p>Hello <t t-out='object.partner_id.name'/></p>",
            }
        )
        self._edit_alike(contacts, template_id=other)
        for contact in contacts:
            name = contact.partner_id.name
            self.assertEqual(contact.preview_subject, f"Call {name}")
            self.assertIn(f"Hello {name}", contact.preview_body)
            self.assertNotIn("Dear", contact.preview_body)

    def test_a_second_opening_stands_before_what_was_edited(self):
        contacts = self._plan_several()
        self._edit(contacts[0], body="<p>We miss you</p>")
        self._edit_alike(contacts, opening="<p>Good news</p>")
        self.assertRegex(contacts[0].preview_body, "(?s)Good news.*We miss you")

    def test_what_was_decided_meanwhile_keeps_its_text(self):
        contacts = self._plan_several()
        with self._open(contacts.action_edit_text()) as form:
            form.subject = "Too late"
        contacts[0].action_approve()
        form.record.action_save()
        self.assertEqual(contacts.mapped("is_edited"), [False, True])

    def test_the_dialog_of_several_says_in_which_languages_they_are(self):
        self.env["res.lang"]._activate_lang("es_419")
        contacts = self._plan_several()
        contacts[0].partner_id.lang = "es_419"
        form = self._open(contacts.action_edit_text())
        self.assertEqual(form.contact_count, 2)
        self.assertRegex(form.languages, "English.*: 1")
        self.assertRegex(form.languages, "Español.*: 1|Spanish.*: 1")

    def test_a_dialog_that_changes_nothing_says_what_to_do(self):
        contacts = self._plan_several()
        with self.assertRaisesRegex(UserError, "Choose a text, or enter"):
            self._edit_alike(contacts, opening="<p><br></p>")

    def test_a_text_for_other_records_words_no_messages(self):
        contacts = self._plan_several()
        foreign = self.env["mail.template"].create(
            {
                "name": "Quotation",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        with self.assertRaisesRegex(ValidationError, "“Quotation” words no messages"):
            self._edit_alike(contacts, template_id=foreign)

    def test_an_opening_carries_no_script_and_no_paper_of_a_court(self):
        contacts = self._plan_several()
        self._edit_alike(contacts, opening="<p>Hello</p><script>x()</script>")
        self.assertNotIn("script", contacts[0].edited_body)
        self.env["collection.forbidden.word"].create({"name": "bailiff"})
        with self.assertRaisesRegex(ValidationError, "bailiff"):
            self._edit_alike(contacts, opening="<p>The bailiff comes</p>")

    def test_editing_several_takes_no_queries_of_its_own_for_each(self):
        for number in range(MANY):
            self._create_overdue_invoice(self._create_debtor(f"Debtor {number}"), 5)
        contacts = self._plan_for_review()

        def edit(some):
            self.env.invalidate_all()
            with self.assertQueryCount(self.QUERIES_TO_EDIT):
                some._edit_texts_alike(
                    self.env["mail.template"], "Hello", "<p>Hello</p>"
                )
                self.env.flush_all()

        edit(contacts[:FEW])
        edit(contacts[FEW:])

    def test_the_template_can_be_restored(self):
        contact = self._plan_for_review()
        self._edit(contact)
        contact.action_reset_text()
        self.assertFalse(contact.is_edited)
        self.assertEqual(contact.preview_subject, "Due: Acme")
        self.assertIn("Dear Acme", contact.preview_body)

    # AN EDITED TEXT AND THE LEDGER

    def _shrink(self, contact, amount):
        """Let the truth check have found another amount."""
        contact.line_ids.sudo().write(
            {"amount_residual": amount, "amount_residual_currency": amount}
        )

    def test_an_edited_text_comes_back_when_the_amounts_changed(self):
        contact = self._plan_for_review()
        self._edit(contact)
        contact.action_approve()
        self.assertFalse(contact.sudo()._return_outdated_texts())
        self._shrink(contact, 60.0)
        self.assertEqual(contact.sudo()._return_outdated_texts(), contact)
        self.assertEqual(contact.state, "review")
        self.assertEqual(
            contact.reason,
            "What is owed changed since the text was written: $\N{NO-BREAK SPACE}60.00 "
            "instead of $\N{NO-BREAK SPACE}100.00.",
        )
        self.assertEqual(contact.case_id.decision, "review")

    def test_a_part_payment_brings_an_edited_text_back_instead_of_sending_it(self):
        contact = self._plan_for_review()
        self._edit(contact)
        contact.action_approve()
        self._pay(self.move, 40.0)
        self._deliver()
        self.assertEqual(contact.state, "review")
        self.assertIn("60.00", contact.reason)
        self.assertFalse(contact.sudo().mail_mail_id)
        self.assertEqual(contact.case_id.decision, "review")
        self._edit(contact, body="<p>Only 60 are left</p>")
        contact.action_approve()
        self._deliver()
        self.assertEqual(contact.state, "queued")

    def test_credits_change_what_an_edited_text_asks_for(self):
        contact = self._plan_for_review()
        self._edit(contact)
        contact.action_approve()
        self._create_credit_note(self.debtor, 30.0)
        self.assertEqual(contact.sudo()._return_outdated_texts(), contact)
        self.assertIn("70.00", contact.reason)

    def test_a_template_text_follows_the_amounts_and_stays_planned(self):
        contact = self._plan_for_review()
        contact.action_approve()
        self._shrink(contact, 60.0)
        self.assertFalse(contact.sudo()._return_outdated_texts())
        self.assertEqual(contact.state, "planned")

    def test_a_text_for_other_amounts_is_approved_once_it_was_looked_at(self):
        contact = self._plan_for_review()
        self._edit(contact)
        self._shrink(contact, 60.0)
        with self.assertRaises(UserError):
            contact.action_approve()
        self.assertEqual(contact.state, "review")
        self._edit(contact, body="<p>Only 60 are left</p>")
        contact.action_approve()
        self.assertEqual(contact.state, "planned")

    def test_a_text_for_other_amounts_holds_no_other_message_up(self):
        self._create_overdue_invoice(self._create_debtor("Zeta"), 5)
        contacts = self._plan_for_review()
        edited = contacts.filtered(lambda c: c.partner_id == self.debtor)
        self._edit(edited)
        self._shrink(edited, 60.0)
        action = contacts.action_approve()
        self.assertEqual(edited.state, "review")
        self.assertEqual((contacts - edited).state, "planned")
        self.assertIn("1 stay here", action["params"]["message"])

    # THE LIST

    def test_the_list_says_how_much_is_asked_for_and_how_late_it_is(self):
        self._create_overdue_invoice(self.debtor, 8, 50.0)
        contact = self._plan_for_review()
        self.assertRecordValues(contact, [{"amount_asked": 150.0, "days_overdue": 8}])

    def test_every_filter_of_the_list_can_be_used(self):
        self._plan_for_review()
        records = self.env["collection.contact"]
        for name in ("collection_contact_review", "collection_contact"):
            view = self.env.ref(f"collections_mgmt.{name}_view_search")
            arch = records._get_view(view.id, "search")[0]
            for node in arch.xpath("//filter[@domain]"):
                with self.subTest(view=name, filter=node.get("name")):
                    records.search(safe_eval(node.get("domain"), {"uid": self.env.uid}))


class TestReviewAccess(ReviewCommon, AccessCommon):
    """Collectors decide about the messages of their cases, viewers about none."""

    def setUp(self):
        super().setUp()
        contacts = self._plan_for_review()
        self.contacts = {contact.partner_id: contact for contact in contacts}

    ACTIONS = (
        "action_approve",
        "action_skip",
        "action_postpone",
        "action_edit_text",
        "action_reset_text",
    )

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def _try(self, role, contacts, method):
        """Call an action as the client does; tell whether it was allowed."""
        records = self._as(role, contacts)
        savepoint = self.cr.savepoint()
        try:
            call_kw(records.browse(), method, [records.ids], {})
        except AccessError:
            return False
        else:
            return True
        finally:
            savepoint.close(rollback=True)

    def test_who_may_decide_about_which_message(self):
        allowed = {
            "viewer": (),
            "own": (self.mine, self.unassigned),
            "all": (self.mine, self.unassigned, self.others),
            "manager": (self.mine, self.unassigned, self.others),
            "internal": (),
            "accountant": (),
            "portal": (),
        }
        for role, partners in allowed.items():
            for partner, contact in self.contacts.items():
                for method in self.ACTIONS:
                    with self.subTest(role=role, partner=partner.name, method=method):
                        self.assertEqual(
                            self._try(role, contact, method), partner in partners
                        )

    def test_one_message_of_another_stops_the_whole_selection(self):
        both = self.contacts[self.mine] | self.contacts[self.others]
        self.assertFalse(self._try("own", both, "action_approve"))
        self.assertEqual(set(both.mapped("state")), {"review"})

    def test_the_dialogs_check_access_themselves(self):
        others = self.contacts[self.others]
        text = self._as("own", self.env["collection.contact.text"])
        postpone = self._as("own", self.env["collection.contact.postpone"])
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            text.create(
                {"contact_id": others.id, "subject": "x", "body": "x"}
            ).action_save()
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            postpone.create({"contact_ids": others.ids}).action_postpone()
        texts = self._as("own", self.env["collection.contact.texts"])
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            texts.create({"contact_ids": others.ids, "subject": "x"}).action_save()
        self.assertFalse(others.is_edited)
        self.assertFalse(others.review_date)

    def test_a_collector_works_through_the_list(self):
        mine = self._as("own", self.contacts[self.mine])
        self.env = mine.env  # the dialogs are theirs
        self._edit(mine, "Hello")
        mine.action_approve()
        self.assertEqual(mine.subject, "Hello")
        self.assertEqual(mine.state, "planned")
        self.assertEqual(mine.review_user_id, self.users["own"])
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            mine.write({"state": "review"})

    def test_nobody_sees_the_dialogs_of_another(self):
        wizard = self._as("own", self.env["collection.contact.text"]).create(
            {"contact_id": self.contacts[self.mine].id, "subject": "x", "body": "x"}
        )
        self.assertFalse(
            self._as("manager", self.env["collection.contact.text"]).search(
                [("id", "=", wizard.id)]
            )
        )
