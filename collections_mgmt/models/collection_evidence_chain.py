"""The chain of each company: sealed from time to time, and verified."""

import logging

from psycopg2.errors import UniqueViolation

from odoo import api, models
from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.tools import SQL

from ..const import SEAL_BATCH_SIZE
from ..tools.errors import CONFLICTS
from ..tools.verify_evidence import GENESIS, link

_logger = logging.getLogger(__name__)


class CollectionContactEvent(models.Model):
    _inherit = "collection.contact.event"

    # SEALING

    @api.model
    def _cron_seal(self):
        """Seal what was committed since the last time, company by company."""
        for company in self._get_companies_with_events():
            try:
                self._seal(company)
                self.env.flush_all()
            except (ConcurrencyError, *CONFLICTS):
                self.env.cr.rollback()
                _logger.info("The evidence of company %s is sealed later", company.id)
            except Exception:
                # It keeps no other company's evidence open, and is no secret.
                self.env.cr.rollback()
                _logger.exception(
                    "The evidence of company %s cannot be sealed", company.id
                )
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _get_companies_with_events(self):
        rows = self.env.execute_query(
            SQL("SELECT DISTINCT company_id FROM collection_contact_event")
        )
        return self.env["res.company"].browse(sorted(row[0] for row in rows))

    @api.model
    def _seal(self, company):
        """Chain the facts of a company that are not sealed yet, in their order.

        Whoever writes facts does not wait for this, nor this for them: what is
        committed later is sealed later. Only one seals a company at a time.
        """
        self.env["collection.contact"]._write_noted_events()
        self.env.cr.execute(
            SQL(
                "SELECT pg_advisory_xact_lock(hashtext('collection_seal'), %s)",
                company.id,
            )
        )
        sequence, previous = self._get_last_link(company)
        while rows := self._get_unsealed(company):
            links = []
            for event_id, payload_digest in rows:
                sequence += 1
                current = link(previous, payload_digest)
                links.append((event_id, sequence, previous, current))
                previous = current
            self._write_links(links)
        self.env["collection.evidence.head"]._keep(company, sequence, previous)
        self.invalidate_model(["sequence", "previous_hash", "hash"], flush=False)

    def _get_last_link(self, company):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT sequence, hash FROM collection_contact_event
                 WHERE company_id = %s AND sequence IS NOT NULL
                 ORDER BY sequence DESC LIMIT 1
                """,
                company.id,
            )
        )
        return rows[0] if rows else (0, GENESIS)

    def _get_unsealed(self, company):
        return self.env.execute_query(
            SQL(
                """
                SELECT id, encode(sha256(convert_to(payload, 'UTF8')), 'hex')
                  FROM collection_contact_event
                 WHERE company_id = %s AND hash IS NULL ORDER BY id LIMIT %s
                """,
                *(company.id, SEAL_BATCH_SIZE),
            )
        )

    def _write_links(self, links):
        ids, sequences, previous, hashes = map(list, zip(*links, strict=True))
        try:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE collection_contact_event event
                       SET sequence = link.sequence, hash = link.hash,
                           previous_hash = link.previous_hash
                      FROM unnest(%s::integer[], %s::integer[], %s::text[], %s::text[])
                           AS link (id, sequence, previous_hash, hash)
                     WHERE event.id = link.id
                    """,
                    *(ids, sequences, previous, hashes),
                )
            )
        except UniqueViolation as error:
            # Somebody else sealed after our transaction began: Odoo tries again.
            raise ConcurrencyError(str(error)) from error

    # VERIFYING

    @api.model
    def _cron_verify(self):
        """Verify the chain of every company; tell the managers when it is broken."""
        for company in self._get_companies_with_events():
            broken = self._verify(company)
            sequence, last_hash = self._get_last_link(company)
            if broken:
                _logger.error(
                    "The evidence of company %s is broken at link %s",
                    company.id,
                    broken["sequence"],
                )
                self._report_broken(company, broken)
            else:
                # Kept elsewhere, it also proves that the chain was not made anew.
                _logger.info(
                    "The evidence of company %s is whole up to link %s, %s",
                    *(company.id, sequence, last_hash),
                )
                self.env["collection.evidence.head"]._send(company)
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _verify(self, company):
        """Return the first broken link of a company's chain, None if it is whole.

        :return: {"sequence", "problem"}, the problem in words
        """
        self._seal(company)
        self.env.flush_all()
        # What is compared with the seals is what they prove: these first.
        return self._find_broken_seal(company) or self._find_other_record(company)

    def _find_broken_link(self, company):
        expected, previous = 0, GENESIS
        while rows := self._get_links(company, expected):
            for sequence, previous_hash, current, payload_digest in rows:
                expected += 1
                if sequence != expected:
                    problem = self.env._("the link is missing")
                elif previous_hash != previous:
                    problem = self.env._("it does not follow from the link before")
                elif link(previous, payload_digest) != current:
                    problem = self.env._("what it says was changed")
                else:
                    previous = current
                    continue
                return {"sequence": expected, "problem": problem}
        return None

    def _get_links(self, company, after):
        return self.env.execute_query(
            SQL(
                """
                SELECT sequence, previous_hash, hash,
                       encode(sha256(convert_to(payload, 'UTF8')), 'hex')
                  FROM collection_contact_event
                 WHERE company_id = %s AND sequence > %s
                 ORDER BY sequence LIMIT %s
                """,
                *(company.id, after, SEAL_BATCH_SIZE),
            )
        )

    def _find_first(self, problem, query):
        rows = self.env.execute_query(
            SQL("SELECT MIN(sequence) FROM (%s) broken (sequence)", query)
        )
        return rows[0][0] and {"sequence": rows[0][0], "problem": problem}

    @api.model
    def _report_broken(self, company, broken):
        """Give a manager the task to look at a broken chain, once."""
        event = self.search(
            Domain("company_id", "=", company.id)
            & Domain("sequence", ">=", broken["sequence"]),
            order="sequence",
            limit=1,
        ) or self.search([("company_id", "=", company.id)], order="id desc", limit=1)
        case = event.contact_id.case_id
        summary = self.env._("The evidence is broken")
        if case.activity_ids.filtered(lambda activity: activity.summary == summary):
            return
        case.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=summary,
            note=self.env._(
                "Link %(sequence)s of the evidence: %(problem)s. Find out who could "
                "change the database, and keep a copy of it as it is now.",
                **broken,
            ),
            user_id=event.contact_id._get_responsible_manager().id,
        )
