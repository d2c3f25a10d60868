"""The rating loop on the CPU: dial codes first, then each side's closure words and charges.

A block of calls goes through one stage after the other, each with one dependent load, so that the
misses of many calls are in flight together; where calls differ in what they need, a stage compacts
the list of those that go on instead of branching. Compiled without the GIL and without threads of
its own: `dispatch` cuts a batch into blocks.
"""

import numba as nb
import numpy as np

from kernels.charge import compiled
from kernels.layout import (
    CONNECT,
    FIRST_RATE,
    I32,
    I64,
    NEXT_RATE,
    NO_DECK,
    PACKED,
    PIECES,
    R_ANCHOR,
    R_ATTEMPT_FEE,
    R_CONNECT_RULE,
    R_DEDUCT_S,
    R_DURATION_ROUNDING,
    R_FREE_BELOW_S,
    R_MAX_CHARGE,
    R_MIN_CHARGE,
    R_PLAIN,
    R_ROUND_MODE,
    R_ROUND_UNIT,
    TOO_LARGE,
    U8,
    U64,
    UNRATED,
    Book,
    Calls,
    Leg,
    Nodes,
    Numbers,
    Rated,
    Side,
    read_only,
)

STAGE_CALLS = 512
"""calls that go through the stages together: their scratch stays in the first-level cache"""

Trie = tuple[I32, I32, I32, U8]
Tables = tuple[I64, I64, I64, I64, I64]
Scratch = tuple[I64, I64, U64]


_formulas = compiled(nb.njit(inline="always"))
_charge, _plain = _formulas["charge"], _formulas["plain"]


@nb.njit(nogil=True, cache=True)
def match(digits: U64, count: U8, trie: Trie, node: I32, scratch: Scratch) -> None:
    """The dial-code node of up to STAGE_CALLS numbers: the longest code that begins it, or 0."""
    top, branch, parent, length = trie
    active, slot, rest = scratch
    ten, unit, top_unit = np.uint64(10), np.uint64(10**8), np.uint64(10**9)
    n = 0
    for i in range(len(node)):
        head = digits[i] // top_unit
        found = top[head]
        node[i] = found
        active[n], slot[n] = i, found
        rest[n] = digits[i] - head * top_unit
        n += found < 0
    while n > 0:
        deeper = 0
        for k in range(n):
            i, head = active[k], rest[k] // unit
            found = branch[np.uint64(~slot[k]), head]
            node[i] = found
            active[deeper], slot[deeper] = i, found
            rest[deeper] = (rest[k] - head * unit) * ten
            deeper += found < 0
        n = deeper
    for i in range(len(node)):
        found = node[i]
        while length[np.uint64(found)] > count[i]:
            found = parent[np.uint64(found)]
        node[i] = found


@nb.njit(inline="always")
def new_scratch() -> Scratch:
    """Room for the lists of one stage: call indices, where each has got to, and a value."""
    n = STAGE_CALLS
    return np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.uint64)


@nb.njit(nogil=True, cache=True)
def match_all(digits: U64, count: U8, trie: Trie, node: I32) -> None:
    """`match` of any number of numbers."""
    scratch = new_scratch()
    for at in range(0, len(node), STAGE_CALLS):
        stage = slice(at, at + STAGE_CALLS)
        match(digits[stage], count[stage], trie, node[stage], scratch)


@nb.njit(inline="always")
def look_up(closure: I64, deck: I32, node: I32, word: I64) -> None:
    """The closure word of each call's deck at its node; UNRATED where it has no deck."""
    flat, nodes = closure.reshape(closure.size), np.uint64(closure.shape[1])
    for i in range(len(deck)):
        at = np.uint64(deck[i]) * nodes + np.uint64(node[i])
        none = deck[i] == NO_DECK
        found = flat[np.uint64(0) if none else at]
        word[i] = UNRATED if none else found


@nb.njit(inline="always")
def walk_pieces(pieces: I64, answered_ms: I64, word: I64, active: I64, piece: I64) -> None:
    """Words that change over time to those in force at each call's instant, in place."""
    n = 0
    for i in range(len(answered_ms)):
        active[n], piece[n] = i, PIECES - word[i]
        n += word[i] <= PIECES
    while n > 0:
        older = 0
        for k in range(n):
            i, at = active[k], piece[k]
            word[i] = pieces[np.uint64(at), 1]
            active[older], piece[older] = i, at + 1
            older += answered_ms[i] < pieces[np.uint64(at), 0]
        n = older


@nb.njit(inline="always")
def price_one(
    price_class: np.uint64,
    duration_ms: np.int64,
    prices: I64,
    rules: I64,
    num: np.int64,
    den: np.int64,
) -> tuple[int, int]:
    """(billed seconds, nanos) of one call at a price class."""
    packed = prices[price_class, PACKED]
    rule = np.uint64(packed >> 32)
    if rules[rule, R_PLAIN] & (num == den) & (duration_ms > 0):
        usual: tuple[int, int] = _plain(
            duration_ms,
            prices[price_class, FIRST_RATE],
            prices[price_class, NEXT_RATE],
            prices[price_class, CONNECT],
            packed & 0xFFFF,
            (packed >> 16) & 0xFFFF,
        )
        return usual
    charged: tuple[int, int] = _charge(
        duration_ms,
        prices[price_class, FIRST_RATE],
        prices[price_class, NEXT_RATE],
        prices[price_class, CONNECT],
        packed & 0xFFFF,
        (packed >> 16) & 0xFFFF,
        rules[rule, R_DURATION_ROUNDING],
        rules[rule, R_FREE_BELOW_S],
        rules[rule, R_DEDUCT_S],
        rules[rule, R_ANCHOR],
        rules[rule, R_CONNECT_RULE],
        rules[rule, R_MIN_CHARGE],
        rules[rule, R_MAX_CHARGE],
        rules[rule, R_ROUND_MODE],
        rules[rule, R_ROUND_UNIT],
        rules[rule, R_ATTEMPT_FEE],
        num,
        den,
    )
    return charged


@nb.njit(inline="always")
def factor(fx: int, rates: I64) -> tuple[np.int64, np.int64]:
    """Numerator and denominator of an exchange rate; NO_FX is one."""
    if fx < 0:
        return np.int64(1), np.int64(1)
    num: np.int64 = rates[fx, 0]
    return num, rates[fx, 1]


@nb.njit(nogil=True, cache=True)
def price(
    leg: Leg,
    node: I32,
    answered_ms: I64,
    duration_ms: I32,
    tables: Tables,
    attempt_fees: bool,
    out: Side,
    scratch: Scratch,
) -> None:
    """One side's charges of up to STAGE_CALLS calls."""
    deck, fx = leg
    closure, pieces, prices, rules, rates = tables
    rate_row, billed_s, nanos = out
    active, piece, bits = scratch
    word = bits.view(np.int64)
    look_up(closure, deck, node, word)
    walk_pieces(pieces, answered_ms, word, active, piece)
    n = 0
    for i in range(len(node)):
        rate_row[i] = word[i]
        billed_s[i] = 0
        nanos[i] = 0
        active[n] = i
        n += (word[i] >= 0) & (attempt_fees | (duration_ms[i] > 0))
    num, den = np.int64(1), np.int64(1)
    for k in range(n):
        call = np.uint64(active[k])
        if len(fx) > 0:
            num, den = factor(fx[call], rates)
        price_class = np.uint64(word[call]) >> np.uint64(32)
        talk_ms = np.int64(duration_ms[call])
        seconds, money = price_one(price_class, talk_ms, prices, rules, num, den)
        if money < 0:
            rate_row[call] = TOO_LARGE
        else:
            billed_s[call] = seconds
            nanos[call] = money


@nb.njit(inline="always")
def part_of(column: I32, stage: slice) -> I32:
    """A part of a column that may be left empty."""
    return column[stage] if len(column) > 0 else column


@nb.njit(nogil=True, cache=True)
def _rate(
    numbers: Numbers,
    answered_ms: I64,
    duration_ms: I32,
    legs: tuple[Leg, Leg],
    trie: Trie,
    tables: Tables,
    attempt_fees: bool,
    node: I32,
    sides: tuple[Side, Side],
    start: int,
    stop: int,
) -> None:
    scratch = new_scratch()
    digits, count = numbers
    for begin in range(start, stop, STAGE_CALLS):
        stage = slice(begin, min(begin + STAGE_CALLS, stop))
        if len(digits) > 0:
            match(digits[stage], count[stage], trie, node[stage], scratch)
        for side in nb.literal_unroll((0, 1)):
            deck, fx = legs[side]
            rate_row, billed_s, nanos = sides[side]
            price(
                (deck[stage], part_of(fx, stage)),
                node[stage],
                answered_ms[stage],
                duration_ms[stage],
                tables,
                attempt_fees,
                (rate_row[stage], billed_s[stage], nanos[stage]),
                scratch,
            )


_KNOWN = Numbers(read_only(np.empty(0, np.uint64)), read_only(np.empty(0, np.uint8)))


def rate_block(calls: Calls, book: Book, out: Rated, start: int, stop: int) -> None:
    """Price calls[start:stop] into the same rows of `out`."""
    codes, called = book.codes, calls.called
    if isinstance(called, Nodes):
        out.node[start:stop] = called.node[start:stop]
    _rate(
        called if isinstance(called, Numbers) else _KNOWN,
        calls.answered_ms,
        calls.duration_ms,
        (calls.sell, calls.buy),
        (codes.top, codes.branch, codes.parent, codes.length),
        (book.closure, book.pieces, book.prices, book.rules, book.fx),
        bool(book.rules[:, R_ATTEMPT_FEE].any()),
        out.node,
        (out.sell, out.buy),
        start,
        stop,
    )
