"""A bounded memory of call ids: has this call been taken in before, from where, with what content?

Two generations of an open-addressing table: when the young one is full it becomes the old one and
the former old one is forgotten, so at most 2 * `capacity` ids are known, and at least the last
`capacity` less one batch.
"""

from typing import Final

import numba as nb
import numpy as np
import pyarrow as pa

from kernels.layout import I8, I64, U8, U64, read_only

NEW, REPLAY, DUPLICATE, CONFLICT = range(4)
"""never seen; seen from this very position; seen elsewhere; seen elsewhere with other content"""

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_WORDS = 5  # id low, id high, content, offset, row + 1 (0 = free)


@nb.njit(inline="always")
def _scramble(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@nb.njit(cache=True)
def _mix_bytes(offsets: I64, data: U8, into: U64) -> None:
    for i in range(len(into)):
        value = into[i] ^ np.uint64(offsets[i + 1] - offsets[i] + 1) * _MIX
        for j in range(offsets[i], offsets[i + 1]):
            value = (value ^ np.uint64(data[j])) * np.uint64(0x100000001B3)
        into[i] = _scramble(value + _MIX)


def content_hash(texts: list[pa.Array], numbers: list[I64]) -> U64:
    """64-bit hash of n rows: string columns without nulls, then integer columns."""
    out = np.zeros(len(numbers[0]), np.uint64)
    for text in texts:
        column = text.cast(pa.large_string())
        _, offsets, data = column.buffers()
        bounds = np.frombuffer(offsets, np.int64, len(column) + 1, column.offset * 8)
        _mix_bytes(read_only(bounds), read_only(np.frombuffer(data or b"", np.uint8)), out)
    with np.errstate(over="ignore"):
        for number in numbers:
            out = (out ^ number.view(np.uint64)) * _MIX
            out ^= out >> np.uint64(29)
    return out


@nb.njit(inline="always")
def _slot(table: U64, low: np.uint64, high: np.uint64) -> np.int64:
    mask = np.uint64(len(table) - 1)
    at = low & mask
    while table[at, 4] != 0 and (table[at, 0] != low or table[at, 1] != high):
        at = (at + np.uint64(1)) & mask
    return np.int64(at)


@nb.njit(cache=True)
def _judge(young: U64, old: U64, ids: U64, content: U64, offset: I64, row: I64, verdict: I8) -> int:
    added = 0
    for i in range(len(ids)):
        low, high = ids[i, 0], ids[i, 1]
        table, at = young, _slot(young, low, high)
        if young[at, 4] == 0:
            table_old = _slot(old, low, high)
            if old[table_old, 4] != 0:
                table, at = old, table_old
        if table[at, 4] == 0:
            young[at, 0], young[at, 1], young[at, 2] = low, high, content[i]
            young[at, 3], young[at, 4] = np.uint64(offset[i]), np.uint64(row[i] + 1)
            verdict[i] = NEW
            added += 1
        elif table[at, 3] == np.uint64(offset[i]) and table[at, 4] == np.uint64(row[i] + 1):
            verdict[i] = REPLAY
        elif table[at, 2] == content[i]:
            verdict[i] = DUPLICATE
        else:
            verdict[i] = CONFLICT
    return added


@nb.njit(cache=True)
def _place(young: U64, old: U64, ids: U64, content: U64, offset: I64, row: I64) -> None:
    for i in range(len(ids)):
        for table in (young, old):
            at = _slot(table, ids[i, 0], ids[i, 1])
            if table[at, 4] != 0:
                table[at, 2] = content[i]
                table[at, 3], table[at, 4] = np.uint64(offset[i]), np.uint64(row[i] + 1)


class Seen:
    """The ids taken in from one partition of one log."""

    def __init__(self, capacity: int, covers_from_ms: int, covers_from_mark: int = 0) -> None:
        self.capacity = capacity
        self.covers_from_ms = covers_from_ms
        """every id that arrived from here on is known"""
        self.covers_from_mark = covers_from_mark
        """every id judged with this mark or a later one is known"""
        self._young_from = covers_from_ms, covers_from_mark
        size = 1 << max(10, (capacity * 4 // 3).bit_length())
        self._young = np.zeros((size, _WORDS), np.uint64)
        self._old = np.zeros((size, _WORDS), np.uint64)
        self._count = 0

    def judge(
        self, ids: pa.Array, content: U64, offset: I64, row: I64, received_ms: I64, mark: int = 0
    ) -> I8:
        """Verdict of n calls in order, remembering the new ones.

        ids: fixed-size binary(16); offset and row: where the call stands in the partition;
        received_ms: when it arrived; mark: a count of the caller's. Neither decreases. n may not
        exceed the capacity.
        """
        n = len(ids)
        if n > self.capacity:
            raise ValueError(f"{n} ids at once, the memory holds {self.capacity}")
        if self._count + n > self.capacity:
            # what is forgotten next may have arrived in the same millisecond as this
            self.covers_from_ms, self.covers_from_mark = self._young_from
            self._young_from = int(received_ms[0]) + 1, mark
            self._young, self._old = self._old, self._young
            self._young[:] = 0
            self._count = 0
        verdict = np.empty(n, np.int8)
        if n:
            pairs = np.frombuffer(ids.buffers()[1], np.uint64, 2 * n, ids.offset * 16)
            self._count += _judge(
                self._young,
                self._old,
                read_only(pairs.reshape(n, 2)),
                read_only(content),
                read_only(offset),
                read_only(row),
                verdict,
            )
        return verdict

    def place(self, ids: pa.Array, content: U64, offset: I64, row: I64) -> None:
        """Remember n ids, judged before, as first seen elsewhere: with this content, there.

        ids: fixed-size binary(16); an offset of -1 is none of this partition.
        """
        if len(ids):
            pairs = np.frombuffer(ids.buffers()[1], np.uint64, 2 * len(ids), ids.offset * 16)
            _place(
                self._young,
                self._old,
                read_only(pairs.reshape(len(ids), 2)),
                read_only(content),
                read_only(offset),
                read_only(row),
            )
