"""Sliding sums against a naive loop, whole and in pieces."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.fraud.door import BUCKET_MS
from billing.fraud.windows import Windows

Row = tuple[int, int, int]
ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(-5, 9)), min_size=1, max_size=60
)
SPANS = (3, 10)


def naive(rows: list[Row]) -> dict[tuple[int, int], tuple[int, ...]]:
    """(bucket, key) -> the sums of both spans."""
    return {
        (b, k): tuple(sum(v for k2, b2, v in rows if k2 == k and b - s < b2 <= b) for s in SPANS)
        for k, b, _ in rows
    }


def added(windows: Windows, rows: list[Row]) -> list[tuple[tuple[int, int], tuple[int, ...]]]:
    """What the windows say of more rows."""
    key, bucket, value = (np.array(c, np.int64) for c in zip(*rows, strict=True))
    found = windows.add(key.astype(np.uint64), bucket * BUCKET_MS + 7, value[:, None])
    pairs = zip(found.bucket.tolist(), found.key.tolist(), strict=True)
    return list(zip(pairs, map(tuple, found.sums[:, :, 0].T.tolist()), strict=True))


@settings(deadline=None)
@given(ROWS)
def test_sums_are_those_of_a_loop(rows: list[Row]) -> None:
    windows = Windows([s * BUCKET_MS for s in SPANS], 1)
    found = added(windows, rows)
    assert dict(found) == naive(rows)
    assert [pair for pair, _ in found] == sorted(naive(rows))


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 41), max_size=4))
def test_pieces_give_the_same_sums_also_when_old_rows_are_forgotten(
    rows: list[Row], cuts: list[int]
) -> None:
    windows, found = Windows([s * BUCKET_MS for s in SPANS], 1), []
    bounds = [0, *sorted(cuts), 41]
    for begin, end in pairwise(bounds):
        part = [row for row in rows if begin <= row[1] < end]
        if part:
            found += added(windows, part)
        windows.forget(end * BUCKET_MS, 10_000)
    assert dict(found) == naive(rows)


def test_rows_are_limited_to_the_newest() -> None:
    windows = Windows([1_000 * BUCKET_MS], 1)
    added(windows, [(k, b, 1) for k in range(5) for b in range(100)])
    windows.forget(100 * BUCKET_MS, 50)
    assert len(windows) <= 50
    assert windows.bucket.min() >= 89
