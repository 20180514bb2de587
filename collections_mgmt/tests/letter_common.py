import io

from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from odoo import Command
from odoo.exceptions import UserError

from .common import CollectionCommon

BROKEN = "The template is broken"


def make_pdf(*pages):
    """Return a PDF file with one line of text per page."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for text in pages:
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def read_pdf(content):
    """Return the text of each page, its words set apart by one space."""
    return [
        " ".join(page.extract_text().split())
        for page in PdfReader(io.BytesIO(content)).pages
    ]


class LetterCommon(CollectionCommon):
    """A stage whose step is a letter, three days after the due date."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.letter_template = cls._create_template(
            "Letter",
            subject="Please pay, {{ object.partner_id.name }}",
            body_html='<p>Dear <t t-out="object.partner_id.name"/></p>'
            '<t t-out="object.items_table"/>',
        )
        cls.letter_strategy = cls.env["collection.strategy"].create(
            {"name": "By Letter", "minimum_gap_days": 0}
        )
        cls.letter_stage = cls.env["collection.stage"].create(
            {
                "name": "By Post",
                "strategy_id": cls.letter_strategy.id,
                "days": 3,
                "step_ids": [
                    Command.create(
                        {"channel": "letter", "template_id": cls.letter_template.id}
                    )
                ],
            }
        )
        cls.step = cls.letter_stage.step_ids
        cls.env.company.collection_strategy_id = cls.letter_strategy

    @classmethod
    def _create_postal_debtor(cls, name, **values):
        return cls._create_debtor(
            name,
            **{
                "email": False,
                "street": "1 High Street",
                "city": "Springfield",
                "zip": "1000",
                "country_id": cls.env.ref("base.us").id,
                **values,
            },
        )

    def _queue_letters(self, *_invoices):
        """Plan a run and let it write the letters for these invoices; return the run.

        They need only be there: a run looks at all there is.
        """
        run = self._plan()
        self._deliver()
        self.env.invalidate_all()
        return run

    def _fake_pdfs(self):
        """Render each document as a page that names its record and language."""

        def render(reports, report_ref, res_ids):
            report = reports._get_report(report_ref)
            if set(self.unprintable) & set(res_ids):
                raise self.obstacle
            self.rendered.append((report.report_name, res_ids))
            records = reports.env[report.model].browse(res_ids)
            return {
                record.id: make_pdf(f"{report.report_name} {record.display_name}")
                for record in records
            }

        self.rendered = []
        self.unprintable = []
        self.obstacle = UserError(BROKEN)
        model = self.registry["ir.actions.report"]
        self.patch(model, "_render_pdfs", render)
        self.patch(model, "get_wkhtmltopdf_state", lambda reports: "ok")
