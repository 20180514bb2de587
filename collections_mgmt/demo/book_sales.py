"""What the demonstration company sold, and when each instalment is paid."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from . import catalog
from .book_types import (
    HABIT_CHRONIC,
    HABIT_FEW_DAYS,
    HABIT_MONTH_END,
    HABIT_PUNCTUAL,
    HABIT_SEASONAL,
    HABIT_SECOND_REMINDER,
    HABIT_STOPPED,
    HABIT_WEEKDAY,
    Debtor,
    Line,
)

SMALLEST_TOTAL = 40_000
LARGEST_NET = 6_200_000
OLDEST_OVERDUE_DAYS = 150

TERMS = {term.key: term for term in catalog.TERMS}
PRODUCTS = {product.key: product for product in catalog.PRODUCTS}

_PIN_TERM = catalog.TERM_30
_MIN_INVOICES = 3
_SATURDAY = 5
_TICKET_SIGMA = 0.45
_OTHER_TERM_SHARE = 0.04
_CONTACT_SHARE = 0.7
_LINE_COUNTS = (1, 1, 1, 2, 2, 3)

# Invoices per debtor, relative to each other.
_COMPANY_WEIGHTS = (0.7, 1.0, 1.4, 2.2)
_PERSON_WEIGHT = 0.35
_NEW_WEIGHT = 0.2
_FOREIGN_WEIGHT = 0.35

# Sales of a month, relative to the best one (January first).
_SEASON = (0.7, 0.55, 0.8, 0.8, 0.8, 0.75, 0.8, 0.85, 1.0, 0.85, 0.95, 1.0)

_SALES_AFTER_STOPPING_DAYS = 30
_LATE_SURPRISE_SHARE = 0.06
_LATE_SURPRISE_DAYS = (8, 20)
_SEASONAL_MONTHS = (1, 2, 3)
_SETTLED_AT_LATEST_DAYS = 135

# Instalments due so many days ago (before today: negative) that are open for certain,
# and who may owe them.
_PINS = (
    (-3, (HABIT_PUNCTUAL, HABIT_FEW_DAYS)),
    (0, (HABIT_PUNCTUAL, HABIT_FEW_DAYS)),
    (3, (HABIT_SECOND_REMINDER, HABIT_FEW_DAYS)),
    (10, (HABIT_SECOND_REMINDER,)),
    (20, (HABIT_CHRONIC, HABIT_SECOND_REMINDER)),
    (30, (HABIT_CHRONIC,)),
)
PART_PAID_PIN = 30
_PINS_AFTER_STOPPING_DAYS = (2, 18)

# At least this share of the debtors owes something overdue: some forgot their last one.
_OVERDUE_SHARE = Decimal("0.46")
_FORGOTTEN_DAYS = (4, 1, 7, 12, 2, 9, 5, 14, 8, 6)
_FORGETFUL = (
    HABIT_FEW_DAYS,
    HABIT_MONTH_END,
    HABIT_WEEKDAY,
    HABIT_SEASONAL,
    HABIT_PUNCTUAL,
)

_CENT = Decimal("0.01")
_PESO = Decimal(1)
_PERCENT = Decimal(100)


@dataclass
class Part:
    """An instalment in the making; ``paid_on`` is None while it is not paid."""

    due: date
    amount: Decimal
    paid_on: date | None = None
    credited: Decimal = Decimal(0)
    paid_before: Decimal = Decimal(0)

    @property
    def to_pay(self):
        return self.amount - self.credited - self.paid_before


@dataclass
class Sale:
    """An invoice in the making; a pinned one stays open whatever the habit says."""

    debtor: Debtor
    date: date
    term: str
    unit: str
    contact: str
    reference: str
    lines: tuple[Line, ...]
    key: str = ""
    pinned_days: int | None = None
    complaint: str = ""
    parts: list[Part] = field(default_factory=list)

    @property
    def taxed(self):
        return self.debtor.country == catalog.COUNTRY_CHILE

    @property
    def total(self):
        return total_of(self.lines, self.taxed)

    def schedule(self):
        """Split the total over the due dates of the payment terms, all unpaid."""
        self.parts = split_by_term(
            self.total, TERMS[self.term], self.date, self.debtor.currency
        )

    def pin(self, due, today):
        """Make it an open invoice of one instalment due on a given day."""
        self.term = _PIN_TERM
        self.date = due - timedelta(days=TERMS[_PIN_TERM].parts[0].days)
        self.pinned_days = (today - due).days
        self.schedule()

    def is_overdue(self, today):
        return any(part.paid_on is None and part.due < today for part in self.parts)


def rounded(amount, currency):
    """Round to the smallest unit of a currency, halves up."""
    unit = _PESO if currency == catalog.CURRENCY else _CENT
    return amount.quantize(unit, ROUND_HALF_UP)


def total_of(lines, taxed):
    """Return the gross total of lines. Prices make the tax exact: no rounding."""
    net = sum((line.price * line.quantity for line in lines), Decimal(0))
    return net + (net * catalog.TAX_PERCENT / _PERCENT if taxed else 0)


def split_by_term(total, term, invoice_date, currency):
    """Return the unpaid ``Part`` records of a total; the last takes the rest."""
    amounts = [
        rounded(total * part.percent / _PERCENT, currency) for part in term.parts[:-1]
    ]
    amounts.append(total - sum(amounts, Decimal(0)))
    return [
        Part(invoice_date + timedelta(days=part.days), amount)
        for part, amount in zip(term.parts, amounts, strict=True)
    ]


def plan_sales(rng, today, debtors, count):
    """Return exactly ``count`` sales with the payment date of every instalment.

    They are in order of date, none after ``today``. At least ``_OVERDUE_SHARE`` of the
    debtors owe something overdue, and what is overdue is not older than
    ``OLDEST_OVERDUE_DAYS``.
    """
    pins = _plan_pins(today, debtors)
    sales = []
    for debtor, number in zip(debtors, _share_out(debtors, count, pins), strict=True):
        sales += _plan_debtor_sales(rng, today, debtor, number, pins[debtor.key])
    _forget_some(today, debtors, sales)
    sales.sort(key=lambda sale: (sale.date, sale.debtor.key))
    for number, sale in enumerate(sales, start=1):
        sale.key = f"I{number:05d}"
    return sales


def _plan_pins(today, debtors):
    """Return ``{debtor key: [due date, ...]}`` of the invoices open for certain."""
    pins = {debtor.key: [] for debtor in debtors}
    for days, kinds in _PINS:
        fitting = [debtor for debtor in debtors if debtor.habit.kind in kinds]
        fitting.sort(key=lambda debtor: len(pins[debtor.key]))
        for debtor in fitting[:1]:
            pins[debtor.key].append(today - timedelta(days=days))
    for debtor in debtors:
        if debtor.habit.kind == HABIT_STOPPED:
            pins[debtor.key] += [
                debtor.habit.stopped_on + timedelta(days=days)
                for days in _PINS_AFTER_STOPPING_DAYS
            ]
    return pins


def _share_out(debtors, count, pins):
    """Return how many invoices each debtor gets; they add up to ``count``."""
    least = [max(_MIN_INVOICES, len(pins[debtor.key])) for debtor in debtors]
    spare = max(count - sum(least), 0)
    oldest = min(debtor.since for debtor in debtors)
    weights = [_weight(debtor, oldest) for debtor in debtors]
    total = sum(weights)
    shares = [
        low + int(spare * weight / total)
        for low, weight in zip(least, weights, strict=True)
    ]
    for index in range(count - sum(shares)):
        shares[index % len(shares)] += 1
    return shares


def _weight(debtor, oldest):
    if not debtor.is_company:
        return _PERSON_WEIGHT
    if debtor.country != catalog.COUNTRY_CHILE:
        return _FOREIGN_WEIGHT
    if debtor.since > oldest:
        return _NEW_WEIGHT
    return _COMPANY_WEIGHTS[int(debtor.key[1:]) % len(_COMPANY_WEIGHTS)]


def _plan_debtor_sales(rng, today, debtor, number, pins):
    until = today
    if debtor.habit.stopped_on:
        until = debtor.habit.stopped_on + timedelta(days=_SALES_AFTER_STOPPING_DAYS)
    days = sorted(
        _invoice_day(rng, debtor.since, until) for _sale in range(number - len(pins))
    )
    sales = [_plan_sale(rng, debtor, day) for day in days]
    for sale in sales:
        _settle(rng, today, sale)
    for due in pins:
        sale = _plan_sale(rng, debtor, today)
        sale.pin(due, today)
        sales.append(sale)
    return sales


def _invoice_day(rng, since, until):
    """Draw a working day, more often in the good months."""
    while True:
        day = since + timedelta(days=rng.randint(0, (until - since).days))
        if day.weekday() < _SATURDAY and rng.random() < _SEASON[day.month - 1]:
            return day


def _plan_sale(rng, debtor, day):
    term = debtor.term
    if rng.random() < _OTHER_TERM_SHARE:
        term = rng.choice((catalog.TERM_15, catalog.TERM_30))
    sale = Sale(
        debtor=debtor,
        date=day,
        term=term,
        unit=debtor.unit or rng.choice(catalog.COMPANY.units).key,
        contact=_draw_contact(rng, debtor),
        reference=f"OC {rng.randint(10_000, 99_999)}" if debtor.is_company else "",
        lines=_draw_lines(rng, debtor),
    )
    sale.schedule()
    return sale


def _draw_contact(rng, debtor):
    if debtor.contacts and rng.random() < _CONTACT_SHARE:
        return rng.choice(debtor.contacts).key
    return ""


def _draw_lines(rng, debtor):
    """Draw one to three products worth about the debtor's usual net invoice."""
    target = min(debtor.ticket * rng.lognormvariate(0, _TICKET_SIGMA), LARGEST_NET)
    affordable = [item for item in catalog.PRODUCTS if item.price * 2 <= target]
    products = affordable or [catalog.PRODUCTS[0]]
    count = min(rng.choice(_LINE_COUNTS), len(products))
    chosen = sorted(rng.sample(products, count), key=lambda item: item.key)
    share = target / len(chosen)
    quantities = [max(1, round(share / float(item.price))) for item in chosen]
    quantities[0] += _missing_units(chosen, quantities)
    return tuple(
        Line(item.key, quantity, price_in(item.price, debtor.currency))
        for item, quantity in zip(chosen, quantities, strict=True)
    )


def _missing_units(products, quantities):
    """Return how many more of the first product reach the smallest total."""
    net = sum(
        int(item.price) * quantity
        for item, quantity in zip(products, quantities, strict=True)
    )
    missing = SMALLEST_TOTAL - net
    return max(0, -(-missing // int(products[0].price)))


def price_in(price, currency):
    """Return a price in pesos in another currency, at the reference rate."""
    if currency == catalog.CURRENCY:
        return price
    return rounded(price / catalog.REFERENCE_RATES[currency], currency)


def _settle(rng, today, sale):
    """Decide when the debtor pays each instalment, as its habit has it."""
    for part in sale.parts:
        paid_on = _payment_day(rng, sale.debtor.habit, part.due)
        if paid_on is not None:
            paid_on = next_working_day(max(paid_on, sale.date))
            part.paid_on = paid_on if paid_on <= today else None


def _payment_day(rng, habit, due):
    """Return the day a debtor of this habit pays what is due, None for never."""
    surprise = rng.random() < _LATE_SURPRISE_SHARE
    extra = rng.randint(*_LATE_SURPRISE_DAYS) if surprise else 0
    jitter = rng.randint(-habit.spread, habit.spread)
    if habit.stopped_on and due >= habit.stopped_on:
        return None
    if habit.kind == HABIT_MONTH_END:
        return _month_end_run(due + timedelta(days=extra))
    if habit.kind == HABIT_WEEKDAY:
        return _next_weekday(due + timedelta(days=extra), habit.weekday)
    lag = habit.lag + jitter + extra
    if habit.kind == HABIT_SEASONAL and due.month not in _SEASONAL_MONTHS:
        lag = jitter + extra - habit.spread // 2
    day = due + timedelta(days=min(lag, _SETTLED_AT_LATEST_DAYS))
    return day if habit.weekday is None else _nearest_weekday(day, habit.weekday)


def _month_end_run(day):
    """Return the last working day of the month, of the next one when it has passed."""
    run = _last_working_day(day.year, day.month)
    if run < day:
        following = day.replace(day=1) + timedelta(days=32)
        run = _last_working_day(following.year, following.month)
    return run


def _last_working_day(year, month):
    following = date(year, month, 1) + timedelta(days=32)
    last = following.replace(day=1) - timedelta(days=1)
    return last - timedelta(days=max(0, last.weekday() - _SATURDAY + 1))


def _next_weekday(day, weekday):
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _nearest_weekday(day, weekday):
    return _next_weekday(day - timedelta(days=3), weekday)


def next_working_day(day):
    """Return the day itself, or the Monday after it."""
    return day if day.weekday() < _SATURDAY else day + timedelta(7 - day.weekday())


def _forget_some(today, debtors, sales):
    """Leave the last invoice of some good payers open until enough are overdue."""
    overdue = {sale.debtor.key for sale in sales if sale.is_overdue(today)}
    missing = int(len(debtors) * _OVERDUE_SHARE) - len(overdue)
    candidates = [
        debtor
        for kind in _FORGETFUL
        for debtor in debtors
        if debtor.habit.kind == kind and debtor.key not in overdue
    ]
    for index, debtor in enumerate(candidates[: max(0, missing)]):
        days = _FORGOTTEN_DAYS[index % len(_FORGOTTEN_DAYS)]
        own = [
            sale for sale in sales if sale.debtor is debtor and sale.pinned_days is None
        ]
        newest = max(own, key=lambda sale: sale.date)
        newest.pin(today - timedelta(days=days), today)
