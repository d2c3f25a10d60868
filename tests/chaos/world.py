"""The small world of the campaign: who calls where at what price, and what each call must cost.

The price of a call is computed here a second time, by a formula of this file's own, written from
docs/rating.md; nothing of kernels/ or billing.rating is used. Everything follows from a seed.
"""

import json
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from billing.deck import DeckOptions

Ints = npt.NDArray[np.int64]

NANOS: Final = 10**9
MICRO: Final = 1_000
"""Rates and fees are whole micro-units, so that their text is exact."""

PARTITIONS: Final = 6
"""So many that Faust gives a third worker some; each is the partition of one of the customers."""
KNOWN_CUSTOMERS: Final = 8
CUSTOMERS: Final = (*(f"chaos-c{i}" for i in range(KNOWN_CUSTOMERS)), "chaos-x0", "chaos-x1")
"""The last two are in no accounts file."""
VENDORS: Final = tuple(f"chaos-v{i}" for i in range(4))
SELL_DECKS: Final = ("chaos-a", "chaos-b", "chaos-c")
DECKS: Final = (*(("sell", name) for name in SELL_DECKS), *(("buy", name) for name in VENDORS))
DECK_OF_CUSTOMER: Final = np.array([0, 1, 2, 0, 1, 2, 0, 1, 0, 0])
DECK_OF_VENDOR: Final = np.array([3, 4, 5, 6])
CURRENCIES: Final = ("USD", "EUR", "USD", "USD", "EUR", "USD", "EUR")
"""By deck."""
INCREMENTS: Final = np.array([[1, 1], [60, 60], [30, 6], [1, 1], [6, 6], [60, 1], [30, 6]])
"""Seconds by deck: first, next."""

PREFIXES: Final = (
    *("1", "1212", "33", "336", "44", "447", "49", "4915", "52", "55"),
    *("5511", "61", "7", "77", "81", "8190", "86", "91", "9198", "254"),
)
"""Some lie within others. What follows one in a number begins with 0, which continues none."""
NOWHERE: Final = len(PREFIXES)
"""The destination that no deck has."""
NOWHERE_PREFIX: Final = "999"
HEADER: Final = (
    "prefix,destination,first_rate,rate_per_min,connect_fee,first_increment,next_increment\n"
)


class Prices(NamedTuple):
    """Nanos, each [deck, destination]: for a minute of the first increment, of the next, a call."""

    first: Ints
    following: Ints
    connect: Ints


class Version(NamedTuple):
    """The prices of all decks from an instant on."""

    valid_from_ms: int
    prices: Prices


def draw_prices(seed: int, number: int) -> Prices:
    """The prices of version `number`."""
    rng = np.random.default_rng([seed, 17, number])
    shape = (len(DECKS), len(PREFIXES))
    following = rng.integers(1_000, 900_000, shape) * MICRO
    first = np.where(
        rng.random(shape) < 0.3, rng.integers(1_000, 900_000, shape) * MICRO, following
    )
    connect = np.where(rng.random(shape) < 0.3, rng.integers(0, 50_000, shape) * MICRO, 0)
    return Prices(first, following, connect)


def price(
    versions: list[Version], deck: Ints, destination: Ints, answered_ms: Ints, duration_ms: Ints
) -> tuple[Ints, Ints]:
    """(billed seconds, nanos) of n legs, exact.

    Whole seconds, up; the first increment, then whole next ones; one rounding at the end, half up.
    versions: in order of their dates. Calls to NOWHERE cost nothing.
    """
    starts = np.array([version.valid_from_ms for version in versions])
    number = np.searchsorted(starts, answered_ms, side="right") - 1
    assert (number >= 0).all(), "a call before every version"
    where = np.minimum(destination, NOWHERE - 1)
    first, following, connect = (
        np.stack([getattr(v.prices, name) for v in versions])[number, deck, where]
        for name in Prices._fields
    )
    first_s, next_s = INCREMENTS[deck, 0], INCREMENTS[deck, 1]
    seconds = -(-duration_ms // 1_000)
    blocks = -(-np.maximum(seconds - first_s, 0) // next_s)
    billed_s = first_s + blocks * next_s
    sixtieths = first_s * first + blocks * next_s * following + 60 * connect
    counts = (duration_ms > 0) & (destination != NOWHERE)
    return np.where(counts, billed_s, 0), np.where(counts, (sixtieths + 30) // 60, 0)


def accounts_toml() -> str:
    """The accounts file."""
    tables = []
    for i in range(KNOWN_CUSTOMERS):
        deck = DECK_OF_CUSTOMER[i]
        tables.append(_account("customers", CUSTOMERS[i], "sell_deck", deck))
    for i, name in enumerate(VENDORS):
        tables.append(_account("vendors", name, "buy_deck", DECK_OF_VENDOR[i]))
    return "\n".join(tables)


def _account(table: str, name: str, key: str, deck: int) -> str:
    named = f'{key} = "{DECKS[deck][1]}"\ncurrency = "{CURRENCIES[deck]}"'
    return f"[{table}.{name}]\n{named}\n"


def options(deck: int) -> DeckOptions:
    """The terms a deck is loaded under."""
    return DeckOptions(currency=CURRENCIES[deck])


def deck_csv(prices: Prices, deck: int) -> str:
    """One deck of a version as an operator's file."""
    lines = [HEADER]
    first_s, next_s = INCREMENTS[deck]
    for i, prefix in enumerate(PREFIXES):
        amounts = ",".join(
            f"{nanos // NANOS}.{nanos % NANOS:09d}"
            for nanos in (int(column[deck, i]) for column in prices)
        )
        lines.append(f"{prefix},to {prefix},{amounts},{first_s},{next_s}\n")
    return "".join(lines)


def save(versions: list[Version], path: Path) -> None:
    """Write the versions, for whoever holds the books against them."""
    parts = [[v.valid_from_ms, *(column.tolist() for column in v.prices)] for v in versions]
    path.write_text(json.dumps(parts))


def load(path: Path) -> list[Version]:
    """The versions of `save`."""
    return [
        Version(start, Prices(*(np.array(column) for column in columns)))
        for start, *columns in json.loads(path.read_text())
    ]
