"""A cell's sums as the what-if kernel keeps them, and as plain sums.

A record is RECORD int64: two counts, then seconds and nanos of each side. Nanos are kept as two
sums, of their LOW_BITS lowest bits and of what is above: neither can wrap with up to 2^33 calls,
and as most charges have nothing above, the second seldom costs an addition.
"""

from typing import Final

import numpy as np

from kernels.aggregate import SUMS
from kernels.layout import I64

CALLS, UNRATED_CALLS, SELL_S, SELL_LOW, SELL_HIGH, BUY_S, BUY_LOW, BUY_HIGH = range(8)
RECORD: Final = 8
LOW_BITS: Final = 31
LOW_MASK: Final = 2**LOW_BITS - 1
HIGH_MAX: Final = 2 ** (63 - LOW_BITS) - 1


def plain_sums(records: I64) -> I64:
    """Sums in the order of aggregate.Totals, shape (cells, SUMS); -1 where one does not fit int64.

    records: shape (cells, RECORD), replicas added up.
    """
    sums = np.empty((len(records), SUMS), np.int64)
    for to, entry in ((0, CALLS), (1, UNRATED_CALLS), (2, SELL_S), (4, BUY_S)):
        sums[:, to] = records[:, entry]
    for to, low, high in ((3, SELL_LOW, SELL_HIGH), (5, BUY_LOW, BUY_HIGH)):
        lower = records[:, low].view(np.uint64)
        upper = records[:, high] + (lower >> np.uint64(LOW_BITS)).astype(np.int64)
        total = upper << LOW_BITS | (lower & np.uint64(LOW_MASK)).astype(np.int64)
        sums[:, to] = np.where(upper > HIGH_MAX, -1, total)
    return sums
