"""The rating loop on the CPU: dial codes first, then each side's closure word and charge.

Compiled without the GIL and without threads of its own: `dispatch` cuts a batch into blocks.
"""

import numba as nb
import numpy as np

from kernels import charge as formula
from kernels.dialcodes import match
from kernels.layout import (
    CONNECT,
    FIRST_RATE,
    I32,
    I64,
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
    U8,
    U64,
    UNRATED,
    Book,
    Calls,
    Rated,
    Side,
)

Trie = tuple[I32, I32, I32, U8]
Closing = tuple[I64, I64, I64, I64, I64]


@nb.extending.overload(formula.round_div, inline="always")
def _round_div(n: int, d: int, mode: int) -> object:
    del n, d, mode
    return formula.round_div


@nb.extending.overload(formula.billed_seconds, inline="always")
def _billed_seconds(d: int, first: int, following: int, anchor: int) -> object:
    del d, first, following, anchor
    return formula.billed_seconds


_charge = nb.njit(nogil=True, cache=True)(formula.charge)


@nb.njit(inline="always")
def word_at(closure: I64, begin: I64, words: I64, deck: int, node: int, at_ms: int) -> np.int64:
    """The closure word in force for (deck, node) at an instant; UNRATED where none is."""
    if deck < 0:
        return np.int64(UNRATED)
    word: np.int64 = closure[deck, node]
    if word <= -2:
        piece = -2 - word
        while at_ms < begin[piece]:
            piece += 1
        word = words[piece]
    return word


@nb.njit(inline="always")
def _price(prices: I64, rules: I64, word: int, duration_ms: int) -> tuple[int, int]:
    price = word >> 32
    packed = prices[price, PACKED]
    rule = packed >> 32
    charged: tuple[int, int] = _charge(
        duration_ms,
        prices[price, FIRST_RATE],
        prices[price, NEXT_RATE],
        prices[price, CONNECT],
        packed & 0xFFFF,
        (packed >> 16) & 0xFFFF,
        rules[rule, R_DURATION_ROUNDING],
        rules[rule, R_GRACE_RULE],
        rules[rule, R_GRACE_S],
        rules[rule, R_ANCHOR],
        rules[rule, R_CONNECT_RULE],
        rules[rule, R_MIN_CHARGE],
        rules[rule, R_MAX_CHARGE],
        rules[rule, R_ROUND_MODE],
        rules[rule, R_ROUND_UNIT],
        rules[rule, R_ATTEMPT_FEE],
    )
    return charged


@nb.njit(nogil=True, cache=True)
def match_block(digits: U64, count: U8, codes: Trie, node: I32, start: int, stop: int) -> None:
    """The dial-code node of calls[start:stop]."""
    top, branch, parent, length = codes
    for i in range(start, stop):
        node[i] = match(digits[i], count[i], top, branch, parent, length)


@nb.njit(nogil=True, cache=True)
def price_block(
    deck: I32,
    node: I32,
    answered_ms: I64,
    duration_ms: I64,
    closing: Closing,
    out: Side,
    start: int,
    stop: int,
) -> None:
    """One side's charges of calls[start:stop], whose nodes are known.

    Plain arrays, taken apart once: a tuple handed on for every call costs more than its charge.
    """
    closure, begin, words, prices, rules = closing
    rate_row, billed_s, nanos = out
    for i in range(start, stop):
        word = word_at(closure, begin, words, deck[i], node[i], answered_ms[i])
        if word == UNRATED:
            rate_row[i] = UNRATED
            billed_s[i] = 0
            nanos[i] = 0
        else:
            rate_row[i] = word & 0xFFFFFFFF
            billed_s[i], nanos[i] = _price(prices, rules, word, duration_ms[i])


def rate_block(calls: Calls, book: Book, out: Rated, start: int, stop: int) -> None:
    """Price calls[start:stop] into the same rows of `out`."""
    codes = book.codes
    trie = (codes.top, codes.branch, codes.parent, codes.length)
    match_block(calls.digits, calls.digit_count, trie, out.node, start, stop)
    closing = (book.closure, book.piece_from_ms, book.piece_word, book.prices, book.rules)
    for deck, side in ((calls.sell_deck, out.sell), (calls.buy_deck, out.buy)):
        price_block(
            deck, out.node, calls.answered_ms, calls.duration_ms, closing, side, start, stop
        )
