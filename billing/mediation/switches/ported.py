"""Number portability: which routing number (LRN) a called number was moved to.

A table of E.164 digits, whole numbers or prefixes, to LRNs, handed in from outside; the longest
entry a number begins with counts.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kernels import parse_numbers
from kernels.layout import DIGITS_MAX


class Ported:
    """A table of moved numbers: for each length sorted numbers, and their LRNs."""

    def __init__(self, table: Mapping[str, str]) -> None:
        """Raises ValueError for an entry that is not 1 to DIGITS_MAX digits on both sides."""
        by_length: dict[int, list[str]] = {}
        for number, lrn in table.items():
            for text in (number, lrn):
                if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX):
                    raise ValueError(f"{number} -> {lrn}: 1 to {DIGITS_MAX} digits on both sides")
            by_length.setdefault(len(number), []).append(number)
        self._groups = []
        for length, numbers in sorted(by_length.items()):
            numbers.sort()
            keys = np.array([int(n) for n in numbers], np.uint64)
            lrns = pa.array([*(table[n] for n in numbers), ""])
            self._groups.append((length, keys, lrns))

    def lrns(self, called: pa.Array) -> pa.Array:
        """The LRN of each number, "" where it was not moved; "+" or "00" in front is none of it."""
        digits, count = parse_numbers(called)
        result = pa.repeat("", len(called))
        for length, keys, lrns in self._groups:
            head = digits // np.uint64(10 ** (DIGITS_MAX - length))
            at = np.minimum(np.searchsorted(keys, head), len(keys) - 1)
            found = (keys[at] == head) & (count >= length)
            chosen = lrns.take(pa.array(np.where(found, at, len(keys))))
            result = pc.if_else(pa.array(found), chosen, result)
        return result
