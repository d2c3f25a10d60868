"""A difference on the terminal, and as JSON: sums first, then where most of the money is."""

import json
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from billing.deck_diff.report import Diff, Sum
from billing.instants import format_instant_ms
from billing.money import format_nanos

SHOWN: Final = 20
"""destinations and lines on the terminal"""
WIDTH_MIN: Final = 130


def show(diff: Diff) -> None:
    """What a version changes, for people."""
    console = Console()
    console.width = max(console.width, WIDTH_MIN)
    console.print(
        f"{diff.side} deck {diff.deck} from {format_instant_ms(diff.valid_from_ms)}, in "
        f"{diff.currency}; money is that of the last 30 days' calls",
        markup=False,
    )
    for sentence in diff.terms:
        console.print(f"rule: {sentence}", markup=False)
    table = _sums("what", [(str(kind), own) for kind, own in diff.kinds.items() if own.codes])
    table.add_section()
    table.add_row("all", *_sum(diff.whole))
    console.print(table)
    places = diff.changing
    if places:
        console.print(_sums("destination that changes", places[:SHOWN]))
        if len(places) > SHOWN:
            console.print(f"and {len(places) - SHOWN:,} destinations more: --export FILE.xlsx")
    if diff.changes.num_rows:
        console.print(_lines(diff))
    if diff.unmatched_calls:
        console.print(f"{diff.unmatched_calls:,} calls of the month are to numbers without a rate")


def _sums(first: str, rows: list[tuple[str, Sum]]) -> Table:
    table = Table(first)
    for name in ("codes", "calls", "minutes", "now a month", "then a month", "more a month"):
        table.add_column(name, justify="right")
    for name, own in rows:
        table.add_row(name, *_sum(own))
    return table


def _sum(own: Sum) -> tuple[str, ...]:
    counts = (own.codes, own.calls, own.duration_ms // 60_000)
    amounts = (own.old_nanos, own.new_nanos, own.delta_nanos)
    return (*(f"{n:,}" for n in counts), *(format_nanos(n) for n in amounts))


def _lines(diff: Diff) -> Table:
    """The changes with the most money, then by code."""
    top, count = diff.dearest(SHOWN), diff.changes.num_rows
    classes = any(r["time_class"] != "any" or r["origin_class"] != "any" for r in top)
    table = Table("code", "destination", "what", "from, UTC")
    if classes:
        table.add_column("class")
    for name in ("now", "then", "calls", "more a month"):
        table.add_column(name, justify="right")
    for row in top:
        named = (f"{row['time_class']}, {row['origin_class']}",) if classes else ()
        more = format_nanos(row["new_nanos"] - row["old_nanos"])
        when = format_instant_ms(row["effective_ms"])[: len("2026-12-10T00:00")]
        cells = (row["code"], row["destination"], row["kind"], when, *named)
        table.add_row(*cells, _price(row, "old"), _price(row, "new"), f"{row['calls']:,}", more)
    if count > SHOWN:
        table.caption = f"{SHOWN} of {count:,} changes; all of them: --export FILE.xlsx"
    return table


def _price(row: dict[str, Any], side: str) -> str:
    if row[f"{side}_next_rate_nanos"] is None:
        return "-"
    increments = f"{row[f'{side}_first_increment_s']}/{row[f'{side}_next_increment_s']}"
    return f"{format_nanos(row[f'{side}_next_rate_nanos'])} {increments}"


def as_json(diff: Diff) -> str:
    """Everything but the unchanged lines as one object; money as decimal strings."""
    return json.dumps(
        {
            "deck": diff.deck,
            "side": diff.side,
            "currency": diff.currency,
            "valid_from": format_instant_ms(diff.valid_from_ms),
            "rules": diff.terms,
            "kinds": {str(kind): _said(own) for kind, own in diff.kinds.items()},
            "destinations": {
                name: {str(kind): _said(own) for kind, own in of.items()}
                for name, of in diff.destinations.items()
            },
            "changes": [_told(row) for row in diff.changes.to_pylist()],
            "unmatched_calls": diff.unmatched_calls,
        }
    )


def _said(own: Sum) -> dict[str, Any]:
    counts = {"codes": own.codes, "calls": own.calls, "duration_ms": own.duration_ms}
    amounts = {"old": own.old_nanos, "new": own.new_nanos, "delta": own.delta_nanos}
    return {**counts, **{name: format_nanos(n) for name, n in amounts.items()}}


def _told(row: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith("_nanos"):
            said[name.removesuffix("_nanos")] = None if value is None else format_nanos(value)
        elif name == "effective_ms":
            said["effective"] = format_instant_ms(value)
        else:
            said[name] = value
    return said
