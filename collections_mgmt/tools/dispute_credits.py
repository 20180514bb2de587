"""How much of accepted disputes was credited, from what credit notes took off items.

Pure functions without the ORM. Amounts are whole numbers of a currency's smallest unit.

Each amount of a credit note is counted once: for the dispute about its item that was
accepted first, as far as so much was disputed, then for the next one. What a credit
note had taken off the item when the dispute was opened does not count for it.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Refund:
    """What one credit note took off an item so far."""

    item: int
    credit: int
    amount: int


@dataclass(frozen=True)
class Claim:
    """A part of an item that was accepted to be credited.

    ``before``: {credit: what it had taken off the item when the dispute was opened}.
    """

    id: int
    item: int
    amount: int
    before: dict = field(default_factory=dict)


def give_out(claims, refunds):
    """Return {claim id: what was credited of it}.

    :param list claims: of Claim, the one accepted first comes first
    :param list refunds: of Refund, one per item and credit note
    """
    by_item = defaultdict(list)
    for refund in sorted(refunds, key=lambda refund: refund.credit):
        by_item[refund.item].append(refund)
    left = {(refund.item, refund.credit): refund.amount for refund in refunds}
    credited = Counter({claim.id: 0 for claim in claims})
    for claim in claims:
        for refund in by_item[claim.item]:
            place = refund.item, refund.credit
            new = refund.amount - claim.before.get(refund.credit, 0)
            missing = claim.amount - credited[claim.id]
            taken = max(0, min(left[place], new, missing))
            left[place] -= taken
            credited[claim.id] += taken
    return dict(credited)
