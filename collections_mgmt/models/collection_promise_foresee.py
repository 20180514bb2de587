"""What a payment that is about to be registered will do to promises, in words."""

from odoo import models
from odoo.tools import format_date

from ..const import FAILED_PROMISES


class CollectionPromise(models.Model):
    _inherit = "collection.promise"

    def _get_foreseen_texts(self, verdicts, day):
        """Return a sentence for each promise that the payment is about.

        What ended before is told only where the payment changes that; where nothing
        else is told, the last promise that was broken says how late the payment is.

        :param dict verdicts: {promise id: (Verdict now, Verdict then)}
        :param datetime.date day: of the payment
        """
        judged = self.filtered(lambda promise: promise.id in verdicts)
        told = judged.filtered(lambda promise: promise._is_told(*verdicts[promise.id]))
        if not told:
            told = judged.filtered(
                lambda promise: verdicts[promise.id][0].state in FAILED_PROMISES
            ).sorted("date_end")[-1:]
        return [
            promise._get_foreseen_text(*verdicts[promise.id], day)
            for promise in told.sorted(lambda promise: (promise.date_due, promise.id))
        ]

    def _is_told(self, now, then):
        return now.state == "open" or now.state != then.state

    def _get_foreseen_text(self, now, then, day):
        """Return what the payment will do to the promise, as a sentence."""
        self.ensure_one()
        values = self._prepare_foreseen_values(now, then, day)
        match then.state:
            case "kept" if values["late"]:
                return self.env._(
                    "%(promise)s: will be kept, late by %(late)s.", **values
                )
            case "kept":
                return self.env._("%(promise)s: will be kept.", **values)
            case "settled":
                return self.env._("%(promise)s: nothing is left to pay.", **values)
            case "open" if not values["taken_units"]:
                return self.env._(
                    "%(promise)s: stays open. Nothing of this payment goes to it; "
                    "%(open)s stay promised, the next date is %(date)s.",
                    **values,
                )
            case "open":
                return self._get_foreseen_part_text(values)
        return self._get_foreseen_broken_text(then, values)

    def _prepare_foreseen_values(self, now, then, day):
        unit = self.currency_id.rounding
        taken = then.paid - now.paid
        # What is late is late for the date that it is paid for.
        due = now.due if now.state == "open" else then.due
        return {
            "promise": self._get_foreseen_name(),
            "late": self._get_late_text((day - due).days),
            "date": format_date(self.env, then.due),
            "taken_units": taken,
            "taken": self.currency_id.format(taken * unit),
            "paid": self.currency_id.format(then.paid * unit),
            "open": self.currency_id.format(sum(then.open_parts.values()) * unit),
            "done": sum(state in ("kept", "settled") for _p, state in then.instalments),
            "count": len(then.instalments),
        }

    def _get_late_text(self, days):
        """Return how late that is, False when it is not."""
        if days == 1:
            return self.env._("1 day")
        return days > 1 and self.env._("%(days)s days", days=days)

    def _get_foreseen_name(self):
        """Return what the promise is called in a sentence."""
        if self.kind == "plan":
            return self.env._(
                "Payment plan of %(amount)s",
                amount=self.currency_id.format(self.amount),
            )
        return self.env._(
            "Promise of %(amount)s until %(date)s",
            amount=self.currency_id.format(self.amount),
            date=format_date(self.env, self.date_end),
        )

    def _get_foreseen_part_text(self, values):
        """Return what is said where a part is paid and the rest stays promised."""
        if values["count"] > 1:
            return self.env._(
                "%(promise)s: %(taken)s will be paid of it. %(done)s of %(count)s "
                "instalments are paid then; %(open)s stay promised, the next date is "
                "%(date)s.",
                **values,
            )
        return self.env._(
            "%(promise)s: will be partly kept, %(taken)s will be paid of it; "
            "%(open)s stay promised until %(date)s.",
            **values,
        )

    def _get_foreseen_broken_text(self, then, values):
        """Return what is said where the payment does not mend the promise."""
        if values["late"]:
            return self.env._(
                "%(promise)s: stays broken, the payment is late by %(late)s.",
                **values,
            )
        if then.state == "partly":
            return self.env._(
                "%(promise)s: partly kept, %(paid)s are paid in time; the rest was "
                "due on %(date)s.",
                **values,
            )
        return self.env._(
            "%(promise)s: stays broken, nothing of this payment goes to it.", **values
        )
