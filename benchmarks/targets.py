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
        Verdict("run of the next day", 1, ours["next_day"]["seconds"], "s"),
        Verdict("queries of that run", 59, ours["next_day"]["queries"]),
        Verdict("memory of that run", 50, ours["next_day"]["memory_mb"], "MB"),
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
        Verdict("posting and paying, ratio", 1.05, _get_posting_ratio(posting)),
        Verdict("queries more per invoice", 2, _get_most_queries_more(posting)),
    ]


def _get_posting_ratio(posting):
    """Return the time with the suite over the time without it, the worse way."""
    return max(
        sum(posting["with"][step]["seconds"] for step in steps)
        / sum(posting["without"][step]["seconds"] for step in steps)
        for steps in (("post", "pay"), ("post_each", "pay_each"))
    )


def _get_most_queries_more(posting):
    return max(
        (posting["with"][step]["queries"] - posting["without"][step]["queries"])
        / (1 if step.endswith("each") else posting["count"])
        for step in posting["with"]
    )
