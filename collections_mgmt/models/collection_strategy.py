from ast import literal_eval
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL


class CollectionStrategy(models.Model):
    _name = "collection.strategy"
    _description = "Collection Strategy"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(
        default=10,
        help="Where several strategies apply to the same debtor, the first one wins.",
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        domain=[("parent_id", "=", False)],
        help="Leave empty to offer the strategy to every company.",
    )
    has_rule = fields.Boolean(
        string="Assign by Rule",
        help="Debtors that match the rule get this strategy by themselves, unless one "
        "was chosen on the debtor.",
    )
    domain = fields.Char(string="Applies to These Debtors", default="[]")
    minimum_amount = fields.Float(
        digits="Account",
        help="Debtors who owe less than this, in company currency and net of their "
        "credits, are left alone.",
    )
    tolerance_amount = fields.Float(
        string="Tolerance per Item",
        digits="Account",
        help="An item of which no more than this is left, in company currency, is not "
        "asked for: bank charges, rounding.",
    )
    credit_policy = fields.Selection(
        [
            ("oldest", "Deduct, the oldest item first"),
            ("apart", "Keep apart, ask for the full amount"),
        ],
        string="Unallocated Credits",
        required=True,
        default="oldest",
        help="Payments and credit notes not yet matched with an invoice.",
    )
    grouping = fields.Selection(
        [
            ("customer", "One per customer"),
            ("branch", "One per branch of the company"),
            ("invoice", "One per invoice"),
        ],
        string="Messages",
        required=True,
        default="customer",
    )
    minimum_gap_days = fields.Integer(
        string="Days Between Contacts",
        default=3,
        help="A debtor is not contacted again before this many days have passed.",
    )
    stage_ids = fields.One2many(
        "collection.stage", "strategy_id", string="Stages", copy=True
    )

    _check_minimum_gap_days = models.Constraint(
        "CHECK (minimum_gap_days >= 0)",
        "The days between contacts cannot be negative.",
    )
    _check_minimum_amount = models.Constraint(
        "CHECK (minimum_amount >= 0)",
        "The minimum amount cannot be negative.",
    )

    _check_tolerance_amount = models.Constraint(
        "CHECK (tolerance_amount >= 0)",
        "The tolerance cannot be negative.",
    )

    @api.constrains("has_rule", "domain")
    def _check_domain(self):
        for strategy in self.filtered("has_rule"):
            try:
                self._find_partners(strategy.domain)
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "The rule of the strategy “%(strategy)s” cannot be read: "
                        "%(error)s. Please correct it.",
                        strategy=strategy.name,
                        error=error,
                    )
                ) from error

    # RULES

    @api.model
    def _get_rules_sql(self, company):
        """Return a SELECT of the rules that count in a company, the first one first.

        They are read anew each time: kept in memory, they could be stale in a long job.

        :return: SQL of strategy id and domain
        """
        query = self._search(
            Domain("has_rule", "=", True)
            & Domain("company_id", "in", [False, company.id]),
            order=self._order,
        )
        return query.select(
            *(self._field_to_sql(query.table, name, query) for name in ("id", "domain"))
        )

    @api.model
    def _read_rules(self, rules):
        """Return {strategy id: query of its debtors} and {strategy id: why none}.

        A rule that was accepted cannot be read any more when a field it is about is
        gone, with a module or by hand.

        :param rules: rows of ``_get_rules_sql``
        """
        queries, problems = {}, {}
        for strategy_id, domain in rules:
            try:
                queries[strategy_id] = self._find_partners(domain)
            except Exception as error:
                problems[strategy_id] = str(error)
        return queries, problems

    @api.model
    def _find_partners(self, domain):
        """Return the query of the debtors, archived ones too, that a rule takes."""
        return (
            self.env["res.partner"]
            .with_context(active_test=False)
            ._search(Domain(literal_eval(domain or "[]")))
        )

    def _move_items_on(self):
        """Let the open items stand behind every stage that was done for them.

        The order of the stages changed; what an item was told is not told again.
        """
        self.env.flush_all()
        Stage = self.env["collection.stage"]
        self.env.cr.execute(
            SQL(
                """
                UPDATE collection_item item SET passed_stage_id = told.id
                  FROM (
                    SELECT DISTINCT ON (line.item_id) line.item_id,
                           stage.id, stage.days, stage.sequence
                      FROM collection_contact_line line
                      JOIN collection_stage stage ON stage.id = line.stage_id
                     WHERE line.is_counted AND stage.strategy_id IN %(strategies)s
                     ORDER BY line.item_id, %(place)s DESC
                  ) told, collection_stage passed
                 WHERE item.id = told.item_id AND item.state = 'open'
                   AND passed.id = item.passed_stage_id
                   AND %(place_told)s > %(place_passed)s
                """,
                strategies=tuple(self.ids),
                place=Stage._get_place_sql("stage"),
                place_told=Stage._get_place_sql("told"),
                place_passed=Stage._get_place_sql("passed"),
            )
        )
        self.env["collection.item"].invalidate_model(["passed_stage_id"])

    def _get_retry_date(self, date):
        """Return when a message that failed on ``date`` is tried again."""
        return date + timedelta(days=max(self.minimum_gap_days, 1))
