"""The same world as tables for a query engine: dates and nested codes resolved beforehand.

What a book is for the kernels, these are for the peers; made from the decks themselves, in numpy,
by other means than the kernels' compiler (whole columns, one code length after the other), so that
equal totals say something about both. A deck becomes the disjoint ranges of numbers that its codes
cut, each with one price per step of the deck's dates.

A number is one integer, digits * 16 + digit count, a code digits * 16 + length: a number that is
shorter than a code comes before it, so plain order decides which code begins a number.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from kernels.layout import (
    CONNECT,
    DOWN,
    FIRST_RATE,
    HALF_EVEN,
    HALF_UP,
    I32,
    I64,
    MINIMUM,
    NEXT_RATE,
    PACKED,
    R_ANCHOR,
    R_CONNECT_RULE,
    R_DURATION_ROUNDING,
    R_FREE_BELOW_S,
    R_MIN_CHARGE,
    R_ROUND_MODE,
    R_ROUND_UNIT,
    U8,
    UP,
    WHOLE_CALL,
)
from tests.bench.kernel_columns import DECK_KEY, Columns, write_table
from tests.bench.kernel_world import RULES, Sheet, Traffic, World

NO_RATE = -1
_UNIT = 10 ** np.arange(15, -1, -1, dtype=np.int64)
"""by length: what one more in the last digit of a code adds to its padded digits"""


class Ranges(NamedTuple):
    """One deck, resolved."""

    start: I64
    """ranges of numbers by their first one, in order; the first range starts at 0"""
    price: I64
    """shape (ranges, steps): row of World.prices or NO_RATE"""


def _parents(digits: I64, length: U8) -> I32:
    """Per code the next shorter one that begins it, or -1."""
    place = np.arange(len(digits), dtype=np.int32)
    parent = np.full(len(digits), -1, np.int32)
    for n in range(1, int(length.max())):
        last = np.maximum.accumulate(np.where(length == n, place, -1))
        begins = (last >= 0) & (length > n) & (digits // _UNIT[n] == digits[last] // _UNIT[n])
        parent[begins] = last[begins]
    return parent


def _own_prices(sheet: Sheet) -> I64:
    steps = len(sheet.date_ms) + 1
    own = np.full((len(sheet.code), steps), NO_RATE)
    for begin, end, price in zip(sheet.from_step, sheet.to_step, sheet.price, strict=True):
        for step in range(steps):
            own[:, step] = np.where((begin <= step) & (step < end), price, own[:, step])
    return own


def flatten(world: World, sheet: Sheet) -> Ranges:
    """One deck as disjoint ranges of numbers, every gap in time filled by the shorter code."""
    digits = world.digits[sheet.code].astype(np.int64)
    length = world.length[sheet.code]
    parent = _parents(digits, length)
    price = np.concatenate([_own_prices(sheet), np.full((1, len(sheet.date_ms) + 1), NO_RATE)])
    for n in range(1, int(length.max()) + 1):
        at = np.flatnonzero(length == n)
        price[at] = np.where(price[at] < 0, price[parent[at]], price[at])
    end = digits + _UNIT[length]
    outer = np.lexsort((length, end))  # where several codes end together, the shortest decides
    end, after = end[outer], parent[outer]
    first = np.concatenate([[True], end[1:] != end[:-1]])
    # no number lies between an end and a code that begins there and whose last digit is not zero
    first &= (end < 10**15) & ~np.isin(end, digits[digits // _UNIT[length] % 10 != 0])
    start = np.concatenate([[0], end[first] * 16, digits * 16 + length])
    row = np.concatenate([[-1], after[first], np.arange(len(digits))])
    order = np.argsort(start, kind="stable")
    start, of_range = start[order], price[row[order]]
    new = np.concatenate([[True], (of_range[1:] != of_range[:-1]).any(1)])
    return Ranges(start[new], of_range[new])


def _rounding_add(mode: I64, unit: I64) -> I64:
    """What to add before dividing by unit (even) and rounding down; a tie of HALF_EVEN goes up."""
    half = (mode == HALF_UP) | (mode == HALF_EVEN)
    assert (half | (mode == UP) | (mode == DOWN)).all()
    return np.where(mode == UP, unit - 1, np.where(half, unit // 2, 0))


def _price_columns(prices: I64) -> Columns:
    """Everything that a charge needs, a row a price.

    Fees and least charge are in sixtieths of a nano; attempt fees, deductions and largest charges
    are not in RULES and have no column.
    """
    packed = prices[:, PACKED]
    rule = RULES[packed >> 32]
    first, unit = packed & 0xFFFF, rule[:, R_ROUND_UNIT]
    fee, minimum = 60 * prices[:, CONNECT], rule[:, R_CONNECT_RULE] == MINIMUM
    small = {
        "duration_add": _rounding_add(rule[:, R_DURATION_ROUNDING], np.array(1_000)),
        "free_below_s": rule[:, R_FREE_BELOW_S],
        "first_s": first,
        "start_s": np.where(rule[:, R_ANCHOR] == WHOLE_CALL, 0, first),
        "next_s": packed >> 16 & 0xFFFF,
        "half_even": rule[:, R_ROUND_MODE] == HALF_EVEN,
    }
    large = {
        "first_usage": first * prices[:, FIRST_RATE],
        "next_rate": prices[:, NEXT_RATE],
        "fee60": np.where(minimum, 0, fee),
        "least60": np.maximum(np.where(minimum, fee, 0), 60 * rule[:, R_MIN_CHARGE]),
        "unit": unit,
        "unit60": 60 * unit,
        "money_add": _rounding_add(rule[:, R_ROUND_MODE], 60 * unit),
    }
    return {
        "price": np.arange(len(prices), dtype=np.int16),
        **{name: column.astype(np.int32) for name, column in small.items()},
        **{name: column.astype(np.int64) for name, column in large.items()},
    }


def _range_columns(decks: list[Ranges], first_deck: int) -> Columns:
    deck = np.repeat(np.arange(len(decks)) + first_deck, [len(r.start) for r in decks])
    start = np.concatenate([r.start for r in decks])
    price = np.concatenate([r.price for r in decks]).astype(np.int16)
    steps = {f"price_{k}": price[:, k].copy() for k in range(price.shape[1])}
    key = deck * DECK_KEY + start
    return {"deck": deck.astype(np.int16), "start": start, "key": key, **steps}


def write_tables(world: World, traffic: Traffic, folder: Path) -> int:
    """Write calls, decks, prices, sell and buy as columns to the folder; returns the ranges."""
    assert len(world.prices) < 2**15
    assert len(world.sheets) * DECK_KEY < 2**63
    flat = [flatten(world, sheet) for sheet in world.sheets]
    sells = max(len(flat) // 2, 1)
    dates = np.stack([sheet.date_ms for sheet in world.sheets], 1)
    calls = {
        "number": traffic.digits.astype(np.int64) * 16 + traffic.digit_count,
        "answered_ms": traffic.answered_ms,
        "duration_ms": traffic.duration_ms,
        "sell_deck": traffic.sell_deck.astype(np.int16),
        "buy_deck": traffic.buy_deck.astype(np.int16),
    }
    decks = {f"date_{k}": date for k, date in enumerate(dates)}
    tables: dict[str, Columns] = {
        "calls": calls,
        "decks": {"deck": np.arange(len(flat), dtype=np.int16), **decks},
        "prices": _price_columns(world.prices),
        "sell": _range_columns(flat[:sells], 0),
        "buy": _range_columns(flat[-sells:], len(flat) - sells),
    }
    for name, columns in tables.items():
        write_table(folder, name, columns)
    return sum(len(r.start) for r in flat)
