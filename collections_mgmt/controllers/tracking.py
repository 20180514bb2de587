import base64

from odoo import http
from odoo.http import request

from .links import get_contact_sudo, signed_route

# One transparent point.
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class CollectionTracking(http.Controller):
    @signed_route("/collections/o/<int:contact_id>/<string:signature>.gif", "GET")
    def open_message(self, contact_id, signature, **_kwargs):
        """Return the picture of a mail and note that the mail was opened."""
        contact_sudo = get_contact_sudo(contact_id, "open", signature)
        if contact_sudo and self._is_debtor():
            contact_sudo._note_opened()
        return request.make_response(
            PIXEL,
            headers=[
                ("Content-Type", "image/gif"),
                ("Cache-Control", "no-store, no-cache, must-revalidate, max-age=0"),
            ],
        )

    @signed_route("/collections/c/<int:contact_id>/<string:signature>", "GET")
    def follow_link(self, contact_id, signature, **_kwargs):
        """Note that the personal link was followed and lead to the debtor's page."""
        contact_sudo = get_contact_sudo(contact_id, "click", signature)
        if not contact_sudo or not contact_sudo._is_link_alive():
            return request.redirect("/my")
        if self._is_debtor():
            contact_sudo._note_clicked()
        return request.redirect(contact_sudo._get_debtor_url())

    def _is_debtor(self):
        """Return whether a debtor may be behind the request: no robot, no colleague."""
        return (
            request.httprequest.method != "HEAD" and not request.env.user._is_internal()
        )
