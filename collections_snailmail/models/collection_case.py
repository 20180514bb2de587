from odoo import models
from odoo.fields import Domain


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _erase_conversation(self):
        # EXTENDS 'collections_mgmt': the service's queue keeps addresses and files
        # In sudo: the queue is the service's own.
        letters_sudo = (
            self.env["snailmail.letter"]
            .sudo()
            .search(Domain("model", "=", self._name) & Domain("res_id", "in", self.ids))
        )
        files = letters_sudo.attachment_id
        letters_sudo.unlink()
        files.exists().unlink()
        return super()._erase_conversation()
