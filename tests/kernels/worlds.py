"""Random decks and random calls against them, seeded: nested codes, gaps, overlaps, all rules."""

import random
from typing import NamedTuple

from tests.kernels.compiled import Call
from tests.kernels.naive import NANOS, Price, RateRow, Rule

SPAN_MS = 40 * 86_400_000
ROUNDINGS = ("up", "down", "half_up", "half_down", "half_even")
DURATION_MS_MAX = 7 * 86_400_000


class World(NamedTuple):
    """Decks, and calls whose sell and buy point into them."""

    decks: list[list[RateRow]]
    calls: list[Call]


def _rule(draw: random.Random) -> Rule:
    low = draw.choice([0, 0, 0, draw.randrange(5 * NANOS)])
    return Rule(
        duration_rounding=draw.choice(ROUNDINGS),
        grace_rule=draw.choice(["none", "none", "free_if_at_most", "free_if_below", "deduct"]),
        grace_s=draw.choice([0, 1, 3, 6, 60]),
        anchor=draw.choice(["after_initial", "whole_call"]),
        connect_rule=draw.choice(["additive", "minimum"]),
        min_charge=low,
        max_charge=draw.choice([None, None, low + draw.randrange(9_000 * NANOS)]),
        round_mode=draw.choice(ROUNDINGS),
        round_decimals=draw.randrange(10),
        attempt_fee=draw.choice([0, 0, draw.randrange(NANOS)]),
    )


def _price(draw: random.Random) -> Price:
    top = draw.choice([1_000, NANOS // 100, NANOS, 1_000 * NANOS])
    return Price(
        draw.randint(0, top),
        draw.randint(0, top),
        draw.choice([0, 0, draw.randint(0, 10 * top)]),
        draw.choice([1, 1, 6, 30, 60, draw.randint(1, 3_600)]),
        draw.choice([0, 1, 1, 6, 30, 60, draw.randint(0, 3_600)]),
    )


def _codes(draw: random.Random, count: int) -> list[str]:
    codes = ["1", "44"]
    while len(codes) < count:
        stem = draw.choice(codes)
        code = stem + "".join(draw.choices("00159", k=draw.randint(1, 3)))
        codes.append(code[:15] if draw.random() < 0.9 else str(draw.randint(1, 999)))
    return codes


def _deck(draw: random.Random, codes: list[str], rows: int) -> list[RateRow]:
    prices = [_price(draw) for _ in range(20)]
    rules = [_rule(draw) for _ in range(3)]
    deck = []
    for _ in range(rows):
        start = draw.choice([-(2**62), draw.randrange(SPAN_MS)])
        end = draw.choice([2**62, draw.randrange(SPAN_MS)])
        row = RateRow(draw.choice(codes), start, end, draw.choice(prices), draw.choice(rules))
        deck.append(row._replace(blocked=draw.random() < 0.1))
    return deck


def _call(draw: random.Random, decks: list[list[RateRow]]) -> Call:
    sell = draw.randrange(-1, len(decks))
    rows = decks[sell]
    row = draw.choice(rows)
    number = row.code[: draw.choice([15, 15, 15, draw.randint(1, 15)])]
    number += draw.choice(["", "0", "000000", str(draw.randrange(10**6))])
    at_ms = draw.choice([draw.randrange(SPAN_MS), row.from_ms, row.to_ms - 1, row.to_ms])
    duration_ms = draw.choice(
        [
            *(0, draw.randrange(5_000), draw.randrange(300_000)),
            *(draw.randint(0, DURATION_MS_MAX), draw.randrange(300) * 500),
        ]
    )
    buy = draw.randrange(len(decks)) if draw.random() < 0.2 else -1
    prefix = draw.choice(["", "+", "00"])
    return Call(prefix + number, min(max(at_ms, -SPAN_MS), 2 * SPAN_MS), duration_ms, sell, buy)


def random_world(seed: int, decks: int, rows: int, calls: int) -> World:
    """A world of that many decks with that many rows each; the same for the same seed."""
    draw = random.Random(seed)
    codes = _codes(draw, rows)
    made = [_deck(draw, codes, rows) for _ in range(decks)]
    return World(made, [_call(draw, made) for _ in range(calls)])
