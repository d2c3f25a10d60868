"""Attacks: each a function that draws one instance. They know the market, and no detector.

FOR_TUNING are the families that rules may be tuned on, with seeds below TEST_SEED; FOR_TEST_ONLY
are not looked at while tuning, and all figures come from seeds from TEST_SEED on.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from tests.fraud.traffic.background import Calls, made, own_numbers
from tests.fraud.traffic.world import (
    CARRIER,
    DAY_MS,
    FRAUD_REGIONS,
    HOUR_MS,
    I64,
    RESELLER,
    RETAIL,
    World,
    numbers_in,
)

TEST_SEED: Final = 1_000


class Attack(NamedTuple):
    """One instance: whose calls, since when, what it is."""

    number: int
    family: str
    account: int
    start_ms: int
    until_ms: int
    vendor: int = -1


Draw = Callable[[np.random.Generator, World, int, int, int], Calls]
"""rng, world, account, start, label -> calls"""


def _ranges(rng: np.random.Generator, world: World, how_many: int) -> list[tuple[int, int]]:
    """(destination, first number of a block of 10,000) of shared-revenue numbers."""
    dests = rng.choice(world.of_region(*FRAUD_REGIONS), how_many)
    first = numbers_in(rng, world.destinations, dests) // 10_000 * 10_000
    return list(zip(dests.tolist(), first.tolist(), strict=True))


def _in_ranges(
    rng: np.random.Generator, found: list[tuple[int, int]], n: int, width: int
) -> tuple[I64, I64]:
    which = rng.integers(0, len(found), n)
    dest, first = (np.array(column, np.int64)[which] for column in zip(*found, strict=True))
    if rng.random() < 0.4:  # one number after the other
        return dest, first + np.arange(n) % width
    return dest, first + rng.integers(0, width, n)


def _paced(rng: np.random.Generator, start: int, per_s: float, n: int) -> I64:
    return start + np.cumsum(rng.exponential(1_000 / per_s, n)).astype(np.int64)


def irsf_fast(
    rng: np.random.Generator, world: World, account: int, start: int, label: int
) -> Calls:
    """A burst of hours to a few ranges."""
    rate, hours = rng.uniform(0.1, 1.2), rng.uniform(1, 6)
    n = min(6_000, int(rate * hours * 3_600))
    found = _ranges(rng, world, int(rng.integers(1, 4)))
    dest, b = _in_ranges(rng, found, n, int(rng.choice([20, 300, 3_000])))
    at = _paced(rng, start, rate, n)
    a = own_numbers(rng, world, np.full(n, account))
    asr, talk = rng.uniform(0.7, 0.97), rng.uniform(180, 1_200)
    return made(rng, world, at, account, dest, a, b, label, asr, talk, 0.4)


def hacked_pbx(
    rng: np.random.Generator, world: World, account: int, start: int, label: int
) -> Calls:
    """A night as published: a call every 2.67 s, hundreds at once, calls of one to four hours."""
    hours = rng.uniform(8, 14)
    n = min(5_000, int(hours * 3_600 / 2.67))
    dest, b = _in_ranges(rng, _ranges(rng, world, 2), n, 1_000)
    at = _paced(rng, start, 1 / 2.67, n)
    a = np.full(n, own_numbers(rng, world, np.array([account]))[0])
    return made(rng, world, at, account, dest, a, b, label, 0.3, 6_000.0, 0.35)


def irsf_slow(
    rng: np.random.Generator, world: World, account: int, start: int, label: int
) -> Calls:
    """A few calls an hour, for days, round the clock."""
    days, per_hour = rng.uniform(2, 4), rng.uniform(3, 9)
    n = int(days * 24 * per_hour)
    dest, b = _in_ranges(rng, _ranges(rng, world, int(rng.integers(2, 5))), n, 400)
    at = _paced(rng, start, per_hour / 3_600, n)
    a = own_numbers(rng, world, np.full(n, account))
    talk = rng.uniform(200, 900)
    return made(rng, world, at, account, dest, a, b, label, 0.8, talk, 0.5)


def wangiri(rng: np.random.Generator, world: World, account: int, start: int, label: int) -> Calls:
    """Many numbers of one country are rung for a moment, from a costly block."""
    rate, hours = rng.uniform(0.2, 2.5), rng.uniform(0.4, 2.5)
    n = min(5_000, int(rate * hours * 3_600))
    victims = world.of_region(str(rng.choice(["US", "GB", "DE", "FR", "IT", "ES", "PL"])))
    dest = rng.choice(victims, n)
    b = numbers_in(rng, world.destinations, dest)
    a = _ranges(rng, world, 1)[0][1] + rng.integers(0, int(rng.choice([1, 10, 60])), n)
    at = _paced(rng, start, rate, n)
    calls = made(rng, world, at, account, dest, a, b, label, 0.006, 5.0, 0.5, (0.5, 3.5))
    live = rng.random(n) < 0.93
    sip = np.where(live & ~calls.answered, 487, calls.sip)
    return calls._replace(sip=sip)


def pumping(rng: np.random.Generator, world: World, account: int, start: int, label: int) -> Calls:
    """Long calls to a handful of numbers of one block, more every hour for days."""
    dear = np.flatnonzero((world.destinations.rate > 2e7) & (world.destinations.rate < 1.5e8))
    dest = int(rng.choice(dear))
    first = numbers_in(rng, world.destinations, np.array([dest]))[0] // 10_000 * 10_000
    days, growth = rng.uniform(2.5, 4), rng.uniform(1.02, 1.05)
    per_hour = rng.uniform(3, 10) * growth ** np.arange(int(days * 24))
    count = rng.poisson(np.minimum(per_hour, 120))
    at = np.repeat(np.arange(len(count)), count) * HOUR_MS + start
    at = np.sort(at + rng.integers(0, HOUR_MS, len(at)))
    n = len(at)
    b = first + rng.integers(0, int(rng.integers(3, 30)), n) * 37
    a = own_numbers(rng, world, np.full(n, account))
    talk = rng.uniform(500, 1_500)
    return made(rng, world, at, account, np.full(n, dest), a, b, label, 0.85, talk, 0.6)


def simbox(rng: np.random.Generator, world: World, account: int, start: int, label: int) -> Calls:
    """A gateway: lines that call number after number, day and night, in their own country."""
    lines, days = int(rng.integers(4, 14)), rng.uniform(2, 3.5)
    home = world.of_region(world.accounts.home[account])
    mobile = home[world.destinations.mobile[home]]
    dest_of = mobile if len(mobile) else home
    parts = []
    for a in numbers_in(rng, world.destinations, rng.choice(dest_of, lines)):
        n = int(days * 24 * rng.uniform(6, 14))
        gap = rng.exponential(days * DAY_MS / n * 0.7, n) + 110_000
        at = start + np.cumsum(gap).astype(np.int64)
        at = at[(at - start < days * DAY_MS) & (at // HOUR_MS % 24 != 3)]
        dest = rng.choice(dest_of, len(at))
        b = numbers_in(rng, world.destinations, dest)
        column = np.full(len(at), a)
        parts.append(made(rng, world, at, account, dest, column, b, label, 0.6, 60.0, 0.5))
    return Calls(*(np.concatenate(c) for c in zip(*parts, strict=True)))


def spoofing(rng: np.random.Generator, world: World, account: int, start: int, label: int) -> Calls:
    """Robocalls that show a neighbour of the called number, or nothing that is a number."""
    rate, hours = rng.uniform(0.2, 1.5), rng.uniform(0.5, 2.5)
    n = min(4_000, int(rate * hours * 3_600))
    dest = rng.choice(world.of_region(world.accounts.home[account]), n)
    b = numbers_in(rng, world.destinations, dest)
    near = b // 10_000 * 10_000 + rng.integers(0, 10_000, n)
    a = near if rng.random() < 0.7 else np.where(rng.random(n) < 0.8, 0, b)
    at = _paced(rng, start, rate, n)
    return made(rng, world, at, account, dest, a, b, label, 0.25, 15.0, 0.6)


def callback(rng: np.random.Generator, world: World, account: int, start: int, label: int) -> Calls:
    """The account's own subscribers are rung for a moment, and some call back."""
    n = int(rng.integers(1_200, 3_000))
    dest, bait = _ranges(rng, world, 1)[0]
    victims = own_numbers(rng, world, np.full(n, account)) + rng.integers(0, 3, n)
    home = np.full(n, world.of_region(world.accounts.home[account])[0])
    at = _paced(rng, start, rng.uniform(0.3, 1.5), n)
    lures = bait + rng.integers(0, 30, n)
    rings = made(rng, world, at, account, home, lures, victims, label, 0.004, 5.0, 0.5, (0.5, 3))
    rings = rings._replace(sip=np.where(rings.answered, 200, 487))
    back = np.flatnonzero(rng.random(n) < rng.uniform(0.04, 0.1))
    later = at[back] + rng.exponential(1.5 * HOUR_MS, len(back)).astype(np.int64) + 60_000
    toll = np.full(len(back), dest)
    calls = made(
        rng, world, later, account, toll, victims[back], lures[back], label, 0.9, 100.0, 0.7
    )
    return Calls(*(np.concatenate(c) for c in zip(rings, calls, strict=True)))


def aware(money_per_day_nanos: int) -> Draw:
    """An attacker who knows the default thresholds, and spends so much a day in calls of two
    minutes, spread over hours, ranges and A-numbers."""

    def draw(rng: np.random.Generator, world: World, account: int, start: int, label: int) -> Calls:
        days = 4
        found = _ranges(rng, world, 12)
        mean = np.mean([world.destinations.rate[dest] for dest, _ in found]) * 2
        n = max(days * 9, int(days * money_per_day_nanos / mean))
        dest, b = _in_ranges(rng, found, n, 5_000)
        at = start + np.sort(rng.integers(0, days * DAY_MS, n))
        a = own_numbers(rng, world, np.full(n, account))
        return made(rng, world, at, account, dest, a, b, label, 0.98, 118.0, 0.02)

    return draw


FOR_TUNING: Final[dict[str, Draw]] = {
    "irsf_fast": irsf_fast,
    "wangiri": wangiri,
    "pumping": pumping,
    "simbox": simbox,
}
FOR_TEST_ONLY: Final[dict[str, Draw]] = {
    "hacked_pbx": hacked_pbx,
    "irsf_slow": irsf_slow,
    "spoofing": spoofing,
    "callback": callback,
}
SIZES: Final[dict[str, tuple[int, ...]]] = {
    "irsf_fast": (RETAIL, RETAIL, RESELLER, CARRIER),
    "hacked_pbx": (RETAIL,),
    "irsf_slow": (RETAIL, RESELLER),
    "aware": (RETAIL, RESELLER),
    "wangiri": (RETAIL, RESELLER, CARRIER),
    "pumping": (RESELLER, CARRIER),
    "simbox": (RETAIL, RESELLER),
    "spoofing": (RETAIL, RESELLER),
    "callback": (CARRIER, RESELLER),
}
BURSTS: Final = ("irsf_fast", "hacked_pbx", "wangiri", "spoofing", "callback")
SLOW: Final = ("irsf_slow", "pumping", "simbox", "fas")
