"""Sums of two ratings as a table for a person: the largest lines, the rest, the total."""

from collections.abc import Sequence

from rich.table import Table

from billing.money import format_nanos
from rerate.figures import Line


def line_table(
    title: str,
    columns: tuple[str, str],
    lines: Sequence[tuple[str, Line]],
    total: Line,
    shown: int,
) -> Table:
    """The first `shown` lines, the others as one, and the total. Amounts are exact.

    columns: the headings of the texts and of the counts.
    """
    table = Table(title=title)
    table.add_column(columns[0])
    for name in (columns[1], "changed", "old", "new", "delta"):
        table.add_column(name, justify="right")
    for text, line in lines[:shown]:
        _row(table, text or "(no rate)", line)
    rest = [line for _, line in lines[shown:]]
    if rest:
        _row(table, f"{len(rest)} more", Line(*map(sum, zip(*rest, strict=True))))
    table.add_section()
    _row(table, "total", total)
    return table


def _row(table: Table, text: str, line: Line) -> None:
    amounts = (line.old_nanos, line.new_nanos, line.delta_nanos)
    table.add_row(text, f"{line.legs:,}", f"{line.changed:,}", *map(format_nanos, amounts))
