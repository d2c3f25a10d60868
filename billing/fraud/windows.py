"""Sliding sums per key over buckets of event time: all keys, buckets and spans of a batch at once.

The sums at a key's bucket depend on that key's own rows up to that bucket and on nothing else, so
they are the same however the buckets were handed over. All values are integers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from billing.fraud.door import BUCKET_MS
from kernels.layout import I64, U64


class Sums(NamedTuple):
    """One row per key and bucket of a batch, in order of (bucket, key)."""

    key: U64
    bucket: I64
    own: I64
    """shape (n, values): of this bucket alone"""
    sums: I64
    """shape (spans, n, values): of the span that ends with this bucket"""
    first: I64
    """a row of the batch that was added under this key and bucket"""


class Windows:
    """Rows of the longest span, per key and bucket."""

    def __init__(self, spans_ms: Sequence[int], values: int) -> None:
        self.spans = [max(1, span // BUCKET_MS) for span in spans_ms]
        self.key = np.zeros(0, np.uint64)
        self.bucket = np.zeros(0, np.int64)
        self.values = np.zeros((0, values), np.int64)

    def __len__(self) -> int:
        return len(self.key)

    def add(self, key: U64, at_ms: I64, values: I64) -> Sums:
        """Add n rows of `values` columns; their buckets must be new to every key."""
        bucket = at_ms // BUCKET_MS
        order = np.lexsort((bucket, key))
        edge = _edges(key[order], bucket[order])
        first = order[edge]
        own = np.add.reduceat(values[order], edge, axis=0) if len(edge) else values[:0]
        new_key, new_bucket = key[first], bucket[first]
        every = np.concatenate([self.key, new_key]), np.concatenate([self.bucket, new_bucket])
        place = np.lexsort((every[1], every[0]))
        keys, buckets = every[0][place], every[1][place]
        rows = np.concatenate([self.values, own])[place]
        total = np.concatenate([np.zeros((1, rows.shape[1]), np.int64), np.cumsum(rows, axis=0)])
        rank = np.cumsum(np.concatenate([[0], keys[1:] != keys[:-1]]))[: len(keys)]
        least = int(buckets.min()) if len(buckets) else 0
        width = (int(buckets.max()) - least if len(buckets) else 0) + max(self.spans) + 2
        code = rank * width + (buckets - least)
        inverse = np.empty(len(place), np.int64)
        inverse[place] = np.arange(len(place))
        here = inverse[len(self.key) :]
        sums = np.empty((len(self.spans), len(here), rows.shape[1]), np.int64)
        for i, span in enumerate(self.spans):
            floor = np.maximum(code[here] - span + 1, rank[here] * width)
            sums[i] = total[here + 1] - total[np.searchsorted(code, floor)]
        self.key, self.bucket, self.values = keys, buckets, rows
        out = np.lexsort((new_key, new_bucket))
        return Sums(new_key[out], new_bucket[out], own[out], sums[:, out], first[out])

    def forget(self, before_ms: int, rows_max: int) -> None:
        """Drop what no span reaches from `before_ms` on; of what is left keep at most `rows_max`
        rows, those of the newest buckets."""
        kept = self.bucket > before_ms // BUCKET_MS - max(self.spans)
        if int(kept.sum()) > rows_max:
            held = np.sort(self.bucket[kept])
            kept &= self.bucket > held[len(held) - rows_max - 1]
        self.key, self.bucket = self.key[kept], self.bucket[kept]
        self.values = self.values[kept]


def _edges(*columns: U64 | I64) -> I64:
    """Where a new group begins in sorted columns."""
    if not len(columns[0]):
        return np.zeros(0, np.int64)
    new = np.zeros(len(columns[0]) - 1, bool)
    for column in columns:
        new |= column[1:] != column[:-1]
    return np.flatnonzero(np.concatenate([[True], new])).astype(np.int64)
