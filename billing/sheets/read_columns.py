"""The columns of a sheet's rows read into values; what cannot be read is a problem of its row."""

from typing import Final, NamedTuple

import numpy as np

from billing.deck import FOREVER_MS
from billing.sheets.amounts import CLOSED_NANOS, PriceFormat, currency_named, price_in, read_prices
from billing.sheets.bad_cell import BadCell, Read, read_each
from billing.sheets.cells import Cell
from billing.sheets.change_words import CLOSED, REMOVED, change_of
from billing.sheets.code_columns import CodeFormat, read_codes
from billing.sheets.dates import Moment, end_ms, moment_ms, read_moment
from billing.sheets.find_formats import code_cells, default_cell
from billing.sheets.header_words import normalised
from billing.sheets.increments import Increments, read_increments, read_seconds, with_minimum
from billing.sheets.layout import Layout
from billing.sheets.sheet_rates import SheetTerms
from billing.sheets.sheet_rows import Mask, RoleCells, SheetRows
from kernels.layout import FEE_NANOS_MAX, I64, RATE_NANOS_MAX

_FLAGS: Final = ("blocked", "forbidden", "barred", "disabled")
"""headers of columns that say yes or no"""
_YES: Final = frozenset(("yes", "true", "1", "x", "blocked"))
EMPTY: Final = -2
"""a price cell in which nothing stands"""


class Price(NamedTuple):
    """One price column: nanos a minute of each row, EMPTY, or CLOSED_NANOS."""

    of: RoleCells
    nanos: I64


class Codes(NamedTuple):
    """The codes of distinct combinations of cells, and each row's combination."""

    read: Read
    rows: I64


class Begins(NamedTuple):
    """From when until when each row holds."""

    from_ms: I64
    to_ms: I64


def _bare(code: str) -> str:
    """A code without blanks and what stands in front of a country code."""
    return code.replace(" ", "").lstrip("+").removeprefix("00")


def _combined(
    rows: SheetRows, parts: tuple[RoleCells | None, ...]
) -> tuple[list[tuple[str, str, str]], I64]:
    """Distinct texts of several columns together, and each row's place among them.

    Of the parts country code, code, exchange and end of a range, the last goes into the code.
    """
    place = np.zeros(rows.count, np.int64)
    for part in parts:
        if part is not None:
            place = place * len(part.cells) + part.rows
            place = np.unique(place, return_inverse=True)[1]
    _, at, inverse = np.unique(place, return_index=True, return_inverse=True)
    columns = [[part.text(row) if part else "" for row in at.tolist()] for part in parts]
    codes = [
        f"{_bare(code)}~{_bare(end)}" if end not in ("", code) else code
        for code, end in zip(columns[1], columns[3], strict=True)
    ]
    return list(zip(columns[0], codes, columns[2], strict=True)), inverse


def codes(rows: SheetRows, layout: Layout) -> Codes:
    """The dial codes of each row."""
    parts = code_cells(rows)
    of = parts[1] or parts[0]
    assert of is not None
    end = rows.one("code_end")
    if parts[0] is None and parts[2] is None and end is None:
        texts, inverse = [("", cell.text, "") for cell in of.cells], of.rows
    else:
        texts, inverse = _combined(rows, (*parts, end))
    written = CodeFormat(layout.dash, layout.code_part, layout.code_prefix)
    read = read_codes(texts, written)
    if read.bad:
        told = [
            Cell(" ".join(text for text in each if text).replace("~", " to ")) for each in texts
        ]
        rows.refuse_read(of._replace(cells=told, rows=inverse), read)
    return Codes(read, inverse)


def prices(rows: SheetRows, role: str, layout: Layout) -> list[Price]:
    """The price columns of a role."""
    a_call = role == "connect_fee"
    high = FEE_NANOS_MAX if a_call else RATE_NANOS_MAX
    found = []
    for of in rows.all(role):
        per = "minute" if a_call else layout.price_per
        unit = price_in([of.column.header]) if a_call else layout.price_in
        written = PriceFormat(layout.decimal, per, unit, layout.price_decimals)
        read = read_prices(of.cells, written, high)
        each = [EMPTY if value is None else value for value in read.values]
        rows.refuse_read(of, read)
        found.append(Price(of, np.array(each, np.int64)[of.rows]))
    return found


def currencies(rows: SheetRows, terms: SheetTerms) -> None:
    """Rows that name another currency are wrong."""

    def read(cell: Cell) -> str:
        named = currency_named(cell.text) if cell.text else ""
        if named and named != terms.currency:
            raise BadCell(
                f"in {named}, not in {terms.currency}",
                f"read the sheet with currency {named}, or ask the partner",
            )
        return named

    def read_name(cell: Cell) -> str:
        if cell.text and cell.text.upper() != terms.currency and not currency_named(cell.text):
            raise BadCell("not a currency known here", f"write {terms.currency}, if it is that")
        return "" if cell.text.upper() == terms.currency else read(cell)

    for of in rows.all("currency"):
        rows.refuse_read(of, read_each(of.cells, read_name))
    for role in ("price", "connect_fee"):
        for of in rows.all(role):
            rows.refuse_read(of, read_each(of.cells, read))


def _numbers(rows: SheetRows, role: str) -> tuple[I64, Mask] | None:
    """Whole seconds of a column, and where there are any."""
    of = rows.one(role)
    if of is None:
        return None
    read = read_each(of.cells, read_seconds)
    rows.refuse_read(of, read)
    each = np.array([-1 if v is None else v for v in read.values], np.int64)[of.rows]
    return each, each >= 0


def increments(rows: SheetRows, layout: Layout) -> tuple[I64, I64]:
    """First and next increment of each row, in seconds."""
    usual = read_increments(default_cell(layout)) or Increments(1, 1)
    first, following = (np.full(rows.count, n, np.int64) for n in usual)
    if (of := rows.one("increments")) is not None:
        read = read_each(of.cells, read_increments)
        rows.refuse_read(of, read)
        pairs = np.array([v or usual for v in read.values] or [usual], np.int64)
        first, following = pairs[of.rows, 0], pairs[of.rows, 1]
    own_first, own_next = _numbers(rows, "first_increment"), _numbers(rows, "next_increment")
    if own_first:
        first = np.where(own_first[1], own_first[0], first)
        following = np.where(
            own_first[1], np.where(own_next is None, own_first[0], following), following
        )
    if own_next:
        following = np.where(own_next[1], own_next[0], following)
    minimum = _numbers(rows, "minimum")
    shortest = np.where(minimum[1], minimum[0], 0) if minimum else np.zeros(rows.count, np.int64)
    return _checked(rows, shortest, first, following)


def _checked(rows: SheetRows, minimum: I64, first: I64, following: I64) -> tuple[I64, I64]:
    triples, inverse = np.unique(
        np.stack([minimum, first, following], 1), axis=0, return_inverse=True
    )
    inverse = inverse.reshape(-1)
    read = read_each(triples.tolist(), lambda three: with_minimum(*three))
    of = next(
        c
        for role in (
            "increments",
            "first_increment",
            "next_increment",
            "minimum",
            "code",
            "area_code",
        )
        for c in rows.all(role)
    )
    told = [Cell("/".join(map(str, three))) for three in triples.tolist()]
    rows.refuse_read(of._replace(cells=told, rows=inverse), read)
    pairs = np.array([v or (1, 1) for v in read.values] or [(1, 1)], np.int64)
    return pairs[inverse, 0], pairs[inverse, 1]


def periods(rows: SheetRows, layout: Layout, terms: SheetTerms) -> Begins:
    """From when until when each row holds."""

    def begin(cell: Cell) -> int | None:
        moment = read_moment(cell, layout.dates, terms.zone)
        return None if moment is None else moment_ms(moment, terms.zone)

    def end(cell: Cell) -> int | None:
        moment: Moment | None = read_moment(cell, layout.dates, terms.zone)
        return (
            None if moment is None else end_ms(moment, terms.zone, layout.end_dates == "last_day")
        )

    found: list[I64] = []
    for role, reader, open_ms in (
        ("effective", begin, terms.valid_from_ms),
        ("end", end, FOREVER_MS),
    ):
        of = rows.one(role)
        if of is None:
            found.append(np.full(rows.count, open_ms, np.int64))
            continue
        read = read_each(of.cells, reader)
        rows.refuse_read(of, read)
        each = np.array([open_ms if v is None else v for v in read.values], np.int64)
        found.append(each[of.rows])
    for row in np.flatnonzero((found[1] <= found[0]) & ~rows.skipped & ~rows.bad).tolist():
        ends = rows.one("end")
        column = ends.column if ends else None
        rows.refuse(
            column,
            row,
            ends.text(row) if ends else "",
            "ends before it begins",
            "correct the dates, or leave the row out",
        )
    return Begins(*found)


def changes(rows: SheetRows, found: list[Price]) -> tuple[Mask, Mask]:
    """Rows that are closed, and rows that are taken off the list."""
    closed, removed = np.zeros(rows.count, bool), np.zeros(rows.count, bool)
    for of in rows.all("change"):
        flags = _YES if normalised(of.column.header) in _FLAGS else frozenset[str]()
        words = [CLOSED if c.text.lower() in flags else change_of(c.text) for c in of.cells]
        closed |= np.array([word == CLOSED for word in words], bool)[of.rows]
        removed |= np.array([word == REMOVED for word in words], bool)[of.rows]
    for price in found:
        gone = price.of.where(lambda cell: change_of(cell.text) == REMOVED)
        removed |= (price.nanos == CLOSED_NANOS) & gone
    return closed & ~removed, removed


def names(rows: SheetRows) -> tuple[list[str], I64]:
    """Distinct destinations, and each row's place among them."""
    of, country = rows.one("destination"), rows.one("country")
    if of is None:
        of, country = country, None
    if of is None:
        return [""], np.zeros(rows.count, np.int64)
    if country is None:
        return [" ".join(cell.text.split()) for cell in of.cells], of.rows
    pair, inverse = np.unique(country.rows * len(of.cells) + of.rows, return_inverse=True)
    texts = []
    for place in pair.tolist():
        land = " ".join(country.cells[place // len(of.cells)].text.split())
        name = " ".join(of.cells[place % len(of.cells)].text.split())
        texts.append(name if name.lower().startswith(land.lower()) else f"{land} {name}".strip())
    return texts, inverse
