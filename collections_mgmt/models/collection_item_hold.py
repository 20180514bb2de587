"""What is not asked for meanwhile: whole items, for a reason, until a day."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..const import (
    HOLD_STATES,
    PAYMENT_METHODS,
    SETTLED_BY,
    SHOWN_HOLD_STATES,
    TOLD_BY_COURSE,
)

# What people say when they record one; nothing of it is edited afterwards.
NEW_FIELDS = frozenset(
    {
        *("item_ids", "is_whole_case", "reason_id", "date_until", "note"),
        *("receipt_ids",),
        *("amount_announced", "payment_date", "payment_method", "payment_reference"),
    }
)
# What the conversation keeps on the record itself, whatever its state.
DOCUMENT_FIELDS = frozenset({"message_main_attachment_id"})


class CollectionItemHold(models.Model):
    _name = "collection.item.hold"
    _inherit = ["collection.agreement", "collection.inner.thread"]
    _description = "Hold"
    _order = "date_until, id desc"
    _rec_names_search = ["partner_id", "payment_reference"]

    contact_id = fields.Many2one(
        string="Who Said So",
        help="The call or message in which the debtor said it: there it is on record.",
    )
    reason_id = fields.Many2one(
        "collection.hold.reason",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('company_id', 'in', (False, company_id))]",
    )
    item_ids = fields.Many2many(
        "collection.item",
        "collection_item_hold_item_rel",
        "hold_id",
        "item_id",
        string="Items",
        compute="_compute_item_ids",
        store=True,
        readonly=False,
        help="Whole items; all that is open when none is chosen.",
    )
    is_whole_case = fields.Boolean(
        string="The Whole Case",
        help="Nothing is asked of the debtor at all, later invoices included.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_amount", store=True)
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        help="What was open of the items then, less credits.",
    )
    date_from = fields.Date(
        string="Since",
        required=True,
        readonly=True,
        copy=False,
        default=fields.Date.context_today,
    )
    date_until = fields.Date(
        string="Until",
        compute="_compute_date_until",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="The last day on which nothing is asked for. Empty: until somebody "
        "cancels it; only managers may leave it so.",
    )
    note = fields.Text(help="What was said, and by whom.")
    state = fields.Selection(
        HOLD_STATES, required=True, readonly=True, default="open", tracking=True
    )
    shown_state = fields.Selection(
        SHOWN_HOLD_STATES,
        string="Status",
        compute="_compute_shown_state",
        help="An announced payment is no hold of ours.",
    )
    date_closed = fields.Date(string="Over Since", readonly=True, copy=False)
    settled_by = fields.Selection(
        SETTLED_BY,
        readonly=True,
        copy=False,
        help="What left nothing to hold.",
    )
    cancel_reason = fields.Char(string="Cancelled Because", readonly=True, copy=False)

    # A payment that the debtor announced
    is_payment_announced = fields.Boolean(
        string="Payment Announced",
        compute="_compute_is_payment_announced",
        store=True,
        precompute=True,
    )
    amount_announced = fields.Monetary(
        string="Announced Amount",
        compute="_compute_amount_announced",
        store=True,
        readonly=False,
        help="What the debtor says was paid.",
    )
    payment_date = fields.Date(
        string="Paid On", help="The day on which the debtor says it was paid."
    )
    payment_method = fields.Selection(PAYMENT_METHODS)
    payment_reference = fields.Char(help="A transfer, a cheque, a bank.")
    receipt_ids = fields.One2many(
        "ir.attachment",
        "res_id",
        string="Receipts",
        domain=[("res_model", "=", "collection.item.hold")],
        bypass_search_access=True,
    )
    is_from_debtor = fields.Boolean(
        string="Said by the Debtor",
        readonly=True,
        copy=False,
        help="On the page behind the link of a message, not to a collector.",
    )
    has_receipt = fields.Boolean(
        compute="_compute_has_receipt", search="_search_has_receipt"
    )
    is_missed = fields.Boolean(
        string="Payment Not Seen",
        readonly=True,
        copy=False,
        help="The day passed without the money.",
    )

    _open_by_debtor = models.Index("(partner_id) WHERE state = 'open'")
    _of_whole_case = models.Index("(partner_id) WHERE is_whole_case")

    # COMPUTE

    @api.depends("case_id", "is_whole_case")
    def _compute_item_ids(self):
        for hold in self:
            if hold.is_whole_case:
                hold.item_ids = False  # the engine finds them, also those to come
                continue
            # What was held stays so, also when two debtors become one.
            hold.item_ids = hold._origin.item_ids or hold.case_id.open_item_ids

    @api.depends("item_ids", "is_whole_case")
    def _compute_amount(self):
        for hold in self:
            items = hold._get_held_items()
            currencies = items.currency_id
            hold.currency_id = (
                currencies if len(currencies) == 1 else hold.company_id.currency_id
            )
            hold.amount = sum(item._get_uncovered(hold.currency_id) for item in items)

    @api.depends("reason_id")
    def _compute_date_until(self):
        for hold in self:
            days = hold.reason_id.days
            since = hold.date_from or fields.Date.context_today(self)
            hold.date_until = days and since + timedelta(days=days)

    @api.depends("reason_id")
    def _compute_is_payment_announced(self):
        for hold in self:
            hold.is_payment_announced = hold.reason_id.is_payment_announced

    @api.depends("state", "is_payment_announced")
    def _compute_shown_state(self):
        for hold in self:
            in_force = "announced" if hold.is_payment_announced else "held"
            hold.shown_state = in_force if hold.state == "open" else hold.state

    @api.depends("reason_id", "item_ids")
    def _compute_amount_announced(self):
        for hold in self:
            is_announced = hold.is_payment_announced
            hold.amount_announced = hold.amount if is_announced else 0.0

    @api.depends("receipt_ids")
    def _compute_has_receipt(self):
        for hold in self:
            hold.has_receipt = bool(hold.receipt_ids)

    def _search_has_receipt(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("receipt_ids", "!=" if True in value else "=", False)]

    @api.depends("partner_id.display_name", "reason_id.name")
    def _compute_display_name(self):
        for hold in self:
            parts = (hold.partner_id.display_name, hold.reason_id.name)
            hold.display_name = " · ".join(filter(None, parts))

    # WHO MAY CHANGE WHAT

    def _get_new_fields(self):
        # EXTENDS: what is held, why and until when
        return super()._get_new_fields() | NEW_FIELDS | DOCUMENT_FIELDS

    def _get_open_fields(self):
        # OVERRIDE: prolonging and cancelling have their buttons
        return DOCUMENT_FIELDS

    def _explain_closed(self, names):
        # OVERRIDE: in the words of holds
        return self.env._(
            "What was said of a hold is not changed; these fields cannot be edited: "
            "%(fields)s. Prolong the hold, or cancel it and record a new one.",
            fields=names,
        )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: what is held is not asked for any more
        holds = super().create(vals_list)
        for hold in holds:
            hold.case_id._lock_for_gate()  # nobody holds the same items meanwhile
            hold._check_can_hold()
        holds._on_opened()
        return holds

    def copy(self, default=None):  # pylint: disable=method-required-super
        # OVERRIDE: each has its own reason and day
        raise UserError(self.env._("A hold cannot be copied: record the new one."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("A hold stays on record. Cancel it if it was a mistake.")
        )

    def _get_held_items(self):
        """Return the items: of a whole case all that is open now."""
        self.ensure_one()
        return self.case_id.open_item_ids if self.is_whole_case else self.item_ids

    def _get_in_force(self):
        """Return those that hold something back today."""
        return self.filtered_domain(self._get_in_force_domain())

    @api.model
    def _get_in_force_domain(self):
        """Return the domain of those that hold something back today."""
        today = fields.Date.context_today(self)
        return Domain("state", "=", "open") & (
            Domain("date_until", "=", False) | Domain("date_until", ">=", today)
        )

    # ACTIONS

    def action_prolong(self):
        """Ask until when."""
        return self._get_change_action("prolong", self.env._("Prolong Hold"))

    def action_cancel(self):
        """Ask why it is over."""
        return self._get_change_action("cancel", self.env._("Cancel Hold"))

    def _get_change_action(self, act, title):
        self.ensure_one()
        self._check_is_open()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "collection.item.hold.change",
            "view_mode": "form",
            "target": "new",
            "context": {"default_hold_id": self.id, "default_act": act},
        }

    def action_open_case(self):
        self.ensure_one()
        return self.case_id._get_form_action()

    def action_open_moves(self):
        """Open the invoices that are held."""
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "account.action_move_out_invoice_type"
            ),
            "domain": [("id", "in", self._get_held_items().move_id.ids)],
        }

    def _check_is_open(self):
        if closed := self.filtered(lambda hold: hold.state != "open"):
            raise UserError(
                self.env._(
                    "The hold “%(hold)s” is over: record a new one.",
                    hold=closed[0].display_name,
                )
            )

    def _prolong(self, until, reason=None):
        """Hold the items until a later day.

        :param datetime.date until: empty: until it is cancelled
        """
        self.ensure_one()
        self.check_access("write")
        self._check_is_open()
        if not self.date_until:
            raise UserError(
                self.env._("It is held until somebody cancels it: cancel the hold.")
            )
        if until and until <= self.date_until:
            raise UserError(
                self.env._(
                    "It is held until %(date)s already: choose a later day, or cancel "
                    "the hold.",
                    date=format_date(self.env, self.date_until),
                )
            )
        self._check_until(until)
        self.sudo().date_until = until  # in sudo: by this way alone
        self._note_facts(
            "hold_prolonged",
            lambda hold: hold._get_own_facts(),
            lambda _hold: {"reason": reason or ""},
        )
        self._note_debtors()
        self._log_on_cases(lambda hold: hold._get_opened_text(reason))

    def _cancel(self, reason):
        """Ask for the items again."""
        self.ensure_one()
        self.check_access("write")
        self._check_is_open()
        # In sudo: states move by these ways alone.
        self.sudo().write(
            {
                "state": "cancelled",
                "cancel_reason": reason,
                "date_closed": fields.Date.context_today(self),
            }
        )
        self._note_facts(
            "hold_cancelled",
            lambda hold: hold._get_own_facts(),
            lambda _hold: {"reason": reason},
        )
        self._note_debtors()
        self._log_on_cases(lambda hold: hold._get_ended_text(), TOLD_BY_COURSE)

    def _note_debtors(self):
        """Have these debtors decided anew when the transaction ends."""
        # In sudo: the engine follows debtors whoever asks.
        cases_sudo = self.sudo().case_id | self.sudo().item_ids.case_id
        self.env["collection.engine"]._note_debtors(
            (case.company_id, case.partner_id) for case in cases_sudo
        )
