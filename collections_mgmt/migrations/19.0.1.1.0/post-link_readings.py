"""Link the shipped readings of laws to their questions.

Before there were questions, each other reading was a rule of its own, archived: who
wanted it took it out of the archive and archived the strict one. Rules are not updated
with the module, since companies may have changed them. So the rules that are there are
linked here, once, and what was chosen by hand becomes an answer in the settings.
"""

from pathlib import Path

from lxml import etree

from odoo import SUPERUSER_ID, Command, api
from odoo.tools import file_path

MODULE = "collections_mgmt"


def migrate(cr, version):
    if not version:
        return
    context = {"active_test": False, "install_mode": True}
    env = api.Environment(cr, SUPERUSER_ID, context)
    readings = list(_find_unlinked(env))
    _keep_choices(env, readings)
    _link(readings)


def _find_unlinked(env):
    """Yield each shipped reading that has no question yet, with what it belongs to.

    :return: tuples of the rule, its question, and the rule that it stands in for,
        empty for one that stands in for none
    """
    for pack in sorted(Path(file_path(f"{MODULE}/data/contact_rules")).glob("*.xml")):
        for record in etree.parse(pack).iterfind("record[field]"):
            names = {field.get("name"): field.get("ref") for field in record}
            other = _find(env, record.get("id"))
            question = _find(env, names.get("question_id"))
            strict = _find(env, names.get("strict_id"))
            if other and question and not other.question_id:
                yield other, question, strict or other.browse()


def _find(env, name):
    return name and env.ref(f"{MODULE}.{name}", raise_if_not_found=False)


def _keep_choices(env, readings):
    """Answer the questions that every rule about them was read by, for all companies.

    Where only some were, the strict reading is the one that allows nothing new.
    """
    wanted = {}
    for other, question, strict in readings:
        is_chosen = other.active and not strict.active
        wanted[question] = wanted.get(question, True) and is_chosen
    chosen = [question.id for question, is_chosen in wanted.items() if is_chosen]
    companies = env["res.company"].search([("parent_id", "=", False)])
    companies.write({"collection_question_ids": [Command.link(id_) for id_ in chosen]})


def _link(readings):
    """Link the readings to their rules: both are there, or none where none was."""
    families = {}
    for other, _question, strict in readings:
        families[strict or other] = families.get(strict or other, strict) | other
    for rules in families.values():
        rules.write({"active": any(rules.mapped("active"))})
    for other, question, strict in readings:
        if not strict:
            other.active = True  # it applies to those who chose it
        other.write({"question_id": question.id, "strict_id": strict.id})
