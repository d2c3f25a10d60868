"""What people see of collected files: a table, one file, JSON."""

import json
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from billing.instants import format_instant_ms

Row = dict[str, Any]
_COUNTS = ("records", "calls", "unread", "skipped", "rated", "suspended", "dead", "duplicate")
_INSTANTS = ("first_ms", "last_ms", "begun_ms", "seen_ms")
ID_CHARS = 8
WIDTH_MIN = 150
"""columns: narrower, counts could not be read"""


def waiting(row: Row) -> int:
    """Records that were sent, and have no receipt yet."""
    return int(row["sent"]) - int(row["received"])


def as_json(rows: list[Row]) -> str:
    """The rows as JSON, instants as text."""
    return json.dumps([_told(row) for row in rows], ensure_ascii=False)


def _told(row: Row) -> Row:
    told = {**row, "waiting": waiting(row), "skipped_kinds": json.loads(row["skipped_kinds"])}
    for name in _INSTANTS:
        told[name.removesuffix("_ms")] = format_instant_ms(told[name]) if told[name] else None
        del told[name]
    return told


def show_files(rows: list[Row]) -> None:
    """A line for each file."""
    table = Table(box=None)
    for name in ("file", "source", "name", "state", "since"):
        table.add_column(name, no_wrap=name != "name", overflow="fold")
    for name in (*_COUNTS, "waiting"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        since = format_instant_ms(row["begun_ms"])[:16]
        texts = [row["file"][:ID_CHARS], row["source"], row["name"], row["state"], since]
        counts = [f"{row[name]:,}" for name in _COUNTS]
        table.add_row(*texts, *counts, f"{waiting(row):,}")
    console = Console()
    console.width = max(console.width, WIDTH_MIN)
    console.print(table)


def show_file(row: Row, now: list[Row]) -> None:
    """All of one file; now: what its calls are after every re-rating."""
    told = _told(row)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in told["skipped_kinds"].items())
    lines = {
        "file": row["file"],
        "source": row["source"],
        "name": row["name"] + (f" ({row['revision']})" if row["revision"] else ""),
        "state": row["state"] + (f": {row['detail']}" if row["detail"] else ""),
        "copy of": row["copy_of"] or "-",
        "sha256": row["sha256"],
        "content": f"{row['bytes']:,} bytes, {row['lines']:,} lines; taken from byte "
        f"{row['start']:,} on",
        "records": f"{row['records']:,} = calls {row['calls']:,} + unreadable {row['unread']:,}"
        f" + skipped {row['skipped']:,}" + (f" ({kinds})" if kinds else "") + _paired(row),
        "sent": f"{row['sent']:,} records in {row['messages']:,} messages",
        "receipts": f"{row['received']:,} = rated {row['rated']:,} + suspended "
        f"{row['suspended']:,} + dead {row['dead']:,} + duplicate {row['duplicate']:,}",
        "waiting": f"{waiting(row):,}",
        "calls of": f"{told['first'] or '-'} to {told['last'] or '-'}",
        "first seen": told["begun"],
        "last changed": told["seen"],
    }
    for own in now:
        lines[f"now {own['reason'] or 'rated'}"] = f"{own['calls']:,} calls"
    for name, text in lines.items():
        typer.echo(f"{name:>20}  {text}")


def _paired(row: Row) -> str:
    apart = row["records"] - row["calls"] - row["unread"] - row["skipped"]
    return f" + {apart:,} waiting for another record" if apart else ""
