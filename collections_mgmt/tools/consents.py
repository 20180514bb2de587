"""What debtors allowed and refused: by channel, address and purpose.

A refusal holds until it is taken back by a grant that is as narrow as it is, or
narrower: what was refused for one address is not granted by a word about another, nor
by one about all of them. Where nobody knows yet which address will be used, a refusal
of any address holds.
"""

import re
from dataclasses import dataclass
from email.utils import parseaddr

PURPOSES = ("reminder", "dunning")
# Numbers that end alike are one: some are written without the prefix of their country.
SHORTEST_NUMBER = 7


@dataclass(frozen=True, slots=True)
class Answer:
    """What a debtor said about being contacted.

    ``channel``: the code it is about. ``channels``: it and those that count as it, for
    refusals. ``address``: as ``simplify_address`` writes it; empty for every one.
    ``purpose``: "reminder" or "dunning", as the stages of rules; empty for both.
    """

    channel: str
    channels: frozenset[str]
    is_granted: bool
    address: str = ""
    purpose: str = ""

    def is_about(self, channel, address, purpose):
        """Return whether it speaks of a contact. In doubt a refusal does."""
        if self.purpose and self.purpose != purpose:
            return False
        if self.is_granted:
            return channel == self.channel and self.address in ("", address)
        return channel in self.channels and (
            not self.address or is_same_address(self.address, address)
        )

    def is_within(self, other):
        """Return whether it speaks of nothing that the other does not speak of."""
        return (
            self.channel in other.channels
            and (not other.address or is_same_address(self.address, other.address))
            and other.purpose in ("", self.purpose)
        )


def is_refused(answers, channel, addresses, purpose):
    """Return whether a debtor's answers forbid a contact.

    :param answers: Answers, the oldest first
    :param addresses: those that it goes to; none where nobody knows yet
    """
    if not addresses:
        addresses = {"", *(answer.address for answer in answers)}
    return any(
        not answer.is_granted
        and answer.is_about(channel, address, purpose)
        and not any(
            later.is_granted
            and later.is_about(channel, address, purpose)
            and later.is_within(answer)
            for later in answers[place + 1 :]
        )
        for address in addresses
        for place, answer in enumerate(answers)
    )


def is_granted(answers, channel, addresses, purpose):
    """Return whether a debtor has agreed to a contact, at each of the addresses."""
    return all(
        _is_granted_at(answers, channel, address, purpose)
        for address in addresses or [""]
    ) and not is_refused(answers, channel, addresses, purpose)


def _is_granted_at(answers, channel, address, purpose):
    about = [a for a in answers if a.is_about(channel, address, purpose)]
    return bool(about) and about[-1].is_granted


def simplify_address(text):
    """Return an e-mail address or a number as it is compared."""
    text = (text or "").strip()
    if "@" in text:
        return (parseaddr(text)[1] or text).lower()
    return re.sub(r"\D", "", text) or text.lower()


def is_same_address(one, other):
    """Return whether two addresses, made simple, may be the same."""
    if not (one.isdecimal() and other.isdecimal()):
        return one == other
    short, long = sorted((one.lstrip("0"), other.lstrip("0")), key=len)
    return short == long or (len(short) >= SHORTEST_NUMBER and long.endswith(short))
