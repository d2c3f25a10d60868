"""What each call is, as columns of numbers: who, where to, how long, how it ended, its dirt."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deploy.traffic.batch import Dirt, Fate
from deploy.traffic.market import CODE_SLOTS, HOME_SLOTS, VENDOR_SLOTS, Market
from deploy.traffic.parties import CUSTOMERS

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Fates = npt.NDArray[np.uint8]
Small = npt.NDArray[np.int8]

DURATION_MEDIAN_MS, DURATION_SPREAD, DURATION_MS_MAX = 110_000, 1.0, 4 * 3_600_000
SHORT_SHARE, SHORT_MS_MAX = 0.12, 6_000
PDD_MEDIAN_MS, PDD_SPREAD, PDD_MS_MAX = 2_200, 0.5, 30_000
# Drawn from evenly: a value is as likely as it stands here often.
SWITCH_SLOTS = np.array([0, 0, 0, 0, 1, 1, 1, 2], dtype=np.int8)
SIP_SLOTS = np.repeat(np.array([486, 480, 404, 503, 487, 603], dtype=np.uint16), [9, 8, 5, 4, 4, 2])
SIP_ANSWERED = 200


class Draw(NamedTuple):
    """One block of calls. Customer, vendor, switch and the two codes are indexes."""

    customer: Small
    switch: Small
    vendor: Small
    called: Ints
    calling: Ints
    duration_ms: Ints
    sip_code: npt.NDArray[np.uint16]
    pdd_ms: npt.NDArray[np.uint32]


def draw_calls(market: Market, rng: np.random.Generator, customer: Small, fate: Fates) -> Draw:
    """A call for each customer index, spoilt as its fate says."""
    n = len(customer)
    called = market.code[customer, rng.integers(CODE_SLOTS, size=n)].astype(np.int64)
    calling = market.home[customer, rng.integers(HOME_SLOTS, size=n)].astype(np.int64)
    vendor = market.vendor[called, rng.integers(VENDOR_SLOTS, size=n)].astype(np.int8)
    suspended = (fate == Fate.UNKNOWN_CUSTOMER) | (fate == Fate.UNKNOWN_DESTINATION)
    answered = rng.random(n, dtype=np.float32) < market.answer[called]
    answered |= suspended  # so that suspense is worth money
    duration_ms = _talk_ms(rng, n) * answered
    negative = fate == Fate.NEGATIVE_DURATION
    duration_ms[negative] = -duration_ms[negative].clip(1)
    sip_code = SIP_SLOTS[rng.integers(len(SIP_SLOTS), size=n)]
    sip_code[answered] = SIP_ANSWERED
    customer = customer.copy()
    customer[fate == Fate.UNKNOWN_CUSTOMER] = len(CUSTOMERS)
    called[fate == Fate.UNKNOWN_DESTINATION] = market.unassigned
    switch = SWITCH_SLOTS[rng.integers(len(SWITCH_SLOTS), size=n)]
    return Draw(customer, switch, vendor, called, calling, duration_ms, sip_code, _pdd_ms(rng, n))


def draw_customers(rng: np.random.Generator, busy: npt.NDArray[np.float64], slot: Ints) -> Small:
    """A customer index for each call: by `busy[slot of the call]`, any positive weights."""
    edges = (np.cumsum(busy, axis=1) / busy.sum(axis=1, keepdims=True)).astype(np.float32)
    u = rng.random(len(slot), dtype=np.float32)
    customer = np.zeros(len(slot), dtype=np.int8)
    for edge in edges.T[:-1]:
        customer += u >= edge[slot]
    return customer


def draw_fates(rng: np.random.Generator, n: int, dirt: Dirt) -> tuple[Fates, Ints]:
    """The fate of each call, and the rows of the calls that are sent twice (all of them good)."""
    u = rng.random(n)
    fate = np.full(n, Fate.RATED, dtype=np.uint8)
    edge = 0.0
    for fates, share in (
        ((Fate.UNKNOWN_CUSTOMER,), dirt.unknown_customer),
        ((Fate.UNKNOWN_DESTINATION,), dirt.unknown_destination),
        (tuple(f for f in Fate if f.is_dead), dirt.malformed),
    ):
        rows = np.flatnonzero((u >= edge) & (u < edge + share))
        fate[rows] = rng.choice(np.array(fates, dtype=np.uint8), len(rows))
        edge += share
    return fate, np.flatnonzero((u >= edge) & (u < edge + dirt.duplicate))


def _talk_ms(rng: np.random.Generator, n: int) -> Ints:
    """Lognormal durations of answered calls, with a share of calls under SHORT_MS_MAX."""
    normal = rng.standard_normal(n, dtype=np.float32)
    long_ms = DURATION_MEDIAN_MS * np.exp(DURATION_SPREAD * normal)
    u = rng.random(n, dtype=np.float32)
    short_ms = u * np.float32(SHORT_MS_MAX / SHORT_SHARE)
    talk_ms = np.where(u < SHORT_SHARE, short_ms, long_ms.clip(max=DURATION_MS_MAX))
    return talk_ms.astype(np.int64).clip(min=1)


def _pdd_ms(rng: np.random.Generator, n: int) -> npt.NDArray[np.uint32]:
    """Post-dial delay, lognormal."""
    normal = rng.standard_normal(n, dtype=np.float32)
    pdd_ms = PDD_MEDIAN_MS * np.exp(PDD_SPREAD * normal)
    return np.asarray(pdd_ms.clip(max=PDD_MS_MAX), dtype=np.uint32)
