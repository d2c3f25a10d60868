"""What a price change costs: one deck of many put anew, against compiling all of them."""

from typing import NamedTuple

import numpy as np

from kernels import DeckRates
from kernels.layout import TIME_MAX, TIME_MIN
from tests.bench.kernel_ours import Compiled, timed
from tests.bench.kernel_world import World, deck_rates

NEW_CODES = 500


class Published(NamedTuple):
    """Seconds of Library.put of one deck into a library of all."""

    known_codes_s: float
    new_codes_s: float


def _changed(world: World, compiled: Compiled, seed: int) -> DeckRates:
    """Deck 0, its prices dealt anew."""
    sheet = world.sheets[0]
    price = np.random.default_rng(seed).permuted(sheet.price, axis=1)
    return deck_rates(world, sheet._replace(price=price), compiled.price_class, 0)


def _with_new_codes(world: World, deck: DeckRates, seed: int) -> DeckRates:
    """The deck and some codes that no deck has had: the longest ones with three more digits."""
    rng = np.random.default_rng(seed)
    longest = int(world.length.max())
    stem = rng.choice(world.digits[world.length == longest], NEW_CODES).astype(np.int64)
    digits = np.unique(stem + rng.integers(0, 1_000, NEW_CODES) * 10 ** (12 - longest))
    n = len(digits)
    return DeckRates(
        np.append(deck.digits, digits.astype(np.uint64)),
        np.append(deck.length, np.full(n, longest + 3, np.uint8)),
        np.append(deck.from_ms, np.full(n, TIME_MIN)),
        np.append(deck.to_ms, np.full(n, TIME_MAX)),
        np.append(deck.word, deck.word[:n]),
    )


def publish(world: World, compiled: Compiled, runs: int) -> Published:
    """The best of several runs each; every run brings other prices and other new codes."""
    seeds = iter(range(2 * runs))
    put = compiled.library.put
    known = [_changed(world, compiled, next(seeds)) for _ in range(runs)]
    new = [_with_new_codes(world, deck, next(seeds)) for deck in known]
    todo = iter(known + new)
    seconds = timed(lambda: put({0: next(todo)}), 2 * runs)
    return Published(min(seconds[:runs]), min(seconds[runs:]))
