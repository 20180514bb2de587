"""Deterministic demonstration books of a Chilean wholesaler.

Standard library only, so that tests, benchmarks and the loader share one plan.
"""

from datetime import timedelta
from decimal import Decimal
from random import Random

from . import catalog
from .book_debtors import HISTORY_DAYS, plan_debtors
from .book_money import mark_disputes, plan_credit_notes, plan_payments
from .book_sales import plan_sales
from .book_types import Books, Instalment, Invoice, Rate

_RATE_DAYS = 14
_RATE_HISTORY_DAYS = HISTORY_DAYS + 2 * _RATE_DAYS
_RATE_STEP_PERMILLE = 12
_RATE_PULL = Decimal("0.15")
_RATE_UNIT = Decimal("0.01")


def plan_books(today, seed=19, debtors=60, invoices=3000):
    """Return two years of books that end on ``today``.

    The same arguments give equal books. ``invoices`` is exact as long as it is at
    least four per debtor. About half of the debtors owe something overdue by 1 to 150
    days; instalments due in 3 days, today and 3, 10, 20 and 30 days ago are open.
    """
    rng = Random(seed)
    planned_debtors = plan_debtors(rng, today, debtors)
    sales = plan_sales(rng, today, planned_debtors, invoices)
    mark_disputes(rng, today, planned_debtors, sales)
    credit_notes = plan_credit_notes(rng, today, planned_debtors, sales)
    payments = plan_payments(rng, today, planned_debtors, sales)
    return Books(
        today=today,
        seed=seed,
        company=catalog.COMPANY,
        rates=_plan_rates(rng, today),
        terms=catalog.TERMS,
        products=catalog.PRODUCTS,
        debtors=planned_debtors,
        invoices=tuple(_invoice(sale) for sale in sales),
        credit_notes=credit_notes,
        payments=payments,
    )


def _invoice(sale):
    return Invoice(
        key=sale.key,
        debtor=sale.debtor.key,
        contact=sale.contact,
        unit=sale.unit,
        date=sale.date,
        term=sale.term,
        currency=sale.debtor.currency,
        reference=sale.reference,
        taxed=sale.taxed,
        lines=sale.lines,
        total=sale.total,
        instalments=tuple(Instalment(part.due, part.amount) for part in sale.parts),
        complaint=sale.complaint,
    )


def _plan_rates(rng, today):
    """Return a price every two weeks, walking at random around the reference."""
    rates = []
    for currency, reference in catalog.REFERENCE_RATES.items():
        price = reference
        for days in range(_RATE_HISTORY_DAYS, -1, -_RATE_DAYS):
            step = rng.randint(-_RATE_STEP_PERMILLE, _RATE_STEP_PERMILLE)
            price += (reference - price) * _RATE_PULL + reference * step / 1000
            day = today - timedelta(days=days)
            rates.append(Rate(currency, day, price.quantize(_RATE_UNIT)))
    return tuple(rates)
