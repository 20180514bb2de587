from datetime import timedelta

from lxml import html

from .common import CollectionCommon

NOT_ASKED = "Promised, disputed or on hold: not asked for now"


class TestAmountsAsked(CollectionCommon):
    """A message asks for what is open less what is promised, disputed or on hold."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtor = cls._create_debtor("Acme")

    def _read_table(self, content, number=0):
        """Return a table of items: rows of cell texts, the head left out."""
        table = html.fromstring(str(content)).xpath("//table[thead]")[number]
        return [
            [
                " ".join(cell.text_content().replace("\ufeff", "").split())
                for cell in row.iter("td")
            ]
            for row in table.xpath("tbody/tr | tfoot/tr")
        ]

    def _read_amounts(self, content, number=0):
        return [row[-1] for row in self._read_table(content, number)]

    def _promise(self, move, amount):
        promise = self._create_promise(move)
        promise.line_ids.amount = promise.instalment_ids.amount = amount
        promise.action_confirm()
        self._end_transaction()

    # PART OF AN ITEM

    def _dispute_part(self, amount=30.0, **values):
        move = self._create_overdue_invoice(self.debtor, 5, 100.0, **values)
        self._sync_only()
        self._create_dispute(move, amount)
        self._end_transaction()
        return move

    def test_a_disputed_part_is_deducted_in_a_row_of_its_own(self):
        move = self._dispute_part()
        self._plan()
        contact = self._deliver()
        self.assertEqual(
            self._read_table(contact.body),
            [
                [move.name, "03/11/2026", "5", "$ 100.00"],
                [NOT_ASKED, "$ -30.00"],
                ["Total USD", "$ 70.00"],
            ],
        )
        self._assert_clean(contact.sudo().mail_message_id.body)

    def test_a_promised_part_and_credits_are_deducted_as_well(self):
        move = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._create_credit_note(self.debtor, 20.0)
        self._sync_only()
        self._promise(move, 30.0)
        self._plan()
        self.assertEqual(
            self._read_amounts(self._deliver().body),
            ["$ 100.00", "$ -20.00", "$ -30.00", "$ 50.00"],
        )

    def test_a_part_that_is_disputed_after_the_planning_is_deducted(self):
        move = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._plan()
        self._create_dispute(move, 30.0)
        self._end_transaction()
        self.assertEqual(
            self._read_amounts(self._deliver().body),
            ["$ 100.00", "$ -30.00", "$ 70.00"],
        )

    def test_each_currency_has_its_own_total(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.5)])
        self._create_overdue_invoice(self.debtor, 7, 60.0)
        self._dispute_part(currency=euro)
        self._plan()
        body = self._deliver().body
        self.assertEqual(self._read_amounts(body), ["$ 60.00", "$ 60.00"])
        self.assertEqual(
            self._read_amounts(body, 1), ["100.00 €", "-30.00 €", "70.00 €"]
        )

    def test_a_currency_of_small_units_is_right_to_the_unit(self):
        yen = self.setup_other_currency("JPY", rates=[("2020-01-01", 149.0)])
        move = self._create_overdue_invoice(self.debtor, 5, 30000.0, currency=yen)
        self._sync_only()
        self._create_dispute(move, 10001.0)
        self._end_transaction()
        self._plan()
        [block] = self._contacts(self.debtor)._get_currency_blocks().values()
        self.assertEqual(block[0].total, 19999.0)

    def test_letters_and_the_review_say_the_same(self):
        self.stage_due.step_ids.channel = "letter"
        self.debtor.write(
            {
                "street": "1 High Street",
                "city": "Leeds",
                "zip": "LS1",
                "country_id": self.env.ref("base.uk").id,
            }
        )
        self._dispute_part()
        self._plan()
        contact = self._contacts(self.debtor)
        self.assertEqual(contact.amount_asked, 70.0)
        self._deliver()
        self.assertEqual(
            self._read_amounts(contact.body), ["$ 100.00", "$ -30.00", "$ 70.00"]
        )

    def test_the_preview_says_the_same(self):
        self._dispute_part()
        preview = self.env["collection.preview"].create({})
        preview.action_show()
        line = preview.line_ids.filtered(lambda line: line.partner_id == self.debtor)
        self.assertEqual(line.amount_asked, 70.0)

    def test_required_words_name_what_is_asked_for(self):
        self._dispute_part()
        self._plan()
        contact = self._contacts(self.debtor).sudo()
        [debt] = contact._describe_debts()
        self.assertIn("70.00", debt)
        self.assertNotIn("100.00", debt)

    def test_the_evidence_says_what_was_asked_for_and_what_is_open(self):
        self._dispute_part()
        self._plan()
        contact = self._deliver()
        [[_id, items]] = self.env.execute_query(
            contact._get_items_told_sql(contact.ids)
        )
        self.assertEqual(
            [(item["amount"], item["open"]) for item in items], [(70.0, 100.0)]
        )

    def test_a_text_of_a_person_is_outdated_by_a_dispute(self):
        move = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self.stage_due.needs_approval = True
        self._plan()
        contact = self._contacts(self.debtor)
        contact._edit_text("Subject", "<p>You owe 100.00</p>")
        contact.action_approve()
        self._create_dispute(move, 30.0)
        self._end_transaction()
        self._deliver()
        self.assertEqual(contact.state, "review")
        reason = contact.reason.replace("\xa0", " ")
        self.assertIn("$ 70.00 instead of $ 100.00", reason)

    def test_a_statement_is_of_all_that_is_open_and_says_the_part_apart(self):
        self._dispute_part()
        case = self._case(self.debtor)
        [block] = case._get_statement_blocks()
        self.assertEqual((block.total, block.agreed), (100.0, 30.0))
        report = self.env.ref("collections_mgmt.action_report_statement").sudo()
        page, _kind = report._render_qweb_html(report.report_name, case.ids)
        self.assertEqual(
            self._read_table(page.decode())[-2:],
            [
                ["Total USD", "$ 100.00"],
                ["Of it promised, disputed or on hold", "$ 30.00"],
            ],
        )

    # WHOLE ITEMS, BESIDE OTHERS THAT CLIMB

    def _get_agreements(self):
        return {
            "promised": lambda move: self._promise(move, 50.0),
            "disputed": self._create_dispute,
            "on hold": self._create_hold,
            "below the tolerance": lambda move: self._pay(move, 49.0),
            "due later": lambda move: move.write(
                {"invoice_date_due": self.today + timedelta(days=10)}
            ),
        }

    def test_what_is_only_listed_leaves_when_it_is_not_asked_for_any_more(self):
        self.strategy.tolerance_amount = 2.0
        for name, agree in self._get_agreements().items():
            with self.subTest(name), self.cr.savepoint() as savepoint:
                listed = self._create_overdue_invoice(self.debtor, 5, 50.0)
                self._sync_only()
                self._stand(listed, self.stage_first, 0)  # nothing is due for it
                climbing = self._create_overdue_invoice(self.debtor, 4, 100.0)
                self._plan()
                contact = self._contacts(self.debtor)
                self.assertEqual(len(contact.line_ids), 2)
                agree(listed)
                self._end_transaction()
                self._deliver()
                self.assertEqual(contact.line_ids.item_id.move_id, climbing)
                self.assertEqual(
                    self._read_amounts(contact.body), ["$ 100.00", "$ 100.00"]
                )
                savepoint.rollback()
                self.env.invalidate_all()

    def test_an_item_that_credits_cover_by_now_is_listed_with_them(self):
        """As a run lists it: left out, its credit would be taken off the others."""
        covered = self._create_overdue_invoice(self.debtor, 6, 50.0)
        climbing = self._create_overdue_invoice(self.debtor, 5, 100.0)
        self._plan()
        self._create_credit_note(self.debtor, 50.0)
        self._end_transaction()
        contact = self._deliver()
        self.assertEqual(
            self._read_amounts(contact.body),
            ["$ 50.00", "$ 100.00", "$ -50.00", "$ 100.00"],
        )
        self._send_mails()
        self.assertEqual(self._items(climbing).stage_id, self.stage_due)
        self.assertFalse(self._items(covered).stage_id, "It was not asked for.")
