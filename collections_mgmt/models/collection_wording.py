"""The pieces that laws want in messages, and the words they do not want there."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..tools.plain_words import find_words, read_html

# The expressions by which templates take all that is required at once.
HTML_BLOCK, TEXT_BLOCK = BLOCK_PLACEHOLDERS = (
    "object.legal_block",
    "object.legal_text",
)


class CollectionWording(models.Model):
    """A piece of information that a rule of the kind “Required words” asks for.

    The template ``collections_mgmt.contact_legal_block`` words it, under its code.
    """

    _name = "collection.wording"
    _description = "Piece of Required Words"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    code = fields.Char(required=True)
    name = fields.Char(required=True, translate=True)
    hint = fields.Char(
        translate=True,
        help="What is missing and where it is entered, as: the ways to pay are "
        "missing: enter them in the settings.",
    )
    placeholder = fields.Char(
        help="A template that contains this expression says the piece by itself."
    )
    rule_ids = fields.Many2many(
        "collection.contact.rule",
        "collection_contact_rule_wording_rel",
        "wording_id",
        "rule_id",
        string="Contact Rules",
    )

    _unique_code = models.Constraint("UNIQUE (code)", "There is such a piece already.")

    def _is_placed_in(self, text):
        """Return whether a template says the piece, or all pieces at once."""
        self.ensure_one()
        names = (*BLOCK_PLACEHOLDERS, self.placeholder)
        return any(name in text for name in names if name)


class CollectionContactRule(models.Model):
    _inherit = "collection.contact.rule"

    wording_ids = fields.Many2many(
        "collection.wording",
        "collection_contact_rule_wording_rel",
        "rule_id",
        "wording_id",
        string="Messages Say",
        help="A message that lacks one of these is not sent.",
    )
    is_first_only = fields.Boolean(
        string="Only the First Message",
        help="Only the first message after the due date has to say it.",
    )
    rights_text = fields.Text(
        string="The Debtor's Rights",
        translate=True,
        help="Stands in messages where the company has no text of its own.",
    )

    @api.model
    def _get_content_rules_of(self, company, date):
        """Return the valid rules that ask for words in messages."""
        return self._get_rules_of(
            company,
            date,
            Domain("kind", "=", "content") & Domain("wording_ids", "any", []),
        )

    # THE LINTER OF TEMPLATES

    @api.model
    def _explain_lacks(self, texts, channels, block, said=()):
        """Return in sentences which required words a template lacks, place by place.

        :param list texts: the template, in each language
        :param channels: codes of the channels it is for
        :param str block: the expression that says them all
        :param said: codes of pieces that stand in messages anyway
        """
        sentences = []
        for rule in self._get_content_rules_for(channels):
            lacking = rule.wording_ids.filtered(
                lambda wording: (
                    wording.code not in said
                    and not all(wording._is_placed_in(text or "") for text in texts)
                )
            )
            if lacking:
                place = rule.country_id.name or rule.country_group_id.name or rule.name
                sentences.append(
                    self.env._(
                        "%(place)s: it lacks %(pieces)s. Insert %(block)s: without it "
                        "no such message leaves.",
                        place=place,
                        pieces=", ".join(
                            f"“{name}”" for name in lacking.mapped("name")
                        ),
                        block=block,
                    )
                )
        return list(dict.fromkeys(sentences))

    @api.model
    def _get_content_rules_for(self, channels):
        """Return the rules on words in messages by some channels, of the companies."""
        today = fields.Date.context_today(self)
        # In sudo: what the law says does not depend on who writes a template.
        rules = (
            self.sudo()
            .browse()
            .union(
                *(
                    self.sudo()._get_content_rules_of(company, today)
                    for company in self.env.companies.root_id
                )
            )
        )
        return rules.filtered(
            lambda rule: (
                not rule.channel_ids or rule.channel_ids._get_codes() & set(channels)
            )
        )


class CollectionForbiddenWord(models.Model):
    """Words by which a message looks like a court's paper, or threatens."""

    _name = "collection.forbidden.word"
    _description = "Word Not to Use in Messages"
    _order = "name, id"

    name = fields.Char(
        string="Words",
        required=True,
        help="Found as whole words, in capitals or not, with accents or without.",
    )
    active = fields.Boolean(default=True)
    reason = fields.Char(translate=True)

    @api.model
    def _check_texts(self, texts):
        """Check that texts for debtors do not look like papers of a court.

        :param texts: plain or HTML, some may be empty
        :raise ValidationError: names the words
        """
        if sentences := self._explain_texts(texts):
            raise ValidationError("\n".join(sentences))

    @api.model
    def _explain_texts(self, texts):
        """Return what is wrong with texts for debtors, in sentences; none if nothing.

        :param texts: plain or HTML, some may be empty
        """
        return self._explain_words(
            find_words(self._get_words(), map(read_html, filter(None, texts)))
        )

    @api.model
    def _get_words(self):
        """Return the words themselves."""
        # In sudo: the list holds for whoever writes.
        return self.sudo().search(Domain.TRUE).mapped("name")

    def _explain_words(self, words):
        """Return what is wrong with a text that has some of the words; none if none."""
        return words and [
            self.env._(
                "Messages must not look like papers of a court, nor threaten: "
                "write without %(words)s.",
                words=", ".join(f"“{word}”" for word in words),
            )
        ]

    # WHAT WAS STOPPED FOR A WORD MAY LEAVE WITHOUT IT

    def write(self, vals):
        # EXTENDS
        result = super().write(vals)
        self.env["collection.contact"]._forget_unworded(Domain.TRUE)
        return result

    def unlink(self):
        # EXTENDS
        result = super().unlink()
        self.env["collection.contact"]._forget_unworded(Domain.TRUE)
        return result
