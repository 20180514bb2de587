"""What the contact rules said, day by day: for who answers for it."""

from odoo import fields, models
from odoo.tools import SQL

KINDS = [
    ("allowed", "Allowed"),
    ("deferred", "Put off"),
    ("blocked", "Not allowed"),
    ("overridden", "Made all the same"),
    ("incident", "Broke a rule"),
]


class CollectionCompliance(models.Model):
    """One line for each answer of the gate and each rule that spoke against it.

    It is read from the evidence, so that a message that was put off and left later is
    in it with both answers. Who counts answers, counts different contacts.
    """

    _name = "collection.compliance"
    _description = "Answers of the Contact Rules"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "contact_id"

    date = fields.Datetime(readonly=True)
    kind = fields.Selection(KINDS, string="Answer", readonly=True)
    contact_id = fields.Many2one("collection.contact", readonly=True)
    case_id = fields.Many2one("collection.case", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Debtor", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    agent_id = fields.Many2one(
        "res.users",
        string="Collector",
        readonly=True,
        help="Who made the contact, else whose case it is.",
    )
    channel = fields.Selection(
        lambda self: (
            self.env["collection.contact"]
            ._fields["channel"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    rule_id = fields.Many2one("collection.contact.rule", readonly=True)
    code = fields.Char(
        string="Spoke Against It",
        readonly=True,
        help="The code of the rule or the kind of stop; “words” where the message did "
        "not say what it has to.",
    )
    severity = fields.Selection(
        lambda self: (
            self.env["collection.contact.rule"]
            ._fields["severity"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT fact.id * 100 + COALESCE(reason.place, 0) AS id, fact.date,
                   fact.kind, fact.company_id, contact.id AS contact_id,
                   contact.case_id, contact.partner_id, debtor.country_id,
                   COALESCE(contact.user_id, cases.agent_id) AS agent_id,
                   contact.channel, rule.id AS rule_id,
                   COALESCE(reason.said ->> 'rule', reason.said ->> 'code',
                            CASE WHEN fact.kind = 'blocked' THEN 'words' END) AS code,
                   reason.said ->> 'severity' AS severity
              FROM (%(facts)s) fact
              JOIN collection_contact contact ON contact.id = fact.contact_id
              JOIN collection_case cases ON cases.id = contact.case_id
              JOIN res_partner debtor ON debtor.id = contact.partner_id
         LEFT JOIN LATERAL jsonb_array_elements(fact.verdict -> 'reasons')
                   WITH ORDINALITY AS reason (said, place) ON TRUE
         LEFT JOIN collection_contact_rule rule
                ON rule.id = (reason.said ->> 'rule_id')::integer
            """,
            facts=self._get_facts_sql(),
        )

    def _get_facts_sql(self):
        """Return a SELECT of the answers; a place that was kept is one as well."""
        return SQL(
            """
            SELECT event.id, event.contact_id, event.company_id, event.date,
                   CASE event.kind WHEN 'reserved' THEN 'allowed' ELSE event.kind END
                       AS kind,
                   event.payload::jsonb -> 'verdict' AS verdict
              FROM collection_contact_event event
             WHERE event.kind IN ('allowed', 'deferred', 'blocked', 'overridden',
                                  'incident')
                OR event.kind = 'reserved'
               AND event.payload::jsonb -> 'verdict' ->> 'result' = 'allow'
            """
        )
