"""Promises as the case, the invoice and the debtor show them."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class CollectionCase(models.Model):
    _inherit = "collection.case"

    promise_ids = fields.One2many(
        "collection.promise", "case_id", string="Promises", readonly=True
    )
    promise_count = fields.Integer(compute="_compute_promise_count")
    promise_date_next = fields.Date(
        string="Next Promise",
        readonly=True,
        help="When the debtor next promised to pay.",
    )
    broken_promise_count = fields.Integer(
        string="Broken Promises",
        readonly=True,
        default=0,
        help="Promises whose date passed without all of the money.",
    )

    @api.depends("promise_ids")
    def _compute_promise_count(self):
        groups = self.env["collection.promise"]._read_group(
            [("case_id", "in", self.ids)], ["case_id"], ["__count"]
        )
        count_by_case = {case.id: count for case, count in groups}
        for case in self:
            case.promise_count = count_by_case.get(case.id, 0)

    def action_open_promises(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_promise_action"
            ),
            "domain": [("case_id", "=", self.id)],
            "context": {"default_case_id": self.id},
        }

    def action_register_promise(self):
        """Open the form for what the debtor promises to pay."""
        self.ensure_one()
        self.check_access("write")
        return self._get_register_action(self.env["collection.item"])

    def _get_register_action(self, items, **defaults):
        """Return the action that opens the form of a promise.

        :param items: the items it is about; all open ones when empty
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Register Promise"),
            "res_model": "collection.promise.register",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_case_id": self.id,
                "default_item_ids": items.ids,
                **defaults,
            },
        }


class AccountMove(models.Model):
    _inherit = "account.move"

    def action_register_promise(self):
        """Open the form for a promise about the open items of these invoices."""
        items = self._get_items_to_promise()
        return items.case_id._get_register_action(items)

    def _get_items_to_promise(self):
        """Return the open items of these invoices, all of one case.

        :raise UserError: when there are none, or of several
        """
        return self._get_collection_items_of_one(
            self.env._(
                "Only what one debtor owes and what is followed can be promised: "
                "choose open invoices of one debtor."
            )
        )


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_register_promise(self):
        """Open the form for a promise of the debtor."""
        self.ensure_one()
        if not self.collection_case_id:
            raise UserError(
                self.env._("Nothing of this debtor is followed: there is no case.")
            )
        return self.collection_case_id.action_register_promise()
