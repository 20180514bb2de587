"""Working through the list by phone: the script, and what is written."""

from odoo import fields, models


class CollectionStage(models.Model):
    _inherit = "collection.stage"

    script_template_id = fields.Many2one(
        "mail.template",
        string="Call Script",
        domain=[("model", "=", "collection.case")],
        ondelete="restrict",
        help="What the collector says on the phone, in the debtor's language. Empty: "
        "the script of the nearest stage before.",
    )
    answer_template_id = fields.Many2one(
        "mail.template",
        string="Text to Write",
        domain=[("model", "=", "collection.case")],
        ondelete="restrict",
        help="The text that “Write” begins with at this stage.",
    )

    def _get_own_or_earlier(self, name):
        """Return a field of this stage, or of the nearest one before that has it."""
        self.ensure_one()
        ladder = self.strategy_id.stage_ids.sorted(lambda s: (s.days, s.sequence, s.id))
        here = list(ladder).index(self) if self in ladder else -1
        candidates = [stage[name] for stage in ladder[: here + 1] if stage[name]]
        return (self[name] or candidates[-1]) if candidates else self[name]


class CollectionCase(models.Model):
    _inherit = "collection.case"

    # THE SCRIPT

    def _get_call_script(self):
        """Return what to say on the phone as HTML, in the debtor's language."""
        self.ensure_one()
        template = self._get_stage_text("script_template_id")
        if not template:
            return False
        # In sudo: templates read what the user who calls need not see.
        return template.sudo()._render_field("body_html", self.ids, compute_lang=True)[
            self.id
        ]

    def _get_stage_text(self, name):
        """Return a text of the stage that was reached; at first, of the one due.

        :param str name: field of collection.stage
        """
        stage = self.stage_id or self.decision_stage_id
        return stage and stage._get_own_or_earlier(name)

    # WRITING

    def action_write_message(self):
        """Open the composer with the text of the stage; sending asks the gate."""
        self.ensure_one()
        self._check_may_contact()
        template = self._get_stage_text("answer_template_id")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write to %(debtor)s", debtor=self.partner_id.name),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_composition_mode": "comment",
                "default_partner_ids": self._get_addressee().ids,
                "default_template_id": template.id if template else False,
                "default_subtype_xmlid": "mail.mt_comment",
            },
        }

    def _get_addressee(self):
        """Return who receives what is written about the case by hand."""
        self.ensure_one()
        partner = self.partner_id
        return partner.collection_contact_id or partner.browse(
            partner.address_get(["invoice"])["invoice"]
        )
