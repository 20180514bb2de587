from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError


class CollectionCaseSnooze(models.TransientModel):
    _name = "collection.case.snooze"
    _description = "Put Off Cases"

    case_ids = fields.Many2many("collection.case", readonly=True)
    date = fields.Date(string="Until")
    note = fields.Char(help="Said on the cases.")

    def action_tomorrow(self):
        return self._put_off_by(1)

    def action_three_days(self):
        return self._put_off_by(3)

    def action_week(self):
        return self._put_off_by(7)

    def action_save(self):
        """Put the cases off until the day that was chosen."""
        self.ensure_one()
        if not self.date or self.date <= fields.Date.context_today(self):
            raise UserError(self.env._("Choose a day after today."))
        return self._put_off(self.date)

    def _put_off_by(self, days):
        return self._put_off(fields.Date.context_today(self) + timedelta(days=days))

    def _put_off(self, date):
        self.ensure_one()
        self.case_ids._put_off(date)
        if self.note:
            self.case_ids._message_log_batch(
                bodies=dict.fromkeys(self.case_ids.ids, self.note)
            )
        return {"type": "ir.actions.act_window_close"}
