"""Numbers as integers: validity, blocks of neighbouring numbers, lists of prefixes.

A block is the numbers that share all but their last four digits: what a range holder is given at
a time. It is known by (number // 10^4) * 16 + number of digits, so that no two blocks meet.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kernels.layout import DIGITS_MAX, I64

DIGITS_MIN: Final = 7
BLOCK_DIGITS: Final = 4
_POWERS: Final = 10 ** np.arange(DIGITS_MAX + 4, dtype=np.int64)
_PATTERN: Final = f"^[1-9][0-9]{{{DIGITS_MIN - 1},{DIGITS_MAX - 1}}}$"


def number_of(texts: pa.ChunkedArray | pa.Array) -> I64:
    """Each text as an integer, "+" or "00" in front dropped; 0 where it is no international
    number: not 7 to 15 digits, or none at all."""
    bare = pc.replace_substring_regex(texts, r"^(\+|00)", "")
    valid = pc.match_substring_regex(bare, _PATTERN)
    values = pc.cast(pc.if_else(valid, bare, "0"), pa.int64()).to_numpy(zero_copy_only=False)
    found: I64 = values.astype(np.int64)
    return found


def length_of(numbers: I64) -> I64:
    """How many digits each has; 0 has none."""
    return np.searchsorted(_POWERS, numbers, side="right").astype(np.int64)


def block_of(numbers: I64) -> I64:
    """The block of each number."""
    found: I64 = (numbers // _POWERS[BLOCK_DIGITS]) * 16 + length_of(numbers)
    return found


def block_prefix(block: int) -> str:
    """The digits that a block's numbers begin with; "" of no number."""
    return str(block // 16) if block >= 16 else ""


class Prefixes:
    """A list of prefixes as intervals of numbers; where one contains another, the wider counts."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        kept: list[str] = []
        for prefix in sorted(set(prefixes)):
            if not kept or not prefix.startswith(kept[-1]):
                kept.append(prefix)
        self.prefixes = tuple(kept)
        power = [10 ** (DIGITS_MAX - len(prefix)) for prefix in kept]
        self._first = np.array(
            [int(p) * w for p, w in zip(kept, power, strict=True)], dtype=np.int64
        )
        self._last = self._first + np.array(power, dtype=np.int64)

    def match(self, numbers: I64) -> I64:
        """For each number 1 + the index of its prefix, or 0."""
        if not self.prefixes:
            return np.zeros(len(numbers), np.int64)
        padded = numbers * _POWERS[np.maximum(DIGITS_MAX - length_of(numbers), 0)]
        at = np.searchsorted(self._first, padded, side="right") - 1
        inside = (at >= 0) & (padded < self._last[np.maximum(at, 0)]) & (numbers > 0)
        return np.where(inside, at + 1, 0).astype(np.int64)


def leading(numbers: I64, digits: int) -> I64:
    """The first digits of each number."""
    return numbers // _POWERS[np.maximum(length_of(numbers) - digits, 0)]
