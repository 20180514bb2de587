"""The paper that a debtor signed, where nobody clicked on a link."""

import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError

# What a file is; changing it would be another paper.
FILE_FIELDS = frozenset(
    {"raw", "datas", "db_datas", "store_fname", "url", "res_model", "res_id"}
)


class CollectionPromise(models.Model):
    _inherit = "collection.promise"

    paper_ids = fields.One2many(
        "ir.attachment",
        "res_id",
        string="Signed Paper",
        domain=[("res_model", "=", "collection.promise")],
        bypass_search_access=True,
        help="What the debtor signed. Its hash is kept as evidence when the promise is "
        "confirmed.",
    )

    def _get_new_fields(self):
        # EXTENDS: the paper comes with the draft
        return super()._get_new_fields() | {"paper_ids"}

    def _get_worded_fields(self):
        # EXTENDS: a proposal that is signed is still the same
        return super()._get_worded_fields() - {"paper_ids"}

    def _get_paper_hashes(self):
        """Return [(name, SHA-256)] of the papers."""
        self.ensure_one()
        papers_sudo = self.sudo().paper_ids  # who sees the promise sees its papers
        return [
            (paper.name, hashlib.sha256(paper.raw or b"").hexdigest())
            for paper in papers_sudo.sorted("id")
        ]

    def _get_made_facts(self):
        # EXTENDS: by their hashes papers are proved
        facts = super()._get_made_facts()
        if papers := self._get_paper_hashes():
            facts["papers_sha256"] = [digest for _name, digest in papers]
        return facts

    def _get_made_words(self):
        # EXTENDS: a name may tell somebody's
        words = super()._get_made_words()
        if papers := self._get_paper_hashes():
            words["papers"] = [name for name, _digest in papers]
        return words

    def _get_made_text(self):
        # EXTENDS: what is signed stands on the case, too
        lines = [super()._get_made_text()]
        lines += [
            self.env._("Signed on paper: %(name)s (SHA-256 %(hash)s).", name=n, hash=h)
            for n, h in self._get_paper_hashes()
        ]
        return "\n".join(lines)


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def write(self, vals):
        # EXTENDS 'base': evidence says which paper it was
        if FILE_FIELDS & vals.keys():
            self._check_signed_papers()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_signed_papers(self):
        self._check_signed_papers()

    def _check_signed_papers(self):
        """Refuse to take away what was signed of a promise that was in force."""
        if self.env.su:
            return
        papers = self.filtered(lambda file: file.res_model == "collection.promise")
        # In sudo: it counts whoever may see the promise.
        promises_sudo = (
            self.env["collection.promise"].sudo().browse(papers.mapped("res_id"))
        )
        if promises_sudo.exists().filtered(lambda promise: promise.state != "draft"):
            raise UserError(
                self.env._("What was signed stays with the promise: it is its proof.")
            )


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _erase_conversation(self):
        # EXTENDS: what was signed tells who signed
        self.promise_ids.paper_ids.unlink()
        return super()._erase_conversation()
