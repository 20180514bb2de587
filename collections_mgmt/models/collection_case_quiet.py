"""Until when the contact rules let nobody contact a debtor: such a case ranks lower.

The gate is asked when somebody wants to contact the debtor, and what it says is kept.
Ranking takes that: nobody asks it for every case of a list.
"""

from datetime import datetime, timezone

from odoo import fields, models
from odoo.fields import Domain

# A collector works the list by these; a letter can be posted on many days without.
QUIET_CHANNELS = ("call", "im", "email")


class CollectionCase(models.Model):
    _inherit = "collection.case"

    no_contact_before = fields.Date(
        string="No Contact before",
        readonly=True,
        copy=False,
        help="When somebody last wanted to contact the debtor, the contact rules "
        "allowed neither calls nor messages before this day.",
    )

    def _note_quiet(self, answers):
        """Keep until when none of the channels is open; nothing, where one is.

        :param dict answers: {channel: verdict data}
        """
        self.ensure_one()
        asked = [data for code, data in answers.items() if code in QUIET_CHANNELS]
        slots = [data["slot"] for data in asked if data["slot"]]
        day = False
        if slots and all(data["result"] != "allow" for data in asked):
            first = min(map(datetime.fromisoformat, slots)).astimezone(timezone.utc)
            first = first.replace(tzinfo=None)  # as Odoo stores moments
            day = fields.Datetime.context_timestamp(self, first).date()
        if self.no_contact_before != day:
            # In sudo: what the gate said is nobody's to write.
            self.sudo().no_contact_before = day


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _forget_blocks_of(self, domain):
        # EXTENDS: something changed, so that cases may be contacted again
        result = super()._forget_blocks_of(domain)
        # In sudo: as for the contacts.
        self.env["collection.case"].sudo().search(
            Domain("no_contact_before", "!=", False)
            & Domain("contact_ids", "any", domain & Domain("state", "=", "blocked"))
        ).no_contact_before = False
        return result
