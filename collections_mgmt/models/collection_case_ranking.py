"""Where a case stands on the worklist, and why, in words."""

from odoo import api, fields, models
from odoo.tools import format_amount, formatLang

# Written through the ORM, these change how a case ranks; the engine's own statements
# rank by themselves.
RANKING_FIELDS = frozenset(
    {
        *("date_last_contact", "reply_date", "hold_date", "decision"),
        *("risk", "snooze_until", "rank_shift"),
        "no_contact_before",
        "agent_id",  # whose team weighs the reasons
    }
)
# How many reasons a line of the list has room for.
SHORT = 4
# What lists show in columns of their own.
WITH_COLUMN = ("amount", "age")


class CollectionCase(models.Model):
    _inherit = "collection.case"

    rank_score = fields.Float(
        string="Rank",
        readonly=True,
        default=0.0,
        aggregator=None,
        help="The higher, the sooner something should be done.",
    )
    rank_reasons = fields.Json(readonly=True)
    rank_brief = fields.Char(
        string="Why",
        compute="_compute_rank_brief",
        help="Why it ranks where it does, besides its amount and how late it is.",
    )
    rank_details = fields.Text(string="Rank in Points", compute="_compute_rank_details")
    risk = fields.Float(
        readonly=True,
        aggregator="avg",
        help="How likely the debtor pays late, from 0 (unknown) to 1.",
    )

    # IN WORDS

    @api.depends("rank_reasons")
    @api.depends_context("lang")
    def _compute_rank_brief(self):
        for case in self:
            reasons = case._get_rank_reasons()
            brief = [text for code, text, _points in reasons if code not in WITH_COLUMN]
            case.rank_brief = " · ".join(brief[:SHORT])

    @api.depends("rank_reasons", "rank_score")
    @api.depends_context("lang")
    def _compute_rank_details(self):
        for case in self:
            case.rank_details = "\n".join(
                f"{'+' * (points >= 0)}{formatLang(self.env, points, 1)}  {text}"
                for _code, text, points in case._get_rank_reasons()
            )

    def _get_rank_reasons(self):
        """Return [(code, sentence, points)], the weightiest first."""
        self.ensure_one()
        sentences = self._get_rank_sentences()
        return [
            (code, sentences[code](figure), points)
            for code, points, figure in self.rank_reasons or ()
            if code in sentences  # of a module that is gone
        ]

    def _get_rank_sentences(self):
        """Return {code of tools.ranking: function of its figure, in words}."""
        self.ensure_one()
        return {
            "reply": lambda figure: self.env._("reply not looked at"),
            "promise": self._describe_promise_day,
            "callback": self._describe_callback_day,
            "activity": self._describe_activity_day,
            "person": lambda figure: self.env._("needs a person"),
            "amount": lambda figure: self.env._(
                "%(amount)s overdue",
                amount=format_amount(self.env, figure, self.currency_id),
            ),
            "age": self._describe_age,
            "broken": self._describe_broken_promises,
            "risk": lambda figure: self.env._(
                "likely to pay late (%(percent)s%%)", percent=round(100 * figure)
            ),
            "silence": self._describe_silence,
            "blocked": lambda figure: self.env._("no contact possible now"),
            "covered": self._describe_cover,
            "contested": lambda figure: self.env._("contested by the debtor"),
            "shift": self._describe_shift,
        }

    def _describe_promise_day(self, days):
        if not days:
            return self.env._("promised for today")
        if days == 1:
            return self.env._("promised for yesterday")
        return self.env._("promised for %(days)s days ago", days=int(days))

    def _describe_callback_day(self, days):
        if not days:
            return self.env._("put off until today")
        if days == 1:
            return self.env._("put off until yesterday")
        return self.env._("put off until %(days)s days ago", days=int(days))

    def _describe_activity_day(self, days):
        if not days:
            return self.env._("task for today")
        if days == 1:
            return self.env._("task 1 day late")
        return self.env._("task %(days)s days late", days=int(days))

    def _describe_age(self, days):
        if days == 1:
            return self.env._("1 day late")
        return self.env._("%(days)s days late", days=int(days))

    def _describe_broken_promises(self, count):
        if count == 1:
            return self.env._("1 broken promise")
        return self.env._("%(count)s broken promises", count=int(count))

    def _describe_silence(self, days):
        if days is None:
            return self.env._("never contacted")
        if days == 1:
            return self.env._("contacted yesterday")
        return self.env._("no contact for %(days)s days", days=int(days))

    def _describe_cover(self, _figure):
        if self.decision == "credits":
            return self.env._("covered by credits")
        if self.decision == "held":
            return self.env._("on hold")
        return self.env._("covered by a promise")

    def _describe_shift(self, _figure):
        if self.rank_shift > 0:
            return self.env._("moved up by hand")
        return self.env._("moved down by hand")

    # RANKED ANEW

    def write(self, vals):
        # EXTENDS: what changed ranks anew before the transaction ends
        result = super().write(vals)
        if not RANKING_FIELDS.isdisjoint(vals):
            # In sudo: nobody writes ranks, the engine does.
            self.env["collection.engine"].sudo()._note_ranking(self)
        return result
