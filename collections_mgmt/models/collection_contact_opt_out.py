"""Debtors who want no more messages by a channel: they say so by link or by reply."""

from odoo import api, fields, models

from ..const import OPT_OUT_CHANNELS
from ..tools.consents import PURPOSES, is_refused, simplify_address
from ..tools.plain_words import simplify
from ..tools.replies import get_first_line


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    opt_out_url = fields.Char(
        string="Opt-Out Link",
        compute="_compute_opt_out_url",
        help="Leads to the page where the debtor refuses more messages by this "
        "channel, for templates. Empty for letters: one way has to be left.",
    )

    @api.depends("channel")
    def _compute_opt_out_url(self):
        for contact in self:
            contact.opt_out_url = (
                contact.channel in OPT_OUT_CHANNELS
                and contact._origin.id
                and contact._origin._get_opt_out_url()
            )

    def _get_opt_out_url(self):
        self.ensure_one()
        return (
            f"{self.company_id.get_base_url()}"
            f"/collections/stop/{self.id}/{self._get_signature('optout')}"
        )

    # IN E-MAILS

    def _prepare_layout_values(self, message):
        # EXTENDS: the footer offers the way out
        return {
            **super()._prepare_layout_values(message),
            "opt_out_url": self._get_footer_opt_out_url(message.body),
        }

    def _get_footer_opt_out_url(self, body):
        """Return the address for the footer; empty if the text has it, or nobody."""
        self.ensure_one()
        # In sudo: what a message offers does not depend on who delivers.
        contact_sudo = self.sudo()
        url = contact_sudo.opt_out_url
        if not url or self._is_thanks() or url in (body or ""):
            return False
        return contact_sudo._is_opt_out_offered() and url

    def _is_opt_out_offered(self):
        """Return whether the e-mail's footer has to show the way out."""
        company = self.company_id
        if "opt_out" in self.wording_ids.mapped("code"):
            return True
        kind = self.partner_id.collection_debtor_type
        types = company._get_collection_debtor_types(kind)
        return company.collection_opt_out_link and "consumer" in types

    def _stands_in_footer(self, wording):
        """Return whether the footer of an e-mail says a piece.

        Messages that people write have no layout of ours.
        """
        return (
            wording.code == "opt_out"
            and self.channel == "email"
            and not self.user_id
            and self._get_template().sudo()._has_collection_footer()
        )

    # WHO WANTS OUT

    def _opt_out(self, source, proof, address=None):
        """Note that the debtor wants no more messages by this channel.

        It is noted for each address of the message, and for the one that answered;
        once for each.

        :param str source: a value of collection.consent
        :param str proof: what shows it
        :param str address: from where the debtor answered, if somewhere
        """
        self.ensure_one()
        if self.channel not in OPT_OUT_CHANNELS:
            return
        self.case_id._lock_for_gate()
        wanted = self._get_open_refusals([*(self.address or "").split(","), address])
        channel = self._get_opt_out_channel()
        consents = self.env["collection.consent"].create(
            [
                {
                    "partner_id": self.partner_id.id,
                    "company_id": self.company_id.id,
                    "channel_id": channel.id,
                    "state": "refused",
                    "address": refused,
                    "source": source,
                    "proof": proof,
                }
                for refused in wanted
            ]
        )
        if consents:
            self.case_id._message_log(
                body=self.env._(
                    "The debtor wants no more messages by %(channel)s (%(address)s).",
                    channel=channel.name,
                    address=", ".join(filter(None, consents.mapped("address"))) or "–",
                )
            )

    def _get_answers(self):
        """Return what the debtor allowed and refused, as tools.consents.Answers."""
        self.ensure_one()
        debtor = self.partner_id.commercial_partner_id
        Consent = self.env["collection.consent"]
        return Consent._get_answers(self.company_id, debtor.ids).get(debtor.id, [])

    def _filter_unrefused(self, addresses, answers):
        """Return those of some addresses that may get what the contact says.

        :param answers: of the debtor, as ``_get_answers``; None if there are none
        """
        if not answers:
            return addresses
        purpose = self._prepare_ask().stage_kind
        return [
            address
            for address in addresses
            if not is_refused(
                answers, self.channel, {simplify_address(address)}, purpose
            )
        ]

    def _get_open_refusals(self, addresses):
        """Return those of some addresses that are not refused yet for every purpose.

        An address that nobody knows is False: then it is about each of them.
        """
        answers = self._get_answers()
        by_key = {
            simplify_address(address): address.strip()
            for address in addresses
            if address and address.strip()
        }
        return [
            address
            for key, address in (by_key or {"": False}).items()
            if not all(
                is_refused(answers, self.channel, {key}, purpose)
                for purpose in PURPOSES
            )
        ]

    def _get_opt_out_channel(self):
        self.ensure_one()
        return self.env["collection.channel"].search(
            [("code", "=", self.channel)], limit=1
        )

    def _opt_out_by_link(self):
        self._opt_out(
            "link",
            self.env._(
                "Confirmed on the page behind the link of the message “%(message)s”.",
                message=self.subject or self.display_name,
            ),
        )

    def _opt_out_by_reply(self, words, message_dict):
        self._opt_out(
            "message",
            self.env._(
                "“%(words)s”, in the e-mail %(message)s",
                words=words,
                message=message_dict.get("message_id") or "",
            ),
            address=message_dict.get("email_from"),
        )


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _receive_opt_out(self, author, answered, message_dict):
        """Take a reply that says nothing but one of the opt-out words at its word.

        :param res.partner author: who wrote it; empty when unknown
        :param mail.message answered: the message it answers; empty when unknown
        :param dict message_dict: the e-mail as the gateway read it
        """
        if author and not author.partner_share:
            return
        line = get_first_line(message_dict.get("body") or "")
        for case in self:
            if simplify(line) not in case.company_id._get_opt_out_words():
                continue
            contacts = case._get_answered_contact(answered) | case.contact_ids
            emails = contacts.filtered(lambda contact: contact.channel == "email")
            if emails:
                emails[0]._opt_out_by_reply(line, message_dict)


class ResCompany(models.Model):
    _inherit = "res.company"

    def _get_opt_out_words(self):
        """Return the words by which a reply refuses more e-mails, simplified."""
        self.ensure_one()
        words = (self.collection_opt_out_words or "").replace(";", ",").split(",")
        return {simplify(word) for word in words} - {""}
