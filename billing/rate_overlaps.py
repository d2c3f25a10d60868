"""Rates of one code and class whose dates overlap: found in bulk, for every kind of deck file."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from kernels.layout import I64


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


def find_overlaps(key: I64, from_ms: I64, to_ms: I64) -> Overlaps:
    """Each rate whose period begins before another of its key that began earlier has ended.

    Places count as the order in the file. A rate is in at most one pair as the one that began
    later; which of a pair is to blame is the one later in the file.
    """
    n = len(key)
    if n < 2:
        return Overlaps(np.zeros(0, np.int64), np.zeros(0, np.int64))
    order = np.lexsort((np.arange(n), from_ms, key))
    k, begin = key[order], from_ms[order]
    rank = np.unique(to_ms, return_inverse=True)[1][order].astype(np.int64)
    first = np.concatenate([[True], k[1:] != k[:-1]])
    group = np.cumsum(first)
    reach = np.maximum.accumulate(group * n + rank)
    # who reaches that far: the last place at which the maximum rose
    rose = np.concatenate([[True], reach[1:] > reach[:-1]])
    holder = np.maximum.accumulate(np.where(rose, np.arange(n), 0))
    before = np.concatenate([[0], holder[:-1]])
    hit = ~first & (begin < to_ms[order][before])
    one, other = order[hit], order[before[hit]]
    return Overlaps(np.maximum(one, other), np.minimum(one, other))
