"""Tables of what was measured, in Markdown."""

from .targets import TARGET_SIZE, get_invoice_count, get_verdicts

STEPS = {
    "follow": "first sync and decide",
    "first": "first run: sync, decide, plan",
    "again": "second run, nothing to do",
    "approve": "approve everything",
    "messages": "create the messages",
    "messages_at_once": "the same, 2 workers",
    "floor": "floor: Odoo's own mass mailing, 3 lines",
    "next_day": "run after everybody was written to",
    "daily": "sync and decide on an ordinary day",
    "ordinary_day": "run of an ordinary day: the same, and plan",
    "gate": "ask the gate about every debtor",
    "gate_wait": "the same when all have to wait",
    "check": "ask the gate about one call",
    "call": "the button for it: every way, a place, the panel",
    "rank": "rank every case",
    "worklist": "open a collector's worklist, 80 rows",
    "worklist_of_all": "open everybody's worklist, 80 rows",
    "case": "open a case of 200 items",
    "verdicts": "judge a promise of every debtor, all kept today",
}
POSTING_STEPS = {
    "post": "post together",
    "pay": "register payments together",
    "post_each": "post one",
    "pay_each": "register one payment",
    "list": "open the list of invoices",
}
NONE = "–"


def format_report(report):
    """Return the tables of one call as text."""
    sizes = report["sizes"]
    parts = [_format_machine(report["machine"], sizes)]
    for size in sizes:
        parts += [_format_size(size), _format_posting(size)]
        if size["size"] == TARGET_SIZE:
            parts.append(_format_targets(size))
    if len(sizes) > 1:
        parts.append(_format_growth(sizes))
    return "\n\n".join(parts)


def _format_machine(machine, sizes):
    text = (
        f"{machine['date']}, {machine['cores']} cores, {machine['memory_gb']} GB,"
        f" Python {machine['python']}"
    )
    busiest = max((load for size in sizes for load in size["load"]), default=0)
    if busiest > machine["cores"]:
        text += (
            f"\n\nThe machine was busy with other work (load up to {busiest}):"
            " compare the processor seconds (CPU), not the seconds."
        )
    return text


def _format_size(size):
    books = size["books"]
    rival = size["rival"]
    title = (
        f"## {books['items']:,} open items of {books['debtors']:,} debtors\n\n"
        f"Books: {books['moves']:,} journal entries written in"
        f" {books['seconds']:,.1f} s.\n\n"
    )
    rows = [
        [label, *_get_cells(size["ours"].get(key)), *_get_cells(rival.get(key))]
        for key, label in STEPS.items()
    ]
    header = ["", *("s", "CPU s", "queries", "MB"), *("rival s", "CPU s", "queries")]
    table = _format_table([*header, "MB"], rows)
    notes = [*_get_message_notes("messages", size["ours"].get("messages"))]
    if "note" in rival:
        notes.append(f"rival: {rival['note']}")
    notes += _get_message_notes("rival's messages", rival.get("messages"))
    return title + table + "".join(f"\n\n{note}" for note in notes)


def _get_cells(figures):
    if not figures:
        return [NONE] * 4
    return [
        f"{figures['seconds']:,.2f}",
        f"{figures['cpu']:,.2f}" if "cpu" in figures else NONE,
        f"{figures['queries']:,}",
        f"{figures['memory_mb']:,.0f}",
    ]


def _get_message_notes(name, figures):
    if figures and figures.get("debtors"):
        debtors = figures["debtors"]
        yield (
            f"{name}: {figures['messages']:,} for {debtors:,} debtors measured,"
            f" {1000 * figures['seconds'] / debtors:.1f} ms and"
            f" {figures['queries'] / debtors:.2f} queries per debtor"
        )


def _format_posting(size):
    posting = size["posting"]
    rows = []
    for key, label in POSTING_STEPS.items():
        without, with_suite = posting["without"][key], posting["with"][key]
        count = get_invoice_count(posting, key)
        rows.append(
            [
                label,
                *(
                    f"{1000 * run['seconds'] / count:.1f}"
                    for run in (without, with_suite)
                ),
                f"{with_suite['seconds'] / without['seconds']:.3f}",
                *(f"{run['queries'] / count:.1f}" for run in (without, with_suite)),
                f"{(with_suite['queries'] - without['queries']) / count:+.1f}",
            ]
        )
    title = (
        f"Invoices with and without the suite: {posting['count']:,} together,"
        f" {posting['one_by_one']} in a transaction each; medians of"
        f" {posting['repetitions']} interleaved repetitions, per invoice.\n\n"
    )
    header = ["", "ms without", "ms with", "ratio", "queries without", "with", "more"]
    return title + _format_table(header, rows)


def _format_targets(size):
    rows = [
        [verdict.name, verdict.target, verdict.value, verdict.judgement]
        for verdict in get_verdicts(size)
    ]
    return _format_table(["target", "", "measured", ""], rows)


def _format_growth(sizes):
    """Say how much longer ten times the items take.

    Messages are told per debtor: the rival's may be measured on some debtors only.
    """
    rows = []
    for key, label in STEPS.items():
        for who in ("ours", "rival"):
            figures = [size[who].get(key) for size in sizes]
            if all(figures):
                per_debtor = all(step.get("debtors") for step in figures)
                rows.append(
                    [
                        label + (", rival" if who == "rival" else ""),
                        "ms per debtor" if per_debtor else "s",
                        *(f"{_get_pace(step, per_debtor):,.2f}" for step in figures),
                    ]
                )
    header = ["open items", "", *(f"{size['size']:,}" for size in sizes)]
    return "## Growth\n\n" + _format_table(header, rows)


def _get_pace(figures, per_debtor):
    if per_debtor:
        return 1000 * figures["seconds"] / figures["debtors"]
    return figures["seconds"]


def _format_table(header, rows):
    """Lay out a Markdown table that reads well as plain text too."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in lines
    )
