"""The evidence file of a case: what happened, and what proves it."""

import hashlib
import io
import json
import logging
import re
import zipfile

from odoo import fields, models, release
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, file_open

from ..const import SEAL_BATCH_SIZE
from .client_context import without_defaults
from .collection_contact_evidence import as_utc, write_utc

_logger = logging.getLogger(__name__)

REPORT = "collections_mgmt.action_report_evidence"
# What of a contact's own record is compared with what was sealed.
RECORD_FIELDS = (
    *("state", "channel", "subject", "body", "address"),
    *("outcome", "exemption", "zone"),
)
# The same of records that it names, by their ids.
RECORD_LINKS = {
    "debtor": "partner_id",
    "case": "case_id",
    "company": "company_id",
    "stage": "stage_id",
    "made_by": "user_id",
}


class EvidenceZip:
    """A ZIP file that knows the SHA-256 of all that was put into it."""

    def __init__(self):
        self.buffer = io.BytesIO()
        self.zip = zipfile.ZipFile(self.buffer, "w")
        self.hashes = {}

    def add(self, name, parts):
        """Write a file from its parts, one after the other.

        :param parts: iterable of bytes
        """
        hashed = hashlib.sha256()
        info = zipfile.ZipInfo(name, fields.Datetime.now().timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16  # to be read by whoever unpacks it
        with self.zip.open(info, "w", force_zip64=True) as file:
            for part in parts:
                hashed.update(part)
                file.write(part)
        self.hashes[name] = hashed.hexdigest()

    def close(self):
        """Add the list of hashes; return the whole file as bytes."""
        lines = [f"{digest}  {name}\n" for name, digest in self.hashes.items()]
        self.zip.writestr("hashes.txt", "".join(lines))
        self.zip.close()
        return self.buffer.getvalue()


class CollectionCase(models.Model):
    _inherit = "collection.case"

    # ACTIONS

    def action_export_evidence(self):
        """Make the evidence file of the case and download it."""
        self.ensure_one()
        if not self.env.user.has_group("collections_mgmt.group_collection_collector"):
            raise AccessError(self.env._("Only collectors take evidence out."))
        self.check_access("write")
        # In sudo: evidence is read whole, links of other debtors without what they say.
        case_sudo = self.sudo()
        files_sudo = without_defaults(case_sudo.env["ir.attachment"])
        file = files_sudo.create(case_sudo._prepare_evidence())
        case_sudo._message_log(
            body=self.env._("%s took the evidence file out.", self.env.user.name)
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{file.id}?download=true",
            "target": "new",
        }

    def _prepare_evidence(self):
        """Return the values of the attachment that is the evidence file."""
        return {
            "name": self.env._(
                "Evidence %(case)s %(date)s.zip",
                case=self.id,
                date=fields.Date.context_today(self),
            ),
            "raw": self._make_evidence_file(),
            "mimetype": "application/zip",
            "res_model": self._name,
            "res_id": self.id,
        }

    # THE FILE

    def _make_evidence_file(self):
        """Return the ZIP: the time line, the data, the originals, and their proof."""
        self.ensure_one()
        self.env["collection.contact.event"]._seal(self.company_id)
        self.env.flush_all()
        events, contents = self._get_evidence()
        if not events:
            raise UserError(
                self.env._("Nothing has happened on the case: there is no evidence.")
            )
        file = EvidenceZip()
        timeline, kind = self._render_timeline()
        file.add(f"timeline.{kind}", [timeline])
        descriptions = [
            self._add_originals(file, content, events) for content in contents
        ]
        file.add(
            "evidence.json", [self._dump(self._describe_evidence(events, descriptions))]
        )
        file.add("chain.jsonl", self._get_chain_lines(events))
        file.add("verify.py", [read_file("tools/verify_evidence.py")])
        file.add("README.txt", [self._get_readme(events, kind)])
        return file.close()

    def _render_timeline(self):
        """Return the time line as PDF, or as HTML where no PDF can be made."""
        Report = self.env["ir.actions.report"].with_company(self.company_id)
        if Report.get_wkhtmltopdf_state() in ("install", "broken"):
            return Report._render_qweb_html(REPORT, self.ids)
        try:
            with self.env.cr.savepoint():
                return Report._render_qweb_pdf(REPORT, self.ids)
        except UserError:
            _logger.warning("The time line of case %s is no PDF", self.id)
            return Report._render_qweb_html(REPORT, self.ids)

    def _describe_evidence(self, events, contents):
        """Return what evidence.json says.

        :param list contents: of ``_add_originals``
        """
        timeline = self._get_timeline()
        company, debtor = self.company_id, self.partner_id
        return {
            "format": 1,
            "made": write_utc(as_utc(fields.Datetime.now())),
            "software": f"Odoo {release.version}, collections_mgmt",
            "company": {
                "id": company.id,
                "name": company.name,
                "vat": company.vat or None,
            },
            "case": {
                "id": self.id,
                "state": self.state,
                "opened": self.date_opened,
                "closed": self.date_closed or None,
            },
            "debtor": {"id": debtor.id, "name": debtor.name, "vat": debtor.vat or None},
            "counts": dict(timeline["counts"]),
            "refrained": timeline["refrained"],
            "timeline": [event._get_facts() for event in events],
            "contents": contents,
            "contacts": [self._describe_contact(c) for c in events.contact_id],
        }

    def _describe_contact(self, contact):
        return {
            "contact": contact.id,
            **{name: contact[name] or None for name in RECORD_FIELDS},
            **{name: contact[field].id or None for name, field in RECORD_LINKS.items()},
            "by_hand": bool(contact.user_id),
        }

    # ORIGINALS

    def _add_originals(self, file, content, events):
        """Add a text and what was attached to it; return what tells where they are."""
        words = content._get_words() or {}
        described = {
            "contact": content.contact_id.id,
            "sequence": content.event_id.sequence,
            "content_hash": content.content_hash,
            "salt": content.salt or None,
            "content": content.content or None,
            "files": self._add_attachments(file, content, words),
        }
        if words.get("body"):
            described["original"] = f"originals/{get_place(content)}.html"
            file.add(described["original"], [words["body"].encode()])
        return described

    def _add_attachments(self, file, content, words):
        names = []
        for told in words.get("attachments", ()):
            attachment = self.env["ir.attachment"].browse(told["id"]).exists()
            if attachment:
                safe = re.sub(r"[^\w.-]+", "_", told["name"] or "file")
                names.append(f"originals/{get_place(content)}-{told['id']}-{safe}")
                file.add(names[-1], [attachment.raw or b""])
        return names

    # THE CHAIN

    def _get_chain_lines(self, events):
        """Yield the links from the first to the last fact of the case, as lines.

        What other debtors' links say stays here: their digest is proof enough.
        """
        sequences = [event.sequence for event in events if event.sequence]
        own_ids = events.contact_id.ids
        for start in range(min(sequences), max(sequences) + 1, SEAL_BATCH_SIZE):
            end = min(start + SEAL_BATCH_SIZE - 1, max(sequences))
            yield b"".join(
                self._dump({key: value for key, value in row.items() if value})
                for row in self._get_chain_part(own_ids, start, end)
            )

    def _get_chain_part(self, own_ids, start, end):
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT sequence, previous_hash, hash,
                       encode(sha256(convert_to(payload, 'UTF8')), 'hex') AS digest,
                       CASE WHEN contact_id = ANY(%s) THEN payload END AS payload
                  FROM collection_contact_event
                 WHERE company_id = %s AND sequence BETWEEN %s AND %s
                 ORDER BY sequence
                """,
                *(own_ids, self.company_id.id, start, end),
            )
        )

    # HELPERS

    def _dump(self, data):
        return json.dumps(data, default=str, sort_keys=True).encode() + b"\n"

    def _get_readme(self, events, kind):
        text = read_file("data/evidence_readme.txt").decode()
        values = {
            "company": self.company_id.name,
            "case": self.id,
            "made": write_utc(as_utc(fields.Datetime.now())),
            "first": events[0].sequence,
            "last": max(events.mapped("sequence")),
            "hash": events.sorted("sequence")[-1].hash,
            "timeline": f"timeline.{kind}",
        }
        return text.format(**values).encode()


def get_place(content):
    """Return the name of a content's files, without their ending."""
    event = content.event_id
    return f"{event.contact_id.id}-{event.sequence}-{event.kind}"


def read_file(name):
    with file_open(f"collections_mgmt/{name}", "rb") as file:
        return file.read()
