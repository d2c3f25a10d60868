"""Exchange rates as a CSV file: rows in, rates out, or every problem with its line and field."""

import csv
import io
from collections.abc import Iterator
from typing import Final, NamedTuple

import pyarrow as pa

from billing.errors import FileRefused, FxRefused, Problem
from billing.fx import FX, RATES_MAX, parse_rate
from billing.instants import parse_instant_ms
from billing.money import parse_currency

COLUMNS: Final = ("from", "to", "rate", "valid_from")


class _Row(NamedTuple):
    """A row of FX without its time of publication."""

    from_currency: str
    to_currency: str
    numerator: int
    denominator: int
    valid_from_ms: int


class _Bad(Exception):
    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field, self.problem = field, problem


def _row(record: dict[str, str]) -> _Row:
    field = ""
    try:
        for field in ("from", "to"):
            parse_currency(record[field])
        field = "rate"
        numerator, denominator = parse_rate(record[field])
        field = "valid_from"
        valid_from_ms = parse_instant_ms(record[field])
    except ValueError as error:
        raise _Bad(field, str(error)) from None
    if record["from"] == record["to"]:
        raise _Bad("to", "the same currency on both sides")
    return _Row(record["from"], record["to"], numerator, denominator, valid_from_ms)


def _records(data: bytes, file: str) -> Iterator[tuple[int, dict[str, str] | str]]:
    """(line, record) of each row, (line, text) of one that is not as wide as the header."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused(f"{file}: not UTF-8 text at byte {error.start}: is it CSV?") from None
    if "\0" in text:
        raise FileRefused(f"{file}: has NUL bytes: is it CSV?")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [cell.strip().lower() for cell in next(reader, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise FileRefused(f"{file}:1: header lacks {', '.join(missing)} (found: {header})")
    if len(set(header)) != len(header):
        raise FileRefused(f"{file}:1: a column is named twice: {header}")
    for cells in reader:
        if len(cells) == len(header):
            named = zip(header, cells, strict=True)
            yield reader.line_num, {name: cell.strip() for name, cell in named}
        elif any(cells):
            yield reader.line_num, ",".join(cells)


def parse_fx(data: bytes, file: str, published_ms: int) -> pa.Table:
    """Rates (FX) of a CSV file with the columns from, to, rate, valid_from, in any order.

    Raises FxRefused with every bad row, FileRefused when the file is no CSV of this shape.
    """
    rows: dict[tuple[str, str, int], tuple[int, _Row]] = {}
    problems: list[Problem] = []
    line = 1
    try:
        for line, record in _records(data, file):
            if len(rows) >= RATES_MAX:
                raise FileRefused(f"{file}:{line}: more than {RATES_MAX} rates")
            if isinstance(record, str):
                problems.append(Problem(file, line, "", record, "not as many fields as the header"))
                continue
            if not any(record.values()):
                continue
            try:
                row = _row(record)
            except _Bad as bad:
                problems.append(Problem(file, line, bad.field, record[bad.field], bad.problem))
                continue
            before, _ = rows.setdefault((row[0], row[1], row[4]), (line, row))
            if before != line:
                twice = f"the same pair and instant as line {before}"
                problems.append(Problem(file, line, "valid_from", record["valid_from"], twice))
    except csv.Error as error:
        raise FileRefused(f"{file}:{line + 1}: not CSV: {error}") from None
    if problems:
        raise FxRefused(problems)
    if not rows:
        raise FileRefused(f"{file}: no rates in it")
    return pa.Table.from_pylist(
        [{**row._asdict(), "published_ms": published_ms} for _, row in rows.values()], FX
    )
