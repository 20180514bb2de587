from odoo import models
from odoo.fields import Domain


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
        contacts_sudo = self._get_collection_contacts_sudo(src_partners)
        former = contacts_sudo.grouped(lambda c: (c.partner_id.id, c.case_id.id))
        cases_sudo._fold_into(dst_partner)
        self.env.flush_all()
        contacts_sudo._set_merging("on")
        result = super()._update_foreign_keys(src_partners, dst_partner)
        contacts_sudo._set_merging("off")
        for (debtor_id, case_id), contacts in former.items():
            contacts._note_event(
                "merged", {"former_debtor": debtor_id, "former_case": case_id}
            )
        return result

    def _get_collection_contacts_sudo(self, partners):
        """Return the contacts of debtors who are about to be merged, if noted at all.

        Those of which no fact tells are plans: nobody asks whose they were.
        """
        # In sudo: as for the cases.
        return (
            self.env["collection.contact"]
            .sudo()
            .search(Domain("partner_id", "in", partners.ids))
            .filtered("event_ids")
        )
