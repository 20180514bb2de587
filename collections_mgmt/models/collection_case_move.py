"""A person chooses at which stage a case goes on.

Stages are the engine's: an item reaches one when a message really went out. What a
person may choose is which one comes next.
"""

from odoo import api, models
from odoo.exceptions import UserError

from ..const import PENDING_STATES


class CollectionCase(models.Model):
    _inherit = "collection.case"

    @api.model
    def _group_expand_stage(self, stages, _domain):
        """Show every dunning stage of the strategies in use, empty ones too."""
        dunning = stages.strategy_id.stage_ids.filtered(lambda stage: stage.days >= 0)
        return (stages | dunning).sorted()

    def action_move_to_stage(self, stage_id=0):
        """Ask what happened to a case that was dragged to another stage.

        :param int stage_id: of the stage; 0 for none
        """
        self.ensure_one()
        self.check_access("write")
        stage = self.env["collection.stage"].browse(stage_id or []).exists()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What Happened?"),
            "res_model": "collection.case.move",
            "views": [(False, "form")],  # asked for by a script, which needs these
            "target": "new",
            "context": {"default_case_id": self.id, "default_stage_id": stage.id},
        }

    def _continue_with(self, stage, reason):
        """Let a stage come next: what lies before it is left out, or comes again.

        What the debtor was told is not told again. Items that are not due yet begin
        at their own pace.

        :param collection.stage stage: a dunning stage of the case's strategy
        :param str reason: why, for the case's conversation
        """
        self.ensure_one()
        items = self._get_items_to_continue(stage)
        self._check_may_continue(stage, items)
        # In sudo: items are the engine's own; who may choose was checked.
        for item in items.sudo():
            item.passed_stage_id = max(
                stage._get_previous(),
                item.stage_id,
                key=lambda place: place._get_place(),
            )
        self._message_log(
            subject=self.env._(
                "Stage chosen: “%(stage)s” comes after “%(reached)s”",
                stage=stage.name,
                reached=self.stage_id.name or self.env._("No Stage Yet"),
            ),
            body=reason,
        )
        self._decide_anew()

    def _get_items_to_continue(self, stage):
        """Return the overdue items that can be told this stage."""
        return self.open_item_ids.filtered(
            lambda item: (
                item.days_overdue > 0
                and (item.strategy_id or self.strategy_id) == stage.strategy_id
                and item.stage_id._get_place() < stage._get_place()
            )
        )

    def _check_may_continue(self, stage, items):
        self.check_access("write")
        if stage.strategy_id != self.strategy_id:
            raise UserError(
                self.env._(
                    "“%(stage)s” is no stage of this debtor's strategy, "
                    "“%(strategy)s”: change the strategy on the debtor first.",
                    stage=stage.name,
                    strategy=self.strategy_id.name or "",
                )
            )
        # In sudo: whoever works on the case may know that a message waits.
        waiting = self.sudo().contact_ids.filtered(
            lambda contact: contact.state in PENDING_STATES
        )
        if waiting:
            raise UserError(
                self.env._(
                    "A message of “%(stage)s” is on its way: skip it under To Approve, "
                    "or wait until it has left.",
                    stage=waiting[0].stage_id.name or "",
                )
            )
        if not items:
            raise UserError(
                self.env._(
                    "Nothing that is overdue can go on with “%(stage)s”: the debtor "
                    "was told that stage already, and nothing is told twice.",
                    stage=stage.name,
                )
            )
