"""Who calls where at what price: accounts of three sizes, vendors, destinations with rates."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from deploy.traffic.dialcodes import Kind, dial_codes

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

FIRST_MS: Final = 1_788_739_200_000  # Monday, 2026-09-07 00:00 UTC
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
RETAIL, RESELLER, CARRIER = range(3)
VENDORS: Final = 10
HOMES: Final = (
    *(("US", -6), ("GB", 0), ("DE", 1), ("FR", 1), ("IT", 1)),
    *(("ES", 1), ("PL", 1), ("BR", -3), ("IN", 5), ("AE", 4)),
)
FRAUD_REGIONS: Final = (
    *("SO", "CU", "LV", "GM", "SL", "MV", "LT", "EE", "TN", "GN", "ZW", "BY"),
    *("DZ", "AL", "MK", "YE", "LK"),
)
"""where attackers have numbers to earn from; what a watch thinks of them is not known here"""
CODES_PER_REGION: Final = 3
CHEAP: Final = ("US", "GB", "DE", "FR", "IT", "ES", "PL", "BR", "IN", "CA", "NL", "CN")
_NANOS: Final = 10**9


class Destinations(NamedTuple):
    """Columns over the destinations."""

    name: tuple[str, ...]
    prefix: I64
    digits: I64
    """of a whole number"""
    region: tuple[str, ...]
    mobile: npt.NDArray[np.bool_]
    rate: I64
    """sell rate, nanos a minute"""


class Accounts(NamedTuple):
    """Columns over the accounts."""

    name: tuple[str, ...]
    size: I64
    home: tuple[str, ...]
    offset_h: I64
    calls_per_day: F64
    numbers: I64
    """how many A-numbers"""
    first_number: I64
    absent: F64
    """share of calls without an A-number"""


class World(NamedTuple):
    """The market; taste[account, destination] adds up to 1 per account."""

    destinations: Destinations
    accounts: Accounts
    taste: F64
    vendor_chance: F64
    """[destination, vendor]"""

    def of_region(self, *regions: str) -> I64:
        """Destinations of these countries."""
        return np.flatnonzero([r in regions for r in self.destinations.region])

    def of_size(self, *sizes: int) -> I64:
        """Accounts of these sizes."""
        return np.flatnonzero(np.isin(self.accounts.size, sizes))


def build(seed: int, calls_per_day: float, accounts: tuple[int, int, int] = (120, 24, 6)) -> World:
    """A world with so many retail, reseller and carrier accounts."""
    rng = np.random.default_rng([seed, 1])
    destinations = _destinations(rng)
    owners = _accounts(rng, destinations, calls_per_day, accounts)
    taste = _taste(rng, destinations, owners)
    chance = rng.random((len(destinations.name), VENDORS)) ** 8
    for row in chance:
        row[np.argsort(row)[:-3]] = 0
    return World(destinations, owners, taste, chance / chance.sum(axis=1, keepdims=True))


def numbers_in(rng: np.random.Generator, destinations: Destinations, chosen: I64) -> I64:
    """A random number of each chosen destination."""
    room = 10 ** (
        destinations.digits[chosen]
        - np.floor(np.log10(destinations.prefix[chosen])).astype(int)
        - 1
    )
    found: I64 = destinations.prefix[chosen] * room + rng.integers(0, room)
    return found


def _destinations(rng: np.random.Generator) -> Destinations:
    by_region: dict[str, list[int]] = {}
    codes = dial_codes()
    for i, code in enumerate(codes):
        usable = code.kind is not Kind.SERVICE and code.digits - len(code.prefix) >= 5
        if usable and len(code.prefix) <= 6 and code.prefix != "1":
            by_region.setdefault(code.region, []).append(i)
    chosen = []
    for region in sorted(by_region):
        own = by_region[region]
        kinds = [[i for i in own if (codes[i].kind is Kind.MOBILE) is m] for m in (False, True)]
        chosen += kinds[0][:1] + kinds[1][: CODES_PER_REGION - 1]
    picked = [codes[i] for i in chosen]
    base = {r: float(rng.lognormal(np.log(0.09), 0.6)) for r in sorted(by_region)}
    base |= {r: float(rng.uniform(0.005, 0.02)) for r in CHEAP}
    base |= {r: float(rng.uniform(0.2, 0.6)) for r in FRAUD_REGIONS}
    rate = [base[c.region] * (1.6 if c.kind is Kind.MOBILE else 1.0) for c in picked]
    return Destinations(
        tuple(c.destination for c in picked),
        np.array([int(c.prefix) for c in picked], np.int64),
        np.array([c.digits for c in picked], np.int64),
        tuple(c.region for c in picked),
        np.array([c.kind is Kind.MOBILE for c in picked]),
        (np.array(rate) * 10_000).round().astype(np.int64) * (_NANOS // 10_000),
    )


def _accounts(
    rng: np.random.Generator, where: Destinations, calls_per_day: float, how_many: tuple[int, ...]
) -> Accounts:
    size = np.repeat(np.arange(3), how_many)
    weight = rng.lognormal(0, 0.7, len(size)) * np.array([1.0, 10.0, 80.0])[size]
    home = rng.integers(0, len(HOMES), len(size))
    numbers = np.array([8, 400, 20_000])[size] * rng.integers(1, 4, len(size))
    mobile = [int(np.flatnonzero([r == h for r in where.region])[-1]) for h, _ in HOMES]
    first = numbers_in(rng, where, np.array(mobile)[home]) // 100_000 * 100_000
    absent = np.where(rng.random(len(size)) < 0.05, 0.3, rng.uniform(0, 0.03, len(size)))
    return Accounts(
        tuple(f"{('pbx', 'reseller', 'carrier')[s]}-{i:03d}" for i, s in enumerate(size)),
        size,
        tuple(HOMES[h][0] for h in home),
        np.array([HOMES[h][1] for h in home], np.int64),
        weight / weight.sum() * calls_per_day,
        numbers,
        first,
        absent,
    )


def _taste(rng: np.random.Generator, where: Destinations, accounts: Accounts) -> F64:
    n, count = len(accounts.name), len(where.name)
    base = 1 / (rng.permutation(count) + 3.0) ** 1.1
    base[[r in CHEAP for r in where.region]] *= 6
    base[[r in FRAUD_REGIONS for r in where.region]] *= 0.15
    taste = base * rng.lognormal(0, 1.2, (n, count))
    spread = np.array([25, 90, count])[accounts.size]
    for i in range(n):
        taste[i, [r == accounts.home[i] for r in where.region]] *= 40
        keep = np.argsort(-taste[i])[: spread[i]]
        if accounts.size[i] != RETAIL and rng.random() < 0.3:  # a route to where others cheat
            keep = np.append(keep, rng.choice(np.flatnonzero(base < np.median(base))))
            taste[i, keep[-1]] = taste[i].max() * 0.1
        mask = np.full(count, 0.002 if accounts.size[i] == RETAIL else 0.02)
        mask[keep] = 1
        taste[i] *= mask
    found: F64 = taste / taste.sum(axis=1, keepdims=True)
    return found
