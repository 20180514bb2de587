"""The last link of each chain, kept apart: what shows that its end was cut off."""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, plaintext2html


class CollectionEvidenceHead(models.Model):
    """Up to where a company's chain had grown when it was sealed.

    Each is a copy of a link. Whoever cuts the end off the chain, or makes it anew, has
    to find and change these as well, and what was sent out of the house.
    """

    _name = "collection.evidence.head"
    _inherit = "collection.evidence"
    _description = "Seal of the Evidence"
    _log_access = False  # as for the facts
    _order = "id desc"
    _rec_name = "hash"

    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    sequence = fields.Integer(
        string="Link", required=True, help="The last link of the chain by then."
    )
    hash = fields.Char(string="Seal", required=True, help="The hash of this link.")
    date = fields.Datetime(string="Sealed on", required=True)

    _by_link = models.Index("(company_id, sequence)")

    @api.private
    def init(self):
        evidence = self.env["collection.evidence"]
        evidence._create_trigger(
            self._table,
            "keep_row",
            SQL("BEFORE UPDATE OR DELETE ON collection_evidence_head FOR EACH ROW"),
            "collections_refuse",
        )
        evidence._refuse_truncate(self._table)

    @api.model
    def _keep(self, company, sequence, link_hash):
        """Keep the last link of a company's chain, unless it is kept already."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO collection_evidence_head (company_id, sequence, hash, date)
                SELECT %(company)s, %(sequence)s, %(hash)s, %(now)s
                 WHERE %(sequence)s > 0 AND NOT EXISTS (
                       SELECT 1 FROM collection_evidence_head
                        WHERE company_id = %(company)s AND sequence = %(sequence)s
                          AND hash = %(hash)s
                 )
                """,
                company=company.id,
                sequence=sequence,
                hash=link_hash,
                now=fields.Datetime.now(),
            )
        )

    @api.model
    def _get_lost_sql(self, company):
        """Return a SELECT of the heads that are no links of the chain any more."""
        return SQL(
            """
            SELECT head.sequence
              FROM collection_evidence_head head
         LEFT JOIN collection_contact_event event
                ON event.company_id = head.company_id
               AND event.sequence = head.sequence
             WHERE head.company_id = %s AND event.hash IS DISTINCT FROM head.hash
            """,
            company.id,
        )

    @api.model
    def _send(self, company):
        """Send the last seal to where the company keeps it, out of this database."""
        last = self.search(Domain("company_id", "=", company.id), limit=1)
        if not (last and company.collection_seal_email):
            return
        # In sudo: the outgoing queue is the mail system's own.
        self.env["mail.mail"].sudo().create(
            {
                "email_to": company.collection_seal_email,
                "email_from": company.email_formatted or self.env.user.email_formatted,
                "subject": self.env._(
                    "Seal of the collection evidence of %(company)s: link %(sequence)s",
                    company=company.name,
                    sequence=last.sequence,
                ),
                "body_html": plaintext2html(
                    self.env._(
                        "The evidence is whole up to link %(sequence)s, with the seal "
                        "%(seal)s. Keep this message: whoever doubts the evidence "
                        "compares it with this link in an evidence file.",
                        sequence=last.sequence,
                        seal=last.hash,
                    )
                ),
                "auto_delete": True,
            }
        )
