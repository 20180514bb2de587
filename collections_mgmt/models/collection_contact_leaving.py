"""The words of messages, read once more as they leave.

A template may be faultless and the message not: by what a field says, or because what
has to be said stands where nobody sees it.
"""

from odoo import models

from ..tools.plain_words import find_words, is_said, read_html
from .collection_wording import BLOCK_PLACEHOLDERS


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    def _check_texts(self, texts):
        """Stop the messages that must not leave as they are worded.

        :param dict texts: {id: {"subject", "body_html"}}, as they leave
        :return: the contacts that may leave
        """
        words = self.env["collection.forbidden.word"]._get_words()
        stopped = self.browse()
        for contact in self:
            written = texts[contact.id].values()
            said = [read_html(text) for text in written]
            faults = contact._get_forbidden(words, said)
            faults = faults or contact._get_unsaid(written, said)
            if faults:
                contact._set_unworded("\n".join(faults))
                stopped |= contact
        return self - stopped

    def _get_forbidden(self, words, said):
        """Return a sentence about the words that must not be said, if some are.

        A debtor's own name is not ours to word.
        """
        self.ensure_one()
        found = find_words(words, said)
        if found:
            names = (self.partner_id | self.address_partner_id).mapped("name")
            own = find_words(found, filter(None, names))
            found = [word for word in found if word not in own]
        return self.env["collection.forbidden.word"]._explain_words(found)

    def _get_unsaid(self, written, said):
        """Return a sentence for each piece that the template has and nobody reads.

        Only of the pieces that the block of required words says: others have words of
        their own. What people write was compared piece by piece.

        :param written: the texts as HTML
        :param list said: the same as they are read
        """
        self.ensure_one()
        if self.is_edited or not self.sudo().wording_ids:
            return []
        source = self._get_wording_source() or ""
        if not any(name in source for name in BLOCK_PLACEHOLDERS):
            return []
        contact = self.with_context(lang=self.lang)
        # As it is in most: word for word.
        if any(contact.legal_block in text for text in written if text):
            return []
        text = " ".join(said)
        return [
            self._describe_unsaid(wording)
            for wording in self.sudo().wording_ids
            if not self._stands_in_footer(wording)
            and not (wording.placeholder and wording.placeholder in source)
            and not is_said(read_html(contact._render_wordings(wording)), text)
        ]
