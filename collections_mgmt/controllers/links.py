from odoo import http
from odoo.http import request


def signed_route(path, method, **options):
    """Return the decorator of a page that a signed link alone leads to.

    The signature shows that the visitor has the message: no session is needed, nor a
    token of one.

    :param str method: of HTTP
    """
    return http.route(
        path,
        type="http",
        auth="public",
        methods=[method],
        sitemap=False,
        save_session=False,
        csrf=False,
        **options,
    )


def get_contact_sudo(contact_id, purpose, signature):
    """Return the contact if the signature is its own, else none."""
    # In sudo: the visitor is not logged in; the signature is the right to enter.
    contact_sudo = request.env["collection.contact"].sudo().browse(contact_id)
    if contact_sudo and contact_sudo._is_signed(purpose, signature):
        return contact_sudo.exists()
    return contact_sudo.browse()  # 0 is no contact either


def get_plan_contact_sudo(contact_id, signature):
    """Return the contact that proposed a plan if the link is to these very words."""
    # In sudo: as above.
    contact_sudo = request.env["collection.contact"].sudo().browse(contact_id).exists()
    # What is erased is not proposed any more.
    if not contact_sudo.promise_id.proposal_text:
        return contact_sudo.browse()
    return contact_sudo.filtered(
        lambda contact: contact._is_signed(contact._get_plan_purpose(), signature)
    )
