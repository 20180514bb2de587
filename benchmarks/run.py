"""Measures the suite and a published rival on the same books: see docs/performance.md.

Called by dev/bench.sh, which sets the environment: a base database, a prefix for the
databases made here, and where the rival's module lies.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import sys
import time
from datetime import datetime

from .database import Database, StepError
from .report import format_report

MODULES = os.environ["MODULES"]
RIVAL_MODULE = "account_credit_control"
# From here on the rival's messages are measured on some debtors only: all take hours.
LARGE = 100_000
SOME_DEBTORS = 500
WORKERS = 2
# All workers have their registry by then
SECONDS_TO_START = 20
POSTING_REPETITIONS = 3
# Invoices posted one by one, for each that is posted with the others
POSTING_ONE_BY_ONE = 0.2


def main():
    options = _parse_arguments()
    # Ended from outside, it still removes its databases.
    signal.signal(signal.SIGTERM, lambda *_arguments: sys.exit("terminated"))
    report = {"machine": _describe_machine(), "sizes": []}
    for size in options.sizes:
        report["sizes"].append(Benchmark(size, options).run())
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(format_report(report))


def _parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="+", help="open items")
    parser.add_argument("--base", required=True, help="database to copy")
    parser.add_argument("--prefix", required=True, help="of the databases made here")
    parser.add_argument("--rival-addons", help="addons path of the rival's module")
    parser.add_argument("--rival-note", default="not available", help="why it lacks")
    parser.add_argument("--rival-all", action="store_true", help="messages for all")
    parser.add_argument("--posting", type=int, default=1_000, help="invoices to post")
    parser.add_argument("--addons-path", required=True)
    parser.add_argument("--json", type=pathlib.Path, required=True)
    return parser.parse_args()


def _describe_machine():
    pages, page_size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(pages * page_size / 1024**3),
        "python": sys.version.split()[0],
        "date": datetime.now().isoformat(timespec="minutes"),
    }


class Benchmark:
    """All steps for one size."""

    def __init__(self, size, options):
        self.size = size
        self.options = options
        self.result = {"size": size, "load": [], "ours": {}, "rival": {}, "posting": {}}
        rival_path = f"{options.addons_path},{options.rival_addons}"
        self.books, self.ours, self.copy, self.day, self.rival = (
            Database(f"{options.prefix}_{name}", arguments)
            for name, arguments in (
                ("books", ()),
                ("ours", ()),
                ("copy", ()),
                ("day", ()),
                ("rival", (f"--addons-path={rival_path}",)),
            )
        )

    def run(self):
        try:
            self._say("books")
            self.books.copy_of(self.options.base)
            self.result["books"] = self.books.step("make_books", items=self.size)
            self.books.vacuum()
            self._measure_ours()
            self._measure_rival()
            self._measure_posting()
        finally:
            for database in (self.books, self.ours, self.copy, self.day, self.rival):
                database.drop()
        return self.result

    def _say(self, text):
        load = os.getloadavg()[0]
        self.result["load"].append(round(load, 1))
        print(f"    {self.size} items: {text} (load {load:.1f})", file=sys.stderr)

    def _measure_ours(self):
        figures = self.result["ours"]
        self._say("the suite")
        self.ours.copy_of(self.books.name)
        figures["install"] = {"seconds": self.ours.install(MODULES)}
        self.ours.step("ask_for_approval")
        figures["follow"] = self.copy.copy_of(self.ours.name).step("follow")
        figures["floor"] = self.copy.step("mass_mail")
        figures["first"] = self.ours.step("plan")
        figures["again"] = self.ours.step("plan")
        figures["approve"] = self.ours.step("approve")
        self.copy.copy_of(self.ours.name)
        self._say("messages")
        figures["messages"] = self.ours.step("deliver")
        counts = self.ours.step("count_messages")
        figures["messages"].update(counts.get("queued", {}))
        figures["messages"]["not_queued"] = {
            state: count for state, count in counts.items() if state != "queued"
        }
        self._say(f"messages, {WORKERS} workers")
        workers = self.copy.steps_at_once(
            "deliver", WORKERS, start_at=time.time() + SECONDS_TO_START
        )
        figures["messages_at_once"] = {
            "workers": WORKERS,
            "seconds": round(
                max(worker["ended"] for worker in workers)
                - min(worker["begun"] for worker in workers),
                3,
            ),
            "cpu": round(sum(worker.get("cpu", 0) for worker in workers), 3),
            "queries": sum(worker["queries"] for worker in workers),
            "memory_mb": max(worker["memory_mb"] for worker in workers),
            **self.copy.step("count_messages").get("queued", {}),
        }
        self._say("the next day")
        self.ours.step("note_sent")
        self.ours.vacuum()
        figures.update(self.ours.step("gate"))
        self.ours.step("add_a_day", items=self.size)
        self.ours.vacuum()
        figures["next_day"] = self.ours.step("plan", days=1)
        self.ours.step("add_a_day", items=self.size, days=2)
        self.ours.vacuum()
        figures["daily"] = self.day.copy_of(self.ours.name).step("follow", days=2)
        self.day.drop()
        figures["ordinary_day"] = self.ours.step("plan", days=2)
        self._say("the worklist")
        figures["rank"] = self.ours.step("rank")
        self.ours.vacuum()
        screens = self.ours.step("screens")
        for name in ("worklist", "worklist_of_all", "case"):
            figures[name] = screens[name]
        self._say("promises")
        figures["verdicts"] = self.ours.step("verdicts", items=self.size)

    def _measure_posting(self):
        """Interleave the two databases: what disturbs one disturbs the other."""
        self._say("posting and paying")
        count = min(self.options.posting, self.size)
        arguments = {"count": count, "one_by_one": round(count * POSTING_ONE_BY_ONE)}
        runs = {"without": [], "with": []}
        for _repetition in range(POSTING_REPETITIONS):
            for name, database in (("without", self.books), ("with", self.copy)):
                runs[name].append(database.step("post_and_pay", **arguments))
        posting = self.result["posting"]
        posting.update(arguments, repetitions=POSTING_REPETITIONS)
        for name, of_database in runs.items():
            posting[name] = {
                step: {
                    key: statistics.median(run[step][key] for run in of_database)
                    for key in of_database[0][step]
                }
                for step in ("post", "pay", "post_each", "pay_each")
            }
        for name, database in (("without", self.books), ("with", self.copy)):
            posting[name]["list"] = database.step("invoice_list")

    def _measure_rival(self):
        figures = self.result["rival"]
        if not self.options.rival_addons:
            figures["note"] = self.options.rival_note
            return
        try:
            self._say("the rival")
            self._measure_rival_steps(figures)
        except StepError as error:
            figures["note"] = f"failed: {str(error).splitlines()[-1]}"

    def _measure_rival_steps(self, figures):
        self.rival.copy_of(self.books.name)
        figures["install"] = {"seconds": self.rival.install(RIVAL_MODULE)}
        self.rival.step("rival_prepare")
        figures["first"] = self.rival.step("rival_run")
        figures["approve"] = self.rival.step("rival_approve")
        self._say("the rival's messages")
        some = self.size >= LARGE and not self.options.rival_all
        figures["messages"] = self.rival.step(
            "rival_messages", debtors=SOME_DEBTORS if some else None
        )
        self._say("the rival's next day")
        self.rival.step("add_a_day", items=self.size)
        self.rival.vacuum()
        figures["next_day"] = self.rival.step("rival_run", days=1)


if __name__ == "__main__":
    main()
