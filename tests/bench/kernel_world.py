"""A made-up month of wholesale traffic and the decks it is rated by, the same for the same seed.

Codes: a union of nested codes of 1 to 12 digits below 250 stems. Every deck has all of those of up
to 4 digits, so that most calls find a rate, and a random choice of the longer ones.
Versions: a deck takes effect anew on a few dates within the month; every code has a version from
always on and each later one from one of those dates. One code in twenty has a gap before its second
version: in it the next shorter code applies, or none.
Traffic: in order of time; the destination is a code of the union by Zipf's law with exponent 1 (the
first of 300,000 codes has 5 % of the calls, the first hundred have 37 %), uniform where asked for;
customers and vendors are uniform, which is harder on caches than real life; 45 % are not answered,
the others last 180 s on average, exponentially.
"""

from typing import NamedTuple

import numpy as np

from kernels import Calls, DeckRates, Leg, Nodes, Numbers
from kernels.layout import (
    ADDITIVE,
    AFTER_INITIAL,
    DOWN,
    HALF_EVEN,
    HALF_UP,
    I32,
    I64,
    MAX_CHARGE_NONE,
    MINIMUM,
    TIME_MAX,
    TIME_MIN,
    U8,
    U64,
    UP,
    WHOLE_CALL,
)

HOUR_MS = 3_600_000
BEGIN_MS = 1_793_491_200_000
WINDOW_MS = (BEGIN_MS, BEGIN_MS + 28 * 24 * HOUR_MS)
DATES_PER_VERSION = 4
LENGTHS = (0.001, 0.004, 0.02, 0.08, 0.18, 0.24, 0.22, 0.14, 0.07, 0.03, 0.01, 0.005)
"""share of codes by their number of digits, before those drawn twice are dropped"""
INCREMENTS = ((1, 1), (60, 60), (30, 6), (60, 1), (6, 6))
GAP_SHARE = 0.05
UNANSWERED_SHARE = 0.45
MEAN_MS = 180_000

RULES: I64 = np.array(
    [
        # duration rounding, free below, deduct, anchor, connect rule, min, max, mode, unit, attempt
        (UP, 0, 0, AFTER_INITIAL, ADDITIVE, 0, MAX_CHARGE_NONE, HALF_UP, 1, 0),
        (UP, 0, 0, AFTER_INITIAL, ADDITIVE, 0, MAX_CHARGE_NONE, UP, 100_000, 0),
        (HALF_UP, 3, 0, WHOLE_CALL, ADDITIVE, 0, MAX_CHARGE_NONE, HALF_EVEN, 1_000, 0),
        (DOWN, 0, 0, AFTER_INITIAL, MINIMUM, 2_000_000, MAX_CHARGE_NONE, DOWN, 10_000, 0),
        (UP, 6, 0, WHOLE_CALL, MINIMUM, 0, MAX_CHARGE_NONE, HALF_UP, 1_000_000, 0),
    ],
    np.int64,
)


class Size(NamedTuple):
    """How large a world is; half of the decks sell, half buy (one deck does both)."""

    decks: int = 200
    codes: int = 50_000
    """of a deck"""
    union: int = 300_000
    versions: int = 2
    prices: int = 4_000
    seed: int = 1


class Sheet(NamedTuple):
    """One deck: its codes, as places in the union, and the price of every version of each."""

    code: I32
    date_ms: I64
    """when it takes effect anew, rising; step k is from date k - 1 (or always) until date k"""
    from_step: I32
    """shape (versions, codes); a later version replaces an earlier one"""
    to_step: I32
    """shape (versions, codes): the step it ends before; steps + 1 = never"""
    price: I32
    """shape (versions, codes): row of World.prices"""


class World(NamedTuple):
    """All decks and what they share."""

    digits: U64
    """the union of dial codes, padded to 15 digits, in the order of (digits, length)"""
    length: U8
    popularity: I32
    """places of the union, the most called first"""
    prices: I64
    """rows of `Book.prices`, distinct, their rules being rows of RULES"""
    sheets: list[Sheet]


class Traffic(NamedTuple):
    """n calls as columns."""

    digits: U64
    digit_count: U8
    answered_ms: I64
    duration_ms: I32
    sell_deck: I32
    buy_deck: I32


def _union(rng: np.random.Generator, size: int) -> tuple[U64, U8]:
    stems = rng.permutation(np.arange(100, 1_000))[:250]
    draws = 3 * size
    length = rng.choice(np.arange(1, 13), draws, p=np.array(LENGTHS))
    stem = stems[(rng.zipf(1.3, draws) - 1) % len(stems)]
    digits = stem * 10**9 + rng.integers(0, 10**9, draws)
    digits = digits // 10 ** (12 - length) * 10 ** (15 - length)
    key = rng.permutation(np.unique(digits * 16 + length))[:size].astype(np.uint64)
    key.sort()
    return key // np.uint64(16), (key % np.uint64(16)).astype(np.uint8)


def _prices(rng: np.random.Generator, count: int) -> I64:
    following = rng.integers(1, 5_000, count) * 100_000
    first = np.where(rng.random(count) < 0.1, 2 * following, following)
    connect = np.where(rng.random(count) < 0.1, rng.integers(1, 50, count) * 1_000_000, 0)
    step = np.array(INCREMENTS)[rng.integers(0, len(INCREMENTS), count)]
    rule = rng.integers(0, len(RULES), count)
    packed = step[:, 0] | step[:, 1] << 16 | rule << 32
    rows: I64 = np.unique(np.stack([first, following, connect, packed], 1), axis=0)
    return rng.permutation(rows)


def _sheet(rng: np.random.Generator, size: Size, length: U8, prices: int) -> Sheet:
    short, long = np.flatnonzero(length <= 4), np.flatnonzero(length > 4)
    more = min(max(size.codes - len(short), 0), len(long))
    code = np.concatenate([short, rng.choice(long, more, replace=False)])
    code.sort()
    n, steps = len(code), DATES_PER_VERSION * (size.versions - 1)
    days = rng.choice(np.arange(1, 28 * 24), steps, replace=False)
    days.sort()
    gap = (rng.random(n) < GAP_SHARE) & (size.versions > 1)
    begin = np.zeros((size.versions, n), np.int32)
    end = np.full((size.versions, n), steps + 1, np.int32)
    for version in range(1, size.versions):
        first = DATES_PER_VERSION * (version - 1) + 1
        after_gap = gap & (version == 1)
        begin[version] = first + rng.integers(after_gap, DATES_PER_VERSION)
        end[version - 1] = np.where(after_gap, first, end[version - 1])
    return Sheet(
        code.astype(np.int32),
        BEGIN_MS + days * HOUR_MS,
        begin,
        end,
        rng.integers(0, prices, (size.versions, n), np.int32),
    )


def make_world(size: Size) -> World:
    """Decks of that size."""
    rng = np.random.default_rng(size.seed)
    digits, length = _union(rng, size.union)
    prices = _prices(rng, size.prices)
    sheets = [_sheet(rng, size, length, len(prices)) for _ in range(size.decks)]
    popularity = rng.permutation(len(digits)).astype(np.int32)
    return World(digits, length, popularity, prices, sheets)


def deck_rates(world: World, sheet: Sheet, price_class: I64, first_row: int) -> DeckRates:
    """A deck as the kernels want it: versions as published, rate rows counted from first_row."""
    versions = len(sheet.price)
    begin_ms = np.concatenate([[TIME_MIN], sheet.date_ms])
    end_ms = np.concatenate([[TIME_MIN], sheet.date_ms, [TIME_MAX]])
    row = np.arange(first_row, first_row + sheet.price.size)
    return DeckRates(
        np.tile(world.digits[sheet.code], versions),
        np.tile(world.length[sheet.code], versions),
        begin_ms[sheet.from_step.ravel()],
        end_ms[sheet.to_step.ravel()],
        price_class[sheet.price.ravel()] << 32 | row,
    )


def make_traffic(world: World, n: int, seed: int, uniform: bool = False) -> Traffic:
    """n calls of the month, in the order of time."""
    rng = np.random.default_rng((seed, n))
    codes, decks = len(world.digits), len(world.sheets)
    if uniform:
        at = rng.integers(0, codes, n)
    else:
        rank = ((codes + 1) ** rng.random(n)).astype(np.int64) - 1
        at = world.popularity[np.minimum(rank, codes - 1)].astype(np.int64)
    code, length = world.digits[at].astype(np.int64), world.length[at].astype(np.int64)
    count = np.maximum(rng.integers(10, 14, n), length)
    digits = code + rng.integers(0, 10**15, n) % 10 ** (15 - length)
    unit = 10 ** (15 - count)
    lasted = rng.exponential(MEAN_MS, n).astype(np.int32) + 1
    sells = max(decks // 2, 1)
    return Traffic(
        (digits // unit * unit).astype(np.uint64),
        count.astype(np.uint8),
        np.sort(rng.integers(*WINDOW_MS, n)),
        np.where(rng.random(n) < UNANSWERED_SHARE, 0, lasted).astype(np.int32),
        rng.integers(0, sells, n, np.int32),
        rng.integers(decks - sells, decks, n, np.int32),
    )


def as_calls(traffic: Traffic, known: Nodes | None = None) -> Calls:
    """The batch for the kernels; known: nodes instead of numbers."""
    no_fx = np.empty(0, np.int32)
    return Calls(
        known or Numbers(traffic.digits, traffic.digit_count),
        traffic.answered_ms,
        traffic.duration_ms,
        Leg(traffic.sell_deck, no_fx),
        Leg(traffic.buy_deck, no_fx),
    )
