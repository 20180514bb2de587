from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS 'account': a payment, credit note or write-off meets an invoice
        partials = super().create(vals_list)
        partials._collection_note_lines()
        return partials

    def unlink(self):
        # EXTENDS 'account': and leaves it again
        self._collection_note_lines()
        return super().unlink()

    def _collection_note_lines(self):
        self.env["collection.engine"]._note_lines(
            self.debit_move_id | self.credit_move_id
        )
