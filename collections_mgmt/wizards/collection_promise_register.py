"""The form in which a collector writes down what a debtor promises on the phone."""

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..const import PAYMENT_METHODS
from ..models.client_context import without_defaults
from ..models.collection_promise_confirm import BeyondLimits


class CollectionPromiseRegister(models.TransientModel):
    _name = "collection.promise.register"
    _inherit = "collection.number.mixin"
    _description = "Register a Promise"

    case_id = fields.Many2one("collection.case", required=True)
    # Not in sudo: whoever may not see a case shall not see its debtor here.
    partner_id = fields.Many2one(related="case_id.partner_id", related_sudo=False)
    item_ids = fields.Many2many(
        "collection.item",
        string="Only These Items",
        domain="[('case_id', '=', case_id), ('state', '=', 'open'), "
        "('currency_id', '=', currency_id)]",
        help="Empty: all open items, the oldest first.",
    )
    replaces_id = fields.Many2one("collection.promise")
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        readonly=False,
        precompute=True,
        help="It is spread over the items, the oldest first.",
    )
    amount_free = fields.Monetary(
        string="Not Promised Yet", compute="_compute_amount_free"
    )
    date = fields.Date(string="Pays On", required=True)
    promiser_id = fields.Many2one(
        "res.partner",
        string="Promised By",
        domain="[('commercial_partner_id', '=', partner_id)]",
    )
    contact_id = fields.Many2one(
        "collection.contact",
        string="In Answer To",
        compute="_compute_contact_id",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('case_id', '=', case_id), ('state', '=', 'sent')]",
    )
    message_id = fields.Many2one("mail.message", string="Message of the Debtor")
    payment_method = fields.Selection(PAYMENT_METHODS)
    note = fields.Text()
    promise_id = fields.Many2one(
        "collection.promise", readonly=True, help="What was made of the form, once."
    )

    @api.depends("case_id", "item_ids")
    def _compute_currency_id(self):
        for form in self:
            items = form.item_ids or form.case_id.open_item_ids
            currencies = items.currency_id
            own = form.case_id.currency_id
            form.currency_id = own if own in currencies else currencies[:1] or own

    @api.depends("case_id", "item_ids", "currency_id")
    def _compute_amount(self):
        for form in self:
            overdue = form._get_items().filtered(lambda item: item.days_overdue > 0)
            form.amount = form._get_free(overdue or form._get_items())

    @api.depends("case_id", "item_ids", "currency_id")
    def _compute_amount_free(self):
        for form in self:
            form.amount_free = form._get_free(form._get_items())

    @api.depends("case_id")
    def _compute_contact_id(self):
        for form in self:
            form.contact_id = form.case_id.contact_ids.filtered(
                lambda contact: contact.state == "sent" and contact.channel != "task"
            )[:1]

    def _get_items(self):
        """Return the items the promise is about, in its currency."""
        items = self.item_ids or self.case_id.open_item_ids
        return items._origin.filtered(
            lambda item: item.state == "open" and item.currency_id == self.currency_id
        )

    def _get_free(self, items):
        promised = items._get_promised(besides=self.replaces_id)
        return sum(
            item._get_free_to_promise(promised.get(item.id, 0.0)) for item in items
        )

    def action_register(self):
        """Record the promise and bring it into force; or leave it to a manager."""
        self.ensure_one()
        was_made = bool(self.promise_id)
        promise = self._make_promise()
        try:
            with self.env.cr.savepoint():
                promise.action_confirm()
        except BeyondLimits:
            return self._leave_to_managers(was_made)
        return {"type": "ir.actions.act_window_close"}

    def _leave_to_managers(self, was_made):
        """Keep the draft for a manager to confirm, and show it.

        :param bool was_made: the draft is from an earlier click, and managers know it
        """
        if not was_made:
            self.promise_id._ask_managers()
        return self.promise_id._get_form_action()

    def _make_promise(self):
        """Return the draft; a form that is sent again makes no second one.

        Of two calls at once the later finds what the earlier made: the database lets
        one of them write the form, and Odoo calls the other again.
        """
        self.case_id.check_access("write")
        if not self.promise_id:
            self.promise_id = self._create_promise()
        return self.promise_id

    def _create_promise(self):
        Promise = without_defaults(self.env["collection.promise"])
        promise = Promise.create(self._prepare_promise_values())
        if self.replaces_id:
            self.replaces_id.check_access("write")
            promise.sudo().replaces_id = self.replaces_id  # not edited by people
        return promise

    def _prepare_promise_values(self):
        self.ensure_one()
        if self.currency_id.compare_amounts(self.amount, 0.0) <= 0:
            raise UserError(
                self.env._("Enter the amount that the debtor promised to pay.")
            )
        items = self._get_items()
        if not items:
            raise UserError(
                self.env._(
                    "Nothing of this debtor is open in %(currency)s: there is nothing "
                    "to promise.",
                    currency=self.currency_id.name,
                )
            )
        return {
            "case_id": self.case_id.id,
            "currency_id": self.currency_id.id,
            "promiser_id": self.promiser_id.id,
            "contact_id": self.contact_id.id,
            "message_id": self.message_id.id,
            "payment_method": self.payment_method,
            "note": self.note,
            "line_ids": [
                Command.create({"item_id": item.id, "amount": part})
                for item, part in items._spread(self.amount, besides=self.replaces_id)
            ],
            "instalment_ids": [
                Command.create({"date": self.date, "amount": self.amount})
            ],
        }
