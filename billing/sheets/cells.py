"""A sheet as columns of cells: each distinct cell once, and which of them stands in each row.

Sheets repeat themselves, so that what is costly is done once for each distinct cell.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from billing.errors import FileRefused
from billing.sheets.limits import CELL_CHARS_MAX, COLUMNS_MAX, ROWS_MAX
from kernels.layout import I64

Indices = npt.NDArray[np.int32]
TEXT: Final = 0
NUMBER: Final = 1
DATE: Final = 2
_CHUNK_ROWS: Final = 20_000
_EXACT: Final = 10**15
"""Workbooks hold numbers with 15 digits."""


class Cell(NamedTuple):
    """What a cell says; text is stripped, numbers are plain decimals, dates ISO 8601."""

    text: str
    kind: int = TEXT


class Column(NamedTuple):
    """One column: row i holds distinct[places[i]]."""

    distinct: list[Cell]
    places: Indices

    def at(self, row: int) -> Cell:
        """The cell of a row, from 0."""
        return self.distinct[int(self.places[row])]


class Grid(NamedTuple):
    """The cells of one sheet."""

    sheet: str
    columns: list[Column]
    row_numbers: I64
    """as a person sees them: of a workbook the rows, of a text file the lines"""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.row_numbers)

    def row(self, at: int) -> list[str]:
        """The texts of one row, from 0."""
        return [column.at(at).text for column in self.columns]


def number_text(value: float) -> str:
    """A number cell as a plain decimal of at most 15 digits, which is what a workbook shows."""
    if abs(value) < _EXACT and value.is_integer():
        return str(int(value))
    text = f"{value:.15g}"
    return format(Decimal(text), "f") if "e" in text else text


def _text_cell(value: str) -> Cell:
    text = value.strip()
    if not text.isascii() or "\r" in text:
        text = text.replace("\xa0", " ").replace("\r", "").strip()
    return Cell(text)


def _number_cell(value: float) -> Cell:
    return Cell(number_text(value), NUMBER) if abs(value) < 1e300 else Cell(str(value))


_CELL_OF: Final[dict[type, Callable[[Any], Cell]]] = {
    str: _text_cell,
    float: _number_cell,
    int: lambda value: Cell(str(value), NUMBER),
    bool: lambda value: Cell("true" if value else "false"),
    datetime: lambda value: Cell(value.isoformat(sep=" ", timespec="seconds"), DATE),
    date: lambda value: Cell(value.isoformat(), DATE),
}


def cell_of(value: Any) -> Cell:
    """The cell of a value as a workbook's reader gives it."""
    known = _CELL_OF.get(type(value))
    return known(value) if known else Cell("" if value is None else str(value).strip())


def grid_of(
    sheet: str, file: str, rows: Iterable[Sequence[Any]], numbers: I64 | None = None
) -> Grid:
    """Rows of values as columns; short rows are filled with empty cells.

    `numbers`: filled while `rows` is read, or None for 1, 2, 3 ... Raises FileRefused beyond the
    limits, naming the row.
    """
    places: list[defaultdict[Any, int]] = []
    parts: list[list[Indices]] = []
    at = 0
    chunk: list[Sequence[Any]] = []

    def take() -> None:
        nonlocal at
        width = max(map(len, chunk))
        if width > COLUMNS_MAX:
            raise FileRefused(f"{file}: {sheet}: more than {COLUMNS_MAX} columns: are they needed?")
        while len(places) < width:
            places.append(defaultdict(itertools.count(1).__next__, {"": 0}))
            parts.append([np.zeros(at, np.int32)] if at else [])
        filled = [
            row if len(row) == len(places) else [*row, *[""] * (len(places) - len(row))]
            for row in chunk
        ]
        for place, part, values in zip(places, parts, zip(*filled, strict=True), strict=True):
            index = map(place.__getitem__, values)
            part.append(np.fromiter(index, np.int32, len(values)))
        at += len(chunk)
        chunk.clear()

    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK_ROWS:
            take()
        if at > ROWS_MAX:
            raise FileRefused(f"{file}: {sheet}: more than {ROWS_MAX:,} rows")
    if chunk:
        take()
    columns = [
        Column(_cells(file, sheet, place), np.concatenate(part) if part else np.zeros(0, np.int32))
        for place, part in zip(places, parts, strict=True)
    ]
    return Grid(sheet, columns, np.arange(1, at + 1) if numbers is None else numbers[:at])


def _cells(file: str, sheet: str, place: dict[Any, int]) -> list[Cell]:
    for value in place:
        if isinstance(value, str) and len(value) > CELL_CHARS_MAX:
            raise FileRefused(
                f"{file}: {sheet}: a cell longer than {CELL_CHARS_MAX:,} characters, beginning "
                f"{value[:40]!r}"
            )
    return [cell_of(value) for value in place]
