"""What follows when a promise was kept, broken, or taken for broken by mistake."""

from odoo import models
from odoo.tools import SQL, format_date

from ..const import FAILED_PROMISES, TOLD_BY_COURSE

# Which fact each state is that the engine finds.
VERDICT_KINDS = {
    "open": "promise_reopened",
    "kept": "promise_kept",
    "cancelled": "promise_settled",
    **dict.fromkeys(FAILED_PROMISES, "promise_broken"),
}


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
        self._note_facts(VERDICT_KINDS[after], lambda promise: promise._get_own_facts())

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
            Contact = self.env["collection.contact"]
            told = Contact._plan_promise_messages(plans, "default").promise_id
            (plans - told)._leave_notice_to_person(scope.date)

    def _leave_notice_to_person(self, date):
        """Say that no notice could be sent, and give somebody the task to tell it."""
        if not self:
            return
        self._log_on_cases(lambda plan: plan._get_untold_text())
        activity_type = self.env.ref("mail.mail_activity_data_todo")
        self.case_id._create_tasks(
            [
                plan._prepare_task_values(
                    activity_type, date, lambda plan: plan._get_untold_text()
                )
                for plan in self
                if plan.case_id.state == "open"
            ]
        )

    def _get_untold_text(self):
        self.ensure_one()
        return self.env._(
            "The payment plan of %(amount)s has ended and no notice could be sent: "
            "%(debtor)s has neither an e-mail nor a postal address. Tell them by "
            "phone.",
            amount=self.currency_id.format(self.amount),
            debtor=self.partner_id.display_name,
        )

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

    def _get_named_contact(self):
        # EXTENDS: a plan is agreed on by its proposal
        return super()._get_named_contact() or self.proposal_contact_id

    def _get_own_facts(self):
        return {"promise": self.id}

    def _note_on_record(self, limits):
        """Write down that a promise was made: on the case, and as evidence.

        :param list limits: sentences of the limits that a manager went beyond
        """
        self.ensure_one()
        self._log_on_cases(
            lambda promise: "\n".join([promise._get_made_text(), *limits]),
            "notification" if limits or self.paper_ids else TOLD_BY_COURSE,
        )
        self._note_facts(
            "promised",
            lambda promise: promise._get_made_facts(),
            lambda promise: promise._get_made_words(),
        )

    def _get_made_facts(self):
        """Return what the evidence says in the open of a promise: nothing personal."""
        return {**self._get_own_facts(), "dates": self._get_date_texts()}

    def _get_made_words(self):
        """Return what the evidence keeps apart, because it is personal."""
        return {
            "promised_by": self.promiser_id.name or self.partner_id.name,
            "amount": self.currency_id.format(self.amount),
            "items": [
                [line.item_id.display_name, self.currency_id.format(line.amount)]
                for line in self.line_ids
            ],
            "note": self.note or "",
        }

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
