from odoo import api, fields, models


class CollectionContactText(models.TransientModel):
    _name = "collection.contact.text"
    _description = "Edit the Text of a Message"

    contact_id = fields.Many2one(
        "collection.contact", string="Message", required=True, readonly=True
    )
    is_edited = fields.Boolean(related="contact_id.is_edited")
    subject = fields.Char(
        compute="_compute_text",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    body = fields.Html(
        string="Text",
        compute="_compute_text",
        store=True,
        precompute=True,
        readonly=False,
        # It goes out as it is: cleaned of scripts, with the layout of an e-mail.
        sanitize="email_outgoing",
    )

    @api.depends("contact_id")
    def _compute_text(self):
        for wizard in self:
            wizard.subject = wizard.contact_id.preview_subject
            wizard.body = wizard.contact_id.preview_body

    def action_save(self):
        self.ensure_one()
        self.contact_id._edit_text(self.subject, self.body)
        return {"type": "ir.actions.act_window_close"}

    def action_reset(self):
        """Go back to the template's text."""
        self.ensure_one()
        self.contact_id.action_reset_text()
        return {"type": "ir.actions.act_window_close"}
