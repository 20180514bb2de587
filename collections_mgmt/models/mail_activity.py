from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

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
