"""Exchange rates: dated, append-only, exact fractions; which one is in force at an instant.

For a pair of currencies the latest valid_from that has come counts, of equal ones the last
published. Where the pair itself has none in force, the exact inverse of the opposite pair does. No
chain leads through a third currency.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import gcd
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kernels.layout import FX_MAX, I32, I64, NO_FX, read_only

RATES_MAX: Final = 1_000_000
DECIMALS_MAX: Final = 12

FX: Final = pa.schema(
    [
        ("from_currency", pa.string()),
        ("to_currency", pa.string()),
        ("numerator", pa.int64()),
        ("denominator", pa.int64()),
        ("valid_from_ms", pa.int64()),
        ("published_ms", pa.int64()),
    ]
)
"""One unit of from_currency is numerator / denominator units of to_currency."""
NO_RATES: Final = FX.empty_table()
Pair = tuple[str, str]
"""from, to"""


class PairRates(NamedTuple):
    """The rates of one pair: since when, and rows of `FxTable.factors`."""

    begin_ms: I64
    row: I32

    def at(self, at_ms: I64) -> I32:
        """The row in force at n instants, NO_FX before the first."""
        place = np.searchsorted(self.begin_ms, at_ms, "right")
        return np.concatenate([np.array([NO_FX], np.int32), self.row])[place]


class FxTable(NamedTuple):
    """All exchange rates, ready to be looked up; immutable."""

    published: pa.Table
    """as they were published: rows of FX"""
    factors: I64
    """shape (f, 2): numerator, denominator: `Book.fx`"""
    pairs: Mapping[Pair, PairRates]
    """every pair that can be converted, inverses too"""


def parse_rate(text: str) -> tuple[int, int]:
    """Numerator and denominator, in lowest terms, of a plain decimal. Raises ValueError."""
    units, _, decimals = text.strip().partition(".")
    digits = units + decimals
    if not (units and digits.isascii() and digits.isdecimal()):
        raise ValueError("not a decimal number (a point, no thousands separators)")
    decimals = decimals.rstrip("0")
    if len(decimals) > DECIMALS_MAX or len(units.lstrip("0")) > DECIMALS_MAX + 1:
        raise ValueError(f"more than {DECIMALS_MAX} digits before or behind the point")
    numerator, denominator = int(units + decimals), 10 ** len(decimals)
    if numerator == 0:
        raise ValueError("zero")
    shared = gcd(numerator, denominator)
    numerator, denominator = numerator // shared, denominator // shared
    if max(numerator, denominator) > FX_MAX:
        raise ValueError(f"as a fraction {numerator}/{denominator}: neither may pass {FX_MAX}")
    return numerator, denominator


def format_factor(numerator: int, denominator: int) -> str:
    """A rate as a decimal if it has a short one, otherwise as a fraction."""
    for decimals in range(DECIMALS_MAX + 1):
        scaled, rest = divmod(numerator * 10**decimals, denominator)
        if rest == 0:
            text = f"{scaled:0{decimals + 1}d}"
            return f"{text[:-decimals]}.{text[-decimals:]}" if decimals else text
    return f"{numerator}/{denominator}"


def fx_table(published: pa.Table) -> FxTable:
    """Exchange rates (FX, any order) ready to be looked up."""
    assert published.num_rows <= RATES_MAX
    column = {
        name: published.column(name).combine_chunks().to_numpy(zero_copy_only=False)
        for name in FX.names
    }
    numbers = [column[name] for name in FX.names[2:]]
    assert all((values > 0).all() and (values <= FX_MAX).all() for values in numbers[:2])
    ends = [column["from_currency"].astype("U3"), column["to_currency"].astype("U3")]
    order = np.lexsort((numbers[1], numbers[0], numbers[3], numbers[2], ends[1], ends[0]))
    numerator, denominator, valid_from_ms = (values[order] for values in numbers[:3])
    pair = np.char.add(ends[0], ends[1])[order]
    last = np.ones(len(pair), np.bool_)
    last[:-1] = (pair[1:] != pair[:-1]) | (valid_from_ms[1:] != valid_from_ms[:-1])
    pair, begin_ms = pair[last], valid_from_ms[last]
    factors = np.stack([numerator[last], denominator[last]], axis=1)
    names, start = np.unique(pair, return_index=True)
    bounds = [*start.tolist(), len(pair)]
    direct = {
        (name[:3], name[3:]): PairRates(begin_ms[a:b], np.arange(a, b, dtype=np.int32))
        for name, (a, b) in zip(names.tolist(), pairwise(bounds), strict=True)
    }
    both = read_only(np.concatenate([factors, factors[:, ::-1]]))
    return FxTable(published, both, _with_inverses(direct, len(factors)))


def _with_inverses(direct: Mapping[Pair, PairRates], rows: int) -> dict[Pair, PairRates]:
    """The pairs and their opposites; until the first rate of a pair, the opposite's inverse."""
    found = dict(direct)
    for (one, other), opposite in direct.items():
        begin_ms, row = opposite.begin_ms, opposite.row + np.int32(rows)
        own = direct.get((other, one))
        if own:
            before = begin_ms < own.begin_ms[0]
            begin_ms = np.concatenate([begin_ms[before], own.begin_ms])
            row = np.concatenate([row[before], own.row])
        found[other, one] = PairRates(begin_ms, row)
    return found


def rate_at(fx: FxTable, pair: Pair, at_ms: int) -> tuple[int, int] | None:
    """Numerator and denominator in force at an instant, None if there is none."""
    if pair not in fx.pairs:
        return None
    (row,) = fx.pairs[pair].at(np.array([at_ms], np.int64))
    if row == NO_FX:
        return None
    numerator, denominator = fx.factors[row].tolist()
    return numerator, denominator


def rows_in_force(
    fx: FxTable, pairs: Sequence[Pair | None], at: I32, answered_ms: I64
) -> tuple[I32, npt.NDArray[np.bool_]]:
    """Of n calls the row of `FxTable.factors`, and whether they need one that there is not.

    pairs: what kinds of calls need, None = nothing; at: the kind of each call. The rows have
    length 0 where no call needs any.
    """
    if not any(pairs):
        return np.empty(0, np.int32), np.zeros(len(at), np.bool_)
    row = np.full(len(at), np.int32(NO_FX))
    missing = np.zeros(len(at), np.bool_)
    for pair in {pair for pair in pairs if pair}:
        own = np.isin(at, [i for i, other in enumerate(pairs) if other == pair])
        if pair in fx.pairs:
            row[own] = fx.pairs[pair].at(answered_ms[own])
        missing |= own & (row == NO_FX)
    return row, missing
