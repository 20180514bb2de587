"""The plan of the demonstration books, without a database."""

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

import phonenumbers
import pytest

from odoo.addons.collections_mgmt.demo import book_types
from odoo.addons.collections_mgmt.demo import books as demo_books

TODAY = date(2026, 11, 23)
# A leap day, a month's first and last day, a Sunday, a New Year.
DAYS = (
    TODAY,
    date(2028, 2, 29),
    date(2027, 3, 1),
    date(2026, 5, 31),
    date(2026, 8, 2),
    date(2027, 1, 1),
)
OPEN_OFFSETS = {-3, 0, 3, 10, 20, 30}
MIN_PAID_TO_JUDGE = 12


@pytest.fixture(scope="module")
def plan():
    return demo_books.plan_books(TODAY)


def _debtors(plan):
    return {debtor.key: debtor for debtor in plan.debtors}


def _invoices(plan):
    return {invoice.key: invoice for invoice in plan.invoices}


def _lateness(plan):
    """Return ``{debtor key: [(invoice date, days late), ...]}`` of what is closed."""
    left = plan.residuals()
    invoices = _invoices(plan)
    closed_on = {}
    for payment in plan.payments:
        for item in payment.allocations:
            closed_on[item.invoice, item.instalment] = payment.date
    days = defaultdict(list)
    for (key, position), paid_on in closed_on.items():
        invoice = invoices[key]
        if not left[key][position]:
            late = (paid_on - invoice.instalments[position].due).days
            days[invoice.debtor].append((invoice.date, late))
    return days


def test_same_arguments_give_equal_books(plan):
    assert demo_books.plan_books(TODAY) == plan


def test_another_seed_gives_other_books(plan):
    other = demo_books.plan_books(TODAY, seed=20)
    assert other.invoices != plan.invoices
    assert len(other.invoices) == len(plan.invoices)


@pytest.mark.parametrize(("debtors", "invoices"), [(60, 3000), (20, 200), (35, 700)])
def test_counts_are_those_asked_for(debtors, invoices):
    plan = demo_books.plan_books(TODAY, debtors=debtors, invoices=invoices)
    assert len(plan.debtors) == debtors
    assert len(plan.invoices) == invoices
    assert len({debtor.name for debtor in plan.debtors}) == debtors
    assert {invoice.debtor for invoice in plan.invoices} == set(_debtors(plan))


@pytest.mark.parametrize("today", DAYS)
def test_everything_is_relative_to_today(today):
    plan = demo_books.plan_books(today)
    dated = (*plan.invoices, *plan.credit_notes, *plan.payments, *plan.rates)
    assert max(document.date for document in dated) <= today
    first = min(invoice.date for invoice in plan.invoices)
    assert timedelta(700) < today - first <= timedelta(730)
    recent = [item for item in plan.invoices if today - item.date < timedelta(10)]
    assert recent


@pytest.mark.parametrize("today", DAYS)
def test_overdue_today_is_spread_over_half_of_the_debtors(today):
    overdue = demo_books.plan_books(today).overdue()
    assert 25 <= len({debtor for debtor, _invoice, _days in overdue}) <= 35
    ages = [days for _debtor, _invoice, days in overdue]
    assert min(ages) >= 1
    assert max(ages) <= 150
    for low, high in ((1, 7), (8, 15), (16, 30), (31, 60), (61, 90), (91, 150)):
        assert any(low <= days <= high for days in ages), (low, high)


@pytest.mark.parametrize("today", DAYS)
@pytest.mark.parametrize(("debtors", "invoices"), [(60, 3000), (20, 200)])
def test_something_is_open_at_the_days_reminders_go_out(today, debtors, invoices):
    plan = demo_books.plan_books(today, debtors=debtors, invoices=invoices)
    left = plan.residuals()
    open_days = {
        (today - part.due).days
        for invoice in plan.invoices
        for part, amount in zip(invoice.instalments, left[invoice.key], strict=True)
        if amount
    }
    assert open_days >= OPEN_OFFSETS


def test_most_invoices_are_paid(plan):
    paid = [key for key, parts in plan.residuals().items() if not any(parts)]
    assert len(paid) > 0.85 * len(plan.invoices)


@pytest.mark.parametrize("seed", [1, 19, 77])
def test_never_more_is_applied_than_an_instalment_is_worth(seed):
    plan = demo_books.plan_books(TODAY, seed=seed)
    assert all(amount >= 0 for parts in plan.residuals().values() for amount in parts)
    for document in (*plan.payments, *plan.credit_notes):
        assert all(item.amount > 0 for item in document.allocations)


def test_a_payment_applies_at_most_what_it_brings(plan):
    invoices = _invoices(plan)
    for payment in plan.payments:
        applied = sum(item.amount for item in payment.allocations)
        assert applied <= payment.amount
        for item in payment.allocations:
            invoice = invoices[item.invoice]
            assert invoice.debtor == payment.debtor
            assert invoice.currency == payment.currency
            assert invoice.date <= payment.date


def test_a_payment_closes_its_instalments_or_is_a_single_part(plan):
    left = {
        (invoice.key, position): part.amount
        for invoice in plan.invoices
        for position, part in enumerate(invoice.instalments)
    }
    for document in (*plan.credit_notes, *plan.payments):
        for item in document.allocations:
            left[item.invoice, item.instalment] -= item.amount
        if isinstance(document, book_types.Payment):
            closes = [
                not left[item.invoice, item.instalment] for item in document.allocations
            ]
            applied = sum(item.amount for item in document.allocations)
            assert all(closes) or (len(closes) == 1 and applied == document.amount)


def test_documents_add_up(plan):
    for invoice in plan.invoices:
        net = sum(line.price * line.quantity for line in invoice.lines)
        tax = net * 19 / Decimal(100) if invoice.taxed else 0
        assert invoice.total == net + tax
        assert sum(part.amount for part in invoice.instalments) == invoice.total
        digits = 0 if invoice.currency == "CLP" else 2
        assert invoice.total == round(invoice.total, digits)


def test_totals_suit_a_wholesaler(plan):
    totals = [item.total for item in plan.invoices if item.currency == "CLP"]
    assert min(totals) >= 40_000
    assert max(totals) <= 8_000_000


def test_part_payments_and_unallocated_credits_exist(plan):
    left = plan.residuals()
    assert any(
        0 < amount < part.amount
        for invoice in plan.invoices
        for part, amount in zip(invoice.instalments, left[invoice.key], strict=True)
    )
    assert sum(not note.allocations for note in plan.credit_notes) >= 2
    assert sum(bool(note.allocations) for note in plan.credit_notes) >= 20
    assert sum(not payment.allocations for payment in plan.payments) >= 2
    assert any(
        payment.allocations
        and payment.amount > sum(item.amount for item in payment.allocations)
        for payment in plan.payments
    )


def test_disputed_invoices_are_open_and_overdue(plan):
    disputed = [invoice for invoice in plan.invoices if invoice.complaint]
    overdue = {invoice for _debtor, invoice, _days in plan.overdue()}
    assert 3 <= len(disputed) <= 8
    assert {invoice.key for invoice in disputed} <= overdue


def test_habits_hold_over_the_years(plan):
    unsteady = (
        book_types.HABIT_SEASONAL,
        book_types.HABIT_STOPPED,
        # Steady in the day of the month it pays, not in days after the due date.
        book_types.HABIT_MONTH_END,
    )
    middle = TODAY - timedelta(365)
    judged = 0
    for key, days in _lateness(plan).items():
        if _debtors(plan)[key].habit.kind in unsteady or len(days) < MIN_PAID_TO_JUDGE:
            continue
        before = [late for invoiced, late in days if invoiced < middle]
        after = [late for invoiced, late in days if invoiced >= middle]
        if len(before) >= MIN_PAID_TO_JUDGE and len(after) >= MIN_PAID_TO_JUDGE:
            judged += 1
            assert abs(median(before) - median(after)) <= 8, key
    assert judged >= 20


def test_month_end_payers_pay_at_the_end_of_the_month(plan):
    payers = {
        debtor.key
        for debtor in plan.debtors
        if debtor.habit.kind == book_types.HABIT_MONTH_END
    }
    at_the_end = [
        (payment.date + timedelta(4)).month != payment.date.month
        for payment in plan.payments
        if payment.debtor in payers and payment.allocations
    ]
    assert sum(at_the_end) > 0.9 * len(at_the_end) > 0


def test_habits_differ(plan):
    debtors = _debtors(plan)
    by_kind = defaultdict(list)
    for key, days in _lateness(plan).items():
        by_kind[debtors[key].habit.kind] += [late for _invoiced, late in days]
    usual = {kind: median(days) for kind, days in by_kind.items()}
    assert usual[book_types.HABIT_PUNCTUAL] <= 1
    assert 2 <= usual[book_types.HABIT_FEW_DAYS] <= 8
    assert 15 <= usual[book_types.HABIT_SECOND_REMINDER] <= 26
    assert 30 <= usual[book_types.HABIT_CHRONIC] <= 75


def test_those_who_stopped_have_not_paid_what_fell_due_since(plan):
    invoices = _invoices(plan)
    stopped = {
        debtor.key: debtor.habit.stopped_on
        for debtor in plan.debtors
        if debtor.habit.stopped_on
    }
    assert stopped
    for payment in plan.payments:
        for item in payment.allocations:
            due = invoices[item.invoice].instalments[item.instalment].due
            assert payment.debtor not in stopped or due < stopped[payment.debtor]


def test_countries_currencies_and_terms_are_mixed(plan):
    countries = Counter(debtor.country for debtor in plan.debtors)
    assert set(countries) == {"CL", "MX", "CO", "PE", "ES"}
    assert countries["CL"] > len(plan.debtors) / 2
    currencies = Counter(invoice.currency for invoice in plan.invoices)
    assert set(currencies) == {"CLP", "USD", "EUR", "MXN"}
    assert currencies["CLP"] > 0.9 * len(plan.invoices)
    assert {term.key for term in plan.terms} == {
        invoice.term for invoice in plan.invoices
    }
    assert {invoice.unit for invoice in plan.invoices} == {
        unit.key for unit in plan.company.units
    }


def test_every_foreign_document_has_a_rate(plan):
    first = {}
    for rate in plan.rates:
        first[rate.currency] = min(rate.date, first.get(rate.currency, rate.date))
        assert rate.price > 0
    for document in (*plan.invoices, *plan.payments):
        assert document.currency == "CLP" or first[document.currency] <= document.date


def test_some_debtors_cannot_be_reached(plan):
    reach = Counter((bool(item.email), bool(item.phone)) for item in plan.debtors)
    assert reach[False, True] and reach[True, False] and reach[False, False]
    assert reach[True, True] > len(plan.debtors) / 2


def test_awkward_names_and_contacts_exist(plan):
    names = [debtor.name for debtor in plan.debtors]
    assert any("&" in name and "<" in name for name in names)
    assert any(len(item.name) > 90 and not item.is_company for item in plan.debtors)
    kinds = {contact.kind for debtor in plan.debtors for contact in debtor.contacts}
    assert kinds == {"invoice", "delivery"}
    assert any(invoice.contact for invoice in plan.invoices)


def test_addresses_and_numbers_are_fictitious_but_valid(plan):
    people = [
        *((debtor, debtor.country) for debtor in plan.debtors),
        *(
            (item, debtor.country)
            for debtor in plan.debtors
            for item in debtor.contacts
        ),
    ]
    for person, country in people:
        if person.email:
            assert re.fullmatch(r"\w+@(\w+\.)*example\.(com|org)", person.email)
        if person.phone:
            number = phonenumbers.parse(person.phone)
            assert phonenumbers.is_valid_number(number), person.phone
            assert phonenumbers.region_code_for_number(number) == country


def test_languages_are_those_a_debtor_speaks(plan):
    languages = Counter(debtor.lang for debtor in plan.debtors)
    assert set(languages) == {"es_419", "es", "en_US"}
    assert 1 <= languages["en_US"] <= 2
