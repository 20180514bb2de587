from datetime import timedelta

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tools import mute_logger

from .mail_formats import FRESH, REPLY
from .team_common import COLLECTOR, MANAGER, TeamCommon
from .test_bounces import ListenCommon, _numbers

RULES = "odoo.addons.base.models.ir_rule"
ALIAS = "cobranzas@creditor.test"
CATCHALL = "catchall@creditor.test"


class IncomingCommon(ListenCommon, TeamCommon):
    """A team with an e-mail address, and a late debtor whose collector is Ana."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alias_domain = cls.env["mail.alias.domain"].create(
            {"name": "creditor.test", "catchall_alias": "catchall"}
        )
        cls.env.company.alias_domain_id = cls.alias_domain
        cls.ana, cls.ben = (cls._create_collector(name) for name in ("ana", "ben"))
        cls.boss = cls._create_collector("boss", MANAGER)
        cls.team = cls._create_team("Everybody", cls.ana, alias_name="cobranzas")
        cls.debtor.collection_agent_id = cls.ana
        cls.clerk = cls._create_debtor(
            "Clerk",
            "clerk@debtor.test",
            is_company=False,
            parent_id=cls.debtor.id,
        )
        cls.invoice = cls._create_overdue_invoice(cls.debtor, 5)

    def setUp(self):
        super().setUp()
        self.contact = self._run()
        self.case = self.contact.case_id

    def _write(
        self, email_from="acme@debtor.test", to=ALIAS, mail_format=FRESH, **values
    ):
        """Let a new e-mail arrive; return what waits to be sorted because of it."""
        known = self.env["collection.incoming"].sudo().search([])
        self._receive(
            mail_format,
            self.env["mail.message"],
            **{
                "email_from": email_from,
                "to": to,
                "subject": "Your invoice",
                "text": "We paid <b>yesterday</b>.",
                **values,
            },
        )
        return self.env["collection.incoming"].search([]) - known

    def _create_other_case(self, name, email, agent=None):
        debtor = self._create_debtor(name, email)
        debtor.collection_agent_id = agent or self.ana
        self._create_overdue_invoice(debtor, 5)
        self._plan()
        return self._case(debtor)


class TestArrival(IncomingCommon):
    """What answers no message waits for a person, whoever seems to have written it."""

    def test_the_address_of_a_team_takes_what_answers_no_message(self):
        incoming = self._write()
        self.assertRecordValues(
            incoming,
            [
                {
                    "state": "new",
                    "name": "Your invoice",
                    "email_from": "acme@debtor.test",
                    "preview": "We paid <b>yesterday</b>.",
                    "team_id": self.team.id,
                    "company_id": self.env.company.id,
                    "case_id": self.case.id,
                    "candidate_count": 1,
                }
            ],
        )
        self.assertEqual(
            incoming.message_ids.attachment_ids.mapped("name"), ["transfer.txt"]
        )
        self.assertEqual(self.case.incoming_candidate_ids.incoming_id, incoming)

    def test_the_address_may_be_that_of_a_contact_and_one_of_several(self):
        self.clerk.email = "front@debtor.test; Clerk <clerk@debtor.test>"
        for sender in ("clerk@debtor.test", '"The Clerk" <Clerk@Debtor.test>'):
            with self.subTest(sender):
                self.assertEqual(self._write(sender).case_id, self.case)

    def test_a_longer_address_is_another(self):
        self.assertFalse(self._write("not-acme@debtor.test").candidate_ids)
        self.assertFalse(self._write("acme@debtor.test.evil.test").candidate_ids)

    def test_an_unknown_sender_gets_no_guess(self):
        for sender in ("stranger@elsewhere.test", "no address at all"):
            with self.subTest(sender):
                incoming = self._write(sender)
                self.assertEqual(incoming.state, "new")
                self.assertFalse(incoming.candidate_ids)
                self.assertFalse(incoming.case_id)

    def test_all_who_have_the_address_are_suggested_and_none_is_chosen(self):
        other = self._create_other_case("Bolt", "acme@debtor.test")
        incoming = self._write()
        self.assertEqual(incoming.candidate_ids.case_id, self.case | other)
        self.assertFalse(incoming.case_id)

    def test_a_closed_case_is_not_suggested(self):
        self._pay(self.invoice)
        self._plan()
        self.assertEqual(self.case.state, "closed")
        self.assertFalse(self._write().candidate_ids)

    def test_what_answers_a_message_still_goes_to_its_case(self):
        """Also when it is sent to the address of the team."""
        incoming = self._write(
            mail_format=REPLY.replace("collections@creditor.test", ALIAS),
            answered=self.contact.mail_message_id.sudo().message_id,
            extra="",
        )
        self.assertFalse(incoming)
        self.assertTrue(self.contact.date_replied)

    def test_the_catchall_address_takes_what_a_debtor_writes(self):
        incoming = self._write(to=CATCHALL)
        self.assertEqual(incoming.case_id, self.case)
        self.assertEqual(incoming.company_id, self.env.company)
        self.assertFalse(self._mails, "Nothing goes back")

    def test_what_others_write_to_the_catchall_address_goes_back_as_ever(self):
        for sender in ("stranger@elsewhere.test", self.env.company.email):
            with self.subTest(sender):
                self.assertFalse(self._write(sender, to=CATCHALL))
                self.assertTrue(self._new_mails)

    def test_another_alias_keeps_what_is_written_to_it(self):
        self.env["mail.alias"].create(
            {
                "alias_name": "info",
                "alias_domain_id": self.alias_domain.id,
                "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            }
        )
        self.assertFalse(self._write(to="info@creditor.test, " + CATCHALL))

    def test_cases_of_several_companies_are_suggested_and_told_apart(self):
        second = self._create_creditor("Second Creditor")
        self._create_overdue_invoice(self.debtor, 5, company=second)
        self._plan(companies=second)
        found = self._write(to=CATCHALL)
        self.assertEqual(len(found.candidate_ids), 2)
        self.assertFalse(found.company_id)
        of_team = self._write()
        self.assertEqual(of_team.candidate_ids.case_id, self.case)

    def test_words_and_address_change_nothing_by_themselves(self):
        self.env.company.collection_opt_out_words = "BAJA"
        before = self.case.decision
        self._write(text="BAJA")
        self.assertFalse(self.contact.date_replied)
        self.assertFalse(self.case.reply_date)
        self.assertEqual(self.case.decision, before)
        self.assertFalse(self.debtor.collection_consent_ids)
        self.assertFalse(self.case.promise_ids)
        self.assertFalse(self.case.item_hold_ids)
        self.assertFalse(
            self.case.message_ids.filtered(lambda m: m.message_type == "email")
        )

    def test_who_writes_again_about_a_dismissed_one_is_read_again(self):
        incoming = self._write()
        incoming.action_dismiss()
        message = incoming.message_ids.filtered(lambda m: m.message_type == "email")
        self._receive(REPLY, message, email_from="acme@debtor.test", extra="")
        self.assertEqual(incoming.state, "new")
        self.assertIn("We pay on Friday.", incoming.message_ids[0].body)

    def test_one_that_cannot_be_kept_stops_no_other(self):
        """The gateway reads one e-mail after the other, each by itself."""
        gateway = self.env(user=SUPERUSER_ID, context={})["mail.thread"]
        with (
            self.assertRaises(ValueError),
            mute_logger("odoo.addons.mail.models.mail_thread"),
            self.cr.savepoint(),
        ):
            gateway.message_process(
                False,
                FRESH.format(
                    email_from="stranger@elsewhere.test",
                    to="nobody@elsewhere.test",
                    subject="Lost",
                    text="Lost",
                    msg_id=f"<{next(_numbers)}@debtor.test>",
                ),
            )
        self.assertTrue(self._write())


class TestSorting(IncomingCommon):
    """One click says what an e-mail is about."""

    def setUp(self):
        super().setUp()
        self.incoming = self._write()

    def test_an_attached_email_is_an_answer_of_the_debtor(self):
        with self._day(1):
            self._as_user(self.ana, self.incoming).action_attach()
        self.assertEqual(self.incoming.state, "attached")
        message = self.case.message_ids.filtered(lambda m: m.message_type == "email")
        self.assertIn("yesterday", message.body)
        self.assertEqual(message.author_id, self.debtor)
        self.assertEqual(message.attachment_ids.res_model, "collection.case")
        self.assertEqual(message.attachment_ids.res_id, self.case.id)
        self.assertFalse(self.case.incoming_candidate_ids)
        note = self.case.message_ids.filtered(lambda m: "by hand" in m.body)
        self.assertEqual(note.author_id, self.ana.partner_id)
        self.assertIn("nothing proves who wrote it", note.body)
        self.assertTrue(self.case.reply_date)
        self.assertTrue(self.contact.date_replied)

    def test_what_follows_an_attached_email_goes_to_the_case(self):
        self._as_user(self.ana, self.incoming).action_attach()
        message = self.case.message_ids.filtered(lambda m: m.message_type == "email")
        self._receive(REPLY, message, email_from="acme@debtor.test", extra="")
        self.assertIn("We pay on Friday.", self.case.message_ids[0].body)

    def test_what_a_colleague_forwards_pauses_nothing(self):
        forwarded = self._write(self.ben.email)
        forwarded.case_id = self.case
        forwarded.action_attach()
        self.assertFalse(self.case.reply_date)

    def test_words_of_an_attached_email_change_no_consent(self):
        self.env.company.collection_opt_out_words = "BAJA"
        self._write(text="BAJA").action_attach()
        self.assertFalse(self.debtor.collection_consent_ids)

    def test_one_of_several_is_chosen_by_its_own_button(self):
        other = self._create_other_case("Bolt", "acme@debtor.test")
        incoming = self._write()
        with self.assertRaisesRegex(UserError, "Choose the case first"):
            incoming.action_attach()
        candidate = incoming.candidate_ids.filtered(lambda c: c.case_id == other)
        self._as_user(self.ana, candidate).action_attach()
        self.assertEqual(incoming.case_id, other)
        self.assertFalse(self.case.reply_date)

    def test_when_all_others_are_refused_the_last_is_suggested(self):
        other = self._create_other_case("Bolt", "acme@debtor.test")
        incoming = self._write()
        first, last = incoming.candidate_ids.sorted(lambda c: c.case_id == other)
        first.action_refuse()
        self.assertEqual(incoming.case_id, last.case_id)
        self.assertIn(self.debtor.name, incoming.message_ids[0].body)

    def test_a_refused_email_is_not_lost(self):
        self._as_user(self.ana, self.incoming).action_refuse()
        self.assertEqual(self.incoming.state, "new")
        self.assertFalse(self.incoming.case_id)
        self.assertFalse(self.case.incoming_candidate_ids)
        visible = self._as_user(self.ben, self.incoming.browse()).search([])
        self.assertIn(self.incoming, visible.with_env(self.env))

    def test_a_person_attaches_what_nobody_suggested(self):
        incoming = self._write("stranger@elsewhere.test")
        mine = self._as_user(self.ana, incoming)
        mine.case_id = self.case
        mine.action_attach()
        self.assertEqual(incoming.state, "attached")
        self.assertTrue(self.case.reply_date)

    def test_a_dismissed_one_is_kept_and_can_be_sorted_anew(self):
        mine = self._as_user(self.ana, self.incoming)
        mine.action_dismiss()
        self.assertEqual(self.incoming.state, "dismissed")
        self.assertFalse(self.case.incoming_candidate_ids)
        mine.action_reopen()
        self.assertEqual(self.incoming.case_id, self.case)

    def test_what_is_sorted_is_not_sorted_twice(self):
        self.incoming.action_attach()
        candidate = self.incoming.candidate_ids
        for act in (
            self.incoming.action_attach,
            lambda: self.incoming.write({"case_id": False}),
            self.incoming.action_dismiss,
            self.incoming.action_reopen,
            candidate.action_attach,
            candidate.action_refuse,
        ):
            with self.assertRaises(UserError):
                act()

    def test_an_answer_written_on_it_stays_among_colleagues(self):
        """Debtors are written to on their case, where the contact rules are asked."""
        mine = self._as_user(self.ana, self.incoming)
        with self.mock_mail_gateway():
            mine.with_context(mail_notify_force_send=True).message_post(
                body="Who is that?",
                partner_ids=self.debtor.ids,
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
        self.assertNotIn("acme@debtor.test", str(self._mails))

    def test_erasing_a_case_erases_what_was_attached(self):
        self.incoming.action_attach()
        self._pay(self.invoice)
        self._plan()
        with self._day(366 * 30):
            self.case.with_user(self.boss).action_erase_personal_data()
        self.assertFalse(self.incoming.exists())


class TestIncomingAccess(IncomingCommon):
    """E-mails are seen by those who see a case they may be about."""

    def _sees(self, user, incoming):
        return bool(
            self._as_user(user, incoming.browse()).search([("id", "=", incoming.id)])
        )

    def test_only_those_who_see_the_case_see_what_may_be_about_it(self):
        incoming = self._write()
        self.assertTrue(self._sees(self.ana, incoming))
        self.assertTrue(self._sees(self.boss, incoming))
        self.assertFalse(self._sees(self.ben, incoming))
        self.assertFalse(
            self._as_user(self.ben, incoming.candidate_ids.browse()).search([])
        )
        incoming.action_attach()
        self.assertTrue(self._sees(self.ana, incoming))
        self.assertFalse(self._sees(self.ben, incoming))

    def test_a_substitute_sees_what_the_absent_sees(self):
        incoming = self._write()
        self._create_absence(self.ana, self.ben)
        self.assertTrue(self._sees(self.ben, incoming))

    def test_everybody_sees_what_nobody_knows(self):
        incoming = self._write("stranger@elsewhere.test")
        for user in (self.ana, self.ben, self.boss):
            self.assertTrue(self._sees(user, incoming))

    def test_of_each_suggestion_one_sees_ones_own(self):
        other = self._create_other_case("Bolt", "acme@debtor.test", self.ben)
        incoming = self._write()
        for user, case in ((self.ana, self.case), (self.ben, other)):
            [shown] = call_kw(
                self._as_user(user, incoming.browse()),
                "web_read",
                [incoming.ids, {"visible_candidate_ids": {"fields": {"case_id": {}}}}],
                {},
            )
            self.assertEqual(
                [row["case_id"] for row in shown["visible_candidate_ids"]], case.ids
            )

    @mute_logger(RULES)
    def test_nobody_attaches_to_a_case_that_is_not_theirs(self):
        """Nor do they learn whose case it is."""
        incoming = self._write("stranger@elsewhere.test")
        with self.assertRaises(AccessError), self.cr.savepoint():
            self._as_user(self.ben, incoming).case_id = self.case.id
        incoming.case_id = self.case
        with self.assertRaises(AccessError), self.cr.savepoint():
            self._as_user(self.ben, incoming).action_attach()
        self.assertEqual(incoming.state, "new")

    @mute_logger(RULES, "odoo.addons.base.models.ir_model")
    def test_a_viewer_reads_and_sorts_nothing(self):
        viewer = self._create_collector(
            "vera", COLLECTOR.replace("_collector", "_viewer")
        )
        incoming = self._as_user(viewer, self._write())
        self.assertTrue(incoming.name)
        for act in (
            incoming.action_attach,
            incoming.action_refuse,
            incoming.action_dismiss,
            incoming.candidate_ids.action_attach,
            incoming.candidate_ids.action_refuse,
        ):
            with self.assertRaises(AccessError):
                act()

    @mute_logger(RULES)
    def test_what_arrived_cannot_be_rewritten(self):
        incoming = self._as_user(self.ana, self._write())
        for values in (
            {"state": "attached"},
            {"email_from": "other@debtor.test"},
            {"date": self.today - timedelta(days=1)},
        ):
            with self.subTest(**values), self.assertRaises(AccessError):
                incoming.write(values)

    def test_a_company_does_not_see_what_another_gets(self):
        second = self._create_creditor("Second Creditor")
        self.boss.company_ids |= second
        incoming = self._write()
        seen = self._as_user(self.boss, incoming.browse(), second).search([])
        self.assertNotIn(incoming, seen.with_env(self.env))
