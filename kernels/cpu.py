"""The rating loop on the CPU: lookup, both sides' closure words, charge, one call at a time.

Compiled without the GIL and without threads of its own: `dispatch` cuts a batch into blocks.
"""

import numba as nb
import numpy as np

from kernels import charge as formula
from kernels.dialcodes import match
from kernels.layout import (
    CONNECT,
    FIRST_RATE,
    NEXT_RATE,
    PACKED,
    R_ANCHOR,
    R_ATTEMPT_FEE,
    R_CONNECT_RULE,
    R_DURATION_ROUNDING,
    R_GRACE_RULE,
    R_GRACE_S,
    R_MAX_CHARGE,
    R_MIN_CHARGE,
    R_ROUND_MODE,
    R_ROUND_UNIT,
    UNRATED,
    Book,
    Calls,
    Rated,
    Side,
)


@nb.extending.overload(formula.round_div, inline="never")
def _round_div(n: int, d: int, mode: int) -> object:
    del n, d, mode
    return formula.round_div


@nb.extending.overload(formula.billed_seconds, inline="never")
def _billed_seconds(d: int, first: int, following: int, anchor: int) -> object:
    del d, first, following, anchor
    return formula.billed_seconds


_charge = nb.njit(nogil=True, cache=True)(formula.charge)


@nb.njit(inline="always")
def word_at(book: Book, deck: int, node: int, at_ms: int) -> np.int64:
    """The closure word in force for (deck, node) at an instant; UNRATED where none is."""
    if deck < 0:
        return np.int64(UNRATED)
    word: np.int64 = book.closure[deck, node]
    if word <= -2:
        piece = -2 - word
        while at_ms < book.piece_from_ms[piece]:
            piece += 1
        word = book.piece_word[piece]
    return word


@nb.njit(nogil=True, cache=True)
def _price(book: Book, word: int, duration_ms: int, out: Side, i: int) -> None:
    if word == UNRATED:
        out.rate_row[i] = UNRATED
        out.billed_s[i] = 0
        out.nanos[i] = 0
        return
    price = book.prices[word >> 32]
    packed = price[PACKED]
    rule = book.rules[packed >> 32]
    out.rate_row[i] = word & 0xFFFFFFFF
    out.billed_s[i], out.nanos[i] = _charge(
        duration_ms,
        price[FIRST_RATE],
        price[NEXT_RATE],
        price[CONNECT],
        packed & 0xFFFF,
        (packed >> 16) & 0xFFFF,
        rule[R_DURATION_ROUNDING],
        rule[R_GRACE_RULE],
        rule[R_GRACE_S],
        rule[R_ANCHOR],
        rule[R_CONNECT_RULE],
        rule[R_MIN_CHARGE],
        rule[R_MAX_CHARGE],
        rule[R_ROUND_MODE],
        rule[R_ROUND_UNIT],
        rule[R_ATTEMPT_FEE],
    )


@nb.njit(nogil=True, cache=True)
def rate_block(calls: Calls, book: Book, out: Rated, start: int, stop: int) -> None:
    """Price calls[start:stop] into the same rows of `out`."""
    codes = book.codes
    for i in range(start, stop):
        node = match(
            calls.digits[i],
            calls.digit_count[i],
            codes.top,
            codes.branch,
            codes.parent,
            codes.length,
        )
        out.node[i] = node
        at_ms, duration_ms = calls.answered_ms[i], calls.duration_ms[i]
        _price(book, word_at(book, calls.sell_deck[i], node, at_ms), duration_ms, out.sell, i)
        _price(book, word_at(book, calls.buy_deck[i], node, at_ms), duration_ms, out.buy, i)
