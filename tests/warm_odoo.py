"""A loaded Odoo whose forked children do the work: one of them may be killed.

Starting Odoo takes seconds, a fork milliseconds. As a script (`python warm_odoo.py
DATABASE SMTP_PORT GATES`) it reads one JSON text per line, the script of a child, and
forks; the child has database connections of its own, because none is open while its
parent forks. What children and parent have to say comes back as JSON lines, each
written at once.

A script finds `env`, what shell_prelude.py defines, and
- `say(kind, value)`: tell the test something, for instance the phase that begins;
- `wait_for(name)`: go on when the test has called `WarmOdoo.open_gate(name)`.
"""

import json
import os
import pathlib
import queue
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import traceback

PATIENCE = 60  # seconds until a test that waits has failed
TICK = 0.02  # seconds between two looks at the children


class WarmOdoo:
    """The test's end: starts children, hears them, kills them."""

    def __init__(self, database, smtp_port=1):
        self.gates = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [sys.executable, __file__, database.name, str(smtp_port), self.gates.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.news = {}  # {pid, None for the parent: queue of (kind, value)}
        threading.Thread(target=self._listen, daemon=True).start()
        self.hear(None, "ready")

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.gates.cleanup()

    def _listen(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                said = json.loads(line)
                self._get_news(said["pid"]).put((said["kind"], said["value"]))

    def _get_news(self, pid):
        return self.news.setdefault(pid, queue.Queue())

    def start(self, script):
        """Start a child that runs the script; return its process id."""
        self.process.stdin.write(json.dumps(textwrap.dedent(script)) + "\n")
        self.process.stdin.flush()
        return self.hear(None, "started")

    def hear(self, pid, kind):
        """Wait until the child says something of this kind; return what it says."""
        while True:
            said, value = self._get_news(pid).get(timeout=PATIENCE)
            if said == kind:
                return value
            assert said not in ("error", "end"), value

    def finish(self, pid):
        """Wait for the child's end; return what its script gave to `result`."""
        value = self.hear(pid, "result")
        assert self.hear(pid, "end") == 0
        return value

    def run(self, script):
        return self.finish(self.start(script))

    def kill(self, pid):
        """Kill the child as the kernel does; return whether it was still at work."""
        os.kill(pid, signal.SIGKILL)
        while True:
            kind, value = self._get_news(pid).get(timeout=PATIENCE)
            if kind == "end":
                return value == -signal.SIGKILL

    def open_gate(self, name):
        pathlib.Path(self.gates.name, name).touch()


# THE OTHER END


def say(kind, value=None, pid=None):
    line = json.dumps({"pid": pid, "kind": kind, "value": value}, default=str)
    os.write(1, line.encode() + b"\n")


def wait_for(gate):
    end = time.monotonic() + PATIENCE
    while not gate.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"nobody opened the gate {gate.name}")
        time.sleep(0.01)


def work(registry, script, gates):
    """Be the child: run the script in a transaction of its own."""
    from odoo import SUPERUSER_ID, api

    registry.check_signaling()  # what its parent knows may have changed
    pid = os.getpid()
    names = {
        "say": lambda kind, value=None: say(kind, value, pid),
        "wait_for": lambda name: wait_for(pathlib.Path(gates, name)),
    }
    prelude = pathlib.Path(__file__).with_name("shell_prelude.py").read_text()
    with registry.cursor() as cr:
        names["env"] = api.Environment(cr, SUPERUSER_ID, {})
        exec(prelude, names)
        names["result"] = lambda value: say("result", value, pid)
        exec(script, names)


def fork(registry, script, gates):
    """Start the child and return its process id, without ever returning in it."""
    from odoo import sql_db

    sql_db.close_all()
    if pid := os.fork():
        return pid
    status = 1
    try:
        work(registry, script, gates)
        status = 0
    except BaseException:
        say("error", traceback.format_exc(), os.getpid())
    finally:
        os._exit(status)


def read_scripts():
    """Yield the scripts that arrive, and None now and then while none does."""
    waiting = b""
    while True:
        if not select.select([0], [], [], TICK)[0]:
            yield None
            continue
        arrived = os.read(0, 65536)
        if not arrived:
            return
        *lines, waiting = (waiting + arrived).split(b"\n")
        yield from map(json.loads, lines)


def reap(children):
    """Report the children that ended."""
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            children.remove(pid)
            say("end", os.waitstatus_to_exitcode(status), pid)


def main(database, smtp_port, gates):
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, f"--smtp-port={smtp_port}", "--no-http"])
    threading.current_thread().dbname = database
    registry = Registry(database)
    say("ready")
    children = set()
    for script in read_scripts():
        if script is not None:
            pid = fork(registry, script, gates)
            children.add(pid)
            say("started", pid)
        reap(children)


if __name__ == "__main__":
    main(*sys.argv[1:])
