"""What reading a rate sheet needs and gives.

A sheet's problems are values: each says where it is, what it is and what to do. Rates hold only
rows without problems, so that whoever decides to go on without the bad rows can.
"""

from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa

from billing.deck import DeckOptions
from billing.sheets.layout import Layout

SHOWN_CHARS_MAX: Final = 80


class SheetTerms(NamedTuple):
    """What a sheet does not say itself."""

    side: str
    currency: str
    zone: ZoneInfo
    """of dates"""
    valid_from_ms: int
    """of rows that begin "immediately" or say no date"""
    today_ms: int
    options: DeckOptions
    """whose time and origin classes the columns may name"""


class SheetProblem(NamedTuple):
    """One thing wrong in one place of a sheet; row 0: the sheet as a whole."""

    sheet: str
    row: int
    column: str
    """letter and header, such as "C Rate" """
    value: str
    problem: str
    advice: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= SHOWN_CHARS_MAX else self.value[:77] + "..."
        where = [f"sheet {self.sheet!r}"] if self.sheet else []
        where += [f"row {self.row}"] if self.row else []
        where += [f"column {self.column}"] if self.column else []
        value = f": {shown!r}" if shown else ""
        return f"{', '.join(where) or 'the file'}{value}: {self.problem}; {self.advice}"


class SheetRates(NamedTuple):
    """A sheet as rates, and how it was understood."""

    rates: pa.Table
    """billing.deck.RATES, in the order of the sheet"""
    problems: list[SheetProblem]
    """the first limits.PROBLEMS_MAX, in the order of rows"""
    layout: Layout
    """the one used: every format decided, to be shown, corrected and saved"""
    notes: list[str]
    """what was taken for granted or left out, a sentence each"""
    coverage: str
    """full: codes not listed are closed; country: those under `country_prefixes`; partial: none"""
    country_prefixes: tuple[str, ...]
    """code prefixes of the countries (in zone 1: the area codes) that the sheet has rates for"""
    counts: dict[str, int]
    """rows, skipped, bad_rows, rates, codes, destinations, blocked, removed (rows taken off the
    list), repeated (rates said twice), future, past, problems"""
    samples: tuple[tuple[str, ...], ...] = ()
    """of each of the layout's columns, some cells"""
