"""Calls of a file, CSV, JSON lines or Parquet, as batches; each record is a call or a problem."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from billing.cdr import Cdr, calls_from, check
from billing.errors import BadField, FileRefused
from billing.mediation.fields import ALSO_KNOWN, COLUMNS, cdr_from_text
from billing.typed_calls import typed_calls
from kernels import parse_numbers
from kernels.layout import U8, U64

BATCH_CALLS: Final = 50_000
_KNOWN: Final = (*COLUMNS, *ALSO_KNOWN)
_NEEDED: Final = ("call_id", "answered_at", "called")
NOBODY: Final = "-"
"""the customer and vendor of every call of a file: the decks are given, not looked up"""


class Bad(NamedTuple):
    """A record that is no call: its line (or row) in the file, and why."""

    line: int
    call_id: str
    field: str
    value: str
    detail: str


class FileBatch(NamedTuple):
    """Calls with their lines, and the records in between that are none."""

    calls: pa.RecordBatch
    line: list[int]
    digits: U64
    digit_count: U8
    bad: list[Bad]


def read_calls(path: Path, buy_leg: bool) -> Iterator[FileBatch]:
    """The file in batches of at most BATCH_CALLS records, none of them empty.

    Raises FileRefused if it cannot be read at all. buy_leg: whether the calls have one; all of
    them do or none does.
    """
    if not path.is_file():
        raise FileRefused(f"{path}: no such file")
    vendor = NOBODY if buy_leg else ""
    if path.suffix.lower() != ".parquet":
        yield from _batches(_records(path), vendor)
        return
    for first, batch in _parquet(path):
        typed = typed_calls(batch, NOBODY, vendor)
        if typed:
            yield FileBatch(typed[0], list(range(first, first + batch.num_rows)), *typed[1:], [])
        else:
            yield from _batches(_rows(path, first, batch), vendor)


def _batches(
    records: Iterator[tuple[int, dict[str, str] | BadField]], vendor: str
) -> Iterator[FileBatch]:
    cdrs: list[Cdr] = []
    lines: list[int] = []
    bad: list[Bad] = []
    for line, record in records:
        try:
            if isinstance(record, BadField):
                raise record
            named = {**record, "customer": NOBODY, "vendor": vendor}
            cdrs.append(cdr_from_text(named))
            lines.append(line)
        except BadField as flaw:
            call_id = "" if isinstance(record, BadField) else record.get("call_id", "")
            bad.append(Bad(line, call_id, flaw.field, flaw.value, flaw.detail))
        if len(cdrs) + len(bad) >= BATCH_CALLS:
            yield _checked(cdrs, lines, bad)
            cdrs, lines, bad = [], [], []
    if cdrs or bad:
        yield _checked(cdrs, lines, bad)


def _checked(cdrs: list[Cdr], lines: list[int], bad: list[Bad]) -> FileBatch:
    calls = calls_from(_within_int64(cdrs, lines, bad))
    digits, count = parse_numbers(calls.column("called"))
    flaws = check(calls, count)
    if flaws.num_rows:
        wrong = set(flaws.column("row").to_pylist())
        for row, _, field, value, detail in zip(*flaws.to_pydict().values(), strict=True):
            bad.append(Bad(lines[row], cdrs[row].call_id, field, value, detail))
        kept = [i for i in range(len(cdrs)) if i not in wrong]
        calls, lines = calls.take(pa.array(kept, pa.int64())), [lines[i] for i in kept]
        digits, count = digits[kept], count[kept]
    return FileBatch(calls, lines, digits, count, sorted(bad))


def _within_int64(cdrs: list[Cdr], lines: list[int], bad: list[Bad]) -> list[Cdr]:
    """Drop, as bad, what would not even fit a column."""
    for i in range(len(cdrs) - 1, -1, -1):
        for field in ("duration_ms", "sip_code", "pdd_ms"):
            value = getattr(cdrs[i], field) or 0
            if not -(2**63) <= value < 2**63:
                bad.append(Bad(lines[i], cdrs[i].call_id, field, str(value), "too large"))
                del cdrs[i], lines[i]
                break
    return cdrs


def _records(path: Path) -> Iterator[tuple[int, dict[str, str] | BadField]]:
    kind = path.suffix.lower()
    if kind in (".jsonl", ".ndjson", ".json"):
        return _json_lines(path)
    if kind in (".csv", ".txt", ""):
        return _csv(path)
    raise FileRefused(f"{path}: expected .csv, .jsonl or .parquet")


def _lacks(path: Path, names: list[str]) -> None:
    missing = [c for c in _NEEDED if c not in names]
    if not {"duration_ms", "duration_s"} & set(names):
        missing.append("duration_s or duration_ms")
    if missing:
        raise FileRefused(f"{path}: lacks the columns {', '.join(missing)} (found: {names})")


def _csv(path: Path) -> Iterator[tuple[int, dict[str, str] | BadField]]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = _csv_rows(line.replace("\0", "�") for line in file)
        _, header = next(rows, (1, []))
        names = [cell.strip().lower() for cell in header]
        _lacks(path, names)
        for line, cells in rows:
            if not any(cells):
                continue
            if len(cells) != len(names):
                text = ",".join(cells).encode(errors="replace").decode()
                yield line, BadField("unreadable", "", text, f"not {len(names)} fields")
                continue
            yield (
                line,
                {
                    n: c.strip().encode(errors="replace").decode()
                    for n, c in zip(names, cells, strict=True)
                    if n in _KNOWN
                },
            )


def _csv_rows(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row, so that a quote left open does not swallow the rows after it.

    A row of several lines is one row only if it is as wide as the header and breaks no line in
    a column that is read; otherwise each of its lines is a row of its own.
    """
    taken: list[str] = []

    def remembered() -> Iterator[str]:
        for text in lines:
            taken.append(text)
            yield text

    reader = csv.reader(remembered())
    width, line, read = 0, 0, []
    while True:
        failed = False
        try:
            cells = next(reader, None)
        except csv.Error:
            cells, failed = [], True
        if cells is None:
            return
        own, start = taken.copy(), line + 1
        taken.clear()
        line += len(own)
        if start == 1:
            width = len(cells)
            read = [i for i, cell in enumerate(cells) if cell.strip().lower() in _KNOWN]
        if not failed and len(own) == 1:
            yield start, cells
        elif failed or len(cells) != width or any(len(cells[i].splitlines()) > 1 for i in read):
            yield from ((start + n, _one_line(text)) for n, text in enumerate(own))
        else:
            yield start, cells


def _one_line(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        return [text.rstrip("\r\n")]


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, str] | BadField]]:
    with path.open("rb") as file:
        for n, raw in enumerate(file, 1):
            if not raw.strip():
                continue
            try:
                found = json.loads(raw, parse_float=str, parse_int=str)
            except (ValueError, RecursionError) as error:
                shown = raw[:80].decode(errors="replace")
                yield n, BadField("unreadable", "", shown, f"not JSON: {error}")
                continue
            if not isinstance(found, dict):
                shown = raw[:80].decode(errors="replace")
                yield n, BadField("unreadable", "", shown, "not a JSON object")
                continue
            yield n, {k: _text(v) for k, v in found.items() if k in _KNOWN}


def _text(value: Any) -> str:
    return "" if value is None else str(value).encode(errors="replace").decode()


def _parquet(path: Path) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The number of the first row of each batch, and its columns that are known."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise FileRefused(f"{path}: not Parquet: {error}") from None
    names = [n for n in file.schema_arrow.names if n in _KNOWN]
    _lacks(path, file.schema_arrow.names)
    row = 1
    with file:
        batches = file.iter_batches(BATCH_CALLS, columns=names)
        while (batch := _next_batch(path, batches)) is not None:
            yield row, batch
            row += batch.num_rows


def _rows(
    path: Path, first: int, batch: pa.RecordBatch
) -> Iterator[tuple[int, dict[str, str] | BadField]]:
    names = batch.schema.names
    columns = [_as_text(path, n, batch.column(n)) for n in names]
    for row, values in enumerate(zip(*columns, strict=True), first):
        yield row, {n: v or "" for n, v in zip(names, values, strict=True)}


def _next_batch(path: Path, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
    try:
        return next(batches, None)
    except (pa.ArrowException, OSError) as error:
        raise FileRefused(f"{path}: damaged: {error}") from None


def _as_text(path: Path, name: str, column: pa.Array) -> list[str | None]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        return column.cast(pa.string()).to_pylist()  # type: ignore[no-any-return]
    except pa.ArrowException as error:
        raise FileRefused(f"{path}: column {name} of type {column.type}: {error}") from None
