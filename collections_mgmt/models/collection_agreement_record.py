"""What becomes of agreements is evidence, and hangs on a contact with the debtor."""

from odoo import models


class CollectionAgreement(models.AbstractModel):
    _inherit = "collection.agreement"

    def _get_named_contact(self):
        """Return the contact in which it was said, or by which; empty when unknown."""
        self.ensure_one()
        return self.contact_id

    def _note_facts(self, kind, get_facts=None, get_words=None):
        """Note as evidence that something happened to these.

        With the contact that was named, else with the last one that was made on the
        case, and it says so. Where nobody was ever contacted on a case there is nothing
        to hang it on: the case's log alone tells it.

        :param str kind: of EVENT_KINDS
        :param get_facts: function that returns what else is known of one, as a dict
        :param get_words: function that returns the personal data that belongs to it
        """
        # In sudo: facts are the suite's own, whoever may see the contacts.
        agreements = self.sudo()
        unnamed = agreements.filtered(lambda one: not one._get_named_contact())
        last_contacts = unnamed.case_id._get_last_contacts()
        for one in agreements:
            facts = get_facts(one) if get_facts else {}
            contact = one._get_named_contact()
            if not contact:
                contact = last_contacts.get(one.case_id, contact)
                facts["is_last_contact"] = True
            contact._note_event(
                kind, facts=facts, words=get_words(one) if get_words else None
            )


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _get_last_contacts(self):
        """Return {case: the last contact that was made with its debtor}.

        Tasks for a collector reach nobody.
        """
        groups = self.env["collection.contact"]._read_group(
            [
                ("case_id", "in", self.ids),
                ("state", "=", "sent"),
                ("channel", "!=", "task"),
            ],
            ["case_id"],
            ["id:max"],
        )
        contacts = self.env["collection.contact"].browse(
            contact_id for _case, contact_id in groups
        )
        return {
            case: contacts.browse(contact_id).with_prefetch(contacts.ids)
            for case, contact_id in groups
        }
