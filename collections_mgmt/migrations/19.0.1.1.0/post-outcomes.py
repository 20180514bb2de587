"""Give the shipped outcomes their new next steps, where nobody changed them."""

from odoo import SUPERUSER_ID, api

MODULE = "collections_mgmt"


def migrate(cr, version):
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    for name in ("no_answer", "message"):
        _find_unchanged(env, name).proposes_channel = True
    _find_unchanged(env, "refuses").write(
        {"next_step": "activity", "activity_for": "leader"}
    )


def _find_unchanged(env, name):
    """Return a shipped outcome after which nothing happens yet; empty if it does."""
    xmlid = f"{MODULE}.collection_outcome_{name}"
    outcome = env.ref(xmlid, raise_if_not_found=False) or env["collection.outcome"]
    return outcome.filtered(lambda outcome: outcome.next_step == "none")
