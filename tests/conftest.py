"""Real databases and real processes for the suite-level tests."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import textwrap

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from .browser import log_in, no_memory_limit, page, url  # noqa: F401

MODULES = "collections_mgmt,collections_portal,collections_sms,collections_snailmail"
RESULT_MARK = "RESULT:"
PRELUDE = pathlib.Path(__file__).with_name("shell_prelude.py").read_text()


class OdooDatabase:
    """A database of its own, used through Odoo processes that really commit."""

    def __init__(self, purpose):
        # The tests may be shared among several processes.
        worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        self.name = f"{os.environ['TEST_DB']}_{purpose}_{worker}"

    def create_from(self, template):
        self.drop()
        subprocess.run(["createdb", "-T", template, self.name], check=True)

    def drop(self):
        subprocess.run(["dropdb", "--if-exists", "--force", self.name], check=True)

    def odoo(self, *arguments, script=None):
        """Run ``odoo``; return (log, output) and fail when it exits with an error."""
        quiet = [] if arguments[0] == "i18n" else ["--no-http"]
        done = subprocess.run(
            [sys.executable, "-m", "odoo", *arguments, "-d", self.name, *quiet],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stderr, done.stdout

    def shell(self, script, smtp_port=1):
        """Run a script in ``odoo shell`` and return what it gives to ``result()``."""
        log, output = self.odoo(
            "shell",
            f"--smtp-port={smtp_port}",
            script=PRELUDE + textwrap.dedent(script) + "\n",
        )
        for line in output.splitlines():
            if RESULT_MARK in line:
                return json.loads(line.split(RESULT_MARK, 1)[1])
        raise AssertionError(f"the script gave no result:\n{log[-3000:]}\n{output}")


class Inbox(Message):
    """Keeps the messages a real SMTP server received."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def handle_message(self, message):
        self.messages.append(message)


@pytest.fixture(scope="session")
def suite_db():
    """A database with the three modules, installed by a real process."""
    base = os.environ.get("COLLECTIONS_BASE_DB")
    assert base, "run the suite with `make test`: it prepares the databases"
    database = OdooDatabase("suite")
    database.create_from(base)
    log, _output = database.odoo("-i", MODULES, "--stop-after-init")
    assert "WARNING" not in log and "ERROR" not in log, log
    yield database
    database.drop()


@pytest.fixture(scope="module")
def own_db(suite_db):
    """A copy of it for one test module alone."""
    database = OdooDatabase("own")
    database.create_from(suite_db.name)
    yield database
    database.drop()


@pytest.fixture
def smtp():
    """A real SMTP server; ``smtp.messages`` is what arrived."""
    inbox = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        inbox.port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=inbox.port)
    controller.start()
    yield inbox
    controller.stop()
