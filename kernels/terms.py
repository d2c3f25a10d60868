"""What one call costs by the second: its charge for any duration, and the longest it can pay for.

The scalar twin of the batch loops, for decisions on a call that is still going on: same tables,
same formula.
"""

from typing import Final, NamedTuple

import numba as nb

from kernels.charge import compiled
from kernels.layout import (
    CONNECT,
    DURATION_MS_MAX,
    FIRST_RATE,
    NEXT_RATE,
    NO_DECK,
    NO_FX,
    PACKED,
    PIECES,
    R_PLAIN,
    TIME_MIN,
    UNRATED,
    Book,
)

SECONDS_MAX: Final = DURATION_MS_MAX // 1_000
_formula = compiled(nb.njit)["charge"]

Ints = tuple[int, ...]


@nb.njit(nogil=True, cache=True)
def _charge(duration_ms: int, prices: Ints, rule: Ints, fx: Ints) -> int:
    nanos: int = _formula(duration_ms, *prices, *rule, *fx)[1]
    return nanos


@nb.njit(nogil=True, cache=True)
def _longest(nanos: int, prices: Ints, rule: Ints, fx: Ints) -> int:
    low, high = 0, SECONDS_MAX
    while low < high:
        middle = (low + high + 1) // 2
        if 0 <= _charge(middle * 1_000, prices, rule, fx) <= nanos:
            low = middle
        else:
            high = middle - 1
    return low


class Terms(NamedTuple):
    """What `charges.charge` takes besides the duration."""

    prices: tuple[int, int, int, int, int]
    """first rate, next rate, connect fee; first and next increment"""
    rule: Ints
    """columns of `Book.rules` before R_PLAIN"""
    fx: tuple[int, int]
    row: int = 0
    """the rate row"""

    def charge(self, duration_ms: int) -> int:
        """Nanos of a call of a duration within layout's limits; -1 if it is too large."""
        return int(_charge(duration_ms, self.prices, self.rule, self.fx))

    def longest(self, nanos: int) -> int:
        """The most whole seconds of talk that cost at most so much, up to SECONDS_MAX; 0: not one.

        The inverse of `charge` of an answered call, by halving: a call of a second or more never
        costs less than a shorter one.
        """
        return int(_longest(nanos, self.prices, self.rule, self.fx))


def terms_at(book: Book, deck: int, node: int, fx: int, at_ms: int) -> Terms | int:
    """The terms of a call of a deck (a row of the closure) answered at an instant.

    UNRATED or BLOCKED where it has none.

    node: of its number, in the book's codes. fx: row of `Book.fx`, or NO_FX.
    """
    if deck == NO_DECK:
        return UNRATED
    word = int(book.closure[deck, node])
    if word <= PIECES:
        piece = PIECES - word
        while (begin := int(book.pieces[piece, 0])) != TIME_MIN and at_ms < begin:
            piece += 1
        word = int(book.pieces[piece, 1])
    if word < 0:
        return word
    row = book.prices[word >> 32].tolist()
    packed = row[PACKED]
    prices = (row[FIRST_RATE], row[NEXT_RATE], row[CONNECT], packed & 0xFFFF, packed >> 16 & 0xFFFF)
    factor = (1, 1) if fx == NO_FX else tuple(book.fx[fx].tolist())
    return Terms(
        prices, tuple(book.rules[packed >> 32].tolist()[:R_PLAIN]), factor, word & 0xFFFFFFFF
    )
