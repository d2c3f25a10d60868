"""What a book is made of must lie within the limits of layout.py: they keep int64 exact."""

import numpy as np
import numpy.typing as npt

from kernels.book import DeckRates
from kernels.layout import (
    ANCHORS,
    BLOCKED,
    CONNECT,
    CONNECT_RULES,
    DECIMALS_MAX,
    DIGITS_MAX,
    FEE_NANOS_MAX,
    FIRST_RATE,
    FX_MAX,
    GRACE_S_MAX,
    I64,
    INCREMENT_S_MAX,
    MAX_CHARGE_NONE,
    NEXT_RATE,
    PACKED,
    R_MAX_CHARGE,
    R_PLAIN,
    RATE_NANOS_MAX,
    ROUNDINGS,
)

RULE_LIMITS = (
    ("duration rounding", len(ROUNDINGS) - 1),
    ("free below", GRACE_S_MAX + 1),
    ("deduct", GRACE_S_MAX),
    ("anchor", len(ANCHORS) - 1),
    ("connect rule", len(CONNECT_RULES) - 1),
    ("minimum charge", FEE_NANOS_MAX),
    ("maximum charge", FEE_NANOS_MAX),
    ("rounding mode", len(ROUNDINGS) - 1),
    ("rounding unit", 10**DECIMALS_MAX),
    ("attempt fee", FEE_NANOS_MAX),
)
"""in the order of a rule's columns: name and highest value; the lowest is 0, of a unit 1"""


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


def check_rule(rule: tuple[int, ...]) -> None:
    """Raises ValueError naming the field of a rule set that lies outside the limits."""
    if len(rule) != R_PLAIN:
        raise ValueError(f"a rule set of {len(rule)} columns instead of {R_PLAIN}")
    for column, (value, (field, high)) in enumerate(zip(rule, RULE_LIMITS, strict=True)):
        low = 1 if field == "rounding unit" else 0
        no_limit = column == R_MAX_CHARGE and value == MAX_CHARGE_NONE
        if not (low <= value <= high or no_limit):
            raise ValueError(f"{field} is {value}: allowed {low} to {high}")


def check_deck(deck: DeckRates) -> None:
    """Raises ValueError naming the column, and the row, of rates that cannot be compiled."""
    n = len(deck.word)
    for field, kind in zip(DeckRates._fields, ("u8", "u1", "i8", "i8", "i8"), strict=True):
        column: npt.NDArray[np.generic] = getattr(deck, field)
        if column.shape != (n,) or column.dtype != np.dtype(kind):
            raise ValueError(
                f"column {field}: {column.dtype} of {column.shape} instead of {np.dtype(kind)} "
                f"of ({n},)"
            )
    _check("length of the dial code", deck.length.astype(np.int64), 1, DIGITS_MAX)
    _check("dial code", deck.digits.view(np.int64), 0, 10**DIGITS_MAX - 1)
    behind = deck.digits % 10 ** (DIGITS_MAX - deck.length).astype(np.uint64)
    _check("what follows the dial code", behind.view(np.int64), 0, 0)
    word = np.where(deck.word == BLOCKED, 0, deck.word)
    _check("price class", word >> 32, 0, 2**31 - 1)
    _check("rate row", word & 0xFFFFFFFF, 0, 2**31 - 1)


def check_fx(fx: I64) -> None:
    """Raises ValueError naming the row of an exchange rate outside the limits."""
    for part in range(2):
        _check("exchange rate", fx[:, part], 1, FX_MAX)


def _check(field: str, values: I64, low: int, high: int) -> None:
    off = np.flatnonzero((values < low) | (values > high))
    if len(off):
        row = int(off[0])
        raise ValueError(f"{field} of row {row} is {values[row]}: allowed {low} to {high}")
