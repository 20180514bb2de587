from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        # EXTENDS 'base': rows that break a unique index by the merge would be deleted
        # In sudo: a merge covers the cases of every company.
        cases_sudo = (
            self.env["collection.case"]
            .sudo()
            .search([("partner_id", "in", src_partners.ids), ("state", "=", "open")])
        )
        cases_sudo._fold_into(dst_partner)
        self.env.flush_all()
        return super()._update_foreign_keys(src_partners, dst_partner)
