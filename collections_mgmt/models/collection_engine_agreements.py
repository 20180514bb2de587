"""What is agreed about items, so that it is not chased: one mechanism for every kind.

A kind of agreement (promise, dispute) says how much of which items it holds back; here
that becomes the item's columns, never more than what is open of it.
"""

from odoo import models
from odoo.tools import SQL


class CollectionEngine(models.AbstractModel):
    _inherit = "collection.engine"

    def _get_agreements(self, scope):
        """Return {column of collection.item: SQL} of what is held back.

        Each SQL is a SELECT of ``item_id`` and ``amount``, in the item's own currency:
        a row for each agreement about an item, with 0 when it is over. An item that
        never had one has no row. Where the amounts are more than what is open, the
        first column comes first. Kinds of agreement add their column.
        """
        return {}

    def _get_agreed_items_sql(self, scope):
        """Return a SELECT of the items of the scope with an agreement of any kind."""
        return SQL(
            """
            SELECT item.id, item.amount_residual, item.amount_residual_currency,
                   item.amount_credit, agreed.name, agreed.amount
              FROM (%(agreed)s) agreed
              JOIN collection_item item ON item.id = agreed.item_id
              JOIN collection_case cases ON cases.id = item.case_id
             WHERE cases.company_id = %(company)s AND %(in_scope)s
            """,
            agreed=SQL(" UNION ALL ").join(
                SQL("SELECT %s AS name, item_id, amount FROM (%s) agreed", name, select)
                for name, select in self._get_agreements(scope).items()
            ),
            company=scope.company.id,
            in_scope=scope.has("cases.partner_id"),
        )

    def _has_agreements_sql(self, scope):
        """Return the SQL expression whether there is any: the sync asks on its way."""
        if not self._get_agreements(scope):
            return SQL("FALSE")
        return SQL("EXISTS (%s)", self._get_agreed_items_sql(scope))

    def _follow_agreements(self, scope):
        """Bring what is agreed about items in line with the ledger.

        Called by every sync, after the items, where there is an agreement at all.
        """
        self.env.execute_query(self._get_update_agreed_sql(scope))

    def _get_update_agreed_sql(self, scope):
        """Write what is held back of each item, as far as so much is open."""
        columns = list(self._get_agreements(scope))
        written = (*columns, "amount_agreed_currency")
        return SQL(
            """
            WITH wanted AS (
                SELECT id, GREATEST(0, amount_residual - amount_credit) AS free,
                       %(wanted)s,
                       %(in_currency)s AS amount_agreed_currency
                  FROM (%(items)s) agreed
                 GROUP BY id, amount_residual, amount_residual_currency, amount_credit
            )
            UPDATE collection_item item SET %(values)s
              FROM (SELECT id, %(taken)s, amount_agreed_currency FROM wanted) new
             WHERE new.id = item.id AND (%(old)s) IS DISTINCT FROM (%(new)s)
            RETURNING item.id
            """,
            wanted=SQL(", ").join(
                self._get_wanted_sql(scope, name) for name in columns
            ),
            in_currency=self._get_agreed_currency_sql(),
            items=self._get_agreed_items_sql(scope),
            taken=SQL(", ").join(
                self._get_taken_sql(columns[: number + 1])
                for number in range(len(columns))
            ),
            values=SQL(", ").join(
                SQL("%(name)s = new.%(name)s", name=SQL.identifier(name))
                for name in written
            ),
            old=SQL(", ").join(SQL.identifier("item", name) for name in written),
            new=SQL(", ").join(SQL.identifier("new", name) for name in written),
        )

    def _get_agreed_currency_sql(self):
        """Return what is held back by all kinds, in the item's own currency.

        It is what was agreed to the unit: worked out from the company's currency, it
        would be a little off. No more than credits leave.
        """
        return SQL(
            """
            LEAST(SUM(amount), GREATEST(0, COALESCE(
                (amount_residual - amount_credit)
                * amount_residual_currency / NULLIF(amount_residual, 0), 0)))
            """
        )

    def _get_wanted_sql(self, scope, name):
        """Return what agreements of a kind hold back, in company currency."""
        return SQL(
            """
            ROUND(COALESCE(SUM(
                amount * amount_residual / NULLIF(amount_residual_currency, 0)
            ) FILTER (WHERE name = %(name)s), 0), %(digits)s) AS %(column)s
            """,
            name=name,
            column=SQL.identifier(name),
            digits=scope.company.currency_id.decimal_places,
        )

    def _get_taken_sql(self, columns):
        """Return what the last of these columns gets: those before it come first."""
        *before, name = map(SQL.identifier, columns)
        first = SQL(" + ").join([SQL("0"), *before])
        return SQL(
            "LEAST(%(first)s + %(name)s, free) - LEAST(%(first)s, free) AS %(name)s",
            first=first,
            name=name,
        )
