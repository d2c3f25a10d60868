"""Normal business: calls with the shape of days and weeks, people's habits and their dirt."""

from typing import Final, NamedTuple

import numpy as np

from tests.fraud.traffic.world import (
    CARRIER,
    DAY_MS,
    F64,
    FIRST_MS,
    HOUR_MS,
    I64,
    RETAIL,
    World,
    numbers_in,
)

CONTACTS: Final = 80
POPULAR: Final = 150
"""numbers many people call: hotlines, conference bridges, banks"""
CALL_MS_MAX: Final = 4 * HOUR_MS
Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


class Calls(NamedTuple):
    """n calls as columns; accounts, vendors and destinations are indexes of the world."""

    start: I64
    setup: I64
    """ms from INVITE to answer, or to the end of an unanswered call"""
    answered: Bools
    duration: I64
    pdd: I64
    sip: I64
    account: I64
    vendor: I64
    a: I64
    b: I64
    dest: I64
    label: I64
    """0 normal business; > 0 the attack with this number; < 0 a campaign with this number"""


def joined(parts: list[Calls]) -> Calls:
    """All calls in order of their start."""
    every = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(every[0], kind="stable")
    return Calls(*(column[order] for column in every))


def picked(calls: Calls, rows: I64 | Bools) -> Calls:
    """Some of the calls."""
    return Calls(*(column[rows] for column in calls))  # type: ignore[arg-type]


def made(
    rng: np.random.Generator,
    world: World,
    start: I64,
    account: I64 | int,
    dest: I64,
    a: I64,
    b: I64,
    label: int = 0,
    asr: F64 | float = 0.6,
    talk_s: F64 | float = 100.0,
    spread: float = 1.0,
    ring_s: tuple[float, float] = (4.0, 30.0),
) -> Calls:
    """Calls of one kind; what is not said is drawn as people and networks have it.

    talk_s: median of a lognormal with `spread`; ring_s: how long an unanswered one rings.
    """
    n = len(start)
    answered = rng.random(n) < asr
    pdd = np.clip(rng.lognormal(np.log(2_000), 0.5, n), 100, 20_000)
    ringing = np.where(answered, rng.gamma(2.5, 3_000, n), rng.uniform(*ring_s, n) * 1_000)
    code = rng.choice([487, 486, 480, 404, 503], n, p=[0.45, 0.28, 0.15, 0.08, 0.04])
    at_once = ~answered & np.isin(code, (404, 486, 503))
    ringing[at_once] = rng.uniform(50, 900, int(at_once.sum()))
    talk = np.clip(rng.lognormal(np.log(talk_s), spread, n) * 1_000, 400, CALL_MS_MAX)
    chance = np.cumsum(world.vendor_chance[dest], axis=1)
    vendor = (rng.random((n, 1)) > chance).sum(axis=1)
    return Calls(
        start.astype(np.int64),
        (pdd + ringing).astype(np.int64),
        answered,
        np.where(answered, talk, 0).astype(np.int64),
        pdd.astype(np.int64),
        np.where(answered, 200, code).astype(np.int64),
        np.broadcast_to(np.asarray(account, np.int64), n).copy(),
        np.minimum(vendor, world.vendor_chance.shape[1] - 1).astype(np.int64),
        a.astype(np.int64),
        b.astype(np.int64),
        dest.astype(np.int64),
        np.full(n, label, np.int64),
    )


def own_numbers(rng: np.random.Generator, world: World, account: I64) -> I64:
    """A-numbers of accounts: some phones call far more than others."""
    accounts = world.accounts
    nth = (accounts.numbers[account] * rng.random(len(account)) ** 2).astype(np.int64)
    return accounts.first_number[account] + nth * 3


def background(world: World, seed: int, days: int) -> Calls:
    """All calls of normal business from FIRST_MS on."""
    rng = np.random.default_rng([seed, 2])
    accounts = world.accounts
    hours = np.arange(days * 24)
    count = rng.poisson(_demand(rng, world, hours))
    account = np.repeat(np.arange(len(accounts.name)), count.sum(axis=1))
    hour = np.concatenate([np.repeat(hours, row) for row in count])
    start = FIRST_MS + hour * HOUR_MS + rng.integers(0, HOUR_MS, len(hour))
    dest, b = _called(rng, world, account)
    a = own_numbers(rng, world, account)
    a[rng.random(len(a)) < accounts.absent[account]] = 0
    asr = np.random.default_rng([seed, 3]).normal(0.58, 0.08, len(world.destinations.name))
    calls = made(rng, world, start, account, dest, a, b, asr=asr.clip(0.3, 0.8)[dest])
    bridge = (b % 10_000 == 7) & calls.answered
    calls.duration[bridge] = (rng.lognormal(np.log(900), 0.6, int(bridge.sum())) * 1_000).clip(
        60_000, CALL_MS_MAX
    )
    return calls


def _demand(rng: np.random.Generator, world: World, hours: I64) -> F64:
    """[account, hour]: calls to expect."""
    accounts = world.accounts
    local = hours[None, :] + accounts.offset_h[:, None]
    clock, weekend = local % 24, (local // 24 % 7) >= 5
    office = np.exp(-(((clock - 10.5) / 2.6) ** 2)) + np.exp(-(((clock - 15.0) / 2.4) ** 2))
    people = 0.25 + 0.9 * np.exp(-(((clock - 18.5) / 4.5) ** 2)) + 0.3 * office
    shape = np.where(
        accounts.size[:, None] == RETAIL,
        np.where(weekend, 0.06, 1.0) * (office + 0.01),
        np.where(
            accounts.size[:, None] == CARRIER,
            people * np.where(weekend, 0.9, 1.0),
            (0.6 * office + 0.5 * people) * np.where(weekend, 0.5, 1.0),
        ),
    )
    shape /= shape[:, :168].mean(axis=1, keepdims=True) if shape.shape[1] >= 168 else shape.mean()
    noise = rng.lognormal(0, 0.12, shape.shape) * rng.lognormal(0, 0.1, (1, shape.shape[1]))
    found: F64 = shape * noise * accounts.calls_per_day[:, None] / 24
    return found


def _called(rng: np.random.Generator, world: World, account: I64) -> tuple[I64, I64]:
    """Destinations and B-numbers: contacts, popular numbers, strangers."""
    where, n = world.destinations, len(account)
    dest = np.zeros(n, np.int64)
    order = np.argsort(account, kind="stable")
    bounds = np.searchsorted(account[order], np.arange(len(world.accounts.name) + 1))
    for i in range(len(world.accounts.name)):
        own = order[bounds[i] : bounds[i + 1]]
        dest[own] = rng.choice(len(where.name), len(own), p=world.taste[i])
    b = numbers_in(rng, where, dest)
    contact = (rng.random(n) < 0.5) & (world.accounts.size[account] == RETAIL)
    nth = (CONTACTS * rng.random(n) ** 2).astype(np.int64)
    draw = np.random.default_rng(7).integers(0, 10**9, (len(world.accounts.name), CONTACTS))
    pool = draw[account[contact], nth[contact]]
    b[contact] = b[contact] // 1_000 * 1_000 + pool % 1_000
    popular = ~contact & (rng.random(n) < 0.06)
    home = np.array([int(world.of_region(h)[0]) for h in world.accounts.home])
    dest[popular] = home[account[popular]]
    room = where.prefix[dest[popular]] * 10 ** (
        where.digits[dest[popular]] - np.log10(where.prefix[dest[popular]]).astype(int) - 1
    )
    b[popular] = room + (rng.integers(0, POPULAR, int(popular.sum())) ** 2 // POPULAR) * 10_000 + 7
    return dest, b


def days_ms(days: float) -> int:
    """Milliseconds of so many days."""
    return round(days * DAY_MS)
