from odoo import http
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.collections_mgmt.controllers.plan import CollectionPlan

ROUTE = "/my/collections/plan/<int:plan_id>"


def search_plans_sudo(domain):
    """Return the payment plans proposed to the visitor's company, of those that match.

    Any person of the company may accept for it, as with the message.
    """
    user = request.env.user
    proposed = (
        Domain("kind", "=", "plan")
        & Domain("proposal_text", "!=", False)  # what is erased is not proposed
        & Domain("partner_id", "=", user.partner_id.commercial_partner_id.id)
        & Domain("company_id", "in", user.company_ids.root_id.ids)
    )
    # In sudo: portal users read nothing of collections; the domain keeps to their own.
    return request.env["collection.promise"].sudo().search(proposed & Domain(domain))


class PortalPlan(CollectionPlan):
    """The page behind the link of the message, for who is logged in."""

    @http.route(ROUTE, type="http", auth="user", methods=["GET"])
    def portal_read_plan(self, plan_id, **_kwargs):
        return self._render_portal_plan(search_plans_sudo([("id", "=", plan_id)]))

    @http.route(ROUTE, type="http", auth="user", methods=["POST"])
    def portal_accept_plan(self, plan_id, name="", agreed="", **_kwargs):
        """Let the plan hold; the login is kept beside the name as proof."""
        plan_sudo = search_plans_sudo([("id", "=", plan_id)])
        is_signed = self._sign_plan(plan_sudo, name, agreed, request.env.user.login)
        return self._render_portal_plan(plan_sudo, is_unsigned=not is_signed)

    def _render_portal_plan(self, plan_sudo, is_unsigned=False):
        return self._render_plan(
            plan_sudo,
            is_unsigned,
            csrf_token=request.csrf_token(),
            back_url="/my/collections",
        )
