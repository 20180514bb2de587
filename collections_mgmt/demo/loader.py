"""Writes a plan of demonstration books into Odoo, in batches through the ORM."""

import logging
from itertools import groupby

from odoo import Command
from odoo.tools import SQL, plaintext2html, split_every

from . import catalog
from .loader_setup import (
    QUIET_CONTEXT,
    SALE_DOCUMENTS,
    activate_languages,
    adopt_company,
    check_company_is_blank,
    create_company,
    create_partners,
    create_products,
    create_rates,
    create_terms,
    find_journal,
    find_or_create_sale_tax,
    set_up_accounting,
)

_logger = logging.getLogger(__name__)

BATCH_SIZE = 250
NO_SYNC_CONTEXT = {"skip_invoice_sync": True}
GROWING_MODELS = (
    "account.move",
    "account.move.line",
    "account.payment",
    "account.partial.reconcile",
)


def load_books(env, books, company=None):
    """Write the plan ``books`` (see ``books.plan_books``) and return a summary.

    :param company: an existing root company that has no posted invoice yet. When it
        has no journal entry at all, it takes the name, address, currency and chart of
        the plan, and gets its branches unless it has some. Without this argument, a
        company with branches is created.
    :raise UserError: when that company is a branch, has posted invoices, or keeps its
        books in another currency.
    :return: dict of ``company_id`` and ``company_ids`` (with branches), ``partner_ids``
        (debtor key to id), and counts: ``debtors``, ``invoices``, ``credit_notes``,
        ``payments``, ``disputed``, ``open_items``, ``overdue_items``,
        ``overdue_debtors``, ``currencies`` (invoices per currency) and ``differences``
        (documents whose total in Odoo is not that of the plan: none is expected).

    Runs as superuser and neither commits nor notifies anybody. Existing access rights
    are not widened: see ``users.create_users``.
    """
    env = env(su=True, context={**env.context, **QUIET_CONTEXT})
    languages = activate_languages(env)
    if company:
        company = company.with_env(env)
        check_company_is_blank(company)
        adopt_company(company, books.company)
    else:
        company = create_company(env, books.company)
    companies = company | env["res.company"].search(
        [("id", "child_of", company.id), ("id", "!=", company.id)], order="id"
    )
    companies = companies.with_context(allowed_company_ids=companies.ids)
    return _Loader(companies, books).load(languages)


class _Loader:
    """Keeps the records one run creates; ids only, so that caches can be dropped."""

    def __init__(self, companies, books):
        self.companies = companies
        self.company = companies[0]
        self.env = companies.env
        # For what has neither taxes nor terms to be kept in step with its lines.
        self.plain_env = self.env(context={**self.env.context, **NO_SYNC_CONTEXT})
        self.books = books
        self.differences = 0
        self.move_ids = {}
        self.item_ids = {}
        self.numbering = _Numbering()
        units = [unit.key for unit in books.company.units]
        self.units = {
            unit: companies[position : position + 1] or self.company
            for position, unit in enumerate(units)
        }
        self.invoices = {invoice.key: invoice for invoice in books.invoices}

    def load(self, languages):
        """Load everything; return the summary of ``load_books``."""
        books = self.books
        set_up_accounting(self.company, books.company)
        create_rates(self.company, books.rates)
        self.currencies = {
            code: self.env.ref(f"base.{code}")
            for code in (books.company.currency, *catalog.REFERENCE_RATES)
        }
        self.sale_tax = find_or_create_sale_tax(self.company)
        self.terms = create_terms(self.company, books.terms)
        self.products = create_products(self.company, books.products, self.sale_tax)
        self.partners = create_partners(
            self.companies, books.debtors, self.terms, languages
        )
        self._load_moves(books.invoices, self._prepare_invoice_values)
        self._load_moves(books.credit_notes, self._prepare_credit_note_values)
        self._link_and_apply_credit_notes()
        self._load_payments()
        self._log_disputes()
        return self._summarize()

    # Invoices and credit notes

    def _load_moves(self, documents, prepare):
        """Create and post documents, batch by batch in the order of the plan."""
        self.sale_journal = find_journal(self.company, "sale")
        for batch in _split(documents):
            moves = self.env["account.move"].create([prepare(item) for item in batch])
            self._post_moves(moves)
            for document, move in zip(batch, moves, strict=True):
                self._remember_move(document, move)
            self._finish_batch()
            _logger.info("Posted %s demonstration documents", len(moves))

    def _post_moves(self, moves):
        moves._post(soft=False)
        self.numbering.follow(moves[-1:])

    def _remember_move(self, document, move):
        items = move.line_ids.filtered(
            lambda line: line.display_type == "payment_term"
        ).sorted(lambda line: (line.date_maturity, line.id))
        self.move_ids[document.key] = move.id
        self.item_ids[document.key] = items.ids
        total = float(document.total)
        if move.currency_id.compare_amounts(move.amount_total, total):
            self.differences += 1

    def _prepare_invoice_values(self, invoice):
        return {
            "move_type": "out_invoice",
            "ref": invoice.reference,
            "invoice_payment_term_id": self.terms[invoice.term].id,
            **self._prepare_move_values(invoice, invoice),
            **self.numbering.next_name("out_invoice", invoice.date),
        }

    def _prepare_credit_note_values(self, note):
        return {
            "move_type": "out_refund",
            "ref": note.reason,
            "invoice_payment_term_id": False,
            "invoice_date_due": note.date,
            **self._prepare_move_values(note, self.invoices[note.invoice]),
            **self.numbering.next_name("out_refund", note.date),
        }

    def _prepare_move_values(self, document, invoice):
        """Return what an invoice has in common with the credit note for it."""
        partner = self.partners[invoice.contact or invoice.debtor]
        return {
            "company_id": self.units[invoice.unit].id,
            "journal_id": self.sale_journal.id,
            "partner_id": partner.id,
            "invoice_user_id": False,
            "fiscal_position_id": False,
            "currency_id": self.currencies[invoice.currency].id,
            "invoice_date": document.date,
            "date": document.date,
            "invoice_line_ids": [
                Command.create(self._prepare_line_values(line, document, invoice))
                for line in document.lines
            ],
        }

    def _prepare_line_values(self, line, document, invoice):
        is_refund = document is not invoice
        taxes = self.sale_tax if invoice.taxed else self.sale_tax.browse()
        values = {
            "product_id": self.products[line.product].id,
            "quantity": line.quantity,
            "price_unit": float(line.price),
            "analytic_distribution": False,
            "tax_ids": [Command.set(taxes.ids)],
            "tax_tag_ids": [Command.set(self._get_base_tags(taxes, is_refund).ids)],
        }
        if invoice.currency == self.books.company.currency:
            # What Odoo works out too, but then by one more write per line.
            amount = float(line.price * line.quantity) * (1 if is_refund else -1)
            values.update(amount_currency=amount, balance=amount)
        return values

    def _get_base_tags(self, taxes, is_refund):
        lines = (
            taxes.refund_repartition_line_ids
            if is_refund
            else taxes.invoice_repartition_line_ids
        )
        return lines.filtered(lambda line: line.repartition_type == "base").tag_ids

    def _link_and_apply_credit_notes(self):
        """Point credit notes to their invoices, and apply those to be applied.

        Linked only now: posting a linked one would apply it to whatever is open.
        """
        plan = []
        for note in self.books.credit_notes:
            move = self.env["account.move"].browse(self.move_ids[note.key])
            move.reversed_entry_id = self.move_ids[note.invoice]
            plan += self._pair_items(self.item_ids[note.key][0], note.allocations)
        self._reconcile(plan)

    # Payments

    def _load_payments(self):
        """Create, post and apply the payments, batch by batch in order of date."""
        self.bank_journal = find_journal(self.company, "bank")
        method = self.bank_journal.inbound_payment_method_line_ids[:1]
        self.payment_method_line_id = method.id
        for batch in _split(self.books.payments):
            payments = self.env["account.payment"].create(
                [self._prepare_payment_values(payment) for payment in batch]
            )
            self._post_payments(payments)
            plan = []
            for planned, payment in zip(batch, payments, strict=True):
                _bank, items, _other = payment._seek_for_lines()
                plan += self._pair_items(items.id, planned.allocations)
            self._reconcile(plan)
            self._finish_batch()
            _logger.info("Posted %s demonstration payments", len(payments))

    def _post_payments(self, payments):
        """Do what action_post() does, but link all payments to their entries at once.

        Core writes payment by payment, and after each one looks for the invoices it
        may concern: half of the time of the whole load.
        """
        entries = self.plain_env["account.move"].create(
            [
                {
                    **payment._generate_move_vals(),
                    **self.numbering.next_name("entry", payment.date),
                }
                for payment in payments
            ]
        )
        self._post_moves(entries)
        self.env.flush_all()
        payments._write_multi(
            [{"move_id": entry.id, "state": "paid"} for entry in entries]
        )
        payments.invalidate_recordset(["move_id", "state"])
        payments.modified(["move_id", "state"])

    def _prepare_payment_values(self, payment):
        return {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": self.partners[payment.debtor].id,
            "company_id": self.units[payment.unit].id,
            "journal_id": self.bank_journal.id,
            "payment_method_line_id": self.payment_method_line_id,
            "currency_id": self.currencies[payment.currency].id,
            "amount": float(payment.amount),
            "date": payment.date,
            "memo": payment.memo,
        }

    def _pair_items(self, credit_item_id, allocations):
        """Return ``[(credit item id, debit item id), ...]`` in the planned order."""
        return [
            (credit_item_id, self.item_ids[item.invoice][item.instalment])
            for item in allocations
        ]

    def _reconcile(self, pairs):
        """Reconcile pairs one after the other, all in one go."""
        items = self.plain_env["account.move.line"]
        if pairs:
            items._reconcile_plan([items.browse(pair) for pair in pairs])

    # The rest

    def _log_disputes(self):
        """Take disputed invoices off the follow-up; note the complaint on them."""
        disputed = [invoice for invoice in self.books.invoices if invoice.complaint]
        for invoice in disputed:
            move = self.env["account.move"].browse(self.move_ids[invoice.key])
            move.no_followup = True
            partner = self.partners[invoice.debtor]
            move._message_log_batch(
                {move.id: plaintext2html(invoice.complaint)},
                author_id=partner.id,
                email_from=partner.email_formatted or False,
            )

    def _finish_batch(self):
        """Write what is pending, forget it, and tell PostgreSQL how tables grew.

        Nothing else does before the commit, and with figures of empty tables it plans
        core's look-ups of payments by invoice so badly that they take minutes.
        """
        self.env.flush_all()
        self.env.invalidate_all()
        for model in GROWING_MODELS:
            table = SQL.identifier(self.env[model]._table)
            self.env.cr.execute(SQL("ANALYZE %s", table))

    def _summarize(self):
        books = self.books
        return {
            "company_id": self.company.id,
            "company_ids": self.companies.ids,
            "partner_ids": {
                debtor.key: self.partners[debtor.key].id for debtor in books.debtors
            },
            "debtors": len(books.debtors),
            "invoices": len(books.invoices),
            "credit_notes": len(books.credit_notes),
            "payments": len(books.payments),
            "disputed": sum(bool(invoice.complaint) for invoice in books.invoices),
            "currencies": self._count_currencies(),
            "differences": self.differences,
            **count_open_items(self.companies, books.today),
        }

    def _count_currencies(self):
        groups = self.env["account.move"]._read_group(
            [
                ("company_id", "in", self.companies.ids),
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
            ],
            ["currency_id"],
            ["__count"],
        )
        return {currency.name: count for currency, count in groups}


class _Numbering:
    """Numbers documents in the wake of the first one Odoo numbers, per type and year.

    Odoo looks up the last number for each document it posts; with a number that fits
    its date a document keeps it, and with one that does not, Odoo replaces it.
    """

    def __init__(self):
        self._series = {}

    def follow(self, move):
        """Go on after the number of a posted document."""
        width = len(move.name) - len(move.sequence_prefix)
        series = (move.move_type, move.date.year)
        self._series[series] = (move.sequence_prefix, width, move.sequence_number)

    def next_name(self, move_type, day):
        """Return ``{"name": number}``, or nothing when there is no first one yet."""
        series = (move_type, day.year)
        if series not in self._series:
            return {}
        prefix, width, last = self._series[series]
        self._series[series] = (prefix, width, last + 1)
        return {"name": f"{prefix}{last + 1:0{width}d}"}


def _split(documents):
    """Return dated documents in batches: each year's first alone, then by the size."""
    for _year, group in groupby(documents, lambda document: document.date.year):  # pylint: disable=bad-builtin-groupby
        first, *others = group
        yield (first,)
        yield from split_every(BATCH_SIZE, others, tuple)


def get_open_items_domain(companies):
    """Return the domain of the open receivable items of invoices of companies."""
    return [
        ("company_id", "in", companies.ids),
        ("move_id.move_type", "in", SALE_DOCUMENTS[:1]),
        ("account_id.account_type", "=", "asset_receivable"),
        ("parent_state", "=", "posted"),
        ("reconciled", "=", False),
    ]


def count_open_items(companies, today):
    """Return how many receivable items, and debtors, are open and overdue."""
    items = companies.env["account.move.line"]
    domain = get_open_items_domain(companies)
    overdue = items.search([*domain, ("date_maturity", "<", today)])
    return {
        "open_items": items.search_count(domain),
        "overdue_items": len(overdue),
        "overdue_debtors": len(overdue.partner_id),
    }
