"""Weeks of labelled traffic: normal business, campaigns, attacks in the days after the learning."""

from typing import Final, NamedTuple

import numpy as np

from tests.fraud.traffic import campaigns
from tests.fraud.traffic.attacks import SIZES, Attack, Draw
from tests.fraud.traffic.background import Calls, background, days_ms, joined, picked
from tests.fraud.traffic.world import (
    CARRIER,
    DAY_MS,
    FIRST_MS,
    HOUR_MS,
    RESELLER,
    RETAIL,
    World,
    build,
)

MARGIN_DAYS: Final = 2.0
"""no attack begins so near to the end"""
FAS_DAYS: Final = 1.5


class Scenario(NamedTuple):
    """What was drawn; `calls` in order of start. Judged from `judged_ms` on."""

    world: World
    calls: Calls
    attacks: tuple[Attack, ...]
    learning_days: int
    days: int

    @property
    def judged_ms(self) -> int:
        """When the learning days are over."""
        return FIRST_MS + self.learning_days * DAY_MS

    @property
    def sell_nanos(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """What each call is charged, by the second."""
        rate = self.world.destinations.rate[self.calls.dest]
        found: np.ndarray[tuple[int, ...], np.dtype[np.int64]] = (
            rate * -(-self.calls.duration // 1_000) // 60
        )
        return found


def draw(
    seed: int,
    calls: int,
    families: dict[str, Draw],
    each: int,
    fas: int = 0,
    days: int = 14,
    learning_days: int = 8,
    accounts: tuple[int, int, int] = (120, 24, 6),
    attack_calls_max: int = 10_000,
) -> Scenario:
    """About so many calls of normal business, `each` attacks of each family, `fas` of FAS."""
    rng = np.random.default_rng([seed, 4])
    world = build(seed, calls / days, accounts)
    parts = [background(world, seed, days)]
    attacks: list[Attack] = []
    free = {size: rng.permutation(world.of_size(size)).tolist() for size in range(3)}
    for campaign in _campaigns(rng, world, free, learning_days):
        parts.append(campaign)
    last = days - MARGIN_DAYS
    for family, attack in families.items():
        for i in range(each):
            sizes = [s for s in SIZES[family] if free[s]]
            if not sizes:
                continue
            account = free[sizes[i % len(sizes)]].pop()
            start = FIRST_MS + days_ms(rng.uniform(learning_days, last))
            if family in ("irsf_fast", "hacked_pbx"):  # at night
                start = start // DAY_MS * DAY_MS + int(rng.integers(0, 5 * HOUR_MS))
                start = max(start, FIRST_MS + learning_days * DAY_MS)
            number = len(attacks) + 1
            own = attack(rng, world, account, start, number)
            own = picked(own, np.argsort(own.start, kind="stable")[:attack_calls_max])
            own = picked(own, own.start < FIRST_MS + days * DAY_MS)
            parts.append(own)
            until = int((own.start + own.setup + own.duration).max())
            attacks.append(Attack(number, family, account, int(own.start.min()), until))
    every = joined(parts)
    for i in range(fas):
        start = FIRST_MS + days_ms(rng.uniform(learning_days, last))
        until, number = start + days_ms(FAS_DAYS), len(attacks) + 1
        every, vendor = campaigns.false_answers(rng, every, start, until, number, 2 * i)
        attacks.append(Attack(number, "fas", -1, start, until, vendor))
    return Scenario(world, every, tuple(attacks), learning_days, days)


def _campaigns(
    rng: np.random.Generator, world: World, free: dict[int, list[int]], first_day: int
) -> list[Calls]:
    start = FIRST_MS + first_day * DAY_MS
    found = [
        campaigns.sales(rng, world, free[size].pop(), start + i * DAY_MS)
        for i, size in enumerate((RETAIL, RETAIL, RESELLER))
        if free[size]
    ]
    found.append(campaigns.televote(rng, world, start + 2 * DAY_MS + 18 * HOUR_MS, 2_000))
    if free[CARRIER]:
        found.append(campaigns.new_business(rng, world, free[CARRIER][0], start + DAY_MS))
    return found
