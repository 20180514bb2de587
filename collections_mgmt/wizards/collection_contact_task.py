"""After a contact: the task that its outcome asks for, or another way to try now."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import plaintext2html


class CollectionContactLog(models.TransientModel):
    _inherit = "collection.contact.log"

    proposes_email = fields.Boolean(compute="_compute_proposals")
    proposes_chat = fields.Boolean(compute="_compute_proposals")

    @api.depends("outcome_id", "open_channels", "channel")
    def _compute_proposals(self):
        for panel in self:
            channels = set(panel.open_channels or ()) - {panel.channel}
            if not panel.outcome_id.proposes_channel or panel.is_past:
                channels = set()
            panel.proposes_email = "email" in channels
            panel.proposes_chat = "im" in channels

    def action_save_and_write(self):
        """Save, and write to the debtor instead; sending asks the gate anew."""
        self.action_save()
        return self.case_id.action_write_message()

    def action_save_and_whatsapp(self):
        """Save, and ask for a WhatsApp message instead."""
        self.action_save()
        return self.case_id.action_whatsapp()

    def _follow_activity(self):
        """Plan the task of the outcome, for the collector or the supervisor."""
        case, outcome = self.case_id, self.outcome_id
        user = outcome.activity_for == "leader" and case._get_supervisor()
        task = outcome.activity_type_id or self.env.ref("mail.mail_activity_data_todo")
        case.activity_schedule(
            date_deadline=fields.Date.context_today(self)
            + timedelta(days=outcome.activity_days),
            summary=outcome.name,
            note=plaintext2html(self.note) if self.note else False,
            activity_type_id=task.id,
            user_id=(user or case._get_responsible() or self.env.user).id,
        )
