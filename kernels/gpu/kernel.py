"""The rating loop on CUDA: one thread takes a call from its number to both sides' charges.

Gives what kernels/cpu.py gives, from the same formula (kernels/charge.py). Whatever differs between
device and simulator is `once` and `keep`. Imported only where numba-cuda is: see device.py.

A call is a chain of dependent loads, so each step of both sides is read before it is used, and the
rest is left to the thousands of threads in flight. Tables go through the caches as usual; columns
are read and written once, and say so, lest they push the tables out. Indices are unsigned 64-bit: a
column may have more than 2^31 rows.
"""

from typing import Any, Final

import numpy as np
from numba import config, cuda

from kernels.charge import compiled
from kernels.gpu.columns import Charges, Columns, Tables
from kernels.layout import (
    CONNECT,
    FIRST_RATE,
    NEXT_RATE,
    NO_FX,
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
    R_ROUND_MODE,
    R_ROUND_UNIT,
    RULE_COLUMNS,
    TOO_LARGE,
    UNRATED,
)

_device: Final = cuda.jit(device=True)
_charge = compiled(_device)["charge"]

if config.ENABLE_CUDASIM:

    @_device
    def once(column: Any, i: Any) -> Any:
        """An entry of a column that nobody reads again."""
        return column[i]

    @_device
    def keep(column: Any, i: Any, value: Any) -> None:
        """Write an entry that the device does not read again."""
        column[i] = value

else:
    once, keep = cuda.ldcs, cuda.stcs


@_device
def whole(value: Any) -> int:
    """Any integer as int64; a plain integer of Python under the simulator."""
    return int(np.int64(value))


@_device
def match(digits: np.uint64, count: int, tables: Tables) -> np.uint64:
    """The dial-code node of a number: the longest code that begins it, or 0."""
    ten, unit, top_unit = np.uint64(10), np.uint64(10**8), np.uint64(10**9)
    digit = digits // top_unit
    found = whole(tables.top[digit])
    rest = digits - digit * top_unit
    while found < 0:
        digit = rest // unit
        found = whole(tables.branch[np.uint64(~found) * ten + digit])
        rest = (rest - digit * unit) * ten
    while whole(tables.length[np.uint64(found)]) > count:
        found = whole(tables.parent[np.uint64(found)])
    return np.uint64(found)


@_device
def word_of(deck: int, node: np.uint64, tables: Tables) -> int:
    """The closure word of a node in a deck; entry 0 is read, for nothing, where there is none."""
    row = np.uint64(max(deck, 0))
    word = whole(tables.closure[row * np.uint64(tables.nodes) + node])
    return word if deck >= 0 else UNRATED


@_device
def word_at(word: int, answered_ms: int, tables: Tables) -> int:
    """The word in force at an instant: the word itself, or one of its pieces, from new to old."""
    if word > PIECES:
        return word
    piece = np.uint64(PIECES - word)
    two, one = np.uint64(2), np.uint64(1)
    while answered_ms < whole(tables.pieces[piece * two]):
        piece += one
    found: int = whole(tables.pieces[piece * two + one])
    return found


@_device
def factor(fx: int, tables: Tables) -> tuple[int, int]:
    """Numerator and denominator of an exchange rate; NO_FX is one."""
    if fx < 0:
        return 1, 1
    at = np.uint64(2 * fx)
    return whole(tables.fx[at]), whole(tables.fx[at + np.uint64(1)])


@_device
def packed_of(word: int, tables: Tables) -> int:
    """The packed entry of a word's price class; that of class 0, for nothing, where it has none.

    Read for both sides before either is priced, so that the class is in the first-level cache.
    """
    price = np.uint64(max(word, 0) >> 32) * np.uint64(4)
    packed: int = whole(tables.prices[price + np.uint64(PACKED)])
    return packed


@_device
def priced(
    word: int, packed: int, duration_ms: int, fx: tuple[int, int], tables: Tables
) -> tuple[int, int, int]:
    """(rate row, billed seconds, nanos) of one side, from the word in force."""
    if word < 0:
        return word, 0, 0
    row = word & 0x7FFFFFFF
    if duration_ms == 0 and tables.attempt_fees == 0:
        return row, 0, 0
    prices, rules = tables.prices, tables.rules
    price = np.uint64(word >> 32) * np.uint64(4)
    rule = np.uint64(packed >> 32) * np.uint64(RULE_COLUMNS)
    billed_s, nanos = _charge(
        duration_ms,
        whole(prices[price + np.uint64(FIRST_RATE)]),
        whole(prices[price + np.uint64(NEXT_RATE)]),
        whole(prices[price + np.uint64(CONNECT)]),
        packed & 0xFFFF,
        (packed >> 16) & 0xFFFF,
        whole(rules[rule + np.uint64(R_DURATION_ROUNDING)]),
        whole(rules[rule + np.uint64(R_FREE_BELOW_S)]),
        whole(rules[rule + np.uint64(R_DEDUCT_S)]),
        whole(rules[rule + np.uint64(R_ANCHOR)]),
        whole(rules[rule + np.uint64(R_CONNECT_RULE)]),
        whole(rules[rule + np.uint64(R_MIN_CHARGE)]),
        whole(rules[rule + np.uint64(R_MAX_CHARGE)]),
        whole(rules[rule + np.uint64(R_ROUND_MODE)]),
        whole(rules[rule + np.uint64(R_ROUND_UNIT)]),
        whole(rules[rule + np.uint64(R_ATTEMPT_FEE)]),
        fx[0],
        fx[1],
    )
    if nanos < 0:
        return TOO_LARGE, 0, 0
    return row, billed_s, nanos


@_device
def read(calls: Columns, i: np.uint64) -> tuple[int, int, int, int, int, int]:
    """What call i has besides its number: answered_ms, duration_ms, decks, exchange rates."""
    return (
        whole(once(calls.answered_ms, i)),
        whole(once(calls.duration_ms, i)),
        whole(once(calls.sell_deck, i)),
        whole(once(calls.buy_deck, i)),
        whole(once(calls.sell_fx, i)) if len(calls.sell_fx) > 0 else NO_FX,
        whole(once(calls.buy_fx, i)) if len(calls.buy_fx) > 0 else NO_FX,
    )


@_device
def rated(
    calls: Columns, i: np.uint64, call: tuple[int, int, int, int, int, int], tables: Tables
) -> tuple[np.uint64, tuple[int, int, int], tuple[int, int, int]]:
    """Node, and `priced` for the sell and the buy side, of call i, which `read` gave."""
    answered_ms, duration_ms, sell_deck, buy_deck, sell_fx, buy_fx = call
    if len(calls.node) > 0:
        node = np.uint64(once(calls.node, i))
    else:
        node = match(once(calls.digits, i), whole(once(calls.digit_count, i)), tables)
    sell_word, buy_word = word_of(sell_deck, node, tables), word_of(buy_deck, node, tables)
    sell_word = word_at(sell_word, answered_ms, tables)
    buy_word = word_at(buy_word, answered_ms, tables)
    sell_packed, buy_packed = packed_of(sell_word, tables), packed_of(buy_word, tables)
    return (
        node,
        priced(sell_word, sell_packed, duration_ms, factor(sell_fx, tables), tables),
        priced(buy_word, buy_packed, duration_ms, factor(buy_fx, tables), tables),
    )


@cuda.jit(cache=True)
def rate_kernel(calls: Columns, tables: Tables, out: Charges) -> None:
    """Price every call into the same row of `out`."""
    n, step = np.uint64(len(calls.answered_ms)), np.uint64(cuda.gridsize(1))
    i = np.uint64(cuda.grid(1))
    while i < n:
        node, sell, buy = rated(calls, i, read(calls, i), tables)
        if len(calls.node) == 0:
            keep(out.node, i, whole(node))
        keep(out.sell_row, i, sell[0])
        keep(out.sell_s, i, sell[1])
        keep(out.sell_nanos, i, sell[2])
        keep(out.buy_row, i, buy[0])
        keep(out.buy_s, i, buy[1])
        keep(out.buy_nanos, i, buy[2])
        i += step
