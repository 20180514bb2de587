"""To whom a contact goes that a person makes, and about what."""

from typing import NamedTuple

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools.mail import email_normalize_all

# Channels that go to the debtor's number.
NUMBERED_CHANNELS = ("call", "automated_call", "im", "sms")
# Those to which a number may belong: at work it is known only if somebody says it.
DIALLED_CHANNELS = (*NUMBERED_CHANNELS, "work_call")
# Channels that go to who receives what is written about the case.
ADDRESSED_CHANNELS = ("email", "letter", "visit")


class Target(NamedTuple):
    """To whom a contact goes, and about what.

    ``addresses``: a list of e-mail addresses or numbers, as they are used; empty where
    nobody knows any. ``recipients``: whose they are, as far as it is known; record set
    of res.partner. ``items``: what it names of what is owed; record set of
    collection.item.
    """

    addresses: list
    recipients: models.BaseModel
    items: models.BaseModel


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _get_target(self, channel, addresses=None, recipients=None, items=None):
        """Return the Target of a contact with the debtor.

        Who of the debtor's own people has an address that is none of the recipients' is
        one of them.

        :param str channel: a code of collection.channel
        :param list addresses: those it goes to; where not given, the recipients' own
        :param res.partner recipients: whom it goes to; where not given, who is reached
            by the addresses, or else on this channel
        :param collection.item items: what it is about; where not given, what is asked
            for by now
        """
        self.ensure_one()
        if recipients is None:
            recipients = self._get_own_recipients(channel, addresses)
        recipients = recipients.with_env(self.env)  # in sudo where the case is
        known = self._read_addresses(channel, recipients)
        addresses = addresses or known
        others = set(addresses) - set(known)
        if others:
            recipients |= self._find_own_people(channel, others)
        return Target(addresses, recipients, items or self._get_asked_items())

    def _get_own_recipients(self, channel, addresses=None):
        """Return who of the debtor's is reached on a channel, if by these addresses."""
        is_addressed = channel in ADDRESSED_CHANNELS
        own = self._get_addressee() if is_addressed else self.partner_id
        known = self._read_addresses(channel, own)
        return own.browse() if addresses and set(known).isdisjoint(addresses) else own

    def _read_addresses(self, channel, partners):
        """Return by which addresses partners are reached on a channel, if known."""
        if channel == "email":
            emails = partners.mapped("email")
            return [one for text in emails for one in email_normalize_all(text or "")]
        if channel in NUMBERED_CHANNELS:
            return list(filter(None, partners.mapped("phone_sanitized")))
        return []

    def _find_own_people(self, channel, addresses):
        """Return who of the debtor's contacts, or who replied, has some addresses."""
        name = "email_normalized" if channel == "email" else "phone_sanitized"
        return (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search(self._get_own_people_domain() & Domain(name, "in", list(addresses)))
        )

    def _get_own_people_domain(self):
        """Return the domain of who belongs to the debtor, or wrote in its place."""
        own = Domain("commercial_partner_id", "=", self.partner_id.id)
        if self.reply_date and self.reply_partner_id:
            own |= Domain("id", "=", self.reply_partner_id.id)
        return own

    def _get_place_values(self, channel):
        """Return the values of a contact that say where the debtor was addressed."""
        if channel not in ADDRESSED_CHANNELS:
            return {}
        addressee = self._get_addressee()
        address = ", ".join(self._read_addresses(channel, addressee))
        if channel != "email":
            address = addressee._get_collection_postal_address()
        return {"address": address, "address_partner_id": addressee.id}


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    recipient_ids = fields.Many2many(
        "res.partner",
        string="Recipients",
        readonly=True,
        help="Who gets what a person wrote: the contact rules of their places hold.",
    )

    def _get_recipients(self):
        """Return the partners it goes to; only what people write has several."""
        self.ensure_one()
        if not self.user_id:
            return self.address_partner_id
        return self.recipient_ids | self.address_partner_id


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _get_collection_postal_address(self):
        """Return name and postal address in one line."""
        lines = f"{self.name or ''}\n{self._display_address()}".splitlines()
        # A company is its own commercial entity: its name would come twice.
        tidy = dict.fromkeys(" ".join(line.split()) for line in lines)
        return ", ".join(filter(None, tidy))
