"""A file of rates as a draft takes it: the good rows, and what is wrong with the others."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from billing import deck_csv
from billing.deck import DeckOptions
from billing.errors import FileRefused
from deploy.files import read_file


class Sheet(NamedTuple):
    """A file that was read."""

    rates: pa.Table
    problems: tuple[str, ...]
    """of the rows that are not in `rates`, a sentence each"""
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
    data = read_file(path)
    sheet = _own(data, path, asked)
    if not sheet.rates.num_rows:
        first = f"; the first problem: {sheet.problems[0]}" if sheet.problems else ""
        raise FileRefused(f"{path}: no rates in it{first}")
    return sheet


def _own(data: bytes, path: Path, asked: Asked) -> Sheet:
    """A file in the format of docs/input.md."""
    parsed = deck_csv.parse_deck(data, str(path), asked.valid_from_ms, asked.options)
    return Sheet(
        parsed.rates,
        tuple(str(problem) for problem in parsed.problems),
        asked.coverage or "full",
        (),
        tuple(f"column {column} means nothing here and was not used" for column in parsed.unused),
        "",
        path.name,
        hashlib.sha256(data).hexdigest(),
    )
