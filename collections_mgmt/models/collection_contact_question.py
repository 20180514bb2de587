"""Laws that can be read in two ways: which way a company reads them."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CollectionContactQuestion(models.Model):
    """A question that a law leaves open. Companies name those they read otherwise.

    What nobody has chosen is read in the strict way.
    """

    _name = "collection.contact.question"
    _description = "Open Question of a Law"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    code = fields.Char(required=True)
    name = fields.Char(
        string="Other Reading",
        required=True,
        translate=True,
        help="How the law is read by companies that choose it.",
    )
    strict = fields.Char(
        string="Reading by Default",
        required=True,
        translate=True,
        help="How the law is read by all others.",
    )
    rule_ids = fields.One2many("collection.contact.rule", "question_id")

    _unique_code = models.Constraint(
        "UNIQUE (code)", "There is such a question already."
    )


class CollectionContactRule(models.Model):
    _inherit = "collection.contact.rule"

    question_id = fields.Many2one(
        "collection.contact.question",
        string="Other Reading",
        index="btree_not_null",
        ondelete="restrict",
        help="It applies only to companies that chose this reading in the settings.",
    )
    strict_id = fields.Many2one(
        "collection.contact.rule",
        string="Instead of",
        index="btree_not_null",
        ondelete="restrict",
        help="The rule that does not apply to these companies.",
    )
    reading_ids = fields.One2many("collection.contact.rule", "strict_id")

    _check_question = models.Constraint(
        "CHECK (strict_id IS NULL OR question_id IS NOT NULL)",
        "Say by which reading the rule stands in for another.",
    )

    @api.constrains("active", "strict_id")
    def _check_readings(self):
        """Check that with each reading of a law there is a rule: one of the two."""
        if self._is_installing():
            return  # a new reading of a law whose rule the company has archived
        rules = self.with_context(active_test=False)
        for other in rules.filtered("strict_id") | rules.reading_ids:
            if other.active != other.strict_id.active:
                raise ValidationError(
                    self.env._(
                        "“%(rule)s” and “%(other)s” are two readings of one law: "
                        "choose between them in the settings, and archive both or "
                        "none.",
                        rule=other.strict_id.name,
                        other=other.name,
                    )
                )

    def _choose_readings(self, company, first, last):
        """Return those of the rules that apply as a company reads the law.

        Exactly one of two readings does; of several other readings of one rule, all
        that were chosen. On the days on which the other is not valid, the strict one
        applies as well.

        :param first, last: the days between which rules are asked for
        """
        # In sudo: how the law is read does not depend on who asks.
        chosen = company.sudo().collection_question_ids
        applicable = self.filtered(
            lambda rule: not rule.question_id or rule.question_id in chosen
        )
        others = applicable.filtered(
            lambda rule: (
                rule.strict_id
                and (not rule.date_from or rule.date_from <= first)
                and (not rule.date_to or rule.date_to >= last)
            )
        )
        return applicable - others.strict_id


class ResCompany(models.Model):
    _inherit = "res.company"

    collection_question_ids = fields.Many2many(
        "collection.contact.question",
        string="Other Readings of the Law",
        tracking=True,
        help="Questions that laws leave open and that counsel reads less strictly.",
    )

    def _has_one_contact_budget(self):
        """Return whether contacts of all companies of the database count for it."""
        self.ensure_one()
        codes = self.sudo().collection_question_ids.mapped("code")
        return self.collection_actor == "agency" or "Q10" in codes


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    collection_question_ids = fields.Many2many(
        related="company_id.root_id.collection_question_ids", readonly=False
    )
