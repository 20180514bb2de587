from datetime import timedelta

from odoo.tests import Form, freeze_time

from ..const import BLOCKED_RETRY_DAYS
from ..tools.plain_words import read_html
from .common import CollectionCommon
from .letter_common import LetterCommon

WAYS = "Transfer to account 123 of Our Bank"
WAYS_IN_SPANISH = "Transferencia a la cuenta 123 de Nuestro Banco"


class WordingCommon(CollectionCommon):
    """The shipped rule of a country, and a template that says what is required."""

    rule = "cl_info"
    country = "cl"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.write({"street": "1 High Street", "city": "Springfield"})
        cls._apply_rule(cls.rule)
        cls.template.body_html = (
            '<p>Hello</p><t t-out="object.items_table"/>'
            '<t t-out="object.legal_block"/><p>Goodbye</p>'
        )
        cls.debtor = cls._create_debtor(
            "Acme", country_id=cls.env.ref(f"base.{cls.country}").id
        )
        cls.invoice = cls._create_overdue_invoice(cls.debtor, 5)

    @classmethod
    def _apply_rule(cls, *names):
        for name in names:
            rule = cls.env.ref(f"collections_mgmt.contact_rule_{name}_content")
            rule.active = True

    def _say(self, contact=None):
        """Deliver what is planned and return the text of the message as it is read."""
        self._plan()
        self._deliver()
        contact = contact or self._contacts(self.debtor)[-1]
        return read_html(contact.mail_message_id.sudo().body)

    def _assert_said(self, text, *pieces):
        for piece in pieces:
            self.assertIn(piece, text)

    def _assert_blocked(self, *sentences):
        contact = self._contacts(self.debtor)[-1]
        self.assertEqual(contact.state, "blocked", contact.reason)
        self.assertEqual(contact.reason, "\n".join(sentences))
        self.assertFalse(any(contact.line_ids.mapped("is_counted")))
        return contact


class TestDates(WordingCommon):
    """What a message has to say, too, is asked by the debtor's own day."""

    def test_a_rule_on_words_begins_with_the_debtors_day(self):
        self.debtor.collection_tz = "America/Santiago"
        rule = self.env.ref("collections_mgmt.contact_rule_cl_info_content")
        contact = self._plan().contact_ids
        tomorrow = self.today + timedelta(days=1)
        rule.date_from = tomorrow
        for moment, applies in (
            (f"{tomorrow} 02:59:00", False),  # a minute to midnight in Santiago
            (f"{tomorrow} 03:00:00", True),
        ):
            contact.invalidate_recordset(["content_rule_ids"])
            with self.subTest(moment), freeze_time(moment):
                self.assertEqual(rule in contact.content_rule_ids, applies)


class TestHiddenWords(WordingCommon):
    """A template that has the block says nothing where nobody reads it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.collection_payment_ways = WAYS

    def test_a_block_that_is_not_shown_keeps_the_message_back(self):
        for hidden in (
            '<t t-if="False" t-out="object.legal_block"/>',
            '<p t-att-title="object.legal_block and 1">Pay</p>',
        ):
            with self.subTest(hidden), self.cr.savepoint() as savepoint:
                self.template.body_html = f"<p>Please pay</p>{hidden}"
                self._plan()
                self._deliver()
                contact = self._contacts(self.debtor)[-1]
                self.assertEqual(contact.state, "blocked")
                self.assertIn("Chile: the template lacks", contact.reason)
                self.assertFalse(contact.mail_mail_id)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_template_that_lacks_words_is_saved_and_pointed_at_everywhere(self):
        self.template.body_html = "<p>Please pay</p>"  # raises nothing
        step = self.stage_due.step_ids
        for record in (self.template, step, self.stage_due):
            name = (
                "collection_warning" if record == self.template else "wording_warning"
            )
            self.assertIn("Chile: it lacks", record[name])
        for model in ("mail.template", "collection.stage", "collection.strategy"):
            arch = self.env[model].get_view(view_type="form")["arch"]
            with self.subTest(model):
                self.assertRegex(arch, r'name="(collection|wording)_warning"')

    def test_the_block_that_is_shown_lets_it_leave(self):
        self._say()
        self.assertEqual(self._contacts(self.debtor)[-1].state, "queued")


class TestChile(WordingCommon):
    """Seven items in every message to a consumer; without one nothing leaves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.collection_payment_ways = WAYS

    def _activate_spanish(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.debtor.lang = "es_ES"
        self.env.company.with_context(
            lang="es_ES"
        ).collection_payment_ways = WAYS_IN_SPANISH

    def test_the_seven_items_stand_in_a_delivered_message(self):
        self._assert_said(
            self._say(),
            "Creditor: Creditor Ltd, 1 High Street, Springfield",
            f"{self.invoice.name} of 02/09/2026, due on 03/11/2026: $ 100.00",
            "Interest: No interest is charged.",
            "Collection costs: No collection costs are charged.",
            f"Ways and places to pay: {WAYS}",
            "Your rights: You may ask for all of this in writing.",
            "This is not a judicial procedure to seize goods.",
        )

    def test_they_are_as_clean_as_any_text(self):
        self.env.company.collection_payment_ways = "<b onclick=x>Cash</b>\nor other"
        self.assertIn("<b onclick=x>Cash</b>", self._say())
        self._assert_clean(self._contacts(self.debtor).mail_message_id.body)

    def test_they_stand_there_in_the_debtors_language(self):
        self._activate_spanish()
        self._assert_said(
            self._say(),
            "Acreedor: Creditor Ltd, 1 High Street, Springfield",
            f"{self.invoice.name} del 09/02/2026, con vencimiento el 11/03/2026: "
            "$ 100,00",
            "Intereses: No se cobran intereses.",
            "Gastos de cobranza: No se cobran gastos de cobranza.",
            f"Formas y lugares de pago: {WAYS_IN_SPANISH}",
            "Sus derechos: Puede pedir todo esto por escrito.",
            "Esto no es un procedimiento judicial para embargar bienes.",
        )

    def test_the_shipped_templates_say_them(self):
        strategy = self.env.ref("collections_mgmt.collection_strategy_default")
        templates = strategy.stage_ids.step_ids.template_id
        templates |= self.env.ref("collections_mgmt.mail_template_letter")
        self._plan()
        contact = self._contacts(self.debtor)
        for template in templates:
            with self.subTest(template.name):
                self.assertFalse(template.collection_warning)
                body = template._render_field("body_html", contact.ids)[contact.id]
                self._assert_said(read_html(body), "not a judicial procedure", WAYS)

    def test_who_writes_is_named(self):
        self.debtor.collection_agent_id = self.user
        self._assert_said(self._say(), f"This message comes from: {self.user.name}")

    def test_what_the_company_charges_is_told_once(self):
        self.env.company.collection_charges_text = "1% a month\nNo costs"
        text = self._say()
        self._assert_said(text, "Interest: 1% a month No costs")
        self.assertNotIn("Collection costs:", text)

    def test_the_companys_own_text_on_rights_comes_first(self):
        self.env.company.collection_rights_text = "Ask us anything"
        text = self._say()
        self._assert_said(text, "Your rights: Ask us anything")
        self.assertNotIn("in writing", text)

    def test_without_ways_to_pay_it_is_blocked_and_says_what_to_do(self):
        self.env.company.collection_payment_ways = False
        self._run()
        contact = self._assert_blocked(
            "Chile: the ways to pay are missing: enter them in the settings."
        )
        self.assertEqual(contact.verdict, "allow", "The rules on times had allowed it.")
        self.assertFalse(self.emails)
        self.assertFalse(self._items(self.invoice).stage_id)
        self.assertEqual(self._case(self.debtor).decision, "blocked")

    def test_the_next_run_tries_again_once_they_are_entered(self):
        self.env.company.collection_payment_ways = False
        self._run()
        self.assertFalse(self._run(1), "Nothing changed: it waits.")
        with self._day(1):
            self.env.company.collection_payment_ways = WAYS
        self.assertEqual(self._run(1).state, "sent")

    def test_the_next_run_tries_again_once_the_template_was_corrected(self):
        body, self.template.body_html = self.template.body_html, "<p>Please pay</p>"
        self._run()
        with self._day(1):
            self.template.body_html = body
        self.assertEqual(self._run(1).state, "sent")

    def test_without_a_change_it_is_tried_again_after_some_days(self):
        self.env.company.collection_payment_ways = False
        self._run()
        self.assertEqual(self._run(BLOCKED_RETRY_DAYS).state, "blocked")

    def test_a_template_that_lacks_the_words_is_blocked(self):
        self.template.body_html = "<p>Please pay</p>"
        self._run()
        contact = self._contacts(self.debtor)
        self.assertEqual(contact.state, "blocked")
        self.assertIn(
            "Chile: the template lacks “This is not a judicial procedure”: insert "
            "object.legal_block.",
            contact.reason,
        )
        self.assertEqual(len(contact.reason.splitlines()), 7)

    def test_a_template_may_say_a_piece_by_its_own_placeholder(self):
        self.env.ref(
            "collections_mgmt.contact_rule_cl_info_content"
        ).wording_ids = self.env.ref("collections_mgmt.wording_payment_ways")
        self.template.body_html = (
            '<p>Pay: <t t-out="object.company_id.collection_payment_ways"/></p>'
        )
        self._assert_said(self._say(), f"Pay: {WAYS}")
        self.assertEqual(self._contacts(self.debtor).state, "queued")

    def test_businesses_and_other_countries_need_nothing(self):
        self.env.company.collection_payment_ways = False
        self.template.body_html = "<p>Please pay</p>"
        business = self._create_debtor(
            "Bolt",
            country_id=self.env.ref("base.cl").id,
            collection_debtor_type="business",
        )
        abroad = self._create_debtor("Croft", country_id=self.env.ref("base.fr").id)
        for debtor in (business, abroad):
            self._create_overdue_invoice(debtor, 5)
        self._run()
        for debtor in (business, abroad):
            contact = self._contacts(debtor)
            self.assertEqual(contact.state, "sent")
            self.assertFalse(contact.legal_block)
        self.assertEqual(self._contacts(self.debtor).state, "blocked")

    # WHAT A PERSON WROTE

    def _edit(self, change):
        """Edit the waiting message as a person does; return it."""
        self.stage_due.needs_approval = True
        self._plan()
        contact = self._contacts(self.debtor)
        wizard = Form(
            self.env["collection.contact.text"].with_context(
                default_contact_id=contact.id
            )
        ).save()
        wizard.body = change(wizard.body)
        wizard.action_save()
        contact.action_approve()
        self._deliver()
        return contact

    def test_an_edited_text_that_keeps_the_words_leaves(self):
        contact = self._edit(lambda body: body.replace("Hello", "Dear friend"))
        self.assertEqual(contact.state, "queued", contact.reason)
        self._assert_said(read_html(contact.body), "Dear friend", "judicial procedure")

    def test_an_edited_text_that_drops_a_piece_is_blocked(self):
        self._edit(lambda body: body.replace(WAYS, ""))
        self._assert_blocked(
            "Chile: the edited text lacks “Ways and places to pay”: go back to the "
            "template's text and leave it in."
        )


class TestOtherCountries(WordingCommon):
    rule = "be_b2c"
    country = "be"

    def _move_to(self, country, **values):
        self.debtor.write({"country_id": self.env.ref(f"base.{country}").id, **values})

    def test_the_first_belgian_reminder_is_complete(self):
        self.env.company.company_registry = "BE0477472701"
        self._assert_said(
            self._say(),
            "Creditor: Creditor Ltd",
            "Registration number of the creditor Creditor Ltd: BE0477472701",
            f"{self.invoice.name} of 02/09/2026, due on 03/11/2026: $ 100.00",
            "It is for: Goods",
            "If you pay within 14 days, counted from the day after this message",
        )

    def test_the_second_belgian_reminder_needs_none_of_it(self):
        self.env.company.company_registry = "BE0477472701"
        self._run()
        text = read_html(self._run(5).mail_message_id.sudo().body)
        self.assertIn("Hello", text)
        self.assertNotIn("14 days", text)

    def test_a_new_debt_makes_it_a_first_reminder_again(self):
        self.env.company.company_registry = "BE0477472701"
        self._run()
        self._create_overdue_invoice(self.debtor, 0)
        self.assertIn("14 days", read_html(self._run(5).mail_message_id.sudo().body))

    def test_without_a_registration_number_it_is_blocked(self):
        self.env.company.write({"company_registry": False, "vat": False})
        self._run()
        self._assert_blocked(
            "Belgium: the creditor's registration number is missing: enter the company "
            "ID or the tax ID on the company."
        )

    def test_brazil_wants_the_suppliers_tax_number_and_address(self):
        self._apply_rule("br_fed")
        self._move_to("br")
        self.env.company.vat = False
        self._run()
        self._assert_blocked(
            "Brazil: the supplier's street or tax ID is missing: enter both on the "
            "company."
        )
        with self._day(1):
            self.env.company.vat = "12345"
        self._run(1)
        self._assert_said(
            read_html(self._contacts(self.debtor)[-1].body),
            "Supplier: Creditor Ltd, 1 High Street, Springfield",
            "12345",
        )

    def test_agencies_say_who_they_are(self):
        self._apply_rule("ar_caba")
        self._move_to("ar", state_id=self.env.ref("base.state_ar_c").id)
        self.env.company.collection_actor = "agency"
        self._run()
        self._assert_blocked(
            "Argentina: the data of the agency are missing: enter them in the settings."
        )
        with self._day(1):
            self.env.company.collection_agency_data = "Fast Agency, tel. 123"
        self._run(1)
        self._assert_said(
            read_html(self._contacts(self.debtor)[-1].body),
            "Who collects for the creditor: Fast Agency, tel. 123",
        )

    def test_agencies_in_the_us_say_so_and_offer_a_way_out(self):
        self._apply_rule("us_info", "us_emsg")
        self._move_to("us")
        self.env.company.collection_actor = "agency"
        text = self._say()
        contact = self._contacts(self.debtor)
        self._assert_said(
            text,
            "This is an attempt to collect a debt by a debt collector.",
            "To get no more messages of this kind by e-mail, follow this link",
        )
        self.assertEqual(contact.body.count(contact.opt_out_url), 1, "Only once.")

    def test_creditors_in_the_us_need_nothing(self):
        self._apply_rule("us_info", "us_emsg")
        self._move_to("us")
        self.assertNotIn("debt collector", self._say())

    def _count_queries_of_check(self, country, count):
        """Return how many queries the check of so many messages takes."""
        for number in range(count):
            debtor = self._create_debtor(
                f"{country} {number} of {count}",
                country_id=self.env.ref(f"base.{country}").id,
            )
            self._create_overdue_invoice(debtor, 5)
        self._plan()
        contacts = self.env["collection.contact"].sudo()
        contacts = contacts.search([("state", "=", "planned")])
        self.assertEqual(len(contacts), count)
        contacts._check_truth()
        contacts._pass_gate()
        self.env.flush_all()
        before = self.cr.sql_log_count
        self.assertEqual(contacts._check_wording(), contacts)
        queries = self.cr.sql_log_count - before
        contacts._deliver()
        return queries

    def test_the_check_takes_a_few_queries_for_any_number_of_messages(self):
        self.env.company.company_registry = "BE0477472701"
        self._run()
        self._count_queries_of_check("be", 2)  # fills the caches
        self.assertLessEqual(self._count_queries_of_check("fr", 20), 8)
        few = self._count_queries_of_check("be", 3)
        self.assertLessEqual(self._count_queries_of_check("be", 20), few)
        self.assertLessEqual(few, 20)
        self.env.ref("collections_mgmt.contact_rule_be_b2c_content").active = False
        self.assertLessEqual(self._count_queries_of_check("be", 5), 2)


class TestLetters(LetterCommon):
    def test_a_letter_says_it_too_and_is_checked_again_when_printed(self):
        rule = self.env.ref("collections_mgmt.contact_rule_cl_info_content")
        rule.active = True
        self.env.company.collection_payment_ways = WAYS
        self.letter_template.body_html = '<t t-out="object.legal_block"/>'
        debtor = self._create_postal_debtor(
            "Acme", country_id=self.env.ref("base.cl").id
        )
        self._create_overdue_invoice(debtor, 5)
        self._plan()
        letter = self._deliver()
        self.assertEqual(letter.state, "queued", letter.reason)
        self.assertIn(WAYS, letter.body)
        self.env.company.collection_payment_ways = False
        self.assertFalse(letter.sudo()._renew_letters())
        self.assertEqual(letter.state, "blocked")
        self.assertFalse(letter.mail_message_id)


class TestEveryPlace(WordingCommon):
    """What a shipped rule asks for is pointed at when saving, and stops a message."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shipped = cls.env["ir.model.data"].search(
            [
                ("module", "=", "collections_mgmt"),
                ("model", "=", "collection.contact.rule"),
            ]
        )
        rules = cls.env["collection.contact.rule"].with_context(active_test=False)
        rules = rules.browse(shipped.mapped("res_id")).exists()
        cls.rules = rules.filtered("wording_ids")
        cls.template.body_html = "<p>Please pay</p>"
        cls.contact = cls._plan(cls).contact_ids.sudo()

    def _apply(self, rule):
        """Let one rule on words apply to the debtor and to the company."""
        self.rules.active = False
        rule.active = True
        self.env.company.write(
            {
                "collection_actor": rule.actor.replace("any", "creditor"),
                "collection_regime": rule.regime.replace("any", "general"),
            }
        )
        self.debtor.write(
            {
                "country_id": rule.country_id.id,
                "state_id": rule.state_ids[:1].id,
                "city": rule.city,
            }
        )
        self.env.flush_all()
        self.env.invalidate_all()

    def _get_pieces(self, rule):
        """Return the names of the pieces that an e-mail has to say by its template."""
        is_agency = self.env.company.collection_actor == "agency"
        return [
            wording.name
            for wording in rule.wording_ids
            if wording.code != "opt_out" and (wording.code != "agency" or is_agency)
        ]

    def test_the_template_is_pointed_at_and_the_message_does_not_leave(self):
        self.assertGreaterEqual(len(self.rules.country_id), 6)
        for rule in self.rules:
            self._apply(rule)
            with self.subTest(rule.name):
                pieces = self._get_pieces(rule)
                warning = self.template.collection_warning
                gaps = "\n".join(self.contact._get_wording_gaps())
                for piece in pieces:
                    self.assertIn(f"“{piece}”", warning)
                self.assertEqual(rule.country_id.name in warning, bool(pieces))
                self.assertIn(rule, self.contact.content_rule_ids)
                self.assertEqual(len(gaps.splitlines()), len(pieces), gaps)

    def test_with_the_block_neither_is_said(self):
        self.template.body_html = '<t t-out="object.legal_block"/>'
        self.env.company.write(
            {
                "collection_payment_ways": WAYS,
                "collection_agency_data": "Fast Agency",
                "collection_rights_text": "Ask us",
                "vat": "12345",
                "company_registry": "BE0477472701",
            }
        )
        for rule in self.rules:
            self._apply(rule)
            with self.subTest(rule.name):
                self.assertFalse(self.template.collection_warning)
                self.assertFalse(self.contact._get_wording_gaps())

    def test_a_translation_that_lacks_a_piece_is_pointed_at(self):
        self._apply(self.env.ref("collections_mgmt.contact_rule_cl_info_content"))
        self.env["res.lang"]._activate_lang("es_ES")
        self.template.body_html = '<p>Pay</p><t t-out="object.legal_block"/>'
        self.assertFalse(self.template.collection_warning)
        self.template.with_context(lang="es_ES").body_html = "<p>Pague</p>"
        self.template.invalidate_recordset(["collection_warning"])
        self.assertIn("Chile: it lacks", self.template.collection_warning)
