"""A verdict of the gate: as it is kept, and in words."""

from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import MissingError
from odoo.tools import SQL, format_date, format_datetime

from ..tools.local_time import is_zone, load_zone


class CollectionVerdict(models.AbstractModel):
    """What the contact rules said of something, for models that keep it."""

    _name = "collection.verdict"
    _description = "What the Contact Rules Said"

    verdict = fields.Selection(
        [("allow", "Allowed"), ("defer", "Later"), ("block", "Not allowed")],
        readonly=True,
        help="What the contact rules said when it was last asked for.",
    )
    verdict_data = fields.Json(
        readonly=True, help="Every rule that spoke, with its counters."
    )
    verdict_text = fields.Text(string="Contact Rules", compute="_compute_verdict_text")

    @api.depends("verdict_data")
    @api.depends_context("lang")
    def _compute_verdict_text(self):
        gate = self.env["collection.gate"]
        for record in self:
            data = record.verdict_data
            record.verdict_text = data and gate._describe_all(data)


class CollectionGate(models.AbstractModel):
    _inherit = "collection.gate"

    # ON RECORD

    def _prepare_verdict_data(self, ask, verdict, facts, moment):
        """Return a verdict as it is kept: enough to explain it years later."""
        return {
            "result": verdict.result,
            "moment": moment.isoformat(),
            "channel": ask.channel,
            "zones": list(facts.get_zones(ask)),
            "zone_basis": facts.get_zone_basis(ask),
            "debtor_types": sorted(facts.debtor_types),
            "slot": verdict.next_slot and verdict.next_slot.isoformat(),
            "spoken": [self._prepare_reason(reason) for reason in verdict.spoken],
            "reasons": [self._prepare_reason(reason) for reason in verdict.reasons],
        }

    def _prepare_reason(self, reason):
        values = {
            "rule_id": getattr(reason.rule, "id", None),
            "rule": getattr(reason.rule, "code", None),
            "severity": getattr(reason.rule, "severity", None),
            "effect": reason.effect,
            "code": reason.code,
            "until": reason.until and reason.until.isoformat(),
            "used": reason.used,
            "maximum": reason.maximum,
        }
        return {key: value for key, value in values.items() if value is not None}

    def _is_against_rules_alone(self, data, severities):
        """Return whether all that speaks against a contact is a rule of some kinds.

        A stop, a refusal, or that nothing can be known, is no rule.

        :param dict data: of ``_prepare_verdict_data``
        :param severities: of collection.contact.rule
        """
        return all(reason.get("severity") in severities for reason in data["reasons"])

    def _note_used_rules(self, verdicts):
        """Remember which rules stand in verdicts: from now on they are evidence.

        :param list verdicts: of ``_prepare_verdict_data``
        """
        rule_ids = {
            reason["rule_id"]
            for data in verdicts
            for reason in data["spoken"]
            if reason.get("rule_id")
        }
        if rule_ids:
            # Only the first time, and without waiting for who does the same.
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE collection_contact_rule rule SET is_used = TRUE
                      FROM (SELECT id FROM collection_contact_rule
                             WHERE id IN %s AND is_used IS NOT TRUE
                               FOR NO KEY UPDATE SKIP LOCKED) free
                     WHERE rule.id = free.id
                    """,
                    tuple(rule_ids),
                )
            )

    # IN WORDS

    def _describe_all(self, data):
        """Return a kept verdict with every rule that spoke, also those in favour.

        :param dict data: of ``_prepare_verdict_data``
        """
        against = [reason.get("rule_id") for reason in data["reasons"]]
        kept = [
            reason
            for reason in data["spoken"]
            if reason["effect"] == "allow" and reason.get("rule_id") not in against
        ]
        counted = [reason for reason in kept if "used" in reason]
        lines = [self._describe_reason(reason, data) for reason in counted]
        names = [self._get_rule_name(reason) for reason in kept if "used" not in reason]
        if names:
            lines.append(self.env._("Kept: %(rules)s.", rules="; ".join(names)))
        return "\n".join([self._describe(data), *lines])

    def _describe(self, data):
        """Return a kept verdict in plain words, in the user's language.

        It tells what speaks against the contact, and when it is lawful.

        :param dict data: of ``_prepare_verdict_data``
        """
        if data["result"] == "allow":
            lines = [self.env._("Allowed by all contact rules.")]
        else:
            lines = [self._describe_reason(reason, data) for reason in data["reasons"]]
        if data["slot"] and data["result"] != "allow":
            lines.append(
                self.env._(
                    "Next lawful moment: %(local)s for the debtor (%(zone)s), "
                    "%(utc)s UTC.",
                    local=self._format_local(data["slot"], data),
                    zone=data["zones"][0],
                    utc=self._format_local(data["slot"], {"zones": ["UTC"]}),
                )
            )
        return "\n".join(lines)

    def _describe_zone_basis(self, basis):
        """Return in words how a time zone was found.

        :param str basis: of ``Facts.get_zone_basis``: one code, or several by commas
        """
        names = {
            "stated": self.env._("stated by the debtor"),
            "address": self.env._("by the address"),
            "phone": self.env._("by the telephone number"),
            "country": self.env._("by the country"),
            "creditor": self.env._("the creditor's, as the debtor has no address"),
            "unknown": self.env._("unknown"),
        }
        return ", ".join(
            names.get(code, code) for code in (basis or "unknown").split(",")
        )

    def _describe_wait(self, data):
        """Return in a few words until when something waits, by the debtor's clock."""
        return self.env._(
            "Waits until %(local)s for the debtor (%(zone)s).",
            local=self._format_local(data["slot"], data),
            zone=data["zones"][0],
        )

    def _describe_reason(self, reason, data):
        sentence = self._get_sentences(reason, data)[reason["code"]]
        name = self._get_rule_name(reason)
        return f"{name}: {sentence}" if name else sentence

    def _get_rule_sudo(self, reason):
        """Return the rule behind a reason; what it says has not changed since.

        An empty one when it was deleted with what shipped it.
        """
        # In sudo: rules are no secret, and the rule may be archived.
        Rule = self.env["collection.contact.rule"].sudo()
        rule_sudo = Rule.browse(reason.get("rule_id") or ())
        try:
            rule_sudo.mapped("code")
        except MissingError:
            return Rule
        return rule_sudo

    def _get_rule_name(self, reason):
        if reason.get("rule_id"):
            rule_sudo = self._get_rule_sudo(reason)
            if rule_sudo.is_to_confirm:
                return self.env._(
                    "%(rule)s (to be confirmed by counsel)", rule=rule_sudo.name
                )
            return rule_sudo.name or reason["rule"]
        if reason.get("rule") == "debtor_wish":
            return self.env._("The debtor's wish")
        holds = dict(
            self.env["collection.hold"]._fields["kind"]._description_selection(self.env)
        )
        holds["opt_out"] = self.env._("The debtor refused this channel")
        return holds.get(reason.get("rule"), reason.get("rule"))

    def _get_sentences(self, reason, data):
        """Return {code of a reason: the sentence that says it}."""
        local = self._format_everywhere(data["moment"], data)
        until = self._format_local(reason.get("until"), data)
        return {
            "hours": self.env._(
                "not at this hour; for the debtor it is %(local)s.", local=local
            ),
            "holiday": self.env._("today is a holiday for the debtor."),
            "never": self.env._("it names no day and no hour at all."),
            "cap": self._describe_counter(reason),
            "one_channel": self.env._(
                "another channel was used this week: only that one is left."
            ),
            "gap": self.env._("the last contact is too recent; wait until %s.", until),
            "cooldown": self.env._(
                "there was a talk or a reply; wait until %s.", until
            ),
            "consent": self.env._("the debtor has not agreed to this channel."),
            "prerequisite": self.env._("what has to come first has not happened."),
            "prohibition": self.env._("not allowed."),
            "hold": self.env._("nothing may be sent.")
            if not until
            else self.env._("nothing may be sent before %s.", until),
            "no_rule": self.env._(
                "No contact rule speaks of this channel, so it is not allowed: add one."
            ),
            "no_slot": self.env._(
                "The rules leave no lawful moment in the next 60 days: a person has "
                "to decide."
            ),
            "unknown_zone": self.env._(
                "Nobody knows what time it is for the debtor: set the country of the "
                "debtor or of the company."
            ),
            "unknown_holidays": self.env._(
                "the public holidays of the debtor's country are not known: enter them "
                "in the contact calendar."
            ),
            "error": self.env._("it could not be judged; nothing is sent meanwhile."),
        }

    def _describe_counter(self, reason):
        """Return how much of a cap is used, as “Phone call in 7 days: 1 of 1.”"""
        rule_sudo = self._get_rule_sudo(reason)
        channels = rule_sudo.counted_channel_ids or rule_sudo.channel_ids
        values = {
            "channels": ", ".join(channels.mapped("name")) or self.env._("contacts"),
            "period": self._name_period(rule_sudo),
            "used": reason.get("used"),
            "maximum": reason.get("maximum"),
        }
        if rule_sudo.cap_scope == "debt":
            return self.env._(
                "%(channels)s %(period)s, per invoice: %(used)s of %(maximum)s.",
                **values,
            )
        return self.env._("%(channels)s %(period)s: %(used)s of %(maximum)s.", **values)

    def _name_period(self, rule_sudo):
        if rule_sudo.period == "rolling" and rule_sudo.days != 1:
            return self.env._("in %(days)s days", days=rule_sudo.days)
        return {
            "rolling": self.env._("in 24 hours"),
            "day": self.env._("in a day"),
            "week": self.env._("in a week"),
            "month": self.env._("in a month"),
        }.get(rule_sudo.period, "")

    def _format_everywhere(self, moment, data):
        """Return a moment by all clocks that the debtor may have: the first and last.

        Which they are is told where they differ.
        """
        clocks = {}
        for zone in filter(is_zone, data["zones"]):
            local = datetime.fromisoformat(moment).astimezone(load_zone(zone))
            clocks.setdefault(local.replace(tzinfo=None), zone)
        if len(clocks) < 2:
            return self._format_local(moment, data)
        return self.env._(
            "%(first)s or %(last)s, where the debtor may be",
            **{
                name: f"{self._format_local(moment, {'zones': [zone]})} ({zone})"
                for name, (_local, zone) in (
                    ("first", min(clocks.items())),
                    ("last", max(clocks.items())),
                )
            },
        )

    def _format_local(self, moment, data):
        """Return a moment in the debtor's own time, in the user's way of writing."""
        if not moment:
            return ""
        zone = data["zones"][0] if data["zones"] else "UTC"
        instant = datetime.fromisoformat(moment).replace(tzinfo=None)
        local = format_datetime(self.env, instant, tz=zone, dt_format="EEE d MMM HH:mm")
        return local or format_date(self.env, instant.date())
