"""Rates of a sheet against each other: duplicates, two prices, periods that overlap.

A row that only says again what another says is left out. Of two rates of one code without an end
the later one ends the earlier. All else that overlaps is a problem of the row that stands later.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from billing.deck import FOREVER_MS
from billing.instants import format_instant_ms
from billing.rate_overlaps import find_overlaps, key_of
from billing.sheets.assemble import Laid
from billing.sheets.layout import LayoutColumn
from billing.sheets.sheet_rows import Mask, SheetRows
from kernels.layout import I64


class Sound(NamedTuple):
    """Rates without contradictions, and how many rows said again what another said."""

    laid: Laid
    repeated: int


def _column(rates: pa.Table, name: str) -> I64:
    values: I64 = rates.column(name).to_numpy()
    return values


def _kept(laid: Laid, mask: Mask) -> Laid:
    return Laid(laid.rates.filter(pa.array(mask)), laid.row[mask])


def _key(rates: pa.Table) -> I64:
    return key_of(*(rates.column(name) for name in ("prefix", "time_class", "origin_class")))


def _said_again(laid: Laid, key: I64) -> Mask:
    """Rates that are, name and all, the same as one further up."""
    rates = laid.rates
    numbers = [
        _column(rates, n) for n in rates.column_names if rates.schema.field(n).type == pa.int64()
    ]
    blocked = rates.column("blocked").to_numpy(zero_copy_only=False)
    whole = np.stack(
        [key, key_of(rates.column("destination")), blocked.astype(np.int64), *numbers], 1
    )
    order = np.lexsort((np.arange(len(key)), *whole.T))
    sorted_ = whole[order]
    again = np.zeros(len(key), bool)
    again[order[1:]] = (sorted_[1:] == sorted_[:-1]).all(1)
    return again


def _refuse(
    laid: Laid, rows: SheetRows, later: I64, earlier: I64, column: LayoutColumn | None, why: str
) -> None:
    codes = laid.rates.column("prefix").take(pa.array(later)).to_pylist()
    begins = _column(laid.rates, "valid_from_ms")[later].tolist()
    sources = zip(laid.row[later].tolist(), laid.row[earlier].tolist(), strict=True)
    for (row, other), code, begin in zip(sources, codes, begins, strict=True):
        since = f" from {format_instant_ms(begin)[:10]}" if begin > 0 else ""
        rows.refuse(
            column,
            row,
            code,
            f"{why}{since}, row {int(rows.numbers[other])} has one too",
            "ask which one holds, delete the other row or give it an end date",
        )


def _ends_by_next(key: I64, from_ms: I64, to_ms: I64) -> I64:
    """Ends, with open ones where the next rate of the key begins."""
    order = np.lexsort((from_ms, key))
    k, begin, end = key[order], from_ms[order], to_ms[order].copy()
    follows = np.concatenate([k[1:] == k[:-1], [False]])
    next_begin = np.concatenate([begin[1:], [0]])
    end = np.where(follows & (end == FOREVER_MS), next_begin, end)
    back = np.empty_like(end)
    back[order] = end
    return back


def check_rates(laid: Laid, rows: SheetRows) -> Sound:
    """The rates that do not contradict each other; problems of the others are the rows'."""
    if not laid.rates.num_rows:
        return Sound(laid, 0)
    again = _said_again(laid, _key(laid.rates))
    laid = _kept(laid, ~again)
    of = rows.one("code") or rows.one("area_code") or rows.one("country_code")
    column = of.column if of else None
    key, begin = _key(laid.rates), _column(laid.rates, "valid_from_ms")
    same = find_overlaps(key, begin, begin + 1)
    _refuse(laid, rows, same.later, same.earlier, column, "another price of this code")
    laid = _kept(laid, ~rows.bad[laid.row])
    key, begin = _key(laid.rates), _column(laid.rates, "valid_from_ms")
    end = _ends_by_next(key, begin, _column(laid.rates, "valid_to_ms"))
    at = laid.rates.schema.get_field_index("valid_to_ms")
    laid = laid._replace(rates=laid.rates.set_column(at, "valid_to_ms", pa.array(end)))
    over = find_overlaps(key, begin, end)
    _refuse(laid, rows, over.later, over.earlier, column, "another rate of this code at that time")
    return Sound(_kept(laid, ~rows.bad[laid.row]), int(again.sum()))
