"""How a case ends, and how it goes on when something is owed again."""

from odoo import api, fields, models


class CollectionCase(models.Model):
    _inherit = "collection.case"

    outcome_text = fields.Char(string="How It Ended", compute="_compute_outcome_text")

    @api.depends("state", "close_reason", "cured_stage_id", "sent_count")
    @api.depends_context("lang")
    def _compute_outcome_text(self):
        for case in self:
            case.outcome_text = case.state == "closed" and case._get_outcome_text()

    # CLOSED

    def _on_closed(self):
        # EXTENDS: the case says how it ended, and the debtor is thanked
        self._log_each(lambda case: case._get_outcome_text())
        self.env["collection.contact"]._plan_thanks(self)
        return super()._on_closed()

    def _get_outcome_text(self):
        """Return how the case ended as a sentence, False when that is not known."""
        self.ensure_one()
        if self.close_reason == "paid":
            return self._get_paid_text()
        return {
            "credited": self.env._("Everything is credited."),
            "left": self.env._("Nothing of this debtor is followed any more."),
        }.get(self.close_reason, False)

    def _get_paid_text(self):
        self.ensure_one()
        stage, count = self.cured_stage_id.name, self.sent_count
        if not count:
            return self.env._("Everything is paid: no contact was needed.")
        if not stage and count == 1:
            return self.env._("Everything is paid after one contact.")
        if not stage:
            return self.env._(
                "Everything is paid after %(count)s contacts.", count=count
            )
        if count == 1:
            return self.env._(
                "Everything is paid: cured at “%(stage)s” after one contact.",
                stage=stage,
            )
        return self.env._(
            "Everything is paid: cured at “%(stage)s” after %(count)s contacts.",
            stage=stage,
            count=count,
        )

    # OPEN AGAIN

    def _on_reopened(self):
        # EXTENDS: the case says why it goes on, and nobody is thanked
        self._log_each(lambda case: case._get_reopened_text())
        self.write({"close_reason": False, "cured_stage_id": False})
        self.env["collection.contact"]._drop_thanks(self)
        return super()._on_reopened()

    def _get_reopened_text(self):
        """Return why the case goes on, and where; it still knows why it was closed."""
        self.ensure_one()
        stage = self.stage_id.name
        if not stage:
            return self.env._("Something is owed again: the case is open again.")
        if self.close_reason == "paid":
            return self.env._(
                "A payment was returned: the case is open again at “%(stage)s”.",
                stage=stage,
            )
        if self.close_reason == "credited":
            return self.env._(
                "A credit was taken back: the case is open again at “%(stage)s”.",
                stage=stage,
            )
        return self.env._(
            "Something is owed again: the case is open again at “%(stage)s”.",
            stage=stage,
        )

    # CHATTER

    def _log_each(self, get_text):
        """Log one sentence on each case, in the company's language.

        :param get_text: function that returns the sentence of a case
        """
        author_id = self.env["ir.model.data"]._xmlid_to_res_id("base.partner_root")
        for lang, cases in self.grouped(
            lambda case: case.company_id.partner_id.lang
        ).items():
            cases = cases.with_context(lang=lang)
            cases._message_log_batch(
                {case.id: get_text(case) for case in cases},
                author_id=author_id,
            )
