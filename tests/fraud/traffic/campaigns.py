"""What is honest and looks like fraud: campaigns, televotes, a new line of business. And FAS, which
is fraud on honest calls."""

from typing import Final

import numpy as np

from tests.fraud.traffic.background import Calls, joined, made
from tests.fraud.traffic.world import (
    CHEAP,
    DAY_MS,
    FRAUD_REGIONS,
    HOUR_MS,
    World,
    numbers_in,
)

NAMES: Final = {-1: "sales campaign", -2: "televote", -3: "new business"}


def sales(rng: np.random.Generator, world: World, account: int, start: int) -> Calls:
    """A contact centre dials many numbers in working hours for three days, far beyond its usual."""
    accounts = world.accounts
    n = int(accounts.calls_per_day[account] * rng.uniform(6, 20))
    day, hour = rng.integers(0, 3, n), rng.uniform(9, 17.5, n) - accounts.offset_h[account]
    at = start // DAY_MS * DAY_MS + day * DAY_MS + (hour * HOUR_MS).astype(np.int64)
    dest = rng.choice(world.of_region(accounts.home[account]), n)
    b = numbers_in(rng, world.destinations, dest)
    a = np.full(n, accounts.first_number[account] + 1)
    return made(rng, world, at, account, dest, a, b, -1, 0.35, 70.0, 0.9, (12.0, 28.0))


def televote(rng: np.random.Generator, world: World, start: int, calls: int) -> Calls:
    """Many people of all accounts of a country call one number within two hours."""
    home = str(rng.choice(["GB", "DE", "IT"]))
    own = np.flatnonzero([h == home for h in world.accounts.home])
    chance = world.accounts.calls_per_day[own]
    account = rng.choice(own, calls, p=chance / chance.sum())
    at = start + (rng.beta(2, 2, calls) * 2 * HOUR_MS).astype(np.int64)
    dest = np.full(calls, world.of_region(home)[0])
    b = np.full(calls, numbers_in(rng, world.destinations, dest[:1])[0])
    nth = rng.integers(0, 10**6, calls) % world.accounts.numbers[account]
    a = world.accounts.first_number[account] + nth * 3
    return made(rng, world, at, account, dest, a, b, -2, 0.97, 25.0, 0.3)


def new_business(rng: np.random.Generator, world: World, account: int, start: int) -> Calls:
    """A carrier begins to send ordinary traffic to a country it did not send to before."""
    plain = [r not in (*CHEAP, *FRAUD_REGIONS) for r in world.destinations.region]
    known = world.taste[account] > np.median(world.taste[account])
    region = world.destinations.region[int(rng.choice(np.flatnonzero(plain & ~known)))]
    n = int(world.accounts.calls_per_day[account] * 0.05)
    at = start + rng.integers(0, 4 * DAY_MS, n)
    dest = rng.choice(world.of_region(region), n)
    b = numbers_in(rng, world.destinations, dest)
    a = world.accounts.first_number[account] + rng.integers(0, 5_000, n) * 3
    return made(rng, world, np.sort(at), account, dest, a, b, -3)


def false_answers(
    rng: np.random.Generator, calls: Calls, start: int, until: int, label: int, busiest: int
) -> tuple[Calls, int]:
    """Calls of one vendor's route to one destination, most of the unanswered ones answered by the
    vendor at once and cut after seconds. busiest: how far down the list of destinations.

    Gives the calls and the vendor; what is changed carries the label.
    """
    within = (calls.start >= start) & (calls.start < until) & (calls.label == 0)
    route = calls.vendor * 10_000 + calls.dest
    values, counts = np.unique(route[within], return_counts=True)
    ranked = values[np.argsort(-counts)]
    _, first = np.unique(ranked % 10_000, return_index=True)
    chosen = ranked[np.sort(first)[busiest]]
    hit = within & (route == chosen) & ~calls.answered & (rng.random(len(route)) < 0.85)
    n = int(hit.sum())
    columns = calls._asdict()
    for name in columns:
        columns[name] = columns[name].copy()
    columns["answered"][hit] = True
    columns["duration"][hit] = rng.uniform(1_500, 9_000, n).astype(np.int64)
    columns["pdd"][hit] = rng.normal(1_400, 60, n).astype(np.int64)
    columns["setup"][hit] = columns["pdd"][hit] + rng.normal(900, 60, n).astype(np.int64)
    columns["sip"][hit] = 200
    columns["label"][hit] = label
    taken = within & (route == chosen) & calls.answered
    columns["setup"][taken] = columns["pdd"][taken] + rng.normal(900, 60, int(taken.sum())).astype(
        np.int64
    )
    return joined([Calls(**columns)]), int(chosen) // 10_000
