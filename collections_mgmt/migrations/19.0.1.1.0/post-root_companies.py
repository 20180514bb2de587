"""Give to the root company what was entered for one of its branches.

The gate asks for the root: such stops, consents, days and rules were ignored.
"""

from odoo.tools import SQL

TABLES = (
    "collection_hold",
    "collection_consent",
    "collection_holiday",
    "collection_contact_rule",
)


def migrate(cr, version):
    if not version:
        return
    for table in TABLES:
        cr.execute(
            SQL(
                """
                UPDATE %s entered
                   SET company_id = split_part(company.parent_path, '/', 1)::integer
                  FROM res_company company
                 WHERE company.id = entered.company_id
                   AND company.parent_id IS NOT NULL
                """,
                SQL.identifier(table),
            )
        )
