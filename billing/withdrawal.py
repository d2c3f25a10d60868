"""Calls that people have taken back, with the file they came in: no money, whatever decks say."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.rating import REASONS, WITHDRAWN, RatedCalls

Mask = npt.NDArray[np.bool_]


def withdraw(priced: RatedCalls, which: Mask) -> None:
    """Take the price of some calls away on both sides, in place."""
    priced.reason[which] = WITHDRAWN
    for side in (priced.sell, priced.buy):
        side.billed_s[which] = 0
        side.nanos[which] = 0


def is_withdrawn(reasons: pa.ChunkedArray) -> Mask:
    """Whether each reason says so."""
    found = pc.fill_null(pc.equal(reasons, REASONS[WITHDRAWN]), False)
    return found.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
