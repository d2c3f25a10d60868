"""CSV lines, one call each; a header line names the columns, without one their order is fixed."""

import csv
from collections.abc import Iterator

from billing.cdr import Cdr
from billing.errors import BadField
from billing.mediation.fields import ALSO_KNOWN, COLUMNS, cdr_from_text

LINES_MAX = 20_000
"""Records of one message; what lies beyond is one record more, and no call."""


def columns_of(line: list[str]) -> tuple[str, ...] | None:
    """The columns a header line names, or None if the line is not a header."""
    names = tuple(cell.strip().lower() for cell in line)
    if "call_id" not in names or "called" not in names:
        return None
    return names


def records(payload: bytes) -> tuple[tuple[str, ...], list[bytes]]:
    """The columns of a message, and the bytes of each record (the header is none)."""
    lines = [line for line in payload.splitlines() if line.strip()]
    columns = _header(lines[0]) if lines else None
    if columns:
        del lines[0]
    if len(lines) > LINES_MAX:
        lines[LINES_MAX:] = [b"\n".join(lines[LINES_MAX:])]
    return columns or COLUMNS, lines


def _header(line: bytes) -> tuple[str, ...] | None:
    try:
        return columns_of(_cells(line, "utf-8-sig"))
    except BadField:
        return None


def _cells(line: bytes, encoding: str) -> list[str]:
    try:
        return next(csv.reader([line.decode(encoding)], strict=True))
    except (UnicodeDecodeError, csv.Error, StopIteration) as error:
        raise BadField("unreadable", "", line[:80], f"not CSV: {error}") from None


def parse_line(cells: list[str], columns: tuple[str, ...]) -> Cdr:
    """The call of one split line. Raises BadField."""
    if len(cells) != len(columns):
        raise BadField("unreadable", "", ",".join(cells), f"not {len(columns)} fields")
    known = (*COLUMNS, *ALSO_KNOWN)
    return cdr_from_text(
        {c: cell.strip() for c, cell in zip(columns, cells, strict=True) if c in known}
    )


def parse(payload: bytes) -> Iterator[Cdr | BadField]:
    """Each record of a message, in order."""
    columns, lines = records(payload)
    marked = "utf-8-sig" if columns is COLUMNS else "utf-8"
    for row, line in enumerate(lines):
        try:
            if row == LINES_MAX:
                raise BadField("unreadable", "", line[:80], f"more than {LINES_MAX} lines")
            yield parse_line(_cells(line, "utf-8" if row else marked), columns)
        except BadField as flaw:
            yield flaw
