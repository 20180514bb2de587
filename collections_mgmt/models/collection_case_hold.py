"""Holds as the case, its items and the debtor show them."""

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..const import ENDLESS
from .collection_case_erase import erase_thread
from .res_partner import COLLECTION_GROUPS


class CollectionItem(models.Model):
    _inherit = "collection.item"

    hold_ids = fields.Many2many(
        "collection.item.hold",
        "collection_item_hold_item_rel",
        "item_id",
        "hold_id",
        string="Holds",
        readonly=True,
    )
    is_announced = fields.Boolean(
        string="Payment Announced",
        compute="_compute_is_announced",
        search="_search_is_announced",
        help="It is not asked for because the debtor says that it is paid.",
    )

    @api.depends("amount_held")
    def _compute_is_announced(self):
        held = self.filtered("amount_held")
        (self - held).is_announced = False
        for item in held:
            holds = item.hold_ids._get_in_force()
            item.is_announced = any(holds.mapped("is_payment_announced"))

    def _search_is_announced(self, operator, value):
        if operator != "in":
            return NotImplemented
        in_force = self.env["collection.item.hold"]._get_in_force_domain()
        return Domain("amount_held", "!=", 0) & Domain(
            "hold_ids", "any", in_force & Domain("is_payment_announced", "=", True)
        )

    def _get_uncovered(self, currency):
        """Return what is open and not covered by credits, in a currency.

        :param res.currency currency: the company's, or the item's own
        """
        self.ensure_one()
        uncovered = self.amount_residual - self.amount_credit
        if currency == self.company_currency_id or not self.amount_residual:
            return uncovered
        rate = self.amount_residual_currency / self.amount_residual
        return currency.round(uncovered * rate)


class CollectionCase(models.Model):
    _inherit = "collection.case"

    item_hold_ids = fields.One2many(
        "collection.item.hold", "case_id", string="Holds", readonly=True
    )
    item_hold_count = fields.Integer(compute="_compute_item_hold_count")
    is_on_hold = fields.Boolean(
        compute="_compute_is_on_hold", search="_search_is_on_hold"
    )
    hold_text = fields.Char(
        string="Hold",
        compute="_compute_hold_text",
        help="Until when the whole case is on hold, and why.",
    )

    @api.depends("item_hold_ids")
    def _compute_item_hold_count(self):
        groups = self.env["collection.item.hold"]._read_group(
            [("case_id", "in", self.ids)], ["case_id"], ["__count"]
        )
        count_by_case = {case.id: count for case, count in groups}
        for case in self:
            case.item_hold_count = count_by_case.get(case.id, 0)

    @api.depends("hold_date", "state")
    def _compute_is_on_hold(self):
        today = fields.Date.context_today(self)
        for case in self:
            until = case.hold_date
            case.is_on_hold = case.state == "open" and until and until >= today

    def _search_is_on_hold(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        return Domain("state", "=", "open") & Domain("hold_date", ">=", today)

    @api.depends("is_on_hold", "item_hold_ids.reason_id.name")
    @api.depends_context("lang")
    def _compute_hold_text(self):
        for case in self:
            case.hold_text = case.is_on_hold and case._get_hold_text()

    def _get_hold_text(self):
        """Return until when nothing is asked of the debtor, and why, as a sentence."""
        self.ensure_one()
        until = (
            self.env._("On hold until somebody ends it")
            if self.hold_date == ENDLESS
            else self.env._(
                "On hold until %(date)s", date=format_date(self.env, self.hold_date)
            )
        )
        reasons = self._get_own_holds().reason_id.mapped("name")
        return ": ".join(filter(None, (until, ", ".join(reasons))))

    def _get_decision_sentences(self):
        # EXTENDS: what the debtor says is paid is no hold
        sentences = super()._get_decision_sentences()
        if self.decision != "held" or not self._is_payment_announced():
            return sentences
        sentence = (
            self.env._("A payment is announced: %(amount)s wait until %(date)s.")
            if self.next_action_date
            else self.env._("A payment is announced: %(amount)s wait for it.")
        )
        return {**sentences, "held": sentence}

    def _describe_cover(self, figure):
        # EXTENDS: as for the sentence
        if self.decision == "held" and self._is_payment_announced():
            return self.env._("payment announced")
        return super()._describe_cover(figure)

    def _is_payment_announced(self):
        """Return whether all that is held back is said to be paid."""
        self.ensure_one()
        held = self.open_item_ids.filtered("amount_held")
        return bool(held) and all(held.mapped("is_announced"))

    def _get_own_holds(self):
        """Return the holds of the whole case that are in force.

        Those of the debtor's earlier cases in the company go on.
        """
        self.ensure_one()
        return (
            self.env["collection.item.hold"]
            .search(
                [
                    ("partner_id", "=", self.partner_id.id),
                    ("company_id", "=", self.company_id.id),
                    ("is_whole_case", "=", True),
                    ("state", "=", "open"),
                ]
            )
            ._get_in_force()
        )

    def _fold_into(self, partner):
        # EXTENDS: with what is held of them
        holds = self.item_hold_ids
        result = super()._fold_into(partner)
        for hold in holds:
            target = hold.item_ids.case_id[:1]
            if hold.is_whole_case:
                target = self._get_remaining_case(partner, hold.company_id)
            hold.case_id = target or hold.case_id
        return result

    def _erase_conversation(self):
        # EXTENDS: what was said of holds goes with it
        holds = self.item_hold_ids
        holds.write({"note": False, "payment_reference": False, "cancel_reason": False})
        erase_thread(holds)
        return super()._erase_conversation()

    def action_open_holds(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_item_hold_action"
            ),
            "domain": [("case_id", "=", self.id)],
            "context": {"default_case_id": self.id},
        }

    def action_hold_items(self):
        """Open the form for what is not to be asked for meanwhile: items, or all."""
        self.ensure_one()
        self.check_access("write")
        return self._get_hold_action(self.open_item_ids)

    def action_prolong_case_hold(self):
        """Ask until when the whole case is on hold."""
        return self._get_hold_to_change().action_prolong()

    def action_end_case_hold(self):
        """Ask why the debtor is to be asked again."""
        return self._get_hold_to_change().action_cancel()

    def _get_hold_to_change(self):
        self.ensure_one()
        self.check_access("write")
        holds = self._get_own_holds()
        if not holds:
            raise UserError(self.env._("The case is not on hold any more."))
        return holds[0]

    def _get_announcement_action(self, items, **defaults):
        """Return the action that opens the form of a payment of some items."""
        reason = self._get_announcement_reason()
        return {
            **self._get_hold_action(items, default_reason_id=reason.id, **defaults),
            "name": self.env._("Payment Announced"),
        }

    def _get_announcement_reason(self):
        """Return the reason of announced payments; empty where there is none."""
        self.ensure_one()
        return self.env["collection.hold.reason"].search(
            [
                ("is_payment_announced", "=", True),
                ("company_id", "in", (False, self.company_id.id)),
            ],
            limit=1,
        )

    def _get_hold_action(self, items, **defaults):
        """Return the action that opens the form of a hold on some items."""
        self.ensure_one()
        view = self.env.ref("collections_mgmt.collection_item_hold_view_register")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Hold"),
            "res_model": "collection.item.hold",
            "view_mode": "form",
            "views": [(view.id, "form")],
            "target": "new",
            "context": {
                "default_case_id": self.id,
                "default_item_ids": [Command.set(items.ids)],
                **defaults,
            },
        }


class ResPartner(models.Model):
    _inherit = "res.partner"

    collection_item_hold_ids = fields.One2many(
        "collection.item.hold",
        "partner_id",
        string="Holds",
        readonly=True,
        groups=COLLECTION_GROUPS,
    )
