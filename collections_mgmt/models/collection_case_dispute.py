"""Disputes as the case and the invoice show them."""

from odoo import Command, api, fields, models

from .collection_case_erase import erase_thread


class CollectionCase(models.Model):
    _inherit = "collection.case"

    dispute_ids = fields.One2many(
        "collection.dispute", "case_id", string="Disputes", readonly=True
    )
    dispute_count = fields.Integer(compute="_compute_dispute_count")

    @api.depends("dispute_ids")
    def _compute_dispute_count(self):
        groups = self.env["collection.dispute"]._read_group(
            [("case_id", "in", self.ids)], ["case_id"], ["__count"]
        )
        count_by_case = {case.id: count for case, count in groups}
        for case in self:
            case.dispute_count = count_by_case.get(case.id, 0)

    def _erase_conversation(self):
        # EXTENDS: what was said of disputes goes with it
        disputes = self.dispute_ids
        # Without tracking, which would keep what it was.
        disputes.with_context(tracking_disable=True).write(
            {"reference": False, "description": False, "answer": False}
        )
        erase_thread(disputes)
        return super()._erase_conversation()

    def action_open_disputes(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "collections_mgmt.collection_dispute_action"
            ),
            "domain": [("case_id", "=", self.id)],
            "context": {"default_case_id": self.id},
        }

    def action_register_dispute(self):
        """Open the form for what the debtor contests."""
        self.ensure_one()
        self.check_access("write")
        return self._get_dispute_action(self.open_item_ids)

    def _get_dispute_action(self, items, **defaults):
        """Return the action that opens the form of a dispute about some items."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Register Dispute"),
            "res_model": "collection.dispute",
            "view_mode": "form",
            "views": [
                (
                    self.env.ref(
                        "collections_mgmt.collection_dispute_view_register"
                    ).id,
                    "form",
                )
            ],
            "target": "new",
            "context": {
                "default_case_id": self.id,
                "default_line_ids": [
                    Command.create({"item_id": item.id}) for item in items
                ],
                **defaults,
            },
        }


class AccountMove(models.Model):
    _inherit = "account.move"

    def action_register_dispute(self):
        """Open the form for a dispute about the open items of these invoices."""
        items = self._get_collection_items_of_one(
            self.env._(
                "Only what one debtor owes and what is followed can be disputed: "
                "choose open invoices of one debtor."
            )
        )
        return items.case_id._get_dispute_action(items)
