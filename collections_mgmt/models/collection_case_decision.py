from odoo import fields, models
from odoo.tools import SQL

from ..const import DECISIONS

DECISION_FIELDS = {"decision", "decision_date", "next_action_date"}


class CollectionCaseDecision(models.Model):
    """What had been decided about a case, from one day until something else was.

    The present decision is on the case. What it was is added here when it changes, by
    whatever changes it; nothing is changed afterwards. Rows without a decision are the
    days on which nothing was decided: the case was closed.
    """

    _name = "collection.case.decision"
    _description = "Past Decision about a Case"
    _order = "id desc"
    _log_access = False

    case_id = fields.Many2one(
        "collection.case", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="case_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(string="Since", required=True, readonly=True)
    date_end = fields.Date(string="Replaced on", readonly=True)
    decision = fields.Selection(DECISIONS, readonly=True)
    stage_id = fields.Many2one(
        "collection.stage", readonly=True, index="btree_not_null", ondelete="set null"
    )
    amount = fields.Monetary(readonly=True)
    until = fields.Date(string="Holds until", readonly=True)

    def _get_keep_sql(self, changed=None):
        """Return an INSERT of what was decided about cases before a statement.

        It is a part of the statement that changes them: the parts of one see the tables
        as they were before it.

        :param SQL changed: a table with the cases and their new ``decision_date``;
            when empty, the part of the statement that is named so
        """
        return SQL(
            """
            INSERT INTO collection_case_decision (
                case_id, date, date_end, decision, stage_id, amount, until
            )
            SELECT old.id, COALESCE(old.decision_date, old.date_opened),
                   changed.decision_date, old.decision, old.decision_stage_id,
                   old.decision_amount, old.next_action_date
              FROM %s changed
              JOIN collection_case old ON old.id = changed.id
             WHERE old.decision IS NOT NULL
                OR COALESCE(old.decision_date, old.date_opened) < changed.decision_date
            """,
            changed or SQL("changed"),
        )

    def _keep(self, cases, vals_list):
        """Keep what was decided about cases that the ORM is about to write.

        :param vals_list: what is written, a dict of columns for each case
        """
        dates = {
            case_id: vals.get("decision_date")
            for case_id, vals in zip(cases.ids, vals_list, strict=True)
            if not DECISION_FIELDS.isdisjoint(vals)
        }
        if dates:
            changed = SQL(
                """
                (SELECT new.id, COALESCE(new.date, cases.decision_date) AS decision_date
                   FROM UNNEST(%s::integer[], %s::date[]) AS new (id, date)
                   JOIN collection_case cases ON cases.id = new.id)
                """,
                list(dates),
                list(dates.values()),
            )
            self.env.cr.execute(self._get_keep_sql(changed))
