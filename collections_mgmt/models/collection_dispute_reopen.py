"""What was accepted by mistake is looked into again."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .collection_dispute_credit import MANAGER
from .collection_dispute_effects import TASK


class CollectionDispute(models.Model):
    _inherit = "collection.dispute"

    can_reopen = fields.Boolean(compute="_compute_can_reopen")

    @api.depends("state", "user_id")
    @api.depends_context("uid")
    def _compute_can_reopen(self):
        for dispute in self:
            dispute.can_reopen = dispute.state == "accepted" and dispute._may_reopen()

    def _may_reopen(self):
        self.ensure_one()
        return self.env.su or self.is_mine or self.env.user.has_group(MANAGER)

    def action_reopen(self):
        """It was accepted by mistake: somebody looks into it again."""
        for dispute in self:
            dispute.check_access("write")
            dispute._check_can_reopen()
            dispute._reopen()
        return True

    def _check_can_reopen(self):
        self.ensure_one()
        if self.state != "accepted":
            raise UserError(
                self.env._(
                    "Only a dispute that was accepted is reopened. If the debtor "
                    "objects again, record a new one."
                )
            )
        if not self._may_reopen():
            raise UserError(
                self.env._(
                    "Only who answers the dispute or a collections manager reopens it: "
                    "ask %(user)s.",
                    user=self.user_id.name,
                )
            )
        if notes := self._get_standing_credit_notes():
            raise UserError(
                self.env._(
                    "%(notes)s credits what was accepted. If that was a mistake, reset "
                    "the credit note to draft first, then reopen the dispute.",
                    notes=", ".join(notes.mapped("name")),
                )
            )

    def _get_standing_credit_notes(self):
        """Return the posted credit notes of it: matched with its items, or not yet."""
        self.ensure_one()
        # In sudo: who answers a dispute need not see the ledger.
        lines_sudo = self.sudo().line_ids
        credited = lines_sudo.filtered("amount_credited").move_id
        matched = credited.line_ids.matched_credit_ids.credit_move_id.move_id.filtered(
            lambda note: (
                note.move_type == "out_refund" or note.reversed_entry_id in credited
            )
        )
        unmatched = lines_sudo.move_id.reversal_move_ids.filtered(
            lambda note: note.amount_residual and note.create_date >= self.create_date
        )
        return (matched | unmatched).filtered(lambda note: note.state == "posted")

    def _reopen(self):
        """Take the answer back; its words stay in the conversation and as evidence."""
        answer, closed = self.answer, self.date_closed
        self.sudo()._get_credit_tasks().unlink()  # in sudo: it is somebody else's task
        self._move("review", date_closed=False, amount_to_credit=0.0, answer=False)
        self.activity_schedule(TASK, self.date_deadline, user_id=self.user_id.id)
        self._note_debtors()
        # Not by the course of the case, which tells how a dispute ended.
        self._log_on_cases(
            lambda dispute: dispute.env._(
                "The dispute about %(amount)s, accepted on %(date)s, is reopened.",
                amount=dispute.currency_id.format(dispute.amount),
                date=format_date(dispute.env, closed),
            )
        )
        self._note_on_record("dispute_reopened", text=answer)
