"""What the re-rating commands say: tables for a person, or one JSON object. Amounts are exact."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from billing.instants import format_instant_ms
from billing.money import format_nanos
from clickhouse.rerate_write import Posted
from deploy.line_table import line_table
from rerate.figures import Figures, Line
from rerate.records import Record
from rerate.steps import Progress

LINES_SHOWN = 15
LARGEST_SHOWN = 5
WIDTH_MIN = 110
DIMENSIONS = ("account", "destination", "day")
Kind = tuple[str, str]
"""leg, currency"""


def kinds(figures: Figures) -> list[Kind]:
    """The legs and currencies there are: what customers pay first."""
    found = {(leg, currency) for leg, currency, _ in figures.lines()}
    return sorted(found, key=lambda kind: (kind[0] != "sell", kind[1]))


def lines_of(figures: Figures, kind: Kind, dimension: str) -> list[tuple[str, Line]]:
    """(text, sums) of a kind: days in their order, else the largest change first."""
    own = [
        (text, line) for (*of, text), line in figures.lines(dimension).items() if tuple(of) == kind
    ]
    if dimension == "day":
        return sorted(own)
    return sorted(own, key=lambda each: (-abs(each[1].delta_nanos), each[0]))


def margins(figures: Figures) -> dict[str, int]:
    """What the margin changes by, in each currency in which it does."""
    found: dict[str, int] = {}
    for (leg, currency, _), line in figures.lines().items():
        sign = 1 if leg == "sell" else -1
        found[currency] = found.get(currency, 0) + sign * line.delta_nanos
    return {currency: nanos for currency, nanos in sorted(found.items()) if nanos}


def money(line: Line) -> dict[str, Any]:
    """A line as JSON: counts as numbers, amounts as decimal texts."""
    amounts = {"old": line.old_nanos, "new": line.new_nanos, "delta": line.delta_nanos}
    counts = {name: value for name, value in line._asdict().items() if not name.endswith("_nanos")}
    return {**counts, **{name: format_nanos(nanos) for name, nanos in amounts.items()}}


def figures_as_json(figures: Figures) -> dict[str, Any]:
    """Everything that figures say."""
    return {
        "totals": [
            {"leg": leg, "currency": currency, **money(figures.lines()[leg, currency, ""])}
            for leg, currency in kinds(figures)
        ],
        "margin": {name: format_nanos(nanos) for name, nanos in margins(figures).items()},
        **{
            f"by_{dimension}": [
                {"leg": kind[0], "currency": kind[1], dimension: text, **money(line)}
                for kind in kinds(figures)
                for text, line in lines_of(figures, kind, dimension)
            ]
            for dimension in (*DIMENSIONS, "booked")
        },
    }


def as_json(progress: Progress, figures: Figures, posted: Sequence[Posted]) -> str:
    """Everything that is known of a run."""
    return json.dumps(
        {
            **_facts(progress.record),
            "chunks": progress.chunks,
            "chunks_done": progress.chunks_done,
            **figures_as_json(figures),
            "largest": [
                {
                    "cdr_id": change.call,
                    "leg": change.leg,
                    "currency": change.currency,
                    **change.by,
                    "old": format_nanos(change.old_nanos),
                    "new": format_nanos(change.new_nanos),
                    "delta": format_nanos(change.delta_nanos),
                }
                for kind in kinds(figures)
                for change in figures.largest(*kind)
            ],
            "changed": [
                {
                    "leg": own.leg,
                    "currency": own.currency,
                    "legs": own.legs,
                    "delta": format_nanos(own.delta_nanos),
                }
                for own in posted
            ],
        }
    )


def _facts(record: Record) -> dict[str, Any]:
    run = record.run
    return {
        "run": record.number,
        "state": str(run.state),
        "delta": run.delta,
        "scope": json.loads(record.scope.canonical()),
        "instead": [{"side": s, "deck": d, "by": other} for s, d, other in record.instead],
        "note": record.note,
        "made_by": record.made_by,
        "made_at": format_instant_ms(record.made_ms),
        "submitted_by": run.submitter,
        "approved_by": run.approver,
    }


def show(progress: Progress, figures: Figures, posted: Sequence[Posted]) -> None:
    """Tables on stdout, and how the run stands."""
    ended(progress.record, posted, show_figures(figures))


def show_figures(figures: Figures) -> Console:
    """Tables on stdout, which is returned."""
    console = Console()
    console.width = max(console.width, WIDTH_MIN)
    for kind in kinds(figures):
        total = figures.lines()[(*kind, "")]
        if not total.changed:
            continue
        for dimension in DIMENSIONS:
            title = f"{kind[0]} by {dimension}, {kind[1]}".rstrip(", ")
            lines = lines_of(figures, kind, dimension)
            console.print(line_table(title, (dimension, "legs"), lines, total, LINES_SHOWN))
        _largest(console, figures, kind)
    for leg, currency in kinds(figures):
        total = figures.lines()[leg, currency, ""]
        _say(
            console,
            f"{leg} {currency}: {total.legs:,} legs = changed {total.changed:,} (of them newly "
            f"rated {total.newly_rated:,}, no longer rated {total.no_longer_rated:,}) + unchanged "
            f"{total.legs - total.changed:,} (of them suspended both ways {total.suspended:,}); "
            f"{format_nanos(total.old_nanos)} -> {format_nanos(total.new_nanos)}",
        )
    for (leg, currency, text), line in figures.lines("booked").items():
        if text == "adjustment" and line.changed:
            amount = format_nanos(line.delta_nanos)
            _say(console, f"{leg} {currency}: of that {amount} in invoiced calls, an adjustment")
    for currency, nanos in margins(figures).items():
        _say(console, f"margin {currency}: {format_nanos(nanos)}")
    return console


def ended(record: Record, posted: Sequence[Posted], console: Console | None = None) -> None:
    """How a run stands, in a line or two."""
    out = console or Console()
    run = record.run
    _say(out, f"run {record.number} is {run.state}; it changes: {run.delta or 'not known yet'}")
    who = [("made", record.made_by), ("submitted", run.submitter), ("approved", run.approver)]
    _say(out, ", ".join(f"{what} by {name}" for what, name in who if name))
    for own in posted:
        amount = f"{format_nanos(own.delta_nanos)} {own.currency}".strip()
        _say(out, f"its ledger: {own.leg} legs {own.legs:,}, {amount}")


def runs(records: Sequence[Record]) -> None:
    """All runs, a line each."""
    console = Console()
    console.width = max(console.width, WIDTH_MIN)
    table = Table("run", "state", "from", "to", "changes", "made by", "approved by", "note")
    for record in records:
        period = [format_instant_ms(ms) for ms in (record.scope.from_ms, record.scope.to_ms)]
        run = record.run
        table.add_row(
            str(record.number),
            str(run.state) + (" (paused)" if record.paused else ""),
            *period,
            run.delta,
            record.made_by,
            run.approver,
            record.note,
        )
    console.print(table)


def _largest(console: Console, figures: Figures, kind: Kind) -> None:
    changes = figures.largest(*kind)[:LARGEST_SHOWN]
    if not changes:
        return
    table = Table(title=f"largest of {kind[0]} legs, {kind[1]}")
    table.add_column("cdr_id", no_wrap=True, min_width=32)
    for name in DIMENSIONS:
        table.add_column(name)
    for name in ("old", "new", "delta"):
        table.add_column(name, justify="right")
    for change in changes:
        by = [change.by[name] for name in DIMENSIONS]
        amounts = (change.old_nanos, change.new_nanos, change.delta_nanos)
        table.add_row(change.call, *by, *map(format_nanos, amounts))
    console.print(table)


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)
