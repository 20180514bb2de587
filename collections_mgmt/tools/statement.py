"""What a debtor is told: amounts grouped by document currency."""

from dataclasses import dataclass, field


@dataclass
class CurrencyBlock:
    """The rows of one currency and what they add up to, in that currency."""

    currency: object
    rows: list = field(default_factory=list)
    credit: float = 0.0

    @property
    def total(self):
        """Sum of the rows less the credits."""
        return sum(row.amount for row in self.rows) - self.credit


@dataclass(frozen=True)
class Row:
    """One open item as the debtor reads it.

    ``amount`` and ``credit``, the part of it that credits cover, are in document
    currency; ``document`` is the record behind the label, for a page that links to it.
    """

    label: str
    date_due: object
    days_overdue: int
    amount: float
    currency: object
    credit: float = 0.0
    document: object = None


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
