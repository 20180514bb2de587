"""The page where a debtor says that what a message asks for is paid."""

import math
from datetime import date, timedelta

from odoo import SUPERUSER_ID, http
from odoo.exceptions import UserError
from odoo.http import request

from ..const import ANNOUNCED_PAST_DAYS, RECEIPT_MAX_BYTES
from ..tools.receipts import get_receipt_kind, get_receipt_name
from .links import get_contact_sudo, signed_route
from .pages import clean_text, render_page

ROUTE = "/collections/paid/<int:contact_id>/<string:signature>"
REFERENCE_LENGTH = 100
NAME_LENGTH = 200


class CollectionAnnounce(http.Controller):
    @signed_route(ROUTE, "GET")
    def ask_payment(self, contact_id, signature, **_kwargs):
        """Show the form; programs that follow links change nothing."""
        return self._render(self._get_paid_contact_sudo(contact_id, signature))

    # A file that is a little too large is refused with a sentence, a larger one is not
    # even read.
    @signed_route(ROUTE, "POST", max_content_length=4 * RECEIPT_MAX_BYTES)
    def announce_payment(self, contact_id, signature, **said):
        """Hold what is said to be paid, once."""
        contact_sudo = self._get_paid_contact_sudo(contact_id, signature)
        if not contact_sudo:
            return self._render(contact_sudo)
        # As the superuser: the visitor's own user has no part in it.
        contact = contact_sudo.with_user(SUPERUSER_ID).with_context(
            lang=contact_sudo.lang
        )
        try:
            with request.env.cr.savepoint():
                contact._announce_payment(**self._read(contact, said))
        except UserError as error:
            return self._render(contact, error=str(error))
        return self._render(contact)

    def _get_paid_contact_sudo(self, contact_id, signature):
        """Return the contact; none if the link is forged, too old or not offered."""
        contact_sudo = get_contact_sudo(contact_id, "paid", signature)
        return contact_sudo.filtered(
            lambda contact: contact._is_announce_offered() and contact._is_link_alive()
        )

    def _render(self, contact_sudo, error=None):
        lang = contact_sudo.lang
        if contact_sudo:
            contact_sudo = contact_sudo.with_context(lang=lang)
        today = contact_sudo and self._get_today(contact_sudo)
        return render_page(
            "collections_mgmt.announce_page",
            contact_sudo,
            lang,
            contact=contact_sudo,
            company=contact_sudo.company_id,
            currency=contact_sudo and contact_sudo._get_asked_currency(),
            hold=contact_sudo and contact_sudo._get_own_announcement(),
            is_open=contact_sudo and bool(contact_sudo._get_announceable_items()),
            today=today,
            error=error,
        )

    def _get_today(self, contact_sudo):
        company = contact_sudo.company_id
        return contact_sudo.partner_id.with_company(company)._get_debtor_today()

    # WHAT IS SAID

    def _read(self, contact, said):
        """Return what the visitor entered, as ``_announce_payment`` takes it.

        :raise UserError: when something of it is not usable
        """
        return {
            "amount": self._read_amount(contact, said.get("amount")),
            "date": self._read_date(contact, said.get("date")),
            "reference": clean_text(said.get("reference"), REFERENCE_LENGTH),
            "receipt": self._read_receipt(contact, said.get("receipt")),
            "source": request.httprequest.remote_addr,
        }

    def _read_amount(self, contact, value):
        try:
            amount = contact._get_asked_currency().round(float(value))
        except (TypeError, ValueError, OverflowError):
            amount = math.nan
        if not (math.isfinite(amount) and amount > 0):
            raise UserError(contact.env._("Enter the amount that you have paid."))
        return amount

    def _read_date(self, contact, value):
        today = self._get_today(contact)
        try:
            day = date.fromisoformat(value)
        except (TypeError, ValueError):
            day = date.max
        if not today - timedelta(days=ANNOUNCED_PAST_DAYS) <= day <= today:
            raise UserError(contact.env._("Enter the day on which you paid."))
        return day

    def _read_receipt(self, contact, file):
        """Return the values of the attachment; None if no file was chosen."""
        if not (file and getattr(file, "filename", None)):
            return None
        content = file.read(RECEIPT_MAX_BYTES + 1)
        if len(content) > RECEIPT_MAX_BYTES:
            raise UserError(
                contact.env._("The file is too large: choose one of less than 5 MB.")
            )
        kind = get_receipt_kind(content)
        if not kind:
            raise UserError(
                contact.env._("Only PDF, PNG and JPEG files can be sent as a receipt.")
            )
        extension, mimetype = kind
        name = clean_text(file.filename, NAME_LENGTH)
        return {
            "name": get_receipt_name(name, extension),
            "mimetype": mimetype,
            "raw": content,
        }
