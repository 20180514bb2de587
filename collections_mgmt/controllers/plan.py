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
        return self._render_plan(
            get_plan_contact_sudo(contact_id, signature).promise_id
        )

    @signed_route(ROUTE, "POST")
    def accept_plan(self, contact_id, signature, name="", agreed="", **_kwargs):
        """Let the plan hold for whoever has the message."""
        plan_sudo = get_plan_contact_sudo(contact_id, signature).promise_id
        is_signed = self._sign_plan(plan_sudo, name, agreed)
        return self._render_plan(plan_sudo, is_unsigned=not is_signed)

    def _sign_plan(self, plan_sudo, name, agreed, login=None):
        """Let the plan hold for whoever signs with a name and agrees to the words.

        :param str login: of the visitor, where there is one
        :return: whether it is signed
        """
        name = clean_text(name, NAME_LENGTH)
        if not (name and agreed):
            return False
        if plan_sudo:
            visit = request.httprequest
            # As the superuser: the visitor's own user has no part in it.
            plan_sudo.with_user(SUPERUSER_ID)._accept(
                name,
                visit.remote_addr,
                clean_text(visit.user_agent.string, AGENT_LENGTH),
                login,
            )
        return True

    def _render_plan(self, plan_sudo, is_unsigned=False, **values):
        """Return the page of a plan.

        :param values: what the page of a visitor with a session needs besides
        """
        lang = plan_sudo and plan_sudo._get_lang()
        if lang:
            plan_sudo = plan_sudo.with_context(lang=lang)
        return render_page(
            "collections_mgmt.plan_page",
            plan_sudo,
            lang,
            plan=plan_sudo,
            company=plan_sudo.company_id,
            is_acceptable=plan_sudo and plan_sudo._is_acceptable(),
            is_unsigned=is_unsigned,
            **{"csrf_token": None, "back_url": None, **values},
        )
