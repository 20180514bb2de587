"""What the suite has to reach with 100,000 open items of 10,000 debtors."""

from dataclasses import dataclass

TARGET_SIZE = 100_000


@dataclass(frozen=True)
class Verdict:
    """A target and whether it was reached."""

    name: str
    limit: float
    measured: float | None
    unit: str = ""
    at_least: bool = False

    @property
    def target(self):
        return f"{'≥' if self.at_least else '≤'} {self.limit:g} {self.unit}".strip()

    @property
    def value(self):
        if self.measured is None:
            return "–"
        return f"{self.measured:,.2f} {self.unit}".strip()

    @property
    def judgement(self):
        if self.measured is None:
            return "not measured"
        if self.at_least:
            return "reached" if self.measured >= self.limit else "not reached"
        return "reached" if self.measured <= self.limit else "not reached"


def get_verdicts(size):
    """Return the verdicts over the figures of one size."""
    ours, posting = size["ours"], size["posting"]
    messages, at_once = ours["messages"], ours["messages_at_once"]
    debtors = messages.get("debtors") or None
    return [
        Verdict("first sync and decide", 6, ours["follow"]["seconds"], "s"),
        Verdict("second run, nothing to do", 1, ours["again"]["seconds"], "s"),
        Verdict("sync and decide of a day", 1, ours["daily"]["seconds"], "s"),
        Verdict("run of an ordinary day", 1, ours["ordinary_day"]["seconds"], "s"),
        Verdict(
            "run after everybody was written to", 1, ours["next_day"]["seconds"], "s"
        ),
        Verdict("queries of that run", 59, ours["next_day"]["queries"]),
        Verdict("memory of that run", 50, ours["next_day"]["memory_mb"], "MB"),
        *_get_gate_verdicts(ours["gate"], ours["check"], ours["call"]),
        Verdict("rank every case", 60, ours["rank"]["seconds"], "s"),
        Verdict("open the worklist", 0.15, ours["worklist"]["seconds"], "s"),
        Verdict("queries of the worklist", 29, ours["worklist"]["queries"]),
        Verdict("open a case of 200 items", 0.4, ours["case"]["seconds"], "s"),
        Verdict("verdicts on 10,000 promises", 10, _get_time_of_verdicts(ours), "s"),
        Verdict("approve everything", 1, (ours["approve"] or {}).get("seconds"), "s"),
        Verdict(
            "messages for 10,000 debtors",
            45,
            debtors and messages["seconds"] * 10_000 / debtors,
            "s",
        ),
        Verdict("queries per debtor", 1, debtors and messages["queries"] / debtors),
        Verdict(
            "2 workers are faster by",
            1.7,
            messages["seconds"] / at_once["seconds"],
            "times",
            at_least=True,
        ),
        Verdict(
            "open the list of invoices, ratio",
            1.15,
            posting["with"]["list"]["seconds"] / posting["without"]["list"]["seconds"],
        ),
        *_get_posting_verdicts(posting, "together", ("post", "pay")),
        *_get_posting_verdicts(posting, "one by one", ("post_each", "pay_each")),
    ]


def get_invoice_count(posting, step):
    """Return how many invoices the figures of a step of posting are about."""
    return posting["count"] if step in ("post", "pay") else 1


def _get_time_of_verdicts(ours):
    """Return the seconds for 10,000 promises; None where some were not judged kept."""
    verdicts = ours["verdicts"]
    if verdicts["kept"] != verdicts["promises"]:
        return None
    return verdicts["seconds"] * 10_000 / verdicts["promises"]


def _get_gate_verdicts(gate, check, call):
    """Return what the gate may cost: of a run, and behind a button."""
    return [
        Verdict(
            "Python of the gate for 100 debtors",
            10,
            1000 * gate["python"] * 100 / gate["debtors"],
            "ms",
        ),
        Verdict(
            f"queries of the gate more than for {gate['few_debtors']} debtors",
            0,
            gate["queries"] - gate["few_queries"],
        ),
        Verdict("ask about one call", 30, 1000 * check["seconds"], "ms"),
        Verdict("the button for a call", 30, 1000 * call["seconds"], "ms"),
    ]


def _get_posting_verdicts(posting, way, steps):
    """Return what the suite adds to posting and paying an invoice in one of the ways.

    :param tuple steps: the steps of ``post_and_pay`` that belong to the way
    """
    seconds, queries = (
        {
            name: sum(posting[name][step][figure] for step in steps)
            for name in ("with", "without")
        }
        for figure in ("seconds", "queries")
    )
    count = get_invoice_count(posting, steps[0])
    return [
        Verdict(
            f"posting and paying {way}, ratio",
            1.05,
            seconds["with"] / seconds["without"],
        ),
        Verdict(
            f"queries more per invoice, {way}",
            2,
            (queries["with"] - queries["without"]) / count,
        ),
    ]
