from urllib.parse import parse_qs, urlsplit

from odoo.exceptions import UserError

from .test_gate_manual import PanelCommon


class TestWhatsapp(PanelCommon):
    """A message is prepared, looked at, written down, and opened in WhatsApp."""

    def setUp(self):
        super().setUp()
        self.debtor.phone = "9 6123 4567"

    def _chat(self, **values):
        """Ask for a chat message as a collector does, by the button of the case."""
        panel = self._open(self.first, "action_whatsapp")
        panel.write(values)
        return panel

    def _send(self, panel):
        """Open WhatsApp; return the number and the text that it gets."""
        action = panel.action_open_whatsapp()
        self.assertEqual(
            (action["type"], action["target"]), ("ir.actions.act_url", "new")
        )
        url = urlsplit(action["url"])
        self.assertEqual((url.scheme, url.netloc), ("https", "wa.me"))
        [text] = parse_qs(url.query)["text"]
        return url.path.strip("/"), text

    def test_the_text_is_prepared_and_names_what_is_open(self):
        panel = self._chat()
        self.assertEqual(panel.verdict, "allow")
        self.assertEqual(panel.number, "+56961234567")
        invoice = self.case.open_item_ids.move_id.name
        for piece in ("Hello Acme", "first_collector", invoice, "100.00"):
            self.assertIn(piece, panel.message)
        self.assertNotIn("<", panel.message)

    def test_the_text_is_that_of_the_stage_in_the_debtors_language(self):
        self.case.sudo().stage_id = self.stage_first
        self.stage_first.whatsapp_template_id = template = self._create_template(
            "Chat", body_html="<p>First notice</p>"
        )
        self.assertEqual(self._chat().message, "First notice")
        template.with_context(lang="es_ES").body_html = "<p>Primer aviso</p>"
        self.debtor.lang = "es_ES"
        self.assertEqual(self._chat().message, "Primer aviso")

    def test_what_the_person_made_of_it_opens_and_is_on_record(self):
        panel = self._chat(message="Hello!\nPlease pay & call us: 50% off? ☎")
        self.assertEqual(self._send(panel), ("56961234567", panel.message))
        contact = self._made()
        self.assertRecordValues(
            contact,
            [
                {
                    "state": "sent",
                    "channel": "im",
                    "outcome": "sent",
                    "address": "+56961234567",
                    "user_id": self.first.id,
                }
            ],
        )
        self.assertIn("Please pay &amp; call us", contact.body)
        self.assertEqual(contact.line_ids.item_id, self.case.open_item_ids)
        self.assertEqual(self.case.date_last_contact, self.today)
        self.assertIn("Please pay", self.case.message_ids[0].body)
        events = self.env["collection.contact.event"].search(
            [("contact_id", "=", contact.id)]
        )
        self.assertEqual(events.mapped("kind"), ["reserved", "sent"])
        content = self.env["collection.contact.content"].search(
            [("contact_id", "=", contact.id)]
        )
        self.assertIn("Please pay", content.content)

    def test_it_takes_its_place_in_the_budget_and_is_sent_once(self):
        self._create_cap(1)
        panel = self._chat()
        self._send(panel)
        self.assertEqual(self._judge(channel="call").result, "defer")
        with self.assertRaises(UserError):
            panel.action_open_whatsapp()
        self.assertEqual(len(self._made()), 1)

    def test_what_is_not_allowed_has_no_text_and_is_not_opened(self):
        self._forbid("im", name="No Chats")
        panel = self._chat()
        self.assertIn("No Chats: not allowed.", panel.verdict_text)
        self.assertFalse(panel.message)
        self.assertEqual(panel.action_open_whatsapp()["type"], "ir.actions.act_window")
        self.assertFalse(self._made())

    def test_a_place_that_expired_is_asked_for_again_and_the_text_stays(self):
        panel = self._chat(message="Mine")
        self._forbid("im")
        with self._local("09:16"):
            action = panel.action_open_whatsapp()
        self.assertEqual(action["type"], "ir.actions.act_window")
        self.assertEqual((panel.verdict, panel.message), ("block", "Mine"))
        self.assertEqual(self._made().state, "dropped")

    def test_where_a_call_is_not_allowed_the_panel_offers_a_message(self):
        self._forbid("call")
        panel = self._call(self.first)
        self.assertTrue(panel.is_chat_open)
        panel.action_whatsapp()
        self.assertEqual((panel.channel, panel.verdict), ("im", "allow"))
        self.assertIn("Hello Acme", panel.message)
        self._forbid("im")
        self.assertFalse(self._call(self.first).is_chat_open)

    def test_a_manager_goes_on_over_policy_with_the_text_ready(self):
        self._forbid("im", severity="policy")
        panel = self._open(None, "action_whatsapp")
        panel.override_reason = "She asked for it"
        panel.action_override()
        self.assertIn("Hello Acme", panel.message)
        self._send(panel)
        self.assertRecordValues(self._made(), [{"state": "sent", "is_incident": False}])

    # THE MOMENT AND THE NUMBER

    def test_a_window_that_closed_meanwhile_keeps_it_back(self):
        self.env["collection.contact.rule"].search([]).active = False
        self._create_rule(hours="08:00-09:15")
        panel = self._chat()
        self.assertEqual(panel.verdict, "allow")
        with self._local("09:06"):  # messages stop ten minutes before
            action = panel.action_open_whatsapp()
        self.assertEqual(action["type"], "ir.actions.act_window")
        self.assertEqual(panel.verdict, "defer")
        self.assertNotIn("sent", self._made().mapped("state"))

    def test_a_stop_that_came_meanwhile_keeps_it_back(self):
        panel = self._chat()
        self._stop()
        panel.action_open_whatsapp()
        self.assertEqual(panel.verdict, "block")
        self.assertNotIn("sent", self._made().mapped("state"))

    def test_a_stop_is_not_passed_by_who_had_gone_on_over_a_rule(self):
        self._forbid("im", severity="policy")
        panel = self._open(None, "action_whatsapp")
        panel.override_reason = "She asked for it"
        panel.action_override()
        self._stop()
        panel.action_open_whatsapp()
        self.assertFalse(panel.contact_id)
        self.assertNotIn("sent", self._made().mapped("state"))

    def test_another_number_is_asked_for_when_it_is_opened(self):
        panel = self._chat()
        self._answer("refused", "im", address="+56 9 7777 7777")
        panel.number = "+56 9 7777 7777"
        self.assertTrue(panel.is_other_number)
        self.assertEqual(panel.action_open_whatsapp()["type"], "ir.actions.act_window")
        self.assertEqual(panel.verdict, "block")
        panel.number = "+56 9 6123 4567"
        panel.action_ask()
        self.assertEqual(self._send(panel)[0], "56961234567")

    def test_where_consent_is_needed_it_is_for_the_number_that_is_opened(self):
        self._create_rule("im", kind="consent")
        self._answer("granted", "im", address="+56 9 7777 7777")
        panel = self._chat()
        self.assertEqual(panel.verdict, "block")
        panel.number = "+56 9 7777 7777"
        panel.action_ask()
        self.assertEqual(panel.verdict, "allow")
        self.assertEqual(self._send(panel)[0], "56977777777")
        self.assertEqual(self._made()[-1].address, "+56977777777")

    # BAD INPUT

    def test_what_is_no_number_is_said_and_nothing_is_noted(self):
        for number in ("", "call me", "123"):
            with self.subTest(number):
                panel = self._chat(number=number)
                with self.assertRaisesRegex(UserError, "is no telephone number"):
                    panel.action_open_whatsapp()
                panel.action_cancel()
        self.assertEqual(set(self._made().mapped("state")), {"dropped"})

    def test_an_empty_message_is_none(self):
        panel = self._chat(message=" \n")
        with self.assertRaisesRegex(UserError, "The message is empty"):
            panel.action_open_whatsapp()

    # WORDS

    def test_forbidden_words_are_not_opened(self):
        self.env["collection.forbidden.word"].create({"name": "bailiff"})
        panel = self._chat(message="The bailiff comes")
        with self.assertRaisesRegex(UserError, "write without “bailiff”"):
            panel.action_open_whatsapp()

    def test_required_words_are_prepared_and_added_again_if_taken_out(self):
        self.env.ref("collections_mgmt.contact_rule_cl_info_content").active = True
        self.env.company.write(
            {"street": "1 High Street", "collection_payment_ways": "By transfer"}
        )
        panel = self._chat()
        self.assertIn("By transfer", panel.message)
        self.assertEqual(self._send(panel)[1], panel.message)
        with self._day(8):
            text = self._send(self._chat(message="Please pay"))[1]
        self.assertTrue(text.startswith("Please pay"))
        self.assertIn("By transfer", text)
