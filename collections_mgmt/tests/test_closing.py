from .test_events import EventsCommon


class TestClosing(EventsCommon):
    """A case says how it ended, and why it goes on."""

    def _get_last_note(self):
        return self.case.message_ids[:1]

    def test_a_paid_case_says_at_which_stage_and_after_how_many_contacts(self):
        self._run(10)
        self._pay(self.invoice)
        self._end_transaction()
        sentence = "Everything is paid: cured at “First” after 2 contacts."
        self.assertEqual(self.case.outcome_text, sentence)
        self.assertIn(sentence, self._get_last_note().body)
        self.assertEqual(self._get_last_note().subtype_id, self.env.ref("mail.mt_note"))

    def test_a_case_paid_after_one_contact_says_so(self):
        self._pay(self.invoice)
        self._end_transaction()
        self.assertEqual(
            self.case.outcome_text,
            "Everything is paid: cured at “Due” after one contact.",
        )

    def test_a_case_paid_before_any_contact_says_so(self):
        early = self._create_debtor("Early")
        invoice = self._create_overdue_invoice(early, -20)
        self._plan()
        case = self._case(early)
        self._pay(invoice)
        self._end_transaction()
        self.assertEqual(
            case.outcome_text, "Everything is paid: no contact was needed."
        )
        self.assertEqual(
            case.search([("close_reason", "=", "paid"), ("cured_stage_id", "=", False)])
            & case,
            case,
        )

    def test_a_case_that_ends_without_payment_says_why(self):
        self.invoice._reverse_moves(cancel=True)
        self._end_transaction()
        self.assertEqual(self.case.outcome_text, "Everything is credited.")

    def test_an_open_case_has_no_outcome(self):
        self.assertFalse(self.case.outcome_text)

    def test_the_note_is_in_the_language_of_the_company(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.env.company.partner_id.lang = "es_ES"
        Case = self.env.registry["collection.case"]
        langs = []
        original = Case._get_outcome_text

        def remember(case):
            langs.append(case.env.lang)
            return original(case)

        self.patch(Case, "_get_outcome_text", remember)
        self._pay(self.invoice)
        self._end_transaction()
        self.assertEqual(langs, ["es_ES"])

    def test_a_returned_payment_opens_the_same_case_at_its_stage(self):
        payment = self._pay(self.invoice)
        self._end_transaction()
        self.assertEqual(self.case.cured_stage_id, self.stage_due)
        payment.action_draft()
        payment.action_cancel()
        self._end_transaction()
        self.assertEqual(self._case(self.debtor), self.case)
        self.assertRecordValues(
            self.case,
            [
                {
                    "date_closed": False,
                    "close_reason": False,
                    "cured_stage_id": False,
                    "stage_id": self.stage_due.id,
                    "outcome_text": False,
                }
            ],
        )
        self.assertIn(
            "A payment was returned: the case is open again at “Due”.",
            self._get_last_note().body,
        )

    def test_a_returned_payment_continues_the_dunning_where_it_stood(self):
        payment = self._pay(self.invoice)
        self._end_transaction()
        payment.action_draft()
        payment.action_cancel()
        self._end_transaction()
        contact = self._run(10)
        self.assertEqual(contact.stage_id, self.stage_first)  # after “Due”

    def test_a_credit_taken_back_is_no_returned_payment(self):
        self.invoice._reverse_moves(cancel=True)
        self._end_transaction()
        self._get_receivable_lines(self.invoice).remove_move_reconcile()
        self._end_transaction()
        self.assertIn("A credit was taken back", self._get_last_note().body)

    def test_a_case_opened_again_may_be_closed_again(self):
        for _time in range(2):
            payment = self._pay(self.invoice)
            self._end_transaction()
            self.assertEqual(self.case.close_reason, "paid")
            payment.action_draft()
            payment.action_cancel()
            self._end_transaction()
            self.assertEqual(self.case.state, "open")


class TestThanks(EventsCommon):
    """A debtor who paid after a message is thanked, once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.collection_thanks_template_id = cls._create_template(
            "Thanks", subject="Thank you", body_html="<p>Thank you</p>"
        )

    def _get_thanks(self):
        return self._contacts(self.debtor).filtered(
            lambda contact: contact._is_thanks()
        )

    def _pay_all(self):
        payment = self._pay(self.invoice)
        self._end_transaction()
        return payment

    def _return(self, payment):
        payment.action_draft()
        payment.action_cancel()
        self._end_transaction()

    def test_who_paid_after_a_message_is_thanked_by_mail(self):
        self._pay_all()
        thanks = self._get_thanks()
        self.assertRecordValues(
            thanks,
            [
                {
                    "state": "planned",
                    "channel": "email",
                    "case_id": self.case.id,
                    "company_id": self.env.company.id,
                    "address_partner_id": self.debtor.id,
                    "date_planned": self.today,
                }
            ],
        )
        self._deliver()
        self._send_mails()
        self.assertEqual(self.emails[0]["smtp_to_list"], ["acme@debtor.test"])
        self.assertEqual(thanks.subject, "Thank you")
        self.assertEqual(thanks.state, "sent")
        self.assertIn("Thank you", thanks.display_name)

    def test_thanks_are_no_reminder(self):
        self._pay_all()
        before = self.case.date_last_contact
        with self._day(4):
            self._deliver()
            self._send_mails()
        self.assertEqual(self.case.date_last_contact, before)
        self.assertEqual(self.case.sent_count, 1)  # the reminder

    def test_the_collections_contact_is_thanked(self):
        person = self._create_debtor(
            "Person", parent_id=self.debtor.id, is_company=False
        )
        self.debtor.collection_contact_id = person
        self._pay_all()
        self.assertEqual(self._get_thanks().address_partner_id, person)

    def test_who_was_not_written_to_is_not_thanked(self):
        early = self._create_debtor("Early")
        invoice = self._create_overdue_invoice(early, -20)
        called = self._create_debtor("Called", email=False)
        called_invoice = self._create_overdue_invoice(called, 5)
        self._run()  # a task for who has no address
        called.email = "called@debtor.test"
        self._pay(invoice | called_invoice)
        self._end_transaction()
        self.assertEqual(self._contacts(called).mapped("channel"), ["task"])
        self.assertFalse(self._contacts(early))

    def test_nobody_is_thanked_for_a_credit_note(self):
        self.invoice._reverse_moves(cancel=True)
        self._end_transaction()
        self.assertFalse(self._get_thanks())

    def test_nobody_is_thanked_where_the_company_has_no_text(self):
        self.env.company.collection_thanks_template_id = False
        self._pay_all()
        self.assertFalse(self._get_thanks())

    def test_nobody_is_thanked_in_test_mode(self):
        self.env.company.collection_test_mode = True
        self._pay_all()
        self.assertFalse(self._get_thanks())

    def test_who_has_no_address_is_not_thanked(self):
        self.debtor.email = False
        self._pay_all()
        self.assertFalse(self._get_thanks())

    def test_a_run_after_the_payment_thanks_nobody_again(self):
        self._pay_all()
        self._plan()
        self.assertEqual(len(self._get_thanks()), 1)

    def test_who_pays_a_returned_payment_again_is_thanked_after_a_message(self):
        payment = self._pay_all()
        self._deliver()
        self._send_mails()
        self._return(payment)
        payment = self._pay_all()
        self.assertEqual(len(self._get_thanks()), 1, "Nothing was sent in between.")
        self._return(payment)
        self._run(10)
        self._pay_all()
        self.assertEqual(len(self._get_thanks()), 2)

    def test_thanks_are_dropped_when_the_payment_is_returned(self):
        payment = self._pay_all()
        self._return(payment)
        self.assertRecordValues(
            self._get_thanks(),
            [{"state": "dropped", "reason": "The case is open again."}],
        )

    def test_thanks_are_dropped_at_delivery_when_something_is_owed_again(self):
        payment = self._pay_all()
        payment.action_draft()
        payment.action_cancel()
        self.env.flush_all()  # as if the case had not followed yet
        self._deliver()
        self.assertEqual(self._get_thanks().state, "dropped")
        self.assertFalse(self._send_mails())

    def test_the_shipped_text_thanks(self):
        template = self.env.ref("collections_mgmt.mail_template_thanks")
        self.env.company.collection_thanks_template_id = template
        self._pay_all()
        self._deliver()
        thanks = self._get_thanks()
        self.assertIn("thank you for your payment", thanks.subject)
        self.assertIn("We have received your payment", thanks.body)

    def test_any_number_of_debtors_is_thanked_with_the_same_queries(self):
        counts = []
        for count in (2, 2, 20):
            invoices = self.env["account.move"]
            for index in range(count):
                debtor = self._create_debtor(f"Debtor {len(counts)} {index}")
                invoices |= self._create_overdue_invoice(debtor, 5)
            self._run()
            self._end_transaction()
            self._match_with_credits(invoices)
            before = self.cr.sql_log_count
            self._end_transaction()
            counts.append(self.cr.sql_log_count - before)
            thanks = invoices.partner_id.collection_case_ids.contact_ids.filtered(
                lambda contact: contact._is_thanks()
            )
            self.assertEqual(len(thanks), count)
        self.assertLessEqual(counts[-1], counts[1])
