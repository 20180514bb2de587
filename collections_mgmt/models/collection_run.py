import logging
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import retrying
from odoo.tools import SQL, format_date

from ..const import DECISIONS
from .client_context import without_defaults

_logger = logging.getLogger(__name__)


class CollectionRun(models.Model):
    _name = "collection.run"
    _description = "Collection Run"
    _order = "date desc, id desc"
    _rec_name = "date"

    date = fields.Date(required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        "res.users",
        string="Started By",
        readonly=True,
        default=lambda self: self.env.uid,
    )
    is_test = fields.Boolean(
        string="Test",
        readonly=True,
        help="The company was in test mode: everything was worked out, nothing sent.",
    )
    item_opened_count = fields.Integer(string="New Items", readonly=True)
    item_closed_count = fields.Integer(string="Items Settled", readonly=True)
    case_count = fields.Integer(string="Debtors", readonly=True)
    amount_overdue = fields.Monetary(string="Overdue", readonly=True)
    orphan_count = fields.Integer(
        string="Lines without Partner",
        readonly=True,
        help="Open receivable lines that nobody can be asked for: give them a partner.",
    )
    orphan_amount = fields.Monetary(string="Amount without Partner", readonly=True)
    problem = fields.Text(
        readonly=True, help="What the run could not take into account."
    )
    decision_ids = fields.One2many(
        "collection.run.decision", "run_id", string="Decisions", readonly=True
    )
    contact_ids = fields.One2many(
        "collection.contact", "run_id", string="Contact Attempts", readonly=True
    )

    @api.depends("date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._(
                "Run of %(date)s", date=format_date(self.env, run.date)
            )

    # ENTRY POINTS

    @api.model
    def action_run_now(self):
        """Plan today for the user's companies; the messages leave in the background."""
        if not self.env.user.has_group("collections_mgmt.group_collection_manager"):
            raise UserError(self.env._("Only a collections manager can start a run."))
        runs = self._plan(self.env.companies.root_id)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Collection Run"),
            "res_model": self._name,
            "res_id": runs[0].id,
            "view_mode": "form" if len(runs) == 1 else "list,form",
            "domain": [("id", "in", runs.ids)],
        }

    @api.model
    def _cron_plan(self):
        """Plan today for every company, each in a transaction of its own."""
        companies = self.env["res.company"].search([("parent_id", "=", False)])
        self.env["ir.cron"]._commit_progress(remaining=len(companies))
        for company in companies:
            try:
                # What a person or a delivery does meanwhile is no reason to skip a day.
                retrying(partial(self._plan, company), self.env)
            except Exception:
                self.env.cr.rollback()
                _logger.exception("The collection run of company %s failed", company.id)
            # Even if the time is up: the next call would begin with the first again.
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _plan(self, companies, date=None):
        """Bring items up to date, decide, and plan the contacts of one day.

        :param companies: root companies, record set of res.company
        :param datetime.date date: the day to plan for; today when empty
        :return: the new runs, one per company
        :raise UserError: when another run of the company is going on
        """
        runs = self.browse()
        for company in companies:
            runs |= self._plan_company(company, date)
        self.env["collection.contact"]._trigger_delivery()
        self.env["collection.engine"]._trigger_ranking()
        return runs

    def _plan_company(self, company, date=None, partner_ids=None):
        date = date or fields.Date.context_today(self)
        self._lock_company(company)
        # In sudo: the engine reads and writes the whole company's books; whoever may
        # start a run was checked by the caller.
        run = without_defaults(self.sudo()).create(
            {
                "date": date,
                "company_id": company.id,
                "is_test": company.collection_test_mode,
            }
        )
        engine = self.env["collection.engine"].sudo().with_company(company)
        run.problem = engine._get_problem(company)
        scope = engine._get_scope(company, partner_ids, run.date)
        opened, closed = engine._sync(scope)
        run.write({"item_opened_count": opened, "item_closed_count": closed})
        engine._assign(scope)
        engine._decide(scope)
        engine._plan_contacts(scope, run)
        run._record_decisions()
        return run.sudo(self.env.su)

    def _lock_company(self, company):
        """Let one run of a company go on at a time, until the transaction ends.

        Whoever began before the last run ended has old books before them: touching that
        run fails then, and Odoo tries again with the books of now.
        """
        [[locked]] = self.env.execute_query(
            SQL(
                "SELECT pg_try_advisory_xact_lock(hashtext('collection_run'), %s)",
                company.id,
            )
        )
        if not locked:
            raise UserError(
                self.env._(
                    "Another collection run of %(company)s is going on. Wait until it "
                    "has finished.",
                    company=company.name,
                )
            )

        self.env.execute_query(
            SQL(
                """
                UPDATE collection_run SET write_date = write_date
                 WHERE id = (SELECT MAX(id) FROM collection_run WHERE company_id = %s)
                RETURNING id
                """,
                company.id,
            )
        )

    def _record_decisions(self):
        """Keep what was decided, counted per reason."""
        self.ensure_one()
        groups = self.env["collection.case"]._read_group(
            [("company_id", "=", self.company_id.id), ("state", "=", "open")],
            ["decision"],
            ["__count", "amount_overdue:sum"],
        )
        self.env["collection.run.decision"].create(
            [
                {
                    "run_id": self.id,
                    "decision": decision,
                    "case_count": count,
                    "amount_overdue": amount,
                }
                for decision, count, amount in groups
            ]
        )
        engine = self.env["collection.engine"]
        [[orphan_count, orphan_amount]] = self.env.execute_query(
            engine._get_orphans_sql(engine._get_scope(self.company_id, date=self.date))
        )
        self.write(
            {
                "case_count": sum(count for _decision, count, _amount in groups),
                "amount_overdue": sum(amount for _decision, _count, amount in groups),
                "orphan_count": orphan_count,
                "orphan_amount": orphan_amount,
            }
        )

    def action_open_orphans(self):
        """Open the receivable lines that have no partner."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Lines without Partner"),
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": [
                ("company_id", "child_of", self.company_id.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual", ">", 0),
                ("no_followup", "=", False),
                ("partner_id", "=", False),
            ],
        }

    def action_open_contacts(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_contact_action"
            ),
            "domain": [("run_id", "=", self.id)],
            "context": {},
        }


class CollectionRunDecision(models.Model):
    _name = "collection.run.decision"
    _description = "Decision of a Collection Run"
    _order = "amount_overdue desc, id"

    run_id = fields.Many2one(
        "collection.run", required=True, ondelete="cascade", index=True, readonly=True
    )
    currency_id = fields.Many2one(related="run_id.currency_id")
    decision = fields.Selection(DECISIONS, readonly=True)
    case_count = fields.Integer(string="Debtors", readonly=True)
    amount_overdue = fields.Monetary(string="Overdue", readonly=True)

    def action_open_cases(self):
        """Open the cases behind the figure, as far as they still stand there."""
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_case_action"
            ),
            "domain": list(self._get_cases_domain()),
            "context": {},
        }

    def _get_cases_domain(self):
        if self.decision == "send":
            # By now their decision says what became of it.
            return Domain("id", "in", self.run_id.contact_ids.case_id.ids)
        return (
            Domain("company_id", "=", self.run_id.company_id.id)
            & Domain("state", "=", "open")
            & Domain("decision", "=", self.decision)
        )
