"""Two ratings of the same legs, counted and summed by group in one pass, exactly.

Nanos are summed in two halves of 32 bits each, so that no sum of fewer than 2^31 legs can wrap.
"""

from typing import Final

import numba as nb
import numpy as np
import numpy.typing as npt

from kernels.layout import I32, I64, read_only

Mask = npt.NDArray[np.bool_]
SUMS: Final = (
    *("legs", "changed", "newly_rated", "no_longer_rated", "suspended", "old_s", "new_s"),
    *("old_nanos", "old_nanos_high", "new_nanos", "new_nanos_high"),
)
"""The columns of what `twice_by` returns; a sum of nanos is low + (high << 32)."""
LEGS_MAX: Final = 2**31
"""in one cell, beyond which the low half of a sum might wrap"""
Ratings = tuple[Mask, I32, I64]
"""rated, billed_s, nanos; both numbers are 0 where not rated"""
Rating = tuple[bool, int, int]
"""the same of one leg"""


@nb.njit(inline="always")
def add_twice(sums: I64, cell: int, old: Rating, new: Rating) -> None:
    """Add one leg, as it was and as it would be, to a row of sums."""
    at, low = np.uint64(cell), np.int64(0xFFFF_FFFF)
    was, old_s, old_nanos = old
    now, new_s, new_nanos = new
    sums[at, 0] += 1
    if not (was and now):  # seldom: most legs are rated both times
        sums[at, 2] += now & ~was
        sums[at, 3] += was & ~now
        sums[at, 4] += ~(was | now)
    sums[at, 1] += (old_nanos != new_nanos) | (old_s != new_s) | (was != now)
    sums[at, 5] += old_s
    sums[at, 6] += new_s
    sums[at, 7] += old_nanos & low
    sums[at, 8] += old_nanos >> 32
    sums[at, 9] += new_nanos & low
    sums[at, 10] += new_nanos >> 32


@nb.njit(nogil=True, cache=True)
def _twice_by(group: I32, old: Ratings, new: Ratings, sums: I64) -> None:
    old_rated, old_s, old_nanos = old
    new_rated, new_s, new_nanos = new
    for i in range(len(group)):
        was = (old_rated[i], old_s[i], old_nanos[i])
        add_twice(sums, group[i], was, (new_rated[i], new_s[i], new_nanos[i]))


def twice_by(group: I32, groups: int, old: Ratings, new: Ratings) -> I64:
    """The sums of n legs, of shape (groups, SUMS). group: of each leg, 0..groups-1, unchecked."""
    sums = np.zeros((groups, len(SUMS)), np.int64)
    frozen = [tuple(read_only(column) for column in ratings) for ratings in (old, new)]
    _twice_by(read_only(group.astype(np.int32, copy=False)), *frozen, sums)
    return sums
