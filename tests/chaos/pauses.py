"""How long a fault kept calls from being stored: the gaps between the inserts of each customer.

A customer's calls come all the time and through one partition, so a gap means that its partition
stood still somewhere between the broker and ClickHouse.
"""

from collections.abc import Sequence
from contextlib import closing
from typing import Final

import numpy as np

from clickhouse.client import connect
from deploy.runtime.settings import Settings
from tests.chaos import world
from tests.chaos.account import Ints
from tests.chaos.campaign import Done

STEP_MS: Final = 100
AROUND_S: Final = 5.0
"""A gap that begins so soon before or after a fault is counted as its doing: rows that are inserted
again lose the time of their first insert."""

Gaps = dict[str, tuple[Ints, Ints]]
"""customer -> when each gap began and ended, in milliseconds"""


def gaps(settings: Settings) -> Gaps:
    """The times without an insert, by customer; STEP_MS exact."""
    with closing(connect(settings)) as client:
        rows = client.query(
            f"""SELECT customer, intDiv(toUnixTimestamp64Milli(stored_at), {STEP_MS}) AS step
            FROM charge GROUP BY customer, step ORDER BY customer, step"""
        ).result_rows
    steps: dict[str, list[int]] = {}
    for customer, step in rows:
        if customer in world.CUSTOMERS[: world.KNOWN_CUSTOMERS]:
            steps.setdefault(customer, []).append(step * STEP_MS)
    return {c: (np.array(own[:-1]), np.array(own[1:])) for c, own in steps.items()}


def pause_s(fault: Done, found: Gaps) -> float:
    """The longest time a customer's calls stood still because of a fault, from its begin."""
    began_ms, ended_ms = fault.began_s * 1_000, (fault.ended_s + AROUND_S) * 1_000
    worst_ms = 0.0
    for starts, ends in found.values():
        own = (ends > began_ms) & (starts > began_ms - 1_000 * AROUND_S) & (starts < ended_ms)
        if own.any():
            waited = ends[own] - np.maximum(starts[own], began_ms)
            worst_ms = max(worst_ms, float(waited.max()))
    return worst_ms / 1_000


def worst_by_kind(faults: Sequence[Done], found: Gaps) -> dict[str, float]:
    """kind -> the worst pause of its faults, in seconds."""
    worst: dict[str, float] = {}
    for fault in faults:
        worst[fault.kind] = max(worst.get(fault.kind, 0.0), pause_s(fault, found))
    return worst
