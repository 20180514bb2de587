from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CollectionContactPostpone(models.TransientModel):
    _name = "collection.contact.postpone"
    _description = "Postpone Messages"

    contact_ids = fields.Many2many("collection.contact")
    contact_count = fields.Integer(string="Messages", compute="_compute_contact_count")
    review_date = fields.Date(
        string="Look at Them on",
        required=True,
        default=lambda self: fields.Date.context_today(self) + timedelta(days=1),
        help="They come back to the list on this day. Until then nothing is sent.",
    )
    note = fields.Char(help="Said on the cases.")

    @api.depends("contact_ids")
    def _compute_contact_count(self):
        for wizard in self:
            wizard.contact_count = len(wizard.contact_ids)

    @api.constrains("review_date")
    def _check_review_date(self):
        today = fields.Date.context_today(self)
        if any(wizard.review_date <= today for wizard in self):
            raise ValidationError(self.env._("Choose a day after today."))

    def action_postpone(self):
        self.ensure_one()
        self.contact_ids._postpone(self.review_date, self.note)
        return {"type": "ir.actions.act_window_close"}
