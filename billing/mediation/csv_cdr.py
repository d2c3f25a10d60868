"""CSV lines, one call each; a header line names the columns, without one their order is fixed."""

import csv
from collections.abc import Iterator

from billing.cdr import Cdr
from billing.errors import BadField
from billing.mediation.fields import ALSO_KNOWN, COLUMNS, cdr_from_text

LINES_MAX = 20_000
"""of one message"""


def columns_of(line: list[str]) -> tuple[str, ...] | None:
    """The columns a header line names, or None if the line is not a header."""
    names = tuple(cell.strip().lower() for cell in line)
    if "call_id" not in names or "called" not in names:
        return None
    return names


def parse_line(cells: list[str], columns: tuple[str, ...]) -> Cdr:
    """The call of one split line. Raises BadField."""
    if len(cells) != len(columns):
        raise BadField("unreadable", "", ",".join(cells), f"not {len(columns)} fields")
    known = (*COLUMNS, *ALSO_KNOWN)
    return cdr_from_text(
        {c: cell.strip() for c, cell in zip(columns, cells, strict=True) if c in known}
    )


def parse(payload: bytes) -> Iterator[tuple[bytes, Cdr | BadField]]:
    """Each call of a message with the bytes of its line (the header is no call)."""
    columns: tuple[str, ...] = COLUMNS
    for n, raw in enumerate(line for line in payload.splitlines() if line.strip()):
        try:
            if n >= LINES_MAX:
                raise BadField("unreadable", "", "", f"more than {LINES_MAX} lines")
            cells = next(csv.reader([raw.decode("utf-8-sig" if n == 0 else "utf-8")], strict=True))
            header = columns_of(cells) if n == 0 else None
            if header is not None:
                columns = header
                continue
            yield raw, parse_line(cells, columns)
        except BadField as flaw:
            yield raw, flaw
        except (UnicodeDecodeError, csv.Error, StopIteration) as error:
            yield raw, BadField("unreadable", "", raw[:80], f"not CSV: {error}")
