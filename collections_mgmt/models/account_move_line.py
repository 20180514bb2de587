from odoo import api, models

# What decides who owes a line, and from when on it is to be followed. Amounts change by
# reconciliation: see account_partial_reconcile.py.
FOLLOWED_FIELDS = {"partner_id", "account_id", "date_maturity", "no_followup"}


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account': the lines of a posted bank statement are replaced
        lines = super().create(vals_list)
        lines._collection_note_posted()
        return lines

    def write(self, vals):
        # EXTENDS 'account'
        if FOLLOWED_FIELDS.isdisjoint(vals):
            return super().write(vals)
        self._collection_note_posted()
        result = super().write(vals)
        self._collection_note_posted()
        return result

    def unlink(self):
        # EXTENDS 'account'
        self._collection_note_posted()
        # In sudo: items are the engine's own, whoever deletes.
        self.env["collection.item"].sudo()._outlive(self)
        return super().unlink()

    def _collection_note_posted(self):
        """Have the debtors of posted lines followed; drafts are nobody's debt."""
        self.env["collection.engine"]._note_lines(
            self.filtered(lambda line: line.move_id.state == "posted")
        )
