"""What follows when a promise was kept, broken, or taken for broken by mistake."""

from odoo import models
from odoo.tools import SQL, format_date

from ..const import FAILED_PROMISES, TOLD_BY_COURSE


class CollectionPromise(models.Model):
    _inherit = "collection.promise"

    def _on_judged(self, before, after, scope):
        """The engine found that these promises moved from one state to another.

        :param str before: a state of const.PROMISE_STATES
        :param str after: another
        :param Scope scope: company and day of the verdict
        """
        if after in FAILED_PROMISES and before not in FAILED_PROMISES:
            self._on_failed(scope)
        self._log_on_cases(
            lambda promise: promise._get_verdict_text(),
            # That it is open again is no entry of its own.
            "notification" if after == "open" else TOLD_BY_COURSE,
        )
        self._note_verdict(after)

    def _on_failed(self, scope):
        """The date passed without the money: chased again, and somebody's task."""
        if scope.company.collection_promise_climbs:
            self._climb_items(scope)
        self._schedule_tasks(
            "collections_mgmt.mail_activity_type_promise",
            scope.date,
            lambda promise: promise._get_verdict_text(),
        )
        plans = self.filtered(lambda promise: promise.kind == "plan")
        if not scope.company.collection_test_mode:
            self.env["collection.contact"]._plan_promise_messages(plans, "default")

    def _climb_items(self, scope):
        """Let the items pass one stage, unless it is their last."""
        engine = self.env["collection.engine"]
        self.env.execute_query(
            SQL(
                """
                WITH %(stages)s
                UPDATE collection_item item SET passed_stage_id = next.stage_id
                  FROM collection_promise_line part, collection_case cases,
                       rung next, rung after_next
                 WHERE part.promise_id = ANY(%(promises)s) AND part.item_id = item.id
                   AND item.state = 'open' AND cases.id = item.case_id
                   AND next.strategy_id =
                       COALESCE(item.strategy_id, cases.strategy_id)
                   AND next.passed_id = COALESCE(item.passed_stage_id, 0)
                   AND after_next.strategy_id = next.strategy_id
                   AND after_next.passed_id = next.stage_id
                RETURNING item.id
                """,
                stages=engine._get_stage_ctes_sql(),
                promises=self.ids,
            )
        )
        self.env["collection.item"].invalidate_model(["passed_stage_id"], flush=False)

    # ON RECORD

    def _note_on_record(self, limits):
        """Write down that a promise was made: on the case, and as evidence.

        :param list limits: sentences of the limits that a manager went beyond
        """
        self.ensure_one()
        self._log_on_cases(
            lambda promise: "\n".join([promise._get_made_text(), *limits]),
            "notification" if limits else TOLD_BY_COURSE,
        )
        # In sudo: facts are the suite's own; who may confirm was checked before.
        self.contact_id.sudo()._note_event(
            "promised",
            facts={"promise": self.id, "dates": self._get_date_texts()},
            words={
                "promised_by": self.promiser_id.name or self.partner_id.name,
                "amount": self.currency_id.format(self.amount),
                "items": [
                    [line.item_id.display_name, self.currency_id.format(line.amount)]
                    for line in self.line_ids
                ],
                "note": self.note or "",
            },
        )

    def _note_verdict(self, state):
        """Keep what became of promises with the contact in which they were made."""
        kind = {"kept": "promise_kept"}.get(state)
        if state in FAILED_PROMISES:
            kind = "promise_broken"
        if not kind:
            return
        for promise in self.filtered("contact_id"):
            promise.contact_id._note_event(kind, facts={"promise": promise.id})

    def _get_date_texts(self):
        return [instalment.date.isoformat() for instalment in self.instalment_ids]

    def _get_made_text(self):
        self.ensure_one()
        return self.env._(
            "%(name)s promised %(amount)s until %(date)s.",
            name=self.promiser_id.name or self.partner_id.display_name,
            amount=self.currency_id.format(self.amount),
            date=format_date(self.env, self.date_end),
        )

    def _get_verdict_text(self):
        """Return what became of the promise, as a sentence."""
        self.ensure_one()
        amount = self.currency_id.format(self.amount)
        # One by one: after a bank import ten thousand of them are written.
        match self.state:
            case "open":
                return self.env._(
                    "Promise of %(amount)s: open again, by what the ledger says.",
                    amount=amount,
                )
            case "kept":
                return self.env._("Promise of %(amount)s kept.", amount=amount)
            case "partly":
                return self.env._(
                    "Promise of %(amount)s broken: %(paid)s were paid, the rest was "
                    "due on %(date)s.",
                    amount=amount,
                    paid=self.currency_id.format(self.amount_paid),
                    date=format_date(self.env, self.date_due),
                )
            case "broken":
                return self.env._(
                    "Promise of %(amount)s broken: nothing was paid until %(date)s.",
                    amount=amount,
                    date=format_date(self.env, self.date_due),
                )
        return self.env._(
            "Promise of %(amount)s over: nothing is left to pay.", amount=amount
        )
