"""A file of rates as a draft takes it: the good rows, and what is wrong with the others."""

import hashlib
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa

from billing import deck_csv
from billing.deck import DeckOptions
from billing.errors import FileRefused
from billing.sheets import SheetTerms, format_layout, parse_layout, read_sheet
from deploy.files import read_file

HEADER_BYTES_MAX: Final = 10_000


class Sheet(NamedTuple):
    """A file that was read."""

    rates: pa.Table
    problems: tuple[str, ...]
    """the first ones, of the rows that are not in `rates`; a sentence each"""
    bad_rows: int
    coverage: str
    """full, country or partial"""
    country_prefixes: tuple[str, ...]
    """of a country's list, how the countries' codes begin"""
    notes: tuple[str, ...]
    layout: str
    """how it was read, as a layout file; "" of a file in our own format"""
    source: str
    sha256: str


class Asked(NamedTuple):
    """What is known of a file before it is read."""

    side: str
    valid_from_ms: int
    options: DeckOptions
    coverage: str = ""
    """empty: as the file says"""
    layout: str = ""
    """a layout file's text; empty: found out"""
    today_ms: int = 0


def read_rates(path: Path, asked: Asked) -> Sheet:
    """Read a file of rates. Raises FileRefused."""
    return rates_in(read_file(path), path, asked)


def rates_in(data: bytes, path: Path, asked: Asked) -> Sheet:
    """Read the bytes of a file of rates; path: what it is called. Raises FileRefused."""
    sheet = _own(data, path, asked) if is_own(data) else _sheet(data, path, asked)
    if not sheet.rates.num_rows:
        first = f"; the first problem: {sheet.problems[0]}" if sheet.problems else ""
        raise FileRefused(f"{path}: no rates in it{first}")
    return sheet


def is_own(data: bytes) -> bool:
    """Whether a file begins with the header of our own format, which says everything exactly."""
    head, _, _ = data[:HEADER_BYTES_MAX].partition(b"\n")
    names = {name.strip().lower() for name in head.decode("utf-8-sig", "replace").split(",")}
    return names.issuperset(deck_csv.NEEDED)


def _sheet(data: bytes, path: Path, asked: Asked) -> Sheet:
    """A sheet as a carrier sends it (docs/decks.md)."""
    options = asked.options
    terms = SheetTerms(
        asked.side,
        options.currency,
        ZoneInfo(options.time_zone),
        asked.valid_from_ms,
        asked.today_ms,
        options,
    )
    layout = parse_layout(asked.layout, "the layout") if asked.layout else None
    found = read_sheet(data, path.name, terms, layout)
    return Sheet(
        found.rates,
        tuple(str(problem) for problem in found.problems),
        found.counts.get("problems", len(found.problems)),
        asked.coverage or found.coverage,
        found.country_prefixes,
        tuple(found.notes),
        format_layout(found.layout),
        path.name,
        hashlib.sha256(data).hexdigest(),
    )


def _own(data: bytes, path: Path, asked: Asked) -> Sheet:
    """A file in the format of docs/input.md."""
    parsed = deck_csv.parse_deck(data, str(path), asked.valid_from_ms, asked.options)
    return Sheet(
        parsed.rates,
        tuple(str(problem) for problem in parsed.problems),
        len(parsed.problems),
        asked.coverage or "full",
        (),
        tuple(f"column {column} means nothing here and was not used" for column in parsed.unused),
        "",
        path.name,
        hashlib.sha256(data).hexdigest(),
    )
