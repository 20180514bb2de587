"""Readers of what other programs know: plain values, read from their tables.

The tables are read as they are, not through the other module's models: what a person of
another company may not see is no reason to lose a debtor's history.
"""

from dataclasses import dataclass, field

from odoo import fields
from odoo.tools import SQL
from odoo.tools.sql import column_exists, table_columns, table_exists

from ..tools.takeover import Level

# How other programs name what ours call channels.
CHANNELS = {"letter": "letter", "email": "email", "phone": "task"}
MODES = {"net_days": "due", "end_of_month": "month", "previous_date": "previous"}

# Follow-up fields that programs of many kinds put on partners.
FIELD_AGENT = "payment_responsible_id"
FIELD_ACTION = "payment_next_action"
FIELD_ACTION_DATE = "payment_next_action_date"
FIELD_NOTE = "payment_note"
PARTNER_FIELDS = (FIELD_AGENT, FIELD_ACTION, FIELD_ACTION_DATE, FIELD_NOTE)
# Those that mean nothing here: only how many there are is told.
LEFT_FIELDS = (
    *("manual_followup", "payment_next_action_type", "latest_followup_date"),
    *("followup_reminder_type", "followup_line_id"),
)


@dataclass
class Findings:
    """What one source knows about one company.

    ``policies``: {ref: (name, [Level])}; ``default``: the company's policy;
    ``partner_policies``, ``move_policies``: {id: policy ref}; ``agents``: {partner id:
    user id}; ``actions``: {partner id: (date, text)}; ``sent``: one (journal item id,
    level ref, date, channel) for each reminder that went out; ``left_alone``: ids of
    the partners whom the program does not follow; ``notes``: {partner id: text};
    ``left``: {column of partners: how many have it}, which is not taken over.
    """

    policies: dict = field(default_factory=dict)
    default: str | None = None
    partner_policies: dict = field(default_factory=dict)
    move_policies: dict = field(default_factory=dict)
    agents: dict = field(default_factory=dict)
    actions: dict = field(default_factory=dict)
    sent: list = field(default_factory=list)
    left_alone: list = field(default_factory=list)
    notes: dict = field(default_factory=dict)
    left: dict = field(default_factory=dict)


class Source:
    """A program to take over from; ``table`` tells whether it is there."""

    code = name = table = None

    def __init__(self, env, company):
        self.env = env
        self.company = company

    @classmethod
    def is_present(cls, env):
        return table_exists(env.cr, cls.table)

    @classmethod
    def get_name(cls, env):
        """Return the name for people; that of a program is the same everywhere."""
        return cls.name

    def find(self):
        """Return the Findings: what the program knows, and partners beside it.

        The fields on partners are read whatever put them there. Where the program
        itself knows better, that counts.
        """
        findings = self._find()
        findings.actions = self._merge_actions(findings.actions)
        findings.agents = {**self._read_plain_agents(), **findings.agents}
        findings.notes = self._read_plain_notes()
        findings.left = self._count_left()
        return findings

    def _find(self):
        """Return the Findings of the program's own tables."""
        return Findings()

    def _rows(self, query, **values):
        return self.env.execute_query(SQL(query, company=self.company.id, **values))

    def _text(self, table, column):
        """Return the SQL of a text: translated ones are kept by language."""
        if table_columns(self.env.cr, table)[column]["udt_name"] != "jsonb":
            return SQL.identifier(table, column)
        return SQL(
            "COALESCE(%(column)s->>%(lang)s, %(column)s->>'en_US')",
            column=SQL.identifier(table, column),
            lang=self.company.partner_id.lang or "en_US",
        )

    def _of_company(self, table, column):
        """Return the SQL of a value that may be kept by company."""
        if table_columns(self.env.cr, table)[column]["udt_name"] != "jsonb":
            return SQL.identifier(table, column)
        return SQL("(%s->>%s)", SQL.identifier(table, column), str(self.company.id))

    def _partner_values(self, *columns):
        """Return rows (partner id, values...) of partners that have the first value."""
        if not all(
            column_exists(self.env.cr, "res_partner", column) for column in columns
        ):
            return []
        values = [self._of_company("res_partner", column) for column in columns]
        return self._rows(
            "SELECT id, %(values)s FROM res_partner WHERE %(first)s IS NOT NULL",
            values=SQL(", ").join(values),
            first=values[0],
        )

    # FIELDS ON PARTNERS

    def _read_plain_agents(self):
        return {
            partner_id: int(user_id)
            for partner_id, user_id in self._partner_values(FIELD_AGENT)
        }

    def _read_plain_actions(self):
        """Return {partner id: (date, text)}; without a date it is to be done today."""
        dates = dict(self._partner_values(FIELD_ACTION_DATE))
        texts = dict(self._partner_values(FIELD_ACTION))
        today = fields.Date.context_today(self.company)
        return {
            partner_id: (dates.get(partner_id) or today, texts.get(partner_id) or "")
            for partner_id in {**dates, **texts}
            if dates.get(partner_id) or (texts.get(partner_id) or "").strip()
        }

    def _merge_actions(self, actions):
        """Return the program's actions, with the words that partners add to them."""
        merged = self._read_plain_actions()
        for partner_id, (date, text) in actions.items():
            _date, words = merged.get(partner_id, (date, ""))
            merged[partner_id] = (date, text or words)
        return merged

    def _read_plain_notes(self):
        return {
            partner_id: note
            for partner_id, note in self._partner_values(FIELD_NOTE)
            if note.strip()
        }

    def _count_left(self):
        """Return {column: number of partners}, of what is not taken over."""
        counts = {}
        for name in LEFT_FIELDS:
            values = [value for _id, value in self._partner_values(name)]
            if count := sum(value not in (False, "", "false") for value in values):
                counts[name] = count
        return counts


class CreditControl(Source):
    """OCA's account_credit_control."""

    code = "account_credit_control"
    name = "OCA Credit Control"
    table = "credit_control_policy"

    def _find(self):
        return Findings(
            policies=self._read_policies(),
            default=self._read_default(),
            partner_policies=dict(self._partner_values("credit_policy_id")),
            move_policies=dict(
                self._rows(
                    """SELECT id, credit_policy_id FROM account_move
                        WHERE credit_policy_id IS NOT NULL"""
                )
            ),
            sent=[
                (line_id, level_id, date, CHANNELS.get(channel, "other"))
                for line_id, level_id, date, channel in self._rows(
                    """
                    SELECT move_line_id, policy_level_id, COALESCE(date_sent, date),
                           channel
                      FROM credit_control_line WHERE state = 'sent'
                    """
                )
            ],
            left_alone=[
                partner_id
                for [partner_id] in self._rows(
                    """
                    SELECT res_partner.id FROM res_partner
                      JOIN credit_control_policy policy
                        ON policy.id = %(policy)s::integer
                     WHERE policy.do_nothing
                       AND (policy.company_id IS NULL
                            OR policy.company_id = %(company)s)
                    """,
                    policy=self._of_company("res_partner", "credit_policy_id"),
                )
            ],
        )

    def _read_policies(self):
        policies = {}
        for policy_id, name, *values in self._rows(
            """
            SELECT policy.id, policy.name, credit_control_policy_level.id, %(name)s,
                   level, delay_days, channel, computation_mode, %(text)s
              FROM credit_control_policy policy
              JOIN credit_control_policy_level
                ON credit_control_policy_level.policy_id = policy.id
             WHERE policy.active AND NOT COALESCE(policy.do_nothing, FALSE)
               AND (policy.company_id IS NULL OR policy.company_id = %(company)s)
             ORDER BY policy.id, level
            """,
            name=self._text("credit_control_policy_level", "name"),
            text=self._text("credit_control_policy_level", "custom_mail_text"),
        ):
            ref, level_name, order, delay, channel, mode, text = values
            policies.setdefault(policy_id, (name, []))[1].append(
                Level(
                    ref,
                    level_name,
                    order,
                    delay,
                    CHANNELS.get(channel, "task"),
                    MODES.get(mode, "due"),
                    text or "",
                )
            )
        return policies

    def _read_default(self):
        [[policy_id]] = self._rows(
            "SELECT credit_policy_id FROM res_company WHERE id = %(company)s"
        )
        return policy_id


class FollowUp(Source):
    """Odoo Enterprise's follow-up: one ladder per company, fields on the partner."""

    code = "account_followup"
    name = "Odoo Follow-up"
    table = "account_followup_followup_line"

    def _find(self):
        return Findings(
            policies=self._read_policies(),
            default=self.code,
            agents={
                partner_id: int(user_id)
                for partner_id, user_id in self._partner_values(
                    "followup_responsible_id"
                )
            },
            actions={
                partner_id: (date, "")
                for partner_id, date in self._partner_values(
                    "followup_next_action_date"
                )
            },
            sent=self._read_sent(),
        )

    def _read_policies(self):
        has_email = column_exists(self.env.cr, self.table, "send_email")
        levels = [
            Level(ref, name, delay, delay, "email" if by_email else "task")
            for ref, name, delay, by_email in self._rows(
                """
                SELECT id, %(name)s, delay, %(by_email)s
                  FROM account_followup_followup_line
                 WHERE company_id = %(company)s ORDER BY delay
                """,
                name=self._text(self.table, "name"),
                by_email=SQL("COALESCE(send_email, FALSE)" if has_email else "TRUE"),
            )
        ]
        return {self.code: (self.name, levels)} if levels else {}

    def _read_sent(self):
        if not column_exists(self.env.cr, "account_move_line", "followup_line_id"):
            return []
        return [
            (line_id, level_id, date, "email")
            for line_id, level_id, date in self._rows(
                """
                SELECT id, followup_line_id, last_followup_date
                  FROM account_move_line
                 WHERE followup_line_id IS NOT NULL AND last_followup_date IS NOT NULL
                """
            )
        ]


class PartnerFields(Source):
    """Follow-up fields on partners, whatever put them there."""

    code = "partner_fields"

    @classmethod
    def get_name(cls, env):
        # OVERRIDE: it is no program's name
        return env._("Follow-up Fields on Customers")

    @classmethod
    def is_present(cls, env):
        return any(
            column_exists(env.cr, "res_partner", name) for name in PARTNER_FIELDS
        )


SOURCES = (CreditControl, FollowUp, PartnerFields)
