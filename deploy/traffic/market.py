"""Who calls where, through whom and when: lookup tables built once from the decks.

Each table answers one random draw by one gather, so a call costs a few reads. Destinations follow
a Zipf law over countries, bent to each customer's routes; vendors are chosen among those whose
deck covers the code, the cheap ones mostly.
"""

from collections import defaultdict
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deploy.traffic.decks import BIG, SeedDeck, seed_decks
from deploy.traffic.dialcodes import DialCode, Kind, calling_code, dial_codes
from deploy.traffic.digits import NumberPlan, plan_of
from deploy.traffic.parties import CUSTOMERS, VENDORS, Customer

UNASSIGNED = ("999", 12)  # a country code that nobody has: no deck can have it
CODE_SLOTS = 1 << 16
HOME_SLOTS = 1 << 10
VENDOR_SLOTS = 1 << 5
VENDOR_CHANCES = (0.5, 0.25, 0.15, 0.1)  # cheapest first
ZIPF = 1.1
ROUTE_BOOST = 6.0
MOBILE_BOOST = 2.0
ANSWER_MEAN, ANSWER_SPREAD = 0.55, 0.09
ANSWER_RANGE = (0.25, 0.80)
DAY_MS = 86_400_000
BUSY_HOUR = 16  # local time; the night is twelve hours away
BUSY_TO_NIGHT = 3.0


class Market(NamedTuple):
    """The tables. Code number `unassigned` is the one past the dial codes."""

    plan: NumberPlan
    unassigned: int
    code: npt.NDArray[np.uint16]  # [customer, slot] -> code
    home: npt.NDArray[np.uint16]  # [customer, slot] -> code of the caller
    vendor: npt.NDArray[np.uint8]  # [code, slot] -> vendor
    answer: npt.NDArray[np.float32]  # [code] -> share of calls answered


@cache
def market_of(deck_seed: int) -> Market:
    """The market of `seed_decks(deck_seed)`; kept, for it takes about a second to build."""
    return build_market(deck_seed, seed_decks(deck_seed))


def build_market(seed: int, decks: list[SeedDeck]) -> Market:
    """Tables for these decks."""
    codes = dial_codes()
    rng = np.random.default_rng([seed, 2])
    chance = _chance_in_country(rng, codes)
    answer = rng.normal(ANSWER_MEAN, ANSWER_SPREAD, len(codes) + 1).clip(*ANSWER_RANGE)
    return Market(
        plan=plan_of(codes, UNASSIGNED),
        unassigned=len(codes),
        code=np.stack([_code_slots(rng, codes, chance, c) for c in CUSTOMERS]),
        home=np.stack([_home_slots(rng, codes, chance, c) for c in CUSTOMERS]),
        vendor=_vendor_slots(codes, decks),
        answer=answer.astype(np.float32),
    )


def demand(at_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """[time, customer]: how busy each customer is; over a day they add up to their shares."""
    offset_h = np.array([c.utc_offset_h for c in CUSTOMERS])
    hour = (at_ms[:, None] / 3_600_000 + offset_h) % 24
    mean = (BUSY_TO_NIGHT + 1) / 2
    swing = (BUSY_TO_NIGHT - 1) / 2
    shape = 1 + swing / mean * np.cos((hour - BUSY_HOUR) * (np.pi / 12))
    return np.asarray(shape * np.array([c.share for c in CUSTOMERS]))


def _chance_in_country(
    rng: np.random.Generator, codes: tuple[DialCode, ...]
) -> npt.NDArray[np.float64]:
    """How likely each code is within its country. A country code that several countries share is
    not dialled itself: the random digits behind it could lead to any of them."""
    regions = np.array([code.region for code in codes])
    chance = 1 / rng.permutation(len(codes)).clip(1) ** 0.5
    chance[[code.kind is Kind.MOBILE for code in codes]] *= MOBILE_BOOST
    sharing: defaultdict[str, set[str]] = defaultdict(set)
    for code in codes:
        sharing[calling_code(code.prefix)].add(code.region)
    chance[[len(sharing[code.prefix]) > 1 for code in codes]] = 0
    for region in set(regions.tolist()):
        own = regions == region
        chance[own] /= chance[own].sum()
    return chance


def _code_slots(
    rng: np.random.Generator,
    codes: tuple[DialCode, ...],
    chance: npt.NDArray[np.float64],
    customer: Customer,
) -> npt.NDArray[np.uint16]:
    others = sorted({code.region for code in codes} - set(BIG))
    ranked = [*BIG, *rng.permutation(others).tolist()]
    taste = rng.lognormal(0, 0.7, len(ranked))
    weight = {r: taste[i] / (i + 1) ** ZIPF for i, r in enumerate(ranked)}
    for region in customer.routes:
        weight[region] *= ROUTE_BOOST
    return _slots(rng, chance * np.array([weight[c.region] for c in codes]), CODE_SLOTS)


def _home_slots(
    rng: np.random.Generator,
    codes: tuple[DialCode, ...],
    chance: npt.NDArray[np.float64],
    customer: Customer,
) -> npt.NDArray[np.uint16]:
    at_home = np.array([code.region == customer.home for code in codes])
    return _slots(rng, chance * at_home, HOME_SLOTS)


def _slots(
    rng: np.random.Generator, weight: npt.NDArray[np.float64], slots: int
) -> npt.NDArray[np.uint16]:
    """A table in which each index takes room by its weight; a rare one may get a slot or none."""
    edges = np.cumsum(weight / weight.sum())
    drawn = np.searchsorted(edges, (np.arange(slots) + rng.random(slots)) / slots, side="right")
    return drawn.clip(max=len(weight) - 1).astype(np.uint16)


def _vendor_slots(codes: tuple[DialCode, ...], decks: list[SeedDeck]) -> npt.NDArray[np.uint8]:
    by_name = {deck.name: deck.rows for deck in decks if deck.side == "buy"}
    rates = [
        {row["prefix"]: float(row["rate_per_min"]) for row in by_name[vendor.account]}
        for vendor in VENDORS
    ]
    edges = np.cumsum(VENDOR_CHANCES) * VENDOR_SLOTS
    rank_of_slot = np.searchsorted(edges, np.arange(VENDOR_SLOTS), side="right")
    table = np.zeros((len(codes) + 1, VENDOR_SLOTS), dtype=np.uint8)
    for i, code in enumerate(codes):
        offers = [_rate(own, code.prefix) for own in rates]
        ranked = sorted((rate, v) for v, rate in enumerate(offers) if rate is not None)
        table[i] = [ranked[rank % len(ranked)][1] for rank in rank_of_slot]
    return table


def _rate(rates: dict[str, float], prefix: str) -> float | None:
    for digits in range(len(prefix), 0, -1):
        if (rate := rates.get(prefix[:digits])) is not None:
            return rate
    return None
