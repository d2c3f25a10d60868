"""A deck as a CSV file: rows in, rates out, or every problem with its line and field."""

import csv
import io
from collections.abc import Iterable
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from billing.cdr import normalise
from billing.deck import ALWAYS_MS, FOREVER_MS, RATES, DeckOptions
from billing.errors import DeckRefused, FileRefused, Problem
from billing.instants import format_instant_ms, parse_instant_ms
from billing.money import format_nanos, parse_nanos
from billing.rate_overlaps import find_overlaps, key_of
from billing.time_classes import ANY
from kernels.layout import DIGITS_MAX, FEE_NANOS_MAX, INCREMENT_S_MAX, RATE_NANOS_MAX

ROWS_MAX: Final = 1_000_000
DESTINATION_MAX: Final = 256
NEEDED: Final = (
    "prefix",
    "destination",
    "rate_per_min",
    "connect_fee",
    "first_increment",
    "next_increment",
)
OPTIONAL: Final = (
    *("first_rate", "valid_from", "valid_to", "time_class", "origin_class", "blocked"),
)
_FLAGS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_CLOSED: Final = {
    "rate_per_min": "0",
    "connect_fee": "0",
    "first_increment": "1",
    "next_increment": "1",
}
"""what a blocked row that says nothing has instead: it is never charged"""
_DEFAULTS: Final = DeckOptions()

_Row = tuple[str, str, int, int, int, int, int, int, int, str, str, bool]


class _Terms(NamedTuple):
    """What a row is read by."""

    zone: ZoneInfo
    valid_from_ms: int
    time_classes: tuple[str, ...]
    origin_classes: tuple[str, ...]


def _terms(options: DeckOptions, valid_from_ms: int) -> _Terms:
    times = options.time_classes.names() if options.time_classes else ()
    origins = (ANY, *options.rate_origins())
    return _Terms(ZoneInfo(options.time_zone), valid_from_ms, (ANY, *times), origins)


class ParsedDeck(NamedTuple):
    """The good rows, the bad ones' problems, and the columns that mean nothing here."""

    rates: pa.Table
    problems: list[Problem]
    unused: list[str]


class _Bad(Exception):
    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field, self.problem = field, problem


def _amount(record: dict[str, str], field: str, high: int) -> int:
    try:
        nanos = parse_nanos(record[field])
    except ValueError as error:
        raise _Bad(field, str(error)) from None
    if nanos < 0:
        raise _Bad(field, "negative")
    if nanos > high:
        raise _Bad(field, f"more than {format_nanos(high)}")
    return nanos


def _increment(record: dict[str, str], field: str, low: int) -> int:
    text = record[field]
    usable = text.isascii() and text.isdecimal() and len(text) <= 9
    if not usable or not low <= int(text) <= INCREMENT_S_MAX:
        raise _Bad(field, f"whole seconds, {low} to {INCREMENT_S_MAX}")
    return int(text)


def _instant(record: dict[str, str], field: str, default: int, zone: ZoneInfo) -> int:
    text = record.get(field, "")
    if not text:
        return default
    try:
        return parse_instant_ms(text, zone)
    except ValueError as error:
        raise _Bad(field, str(error)) from None


def _class(record: dict[str, str], field: str, allowed: tuple[str, ...]) -> str:
    name = record.get(field) or ANY
    if name not in allowed:
        raise _Bad(field, f"not a class of the deck's options: {', '.join(allowed)}")
    return name


def _blocked(record: dict[str, str]) -> bool:
    word = record.get("blocked") or "no"
    if word.lower() not in _FLAGS:
        raise _Bad("blocked", f"one of {', '.join(_FLAGS)}, or empty for no")
    return _FLAGS[word.lower()]


def _row(record: dict[str, str], terms: _Terms) -> _Row:
    blocked = _blocked(record)
    if blocked:
        record = record | {name: record[name] or value for name, value in _CLOSED.items()}
    prefix = normalise(record["prefix"])
    if not 1 <= len(prefix) <= DIGITS_MAX or prefix.startswith("00"):
        raise _Bad("prefix", f"1 to {DIGITS_MAX} digits, '+' or '00' in front")
    if len(record["destination"]) > DESTINATION_MAX:
        raise _Bad("destination", f"longer than {DESTINATION_MAX} characters")
    rate = _amount(record, "rate_per_min", RATE_NANOS_MAX)
    first = _amount(record, "first_rate", RATE_NANOS_MAX) if record.get("first_rate") else rate
    start = _instant(record, "valid_from", terms.valid_from_ms, terms.zone)
    end = _instant(record, "valid_to", FOREVER_MS, terms.zone)
    if end <= start:
        raise _Bad("valid_to", f"not after valid_from ({_shown(start)})")
    return (
        prefix,
        record["destination"],
        first,
        rate,
        _amount(record, "connect_fee", FEE_NANOS_MAX),
        _increment(record, "first_increment", 1),
        _increment(record, "next_increment", 0),
        start,
        end,
        _class(record, "time_class", terms.time_classes),
        _class(record, "origin_class", terms.origin_classes),
        blocked,
    )


def _shown(ms: int) -> str:
    return "always" if ms == ALWAYS_MS else format_instant_ms(ms)


def _overlaps(file: str, rows: list[_Row], lines: list[int]) -> dict[int, Problem]:
    """Problems of rows whose dates overlap another of the same code and classes, by row index."""
    key = key_of(*(pa.array([row[i] for row in rows], pa.string()) for i in (0, 9, 10)))
    begin, end = (np.array([row[i] for row in rows], np.int64) for i in (7, 8))
    pairs = find_overlaps(key, begin, end)
    found: dict[int, Problem] = {}
    for later, earlier in zip(pairs.later.tolist(), pairs.earlier.tolist(), strict=True):
        same = rows[later][7:9] == rows[earlier][7:9]
        found[later] = Problem(
            file,
            lines[later],
            "prefix" if same else "valid_from",
            rows[later][0] if same else _shown(rows[later][7]),
            f"duplicate code, already on line {lines[earlier]}"
            if same
            else f"dates overlap line {lines[earlier]} of the same code",
        )
    return found


def _lines(file: str, data: bytes) -> Iterable[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused(f"{file}: not UTF-8 text at byte {error.start}: is it CSV?") from None
    if "\0" in text:
        raise FileRefused(f"{file}: has NUL bytes: is it CSV?")
    return csv.reader(io.StringIO(text, newline=""), strict=True)


def parse_deck(
    data: bytes, file: str, valid_from_ms: int = ALWAYS_MS, options: DeckOptions = _DEFAULTS
) -> ParsedDeck:
    """Rates of a CSV file with a header of NEEDED and any of OPTIONAL columns, in any order.

    Rows without valid_from begin at valid_from_ms; dates without an offset and classes: options.
    Raises FileRefused when the file is no CSV of this shape.
    """
    terms = _terms(options, valid_from_ms)
    reader = iter(_lines(file, data))
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
    except csv.Error as error:
        raise FileRefused(f"{file}:1: not CSV: {error}") from None
    missing = [c for c in NEEDED if c not in header]
    if missing:
        raise FileRefused(f"{file}:1: header lacks {', '.join(missing)} (found: {header})")
    unused = [c for c in header if c not in (*NEEDED, *OPTIONAL)]
    if len(set(header)) != len(header):
        raise FileRefused(f"{file}:1: a column is named twice: {header}")
    rows: list[_Row] = []
    lines: list[int] = []
    problems: list[Problem] = []
    line = 1
    try:
        for cells in reader:
            line = reader.line_num  # type: ignore[attr-defined]
            if not any(cells):
                continue
            if len(rows) >= ROWS_MAX:
                raise FileRefused(f"{file}:{line}: more than {ROWS_MAX} rows")
            if len(cells) != len(header):
                text = ",".join(cells)
                problems.append(Problem(file, line, "", text, f"not {len(header)} fields"))
                continue
            record = {c: cell.strip() for c, cell in zip(header, cells, strict=True)}
            try:
                rows.append(_row(record, terms))
                lines.append(line)
            except _Bad as bad:
                value = record.get(bad.field, "")
                problems.append(Problem(file, line, bad.field, value, bad.problem))
    except csv.Error as error:
        raise FileRefused(f"{file}:{line + 1}: not CSV: {error}") from None
    overlaps = _overlaps(file, rows, lines)
    problems = sorted([*problems, *overlaps.values()], key=lambda p: p.line)
    good = [row for i, row in enumerate(rows) if i not in overlaps]
    columns = zip(*good, strict=True) if good else [()] * len(RATES)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, RATES, strict=True)]
    return ParsedDeck(pa.Table.from_arrays(arrays, schema=RATES), problems, unused)


def accept(parsed: ParsedDeck, file: str, skip_bad_rows: bool) -> pa.Table:
    """The rates, if the deck may be loaded. Raises DeckRefused or FileRefused."""
    if parsed.problems and not skip_bad_rows:
        raise DeckRefused(parsed.problems)
    if not parsed.rates.num_rows:
        raise FileRefused(f"{file}: no rates in it")
    return parsed.rates
