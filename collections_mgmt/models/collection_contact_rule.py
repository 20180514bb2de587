"""When, how often and on what condition a debtor may be contacted, as data."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..const import LEGAL_NOTICES
from ..tools.contact_rules import Rule
from ..tools.hours import parse_hours

KINDS = [
    ("window", "Days and hours"),
    ("cap", "Number of contacts"),
    ("gap", "Time between contacts"),
    ("one_channel", "One channel a week"),
    ("cooldown", "Rest after an event"),
    ("consent", "Only with consent"),
    ("prerequisite", "Only after an event"),
    ("prohibition", "Not allowed"),
    ("content", "Required words"),
]
SEVERITIES = [
    ("law", "Law"),
    ("provider", "Provider of the channel"),
    ("preference", "Debtor's wish"),
    ("policy", "Company policy"),
]
CONFIDENCES = [
    ("verified", "Verified"),
    ("conflict", "Sources disagree"),
    ("memory", "Unverified"),
    ("policy", "Cautious default"),
    ("own", "Our own decision"),
]
# What is a matter of what the law says, and nobody has seen in the law.
UNSURE = ("conflict", "memory", "policy")
# The kind of a rule whose data cannot be read: it judges nothing, and so blocks.
UNREADABLE = "unreadable"
# What a law rule says does not change once it was used: a change is a new rule.
FIXED_FIELDS = frozenset(
    {
        *("code", "kind", "severity", "company_id", "country_id", "country_group_id"),
        *("state_ids", "city", "is_fallback", "debtor_type"),
        *("actor", "regime", "stage_kind", "channel_ids", "counted_channel_ids"),
        *("is_by_seat", "question_id", "strict_id"),
        *("hours", "skip_holidays", "is_widenable", "maximum", "period", "days"),
        *("gap_hours", "counting", "cap_scope", "after", "date_from", "is_used"),
    }
)

# Of what the conversation of a rule tells: who changed it, when, from what to what.
LOGGED_FIELDS = (FIXED_FIELDS - {"is_used"}) | {
    *("active", "date_to", "confidence", "review_date", "reviewer"),
    *("wording_ids", "is_first_only", "rights_text"),
}


class CollectionContactRule(models.Model):
    _name = "collection.contact.rule"
    _inherit = ["collection.inner.thread", "collection.root.mixin"]
    _description = "Contact Rule"
    _order = "country_id, code, date_from desc, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="As CL-MSG; a new version keeps it.")
    active = fields.Boolean(default=True)
    kind = fields.Selection(KINDS, required=True, default="window")
    severity = fields.Selection(SEVERITIES, required=True, default="policy")

    # To whom and what it applies
    company_id = fields.Many2one(
        "res.company",
        domain=[("parent_id", "=", False)],
        help="With all its branches. Empty: for every company.",
    )
    country_id = fields.Many2one("res.country", help="Where the debtor lives.")
    country_group_id = fields.Many2one(
        "res.country.group",
        help="For debtors in these countries that have no rules of their own.",
    )
    state_ids = fields.Many2many(
        "res.country.state",
        string="States",
        domain="[('country_id', '=', country_id)]",
        help="Empty: the whole country.",
    )
    city = fields.Char(
        help="Empty: everywhere in the states. Several with commas between them."
    )
    is_by_seat = fields.Boolean(
        string="Also by the Seat of Who Collects",
        help="Holds as well for all debtors of a company that has its seat there.",
    )
    is_fallback = fields.Boolean(
        string="Where Nothing Else Applies",
        help="For debtors whose country is unknown or has no rules.",
    )
    debtor_type = fields.Selection(
        [
            ("any", "Everybody"),
            ("consumer", "Consumers"),
            ("business", "Businesses"),
            ("micro", "Micro-businesses"),
            ("unknown", "Debtors of unknown type"),
        ],
        required=True,
        default="any",
        help="Rules for consumers also protect debtors of unknown type, and "
        "micro-businesses unless the settings say otherwise; those for businesses "
        "apply to them then.",
    )
    actor = fields.Selection(
        [("any", "Everybody"), ("creditor", "The creditor"), ("agency", "Agencies")],
        string="Who Collects",
        required=True,
        default="any",
    )
    regime = fields.Selection(
        [
            ("any", "Any debt"),
            ("consumer_credit", "Consumer credit"),
            ("financial", "Debts to financial entities"),
            ("card", "Card debts"),
        ],
        string="Kind of Debt",
        required=True,
        default="any",
    )
    stage_kind = fields.Selection(
        [
            ("any", "All stages"),
            ("reminder", "Before the due date"),
            ("dunning", "From the due date on"),
            ("costs", "That ask for collection costs"),
        ],
        string="Stages",
        required=True,
        default="any",
    )
    channel_ids = fields.Many2many(
        "collection.channel",
        string="Channels",
        help="Empty: every channel.",
    )
    date_from = fields.Date(string="Valid from")
    date_to = fields.Date(string="Valid until")

    # What it says
    hours = fields.Char(
        help="In the debtor's own time, as: MON-FRI 08:00-20:00, SAT 09:00-14:00. "
        "Empty: never.",
    )
    skip_holidays = fields.Boolean(string="Not on Holidays")
    is_widenable = fields.Boolean(
        string="Debtor May Grant Other Hours",
        help="Hours that the debtor granted in a separate document are added.",
    )
    maximum = fields.Integer(string="At Most")
    period = fields.Selection(
        [
            ("rolling", "Any so many days"),
            ("day", "Day"),
            ("week", "Week from Monday"),
            ("month", "Month"),
        ],
        default="rolling",
    )
    days = fields.Integer(help="How many days; between two contacts: full days.")
    gap_hours = fields.Integer(string="Hours Between")
    counted_channel_ids = fields.Many2many(
        "collection.channel",
        "collection_contact_rule_counted_rel",
        "rule_id",
        "channel_id",
        string="Counted Channels",
        help="They share one counter. Empty: the channels of the rule.",
    )
    counting = fields.Selection(
        [
            ("attempt", "Every attempt"),
            ("sent", "What went out, calls in vain included"),
            ("answered", "What was sent or answered"),
            ("reached", "What reached the debtor"),
        ],
        string="What Counts",
        required=True,
        default="attempt",
    )
    cap_scope = fields.Selection(
        [("debtor", "Per debtor"), ("debt", "Per invoice")],
        string="Counter",
        required=True,
        default="debtor",
    )
    after = fields.Selection(
        [
            ("talk", "A conversation"),
            ("reached", "The debtor was reached"),
            ("sent", "A message was sent"),
            ("reminder", "A reminder before the due date"),
            ("dunning", "A first dunning message"),
            *LEGAL_NOTICES,
        ],
        string="Event",
    )

    # Where it comes from
    legal_reference = fields.Char(translate=True)
    source = fields.Char(help="Where the text was seen.")
    confidence = fields.Selection(CONFIDENCES, required=True, default="own")
    note = fields.Text(translate=True)
    review_date = fields.Date(
        string="Confirmed on", help="When counsel confirmed the rule for the company."
    )
    reviewer = fields.Char(string="Confirmed by")
    is_used = fields.Boolean(
        string="In the Record",
        readonly=True,
        copy=False,
        help="A contact was judged by it: a change needs a new version.",
    )
    is_to_confirm = fields.Boolean(
        string="To Be Confirmed by Counsel", compute="_compute_is_to_confirm"
    )

    _check_numbers = models.Constraint(
        "CHECK (maximum >= 0 AND days >= 0 AND gap_hours >= 0)",
        "The numbers of a contact rule cannot be negative.",
    )

    @api.depends("confidence", "review_date")
    def _compute_is_to_confirm(self):
        for rule in self:
            rule.is_to_confirm = rule.confidence in UNSURE and not rule.review_date

    @api.constrains("hours")
    def _check_hours(self):
        for rule in self:
            self._check_hours_text(rule.hours)

    @api.model
    def _check_hours_text(self, text):
        """Check that days and hours can be read.

        :raise ValidationError: says how to write them
        """
        try:
            parse_hours(text)
        except ValueError as error:
            raise ValidationError(
                self.env._(
                    "“%(part)s” cannot be read as days and hours. Write for "
                    "example: MON-FRI 08:00-20:00, SAT 09:00-14:00",
                    part=error.args[0],
                )
            ) from error

    @api.constrains("kind", "period", "days", "after")
    def _check_kind(self):
        for rule in self:
            if rule.kind == "cap" and not (
                rule.period and (rule.period != "rolling" or rule.days)
            ):
                raise ValidationError(
                    self.env._(
                        "Say for which period “%(rule)s” counts the contacts.",
                        rule=rule.name,
                    )
                )
            if rule.kind == "cooldown" and not rule.days:
                raise ValidationError(
                    self.env._("Say how many days “%(rule)s” lasts.", rule=rule.name)
                )
            if rule.kind in ("cooldown", "prerequisite") and not rule.after:
                raise ValidationError(
                    self.env._("Choose the event of “%(rule)s”.", rule=rule.name)
                )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for rule in self:
            if rule.date_from and rule.date_to and rule.date_to < rule.date_from:
                raise ValidationError(
                    self.env._(
                        "“%(rule)s” cannot end before it begins: correct its dates.",
                        rule=rule.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        # EXTENDS: what was not allowed may be now
        quiet = self.with_context(mail_create_nolog=True)  # nothing changed yet
        rules = super(CollectionContactRule, quiet).create(vals_list).with_env(self.env)
        self.env["collection.contact"]._forget_blocks_of(Domain.TRUE)
        return rules

    def _track_get_fields(self):
        # EXTENDS 'mail'
        return super()._track_get_fields() | LOGGED_FIELDS

    def write(self, vals):
        # EXTENDS: what verdicts refer to stays as it was
        if FIXED_FIELDS.intersection(vals):
            self._check_may_change()
        result = super().write(vals)
        self.env["collection.contact"]._forget_blocks_of(Domain.TRUE)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self._check_may_change()

    def _check_may_change(self):
        """Refuse to change or delete what stands in verdicts: they are evidence.

        :raise UserError: says what to do instead
        """
        used = self.filtered("is_used")
        if used and not self._is_installing():
            raise UserError(
                self.env._(
                    "“%(rule)s” stands in the record of contacts. Set its last day "
                    "and create a new version, so that what was decided by it can "
                    "still be explained.",
                    rule=used[0].name,
                )
            )

    def _is_installing(self):
        """Return whether a module brings its rules along.

        The context alone is the caller's: nobody else says so.
        """
        return bool(self.env.su and self.env.context.get("install_mode"))

    def action_new_version(self):
        """Open a copy that begins tomorrow; this rule ends today."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        new = self.copy({"date_from": today + timedelta(days=1), "review_date": False})
        self.date_to = today
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": new.id,
            "view_mode": "form",
        }

    # FOR THE GATE

    @api.model
    def _get_rules_of(self, company, date, domain=Domain.TRUE):
        """Return the rules that may be valid for a company, as it reads the law.

        A debtor's own day may be the one before or the one after: who asks looks at it.

        :param datetime.date date: in UTC
        :param Domain domain: which of them are wanted
        """
        first, last = date - timedelta(days=1), date + timedelta(days=1)
        rules = self.search(
            domain
            & Domain("company_id", "in", [False, company.id])
            & Domain("actor", "in", ["any", company.collection_actor])
            & Domain("regime", "in", ["any", company.collection_regime])
            & (Domain("date_from", "=", False) | Domain("date_from", "<=", last))
            & (Domain("date_to", "=", False) | Domain("date_to", ">=", first))
        )
        return rules._choose_readings(company, first, last)

    def _get_fallback_level(self):
        """Return 0 for a rule that always applies, more the later it steps in."""
        if not self.is_fallback:
            return 0
        return 1 if self.country_id else 2 if self.country_group_id else 3

    def _get_cities(self):
        """Return the names of the cities as the gate compares them."""
        names = (name.strip().lower() for name in (self.city or "").split(","))
        return frozenset(filter(None, names))

    def _prepare_unreadable_rule(self):
        """Return a rule that blocks what it is about."""
        self.ensure_one()
        return Rule(
            id=self.id,
            code=self.code,
            kind=UNREADABLE,
            severity=self.severity,
            channels=self.channel_ids._get_codes(),
        )

    def _prepare_rule(self):
        """Return the rule as tools.contact_rules judges by it."""
        self.ensure_one()
        return Rule(
            id=self.id,
            code=self.code,
            kind=self.kind,
            severity=self.severity,
            channels=self.channel_ids._get_codes(),
            hours=parse_hours(self.hours),
            skip_holidays=self.skip_holidays,
            widenable=self.is_widenable,
            maximum=self.maximum,
            period=self.period or "",
            days=self.days,
            gap_hours=self.gap_hours or None,
            counted_channels=self.counted_channel_ids._get_codes(),
            counting=self.counting,
            scope=self.cap_scope,
            after=self.after or "",
            event_kind=(
                self.stage_kind if self.stage_kind in ("reminder", "dunning") else ""
            ),
        )
