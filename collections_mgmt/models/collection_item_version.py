from odoo import fields, models
from odoo.tools import SQL


class CollectionItemVersion(models.Model):
    """What an item was at the end of some days that are over.

    What it is now is on the item. What it was is added here when its case, stage, due
    date, open amount or state changes, by whatever changes it; nothing is changed
    afterwards. An item that never changed takes no row.
    """

    _name = "collection.item.version"
    _description = "Past State of an Item"
    _order = "date_from desc, id desc"
    _log_access = False

    item_id = fields.Many2one(
        "collection.item", required=True, readonly=True, ondelete="cascade", index=True
    )
    case_id = fields.Many2one(
        "collection.case", required=True, readonly=True, ondelete="cascade", index=True
    )
    date_from = fields.Date(string="Since", required=True, readonly=True)
    date_to = fields.Date(string="Changed on", required=True, readonly=True)
    state = fields.Selection([("open", "Open"), ("closed", "Closed")], readonly=True)
    stage_id = fields.Many2one(
        "collection.stage", readonly=True, index="btree_not_null", ondelete="set null"
    )
    date_due = fields.Date(string="Due Date", readonly=True)
    company_currency_id = fields.Many2one(
        related="case_id.currency_id", string="Company Currency"
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    amount_residual = fields.Monetary(
        string="Open Amount (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
    )
    amount_residual_currency = fields.Monetary(string="Open Amount", readonly=True)

    def _compute_currency_id(self):
        for version in self:
            item = version.item_id
            version.currency_id = item.currency_id or item.deleted_currency_id

    def _get_keep_sql(self, changed=None):
        """Return an INSERT of what items were before a statement.

        It is a part of the statement that changes them: the parts of one see the tables
        as they were before it. What changes twice a day is kept once.

        :param SQL changed: a table with the items and their new ``date_changed``;
            when empty, the part of the statement that is named so
        """
        return SQL(
            """
            INSERT INTO collection_item_version (
                item_id, case_id, date_from, date_to, state, stage_id, date_due,
                amount_residual, amount_residual_currency
            )
            SELECT old.id, old.case_id, old.date_changed, changed.date_changed,
                   old.state, old.stage_id, old.date_due,
                   old.amount_residual, old.amount_residual_currency
              FROM %s changed
              JOIN collection_item old ON old.id = changed.id
             WHERE old.date_changed < changed.date_changed
            """,
            changed or SQL("changed"),
        )

    def _keep(self, items, vals_list):
        """Keep what the items were that the ORM is about to write.

        :param vals_list: what is written, a dict of columns for each item
        """
        dates = {
            item_id: vals["date_changed"]
            for item_id, vals in zip(items.ids, vals_list, strict=True)
            if "date_changed" in vals
        }
        if dates:
            changed = SQL(
                """
                (SELECT * FROM UNNEST(%s::integer[], %s::date[])
                     AS new (id, date_changed))
                """,
                list(dates),
                list(dates.values()),
            )
            self.env.cr.execute(self._get_keep_sql(changed))
