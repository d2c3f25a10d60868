"""Columns read into values become rates: a row for each code, price class and period."""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.deck import RATES
from billing.errors import FileRefused
from billing.jurisdiction import NAMES as JURISDICTIONS
from billing.sheets import read_columns
from billing.sheets.amounts import CLOSED_NANOS
from billing.sheets.bad_cell import BadCell, read_each
from billing.sheets.cells import Cell
from billing.sheets.code_columns import laid_out
from billing.sheets.find_columns import Doubt, shown
from billing.sheets.layout import Layout
from billing.sheets.limits import RATES_MAX
from billing.sheets.read_columns import EMPTY, Codes, Price
from billing.sheets.sheet_rates import SheetTerms
from billing.sheets.sheet_rows import Mask, SheetRows
from billing.time_classes import ANY
from kernels.layout import I64

DESTINATION_MAX: Final = 256
_CLASS: Final = "name the class in the deck options, or give the column the role ignore"
_JURISDICTION: Final = 'say jurisdiction = "nanp" in the deck options, with its states'


class Laid(NamedTuple):
    """Rates, and the data row that each comes from."""

    rates: pa.Table
    row: I64


class _Classes(NamedTuple):
    times: tuple[str, ...]
    origins: tuple[str, ...]


def _allowed(terms: SheetTerms) -> _Classes:
    profile = terms.options.time_classes
    times = profile.names() if profile else ()
    return _Classes((ANY, *times), (ANY, *terms.options.rate_origins()))


def usable_prices(found: list[Price], terms: SheetTerms) -> tuple[list[Price], list[Doubt]]:
    """The price columns whose classes the options have, and what to do about the others."""
    allowed = _allowed(terms)
    doubts = []
    good = []
    for price in found:
        column = price.of.column
        unknown = [
            f"[{table}] {name!r}"
            for table, name, names in (
                ("time_classes", column.time_class, allowed.times),
                ("origin_classes", column.origin_class, allowed.origins),
            )
            if name not in names
        ]
        if unknown:
            doubts.append(
                Doubt(
                    shown(column),
                    "",
                    f"prices of a class that the options lack: {unknown[0]}",
                    _JURISDICTION if column.origin_class in JURISDICTIONS else _CLASS,
                )
            )
        else:
            good.append(price)
    return good, doubts


def _class_texts(rows: SheetRows, role: str, allowed: tuple[str, ...]) -> list[str] | None:
    """The class that each row names itself."""
    of = rows.one(role)
    if of is None:
        return None

    def read(cell: Cell) -> str:
        if cell.text and cell.text not in allowed:
            raise BadCell("not a class of the deck's options", f"one of {', '.join(allowed)}")
        return cell.text or ANY

    found = read_each(of.cells, read)
    rows.refuse_read(of, found)
    return [found.values[i] or ANY for i in of.rows.tolist()]


class _Part(NamedTuple):
    """Rows that give a rate, of one price column or of none."""

    rows: I64
    first_nanos: I64
    next_nanos: I64
    blocked: Mask
    time_class: str
    origin_class: str


def _parts(
    rows: SheetRows, prices: list[Price], firsts: list[Price], shut: Mask, removed: Mask
) -> list[_Part]:
    """Rows with prices, and those that are closed: for each class that the sheet has prices of."""
    open_ = rows.good() & ~shut & ~removed
    found: list[_Part] = []
    for price in prices:
        at = np.flatnonzero(open_ & (price.nanos != EMPTY))
        nanos = np.maximum(price.nanos[at], 0)
        first = nanos
        if firsts:
            own = firsts[0].nanos[at]
            first = np.where(own >= 0, own, nanos)
        closed = price.nanos[at] == CLOSED_NANOS
        column = price.of.column
        found.append(_Part(at, first, nanos, closed, column.time_class, column.origin_class))
    at = np.flatnonzero(rows.good() & shut)
    zero = np.zeros(len(at), np.int64)
    every = np.ones(len(at), bool)
    classes = dict.fromkeys([(ANY, ANY), *((p.time_class, p.origin_class) for p in found)])
    return [*found, *(_Part(at, zero, zero, every, *names) for names in classes)]


def without_price(rows: SheetRows, prices: list[Price], shut: Mask, removed: Mask) -> None:
    """Rows without any price are wrong unless they are closed or taken off."""
    if not prices:
        return
    none = np.all([price.nanos == EMPTY for price in prices], axis=0)
    for row in np.flatnonzero(none & ~shut & ~removed & rows.good()).tolist():
        rows.refuse(
            prices[0].of.column,
            row,
            prices[0].of.text(row),
            "no price",
            "give it, say blocked, or delete the row; for merged cells: fill_down = true",
        )


def _destinations(rows: SheetRows) -> tuple[pa.Array, I64]:
    texts, of_row = read_columns.names(rows)
    long = [i for i, text in enumerate(texts) if len(text) > DESTINATION_MAX]
    of = rows.one("destination") or rows.one("country")
    for i in long:
        for row in np.flatnonzero((of_row == i) & ~rows.skipped).tolist():
            rows.refuse(
                of.column if of else None,
                row,
                texts[i],
                f"longer than {DESTINATION_MAX} characters",
                "shorten the name",
            )
    return pa.array(texts, pa.string()), of_row


def assemble(
    rows: SheetRows, layout: Layout, terms: SheetTerms, prices: list[Price],
    codes: Codes, shut: Mask, removed: Mask, file: str,
) -> Laid:  # fmt: skip
    """The rates of good rows, in the sheet's order. Raises FileRefused beyond RATES_MAX."""
    first_s, next_s = read_columns.increments(rows, layout)
    connect = read_columns.prices(rows, "connect_fee", layout)
    firsts = read_columns.prices(rows, "first_price", layout)
    period = read_columns.periods(rows, layout, terms)
    allowed = _allowed(terms)
    times = _class_texts(rows, "time_class", allowed.times)
    origins = _class_texts(rows, "origin_class", allowed.origins)
    names, name_of = _destinations(rows)
    without_price(rows, prices, shut, removed)
    parts = _parts(rows, prices, firsts, shut, removed)
    many = np.array([len(v) if v else 0 for v in codes.read.values], np.int64)
    if (total := sum(int(many[codes.rows[p.rows]].sum()) for p in parts)) > RATES_MAX:
        raise FileRefused(f"{file}: {total:,} rates, more than {RATES_MAX:,}: use shorter codes")
    tables, sources, order = [], [], []
    for number, part in enumerate(parts):
        within, code = laid_out(codes.read, codes.rows[part.rows])
        row = part.rows[within]
        charged = ~part.blocked[within]
        fee = np.maximum(connect[0].nanos[row], 0) if connect else np.zeros(len(row), np.int64)
        columns = {
            "prefix": code,
            "destination": names.take(pa.array(name_of[row])),
            "first_rate_nanos": part.first_nanos[within] * charged,
            "next_rate_nanos": part.next_nanos[within] * charged,
            "connect_nanos": fee * charged,
            "first_increment_s": first_s[row],
            "next_increment_s": next_s[row],
            "valid_from_ms": period.from_ms[row],
            "valid_to_ms": period.to_ms[row],
            "time_class": _texts(part.time_class, times, row),
            "origin_class": _texts(part.origin_class, origins, row),
            "blocked": part.blocked[within],
        }
        arrays = [pa.array(columns[f.name], f.type) for f in RATES]
        tables.append(pa.Table.from_arrays(arrays, schema=RATES))
        sources.append(row)
        order.append(np.full(len(row), number))
    row = np.concatenate(sources)
    sheet_order = np.lexsort((np.concatenate(order), row))
    return Laid(
        pa.concat_tables(tables).take(pa.array(sheet_order)).combine_chunks(), row[sheet_order]
    )


def _texts(named: str, own: list[str] | None, row: I64) -> pa.Array:
    if own is None or named != ANY:
        return pa.array([named], pa.string()).take(pa.array(np.zeros(len(row), np.int64)))
    return pa.array(own, pa.string()).take(pa.array(row))
