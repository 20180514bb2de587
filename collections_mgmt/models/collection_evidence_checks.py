"""What is looked for when evidence is verified, beside the links themselves."""

from odoo import models
from odoo.tools import SQL

# Where a contact stands after a fact, if nothing else was noted of it since.
STATES_AFTER = {
    "sent": ("sent",),
    "failed": ("failed",),
    "bounced": ("failed",),
    "dropped": ("dropped",),
    # What a person was not allowed to do is dropped at once.
    "blocked": ("blocked", "dropped"),
    "skipped": ("skipped",),
}
# What leads on from there.
MOVING = ("approved", "retried", "reserved", "queued")
# What a contact does not change after, unless it is one of these again.
MADE = ("sent", "blocked", "skipped")
# How much later than it happened a fact may be sealed, at the latest.
SEALED_WITHIN = "1 day"


class CollectionContactEvent(models.Model):
    _inherit = "collection.contact.event"

    def _find_broken_seal(self, company):
        """Return the first link, head or text that was tampered with, or None."""
        checks = (
            (
                self.env._(
                    "the chain was sealed with another link here: its end was cut off "
                    "or it was made anew"
                ),
                self.env["collection.evidence.head"]._get_lost_sql(company),
            ),
            (self.env._("its text is missing"), self._get_missing_sql(company)),
            (self.env._("its text was changed"), self._get_changed_sql(company)),
            (self.env._("its text was removed"), self._get_removed_sql(company)),
            (
                self.env._("a text was added that no fact tells of"),
                self._get_added_sql(company),
            ),
        )
        found = [self._find_broken_link(company)]
        return _get_first(found + [self._find_first(*check) for check in checks])

    def _find_other_record(self, company):
        """Return the first fact that the records beside it contradict, or None.

        What it says is proved by its link; what stands beside it is not.
        """
        contradicts = self.env._("the contact says something else than what was sealed")
        checks = (
            (
                self.env._("the columns of the fact say something else than its text"),
                self._get_other_columns_sql(company),
            ),
            (
                self.env._("it was added later than it says to have happened"),
                self._get_backdated_sql(company),
            ),
            (contradicts, self._get_other_records_sql(company)),
            (contradicts, self._get_other_debtors_sql(company)),
            (contradicts, self._get_other_reasons_sql(company)),
            (contradicts, self._get_other_states_sql(company)),
            (
                self.env._("a contact was made of which no fact tells"),
                self._get_untold_sql(company),
            ),
        )
        return _get_first([self._find_first(*check) for check in checks])

    # SEALS AND TEXTS

    def _get_missing_sql(self, company):
        return SQL(
            """
            SELECT event.sequence FROM collection_contact_event event
             WHERE event.company_id = %s AND event.sequence IS NOT NULL
               AND event.payload LIKE %s AND NOT EXISTS (
                   SELECT 1 FROM collection_contact_content content
                    WHERE content.contact_id = event.contact_id
                      AND content.content_hash =
                          substring(event.payload FROM %s)
               )
            """,
            *(company.id, '%"content_hash"%', '"content_hash": "([0-9a-f]{64})"'),
        )

    def _get_changed_sql(self, company):
        return SQL(
            """
            SELECT event.sequence
              FROM collection_contact_content content
              JOIN collection_contact_event event ON event.id = content.event_id
             WHERE event.company_id = %s AND content.content IS NOT NULL
               AND encode(sha256(convert_to(content.salt || content.content, 'UTF8')),
                          'hex') IS DISTINCT FROM content.content_hash
            """,
            company.id,
        )

    def _get_removed_sql(self, company):
        return SQL(
            """
            SELECT event.sequence
              FROM collection_contact_content content
              JOIN collection_contact_event event ON event.id = content.event_id
             WHERE event.company_id = %s AND content.content IS NULL
               AND NOT EXISTS (
                   SELECT 1 FROM collection_contact_event erased
                    WHERE erased.contact_id = content.contact_id
                      AND erased.kind = 'erased' AND erased.id > event.id
               )
            """,
            company.id,
        )

    def _get_added_sql(self, company):
        return SQL(
            """
            SELECT event.sequence
              FROM collection_contact_content content
              JOIN collection_contact_event event ON event.id = content.event_id
             WHERE event.company_id = %s AND NOT EXISTS (
                   SELECT 1 FROM collection_contact_event told
                    WHERE told.contact_id = content.contact_id
                      AND position('"content_hash": "' || content.content_hash || '"'
                                   IN told.payload) > 0
             )
            """,
            company.id,
        )

    # RECORDS

    def _get_other_columns_sql(self, company):
        return SQL(
            """
            SELECT event.sequence
              FROM (
                SELECT sequence, kind, contact_id, company_id, date,
                       payload::jsonb AS fact
                  FROM collection_contact_event WHERE company_id = %s
              ) event
             WHERE event.kind IS DISTINCT FROM event.fact ->> 'event'
                OR event.contact_id::text IS DISTINCT FROM event.fact ->> 'contact'
                OR event.company_id::text IS DISTINCT FROM event.fact ->> 'company'
                OR to_char(event.date, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                   IS DISTINCT FROM event.fact ->> 'utc'
            """,
            company.id,
        )

    def _get_backdated_sql(self, company):
        """Return a SELECT of facts that say to be older than what was sealed before.

        A fact is sealed some minutes after it happened. One that was slipped in later
        stands behind a seal of a later day.
        """
        return SQL(
            """
            SELECT event.sequence
              FROM collection_contact_event event
              JOIN LATERAL (
                SELECT head.date FROM collection_evidence_head head
                 WHERE head.company_id = event.company_id
                   AND head.sequence < event.sequence
                 ORDER BY head.sequence DESC LIMIT 1
              ) sealed ON TRUE
             WHERE event.company_id = %s
               AND event.date < sealed.date - %s::interval
            """,
            *(company.id, SEALED_WITHIN),
        )

    def _get_other_records_sql(self, company):
        """Return a SELECT of the facts that their contact contradicts now.

        A contact that was made is compared with the fact of that, also when it came
        back since; one that somebody tried again is a plan. A channel's name is lost
        with its module. A zone that nobody had asked for is found when it is noted.
        """
        return SQL(
            """
            SELECT made.sequence
              FROM (
                SELECT DISTINCT ON (event.contact_id)
                       event.sequence, event.contact_id, event.kind,
                       event.payload::jsonb AS fact
                  FROM collection_contact_event event
                 WHERE event.company_id = %(company)s AND event.kind IN %(kinds)s
                 ORDER BY event.contact_id, event.id DESC
              ) made
              JOIN collection_contact contact
                ON contact.id = made.contact_id
               AND (contact.state = made.kind
                    OR contact.state = 'failed' AND made.kind = 'sent')
         LEFT JOIN LATERAL (
                SELECT kept.content::jsonb AS words
                  FROM collection_contact_content kept
                 WHERE kept.contact_id = made.contact_id
                   AND kept.content_hash = made.fact ->> 'content_hash' LIMIT 1
              ) told ON TRUE
             WHERE made.kind IN %(made)s AND (
                   (made.kind = 'sent'
                    AND (made.fact ? 'content_hash') = (told.words IS NOT NULL)
                    AND (contact.subject, contact.body, contact.address,
                         contact.email_cc) IS DISTINCT FROM (
                        told.words ->> 'subject', told.words ->> 'body',
                        told.words ->> 'address', told.words ->> 'copies'))
                OR contact.channel NOT IN (made.fact ->> 'channel', 'other')
                OR contact.outcome IS DISTINCT FROM made.fact ->> 'outcome'
                OR contact.exemption IS DISTINCT FROM made.fact ->> 'exemption'
                OR (contact.user_id IS NOT NULL)::text <> made.fact ->> 'by_hand'
                OR contact.user_id::text <> made.fact ->> 'made_by'
                OR contact.stage_id::text IS DISTINCT FROM made.fact ->> 'stage'
                OR COALESCE(contact.zone, made.fact ->> 'zone')
                   IS DISTINCT FROM made.fact ->> 'zone'
                OR (contact.zone IS NOT NULL AND contact.zone_basis
                    IS DISTINCT FROM made.fact ->> 'zone_basis')
                OR (contact.zone IS NULL AND made.fact ? 'zone'
                    AND contact.verdict_data -> 'zones' ->> 0 IS NOT NULL)
                OR to_char(contact.date_sent, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                   <> made.fact ->> 'made_utc'
                OR contact.verdict_data <> made.fact -> 'verdict'
             )
            """,
            company=company.id,
            kinds=(*MADE, *MOVING, "dropped"),
            made=MADE,
        )

    def _get_other_debtors_sql(self, company):
        """Return a SELECT of the last facts that tell of another debtor or case.

        Whoever merges debtors moves their contacts, and a fact says so.
        """
        return SQL(
            """
            SELECT last.sequence
              FROM (
                SELECT DISTINCT ON (contact_id)
                       sequence, contact_id, payload::jsonb AS fact
                  FROM collection_contact_event WHERE company_id = %s
                 ORDER BY contact_id, id DESC
              ) last
              JOIN collection_contact contact ON contact.id = last.contact_id
             WHERE contact.partner_id::text IS DISTINCT FROM last.fact ->> 'debtor'
                OR contact.case_id::text IS DISTINCT FROM last.fact ->> 'case'
                OR contact.company_id::text IS DISTINCT FROM last.fact ->> 'company'
            """,
            company.id,
        )

    def _get_other_reasons_sql(self, company):
        """Return a SELECT of facts whose contact gives another reason, or none.

        Of going on though the rules said no, and of having broken a rule.
        """
        return SQL(
            """
            SELECT event.sequence
              FROM collection_contact_event event
              JOIN collection_contact contact ON contact.id = event.contact_id
         LEFT JOIN collection_contact_content kept
                ON kept.event_id = event.id AND kept.content IS NOT NULL
             WHERE event.company_id = %(company)s
               AND (event.kind = 'overridden' AND kept.id IS NOT NULL
                    AND contact.override_reason
                        IS DISTINCT FROM kept.content::jsonb ->> 'reason'
                    OR event.kind = 'incident' AND contact.is_incident IS NOT TRUE)
             UNION ALL
            SELECT MAX(event.sequence)
              FROM collection_contact contact
              JOIN collection_contact_event event ON event.contact_id = contact.id
             WHERE contact.company_id = %(company)s
               AND contact.override_reason IS NOT NULL AND NOT EXISTS (
                   SELECT 1 FROM collection_contact_event told
                    WHERE told.contact_id = contact.id AND told.kind = 'overridden'
               )
             GROUP BY contact.id
            """,
            company=company.id,
        )

    def _get_other_states_sql(self, company):
        """Return a SELECT of the last facts after which a contact stands elsewhere."""
        return SQL(
            """
            SELECT last.sequence
              FROM (
                SELECT DISTINCT ON (contact_id) sequence, contact_id, kind
                  FROM collection_contact_event
                 WHERE company_id = %s AND kind IN %s
                 ORDER BY contact_id, id DESC
              ) last
              JOIN collection_contact contact ON contact.id = last.contact_id
              JOIN (VALUES %s) expected (kind, states) ON expected.kind = last.kind
             WHERE contact.state <> ALL(expected.states)
            """,
            company.id,
            (*STATES_AFTER, *MOVING),
            SQL(", ").join(
                SQL("(%s, %s::text[])", kind, list(states))
                for kind, states in STATES_AFTER.items()
            ),
        )

    def _get_untold_sql(self, company):
        """Return a SELECT of the end of the chain, if a contact has no fact in it."""
        return SQL(
            """
            SELECT (SELECT COALESCE(MAX(sequence), 0) FROM collection_contact_event
                     WHERE company_id = %(company)s) + 1
              FROM collection_contact contact
             WHERE contact.company_id = %(company)s
               AND contact.state IN ('sent', 'blocked') AND NOT EXISTS (
                   SELECT 1 FROM collection_contact_event event
                    WHERE event.contact_id = contact.id
             )
            """,
            company=company.id,
        )


def _get_first(found):
    return min(filter(None, found), key=lambda broken: broken["sequence"], default=None)
