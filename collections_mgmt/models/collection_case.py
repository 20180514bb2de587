from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import LazyTranslate, format_date

from ..const import DECISIONS, DECISIONS_FOR_A_PERSON

_lt = LazyTranslate(__name__)

# What the engine writes and nobody edits by hand.
ENGINE_FIELDS = {
    "partner_id",
    "company_id",
    "state",
    "date_opened",
    "date_closed",
    "strategy_id",
    "stage_id",
    "date_last_contact",
    "amount_open",
    "amount_overdue",
    "amount_credit",
    "date_oldest_due",
    "decision",
    "decision_date",
    "decision_stage_id",
    "decision_amount",
    "next_action_date",
    "reply_date",
    "reply_channel",
    "reply_partner_id",
    "hold_date",
    "close_reason",
    "cured_stage_id",
    "date_erased",
    "rank_score",
    "rank_reasons",
    "risk",
    "no_contact_before",
    "promise_date_next",
    "broken_promise_count",
}


class CollectionCase(models.Model):
    _name = "collection.case"
    _description = "Collection Case"
    _inherit = ["mail.thread", "mail.activity.mixin", "collection.mine.mixin"]
    _mine_field = "agent_id"
    _rec_names_search = ["partner_id"]
    _order = "amount_overdue desc, id"
    _check_company_auto = True

    # What the case is about
    partner_id = fields.Many2one(
        "res.partner", string="Debtor", required=True, index=True, readonly=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")],
        default="open",
        required=True,
        readonly=True,
    )
    date_opened = fields.Date(readonly=True)
    date_closed = fields.Date(readonly=True)

    # Who works on it, and how
    agent_id = fields.Many2one(
        "res.users",
        string="Collector",
        index=True,
        tracking=True,
        domain=lambda self: self.env["res.users"]._get_collectors_domain(),
    )
    strategy_id = fields.Many2one("collection.strategy", readonly=True, index=True)
    # Without an index: a mailing moves every case, and with it each of its indexes.
    stage_id = fields.Many2one(
        "collection.stage",
        readonly=True,
        group_expand="_group_expand_stage",
        # Unlike other words of a field it is exported only when it is marked.
        falsy_value_label=_lt("No Stage Yet"),  # pylint: disable=translation-field
        help="The highest stage that an overdue item of this debtor has reached.",
    )
    date_last_contact = fields.Date(
        string="Last Contact",
        readonly=True,
        help="When a message last really went out.",
    )

    # What is owed; the engine writes these figures, in company currency
    item_ids = fields.One2many(
        "collection.item", "case_id", string="Items", readonly=True
    )
    open_item_ids = fields.One2many(
        "collection.item",
        "case_id",
        string="Open Items",
        domain=[("state", "=", "open")],
        readonly=True,
    )
    contact_ids = fields.One2many(
        "collection.contact", "case_id", string="Contact Attempts", readonly=True
    )
    amount_open = fields.Monetary(
        string="Open Amount", readonly=True, help="All open items, due or not."
    )
    amount_overdue = fields.Monetary(string="Overdue", readonly=True)
    amount_credit = fields.Monetary(
        string="Unallocated Credits",
        readonly=True,
        help="Payments and credit notes not yet matched with an invoice.",
    )
    date_oldest_due = fields.Date(string="Oldest Due Date", readonly=True)
    days_overdue = fields.Integer(
        string="Days Late",
        compute="_compute_days_overdue",
        help="Days since the oldest due date.",
    )
    item_count = fields.Integer(compute="_compute_item_count")

    # What came from the debtor
    reply_date = fields.Datetime(
        string="Unread Reply",
        readonly=True,
        help="The debtor answered and nobody has looked at it yet.",
    )
    hold_date = fields.Date(
        string="On Hold until",
        readonly=True,
        help="No message goes out by itself before this day has passed.",
    )

    # How it ended
    close_reason = fields.Selection(
        [
            ("paid", "Paid"),
            ("credited", "Credited"),
            ("left", "Not followed any more"),
        ],
        string="Closed Because",
        readonly=True,
    )
    cured_stage_id = fields.Many2one(
        "collection.stage",
        string="Cured at Stage",
        readonly=True,
        index="btree_not_null",
        help="The stage the case had reached when the last item was settled.",
    )
    sent_count = fields.Integer(
        string="Contacts Made",
        compute="_compute_sent_count",
        help="Messages and tasks that were really done.",
    )

    # What happens next, and why. Without indexes: a new day rewrites most of these.
    decision = fields.Selection(DECISIONS, readonly=True)
    decision_date = fields.Date(readonly=True)
    decision_stage_id = fields.Many2one("collection.stage", readonly=True)
    decision_amount = fields.Monetary(readonly=True)
    decision_text = fields.Char(string="What Happens", compute="_compute_decision_text")
    next_action_date = fields.Date(
        string="Next Action",
        readonly=True,
        help="Until this day the decision holds.",
    )
    decision_ids = fields.One2many(
        "collection.case.decision",
        "case_id",
        string="Past Decisions",
        domain=[("decision", "!=", False)],
        readonly=True,
    )
    needs_person = fields.Boolean(
        string="Needs a Person",
        compute="_compute_needs_person",
        search="_search_needs_person",
        help="Nothing more happens by itself: a collector has to act.",
    )

    _unique_open_case = models.UniqueIndex(
        "(partner_id, company_id) WHERE state = 'open'",
        "This debtor already has an open case in this company.",
    )

    @api.depends("partner_id.display_name")
    def _compute_display_name(self):
        for case in self:
            case.display_name = case.partner_id.display_name

    @api.depends("date_oldest_due")
    def _compute_days_overdue(self):
        today = fields.Date.context_today(self)
        for case in self:
            due = case.date_oldest_due
            case.days_overdue = max((today - due).days, 0) if due else 0

    @api.depends("item_ids.state")
    def _compute_item_count(self):
        groups = self.env["collection.item"]._read_group(
            [("case_id", "in", self.ids), ("state", "=", "open")],
            ["case_id"],
            ["__count"],
        )
        count_by_case = {case.id: count for case, count in groups}
        for case in self:
            case.item_count = count_by_case.get(case.id, 0)

    @api.depends("contact_ids.state")
    def _compute_sent_count(self):
        groups = self.env["collection.contact"]._read_group(
            [
                ("case_id", "in", self.ids),
                ("state", "=", "sent"),
                ("stage_id", "!=", False),
            ],
            ["case_id"],
            ["__count"],
        )
        count_by_case = {case.id: count for case, count in groups}
        for case in self:
            case.sent_count = count_by_case.get(case.id, 0)

    @api.depends("decision")
    def _compute_needs_person(self):
        for case in self:
            case.needs_person = case.decision in DECISIONS_FOR_A_PERSON

    def _search_needs_person(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("decision", "in", DECISIONS_FOR_A_PERSON)

    @api.depends("decision", "decision_stage_id", "decision_amount", "next_action_date")
    @api.depends_context("lang")
    def _compute_decision_text(self):
        for case in self:
            case.decision_text = case._get_decision_text()

    def _get_decision_text(self):
        """Return the decision as a sentence in the user's language, or False."""
        self.ensure_one()
        template = self._get_decision_sentences().get(self.decision)
        if not template:
            return False
        return template % {
            "stage": self.decision_stage_id.name or "",
            "date": format_date(self.env, self.next_action_date),
            "amount": self.currency_id.format(self.decision_amount),
        }

    def _get_decision_sentences(self):
        """Return {decision code: sentence}, with the places stage, date and amount.

        Modules that add a decision add its sentence here.
        """
        return {
            "no_strategy": self.env._("No strategy applies to this debtor."),
            "queued": self.env._("“%(stage)s” is on its way."),
            "review": self.env._("“%(stage)s” waits for approval."),
            "hold": self.env._("On hold until %(date)s.")
            if self.next_action_date
            else self.env._("On hold until somebody ends it."),
            "replied": self.env._(
                "The debtor replied: nothing goes out until somebody has looked at it."
            ),
            "promised": self.env._("%(amount)s are promised until %(date)s.")
            if self.next_action_date
            else self.env._("%(amount)s are promised."),
            "disputed": self.env._("%(amount)s are disputed."),
            "held": self.env._("%(amount)s are on hold until %(date)s.")
            if self.next_action_date
            else self.env._("%(amount)s are on hold."),
            "tolerance": self.env._("Only small differences of %(amount)s are left."),
            "condition": self.env._(
                "“%(stage)s” is due, but none of its steps applies to what the debtor "
                "did."
            ),
            "not_due": self.env._("Nothing to do before %(date)s.")
            if self.next_action_date
            else self.env._("Nothing to do for now."),
            "credits": self.env._(
                "Unallocated credits of %(amount)s cover what is overdue."
            ),
            "minimum": self.env._("%(amount)s is below the minimum amount."),
            "wait": self.env._("Next: “%(stage)s” on %(date)s."),
            "last_stage": self.env._("All stages are done: a collector takes over."),
            "blocked": self.env._(
                "Contact rules do not allow “%(stage)s”; asked again on %(date)s."
            ),
            "failed": self.env._("The last message failed; a new attempt on %(date)s."),
            "gap": self.env._("Contacted recently: “%(stage)s” follows on %(date)s."),
            "no_address": self.env._("“%(stage)s” is due, but there is no address."),
            "send": self.env._("“%(stage)s” is due."),
            "sent": self.env._("“%(stage)s” was done on %(date)s."),
            "dropped": self.env._("“%(stage)s” was not needed any more."),
            "skipped": self.env._("“%(stage)s” was skipped by a person."),
        }

    def unlink(self):
        # Odoo takes the conversation away before it looks at the rights.
        self.check_access("unlink")
        return super().unlink()

    def write(self, vals):
        if not self.env.su and (written := ENGINE_FIELDS.intersection(vals)):
            raise AccessError(
                self.env._(
                    "These fields of a case follow the ledger and cannot be edited: "
                    "%(fields)s. Correct the invoice or the payment instead.",
                    fields=", ".join(
                        self._fields[name]._description_string(self.env)
                        for name in sorted(written)
                    ),
                )
            )
        return super().write(vals)

    def _on_closed(self):
        """The engine closed these cases; their tasks are done with."""
        # In sudo: a payment can close a case whoever enters it.
        self.env["mail.activity"].sudo().search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("automated", "=", True),
            ]
        ).unlink()

    def _on_reopened(self):
        """The engine opened these cases again: an item that was settled came back."""

    def _note_outcome(self, decision, date):
        """Say what became of the message that was due, until the next run.

        :param str decision: a code of const.DECISIONS
        :param datetime.date date: when it happened, or when it is tried again
        """
        self.write(
            {
                "decision": decision,
                "decision_date": fields.Date.context_today(self),
                "next_action_date": date,
            }
        )

    def _get_leading_strategy(self):
        """Return ``_get_leading_strategy_sql`` of the case."""
        self.ensure_one()
        return self.strategy_id or self.open_item_ids.strategy_id.sorted()[:1]

    def _write_multi(self, vals_list):
        # EXTENDS 'base': what was decided until now is kept, of all cases together
        self.env["collection.case.decision"]._keep(self, vals_list)
        return super()._write_multi(vals_list)

    def _fold_into(self, partner):
        """Give what these open cases hold to the partner's case in their company.

        Called before debtors are merged: one debtor has one open case. What was sent
        stays on record. What was not is off: beside the message of the remaining case
        it would come too soon, and the next run plans anew for all that is owed.

        :param res.partner partner: the debtor who remains
        """
        for company, cases in self.grouped("company_id").items():
            target = self._get_remaining_case(partner, company) or cases[0]
            folded = cases - target
            folded._drop_messages_on_their_way(
                self.env._("The debtor was merged with another.")
            )
            folded.item_ids.write(
                {
                    "case_id": target.id,
                    "date_changed": fields.Date.context_today(self),
                }
            )
            folded.contact_ids._move_to_case(target)
            folded.promise_ids.write({"case_id": target.id})
            folded.dispute_ids.write({"case_id": target.id})
            folded.activity_ids.write({"res_id": target.id})
            contacted = (target | folded).filtered("date_last_contact")
            if contacted:
                target.date_last_contact = max(contacted.mapped("date_last_contact"))
            replied = (target | folded).filtered("reply_date")
            if replied:
                last = replied.sorted("reply_date")[-1]
                target.write(
                    {
                        "reply_date": min(replied.mapped("reply_date")),
                        **last._prepare_reply_values(
                            last.reply_channel, last.reply_partner_id
                        ),
                    }
                )
            today = fields.Date.context_today(self)
            folded.write(
                {
                    "state": "closed",
                    "date_closed": today,
                    "reply_date": False,
                    "decision": False,
                    "decision_date": today,
                    "decision_stage_id": False,
                    "decision_amount": False,
                    "next_action_date": False,
                }
            )

    def _get_remaining_case(self, partner, company):
        """Return the open case of a debtor in a company, if there is one."""
        return self.search(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("state", "=", "open"),
            ]
        )

    # ACTIONS

    def action_open_items(self):
        """Open all items of the case, settled ones included."""
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_item_action"
            ),
            "domain": [("case_id", "=", self.id)],
        }

    def action_open_history(self):
        """Open what its items were and what was decided, the last day first."""
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_history_action"
            ),
            "domain": [("case_id", "=", self.id)],
            "context": {"search_default_group_day": 1},
        }

    def _get_form_action(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_open_partner(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "view_mode": "form",
        }

    # MAIL

    def _mail_get_partner_fields(self, introspect_fields=False):
        # OVERRIDE 'mail': the debtor is the customer, the collector is not
        return ["partner_id"]

    def _get_sender(self):
        """Return the partner who signs messages: the collector, else the company."""
        self.ensure_one()
        agent = self.agent_id.partner_id
        return agent if agent.email else self.company_id.partner_id

    # TASKS

    def _get_responsible(self):
        """Return the user who gets the tasks: the collector, else nobody."""
        self.ensure_one()
        return self.agent_id

    @api.model
    def _create_tasks(self, values_list):
        """Create activities on cases, from values without the model.

        People work from their lists: no e-mail to them for each of its entries.
        """
        model_id = self.env["ir.model"]._get_id(self._name)
        return (
            self.env["mail.activity"]
            .with_context(mail_activity_quick_update=True)
            .create([{"res_model_id": model_id, **values} for values in values_list])
        )
