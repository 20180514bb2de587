"""Who enters, changes and ends a stop; what happens to one stands on the cases."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .client_context import without_defaults
from .collection_hold import OWN_KIND

# What a stop says. People kept to it, so once it has begun it is not said anew.
FIXED_FIELDS = ("partner_id", "company_id", "kind", "channel_ids", "date_from")
TERM_FIELDS = (*FIXED_FIELDS, "date_to", "note", "end_reason")
# How it ended: by the button alone.
END_FIELDS = frozenset({"end_reason", "end_user_id", "end_date"})


class CollectionHold(models.Model):
    _inherit = "collection.hold"

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: our own stops have an end, and each stands on the cases
        for vals in vals_list:
            self._refuse_end_fields(vals)
        if not self.env.su:
            self = without_defaults(self, END_FIELDS)
        stops = super().create(vals_list)
        stops._check_has_end()
        stops._log_on_cases(
            lambda stop: stop.env._("Stop entered: %(stop)s.", stop=stop._get_words())
        )
        return stops

    def write(self, vals):
        # EXTENDS: within the rules, with what it said before
        self._refuse_end_fields(vals)
        before = {stop.id: stop._get_terms() for stop in self}
        result = super().write(vals)
        for stop in self:
            stop._check_changes(before[stop.id])
        self._log_on_cases(lambda stop: stop._get_changed_text(before[stop.id]))
        return result

    def _erase_words(self):
        """Erase what was said, without telling it once more on another case."""
        # Past write, which would: no context that a client gives may do that.
        # pylint: disable-next=super-method-mismatch
        return super().write({"note": False, "end_reason": False})

    def unlink(self):
        # EXTENDS: as for a new one
        self._log_on_cases(
            lambda stop: stop.env._(
                "Stop deleted before it began: %(stop)s.", stop=stop._get_words()
            )
        )
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_begun(self):
        if self.filtered("is_fixed"):
            raise UserError(
                self.env._(
                    "A stop that was in force stays on record. End it instead, and say "
                    "why."
                )
            )

    # WHO MAY DO WHAT

    def _is_manager(self):
        group = "collections_mgmt.group_collection_manager"
        return self.env.su or self.env.user.has_group(group)

    def _refuse_end_fields(self, vals):
        if not self.env.su and END_FIELDS & vals.keys():
            raise UserError(
                self.env._("Use the button End Stop: it keeps who ended it, and why.")
            )

    def _check_has_end(self):
        """Refuse a stop of our own choice for ever: a right of the debtor may be so."""
        endless = self.filtered(lambda stop: stop.kind == OWN_KIND and not stop.date_to)
        if endless and not self._is_manager():
            raise UserError(
                self.env._(
                    "Enter the last day of the stop: only a collections manager stops "
                    "contact for another reason until somebody ends it."
                )
            )

    def _get_terms(self):
        """Return {field: value} of what the stop says now."""
        self.ensure_one()
        return {name: self[name] for name in TERM_FIELDS}

    def _get_changed_names(self, before):
        """Return the names of what it says differently now, in order."""
        return [name for name in TERM_FIELDS if self[name] != before[name]]

    def _check_changes(self, before):
        """Refuse what takes back a stop that people kept to, or a right of the debtor.

        :param dict before: as of ``_get_terms``, from before the change
        """
        changed = set(self._get_changed_names(before))
        if self.env.su or not changed - {"note"}:
            return
        today = fields.Date.context_today(self)
        if before["date_to"] and before["date_to"] < today:
            raise UserError(
                self.env._("The stop is over and stays as it was: enter a new one.")
            )
        if not self._may_correct(before):
            self._check_fixed(changed, before)
        if {"kind", "date_to"} & changed:
            self._check_has_end()

    def _may_correct(self, before):
        """Return whether it has not begun yet, and the user may say it anew."""
        has_begun = before["date_from"] <= fields.Date.context_today(self)
        return not has_begun and (before["kind"] == OWN_KIND or self._is_manager())

    def _check_fixed(self, changed, before):
        if changed.intersection(FIXED_FIELDS):
            raise UserError(
                self.env._(
                    "What a stop says is not changed, because people keep to it: end "
                    "it, and enter a new one."
                )
            )
        until, was_until = self.date_to, before["date_to"]
        if "date_to" in changed and until and not (was_until and until > was_until):
            raise UserError(
                self.env._(
                    "A stop is shortened by the button End Stop, which asks why; here "
                    "it can be prolonged."
                )
            )

    # ENDING

    def action_end(self):
        """Ask until when, and why it ends."""
        self.ensure_one()
        self._check_may_end()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("End Stop"),
            "res_model": "collection.hold.end",
            "view_mode": "form",
            "target": "new",
            "context": {"default_hold_id": self.id},
        }

    def _check_may_end(self):
        self.check_access("write")
        if self.is_over:
            raise UserError(self.env._("The stop is over already."))
        if self.kind != OWN_KIND and not self._is_manager():
            raise UserError(
                self.env._(
                    "This stop is a right of the debtor: only a collections manager "
                    "ends it. Tell a manager what was said, and by whom."
                )
            )

    def _end(self, day, reason):
        """Let the stop end before its day.

        :param datetime.date day: the last one on which it holds
        :param str reason: for the record
        """
        self.ensure_one()
        self._check_may_end()
        today = fields.Date.context_today(self)
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the stop ends."))
        if day < max(today, self.date_from) or (self.date_to and day > self.date_to):
            raise UserError(
                self.env._(
                    "%(date)s is past, or not within the stop: choose its last day, "
                    "today or later.",
                    date=format_date(self.env, day),
                )
            )
        self.sudo().write(  # in sudo: by this way alone
            {
                "date_to": day,
                "end_reason": reason,
                "end_user_id": self.env.uid,
                "end_date": today,
            }
        )

    # ON RECORD

    def _log_on_cases(self, get_text):
        """Log a sentence about each stop on the debtor's open cases.

        :param get_text: function that returns the sentence of one, in its language
        """
        for stop in self.sudo():  # in sudo: who enters a stop need not see the cases
            by_lang = stop._get_open_cases().grouped(
                lambda case: case.company_id.partner_id.lang
            )
            for lang, cases in by_lang.items():
                if text := get_text(stop.with_context(lang=lang)):
                    cases._collection_log_batch(dict.fromkeys(cases.ids, text))

    def _get_open_cases(self):
        """Return the open cases for which the stop counts."""
        self.ensure_one()
        cases = self.partner_id.commercial_partner_id.collection_case_ids
        return cases.filtered(
            lambda case: (
                case.state == "open"
                and self.company_id in (case.company_id, self.company_id.browse())
            )
        )

    def _get_words(self):
        """Return what the stop says, in words."""
        self.ensure_one()
        terms = {
            "kind": self._describe_term("kind", self.kind),
            "start": format_date(self.env, self.date_from),
            "end": format_date(self.env, self.date_to),
        }
        if not self.date_to:
            return self.env._(
                "%(kind)s, from %(start)s until somebody ends it", **terms
            )
        return self.env._("%(kind)s, from %(start)s until %(end)s", **terms)

    def _get_changed_text(self, before):
        """Return what was changed, as a sentence; empty where nothing was."""
        self.ensure_one()
        names = self._get_changed_names(before)
        if not names:
            return ""
        changes = ", ".join(
            f"{self._fields[name]._description_string(self.env)}: "
            f"{self._describe_term(name, before[name])} → "
            f"{self._describe_term(name, self[name])}"
            for name in names
        )
        kind = self._describe_term("kind", before["kind"])
        if "end_reason" in names:
            return self.env._(
                "Stop ended (%(kind)s). %(changes)s", kind=kind, changes=changes
            )
        return self.env._(
            "Stop changed (%(kind)s). %(changes)s", kind=kind, changes=changes
        )

    def _describe_term(self, name, value):
        """Return the value of a field in words."""
        field = self._fields[name]
        if not value:
            return "–"
        if field.relational:
            return ", ".join(value.mapped("display_name"))
        if field.type == "selection":
            return dict(field._description_selection(self.env))[value]
        return format_date(self.env, value) if field.type == "date" else value


class CollectionCase(models.Model):
    _inherit = "collection.case"

    def _erase_conversation(self):
        # EXTENDS: what was said of stops that are over goes with it
        stops = self.env["collection.hold"].search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("date_to", "<", fields.Date.context_today(self)),
            ]
        )
        stops._erase_words()
        return super()._erase_conversation()
