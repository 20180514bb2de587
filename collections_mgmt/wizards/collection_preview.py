"""The dry run: who would get what on a day, and why; nothing of it remains."""

import json
from datetime import datetime, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..const import DECISIONS

LINE_COLUMNS = (
    "preview_id",
    "partner_id",
    "currency_id",
    "agent_id",
    "decision",
    "decision_stage_id",
    "decision_amount",
    "next_action_date",
    "outcome",
    "stage_id",
    "step_id",
    "move_id",
    "branch_id",
    "channel",
    "address_partner_id",
    "amount_overdue",
    "amount_asked",
    "item_count",
    "verdict",
    "verdict_data",
    "reason",
)


class DryRunOverError(Exception):
    """Takes the result of a dry run out of the savepoint and undoes the rest."""

    def __init__(self, result):
        super().__init__()
        self.result = result


class CollectionPreview(models.TransientModel):
    _name = "collection.preview"
    _description = "Preview of a Collection Run"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.companies.filtered(lambda c: not c.parent_id)[:1],
        domain=lambda self: [
            ("parent_id", "=", False),
            ("id", "in", self.env.companies.ids),
        ],
    )
    date = fields.Date(
        required=True,
        default=fields.Date.context_today,
        help="What would go out on this day, if nothing was paid and nothing sent "
        "until then.",
    )
    line_ids = fields.One2many("collection.preview.line", "preview_id")

    def action_show(self):
        """Work out the day and list it."""
        self.ensure_one()
        self._check_may_preview()
        rows = self._dry_run(self._get_rows)
        self._replace_lines(rows)
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_preview_line_action"
            ),
            "name": self._get_title(),
            "domain": [("preview_id", "=", self.id)],
        }

    def _get_title(self):
        """Return the day, and how many messages there would be of each outcome."""
        title = self.env._("Preview of %(date)s", date=format_date(self.env, self.date))
        counts = dict(
            self.env["collection.preview.line"]._read_group(
                [("preview_id", "=", self.id)], ["outcome"], ["__count"]
            )
        )
        outcomes = self.line_ids._fields["outcome"]._description_selection(self.env)
        parts = [
            f"{label}: {counts[outcome]}"
            for outcome, label in outcomes
            if outcome != "nothing" and outcome in counts
        ]
        return " · ".join((title, *parts))

    def _check_may_preview(self):
        if not self.env.user.has_group("collections_mgmt.group_collection_manager"):
            raise UserError(self.env._("Only a collections manager can preview a run."))
        if self.company_id not in self.env.companies or self.company_id.parent_id:
            raise UserError(
                self.env._("Choose one of your companies; branches come with it.")
            )
        if self.date < fields.Date.context_today(self):
            raise UserError(self.env._("Choose today or a day to come."))

    def _dry_run(self, read, partner=None):
        """Do a real run, read what it did, and undo all of it.

        :param read: called with the run; returns plain values, no records
        :param partner: the only debtor it is about; all when empty
        :return: what ``read`` returned
        """
        try:
            # The savepoint also takes back what waits in the cache or for the commit,
            # and the lock of the run.
            with self.env.cr.savepoint():
                run = self.env["collection.run"]._plan_company(
                    self.company_id, self.date, partner and tuple(partner.ids)
                )
                self.env.flush_all()
                raise DryRunOverError(read(run))
        except DryRunOverError as over:
            return over.result

    def _get_rows(self, run):
        """Return the lines as one JSON text: a row per message, or per debtor."""
        # In sudo: what contact rules say does not depend on who looks.
        contacts = run.sudo().contact_ids
        answers = contacts._foresee_gate(self.company_id, self._get_moment())
        [[rows]] = self.env.execute_query(
            SQL(
                "SELECT jsonb_agg(row)::text FROM (%s) row",
                self._get_rows_sql(run, json.dumps(answers)),
            )
        )
        return rows or "[]"

    def _get_moment(self):
        """Return the moment for which contact rules are asked: this hour of the day."""
        now = datetime.now(timezone.utc).replace(microsecond=0)
        return now + (self.date - fields.Date.context_today(self))

    def _get_rows_sql(self, run, answers):
        """Return the SELECT of the lines.

        :param str answers: JSON, of ``collection.contact._foresee_gate``
        """
        return SQL(
            """
            SELECT %(preview)s AS preview_id, %(currency)s AS currency_id,
                   cases.partner_id, cases.agent_id, cases.decision,
                   cases.decision_stage_id, cases.decision_amount,
                   cases.next_action_date,
                   CASE WHEN contact.id IS NULL THEN 'nothing'
                        WHEN contact.state = 'review' OR (
                             contact.state = 'test' AND stage.needs_approval
                             AND contact.channel <> 'task')
                        THEN 'review' ELSE asked.outcome END AS outcome,
                   asked.verdict, asked.verdict_data, asked.reason,
                   contact.stage_id, contact.step_id, contact.move_id,
                   contact.branch_id, contact.channel, contact.address_partner_id,
                   -- Once per debtor, so that the column adds up.
                   CASE WHEN ROW_NUMBER() OVER (
                            PARTITION BY cases.id ORDER BY contact.id) = 1
                        THEN cases.amount_overdue ELSE 0 END AS amount_overdue,
                   COALESCE(told.amount, 0) AS amount_asked,
                   COALESCE(told.item_count, 0) AS item_count
              FROM collection_case cases
         LEFT JOIN collection_contact contact
                ON contact.case_id = cases.id AND contact.run_id = %(run)s
         LEFT JOIN collection_stage stage ON stage.id = contact.stage_id
         LEFT JOIN jsonb_to_recordset(%(answers)s::jsonb) AS asked (
                   contact_id integer, outcome text, verdict text,
                   verdict_data jsonb, reason text
              ) ON asked.contact_id = contact.id
         LEFT JOIN (
                SELECT line.contact_id, COUNT(*) AS item_count,
                       SUM(line.amount_residual - COALESCE(line.amount_agreed, 0))
                           AS amount
                  FROM collection_contact_line line
                  JOIN collection_contact named ON named.id = line.contact_id
                 WHERE named.run_id = %(run)s
                 GROUP BY line.contact_id
              ) told ON told.contact_id = contact.id
             WHERE cases.company_id = %(company)s AND cases.state = 'open'
            """,
            preview=self.id,
            currency=self.company_id.currency_id.id,
            run=run.id,
            company=self.company_id.id,
            answers=answers,
        )

    def _replace_lines(self, rows):
        """Store the lines in one statement, in place of those of an earlier day.

        :param str rows: what ``_get_rows`` returned
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL("DELETE FROM collection_preview_line WHERE preview_id = %s", self.id)
        )
        columns = SQL(", ").join(map(SQL.identifier, LINE_COLUMNS))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO collection_preview_line (
                    %(columns)s, create_uid, create_date, write_uid, write_date
                )
                SELECT %(columns)s,
                       %(uid)s, now() AT TIME ZONE 'UTC',
                       %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM jsonb_populate_recordset(
                       NULL::collection_preview_line, %(rows)s::jsonb)
                """,
                columns=columns,
                uid=self.env.uid,
                rows=rows,
            )
        )
        self.env.invalidate_all(flush=False)


class CollectionPreviewLine(models.TransientModel):
    _name = "collection.preview.line"
    _inherit = ["collection.verdict"]
    _description = "What a Collection Run Would Do"
    _order = "amount_overdue desc, id"

    preview_id = fields.Many2one(
        "collection.preview", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", string="Debtor", readonly=True)
    agent_id = fields.Many2one("res.users", string="Collector", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount_overdue = fields.Monetary(
        string="Overdue",
        readonly=True,
        help="Of a debtor with several messages, on the first of them.",
    )

    # What would be decided, and why
    decision = fields.Selection(DECISIONS, readonly=True)
    decision_stage_id = fields.Many2one("collection.stage", readonly=True)
    decision_amount = fields.Monetary(readonly=True)
    next_action_date = fields.Date(readonly=True)
    decision_text = fields.Char(string="What Happens", compute="_compute_decision_text")

    # What would be sent
    outcome = fields.Selection(
        [
            ("send", "Would be sent"),
            ("wait", "Would wait for a lawful moment"),
            ("review", "Would wait for approval"),
            ("blocked", "Would not be allowed"),
            ("dropped", "Would be dropped"),
            ("nothing", "Nothing"),
        ],
        string="Result",
        readonly=True,
    )
    reason = fields.Text(readonly=True)
    gate_text = fields.Text(
        string="What the Rules Say",
        compute="_compute_gate_text",
        help="What keeps the message from leaving, or until when.",
    )
    stage_id = fields.Many2one(
        "collection.stage", string="Dunning Stage", readonly=True
    )
    step_id = fields.Many2one("collection.step", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    branch_id = fields.Many2one("res.company", readonly=True)
    channel = fields.Selection(
        lambda self: (
            self.env["collection.contact"]
            ._fields["channel"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    address_partner_id = fields.Many2one(
        "res.partner", string="Recipient", readonly=True
    )
    address = fields.Char(compute="_compute_address")
    amount_asked = fields.Monetary(
        readonly=True,
        help="Total of the items named, in company currency, before credits are "
        "deducted.",
    )
    item_count = fields.Integer(string="Items Named", readonly=True)
    subject = fields.Char(readonly=True)
    body = fields.Html(string="Text", readonly=True, sanitize=False)

    @api.depends("decision", "decision_stage_id", "decision_amount", "next_action_date")
    @api.depends_context("lang")
    def _compute_decision_text(self):
        for line in self:
            # Not a case that exists: what the case would say.
            case = self.env["collection.case"].new(line._prepare_case_values())
            line.decision_text = case._get_decision_text()

    @api.depends("verdict_data", "reason")
    @api.depends_context("lang")
    def _compute_gate_text(self):
        gate = self.env["collection.gate"]
        for line in self:
            data = line.verdict_data
            if line.verdict == "defer" and not line.reason and data["slot"]:
                line.gate_text = gate._describe_wait(data)
            else:
                line.gate_text = line.reason or (data and gate._describe(data))

    def _prepare_case_values(self):
        self.ensure_one()
        return {
            "company_id": self.preview_id.company_id.id,
            "decision": self.decision,
            "decision_stage_id": self.decision_stage_id.id,
            "decision_amount": self.decision_amount,
            "next_action_date": self.next_action_date,
        }

    @api.depends("channel", "address_partner_id")
    def _compute_address(self):
        for line in self:
            contact = self.env["collection.contact"].new(
                {
                    "channel": line.channel,
                    "address_partner_id": line.address_partner_id.id,
                }
            )
            line.address = contact._get_current_address()

    def action_show_message(self):
        """Repeat the dry run for the debtor, and show what they would read."""
        self.ensure_one()
        self.preview_id._check_may_preview()
        message = self.preview_id._dry_run(self._get_message, self.partner_id)
        if not message:
            raise UserError(
                self.env._("This is not due any more. Show the preview again.")
            )
        self.write({"subject": message["subject"], "body": message["body_html"]})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Message to %(debtor)s", debtor=self.partner_id.name),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _get_message(self, run):
        """Return {"subject", "body_html"} of the contact that is like this line."""
        contact = run.contact_ids.filtered(
            lambda contact: all(
                contact[name] == self[name]
                for name in ("partner_id", "step_id", "move_id", "branch_id")
            )
        )[:1]
        return contact and contact._get_preview()[contact.id]
