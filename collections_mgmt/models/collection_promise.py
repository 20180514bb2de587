"""What a debtor promised to pay, checked by the ledger.

Promises are recorded as drafts and come into force when they are confirmed
(``collection_promise_confirm``); from then on the engine judges them, and nobody edits
what was promised (``collection_promise_effects`` has what follows from a verdict).
"""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..const import PAYMENT_METHODS, PROMISE_STATES, TOLD_BY_COURSE

# What may be added to a promise that is in force.
FREE_FIELDS = frozenset({"note", "payment_method", "promiser_id"})


class CollectionPromise(models.Model):
    _name = "collection.promise"
    _inherit = "collection.agreement"
    _description = "Promise to Pay"
    _order = "date_due desc, id desc"
    _rec_names_search = ["partner_id"]

    # Who promised, to whom
    promiser_id = fields.Many2one(
        "res.partner",
        string="Promised By",
        index="btree_not_null",
        domain="[('commercial_partner_id', '=', partner_id)]",
        help="The person who gave the promise.",
    )
    contact_id = fields.Many2one(
        help="The call or message in which the debtor promised: there it is on record."
    )
    user_id = fields.Many2one(
        "res.users",
        string="Recorded By",
        readonly=True,
        default=lambda self: self.env.user,
    )
    date_made = fields.Date(
        string="Promised On", required=True, default=fields.Date.context_today
    )

    # What was promised
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="The currency of the invoices: one promise for each.",
    )
    payment_method = fields.Selection(PAYMENT_METHODS)
    line_ids = fields.One2many("collection.promise.line", "promise_id", string="Items")
    instalment_ids = fields.One2many(
        "collection.promise.instalment", "promise_id", string="Dates"
    )
    amount = fields.Monetary(
        string="Promised", compute="_compute_amount", store=True, precompute=True
    )
    date_end = fields.Date(
        string="Last Date", compute="_compute_date_end", store=True, precompute=True
    )
    tolerance_days = fields.Integer(
        string="Patience",
        readonly=True,
        help="Days after the date before the promise counts as broken.",
    )
    tolerance_amount = fields.Monetary(
        string="Tolerance",
        readonly=True,
        help="So much may be missing and the promise is kept all the same.",
    )
    note = fields.Text()

    # What became of it; the engine writes it
    state = fields.Selection(
        PROMISE_STATES, required=True, readonly=True, default="draft", index=True
    )
    date_due = fields.Date(
        string="Due",
        readonly=True,
        help="The date it is about now: the next one, or the one that was missed.",
    )
    date_ended = fields.Date(string="Ended On", readonly=True)
    amount_paid = fields.Monetary(string="Paid", readonly=True)
    amount_open = fields.Monetary(
        string="Still Promised", compute="_compute_amount_open"
    )
    amount_due = fields.Monetary(
        string="Due Then",
        compute="_compute_amount_due",
        help="What is still to be paid until the date it is about now.",
    )
    is_settled = fields.Boolean(
        string="Settled Otherwise",
        readonly=True,
        help="Credit notes or corrections left nothing to pay.",
    )
    is_followed = fields.Boolean(
        readonly=True,
        help="The ledger decides about it: it was confirmed, and nobody took it back.",
    )
    replaces_id = fields.Many2one(
        "collection.promise",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    _open_by_case = models.Index("(case_id) WHERE state = 'open'")
    _followed = models.Index("(date_end) WHERE is_followed")

    # COMPUTE

    @api.depends("line_ids.amount")
    def _compute_amount(self):
        for promise in self:
            promise.amount = sum(promise.line_ids.mapped("amount"))

    @api.depends("instalment_ids.date")
    def _compute_date_end(self):
        for promise in self:
            dates = list(filter(None, promise.instalment_ids.mapped("date")))
            promise.date_end = max(dates, default=False)

    @api.depends("line_ids.amount_open")
    def _compute_amount_open(self):
        for promise in self:
            promise.amount_open = sum(promise.line_ids.mapped("amount_open"))

    @api.depends("date_due", "amount_open", "instalment_ids.amount_paid")
    def _compute_amount_due(self):
        for promise in self:
            until = promise.instalment_ids.filtered(
                lambda instalment, promise=promise: (
                    promise.date_due and instalment.date <= promise.date_due
                )
            )
            unpaid = sum(until.mapped("amount")) - sum(until.mapped("amount_paid"))
            promise.amount_due = min(unpaid, promise.amount_open)

    @api.depends("amount", "date_due", "date_end", "partner_id.display_name")
    def _compute_display_name(self):
        for promise in self:
            day = promise.date_due or promise.date_end
            promise.display_name = " · ".join(
                filter(
                    None,
                    (
                        promise.partner_id.display_name,
                        promise.currency_id.format(promise.amount),
                        day and format_date(self.env, day),
                    ),
                )
            )

    # WHO MAY CHANGE WHAT

    def _get_new_fields(self):
        # EXTENDS: what is promised; all else is the suite's own
        return (
            super()._get_new_fields()
            | FREE_FIELDS
            | {"currency_id", "date_made", "line_ids", "instalment_ids"}
        )

    def _get_open_fields(self):
        # OVERRIDE: a draft is worked on, in its case
        is_draft = self.state == "draft"
        return self._get_new_fields() - {"case_id"} if is_draft else FREE_FIELDS

    def _explain_closed(self, names):
        # OVERRIDE: in the words of promises
        return self.env._(
            "What was promised is not changed, and the ledger says what becomes of it; "
            "these fields cannot be edited: %(fields)s. Replace the promise by a new "
            "one, or cancel it.",
            fields=names,
        )

    @api.constrains("date_made")
    def _check_date_made(self):
        for promise in self:
            promise._check_day(promise.date_made, promise.line_ids.item_id)

    @api.constrains("promiser_id")
    def _check_promiser(self):
        for promise in self:
            promiser, debtor = promise.promiser_id, promise.partner_id
            entity = debtor.commercial_partner_id
            if promiser and promiser.commercial_partner_id != entity:
                raise ValidationError(
                    self.env._(
                        "%(person)s does not belong to %(debtor)s: choose one of its "
                        "contacts, or add the person there first.",
                        person=promiser.display_name,
                        debtor=debtor.display_name,
                    )
                )

    @api.constrains("replaces_id")
    def _check_replaced(self):
        # In sudo: it must not tell anything about a promise of another case.
        for promise in self.sudo():
            replaced = promise.replaces_id
            if replaced and replaced.case_id != promise.case_id:
                raise ValidationError(
                    self.env._("A promise replaces one of the same debtor alone.")
                )

    def copy(self, default=None):  # pylint: disable=method-required-super
        # OVERRIDE: a promise is given, not copied
        raise UserError(self.env._("A promise cannot be copied: record the new one."))

    def _check_is_draft(self):
        if not self.env.su and any(promise.state != "draft" for promise in self):
            raise UserError(
                self.env._(
                    "What was promised is not changed. Replace the promise by a new "
                    "one, or cancel it."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        if any(promise.state != "draft" for promise in self):
            raise UserError(
                self.env._(
                    "A promise that was in force stays on record. Cancel it instead."
                )
            )

    # STATES

    def _move(self, allowed, state, **values):
        """Move to ``state`` and return the promises that really moved.

        :param tuple allowed: states they may come from; others are left as they are
        """
        moved = self.filtered(lambda promise: promise.state in allowed)
        if moved:
            # In sudo: states are the suite's own; who may act was checked before.
            moved.sudo().write({"state": state, **values})
        return moved

    def _release(self, state):
        """Take promises back: nothing is held back for them, and nothing judged.

        :param str state: "replaced" or "cancelled"
        :return: the promises that were in force or drafts until now
        """
        moved = self._move(
            ("draft", "open"),
            state,
            is_followed=False,
            date_ended=fields.Date.context_today(self),
        )
        moved.sudo().line_ids.amount_open = 0.0  # as for the state
        moved._note_debtors()
        return moved

    def _note_debtors(self):
        """Have these debtors decided anew when the transaction ends."""
        self.env["collection.engine"]._note_debtors(
            (promise.company_id, promise.partner_id) for promise in self.sudo()
        )

    # ACTIONS

    def action_cancel(self):
        """Take the promises back; what they held back is chased again."""
        self.check_access("write")
        ended = self.filtered(lambda promise: promise.state not in ("draft", "open"))
        if ended:
            raise UserError(
                self.env._(
                    "%(promise)s has ended already: only drafts and open promises can "
                    "be cancelled.",
                    promise=ended[0].display_name,
                )
            )
        had_effect = self.filtered(
            lambda promise: promise.state == "open" or promise.proposal_hash
        )
        moved = self._release("cancelled")
        had_effect._note_facts(
            "promise_cancelled", lambda promise: promise._get_own_facts()
        )
        moved._log_on_cases(
            lambda promise: promise.env._(
                "Promise of %(amount)s cancelled.",
                amount=promise.currency_id.format(promise.amount),
            ),
            TOLD_BY_COURSE,
        )
        return True

    def action_replace(self):
        """Open the form for what is promised instead."""
        self.ensure_one()
        self.check_access("write")
        if self.state != "open":
            raise UserError(
                self.env._("Only an open promise can be replaced: record a new one.")
            )
        return self.case_id._get_register_action(
            self.line_ids.item_id, default_replaces_id=self.id
        )

    def action_open_case(self):
        self.ensure_one()
        return self.case_id._get_form_action()
