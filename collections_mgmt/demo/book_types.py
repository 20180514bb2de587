"""The shapes of the demonstration books: frozen dataclasses, no behaviour but sums.

Amounts are ``Decimal`` in the currency of the document they belong to; days are whole
calendar days. Records point to each other by ``key``, never by object.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

HABIT_PUNCTUAL = "punctual"
HABIT_FEW_DAYS = "few_days_late"
HABIT_WEEKDAY = "payment_run_weekday"
HABIT_MONTH_END = "month_end"
HABIT_SECOND_REMINDER = "after_second_reminder"
HABIT_CHRONIC = "chronic_late"
HABIT_SEASONAL = "seasonal"
HABIT_STOPPED = "stopped"


@dataclass(frozen=True)
class Unit:
    """The head office or a branch of the company that sells."""

    key: str
    name: str
    state: str
    city: str
    street: str
    phone: str


@dataclass(frozen=True)
class Company:
    """The selling company: ``units[0]`` is the head office, the others branches."""

    name: str
    vat: str
    country: str
    currency: str
    email: str
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Rate:
    """Price of one unit of a currency, in company currency, from a date on."""

    currency: str
    date: date
    price: Decimal


@dataclass(frozen=True)
class TermPart:
    """A share of the invoice (percent) falling due some days after its date."""

    percent: Decimal
    days: int


@dataclass(frozen=True)
class Term:
    """Payment terms; the last part takes what rounding left."""

    key: str
    name: str
    parts: tuple[TermPart, ...]


@dataclass(frozen=True)
class Product:
    """Something sold; ``price`` is net, in company currency."""

    key: str
    name: str
    price: Decimal


@dataclass(frozen=True)
class Habit:
    """How a debtor pays.

    ``lag`` and ``spread`` are days after the due date; ``weekday`` (Monday = 0), when
    there is one, is that of the weekly payment run, which moves the day that results
    to the nearest run; nothing due from ``stopped_on`` on is paid.
    """

    kind: str
    lag: int = 0
    spread: int = 0
    weekday: int | None = None
    stopped_on: date | None = None


@dataclass(frozen=True)
class Contact:
    """An address below a debtor; ``kind`` is ``invoice`` or ``delivery``."""

    key: str
    name: str
    kind: str
    city: str
    street: str
    email: str
    phone: str


@dataclass(frozen=True)
class Debtor:
    """A customer. Empty strings say that a datum is unknown.

    ``unit`` is the branch that serves it, or empty when all of them do. ``ticket`` is
    its usual net invoice in company currency.
    """

    key: str
    name: str
    is_company: bool
    country: str
    state: str
    city: str
    street: str
    vat: str
    email: str
    phone: str
    lang: str
    currency: str
    term: str
    credit_limit: int
    unit: str
    ticket: int
    since: date
    habit: Habit
    contacts: tuple[Contact, ...]


@dataclass(frozen=True)
class Line:
    """A line of an invoice or a credit note; ``price`` is net per unit."""

    product: str
    quantity: int
    price: Decimal


@dataclass(frozen=True)
class Instalment:
    """A part of an invoice with its own due date."""

    due: date
    amount: Decimal


@dataclass(frozen=True)
class Invoice:
    """A posted customer invoice; ``complaint`` is not empty when it is disputed."""

    key: str
    debtor: str
    contact: str
    unit: str
    date: date
    term: str
    currency: str
    reference: str
    taxed: bool
    lines: tuple[Line, ...]
    total: Decimal
    instalments: tuple[Instalment, ...]
    complaint: str = ""


@dataclass(frozen=True)
class Allocation:
    """Money applied to one instalment (by its position) of one invoice."""

    invoice: str
    instalment: int
    amount: Decimal


@dataclass(frozen=True)
class CreditNote:
    """A credit for a whole or a part of an invoice; unallocated when it is empty."""

    key: str
    invoice: str
    date: date
    reason: str
    lines: tuple[Line, ...]
    total: Decimal
    allocations: tuple[Allocation, ...]


@dataclass(frozen=True)
class Payment:
    """Money received. What ``allocations`` leave of ``amount`` is unallocated.

    Either every allocation closes its instalment, or there is just one and nothing is
    left: so pairwise reconciliation in the given order yields these very amounts.
    """

    key: str
    debtor: str
    unit: str
    date: date
    currency: str
    amount: Decimal
    memo: str
    allocations: tuple[Allocation, ...]


@dataclass(frozen=True)
class Books:
    """Two years of books. Tuples are in date order, debtors in key order."""

    today: date
    seed: int
    company: Company
    rates: tuple[Rate, ...]
    terms: tuple[Term, ...]
    products: tuple[Product, ...]
    debtors: tuple[Debtor, ...]
    invoices: tuple[Invoice, ...]
    credit_notes: tuple[CreditNote, ...]
    payments: tuple[Payment, ...]

    def residuals(self):
        """Return what is open: ``{invoice key: (amount per instalment, ...)}``."""
        left = {
            invoice.key: [part.amount for part in invoice.instalments]
            for invoice in self.invoices
        }
        for document in (*self.credit_notes, *self.payments):
            for allocation in document.allocations:
                left[allocation.invoice][allocation.instalment] -= allocation.amount
        return {key: tuple(amounts) for key, amounts in left.items()}

    def overdue(self):
        """Return ``[(debtor key, invoice key, days overdue), ...]`` per instalment."""
        left = self.residuals()
        return [
            (invoice.debtor, invoice.key, (self.today - part.due).days)
            for invoice in self.invoices
            for part, amount in zip(invoice.instalments, left[invoice.key], strict=True)
            if amount and part.due < self.today
        ]
