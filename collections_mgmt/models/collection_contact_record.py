"""How evidence is written: one statement for all that a transaction has noted."""

import hashlib
import json
from functools import lru_cache

from odoo import api, models
from odoo.tools import SQL

from ..tools.local_time import is_zone, load_zone
from .collection_contact_evidence import DECISIONS, as_utc, write_utc

# What has the verdict, with its rules and counters, in it.
JUDGED = ("allowed", "deferred", "blocked", "reserved", "overridden", "incident")
# What has the words in it that the debtor got.
TOLD = ("queued", "sent")
# What has the reason in it; it may name an address or a person.
EXPLAINED = ("failed", "bounced", "dropped", "skipped", "blocked")

# What a call may have been made to, where nothing was written.
SPOKEN_CHANNELS = ("call", "im")


class CollectionContact(models.Model):
    _inherit = "collection.contact"

    @api.model
    def _write_noted_events(self):
        """Write down what was noted in this transaction."""
        noted = self._take_noted_events()
        if not noted:
            return
        self.env.flush_all()
        self.env.cr.execute(self._get_write_events_sql(self._prepare_notes(noted)))
        self.invalidate_model(["event_ids"], flush=False)

    @api.model
    def _prepare_notes(self, noted):
        """Return what was noted as rows for the statement.

        :param list noted: of ``_take_noted_events``
        """
        contact_ids = list(dict.fromkeys(note[0] for note in noted))
        facts = self._get_facts_to_note(contact_ids)
        # What people decide at their desks happens on nobody's clock.
        on_clock = {note[0] for note in noted if note[1] not in DECISIONS.values()}
        unknown = [
            contact_id
            for contact_id, fact in facts.items()
            if not fact["zone"] and contact_id in on_clock
        ]
        zones = self.browse(unknown)._find_zones() if unknown else {}
        for contact_id, (zone, basis) in zones.items():
            facts[contact_id].update(zone=zone, zone_basis=basis)
        get_local = lru_cache(_get_local)
        rows = []
        for contact_id, kind, moment, uid, more, words in noted:
            fact = facts.get(contact_id)
            if not fact:  # deleted in the same transaction: it was only a plan
                continue
            row = {
                "contact_id": contact_id,
                "kind": kind,
                "utc": write_utc(moment),
                "local": get_local(moment, fact["zone"]),
                "zone": fact["zone"],
                "zone_basis": fact["zone_basis"],
                "uid": uid,
                "facts": more,
                "words": words,
            }
            if kind in TOLD:
                row["files"] = fact["files"]
            if kind == "sent" and fact["date_sent"]:
                row["made_utc"] = write_utc(as_utc(fact["date_sent"]))
                row["made_local"] = get_local(as_utc(fact["date_sent"]), fact["zone"])
            rows.append(row)
        return rows

    @api.model
    def _get_facts_to_note(self, contact_ids):
        """Return {contact id: what the statement cannot work out itself}."""
        rows = self.env.execute_query_dict(
            SQL(
                """
                SELECT id, zone, zone_basis, date_sent,
                       ARRAY(SELECT file.ir_attachment_id
                               FROM collection_contact_ir_attachment_rel file
                              WHERE file.collection_contact_id = contact.id
                              ORDER BY file.ir_attachment_id) AS file_ids
                  FROM collection_contact contact WHERE id = ANY(%s)
                """,
                contact_ids,
            )
        )
        file_ids = {file_id for row in rows for file_id in row["file_ids"]}
        files = self._hash_files(file_ids) if file_ids else {}
        for row in rows:
            row["files"] = [files[file_id] for file_id in row["file_ids"]] or None
        return {row["id"]: row for row in rows}

    @api.model
    def _hash_files(self, file_ids):
        """Return {attachment id: its name, size and SHA-256}."""
        # In sudo: what goes along with a message does not depend on who sends it.
        files = self.env["ir.attachment"].sudo().browse(sorted(file_ids))
        return {
            file.id: {
                "id": file.id,
                "name": file.name,
                "size": file.file_size,
                "sha256": hashlib.sha256(file.raw or b"").hexdigest(),
            }
            for file in files
        }

    # THE STATEMENT

    @api.model
    def _get_write_events_sql(self, rows):
        """Return the statement that writes events, and the contents of some of them.

        A message that leaves as it was queued has one content, not two.

        :param list rows: of ``_prepare_notes``
        """
        return SQL(
            """
            WITH noted AS MATERIALIZED (
                SELECT nextval('collection_contact_event_id_seq') AS event_id, note.*
                  FROM (
                    SELECT note.*
                      FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS (
                           contact_id integer, kind text, utc text, local text,
                           zone text, zone_basis text, uid integer, facts jsonb,
                           words jsonb, files jsonb, made_utc text, made_local text
                      )) WITH ORDINALITY AS note ORDER BY note.ordinality
                  ) note
            ),
            asked AS MATERIALIZED (%(items)s),
            told AS MATERIALIZED (
                SELECT noted.*, (%(content)s)::text AS content
                  FROM noted
                  JOIN collection_contact contact ON contact.id = noted.contact_id
             LEFT JOIN asked ON asked.contact_id = contact.id
                 WHERE noted.words IS NOT NULL OR noted.kind IN %(with_content)s
            ),
            kept AS MATERIALIZED (
                SELECT told.event_id, told.contact_id, told.content,
                       before.content_hash,
                       replace(gen_random_uuid()::text, '-', '') AS salt
                  FROM told
             LEFT JOIN LATERAL (
                    SELECT earlier.content_hash FROM collection_contact_content earlier
                     WHERE earlier.contact_id = told.contact_id
                       AND earlier.content = told.content AND told.kind = 'sent'
                     ORDER BY earlier.id DESC LIMIT 1
                  ) before ON TRUE
                 WHERE told.content IS NOT NULL
            ),
            hashed AS MATERIALIZED (
                SELECT event_id, contact_id, content, salt,
                       content_hash IS NULL AS is_new,
                       COALESCE(content_hash, %(hash)s) AS content_hash
                  FROM kept
            ),
            new_event AS (
                INSERT INTO collection_contact_event (
                    id, contact_id, company_id, kind, date, payload
                )
                SELECT noted.event_id, contact.id, contact.company_id, noted.kind,
                       noted.utc::timestamptz AT TIME ZONE 'UTC', (%(payload)s)::text
                  FROM noted
                  JOIN collection_contact contact ON contact.id = noted.contact_id
             LEFT JOIN collection_stage stage ON stage.id = contact.stage_id
             LEFT JOIN hashed ON hashed.event_id = noted.event_id
                 ORDER BY noted.event_id
            )
            INSERT INTO collection_contact_content (
                contact_id, event_id, salt, content, content_hash
            )
            SELECT contact_id, event_id, salt, content, content_hash
              FROM hashed WHERE is_new ORDER BY event_id
            """,
            rows=json.dumps(rows, default=str),
            with_content=(*TOLD, *EXPLAINED, "overridden"),
            content=self._get_content_sql(),
            items=self._get_items_told_sql(
                [row["contact_id"] for row in rows if row["kind"] in TOLD]
            ),
            payload=self._get_payload_sql(),
            hash=SQL(
                "encode(sha256(convert_to(kept.salt || kept.content, 'UTF8')), 'hex')"
            ),
        )

    @api.model
    def _get_payload_sql(self):
        """Return what happened as jsonb: nothing in it is personal."""
        return SQL(
            """
            jsonb_strip_nulls(jsonb_build_object(
                'format', 1, 'event', noted.kind,
                'utc', noted.utc, 'local', noted.local,
                'made_utc', noted.made_utc, 'made_local', noted.made_local,
                'zone', noted.zone, 'zone_basis', noted.zone_basis,
                'contact', contact.id, 'case', contact.case_id,
                'debtor', contact.partner_id, 'recipient', contact.address_partner_id,
                'company', contact.company_id, 'run', contact.run_id,
                'stage', contact.stage_id, 'stage_name', stage.name -> 'en_US',
                'step', contact.step_id,
                'channel', contact.channel, 'outcome', contact.outcome,
                'user', noted.uid, 'by_hand', contact.user_id IS NOT NULL,
                'made_by', contact.user_id,
                'exemption', contact.exemption,
                'slot', CASE WHEN noted.kind = 'deferred'
                             THEN to_char(contact.slot, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                        END,
                'content_hash', hashed.content_hash,
                'size', octet_length(hashed.content)
            ))
            || CASE WHEN noted.kind IN %s AND contact.verdict_data IS NOT NULL
                    THEN jsonb_build_object('verdict', contact.verdict_data)
                    ELSE '{}' END
            || COALESCE(noted.facts, '{}')
            """,
            JUDGED,
        )

    @api.model
    def _get_content_sql(self):
        """Return who was told what as jsonb, NULL where nothing was told."""
        return SQL(
            """
            CASE WHEN noted.words IS NOT NULL THEN noted.words
                 WHEN noted.kind = 'overridden'
                      THEN jsonb_build_object('reason', contact.override_reason)
                 WHEN noted.kind IN %(explained)s THEN CASE
                      WHEN contact.reason IS NOT NULL
                      THEN jsonb_build_object('reason', contact.reason) END
                 WHEN contact.channel = 'task' THEN NULL
                 ELSE (%(message)s) END
            """,
            explained=EXPLAINED,
            message=self._get_message_sql(),
        )

    @api.model
    def _get_message_sql(self):
        return SQL(
            """
            SELECT jsonb_strip_nulls(jsonb_build_object(
                       'debtor', debtor.name, 'recipient', person.name,
                       'lang', COALESCE(person.lang, debtor.lang),
                       'address', contact.address, 'copies', contact.email_cc,
                       'phone', CASE WHEN contact.channel IN %s THEN debtor.phone END,
                       'sender', message.email_from,
                       'message_id', message.message_id,
                       'subject', contact.subject, 'body', contact.body,
                       'attachments', noted.files, 'items', asked.items
                   ))
              FROM res_partner debtor
         LEFT JOIN res_partner person ON person.id = contact.address_partner_id
         LEFT JOIN mail_message message ON message.id = contact.mail_message_id
             WHERE debtor.id = contact.partner_id
            """,
            SPOKEN_CHANNELS,
        )

    @api.model
    def _get_items_told_sql(self, contact_ids):
        """Return a SELECT of what contacts ask for, as one jsonb array for each.

        What is open is there as well, where not all of it is asked for. Items outlive
        what they were about: a deleted invoice is named all the same.
        """
        return SQL(
            """
            SELECT told.contact_id, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'document', COALESCE(
                           move.name, line.name, item.deleted_name),
                       'due', item.date_due,
                       'amount', CASE WHEN told.amount_agreed_currency <> 0
                           THEN ROUND(told.amount_residual_currency
                                      - told.amount_agreed_currency,
                                      currency.decimal_places)
                           ELSE told.amount_residual_currency END,
                       'open', CASE WHEN told.amount_agreed_currency <> 0
                                    THEN told.amount_residual_currency END,
                       'currency', currency.name
                   )) ORDER BY told.id) AS items
              FROM collection_contact_line told
              JOIN collection_item item ON item.id = told.item_id
         LEFT JOIN account_move move ON move.id = item.move_id
         LEFT JOIN account_move_line line ON line.id = item.move_line_id
              JOIN res_currency currency
                ON currency.id = COALESCE(line.currency_id, item.deleted_currency_id)
             WHERE told.contact_id = ANY(%s)
             GROUP BY told.contact_id
            """,
            contact_ids,
        )


def _get_local(moment, zone):
    """Return a moment on the clock of a zone, None where none is known."""
    if not is_zone(zone):
        return None
    return moment.astimezone(load_zone(zone)).isoformat(timespec="seconds")
