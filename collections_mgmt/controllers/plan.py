from odoo import SUPERUSER_ID, http
from odoo.http import request

from .links import get_plan_contact_sudo, signed_route
from .pages import clean_text, render_page

ROUTE = "/collections/plan/<int:contact_id>/<string:signature>"
NAME_LENGTH = 100
AGENT_LENGTH = 250


class CollectionPlan(http.Controller):
    @signed_route(ROUTE, "GET")
    def read_plan(self, contact_id, signature, **_kwargs):
        """Show the proposal, and what to do to accept it; looking changes nothing."""
        return self._render_plan(get_plan_contact_sudo(contact_id, signature))

    @signed_route(ROUTE, "POST")
    def accept_plan(self, contact_id, signature, name="", agreed="", **_kwargs):
        """Let the plan hold for whoever signs with a name and agrees to the words."""
        contact_sudo = get_plan_contact_sudo(contact_id, signature)
        name = clean_text(name, NAME_LENGTH)
        is_signed = bool(name and agreed)
        if contact_sudo and is_signed:
            # As the superuser: the visitor's own user has no part in it.
            plan = contact_sudo.promise_id.with_user(SUPERUSER_ID)
            agent = clean_text(request.httprequest.user_agent.string, AGENT_LENGTH)
            plan._accept(name, request.httprequest.remote_addr, agent)
        return self._render_plan(contact_sudo, is_unsigned=not is_signed)

    def _render_plan(self, contact_sudo, is_unsigned=False):
        plan_sudo = contact_sudo.promise_id
        lang = plan_sudo and plan_sudo._get_lang()
        if lang:
            plan_sudo = plan_sudo.with_context(lang=lang)
        return render_page(
            "collections_mgmt.plan_page",
            contact_sudo,
            lang,
            plan=plan_sudo,
            company=plan_sudo.company_id,
            is_acceptable=plan_sudo and plan_sudo._is_acceptable(),
            is_unsigned=is_unsigned,
        )
