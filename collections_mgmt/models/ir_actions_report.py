import io

import lxml.html
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from odoo import models
from odoo.tools import split_every
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

from odoo.addons.base.models.ir_actions_report import _wkhtml

from ..const import PDF_BATCH_SIZE
from ..tools.errors import CONFLICTS

# The reports that go out on the company's paper.
PAPERS = (
    "collections_mgmt.report_letter",
    "collections_mgmt.report_statement",
    "collections_mgmt.report_plan_proposal",
)

# Without the patches to Qt, pages are cut through the rows of a table, but not through
# tables: each row becomes one.
WHOLE_ROWS_STYLE = """<style>
    .o_collection_paper table, .o_collection_paper thead,
    .o_collection_paper tbody, .o_collection_paper tfoot { display: block !important; }
    .o_collection_paper tr { display: table; table-layout: fixed; width: 100%; }
</style>"""


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _try_render_pdfs(self, report_ref, records):
        """Render one PDF per record; a record that cannot be rendered spoils no other.

        :return: ({record id: PDF}, {record id: why there is none})
        """
        try:
            with self.env.cr.savepoint():
                return self._render_pdfs(report_ref, records.ids), {}
        except CONFLICTS:
            raise
        except Exception as error:
            if len(records) == 1:
                return {}, {records.id: str(error)}
        pdfs, problems = {}, {}
        for record in records:
            pdf, problem = self._try_render_pdfs(report_ref, record)
            pdfs.update(pdf)
            problems.update(problem)
        return pdfs, problems

    def _render_pdfs(self, report_ref, res_ids):
        """Return {record id: PDF}, in as few calls of wkhtmltopdf as it allows."""
        batch_size = PDF_BATCH_SIZE if _wkhtml().is_patched_qt else 1
        pdfs = {}
        for batch in split_every(batch_size, res_ids, list):
            pdfs.update(self._render_split_pdfs(report_ref, batch))
        # Odoo cannot cut every file into its records.
        for res_id in set(res_ids) - set(pdfs):
            pdfs.update(self._render_split_pdfs(report_ref, [res_id]))
        return {res_id: pdfs[res_id] for res_id in res_ids}

    def _render_split_pdfs(self, report_ref, res_ids):
        content, kind = self._pre_render_qweb_pdf(report_ref, res_ids)
        pdfs = self._get_splitted_report(report_ref, content, kind)
        if kind == "pdf" and self._get_report(report_ref)._is_paper_without_margins():
            return {res_id: self._number_pages(pdf) for res_id, pdf in pdfs.items()}
        return pdfs

    # PAPER WITHOUT HEADERS AND FOOTERS
    # The wkhtmltopdf that most distributions ship is built without the patches to Qt:
    # it prints one document a call, no headers and footers, and counts no pages.

    def _is_paper_without_margins(self):
        return self.report_name in PAPERS and not _wkhtml().is_patched_qt

    def _prepare_html(self, html, report_model=False):
        # EXTENDS 'base'
        if self._is_paper_without_margins():
            html = self._move_letterhead_into_body(html)
        return super()._prepare_html(html, report_model=report_model)

    def _move_letterhead_into_body(self, page):
        """Put headers and footers where they are printed: above and below the text."""
        root = lxml.html.fromstring(page, parser=lxml.html.HTMLParser(encoding="utf-8"))
        for article, header, footer in zip(
            root.find_class("article"),
            root.find_class("header"),
            root.find_class("footer"),
            strict=False,
        ):
            for counter in footer.find_class("page"):
                counter.getparent().drop_tree()
            header.classes.discard("header")
            footer.classes.discard("footer")
            article.insert(0, header)
            article.insert(0, lxml.html.fragment_fromstring(WHOLE_ROWS_STYLE))
            article.append(footer)
        root.set("data-report-margin-top", "10")
        return lxml.html.tostring(root, encoding="unicode")

    def _number_pages(self, pdf):
        """Write “2 / 3” at the foot of each page where there are several."""
        reader = PdfFileReader(io.BytesIO(pdf), strict=False)
        count = reader.getNumPages()
        if count == 1:
            return pdf
        writer = PdfFileWriter()
        for index in range(count):
            page = reader.getPage(index)
            foot = self._make_page_foot(page.mediaBox, f"{index + 1} / {count}")
            page.mergePage(PdfFileReader(io.BytesIO(foot)).getPage(0))
            writer.addPage(page)
        with io.BytesIO() as numbered:
            writer.write(numbered)
            return numbered.getvalue()

    def _make_page_foot(self, box, text):
        width, height = float(box.getWidth()), float(box.getHeight())
        with io.BytesIO() as foot:
            canvas = Canvas(foot, pagesize=(width, height))
            canvas.setFont("Helvetica", 8)
            canvas.drawRightString(width - 10 * mm, 8 * mm, text)
            canvas.save()
            return foot.getvalue()
