from odoo import fields, models


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    snailmail_letter_id = fields.Many2one(
        "snailmail.letter",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    def _hand_over_letters(self):
        # EXTENDS 'collections_mgmt'
        result = super()._hand_over_letters()
        by_snailmail = self.filtered("company_id.collection_letters_by_snailmail")
        # In sudo: the service's queue is its own; the letters were planned for it.
        letters = (
            self.env["snailmail.letter"]
            .sudo()
            .create([contact._prepare_snailmail_values() for contact in by_snailmail])
        )
        for contact, letter in zip(by_snailmail, letters, strict=True):
            contact.snailmail_letter_id = letter
        return result

    def _prepare_snailmail_values(self):
        """Return the values of the letter; its PDF is made when it leaves."""
        self.ensure_one()
        return {
            "model": "collection.case",
            "res_id": self.case_id.id,
            "partner_id": self.address_partner_id.id,
            "company_id": self.company_id.id,
            "user_id": self.env.uid,
            "report_template": self.env.ref("collections_mgmt.action_report_letter").id,
        }

    def _set_dropped(self, reason):
        # EXTENDS 'collections_mgmt': the service must not send it either
        moved = super()._set_dropped(reason)
        # In sudo: the service's queue is its own.
        letters = moved.snailmail_letter_id.sudo()
        if letters:
            letters.cancel()
        return moved

    def _filter_posted_now(self):
        """Return the contacts whose letters may leave: owed, allowed and well worded.

        What waits for a moment to come is not asked for again until then.
        """
        now = fields.Datetime.now()
        return self.filtered(
            lambda contact: (
                contact.state == "queued" and not (contact.slot and contact.slot > now)
            )
        )._renew_letters()

    def _call_back_snailmail(self):
        """Let the service's job start when these letters may leave."""
        put_off = self.filtered("slot")
        if put_off:
            # In sudo: the job is the service's own.
            job_sudo = self.env.ref("snailmail.snailmail_print").sudo()
            job_sudo._trigger(at=put_off._get_slot_minutes())

    def _get_to_print_domain(self):
        # EXTENDS 'collections_mgmt': somebody else prints these
        return [*super()._get_to_print_domain(), ("snailmail_letter_id", "=", False)]
