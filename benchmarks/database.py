"""Databases of the benchmark, and Odoo processes that work on them."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

from .marks import RESULT_MARK

REPO = pathlib.Path(__file__).parent.parent
NO_MAIL_SERVER = "--smtp-port=1"  # nothing may leave
LOG_END = 2000


class StepError(Exception):
    """A child process failed; the message is the end of its log."""


class Database:
    """A database by its name.

    :param options: arguments of every Odoo process on it, such as an addons path
    """

    def __init__(self, name, options=()):
        self.name = name
        self.options = options

    def copy_of(self, template):
        self.drop()
        subprocess.run(["createdb", "-T", template, self.name], check=True)
        return self

    def drop(self):
        subprocess.run(
            ["dropdb", "--if-exists", "--force", self.name],
            check=True,
            stderr=subprocess.DEVNULL,
        )

    def vacuum(self):
        """Leave the tables as those of a database that has been up for a while."""
        subprocess.run(
            ["psql", "-Xqd", self.name, "-c", "VACUUM (ANALYZE)"], check=True
        )

    def install(self, modules):
        """Install modules; return how many seconds it took."""
        start = time.perf_counter()
        _Process(self, ["-i", modules, "--stop-after-init"]).finish()
        return round(time.perf_counter() - start, 1)

    def step(self, name, /, **arguments):
        """Run a step of ``benchmarks.steps`` in a process of its own."""
        [result] = self.steps_at_once(name, 1, **arguments)
        return result

    def steps_at_once(self, name, workers, /, **arguments):
        """Run a step in several processes at the same time; return their results."""
        script = (
            "from benchmarks.steps import perform\n"
            f"perform(env, {name!r}, **{arguments!r})\n"
        )
        processes = [
            _Process(self, ["shell", NO_MAIL_SERVER], script)
            for _worker in range(workers)
        ]
        return [process.get_result() for process in processes]


class _Process:
    """An Odoo process. What it reads and writes is in files: it never waits for us."""

    def __init__(self, database, arguments, script=""):
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115, see finish()
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        with tempfile.TemporaryFile("w+") as stdin:
            stdin.write(script)
            stdin.seek(0)
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "odoo", *arguments, *database.options),
                    *("-d", database.name, "--no-http"),
                ],
                stdin=stdin,
                stdout=self.output,
                stderr=self.log,
                cwd=REPO,  # the child finds the package ``benchmarks``
            )

    def finish(self):
        """Wait for the end; return what the process wrote."""
        failed = self.process.wait()
        with self.output, self.log:
            self.output.seek(0)
            self.log.seek(0)
            if failed:
                raise StepError(self.log.read().strip()[-LOG_END:])
            return self.output.read()

    def get_result(self):
        output = self.finish()
        for line in output.splitlines():
            if line.startswith(RESULT_MARK):
                return json.loads(line.removeprefix(RESULT_MARK))
        raise StepError(f"the step gave no result: {output[-LOG_END:]}")
