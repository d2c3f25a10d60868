"""Positions: how many seconds were billed to a call's group before it.

Calls are counted in the total order (answered_ms, id). A position is an exact segmented prefix sum
in int64, each group starting from its opening seconds.

What stays true: the order of rows does not matter; groups do not matter to each other; counting a
period in parts, the closing seconds of one part opening the next, is counting it at once.
"""

from typing import Final, NamedTuple

import numba as nb
import numpy as np
import pyarrow as pa

from kernels.batch import BatchError, check_column, within
from kernels.layout import DURATION_MS_MAX, I32, I64, INCREMENT_S_MAX, U64, read_only

NO_GROUP: Final = -1
BILLED_S_MAX: Final = DURATION_MS_MAX // 1_000 + INCREMENT_S_MAX
"""what a call bills at most: the last increment begins before the call ends"""
POSITION_S_MAX: Final = 2**62
"""what opens a period at most; a batch adds less than that, as BILLED_S_MAX is below 2^20 and no
column has 2^42 rows"""


class CallIds(NamedTuple):
    """n call ids of 16 bytes as big-endian numbers: comparing them is comparing the bytes."""

    high: U64
    low: U64


class Positions(NamedTuple):
    """What `positions` returns, in seconds."""

    start_s: I64
    """per call: billed to its group before it, or NO_GROUP"""
    closing_s: I64
    """per group: billed to it after all calls"""


def call_ids(ids: pa.Array) -> CallIds:
    """n ids (fixed-size binary of 16 bytes, no nulls). Raises BatchError for any other array."""
    if ids.type != pa.binary(16) or ids.null_count:
        raise BatchError(f"ids: {ids.type} with {ids.null_count} nulls instead of 16 bytes each")
    halves = np.frombuffer(ids.buffers()[1] or b"", ">u8", 2 * len(ids), ids.offset * 16)
    return CallIds(halves[0::2].astype(np.uint64), halves[1::2].astype(np.uint64))


@nb.njit(inline="always")
def _after(answered_ms: I64, ids: CallIds, one: int, other: int) -> bool:
    high, low = ids
    if answered_ms[one] != answered_ms[other]:
        later: bool = answered_ms[one] > answered_ms[other]
    elif high[one] != high[other]:
        later = high[one] > high[other]
    else:
        later = low[one] > low[other]
    return later


@nb.njit(nogil=True, cache=True)
def _break(rows: I64, answered_ms: I64, ids: CallIds) -> int:
    """The first place in `rows` whose call does not come after the one before it; -1 = none."""
    for i in range(1, len(rows)):
        if not _after(answered_ms, ids, rows[i], rows[i - 1]):
            return i
    return -1


@nb.njit(nogil=True, cache=True)
def _sift(heap: I64, at: int, answered_ms: I64, ids: CallIds) -> None:
    """Let heap[at] sink below the rows that come after it."""
    while 2 * at + 1 < len(heap):
        child = 2 * at + 1
        if child + 1 < len(heap) and _after(answered_ms, ids, heap[child + 1], heap[child]):
            child += 1
        if not _after(answered_ms, ids, heap[child], heap[at]):
            break
        heap[at], heap[child] = heap[child], heap[at]
        at = child


@nb.njit(nogil=True, cache=True)
def _order_ties(rows: I64, answered_ms: I64, ids: CallIds) -> None:
    """Order by id the rows of one instant, for each instant: rows ascend in time, ids anyhow."""
    begin = 0
    while begin < len(rows):
        end = begin + 1
        while end < len(rows) and answered_ms[rows[end]] == answered_ms[rows[begin]]:
            end += 1
        for at in range((end - begin) // 2 - 1, -1, -1):
            _sift(rows[begin:end], at, answered_ms, ids)
        for last in range(end - 1, begin, -1):
            rows[begin], rows[last] = rows[last], rows[begin]
            _sift(rows[begin:last], 0, answered_ms, ids)
        begin = end


def _in_order(rows: I64, answered_ms: I64, ids: CallIds) -> I64:
    if _break(rows, answered_ms, ids) < 0:
        return rows
    rows = rows[np.argsort(answered_ms[rows])]
    _order_ties(rows, answered_ms, ids)
    at = _break(rows, answered_ms, ids)
    if at >= 0:
        one, other = sorted((int(rows[at - 1]), int(rows[at])))
        raise BatchError(f"id of row {other} is that of row {one}, answered at the same instant")
    return rows


@nb.njit(nogil=True, cache=True)
def _count(rows: I64, group: I32, billed_s: I32, start_s: I64, closing_s: I64) -> None:
    for row in rows:
        of = group[row]
        start_s[row] = closing_s[of]
        closing_s[of] += billed_s[row]


def check_groups(group: I32, ids: CallIds, opening_s: I64, n: int) -> None:
    """Raises BatchError if a column has the wrong length or type or a value outside its limits."""
    check_column("group", group, n, "i4")
    check_column("id_high", ids.high, n, "u8")
    check_column("id_low", ids.low, n, "u8")
    check_column("opening_s", opening_s, len(opening_s), "i8")
    within("group", group, NO_GROUP, len(opening_s) - 1)
    within("opening_s", opening_s, 0, POSITION_S_MAX)


def positions(
    group: I32, answered_ms: I64, ids: CallIds, billed_s: I32, opening_s: I64
) -> Positions:
    """Positions of n calls in g groups (group -1..g-1, NO_GROUP counts nowhere).

    billed_s: 0..BILLED_S_MAX; opening_s: 0..POSITION_S_MAX, shape (g,). Rows in any order; those
    that come in total order are not sorted.

    Raises BatchError if a column has the wrong length or type or a value outside its limits, or if
    two calls have the same instant and id: which of them comes first is not defined.
    """
    n = len(answered_ms)
    check_groups(group, ids, opening_s, n)
    check_column("answered_ms", answered_ms, n, "i8")
    check_column("billed_s", billed_s, n, "i4")
    within("billed_s", billed_s, 0, BILLED_S_MAX)
    answered_ms, ids = read_only(answered_ms), CallIds(*map(read_only, ids))
    rows = _in_order(np.flatnonzero(group != NO_GROUP), answered_ms, ids)
    start_s, closing_s = np.full(n, np.int64(NO_GROUP)), opening_s.copy()
    _count(rows, read_only(group), read_only(billed_s), start_s, closing_s)
    return Positions(start_s, closing_s)
