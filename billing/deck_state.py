"""A deck's versions as one list of rates from an instant on, the dates of each code apart.

The list charges from that instant on what the versions together charge. So it can be published as
one full version, or be looked at and exported.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.deck import ALWAYS_MS, RATES, DeckOptions, DeckVersion
from billing.deck_diff.pair import in_force_from
from billing.tariff import closings
from kernels import parse_numbers
from kernels.layout import I64

KEY = ("prefix", "time_class", "origin_class")


class DeckState(NamedTuple):
    """What a deck charges from an instant on."""

    rates: pa.Table
    """billing.deck.RATES, by code, classes and date; dates of one code and class are apart"""
    options: DeckOptions
    """of the newest version"""
    versions: tuple[int, ...]
    """the versions that rates are from"""
    mixed: bool
    """whether these have other rules than the newest: their rates would charge otherwise"""


def state_of(line: Sequence[DeckVersion], from_ms: int) -> DeckState:
    """The rates of a deck's versions (any order, at least one) that hold at or after an instant.

    Rates begin at from_ms at the earliest, unless that is ALWAYS_MS.
    """
    kept = in_force_from(sorted(line, key=lambda v: v.number), from_ms)
    whole = pa.concat_tables([version.rates for version in kept])
    begin = whole.column("valid_from_ms").to_numpy()
    end = np.minimum(whole.column("valid_to_ms").to_numpy(), _closed(kept))
    begin = np.maximum(begin, from_ms)
    live = np.flatnonzero(begin < end)
    row, begin, end = _apart(_keys(whole, live), live, begin[live], end[live])
    rates = whole.take(pa.array(row))
    for name, values in (("valid_from_ms", begin), ("valid_to_ms", end)):
        rates = rates.set_column(RATES.get_field_index(name), name, pa.array(values))
    of = np.repeat([v.number for v in kept], [v.rates.num_rows for v in kept])[row]
    used = tuple(np.unique(of).tolist())
    order = [(name, "ascending") for name in (*KEY, "valid_from_ms")]
    mixed = any(v.options != kept[-1].options for v in kept if v.number in used)
    return DeckState(rates.cast(RATES).sort_by(order), kept[-1].options, used, mixed)


def at(state: DeckState, at_ms: int) -> pa.Table:
    """The rates in force at an instant."""
    rates = state.rates
    begun = pc.less_equal(rates.column("valid_from_ms"), at_ms)
    return rates.filter(pc.and_(begun, pc.greater(rates.column("valid_to_ms"), at_ms)))


def restarted(rates: pa.Table, from_ms: int) -> pa.Table:
    """Rates that do not begin before an instant; those that ended before it are left out."""
    if from_ms == ALWAYS_MS:
        return rates
    begin = np.maximum(rates.column("valid_from_ms").to_numpy(), from_ms)
    moved = rates.set_column(RATES.get_field_index("valid_from_ms"), "valid_from_ms", [begin])
    return moved.filter(pa.array(begin < rates.column("valid_to_ms").to_numpy()))


def _closed(line: Sequence[DeckVersion]) -> I64:
    """When later versions close each rate."""
    numbers = [parse_numbers(v.rates.column("prefix").combine_chunks()) for v in line]
    codes = [digits * np.uint64(16) + length for digits, length in numbers]
    begins = [v.rates.column("valid_from_ms").to_numpy() for v in line]
    ends: I64 = np.concatenate(closings(list(line), codes, begins))
    return ends


def _keys(rates: pa.Table, live: "npt.NDArray[np.intp]") -> I64:
    """A number for each code and classes."""
    texts = rates.take(pa.array(live)).select(KEY)
    joined = pc.binary_join_element_wise(*texts.columns, "\0")
    encoded = joined.combine_chunks().dictionary_encode()
    keys: I64 = encoded.indices.to_numpy().astype(np.int64)
    return keys


def _apart(
    key: I64, row: "npt.NDArray[np.intp]", begin: I64, end: I64
) -> "tuple[npt.NDArray[np.intp], I64, I64]":
    """Rates so that those of one key do not overlap: the later row wins."""
    several = np.bincount(key)[key] > 1 if len(key) else np.zeros(0, np.bool_)
    parts: dict[int, list[tuple[int, int, int]]] = {}
    at = np.flatnonzero(several)
    columns = (column[at].tolist() for column in (key, row, begin, end))
    for own, number, since, until in zip(*columns, strict=True):
        spans = parts.setdefault(own, [])
        spans[:] = [piece for span in spans for piece in _without(span, since, until)]
        spans.append((number, since, until))
    left = [span for spans in parts.values() for span in spans]
    alone = ~several
    rows = np.array([span[0] for span in left], row.dtype)
    begins, ends = (np.array([span[i] for span in left], np.int64) for i in (1, 2))
    return (
        np.concatenate([row[alone], rows]),
        np.concatenate([begin[alone], begins]),
        np.concatenate([end[alone], ends]),
    )


def _without(span: tuple[int, int, int], since: int, until: int) -> list[tuple[int, int, int]]:
    """What is left of a span that another one covers from `since` until `until`."""
    row, begin, end = span
    pieces = [(row, begin, min(end, since)), (row, max(begin, until), end)]
    return [piece for piece in pieces if piece[1] < piece[2]]
