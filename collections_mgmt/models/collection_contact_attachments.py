from odoo import fields, models


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    attachment_ids = fields.Many2many(
        "ir.attachment",
        string="Attachments",
        readonly=True,
        help="The files that went along with the message.",
    )

    def _asks_for_documents(self):
        self.ensure_one()
        return self.step_id.attach_invoices or self.step_id.attach_statement

    def _get_attachment_ids(self):
        """Return the ids of the files that go along, without a query when none can."""
        return self.attachment_ids.ids if self._asks_for_documents() else []

    def _attach_documents(self):
        """Make the PDF files the steps ask for, each of them once.

        A contact fails when one of its files cannot be made.

        :return: the contacts that may leave, in the same order
        """
        asking = self.filtered(lambda contact: contact._asks_for_documents())
        if not asking:
            return self
        # In sudo: what the debtor gets does not depend on who delivers it.
        files, problems = asking.sudo()._make_documents()
        failed = self.browse()
        for contact in asking:
            keys = contact._get_document_keys()
            reasons = [problems[key] for key in keys if key in problems]
            if reasons:
                contact._set_failed(reasons[0])
                failed |= contact
            else:
                contact.attachment_ids = [
                    file.id for key in keys for file in files[key]
                ]
        return self - failed

    def _get_document_keys(self):
        """Return what identifies each document of the contact within a batch."""
        self.ensure_one()
        step = self.step_id
        statement = [("statement", self.lang, self.case_id.id)]
        invoices = [("invoice", None, move.id) for move in self._get_open_invoices()]
        return (statement if step.attach_statement else []) + (
            invoices if step.attach_invoices else []
        )

    def _get_open_invoices(self):
        """Return the invoices named in the contacts; journal entries have no PDF."""
        # In sudo: the invoices of all branches, whichever the sender has chosen.
        return (
            self.sudo()
            .line_ids.item_id.move_id.filtered(
                lambda move: move.is_sale_document(include_receipts=True)
            )
            .sorted(lambda move: (move.invoice_date, move.id))
        )

    def _make_documents(self):
        """Return ({key: file}, {key: why there is none}), see _get_document_keys."""
        files, problems = {}, {}
        for_invoices = self.filtered("step_id.attach_invoices")
        for_statement = self.filtered("step_id.attach_statement")
        for made, failed in (
            for_invoices._make_invoice_files(),
            for_statement._make_statement_files(),
        ):
            files.update(made)
            problems.update(failed)
        return files, problems

    def _make_invoice_files(self):
        files, problems = {}, {}
        invoices = self._get_open_invoices()
        case_by_move = {item.move_id: item.case_id for item in self.line_ids.item_id}
        pdfs, reasons = self._get_invoice_pdfs(invoices)
        for move in invoices:
            key = ("invoice", None, move.id)
            if move.id in reasons:
                problems[key] = self.env._(
                    "The invoice %(invoice)s cannot be made as a PDF: %(reason)s",
                    invoice=move.name,
                    reason=reasons[move.id],
                )
            else:
                # A copy: who reads the case need not have access to the invoice.
                files[key] = self._create_document(
                    *pdfs[move.id], case=case_by_move[move]
                )
        return files, problems

    def _get_invoice_pdfs(self, invoices):
        """Return each invoice as it was sent; print those that never were.

        :return: ({move id: (file name, PDF)}, {move id: why there is none})
        """
        sent = invoices.filtered("invoice_pdf_report_id")
        files = {
            move.id: (move.invoice_pdf_report_id.name, move.invoice_pdf_report_id.raw)
            for move in sent
        }
        problems = {}
        choose_report = self.env["account.move.send"]._get_default_pdf_report_id
        for report, moves in (invoices - sent).grouped(choose_report).items():
            pdfs, reasons = self._print_documents(report, moves)
            problems.update(reasons)
            files.update(
                {
                    move.id: (
                        move._get_invoice_report_filename(report=report),
                        pdfs[move.id],
                    )
                    for move in moves
                    if move.id in pdfs
                }
            )
        return files, problems

    def _make_statement_files(self):
        files, problems = {}, {}
        report = self.env.ref("collections_mgmt.action_report_statement")
        for lang, contacts in self.grouped("lang").items():
            reader = {"lang": lang, "collection_reader_lang": lang}
            cases = contacts.case_id.with_context(**reader)
            pdfs, reasons = self.with_context(**reader)._print_documents(report, cases)
            for case in cases:
                key = ("statement", lang, case.id)
                if case.id in reasons:
                    problems[key] = self.env._(
                        "The statement cannot be made as a PDF: %(reason)s",
                        reason=reasons[case.id],
                    )
                else:
                    files[key] = self._create_document(
                        case._get_statement_filename(), pdfs[case.id], case
                    )
        return files, problems

    def _print_documents(self, report, records):
        """Return ({record id: PDF}, {record id: why there is none})."""
        pdfs, problems = {}, {}
        for company, of_company in records.grouped("company_id").items():
            made, failed = (
                self.env["ir.actions.report"]
                .with_company(company)
                ._try_render_pdfs(report, of_company)
            )
            pdfs.update(made)
            problems.update(failed)
        return pdfs, problems

    def _create_document(self, name, pdf, case):
        return self.env["ir.attachment"].create(
            {
                "name": name,
                "raw": pdf,
                "mimetype": "application/pdf",
                "res_model": case._name,
                "res_id": case.id,
            }
        )
