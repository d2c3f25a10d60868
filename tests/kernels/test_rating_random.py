"""Random calls against random decks: kernels and the exact second opinion must not differ once."""

import numpy as np
import pytest

from kernels import rate
from tests.kernels.compiled import book_of, calls_of
from tests.kernels.naive import NaiveDeck
from tests.kernels.worlds import World, random_world

WORLD_CALLS = 20_000


def differences(world: World) -> tuple[int, list[str]]:
    """(charges that found a rate, calls whose row, billed seconds or nanos differ)."""
    rated = rate(calls_of(world.calls), book_of(world.decks))
    naive = [NaiveDeck(rows) for rows in world.decks]
    starts = np.cumsum([0, *(len(rows) for rows in world.decks)]).tolist()
    found, wrong = 0, []
    for name, side in (("sell", rated.sell), ("buy", rated.buy)):
        columns = (side.rate_row.tolist(), side.billed_s.tolist(), side.nanos.tolist())
        for call, row, billed_s, nanos in zip(world.calls, *columns, strict=True):
            deck = call.sell if name == "sell" else call.buy
            expected = (-1, 0, 0)
            if deck >= 0:
                expected = naive[deck].charge(call.number, call.at_ms, call.duration_ms)
            if expected[0] >= 0:
                expected = (expected[0] + starts[deck], *expected[1:])
                found += 1
            if expected != (row, billed_s, nanos):
                wrong.append(f"{name} of {call}: {(row, billed_s, nanos)} instead of {expected}")
    return found, wrong


def check(seeds: range) -> None:
    for seed in seeds:
        world = random_world(seed, decks=12, rows=400, calls=WORLD_CALLS)
        found, wrong = differences(world)
        assert not wrong, f"{len(wrong)} differences with seed {seed}, such as {wrong[0]}"
        assert found > WORLD_CALLS // 2, "too few calls find a rate to mean anything"


def test_two_hundred_thousand_calls() -> None:
    check(range(10))


@pytest.mark.slow
def test_a_million_calls() -> None:
    check(range(1_000, 1_050))
