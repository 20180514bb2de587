"""Say of contacts whose debtor was merged that it was.

Facts did not tell of it, and the verification compares them with the contacts now.
Only what a merge can have moved is noted: from a debtor who is gone, or to another case
of the same debtor. Whatever else stands elsewhere stays to be found.
"""

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL


def migrate(cr, version):
    if not version:
        return
    contacts = api.Environment(cr, SUPERUSER_ID, {})["collection.contact"]
    for contact_id, debtor_id, case_id in _find_moved(contacts.env):
        contacts.browse(contact_id)._note_event(
            "merged", {"former_debtor": debtor_id, "former_case": case_id}
        )
    contacts._write_noted_events()


def _find_moved(env):
    """Return (contact id, former debtor id, former case id) of what merges moved."""
    return env.execute_query(
        SQL(
            """
            SELECT contact.id, last.debtor_id, last.case_id
              FROM (
                SELECT DISTINCT ON (contact_id) contact_id,
                       (payload::jsonb ->> 'debtor')::integer AS debtor_id,
                       (payload::jsonb ->> 'case')::integer AS case_id
                  FROM collection_contact_event
                 ORDER BY contact_id, id DESC
              ) last
              JOIN collection_contact contact ON contact.id = last.contact_id
         LEFT JOIN res_partner former ON former.id = last.debtor_id
         LEFT JOIN collection_case former_case ON former_case.id = last.case_id
             WHERE (contact.partner_id, contact.case_id)
                   IS DISTINCT FROM (last.debtor_id, last.case_id)
               AND (former.id IS NULL OR former.id = contact.partner_id)
               AND former_case.partner_id = contact.partner_id
             ORDER BY contact.id
            """
        )
    )
