"""Complaints, credit notes and payments of the demonstration books."""

from datetime import timedelta
from decimal import ROUND_DOWN, Decimal

from . import catalog
from .book_sales import (
    PART_PAID_PIN,
    next_working_day,
    rounded,
    total_of,
)
from .book_types import (
    HABIT_CHRONIC,
    HABIT_FEW_DAYS,
    HABIT_SECOND_REMINDER,
    HABIT_STOPPED,
    Allocation,
    CreditNote,
    Line,
    Payment,
)

_HEAD_OFFICE = catalog.COMPANY.units[0].key

_DEBTORS_PER_DISPUTE = 12
_DISPUTED_DUE_DAYS_AGO = (8, 90)

_CREDITED_SHARE = 0.03
_WHOLE_CREDIT_SHARE = 0.25
_CREDIT_MIN_AGE_DAYS = 5
_CREDIT_DELAY_DAYS = (3, 15)
_CREDIT_PERCENT = (10, 30)
_CREDIT_STEP = Decimal(100)
_DEBTORS_PER_OPEN_CREDIT = 12
_OPEN_CREDIT_INVOICE_DAYS = 150
_OPEN_CREDIT_DAYS_AGO = (1, 40)

_SPLIT_SHARES = {
    HABIT_CHRONIC: 0.15,
    HABIT_SECOND_REMINDER: 0.10,
    HABIT_FEW_DAYS: 0.05,
}
_OTHER_SPLIT_SHARE = 0.02
_SPLIT_FROM = 60_000
_SPLIT_PERCENT = (40, 70)
_SPLIT_STEP = Decimal(1000)
_SPLIT_DELAY_DAYS = (10, 25)
_PART_PAID_DAYS_AGO = 10

_DEBTORS_PER_ON_ACCOUNT = 10
_ON_ACCOUNT_DAYS_AGO = (2, 25)
_ON_ACCOUNT_PERCENT = (20, 60)
_DEBTORS_PER_OVERPAYMENT = 20
_OVERPAYMENT_DAYS = 60
_OVERPAYMENT_THOUSANDS = (15, 90)

_MEMO_NUMBERS = (100_000, 999_999)


def mark_disputes(rng, today, debtors, sales):
    """Give some overdue invoices a complaint, and take back that they were paid."""
    first, last = (today - timedelta(days=days) for days in _DISPUTED_DUE_DAYS_AGO)
    by_debtor = {}
    overdue = {sale.debtor.key for sale in sales if sale.is_overdue(today)}
    for sale in sales:
        is_late = sale.debtor.key in overdue and last <= sale.parts[0].due <= first
        if is_late and sale.pinned_days is None:
            by_debtor[sale.debtor.key] = sale
    count = min(max(2, len(debtors) // _DEBTORS_PER_DISPUTE), len(by_debtor))
    disputed = rng.sample(list(by_debtor.values()), count)
    for index, sale in enumerate(disputed):
        sale.complaint = catalog.COMPLAINTS[index % len(catalog.COMPLAINTS)]
        for part in sale.parts:
            part.paid_on = None


def plan_credit_notes(rng, today, debtors, sales):
    """Return the credit notes in date order; those applied are noted on the sales."""
    notes = []
    for sale in sales:
        if rng.random() < _CREDITED_SHARE and _can_be_credited(today, sale):
            whole = rng.random() < _WHOLE_CREDIT_SHARE
            notes.append((_credit_whole if whole else _credit_part)(rng, today, sale))
    notes += _plan_open_credits(rng, today, debtors, sales)
    notes.sort(key=lambda note: (note["date"], note["invoice"]))
    return tuple(
        CreditNote(key=f"N{number:05d}", **note)
        for number, note in enumerate(notes, start=1)
    )


def _can_be_credited(today, sale):
    return (
        sale.pinned_days is None
        and not sale.complaint
        and all(part.paid_on for part in sale.parts)
        and (today - sale.date).days >= _CREDIT_MIN_AGE_DAYS
    )


def _credit_whole(rng, today, sale):
    day = min(_credit_day(rng, sale), today)
    allocations = []
    for position, part in enumerate(sale.parts):
        part.credited, part.paid_on = part.amount, None
        allocations.append(Allocation(sale.key, position, part.amount))
    return _credit_values(rng, sale, day, sale.lines, tuple(allocations))


def _credit_part(rng, today, sale):
    """Credit a piece of the last instalment, before it is paid."""
    part = sale.parts[-1]
    day = min(_credit_day(rng, sale), part.paid_on, today)
    lines = (_credit_line(rng, sale),)
    part.credited = total_of(lines, sale.taxed)
    allocation = Allocation(sale.key, len(sale.parts) - 1, part.credited)
    return _credit_values(rng, sale, day, lines, (allocation,))


def _credit_day(rng, sale):
    return sale.date + timedelta(days=rng.randint(*_CREDIT_DELAY_DAYS))


def _credit_line(rng, sale):
    """Return one line worth some percent of the last instalment, without its tax."""
    gross = Decimal(100 + (catalog.TAX_PERCENT if sale.taxed else 0))
    net = sale.parts[-1].amount * rng.randint(*_CREDIT_PERCENT) / gross
    if sale.debtor.currency == catalog.CURRENCY:
        steps = (net / _CREDIT_STEP).quantize(Decimal(1), ROUND_DOWN)
        return Line(sale.lines[0].product, 1, steps * _CREDIT_STEP)
    return Line(sale.lines[0].product, 1, rounded(net, sale.debtor.currency))


def _credit_values(rng, sale, day, lines, allocations):
    return {
        "invoice": sale.key,
        "date": day,
        "reason": rng.choice(catalog.CREDIT_REASONS),
        "lines": lines,
        "total": total_of(lines, sale.taxed),
        "allocations": allocations,
    }


def _plan_open_credits(rng, today, debtors, sales):
    """Return credit notes for recent paid invoices, applied to nothing."""
    since = today - timedelta(days=_OPEN_CREDIT_INVOICE_DAYS)
    newest = {
        sale.debtor.key: sale
        for sale in sales
        if sale.date >= since
        and all(part.paid_on and not part.credited for part in sale.parts)
    }
    count = min(max(2, len(debtors) // _DEBTORS_PER_OPEN_CREDIT), len(newest))
    notes = []
    for sale in rng.sample(list(newest.values()), count):
        day = today - timedelta(days=rng.randint(*_OPEN_CREDIT_DAYS_AGO))
        lines = (_credit_line(rng, sale),)
        notes.append(_credit_values(rng, sale, max(day, sale.date), lines, ()))
    return notes


def plan_payments(rng, today, debtors, sales):
    """Return the payments in date order, as the sales say what is paid when."""
    payments = _plan_part_payments(rng, today, sales)
    closing = _plan_closing_payments(rng, sales)
    _overpay_some(rng, today, debtors, closing)
    payments += closing + _plan_on_account(rng, today, debtors)
    payments.sort(key=lambda payment: payment["date"])
    return tuple(
        Payment(key=f"P{number:05d}", **payment)
        for number, payment in enumerate(payments, start=1)
    )


def _plan_part_payments(rng, today, sales):
    """Take a first part off some instalments, and put off the rest of them."""
    payments = []
    for sale in sales:
        if sale.pinned_days == PART_PAID_PIN:
            day = today - timedelta(days=_PART_PAID_DAYS_AGO)
            payments.append(_first_part(rng, sale, 0, day))
        share = _SPLIT_SHARES.get(sale.debtor.habit.kind, _OTHER_SPLIT_SHARE)
        for position, part in enumerate(sale.parts):
            if rng.random() < share and _can_be_split(sale, part):
                payments.append(_first_part(rng, sale, position, part.paid_on))
                delay = timedelta(days=rng.randint(*_SPLIT_DELAY_DAYS))
                rest_on = next_working_day(part.paid_on + delay)
                part.paid_on = rest_on if rest_on <= today else None
    return payments


def _can_be_split(sale, part):
    is_local = sale.debtor.currency == catalog.CURRENCY
    return is_local and part.paid_on and part.to_pay >= _SPLIT_FROM


def _first_part(rng, sale, position, day):
    """Return a payment of a piece of an instalment, and lower what is to be paid."""
    part = sale.parts[position]
    amount = part.to_pay * rng.randint(*_SPLIT_PERCENT) / Decimal(100)
    if sale.debtor.currency == catalog.CURRENCY:
        amount -= amount % _SPLIT_STEP
    amount = rounded(amount, sale.debtor.currency)
    part.paid_before += amount
    allocation = Allocation(sale.key, position, amount)
    return _payment_values(rng, sale, day, (allocation,))


def _plan_closing_payments(rng, sales):
    """Return one payment per debtor, day and branch for what is closed that day."""
    groups = {}
    for sale in sales:
        for position, part in enumerate(sale.parts):
            if part.paid_on and part.to_pay:
                group = (part.paid_on, sale.debtor.key, _payment_unit(sale))
                allocation = Allocation(sale.key, position, part.to_pay)
                groups.setdefault(group, (sale, []))[1].append(allocation)
    return [
        _payment_values(rng, sale, day, tuple(allocations))
        for (day, _debtor, _unit), (sale, allocations) in groups.items()
    ]


def _payment_unit(sale):
    """Return who receives the money: the head office from debtors of all branches."""
    return sale.debtor.unit or _HEAD_OFFICE


def _payment_values(rng, sale, day, allocations):
    return {
        "debtor": sale.debtor.key,
        "unit": _payment_unit(sale),
        "date": day,
        "currency": sale.debtor.currency,
        "amount": sum((item.amount for item in allocations), Decimal(0)),
        "memo": f"{rng.choice(catalog.PAYMENT_MEMOS)} {rng.randint(*_MEMO_NUMBERS)}",
        "allocations": allocations,
    }


def _overpay_some(rng, today, debtors, payments):
    """Raise a few recent closing payments above what they close."""
    since = today - timedelta(days=_OVERPAYMENT_DAYS)
    recent = [
        payment
        for payment in payments
        if payment["date"] >= since and payment["currency"] == catalog.CURRENCY
    ]
    count = min(max(1, len(debtors) // _DEBTORS_PER_OVERPAYMENT), len(recent))
    for payment in rng.sample(recent, count):
        payment["amount"] += rng.randint(*_OVERPAYMENT_THOUSANDS) * 1000


def _plan_on_account(rng, today, debtors):
    """Return recent payments that nobody applied to an invoice."""
    payers = [
        debtor
        for debtor in debtors
        if debtor.currency == catalog.CURRENCY and debtor.habit.kind != HABIT_STOPPED
    ]
    count = min(max(2, len(debtors) // _DEBTORS_PER_ON_ACCOUNT), len(payers))
    return [
        _on_account_values(rng, today, debtor) for debtor in rng.sample(payers, count)
    ]


def _on_account_values(rng, today, debtor):
    day = today - timedelta(days=rng.randint(*_ON_ACCOUNT_DAYS_AGO))
    amount = Decimal(debtor.ticket * rng.randint(*_ON_ACCOUNT_PERCENT) // 100)
    return {
        "debtor": debtor.key,
        "unit": debtor.unit or _HEAD_OFFICE,
        "date": min(next_working_day(day), today),
        "currency": debtor.currency,
        "amount": amount - amount % _SPLIT_STEP,
        "memo": catalog.ON_ACCOUNT_MEMO,
        "allocations": (),
    }
