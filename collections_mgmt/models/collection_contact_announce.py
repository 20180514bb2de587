"""Debtors who say by themselves that they have paid: by a link of a message."""

from datetime import timedelta

from odoo import Command, api, fields, models

from ..const import ANNOUNCED_DAYS


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    announce_url = fields.Char(
        string="“Already Paid” Link",
        compute="_compute_announce_url",
        help="Leads to the page where the debtor says that it is paid, for templates. "
        "Empty where the company does not offer it.",
    )

    @api.depends("stage_id", "company_id.collection_announce_link")
    def _compute_announce_url(self):
        for contact in self:
            origin = contact._origin
            contact.announce_url = (
                origin.id and origin._is_announce_offered() and origin._get_paid_url()
            )

    def _is_announce_offered(self):
        """Return whether it asks for something, and the company wants to be told."""
        self.ensure_one()
        return bool(self.stage_id and self.company_id.collection_announce_link)

    def _get_paid_url(self):
        self.ensure_one()
        return (
            f"{self.company_id.get_base_url()}"
            f"/collections/paid/{self.id}/{self._get_signature('paid')}"
        )

    def _prepare_layout_values(self, message):
        # EXTENDS: under every reminder, unless its text has the link already
        url = self.sudo().announce_url  # in sudo: whoever delivers
        return {
            **super()._prepare_layout_values(message),
            "announce_url": url if url and url not in (message.body or "") else False,
        }

    # WHAT IT IS ABOUT

    def _get_asked_currency(self):
        """Return the currency in which the debtor says what was paid."""
        self.ensure_one()
        currencies = self.line_ids.filtered("stage_id").currency_id
        return currencies if len(currencies) == 1 else self.company_id.currency_id

    def _get_announceable_items(self):
        """Return what the message asked for and may still be said to be paid.

        Each item once by this way: whoever repeats it prolongs nothing. What is on hold
        already needs no other one.
        """
        self.ensure_one()
        items = self.line_ids.filtered("stage_id").item_id
        items = items.filtered(
            lambda item: item.state == "open" and item.case_id == self.case_id
        )
        said = items.hold_ids.filtered("is_from_debtor")
        return (items - (said | items.hold_ids._get_in_force()).item_ids).sorted()

    def _get_own_announcement(self):
        """Return the last hold that the debtor made of what the message asked for."""
        self.ensure_one()
        holds = self.line_ids.filtered("stage_id").item_id.hold_ids
        return holds.filtered("is_from_debtor").sorted("id")[-1:]

    def _get_paid_items(self, items, amount):
        """Return which of some items an amount pays: the one of just so much, else the
        oldest, until it is used up.
        """
        currency = self._get_asked_currency()
        if items.currency_id != currency:
            return items  # no amount says which of several currencies
        open_amounts = {item: item._get_uncovered(currency) for item in items}
        for item, open_amount in open_amounts.items():
            if currency.compare_amounts(open_amount, amount) == 0:
                return item
        paid = items.browse()
        for item, open_amount in open_amounts.items():
            if currency.compare_amounts(amount, 0.0) <= 0:
                break
            paid |= item
            amount -= open_amount
        return paid

    # SAYING SO

    def _announce_payment(self, amount, date, reference, source, receipt=None):
        """Hold what the debtor says is paid; nothing when it was said before.

        :param float amount: in the currency of ``_get_asked_currency``
        :param datetime.date date: on which it was paid
        :param str reference: of the payment, may be empty
        :param str source: the internet address from which it was said
        :param dict receipt: name, mimetype and raw of a file, if there is one
        :return: the hold, an empty record set when nothing is left to hold
        :raise UserError: when it cannot be held, with a sentence for the debtor
        """
        self.ensure_one()
        self.case_id._lock_for_gate()  # twice at once is once
        items = self._get_announceable_items()
        reason = self.case_id._get_announcement_reason()
        Hold = self.env["collection.item.hold"]
        if not (items and reason):
            return Hold
        paid = self._get_paid_items(items, amount)
        hold = Hold.create(
            {
                **self._prepare_announcement_values(paid, reason, source),
                "amount_announced": amount,
                "payment_date": date,
                "payment_reference": reference,
            }
        )
        if receipt:
            # Left as it came: nothing of a stranger's file is worked on.
            self.env["ir.attachment"].with_context(image_no_postprocess=True).create(
                {**receipt, "res_model": hold._name, "res_id": hold.id}
            )
        return hold

    def _prepare_announcement_values(self, items, reason, source):
        self.ensure_one()
        company = self.company_id
        limits = (reason.days, company.collection_hold_max_days)
        days = min(filter(None, limits), default=ANNOUNCED_DAYS)
        lang = company.partner_id.lang
        return {
            "case_id": self.case_id.id,
            "contact_id": self.id,
            "item_ids": [Command.set(items.ids)],
            "reason_id": reason.id,
            "is_from_debtor": True,
            "date_until": fields.Date.context_today(self) + timedelta(days=days),
            "note": self.with_context(lang=lang).env._(
                "Said by the debtor on the page behind the link of the message "
                "“%(message)s” (%(address)s).",
                message=self.subject or self.display_name,
                address=source,
            ),
        }
