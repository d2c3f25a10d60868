"""The numbers of n calls: who calls whom, and where a ported number has gone."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kernels.layout import Numbers

Mask = npt.NDArray[np.bool_]


class CallNumbers(NamedTuple):
    """What a tariff asks of the numbers of n calls; None where it does not ask."""

    called: Numbers
    calling: Numbers | None = None
    lrn: Numbers | None = None

    def ends_at(self) -> Numbers:
        """The LRN of each call that has one, else the number called."""
        if self.lrn is None:
            return self.called
        return either(self.lrn, self.called, self.lrn.digit_count > 0)


def either(one: Numbers, other: Numbers, where: Mask) -> Numbers:
    """The first where it is asked for, else the other."""
    return Numbers(
        np.where(where, one.digits, other.digits),
        np.where(where, one.digit_count, other.digit_count),
    )
