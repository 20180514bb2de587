"""What is said and done when something is put on hold, and when that is over."""

import logging

from odoo import models
from odoo.tools import format_date

from ..const import TOLD_BY_COURSE
from ..tools.errors import CONFLICTS
from ..tools.receipts import get_receipt_kind

_logger = logging.getLogger(__name__)


class CollectionItemHold(models.Model):
    _inherit = "collection.item.hold"

    # IT BEGINS

    def _on_opened(self):
        self._note_debtors()
        self._log_on_cases(lambda hold: hold._get_opened_text(), TOLD_BY_COURSE)
        self._note_facts(
            "held",
            lambda hold: hold._get_own_facts(),
            lambda hold: hold._get_own_words(),
        )
        for hold in self.filtered("message_id"):
            hold._copy_receipts()

    def _copy_receipts(self):
        """Take the files of the message for receipts of the announced payment."""
        if not self.is_payment_announced:
            return
        # In sudo: that the message is one of the case was checked.
        for file in self.message_id.sudo().attachment_ids:
            if get_receipt_kind(file.raw or b""):
                file.copy({"res_model": self._name, "res_id": self.id})

    def _get_own_facts(self):
        """Return what the evidence says in the open of a hold: nothing personal."""
        until = self.date_until
        return {"hold": self.id, "until": until and until.isoformat()}

    def _get_own_words(self):
        """Return what the evidence keeps apart, because it is personal."""
        return {
            "reason": self.reason_id.name,
            "items": self._get_held_items().mapped("display_name"),
            "whole_case": self.is_whole_case,
            "announced": self.is_payment_announced
            and self.currency_id.format(self.amount_announced),
            "note": self.note or "",
        }

    def _get_opened_text(self, reason=None):
        """Return what is held, as a sentence.

        :param str reason: why it is held longer than it was
        """
        self.ensure_one()
        values = {
            "reason": " · ".join(filter(None, (self.reason_id.name, reason))),
            "amount": self.currency_id.format(self.amount),
            "date": format_date(self.env, self.date_until),
        }
        if self.is_from_debtor:
            return self._get_said_text(**values)
        if self.is_whole_case:
            return self._get_whole_case_text(**values)
        if self.is_payment_announced:
            return self._get_announced_text(**values)
        if not self.date_until:
            return self.env._(
                "%(amount)s on hold until somebody cancels it: %(reason)s.", **values
            )
        return self.env._("%(amount)s on hold until %(date)s: %(reason)s.", **values)

    def _get_whole_case_text(self, date, reason, **_values):
        """Return that nothing is asked of the debtor, as a sentence."""
        if not self.date_until:
            return self.env._(
                "The whole case is on hold until somebody ends it: %(reason)s.",
                reason=reason,
            )
        return self.env._(
            "The whole case is on hold until %(date)s: %(reason)s.",
            date=date,
            reason=reason,
        )

    def _get_announced_text(self, amount, date, reason):
        """Return that the debtor says it is paid, as a sentence."""
        paid = self.currency_id.format(self.amount_announced)
        if not self.date_until:
            return self.env._(
                "A payment of %(paid)s is announced: %(amount)s are not asked for "
                "until somebody cancels it (%(reason)s).",
                paid=paid,
                amount=amount,
                reason=reason,
            )
        return self.env._(
            "A payment of %(paid)s is announced: %(amount)s are not asked for until "
            "%(date)s (%(reason)s).",
            paid=paid,
            amount=amount,
            date=date,
            reason=reason,
        )

    def _get_said_text(self, amount, date, reason):
        """Return what the debtor said on the page, as a sentence."""
        return self.env._(
            "The debtor says that %(paid)s were paid on %(day)s (%(reference)s): "
            "%(amount)s are not asked for until %(date)s (%(reason)s).",
            paid=self.currency_id.format(self.amount_announced),
            day=format_date(self.env, self.payment_date),
            reference=self.payment_reference or self.env._("no reference"),
            amount=amount,
            date=date,
            reason=reason,
        )

    # IT IS OVER

    def _on_ended(self, date):
        """The engine found that these are over: say so, and give out the tasks.

        All together; where that fails each by itself, so that one stops no other.

        :param datetime.date date: the day of the engine
        """
        if not self:
            return
        self.env.flush_all()
        if not self._try_to_tell(date):
            for hold in self:
                hold._try_to_tell(date)
        for kind, holds in self.grouped(lambda hold: hold._get_end_kind()).items():
            holds._note_facts(
                kind, lambda hold: {**hold._get_own_facts(), "by": hold.settled_by}
            )

    def _get_end_kind(self):
        """Return the kind of fact that the end of the hold is."""
        if self.is_missed:
            return "hold_missed"
        return "hold_settled" if self.state == "settled" else "hold_ended"

    def _try_to_tell(self, date):
        """Return whether it was said what became of these holds."""
        try:
            with self.env.cr.savepoint(flush=False):
                self._tell_ended(date)
        except CONFLICTS:
            raise  # other work was in the way: all is done again
        except Exception:
            self.env.transaction.clear()
            _logger.exception("It is not said that these holds ended: %s", self.ids)
            return False
        return True

    def _tell_ended(self, date):
        self._log_on_cases(lambda hold: hold._get_ended_text(), TOLD_BY_COURSE)
        # In their own conversations, too: the engine's statement tracked nothing.
        for holds in self._get_by_lang():
            bodies = {hold.id: hold._get_ended_text() for hold in holds}
            holds._collection_log_batch(bodies)
        # Money that did not come.
        self.filtered("is_missed")._schedule_tasks(
            "collections_mgmt.mail_activity_type_hold",
            date,
            lambda hold: hold._get_ended_text(),
        )
        self.env.flush_all()

    def _get_ended_text(self):
        """Return what became of the hold, as a sentence."""
        self.ensure_one()
        values = {
            "reason": self.reason_id.name,
            "amount": self.currency_id.format(
                self.amount_announced if self.is_missed else self.amount
            ),
            "date": format_date(self.env, self.date_until),
            "why": self.cancel_reason or "",
        }
        if self.is_whole_case:
            return self._get_whole_case_ended_text(**values)
        if self.state == "cancelled":
            return self._get_cancelled_text(**values)
        if self.state == "settled":
            return self._get_settled_text(**values)
        if self.is_missed:
            return self.env._(
                "The announced payment of %(amount)s was not seen until %(date)s: it "
                "is asked for again.",
                **values,
            )
        return self.env._(
            "Hold of %(amount)s over since %(date)s (%(reason)s): it is asked for "
            "again.",
            **values,
        )

    def _get_cancelled_text(self, amount, reason, why, **_values):
        """Return why somebody asks for it again, as a sentence."""
        if self.is_payment_announced:
            return self.env._(
                "The announced payment of %(amount)s is not waited for any more: "
                "%(why)s",
                amount=self.currency_id.format(self.amount_announced),
                why=why,
            )
        return self.env._(
            "Hold of %(amount)s cancelled (%(reason)s): %(why)s",
            amount=amount,
            reason=reason,
            why=why,
        )

    def _get_settled_text(self, amount, **_values):
        """Return what took the reason to hold anything, as a sentence."""
        if self.is_payment_announced and self.settled_by == "payment":
            return self.env._(
                "The announced payment of %(amount)s came.",
                amount=self.currency_id.format(self.amount_announced),
            )
        match self.settled_by:
            case "payment":
                return self.env._("Hold of %(amount)s over: it is paid.", amount=amount)
            case "credit":
                return self.env._(
                    "Hold of %(amount)s over: credit notes or corrections left nothing "
                    "to pay.",
                    amount=amount,
                )
            case "both":
                return self.env._(
                    "Hold of %(amount)s over: part was paid, the rest credited or "
                    "corrected.",
                    amount=amount,
                )
            case "unmatched":
                return self.env._(
                    "Hold of %(amount)s over: a payment or credit that is not matched "
                    "yet covers it.",
                    amount=amount,
                )
        return self.env._(
            "Hold of %(amount)s over: the invoices were cancelled, or are not followed "
            "any more.",
            amount=amount,
        )

    def _get_whole_case_ended_text(self, reason, date, why, **_values):
        """Return that the debtor is asked again, and why, as a sentence."""
        if self.state == "cancelled":
            return self.env._(
                "Hold of the whole case ended (%(reason)s): %(why)s",
                reason=reason,
                why=why,
            )
        return self.env._(
            "Hold of the whole case over since %(date)s (%(reason)s): what is due is "
            "asked for again.",
            date=date,
            reason=reason,
        )
