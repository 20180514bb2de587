from odoo import http

from ..const import OPT_OUT_CHANNELS
from .links import get_contact_sudo, signed_route
from .pages import render_page

ROUTE = "/collections/stop/<int:contact_id>/<string:signature>"


class CollectionOptOut(http.Controller):
    @signed_route(ROUTE, "GET")
    def ask_opt_out(self, contact_id, signature, **_kwargs):
        """Show the page with the button; programs that follow links change nothing."""
        contact_sudo = self._get_opt_out_contact_sudo(contact_id, signature)
        return self._render_opt_out(contact_sudo, done=False)

    @signed_route(ROUTE, "POST")
    def opt_out(self, contact_id, signature, **_kwargs):
        """Note that the debtor wants no more messages by this channel."""
        contact_sudo = self._get_opt_out_contact_sudo(contact_id, signature)
        if contact_sudo:
            contact_sudo._opt_out_by_link()
        return self._render_opt_out(contact_sudo, done=True)

    def _get_opt_out_contact_sudo(self, contact_id, signature):
        """Return the contact; none if the link is forged, too old or of a letter."""
        contact_sudo = get_contact_sudo(contact_id, "optout", signature)
        return contact_sudo.filtered(
            lambda contact: (
                contact.channel in OPT_OUT_CHANNELS and contact._is_link_alive()
            )
        )

    def _render_opt_out(self, contact_sudo, done):
        lang = contact_sudo.lang
        if contact_sudo:
            contact_sudo = contact_sudo.with_context(lang=lang)
        return render_page(
            "collections_mgmt.opt_out_page",
            contact_sudo,
            lang,
            contact=contact_sudo,
            company=contact_sudo.company_id,
            channel=contact_sudo and contact_sudo._get_opt_out_channel(),
            done=done,
        )
