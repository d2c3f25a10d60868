"""A difference as a workbook: sums, destinations, and every line that changes something.

Cells that a spreadsheet would take for a formula are written as texts behind an apostrophe. Its
numbers are floats: exact amounts stand beside them as text.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from billing.deck_diff.lines import KINDS
from billing.deck_diff.report import Diff, Sum
from billing.errors import FileRefused
from billing.inert_text import safe
from billing.instants import format_instant_ms
from billing.money import format_nanos

ROWS_MAX: Final = 1_048_575
_SUMS: Final = ("codes", "calls", "minutes", "now a month", "then a month", "more", "more, exact")
_LINE: Final = (
    *("code", "destination", "what", "from", "time class", "origin class"),
    *("rate now", "rate then", "increments now", "increments then", "connect now", "connect then"),
    *("first rate now", "first rate then", "calls", "minutes"),
    *("now a month", "then a month", "more", "more, exact"),
)


def write(path: Path, diff: Diff) -> None:
    """Write a workbook; it is there whole or not at all. Raises FileRefused."""
    if path.suffix.lower() != ".xlsx":
        raise FileRefused(f"{path}: a difference is written as .xlsx")
    changes = diff.changes
    if changes.num_rows > ROWS_MAX:
        raise FileRefused(f"{path}: {changes.num_rows:,} changes: a sheet has {ROWS_MAX:,} rows")
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with xlsxwriter.Workbook(
            part, {"constant_memory": True, "strings_to_formulas": False}
        ) as book:
            _filled(book, diff, changes.to_pylist())
        part.replace(path)
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def _filled(book: Any, diff: Diff, changes: Sequence[dict[str, Any]]) -> None:
    kinds = [(str(kind), own) for kind, own in diff.kinds.items()]
    _table(book, "summary", ("what", *_SUMS), [(k, *_sum(own)) for k, own in kinds])
    rows = [
        (name, str(kind), *_sum(of[kind]))
        for name, of in sorted(diff.destinations.items(), key=lambda d: -_weight(d[1]))
        for kind in KINDS
        if kind in of
    ]
    _table(book, "destinations", ("destination", "what", *_SUMS), rows)
    _table(book, "changes", _LINE, [_line(line) for line in changes])


def _weight(of: dict[Any, Sum]) -> int:
    return sum(abs(own.delta_nanos) for own in of.values())


def _table(book: Any, name: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(header), 16)
    for column, text in enumerate(header):
        sheet.write_string(0, column, text, bold)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, column, safe(value))
            elif value is not None:
                sheet.write_number(number, column, value)


def _money(old_nanos: int, new_nanos: int) -> tuple[Any, ...]:
    amounts = [format_nanos(n) for n in (old_nanos, new_nanos, new_nanos - old_nanos)]
    return (*(float(amount) for amount in amounts), amounts[-1])


def _sum(own: Sum) -> tuple[Any, ...]:
    minutes = own.duration_ms // 60_000
    return (own.codes, own.calls, minutes, *_money(own.old_nanos, own.new_nanos))


def _line(line: dict[str, Any]) -> tuple[Any, ...]:
    def amount(name: str, side: str) -> str:
        value = line[f"{side}_{name}"]
        return "" if value is None else format_nanos(value)

    def increments(side: str) -> str:
        first = line[f"{side}_first_increment_s"]
        return "" if first is None else f"{first}/{line[f'{side}_next_increment_s']}"

    names = ("next_rate_nanos", "increments", "connect_nanos", "first_rate_nanos")
    sides = [
        increments(side) if name == "increments" else amount(name, side)
        for name in names
        for side in ("old", "new")
    ]
    return (
        line["code"],
        line["destination"],
        line["kind"],
        format_instant_ms(line["effective_ms"]),
        line["time_class"],
        line["origin_class"],
        *sides,
        line["calls"],
        line["duration_ms"] // 60_000,
        *_money(line["old_nanos"], line["new_nanos"]),
    )
