import io
import json
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

from psycopg2.errors import RestrictViolation

from odoo.tools import SQL, mute_logger

from .common import CollectionCommon

EVIDENCE_TABLES = (
    "collection_contact",
    "collection_contact_event",
    "collection_contact_content",
    "collection_evidence_head",
)


class EvidenceCommon(CollectionCommon):
    """A debtor in Chile with an invoice that is due."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.events = cls.env["collection.contact.event"]
        cls.contents = cls.env["collection.contact.content"]
        cls.debtor = cls._create_debtor("Ana Díaz", collection_tz="America/Santiago")
        cls.move = cls._create_overdue_invoice(cls.debtor, 5)

    def _kinds(self, contact):
        return self.events.search([("contact_id", "in", contact.ids)]).mapped("kind")

    def _facts(self, contact, kind):
        """Return what the last event of a kind says of a contact."""
        event = self.events.search(
            [("contact_id", "=", contact.id), ("kind", "=", kind)],
            order="id desc",
            limit=1,
        )
        return json.loads(event.payload)

    def _words(self, contact, kind):
        """Return the content that was kept with the last event of a kind."""
        content = self.contents.search(
            [("contact_id", "=", contact.id), ("event_id.kind", "=", kind)],
            order="id desc",
            limit=1,
        )
        return content._get_words()

    # WHO TAMPERS

    @contextmanager
    def _refused(self, words):
        """The database refuses it, in words."""
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(RestrictViolation, words),
            self.cr.savepoint(),
        ):
            yield
            self.env.flush_all()

    def _tamper(self, query, *args):
        """Change the database as its owner can, past the triggers."""
        self.env.flush_all()
        self.cr.flush()
        for action in ("DISABLE", "ENABLE"):
            for table in EVIDENCE_TABLES:
                self.cr.execute(
                    SQL(
                        "ALTER TABLE %s %s TRIGGER USER",
                        SQL.identifier(table),
                        SQL(action),
                    )
                )
            if action == "DISABLE":
                self.cr.execute(SQL(query, *args))
        self.env.invalidate_all()

    # THE FILE

    def _export(self, case):
        """Return the files of a case's evidence as {name: bytes}."""
        self.zip = case.sudo()._make_evidence_file()
        with zipfile.ZipFile(io.BytesIO(self.zip)) as file:
            return {name: file.read(name) for name in file.namelist()}

    def _verify_file(self):
        """Run the program in the ZIP on the ZIP; return (exit code, words)."""
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder, "evidence.zip")
            archive.write_bytes(self.zip)
            program = Path(folder, "verify.py")
            with zipfile.ZipFile(archive) as file:
                program.write_bytes(file.read("verify.py"))
            done = subprocess.run(
                [sys.executable, "-I", program, archive],
                capture_output=True,
                text=True,
                check=False,
            )
        return done.returncode, done.stdout
