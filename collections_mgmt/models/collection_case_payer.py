"""How the debtor pays: last payments, habits, and what it owes to other companies."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# How many payments are shown, and how far back habits are looked for.
LAST_PAYMENTS = 5
HABIT_DAYS = 730
# With fewer paid invoices nothing is usual.
HABIT_INVOICES = 3


class CollectionCase(models.Model):
    _inherit = "collection.case"

    payer_html = fields.Html(string="How They Pay", compute="_compute_payer_html")

    @api.depends("partner_id", "amount_open")
    @api.depends_context("lang", "uid")
    def _compute_payer_html(self):
        for case in self:
            case.payer_html = case._render_part(
                "case_payer",
                habits=case._get_habit_text(),
                payments=case._get_last_payments(),
                elsewhere=case._get_cases_elsewhere(),
            )

    # PAYMENTS

    def _get_last_payments(self):
        """Return the debtor's last payments, the latest first.

        :return: account.move.line in sudo, of receivable accounts
        """
        self.ensure_one()
        # In sudo: what was paid does not depend on who looks at the case.
        return (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("partner_id", "child_of", self.partner_id.id),
                    ("company_id", "child_of", self.company_id.id),
                    ("account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                    ("balance", "<", 0),
                    ("journal_id.type", "in", ("bank", "cash", "credit")),
                ],
                order="date desc, id desc",
                limit=LAST_PAYMENTS,
            )
        )

    # HABITS

    def _get_habits(self):
        """Return how the debtor paid in the last two years.

        :return: {"count": paid instalments, "days": median of the days late,
            "stage_id": the stage after which most were paid, None if before any}
        """
        self.ensure_one()
        self.env["account.move.line"].flush_model()
        self.env["account.partial.reconcile"].flush_model()
        [habits] = self.env.execute_query_dict(self._get_habits_sql())
        return habits

    def _get_habits_sql(self):
        return SQL(
            """
            SELECT COUNT(*) AS count,
                   PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY days) AS days,
                   NULLIF(MODE() WITHIN GROUP (ORDER BY stage_id), 0) AS stage_id
              FROM (
                SELECT paid.days, COALESCE(told.stage_id, 0) AS stage_id
                  FROM (
                    SELECT line.id, MAX(match.max_date) AS date,
                           MAX(match.max_date) - line.date_maturity AS days
                      FROM account_move_line line
                      JOIN res_partner partner ON partner.id = line.partner_id
                      JOIN account_account account ON account.id = line.account_id
                      JOIN account_move move ON move.id = line.move_id
                      JOIN res_company company ON company.id = line.company_id
                      JOIN account_partial_reconcile match
                        ON match.debit_move_id = line.id
                     WHERE partner.commercial_partner_id = %(partner)s
                       AND account.account_type = 'asset_receivable'
                       AND line.parent_state = 'posted' AND line.reconciled
                       AND line.balance > 0 AND line.date_maturity >= %(since)s
                       AND move.payment_state IS DISTINCT FROM 'reversed'
                       AND split_part(company.parent_path, '/', 1)::integer
                           = %(company)s
                     GROUP BY line.id
                  ) paid
             LEFT JOIN LATERAL (
                    SELECT stage.id AS stage_id
                      FROM collection_item item
                      JOIN collection_contact_line told ON told.item_id = item.id
                      JOIN collection_contact contact ON contact.id = told.contact_id
                      JOIN collection_stage stage ON stage.id = told.stage_id
                     WHERE item.move_line_id = paid.id AND contact.state = 'sent'
                       AND contact.date_done <= paid.date
                     ORDER BY stage.days DESC, stage.sequence DESC LIMIT 1
                  ) told ON TRUE
              ) habit
            """,
            partner=self.partner_id.id,
            company=self.company_id.id,
            since=fields.Date.context_today(self) - timedelta(days=HABIT_DAYS),
        )

    def _get_habit_text(self):
        """Return the habits as a sentence."""
        habits = self._get_habits()
        if habits["count"] < HABIT_INVOICES:
            return self.env._("Too few paid invoices to tell a habit.")
        days = round(habits["days"])
        stage = self.env["collection.stage"].browse(habits["stage_id"] or []).name
        if days <= 0:
            when = self.env._("Usually pays on time")
        elif days == 1:
            when = self.env._("Usually pays 1 day late")
        else:
            when = self.env._("Usually pays %(days)s days late", days=days)
        after = (
            self.env._("after “%(stage)s”", stage=stage)
            if stage
            else self.env._("without being asked")
        )
        return self.env._(
            "%(when)s, %(after)s (%(count)s payments in two years).",
            when=when,
            after=after,
            count=habits["count"],
        )

    # OTHER COMPANIES

    def _get_cases_elsewhere(self):
        """Return the debtor's open cases in other companies the user works for.

        Whoever may see a case there sees it here, whatever company is chosen above.
        """
        self.ensure_one()
        allowed = self.env.user.company_ids
        return self.with_context(allowed_company_ids=allowed.ids).search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "!=", self.company_id.id),
                ("state", "=", "open"),
            ],
            order="amount_overdue desc",
        )
