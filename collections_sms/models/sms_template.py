from odoo import api, fields, models

from odoo.addons.collections_mgmt.models.collection_wording import TEXT_BLOCK


class SmsTemplate(models.Model):
    _inherit = "sms.template"

    collection_warning = fields.Text(
        string="Collections Warning", compute="_compute_collection_warning"
    )

    @api.depends("model", "body")
    def _compute_collection_warning(self):
        langs = [code for code, _name in self.env["res.lang"].get_installed()]
        for template in self:
            if template.model != "collection.contact":
                template.collection_warning = False
                continue
            texts = [template.with_context(lang=lang).body for lang in langs]
            if template.id != template._origin.id:
                texts = [template.body]  # while it is being written
            template.collection_warning = "\n".join(
                self.env["collection.contact.rule"]._explain_lacks(
                    texts, {"sms"}, TEXT_BLOCK
                )
            )

    @api.constrains("body", "model_id")
    def _check_forbidden_words(self):
        ours = self.filtered(lambda template: template.model == "collection.contact")
        for lang, _name in self.env["res.lang"].get_installed() if ours else ():
            self.env["collection.forbidden.word"]._check_texts(
                ours.with_context(lang=lang).mapped("body")
            )

    def _update_field_translations(self, *args, **kwargs):
        # EXTENDS 'base': a translation is checked as the text itself
        result = super()._update_field_translations(*args, **kwargs)
        self._check_forbidden_words()
        return result
