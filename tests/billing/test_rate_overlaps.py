"""Overlaps of rates in bulk, against looking at every pair."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from billing.rate_overlaps import find_overlaps, key_of

RATES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(1, 5)), max_size=14)


@given(RATES)
def test_without_the_later_ones_no_two_overlap(rates: list[tuple[int, int, int]]) -> None:
    key, begin, length = (np.array([r[i] for r in rates], np.int64) for i in range(3))
    found = find_overlaps(key, begin, begin + length)
    gone = set(found.later.tolist())
    assert len(gone) == len(found.later)
    for later, earlier in zip(found.later, found.earlier, strict=True):
        assert key[later] == key[earlier]
        assert begin[later] < begin[earlier] + length[earlier]
        assert begin[earlier] < begin[later] + length[later]
    kept = [r for i, r in enumerate(rates) if i not in gone]
    for i, (code, start, lasts) in enumerate(kept):
        for other, begins, long in kept[:i]:
            assert code != other or start >= begins + long or begins >= start + lasts


def test_a_long_rate_overlaps_all_that_begin_while_it_lasts() -> None:
    begin, end = np.array([0, 10, 30], np.int64), np.array([100, 20, 40], np.int64)
    found = find_overlaps(np.zeros(3, np.int64), begin, end)
    assert (found.later.tolist(), found.earlier.tolist()) == ([1, 2], [0, 0])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), max_size=9))
def test_a_key_tells_rows_apart_by_all_their_columns(rows: list[tuple[str, str]]) -> None:
    key = key_of(*(pa.array([r[i] for r in rows], pa.string()) for i in range(2)))
    for i, one in enumerate(rows):
        for j, other in enumerate(rows):
            assert (key[i] == key[j]) == (one == other)
