"""An answer to the debtor passes rules, and nothing else."""

from odoo.modules.migration import load_script

from ..models.collection_hold import HOLD_KINDS
from .test_gate_written import TEXT, WrittenCommon


class TestAnswer(WrittenCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls._create_person()
        cls.lawyer = cls._create_debtor("Lawyer")

    def setUp(self):
        super().setUp()
        self._reply()

    def _answer_to(self, *partners, **values):
        """Write to some partners; return the contact."""
        self._write(partner_ids=[partner.id for partner in partners], **values)
        return self._get_written()[-1:]

    def _foresee(self, *partners):
        """Return what the composer says of a message to some partners."""
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.first)
            .new(
                {
                    "model": self.case._name,
                    "res_ids": repr(self.case.ids),
                    "composition_mode": "comment",
                    "partner_ids": [partner.id for partner in partners],
                }
            )
        )
        return composer.collection_warning

    def _assert_answered(self, *partners):
        self.assertFalse(self._foresee(*partners))
        self.assertRecordValues(
            self._answer_to(*partners), [{"state": "sent", "exemption": "answer"}]
        )

    def _assert_refused(self, *partners):
        self.assertTrue(self._foresee(*partners))
        self.assertEqual(self._answer_to(*partners).state, "blocked")
        self.assertTrue(self.case.reply_date, "Nobody answered the debtor.")

    # WHAT IT PASSES

    def test_it_passes_rules_of_laws_companies_and_providers(self):
        for severity in ("law", "policy", "provider"):
            with self.subTest(severity):
                self._reply()
                rule = self._forbid("email", severity=severity)
                self._assert_answered(self.debtor)
                rule.active = False

    def test_it_passes_no_stop(self):
        for kind, _label in HOLD_KINDS:
            with self.subTest(kind):
                stop = self._stop(kind=kind)
                self._assert_refused(self.debtor)
                self._let_stop_be_over(stop)

    def test_it_passes_no_stop_beside_a_rule(self):
        self._forbid("email", severity="policy")
        self._stop()
        self._assert_refused(self.debtor)

    def test_it_passes_no_refusal(self):
        self._answer("refused", "email")
        self._assert_refused(self.debtor)

    def test_it_passes_no_wish(self):
        self.debtor.collection_contact_hours = "20:00-21:00"
        self._assert_refused(self.debtor)

    def test_where_no_rule_speaks_of_the_channel_it_does_not_leave(self):
        self._allow_contacts(channel_ids=self._channels("call").ids)
        self._assert_refused(self.debtor)

    # WHO GETS IT

    def test_it_is_for_the_debtor_and_its_contacts(self):
        self._forbid("email")
        for people in ((self.debtor,), (self.person,), (self.debtor, self.person)):
            with self.subTest([person.name for person in people]):
                self._reply()
                self._assert_answered(*people)

    def test_it_is_for_nobody_else(self):
        self._forbid("email")
        for people in ((self.lawyer,), (self.debtor, self.lawyer)):
            with self.subTest([person.name for person in people]):
                self._assert_refused(*people)

    def test_who_wrote_for_the_debtor_is_answered(self):
        self._forbid("email")
        self._reply(self.lawyer)
        self._assert_answered(self.lawyer)

    def test_who_wrote_is_forgotten_when_somebody_answered(self):
        self._reply(self.lawyer)
        self._answer_to(self.debtor)
        self._forbid("email")
        self.assertFalse(self.case.reply_date)
        self.assertEqual(self._answer_to(self.lawyer).state, "blocked")

    def test_a_bare_address_of_nobody_known_is_not_the_debtors(self):
        self._forbid("email")
        contact = self._answer_to(outgoing_email_to="somebody@elsewhere.test")
        self.assertEqual(contact.state, "blocked")

    def test_a_bare_address_of_a_contact_is_the_debtors(self):
        self._forbid("email")
        contact = self._answer_to(outgoing_email_to=self.person.email)
        self.assertEqual(contact.exemption, "answer")

    # BY WHICH CHANNEL

    def test_it_goes_back_the_way_the_reply_came(self):
        self._forbid()
        case = self.case.sudo()
        self.debtor.phone = "+56961234567"
        for channel, state in (("im", "blocked"), ("email", "reserved")):
            with self.subTest(channel):
                contact = case._pass_gate_by_hand(channel, TEXT)
                self.assertEqual(contact.state, state)

    def test_a_reply_of_before_came_by_email(self):
        """What was unread before the channel was kept can still be answered."""
        self.case.sudo().write({"reply_channel": False, "reply_partner_id": False})
        self._forbid("email")
        self._assert_refused(self.debtor)
        self.env.flush_all()
        script = "collections_mgmt/migrations/19.0.1.1.0/post-reply_channel.py"
        load_script(script, "reply_channel").migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self._assert_answered(self.debtor)

    def test_merged_debtors_keep_how_the_last_of_them_replied(self):
        other = self._create_debtor("Other")
        self._create_overdue_invoice(other, 5)
        self._sync_only()
        case = self._case(other)
        with self._day(1):
            no_message = self.env["mail.message"]
            case.sudo()._receive_reply(self.lawyer, no_message)
        first = self.case.reply_date
        (self.case | case).sudo()._fold_into(self.debtor)
        self.assertRecordValues(
            self.case,
            [
                {
                    "reply_date": first,
                    "reply_channel": "email",
                    "reply_partner_id": self.lawyer.id,
                }
            ],
        )
