"""Notes on many records at once are the notes that Odoo makes, one by one."""

from odoo.tools import html2plaintext

from .common import CollectionCommon


class TestNotes(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debtors = cls.env["res.partner"].concat(
            *(cls._create_debtor(f"Debtor {number}") for number in range(4))
        )
        for debtor in cls.debtors:
            cls._create_overdue_invoice(debtor, 3)

    def setUp(self):
        super().setUp()
        self._plan()
        self.cases = self.env["collection.case"].concat(
            *(self._case(debtor) for debtor in self.debtors)
        )

    def _log(self, cases, text="Kept"):
        """Log a note on each of some cases; return the newest message of each."""
        cases._collection_log_batch({case.id: f"{text} {case.id}" for case in cases})
        return [case.message_ids[0] for case in cases]

    def test_each_record_gets_its_own_text(self):
        for case, note in zip(self.cases, self._log(self.cases), strict=True):
            self.assertEqual(html2plaintext(note.body), f"Kept {case.id}")
            self.assertEqual((note.model, note.res_id), (case._name, case.id))

    def test_a_note_among_many_is_what_odoo_makes_of_one(self):
        [*_others, copied] = self._log(self.cases)
        made = self.cases[-1]._message_log(body=f"Kept {self.cases[-1].id}")
        made.flush_recordset()
        apart = {"id", "message_id", "create_date", "write_date", "date"}
        names = [
            name
            for name, field in made._fields.items()
            if field.store and name not in apart
        ]
        [ours], [odoos] = (note.read(names) for note in (copied, made))
        self.assertEqual({**ours, "id": 0}, {**odoos, "id": 0})

    def test_text_is_no_markup(self):
        for note in self._log(self.cases, "<b>1 & 2</b>"):
            self.assertIn("&lt;b&gt;1 &amp; 2&lt;/b&gt;", note.body)

    def test_they_take_the_same_statements_for_any_number(self):
        def count(cases):
            before = self.cr.sql_log_count
            cases._collection_log_batch(dict.fromkeys(cases.ids, "Kept"))
            self.env.flush_all()
            return self.cr.sql_log_count - before

        count(self.cases)  # fills the caches
        self.assertEqual(count(self.cases), count(self.cases[:2]))
