"""A cell's two limbs of nanos are the exact sum, or say that it does not fit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.gpu.records import BUY_LOW, CALLS, LOW_BITS, LOW_MASK, RECORD, SELL_LOW, plain_sums
from kernels.layout import CHARGE_NANOS_MAX

charges = st.lists(st.integers(0, CHARGE_NANOS_MAX - 1) | st.integers(0, 2 * LOW_MASK), max_size=40)


def records(nanos: list[int], at: int) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    """One cell's record after those charges, added as the kernel adds them."""
    record = np.zeros((1, RECORD), np.int64)
    record[0, CALLS] = len(nanos)
    for charge in nanos:
        record[0, at] += charge & LOW_MASK
        record[0, at + 1] += charge >> LOW_BITS
    return record


@given(charges)
def test_sums_are_exact_or_refused(nanos: list[int]) -> None:
    expected = sum(nanos) if sum(nanos) < 2**63 else -1
    sell = plain_sums(records(nanos, SELL_LOW))[0].tolist()
    buy = plain_sums(records(nanos, BUY_LOW))[0].tolist()
    assert sell == [len(nanos), 0, 0, expected, 0, 0]
    assert buy == [len(nanos), 0, 0, 0, 0, expected]


def test_a_low_limb_may_use_all_64_bits() -> None:
    """As it does after 2^33 charges."""
    record = np.zeros((1, RECORD), np.int64)
    record[0, SELL_LOW] = -1
    assert plain_sums(record)[0, 3] == -1
    record[0, SELL_LOW] = 2**63 - 1
    assert plain_sums(record)[0, 3] == 2**63 - 1
    record[0, SELL_LOW + 1] = 1
    assert plain_sums(record)[0, 3] == -1
