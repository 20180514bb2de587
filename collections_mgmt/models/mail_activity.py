from odoo import api, models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'mail': what is to be done today ranks higher
        activities = super().create(vals_list)
        activities._note_ranking()
        return activities

    def write(self, vals):
        # EXTENDS 'mail': as for a new one, on the case it leaves as well
        if not {"date_deadline", "active", "res_id"}.isdisjoint(vals):
            self._note_ranking()
        result = super().write(vals)
        if "res_id" in vals:
            self._note_ranking()
        return result

    def unlink(self):
        # EXTENDS 'mail': as for a new one
        self._note_ranking()
        return super().unlink()

    def _note_ranking(self):
        """Have the cases that these activities are about ranked anew."""
        case_ids = [
            activity.res_id
            for activity in self
            if activity.res_model == "collection.case" and activity.res_id
        ]
        # In sudo: nobody writes ranks, the engine does.
        self.env["collection.engine"].sudo()._note_ranking(
            self.env["collection.case"].browse(case_ids)
        )

    def _action_done(self, feedback=False, attachment_ids=None):
        # EXTENDS 'mail': whoever completes the task has looked at the debtor's reply
        cases_sudo = self._get_replied_cases_sudo()
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        cases_sudo.filtered("reply_date").reply_date = False
        return result

    def _get_replied_cases_sudo(self):
        """Return the cases whose debtor's reply these activities are about."""
        reply_type = self.env.ref(
            "collections_mgmt.mail_activity_type_reply", raise_if_not_found=False
        )
        activities = self.filtered(
            lambda activity: (
                activity.activity_type_id == reply_type
                and activity.res_model == "collection.case"
            )
        )
        # In sudo: users write no engine field, and super checks who may complete.
        cases_sudo = self.env["collection.case"].sudo()
        return cases_sudo.browse(activities.mapped("res_id")).exists()
