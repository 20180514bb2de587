"""What a person answers to the debtor may leave where a demand would have to wait.

Who asks something wants to hear about it: an answer passes rules on when and how often
debtors are contacted. It passes no stop, no refusal and no wish of the debtor, and it
goes back the way the question came, to the people it came from.
"""

from odoo import fields, models

# Whose rules an answer passes; a stop, a refusal or a wish is none.
ANSWERED_SEVERITIES = frozenset({"law", "policy", "provider"})


class CollectionCase(models.Model):
    _inherit = "collection.case"

    reply_channel = fields.Char(
        readonly=True,
        help="By which channel the debtor wrote last, as its code. It counts while the "
        "reply is unread.",
    )
    reply_partner_id = fields.Many2one(
        "res.partner",
        string="Replied by",
        readonly=True,
        index="btree_not_null",
        help="Who wrote last for the debtor, where it is known.",
    )

    def _prepare_reply_values(self, channel, author):
        """Return what says how to answer the debtor.

        :param str channel: a code of collection.channel
        :param res.partner author: who wrote; empty when unknown
        """
        return {"reply_channel": channel, "reply_partner_id": author.id}

    def _answers_reply(self, channel, target, verdict_data, has_asked=False):
        """Return whether a message answers the debtor, and may leave for that.

        :param Target target: of ``_get_target``
        :param dict verdict_data: what the gate says of it
        :param bool has_asked: whether the debtor wrote where the message is written
        """
        self.ensure_one()
        return (
            (has_asked or (bool(self.reply_date) and channel == self.reply_channel))
            and self._reaches_own_people_alone(channel, target)
            and self.env["collection.gate"]._is_against_rules_alone(
                verdict_data, ANSWERED_SEVERITIES
            )
        )

    def _reaches_own_people_alone(self, channel, target):
        """Return whether only the debtor's people get it, at addresses of theirs."""
        people = target.recipients
        own = people.filtered_domain(self._get_own_people_domain())
        known = self._read_addresses(channel, own)
        return people == own and bool(
            target.addresses and set(target.addresses) <= set(known)
        )
