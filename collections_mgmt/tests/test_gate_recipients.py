"""Whoever gets what a person writes: rules and clock of their places hold."""

import hashlib

from odoo.tools import html2plaintext

from .test_gate_written import TEXT, WrittenCommon


class RecipientsCommon(WrittenCommon):
    """A debtor in Santiago, at nine, with a person in Mexico City, at six."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls._create_person(
            country_id=cls.mexico.id, state_id=cls._state(cls.mexico, "CMX").id
        )

    def _write_to(self, *partners, **values):
        self._write(partner_ids=[partner.id for partner in partners], **values)
        return self._get_written()[-1:]

    def _write_to_many(self, partners, **values):
        """Write by the composer for many cases; return the contact."""
        with self.mock_mail_gateway():
            self.env["mail.compose.message"].with_user(self.first).create(
                {
                    "composition_mode": "mass_mail",
                    "model": self.case._name,
                    "res_ids": repr(self.case.ids),
                    "subject": "Your debt",
                    "body": TEXT,
                    "partner_ids": partners.ids,
                    **values,
                }
            )._action_send_mail()
            self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        self.env.flush_all()
        return self._get_written()[-1:]


class TestRecipients(RecipientsCommon):
    def setUp(self):
        super().setUp()
        self._allow_contacts(hours="09:00-20:00", name="Daytime")

    def test_each_recipient_must_be_awake(self):
        for people, state in (
            ((self.debtor,), "sent"),
            ((self.person,), "blocked"),
            ((self.debtor, self.person), "blocked"),
        ):
            with self.subTest([person.name for person in people]):
                contact = self._write_to(*people)
                self.assertEqual(contact.state, state)
                self.assertEqual(len(contact.recipient_ids), len(people))
        with self._local("12:00"):
            self.assertEqual(self._write_to(self.debtor, self.person).state, "sent")

    def test_the_rules_of_their_country_hold(self):
        self._allow_contacts()
        self._forbid(country_id=self.mexico.id, name="Not in Mexico")
        self.assertEqual(self._write_to(self.debtor).state, "sent")
        contact = self._write_to(self.debtor, self.person)
        self.assertEqual(contact.state, "blocked")
        self.assertIn("Not in Mexico", contact.reason)

    def test_the_holidays_of_their_country_hold(self):
        self._allow_contacts(hours="00:00-24:00", skip_holidays=True)
        self.assertEqual(self._write_to(self.debtor).state, "sent")
        self.assertEqual(self._write_to(self.debtor, self.person).state, "blocked")

    def test_a_bare_address_of_a_contact_is_where_the_contact_is(self):
        contact = self._write_to(outgoing_email_to=self.person.email)
        self.assertEqual(contact.state, "blocked")

    def test_the_composer_says_so_beforehand(self):
        for person, warns in ((self.debtor, False), (self.person, True)):
            composer = (
                self.env["mail.compose.message"]
                .with_user(self.first)
                .new(
                    {
                        "model": self.case._name,
                        "res_ids": repr(self.case.ids),
                        "composition_mode": "comment",
                        "partner_ids": person.ids,
                    }
                )
            )
            with self.subTest(person.name):
                self.assertEqual(bool(composer.collection_warning), warns)

    def test_the_recipients_of_a_mail_to_many_count(self):
        self.assertEqual(self._write_to_many(self.debtor).state, "sent")
        self.assertEqual(self._write_to_many(self.person).state, "blocked")

    def test_an_email_from_the_panel_is_asked_for_where_it_goes(self):
        self.debtor.collection_contact_id = self.person
        panel = self._call(self.first)
        self.assertEqual(panel.verdict, "allow")
        for channel in ("email", "letter", "visit"):
            with self.subTest(channel):
                panel.channel = channel
                panel.action_ask()
                self.assertEqual(panel.verdict, "defer")

    def test_whose_number_is_called_is_asked_for_where_they_are(self):
        self.person.phone = "+56961234567"
        panel = self._call(self.first)
        panel.number = "+56961234567"
        panel.action_ask()
        self.assertEqual(panel.verdict, "defer")

    def test_a_place_of_one_channel_does_not_hide_the_creditors_for_others(self):
        """A debtor without a country is where the creditor is, unless somebody gets it
        who has one."""
        self.env.company.partner_id.write(
            {"country_id": self.chile.id, "state_id": self._state(self.chile, "CL-RM")}
        )
        self.debtor.write({"country_id": False, "state_id": False})
        self.debtor.collection_contact_id = self.person
        panel = self._call(self.first)
        self.assertEqual(panel.verdict, "allow")
        self.assertEqual(panel.verdict_data["zone_basis"], "creditor")

    def test_what_the_law_of_a_recipient_wants_is_said(self):
        self._allow_contacts()
        self.env.company.collection_payment_ways = "By transfer"
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self.debtor.country_id = self.mexico
        self.person.write({"country_id": self.chile.id, "state_id": False})
        other = self._create_debtor("Other", country_id=self.mexico.id)
        self.assertNotIn("By transfer", self._write_to(self.debtor, other).body)
        self.assertIn("By transfer", self._write_to(self.debtor, self.person).body)


class TestFiles(RecipientsCommon):
    """What goes along with a message is in the evidence of it."""

    def _create_file(self, user=None, **values):
        files = self.env["ir.attachment"].with_user(user or self.env.user)
        return files.create({"name": "plan.txt", "raw": b"a plan", **values})

    def _assert_kept(self, contact, file):
        self.assertEqual(contact.attachment_ids, file)
        content = self.env["collection.contact.content"].search(
            [
                ("contact_id", "=", contact.id),
                ("event_id.kind", "in", ("queued", "sent")),
            ]
        )
        [told] = content._get_words()["attachments"]
        self.assertEqual(told["name"], "plan.txt")
        self.assertEqual(told["sha256"], hashlib.sha256(b"a plan").hexdigest())

    def test_files_of_a_message_are_kept_by_their_hash(self):
        file = self._create_file(self.first, res_model="mail.compose.message")
        contact = self._write_to(self.debtor, attachment_ids=file.ids)
        with self.mock_mail_gateway():
            self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        self.env.flush_all()
        self._assert_kept(contact, file)

    def test_files_of_a_mail_to_many_are_kept_by_their_hash(self):
        file = self._create_file(self.first, res_model="mail.compose.message")
        contact = self._write_to_many(self.debtor, attachment_ids=file.ids)
        self.assertEqual(contact.state, "sent")
        self._assert_kept(contact, contact.attachment_ids)
        self.assertEqual(len(contact.attachment_ids), 1)

    def test_erasing_a_case_leaves_the_files_of_other_documents(self):
        invoice = self.case.open_item_ids.move_id
        foreign = self._create_file(res_model=invoice._name, res_id=invoice.id)
        own = self._create_file(res_model=self.case._name, res_id=self.case.id)
        contact = self._write_to(self.debtor, attachment_ids=(foreign | own).ids)
        self.assertEqual(len(contact.attachment_ids), 2)
        self.case.sudo()._erase_personal_data()
        self.assertTrue(foreign.exists())
        self.assertFalse(own.exists())


class TestRefusalWords(RecipientsCommon):
    """Who may not write is told until when, and what may be done instead."""

    def _get_texts_of_refusal(self):
        """Return the warning of the composer, and what stands on the case after."""
        warning = self.case.with_user(self.first)._foresee_by_hand("email")
        self._write()
        return warning, html2plaintext(self.case.message_ids[0].body)

    def test_it_says_the_next_moment_by_both_clocks(self):
        self._allow_contacts(hours="10:00-20:00", name="Hours of the Law")
        for text in self._get_texts_of_refusal():
            self.assertIn("Mon 16 Mar 10:00 for the debtor (America/Santiago)", text)
            self.assertIn("Mon 16 Mar 13:00 UTC", text)

    def test_it_names_the_channels_that_are_open(self):
        self._forbid("email", "visit", "im", "sms", "letter")
        for text in self._get_texts_of_refusal():
            self.assertIn("Possible now: Phone call, Phone call at work.", text)
        channels = self._get_written().verdict_data["open_channels"]
        self.assertEqual(channels, ["call", "work_call"])

    def test_where_nothing_is_open_none_is_named(self):
        self._stop()
        for text in self._get_texts_of_refusal():
            self.assertNotIn("Possible now", text)
