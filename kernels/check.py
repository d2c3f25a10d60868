"""What a book is made of must lie within the limits of layout.py: they keep int64 exact."""

import numpy as np

from kernels.layout import (
    CONNECT,
    FEE_NANOS_MAX,
    FIRST_RATE,
    FX_MAX,
    I64,
    INCREMENT_S_MAX,
    NEXT_RATE,
    PACKED,
    RATE_NANOS_MAX,
)


def check_prices(prices: I64) -> None:
    """Raises ValueError naming the row and the field of a price outside the limits."""
    packed = prices[:, PACKED]
    for field, values, low, high in (
        ("first rate", prices[:, FIRST_RATE], 0, RATE_NANOS_MAX),
        ("next rate", prices[:, NEXT_RATE], 0, RATE_NANOS_MAX),
        ("connect fee", prices[:, CONNECT], 0, FEE_NANOS_MAX),
        ("first increment", packed & 0xFFFF, 1, INCREMENT_S_MAX),
        ("next increment", packed >> 16 & 0xFFFF, 0, INCREMENT_S_MAX),
    ):
        _check(field, values, low, high)


def check_fx(fx: I64) -> None:
    """Raises ValueError naming the row of an exchange rate outside the limits."""
    for part in range(2):
        _check("exchange rate", fx[:, part], 1, FX_MAX)


def _check(field: str, values: I64, low: int, high: int) -> None:
    off = np.flatnonzero((values < low) | (values > high))
    if len(off):
        row = int(off[0])
        raise ValueError(f"{field} of row {row} is {values[row]}: allowed {low} to {high}")
