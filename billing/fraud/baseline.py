"""What is usual: per key the mean and the mean absolute deviation of a figure by hour of the week.

Exponentially weighted, one observation an hour, zeros too. An hour of the week comes once in seven
days, so a slot borrows from the same hour of the other working days, or of the other day of the
weekend, and from the hours beside it: after four days there is something to go by, after three
weeks the slot's own history outweighs the rest, and a change to summer time does no harm.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from billing.fraud.ledger import Ledger
from kernels.layout import I64

HOUR_MS: Final = 3_600_000
WEEK: Final = 168
WEIGHT_MIN: Final = 0.25
"""weight of a new observation, once there are enough of them"""
BORROWED: Final = 0.3
"""weight of another day's observation, against one of the slot's own"""
COLUMNS: Final[Mapping[str, tuple[str, int]]] = {
    "mean": ("f4", WEEK),
    "deviation": ("f4", WEEK),
    "seen": ("u1", WEEK),
}
F64 = npt.NDArray[np.float64]


class Usual(NamedTuple):
    """Per row of a ledger: mean and mean absolute deviation, 0 where nothing was learned."""

    mean: F64
    deviation: F64


def slot_of(hour: int) -> int:
    """Hour of the week, 0 = Monday 00:00 UTC, of an hour since 1970."""
    return (hour + 3 * 24) % WEEK


def learn(ledger: Ledger, rows: I64, hour: int, values: F64) -> None:
    """Take in the hour's figure of each row."""
    slot = slot_of(hour)
    mean, deviation, seen = (ledger[name] for name in COLUMNS)
    count = seen[rows, slot].astype(np.float64) + 1
    weight = np.maximum(1 / count, WEIGHT_MIN)
    before = mean[rows, slot].astype(np.float64)
    off = np.where(count > 1, np.abs(values - before), values / 2)
    mean[rows, slot] = before + weight * (values - before)
    deviation[rows, slot] += weight * (off - deviation[rows, slot])
    seen[rows, slot] = np.minimum(count, 200)


def usual(ledger: Ledger, rows: I64, hour: int) -> Usual:
    """What is usual in this hour: the most of it and the hours beside it."""
    found = [_pooled(ledger, rows, slot_of(hour + step)) for step in (-1, 0, 1)]
    means, deviations = (np.stack(part) for part in zip(*found, strict=True))
    return Usual(means.max(axis=0), deviations.max(axis=0))


def busiest(ledger: Ledger) -> F64:
    """Per row the mean of the busiest hour of the week."""
    most: F64 = ledger["mean"].max(axis=1, initial=0).astype(np.float64)
    return most


def week(ledger: Ledger) -> F64:
    """Per row the usual sum of a week, from the hours seen so far."""
    seen = (ledger["seen"] > 0).sum(axis=1)
    total = ledger["mean"].sum(axis=1, dtype=np.float64)
    scaled: F64 = total * WEEK / np.maximum(seen, 1)
    return scaled


def _pooled(ledger: Ledger, rows: I64, slot: int) -> tuple[F64, F64]:
    day, hour = divmod(slot, 24)
    days = range(5) if day < 5 else range(5, 7)
    slots = np.array([other * 24 + hour for other in days])
    share = np.array([1.0 if other == day else BORROWED for other in days])
    weight = ledger["seen"][np.ix_(rows, slots)] * share
    total = np.maximum(weight.sum(axis=1), 1e-9)
    mean = (ledger["mean"][np.ix_(rows, slots)] * weight).sum(axis=1) / total
    deviation = (ledger["deviation"][np.ix_(rows, slots)] * weight).sum(axis=1) / total
    return mean, deviation
