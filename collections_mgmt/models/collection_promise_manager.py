"""A promise beyond the limits waits as a draft, and a manager is told of it."""

from odoo import api, fields, models
from odoo.tools import plaintext2html

LIMIT_ACTIVITY = "collections_mgmt.mail_activity_type_limit"


class CollectionPromise(models.Model):
    _inherit = "collection.promise"

    limit_text = fields.Text(
        compute="_compute_limit_text",
        help="Which limits the draft exceeds, so that a manager has to confirm it.",
    )

    @api.depends(
        *("state", "kind", "amount", "date_made", "date_end"),
        *("line_ids.item_id", "instalment_ids.amount"),
    )
    @api.depends_context("lang")
    def _compute_limit_text(self):
        for promise in self:
            promise.limit_text = "\n".join(promise._get_limits_exceeded())

    def _get_limits_exceeded(self):
        """Return the sentences of the limits that a draft exceeds."""
        self.ensure_one()
        is_complete = self.line_ids and self.date_end and self.date_made
        if self.state != "draft" or not is_complete:
            return []
        return self._get_limit_problems()

    def _ask_managers(self):
        """Give those who may go beyond the limits the task to look at the draft."""
        self.ensure_one()
        case = self.case_id
        case._create_tasks(
            [
                self._prepare_limit_task_values(manager)
                for manager in case._get_managers()
            ]
        )

    def _prepare_limit_task_values(self, manager):
        manager = manager._get_collection_stand_in()
        draft = self.with_context(lang=manager.lang)
        return {
            "res_id": self.case_id.id,
            "activity_type_id": self.env.ref(LIMIT_ACTIVITY).id,
            "summary": draft.env._(
                "Confirm or cancel: %(promise)s", promise=draft.display_name
            ),
            "note": plaintext2html(draft.limit_text or ""),
            "user_id": manager.id,
            "date_deadline": fields.Date.context_today(self),
            "automated": True,
        }

    def _confirm(self):
        # EXTENDS: a manager who confirmed it is asked no more
        result = super()._confirm()
        self.case_id._withdraw_limit_tasks()
        return result

    def action_cancel(self):
        # EXTENDS: as for confirming
        result = super().action_cancel()
        self.case_id._withdraw_limit_tasks()
        return result

    def unlink(self):
        # EXTENDS: as for confirming
        cases = self.case_id
        result = super().unlink()
        cases._withdraw_limit_tasks()
        return result

    def _get_form_action(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _withdraw_limit_tasks(self):
        """Take the tasks back where no draft of the case waits for a manager."""
        for case in self.sudo():  # in sudo: tasks of colleagues, too
            if not any(case.promise_ids.mapped("limit_text")):
                case.activity_unlink([LIMIT_ACTIVITY])

    def _get_managers(self):
        """Return the managers who lead the collector's teams, else one of the company.

        A supervisor without the rights of a manager could not confirm anything.
        """
        self.ensure_one()
        # In sudo: who leads whom is no secret, and users are not everybody's to read.
        case = self.sudo()
        group = self.env.ref("collections_mgmt.group_collection_manager").sudo()
        managers = group.all_user_ids.filtered(
            lambda user: not user.share and case.company_id in user.company_ids
        )
        teams = case.env["collection.team"].search(
            [
                ("company_id", "=", case.company_id.id),
                ("member_ids.user_id", "in", case.agent_id.ids),
            ]
        )
        return (teams.leader_id & managers) or managers[:1]
