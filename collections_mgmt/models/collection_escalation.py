"""Cases that a supervisor has to look at: the rules, and what they raised."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import plaintext2html

from ..const import ESCALATION_BATCH_SIZE

ESCALATION_ACTIVITY = "collections_mgmt.mail_activity_type_escalation"


class CollectionEscalationRule(models.Model):
    _name = "collection.escalation.rule"
    _description = "Escalation Rule"
    _order = "sequence, id"

    name = fields.Char(
        required=True, translate=True, help="The supervisor reads it as the task."
    )
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        domain=[("parent_id", "=", False)],
        default=lambda self: self.env.company.root_id,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    team_id = fields.Many2one(
        "collection.team",
        index="btree_not_null",
        ondelete="cascade",
        domain="[('company_id', '=', company_id)]",
        help="Empty: the cases of every team, and those of nobody.",
    )

    # All that are set have to hold
    idle_days = fields.Integer(
        string="Days without Progress",
        required=True,
        default=0,
        help="Nothing was paid or settled, the debtor did not answer, and nobody "
        "talked with them. 0: however long.",
    )
    amount_above = fields.Monetary(
        string="Overdue above", help="In company currency. 0: whatever the amount."
    )
    broken_count = fields.Integer(
        string="Broken Promises, at Least",
        required=True,
        default=0,
        help="0: however many.",
    )
    stage_id = fields.Many2one(
        "collection.stage",
        string="Stage Reached",
        index="btree_not_null",
        ondelete="cascade",
        help="This stage or a later one of the same strategy. Empty: whatever the "
        "stage.",
    )

    user_id = fields.Many2one(
        "res.users",
        string="Without Supervisor, to",
        domain=lambda self: self.env["res.users"]._get_collectors_domain(),
        help="Who gets the cases of collectors who are in no team with a supervisor.",
    )
    note = fields.Text(string="What to Do", translate=True)
    open_count = fields.Integer(
        string="Open Escalations", compute="_compute_open_count"
    )

    _check_conditions = models.Constraint(
        "CHECK (idle_days >= 0 AND broken_count >= 0 "
        "AND COALESCE(amount_above, 0) >= 0)",
        "Days, amount and number of promises cannot be negative: use 0 for those that "
        "do not matter.",
    )
    _check_has_condition = models.Constraint(
        "CHECK (idle_days > 0 OR broken_count > 0 OR COALESCE(amount_above, 0) > 0 "
        "OR stage_id IS NOT NULL)",
        "Set at least one condition: days, amount, broken promises or stage. Without "
        "one, every case would go to the supervisor.",
    )

    def _compute_open_count(self):
        groups = self.env["collection.escalation"]._read_group(
            Domain("rule_id", "in", self.ids) & Domain("date_resolved", "=", False),
            ["rule_id"],
            ["__count"],
        )
        counts = {rule.id: count for rule, count in groups}
        for rule in self:
            rule.open_count = counts.get(rule.id, 0)

    def action_open_escalations(self):
        """Open what the rule raised."""
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_escalation_action"
            ),
            "domain": [("rule_id", "=", self.id)],
        }


class CollectionEscalation(models.Model):
    """That a rule took a case to a supervisor, until what it says holds no more.

    While it is open, the rule does not raise the case again, even if the supervisor's
    task is done.
    """

    _name = "collection.escalation"
    _inherit = "collection.mine.mixin"
    _description = "Escalation"
    _order = "id desc"
    _log_access = False
    _rec_name = "case_id"

    rule_id = fields.Many2one(
        "collection.escalation.rule",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    case_id = fields.Many2one(
        "collection.case", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="case_id.company_id")
    currency_id = fields.Many2one(related="case_id.currency_id")
    agent_id = fields.Many2one(related="case_id.agent_id")
    amount_overdue = fields.Monetary(related="case_id.amount_overdue")
    user_id = fields.Many2one(
        "res.users", string="Supervisor", readonly=True, index="btree_not_null"
    )
    date = fields.Date(string="Since", required=True, readonly=True)
    date_resolved = fields.Date(
        string="Resolved", readonly=True, help="What the rule says held no more."
    )
    is_told = fields.Boolean(string="Task Given", readonly=True)
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, index="btree_not_null", ondelete="set null"
    )

    _unique_open = models.UniqueIndex(
        "(rule_id, case_id) WHERE date_resolved IS NULL",
        "This rule has already escalated this case.",
    )

    # NIGHTLY

    @api.model
    def _cron_escalate(self, batch_size=ESCALATION_BATCH_SIZE):
        """Raise and resolve escalations of every company, then tell the supervisors."""
        for company in self.env["res.company"].search([("parent_id", "=", False)]):
            self._update(company)
        untold = self._get_untold_domain()
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=self.search_count(untold))
        while escalations := self.search(untold, limit=batch_size, order="id"):
            escalations._give_tasks()
            self.env.flush_all()
            if not cron._commit_progress(len(escalations)):
                break

    def _update(self, company, date=None):
        """Raise what the rules of a company say on a day, and resolve the rest.

        :param res.company company: a root company
        :param datetime.date date: today when empty
        """
        engine = self.env["collection.engine"].with_company(company)
        scope = engine._get_scope(company, date=date)
        self.browse(engine._escalate(scope))._withdraw_tasks()

    def _get_untold_domain(self):
        return (
            Domain("date_resolved", "=", False)
            & Domain("is_told", "=", False)
            & Domain("user_id", "!=", False)
        )

    # TASKS

    def _give_tasks(self):
        """Give the supervisors one task per escalation."""
        self.case_id.mapped("display_name")  # read at once, not task by task
        activities = self.case_id._create_tasks(
            [escalation._prepare_activity_values() for escalation in self]
        )
        for escalation, activity in zip(self, activities, strict=True):
            escalation.activity_id = activity
        self.is_told = True

    def _prepare_activity_values(self):
        self.ensure_one()
        user = self.user_id._get_collection_stand_in()
        rule = self.rule_id.with_context(lang=user.lang)
        return {
            "res_id": self.case_id.id,
            "activity_type_id": self.env.ref(ESCALATION_ACTIVITY).id,
            "summary": rule.name,
            "note": rule.note and plaintext2html(rule.note),
            "user_id": user.id,
            "date_deadline": fields.Date.context_today(self),
            "automated": True,
        }

    def _withdraw_tasks(self):
        """Take back the tasks that are not needed any more."""
        self.activity_id.filtered("active").unlink()


class CollectionCase(models.Model):
    _inherit = "collection.case"

    escalation_ids = fields.One2many(
        "collection.escalation", "case_id", string="Escalations", readonly=True
    )
