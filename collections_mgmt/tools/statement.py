"""What a debtor is told: amounts grouped by document currency."""

from dataclasses import dataclass, field


@dataclass
class CurrencyBlock:
    """The rows of one currency and what they add up to, in that currency.

    A statement ``is_complete``: all that is open is in its total, and what is agreed
    stands apart. A message asks for the rest alone.
    """

    currency: object
    rows: list = field(default_factory=list)
    credit: float = 0.0
    is_complete: bool = False

    @property
    def agreed(self):
        """Return what is promised, disputed or on hold of the rows."""
        return sum(row.agreed for row in self.rows)

    @property
    def deduction(self):
        """Return what of the rows is not asked for, credits apart."""
        return 0.0 if self.is_complete else self.agreed

    @property
    def total(self):
        """Sum of the rows less the credits, and less what is not asked for."""
        return sum(row.amount for row in self.rows) - self.credit - self.deduction


@dataclass(frozen=True)
class Row:
    """One open item as the debtor reads it.

    ``amount``, ``credit``, the part of it that credits cover, and ``agreed``, the part
    that is promised, disputed or on hold, are in document currency; ``document`` is the
    record behind the label, for a page that links to it; ``date`` is of the document.
    """

    label: str
    date_due: object
    days_overdue: int
    amount: float
    currency: object
    credit: float = 0.0
    agreed: float = 0.0
    document: object = None
    date: object = None


def group_by_currency(rows, credit_by_currency):
    """Group rows by currency, the currency of the oldest row first.

    :param list[Row] rows: the open items
    :param dict credit_by_currency: unallocated credits per currency, as positive
        amounts; a currency with credits alone gets a block without rows, at the end
    :return: list[CurrencyBlock], rows ordered by due date
    """
    blocks = {}
    for row in sorted(rows, key=lambda row: (row.date_due, row.label)):
        block = blocks.setdefault(row.currency, CurrencyBlock(row.currency))
        block.rows.append(row)
    for currency, credit in credit_by_currency.items():
        blocks.setdefault(currency, CurrencyBlock(currency)).credit = credit
    return list(blocks.values())
