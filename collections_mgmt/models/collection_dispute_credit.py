"""What was accepted of disputes is credited by somebody, or everybody sees that not."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

CREDIT_TASK = "collections_mgmt.mail_activity_type_credit"
MANAGER = "collections_mgmt.group_collection_manager"
SEES_DISPUTES = (
    "collections_mgmt.group_collection_viewer",
    "collections_mgmt.group_collection_collector",
)
MAKES_CREDIT_NOTES = "account.group_account_invoice"


class CollectionDispute(models.Model):
    _inherit = "collection.dispute"

    amount_to_credit = fields.Monetary(
        string="To Be Credited",
        readonly=True,
        copy=False,
        help="What was accepted and is still open: no credit note took it off the "
        "items yet. It is not asked for meanwhile.",
    )
    can_credit = fields.Boolean(compute="_compute_can_credit")

    _to_credit = models.Index("(partner_id) WHERE amount_to_credit > 0")

    @api.depends_context("uid")
    def _compute_can_credit(self):
        self.can_credit = self._may_open_credit_note()

    def _may_open_credit_note(self):
        return self.env["account.move.reversal"].has_access("create")

    # ACTIONS

    def action_accept(self):
        """The debtor is right: propose the credit note, by Odoo's own form.

        Who may not make one is told who will.
        """
        self.ensure_one()
        self._check_is_open()
        self._close("accepted", self.env._("The dispute about %(amount)s is accepted."))
        if self._may_open_credit_note():
            return self._get_credit_note_action()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "title": self.env._("Accepted, Not Credited"),
                "message": self._explain_who_credits(),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_credit(self):
        """Open Odoo's form of the credit note for what is not credited yet."""
        self.ensure_one()
        self.check_access("read")
        if self.state != "accepted":
            raise UserError(
                self.env._("Accept the dispute first: then it can be credited.")
            )
        if not self._may_open_credit_note():
            raise UserError(self._explain_who_credits())
        return self._get_credit_note_action()

    def _get_credit_note_action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit Note"),
            "res_model": "account.move.reversal",
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": "account.move",
                "active_ids": self._get_moves_to_credit().ids,
                "default_reason": self.reason_id.name,
            },
        }

    def _get_moves_to_credit(self):
        """Return the invoices of which something accepted is not credited yet."""
        # In sudo: who answers a dispute need not see the items of its case.
        lines_sudo = self.sudo().line_ids
        return lines_sudo.filtered(
            lambda line: (
                line.currency_id.compare_amounts(line.amount_credited, line.amount) < 0
            )
        ).move_id.with_env(self.env)

    def _explain_who_credits(self):
        return self.env._(
            "You may not make credit notes: %(user)s has the task. Until then the part "
            "is not asked for, and stands under “Accepted, Not Credited”.",
            user=self._get_creditor().name,
        )

    # WHO CREDITS

    def _get_creditor(self):
        """Return who is to make the credit note.

        Who answered the dispute if they may; else who the company names; else a manager
        who may; else a manager, who finds somebody.
        """
        self.ensure_one()
        # In sudo: who has which role is no secret here.
        company_sudo = self.sudo().company_id
        managers = company_sudo._get_collection_managers()
        users = self.sudo().user_id | company_sudo.collection_credit_user_id | managers
        able = users.filtered(lambda user: user._may_credit(company_sudo))
        return (able or managers or self.sudo().user_id)[:1]

    def _on_credit_due(self, date):
        """The engine found that something accepted is not credited: somebody's task.

        :param datetime.date date: the day of the engine
        """
        told = self._get_credit_tasks()
        for dispute in self - self.browse(told.mapped("res_id")):
            creditor = dispute._get_creditor()
            lang = creditor.lang or dispute.company_id.partner_id.lang
            # No e-mail to who has just accepted it: the form is open before them.
            is_told = dispute.write_uid == creditor
            dispute.with_context(mail_activity_quick_update=is_told).activity_schedule(
                CREDIT_TASK,
                date,
                user_id=creditor.id,
                summary=dispute.with_context(lang=lang)._get_credit_text(),
            )

    def _on_credited(self):
        """The engine found that nothing is to be credited any more."""
        self._get_credit_tasks().action_feedback()
        self._log_on_cases(
            lambda dispute: dispute.env._(
                "Nothing is left to be credited of the dispute about %(amount)s.",
                amount=dispute.currency_id.format(dispute.amount),
            )
        )

    def _get_credit_text(self):
        return self.env._(
            "Make the credit note: %(amount)s were accepted (%(reason)s)",
            amount=self.currency_id.format(self.amount_to_credit),
            reason=self.reason_id.name,
        )

    def _get_credit_tasks(self):
        return self.activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.env.ref(CREDIT_TASK)
        )


class ResUsers(models.Model):
    _inherit = "res.users"

    def _may_credit(self, company):
        """Return whether the user sees a company's disputes and makes credit notes."""
        self.ensure_one()
        return (
            self.active
            and company in self.company_ids
            and self.has_group(MAKES_CREDIT_NOTES)
            and any(map(self.has_group, SEES_DISPUTES))
        )


class ResCompany(models.Model):
    _inherit = "res.company"

    collection_credit_user_id = fields.Many2one(
        "res.users",
        string="Credit Notes Made By",
        domain=lambda self: [
            ("share", "=", False),
            ("all_group_ids", "in", self.env.ref(MAKES_CREDIT_NOTES).ids),
        ],
        help="Gets a task when a dispute is accepted by somebody who may not make the "
        "credit note. Empty: a manager of collections.",
    )

    @api.constrains("collection_credit_user_id")
    def _check_collection_credit_user_id(self):
        for company in self:
            user = company.collection_credit_user_id
            if user and not user._may_credit(company):
                raise ValidationError(
                    self.env._(
                        "%(user)s cannot make credit notes of disputes. Give them the "
                        "company, the right to invoice and the role Viewer of "
                        "Collections under Settings, Users, or choose somebody else.",
                        user=user.name,
                    )
                )

    def _get_collection_managers(self):
        """Return the managers of collections of the company, the oldest user first."""
        self.ensure_one()
        return (
            self.env.ref(MANAGER)
            .all_user_ids.filtered(
                lambda user: not user.share and user.active and self in user.company_ids
            )
            .sorted("id")
        )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    collection_credit_user_id = fields.Many2one(
        related="company_id.root_id.collection_credit_user_id", readonly=False
    )
