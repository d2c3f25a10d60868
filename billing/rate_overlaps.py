"""Rates of one code and class whose dates overlap: found in bulk, for every kind of deck file."""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from kernels.layout import I64

PASSES_MAX: Final = 20


class Overlaps(NamedTuple):
    """Pairs of rates, as places: one stands later in its file than the other."""

    later: I64
    earlier: I64


def key_of(*columns: pa.Array | pa.ChunkedArray) -> I64:
    """A number per row that two rows share only where they agree in all text columns."""
    key = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        found = whole.dictionary_encode()
        key = key * max(len(found.dictionary), 1) + found.indices.to_numpy(zero_copy_only=False)
        key = np.unique(key, return_inverse=True)[1]
    return key


def _pairs(key: I64, from_ms: I64, to_ms: I64, places: I64) -> tuple[I64, I64]:
    """Each of the rates at `places` that begins before an earlier one of its key is over.

    And that earlier one: of those that have begun, the one that lasts longest.
    """
    n = len(places)
    order = np.lexsort((places, from_ms[places], key[places]))
    sorted_places = places[order]
    k, begin = key[sorted_places], from_ms[sorted_places]
    rank = np.unique(to_ms[sorted_places], return_inverse=True)[1].astype(np.int64)
    first = np.concatenate([[True], k[1:] != k[:-1]])
    reach = np.maximum.accumulate(np.cumsum(first) * n + rank)
    rose = np.concatenate([[True], reach[1:] > reach[:-1]])
    longest = np.maximum.accumulate(np.where(rose, np.arange(n), 0))
    before = sorted_places[np.concatenate([[0], longest[:-1]])]
    hit = ~first & (begin < to_ms[before])
    return sorted_places[hit], before[hit]


def find_overlaps(key: I64, from_ms: I64, to_ms: I64) -> Overlaps:
    """Pairs whose later ones must go so that no two rates of a key overlap.

    Of two that overlap the one later in the file is to blame; where that does not come to an end
    within PASSES_MAX, the one that begins later.
    """
    places = np.arange(len(key))
    later: list[I64] = [np.zeros(0, np.int64)]
    earlier: list[I64] = [np.zeros(0, np.int64)]
    for number in range(PASSES_MAX + 1):
        if len(places) < 2:
            break
        begun_later, other = _pairs(key, from_ms, to_ms, places)
        if not len(begun_later):
            break
        swap = number < PASSES_MAX
        blamed = np.maximum(begun_later, other) if swap else begun_later
        cause = np.minimum(begun_later, other) if swap else other
        blamed, at = np.unique(blamed, return_index=True)
        later.append(blamed)
        earlier.append(cause[at])
        places = np.setdiff1d(places, blamed, assume_unique=True)
    return Overlaps(np.concatenate(later), np.concatenate(earlier))
