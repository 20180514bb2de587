"""What a debtor contests: only that part of the items leaves the dunning."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import DISPUTE_STATES, OPEN_DISPUTES

# What people may change until a dispute is closed.
OPEN_FIELDS = frozenset(
    {
        *("reason_id", "reference", "description", "contact_id", "line_ids"),
        *("user_id", "date_deadline", "answer", "tell_debtor"),
    }
)
# What the conversation keeps on the record itself, whatever its state.
DOCUMENT_FIELDS = frozenset({"message_main_attachment_id"})
# Averages of these are about closed disputes: an open one has none yet.
CLOSED_MEASURES = ("cycle_days", "valid_percent")


class CollectionDisputeReason(models.Model):
    _name = "collection.dispute.reason"
    _description = "Reason of a Dispute"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    days = fields.Integer(
        string="Days to Answer",
        default=10,
        help="Until then the debtor shall have an answer.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Answered By",
        domain=lambda self: self.env["res.users"]._get_collectors_domain(),
        help="Who looks into such disputes. Empty: the collector.",
    )

    _check_days = models.Constraint(
        "CHECK (days BETWEEN 0 AND 3650)",
        "A dispute is answered within 0 to 3650 days: correct the days of the reason.",
    )

    @api.constrains("user_id")
    def _check_user(self):
        self.user_id._check_collects_for(self.env["res.company"])


class CollectionDispute(models.Model):
    _name = "collection.dispute"
    _description = "Dispute"
    _inherit = [
        "collection.agreement",
        "collection.inner.thread",
        "collection.mine.mixin",
        "mail.activity.mixin",
    ]
    _order = "date_deadline, id desc"
    _rec_names_search = ["partner_id", "reference"]

    reason_id = fields.Many2one(
        "collection.dispute.reason",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
    )
    reference = fields.Char(
        string="Debtor's Reference",
        tracking=True,
        help="A claim number, an order, a date.",
    )
    description = fields.Html(help="What the debtor says.")
    contact_id = fields.Many2one(
        help="The call or message in which the debtor objected."
    )
    line_ids = fields.One2many("collection.dispute.line", "dispute_id", string="Items")
    has_lost_items = fields.Boolean(compute="_compute_has_lost_items")
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount = fields.Monetary(
        string="Disputed",
        compute="_compute_amount",
        store=True,
        help="In company currency, by the open amounts of the items.",
    )
    state = fields.Selection(
        DISPUTE_STATES, required=True, readonly=True, default="open", tracking=True
    )
    user_id = fields.Many2one(
        "res.users",
        string="Answered By",
        compute="_compute_from_reason",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        domain=lambda self: self.env["res.users"]._get_collectors_domain(),
    )
    date_opened = fields.Date(
        string="Opened On", required=True, default=fields.Date.context_today
    )
    date_deadline = fields.Date(
        string="Answer Until",
        compute="_compute_from_reason",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
    )
    date_closed = fields.Date(string="Closed On", readonly=True, copy=False)
    cycle_days = fields.Integer(
        string="Days until Answered",
        compute="_compute_measures",
        store=True,
        aggregator="avg",
    )
    valid_percent = fields.Float(
        string="Valid (%)",
        compute="_compute_measures",
        store=True,
        aggregator="avg",
        help="How many in a hundred closed disputes were accepted.",
    )
    answer = fields.Html(help="What the debtor is told, and why.")
    tell_debtor = fields.Boolean(
        string="Tell the Debtor",
        default=True,
        help="The answer is sent to the debtor when the dispute is closed.",
    )

    _open_by_case = models.Index("(case_id) WHERE state IN ('open', 'review')")

    @api.depends("line_ids.amount_company")
    def _compute_amount(self):
        for dispute in self:
            dispute.amount = sum(dispute.line_ids.mapped("amount_company"))

    @api.depends("line_ids.item_id")
    def _compute_has_lost_items(self):
        for dispute in self:
            dispute.has_lost_items = any(
                line.item_name and not line.item_id for line in dispute.line_ids
            )

    # Not on the case: merged debtors change it, and who answers stays.
    @api.depends("reason_id")
    def _compute_from_reason(self):
        for dispute in self:
            reason = dispute.reason_id
            dispute.user_id = (
                reason.user_id or dispute.case_id.agent_id or self.env.user
            )
            # A day to come is refused: nothing is counted from it.
            today = fields.Date.context_today(self)
            opened = min(dispute.date_opened or today, today)
            dispute.date_deadline = opened + timedelta(days=reason.days)

    @api.onchange("case_id")
    def _onchange_case_id(self):
        self._compute_from_reason()

    @api.depends("date_opened", "date_closed", "state")
    def _compute_measures(self):
        for dispute in self:
            closed = dispute.date_closed
            dispute.cycle_days = (closed - dispute.date_opened).days if closed else 0
            dispute.valid_percent = 100.0 if dispute.state == "accepted" else 0.0

    def _read_group_select(self, aggregate_spec, query):
        # EXTENDS 'base': a column of numbers holds 0 where there is none yet
        aggregate = super()._read_group_select(aggregate_spec, query)
        if aggregate_spec.partition(":")[0] not in CLOSED_MEASURES:
            return aggregate
        closed = self._field_to_sql(self._table, "date_closed", query)
        return SQL("%s FILTER (WHERE %s IS NOT NULL)", aggregate, closed)

    @api.depends("partner_id.display_name", "reason_id.name")
    def _compute_display_name(self):
        for dispute in self:
            parts = (dispute.partner_id.display_name, dispute.reason_id.name)
            dispute.display_name = " · ".join(filter(None, parts))

    # WHO MAY CHANGE WHAT

    def _get_new_fields(self):
        # EXTENDS: what the debtor says, and who answers it until when
        return (
            super()._get_new_fields() | OPEN_FIELDS | {"date_opened"} | DOCUMENT_FIELDS
        )

    def _get_open_fields(self):
        # OVERRIDE: closed disputes stay as they were closed
        return DOCUMENT_FIELDS | (OPEN_FIELDS if self._is_open() else set())

    def _explain_closed(self, names):
        # OVERRIDE: in the words of disputes
        return self.env._(
            "What was said and decided of a dispute is not changed; these fields "
            "cannot be edited: %(fields)s. Use the buttons, or record a new dispute.",
            fields=names,
        )

    @api.constrains("date_opened")
    def _check_date_opened(self):
        for dispute in self:
            dispute._check_day(dispute.date_opened, dispute.line_ids.item_id)

    @api.constrains("user_id")
    def _check_user(self):
        for dispute in self:
            dispute.user_id._check_collects_for(dispute.company_id)

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: what is contested is not asked for any more
        disputes = super().create(vals_list)
        disputes._check_has_lines()
        disputes._on_opened()
        return disputes

    def write(self, vals):
        # EXTENDS: more or less of it is asked for
        texts = self._get_texts(vals)
        result = super().write(vals)
        if "line_ids" in vals:
            self.sudo()._check_has_lines()  # in sudo: it may be out of reach now
            self._note_debtors()
        self._on_changed(vals, texts)
        return result

    def _check_has_lines(self):
        # At the end of the transaction one may be undone that was there.
        for dispute in self.exists():
            if not dispute.line_ids:
                raise UserError(
                    self.env._(
                        "Name the items that the debtor contests, and how much. If "
                        "nothing is contested any more, withdraw the dispute."
                    )
                )

    def copy(self, default=None):  # pylint: disable=method-required-super
        # OVERRIDE: each objection is the debtor's own
        raise UserError(self.env._("A dispute cannot be copied: record the new one."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("A dispute stays on record. Withdraw it if it was a mistake.")
        )

    def _is_open(self):
        self.ensure_one()
        return self.state in OPEN_DISPUTES

    def _check_is_open(self):
        if closed := self.filtered(lambda dispute: not dispute._is_open()):
            raise UserError(
                self.env._(
                    "The dispute “%(dispute)s” is closed: record a new one.",
                    dispute=closed[0].display_name,
                )
            )

    def _note_debtors(self):
        """Have these debtors decided anew when the transaction ends."""
        self.env["collection.engine"]._note_debtors(
            (dispute.company_id, dispute.partner_id) for dispute in self.sudo()
        )

    # ACTIONS

    def action_review(self):
        """Somebody looks into the dispute."""
        self._check_is_open()
        self._move("review")
        return True

    def action_reject(self):
        """The debtor is not right: it is asked for again, and the reason told."""
        for dispute in self:
            dispute._check_is_open()
            if not dispute.answer:
                raise UserError(
                    self.env._("Write the answer first: the debtor is told why.")
                )
            dispute._close(
                "rejected", self.env._("The dispute about %(amount)s is rejected.")
            )
        return True

    def action_withdraw(self):
        """The debtor takes the objection back, or it was a mistake."""
        for dispute in self:
            dispute._check_is_open()
            dispute._close(
                "withdrawn", self.env._("The dispute about %(amount)s is withdrawn.")
            )
        return True

    def action_open_case(self):
        self.ensure_one()
        return self.case_id._get_form_action()

    def _move(self, state, **values):
        self.check_access("write")
        # In sudo: states move by these buttons alone.
        self.sudo().write({"state": state, **values})

    def _close(self, state, sentence):
        self._move(state, date_closed=fields.Date.context_today(self))
        self._note_debtors()
        self._on_closed(sentence)
