"""The calls of the campaign, drawn by the beat: good ones, late ones, and what is wrong on purpose.

A record is a row of RECORD: enough to write it down, to encode it and to say what it must cost.
Copies of a call (duplicates, conflicts) are records of the same call number.
"""

import heapq
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.chaos.world import CUSTOMERS, KNOWN_CUSTOMERS, NOWHERE, PREFIXES, VENDORS

Records = npt.NDArray[np.void]

RECORD: Final = np.dtype(
    [
        ("message", "u4"),
        ("row", "u2"),
        ("call", "i4"),
        ("variant", "u1"),
        ("customer", "u1"),
        ("vendor", "u1"),
        ("destination", "u1"),
        ("answered_ms", "i8"),
        ("duration_ms", "i4"),
    ]
)
"""call: its number, POISON for a record that is no call; variant: 0 as it is, else a conflict."""
POISON: Final = -1
SAME, LONGER, LATER = range(3)
"""variant: the call, another duration, another answer time too"""

POISON_SHARE: Final = 0.01
DUPLICATE_SHARE: Final = 0.01
CONFLICT_SHARE: Final = 0.002
UNKNOWN_SHARE: Final = 0.005
NOWHERE_SHARE: Final = 0.001
LATE_SHARE: Final = 0.02
ATTEMPT_SHARE: Final = 0.1
LATE_H_MAX: Final = 72
SOON_S: Final = 4.0
MUCH_LATER_S: Final = (30.0, 400.0)
MUCH_LATER_SHARE: Final = 0.4
HOUR_MS: Final = 3_600_000


class Due(NamedTuple):
    """A copy that will be sent; copies that differ wait until the broker has message `after`."""

    at_s: float
    number: int
    after: int
    record: Records


class Draw:
    """Draws the records of one beat after another."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 3])
        self._due: list[Due] = []
        self._copies = 0
        self.calls = 0

    def fresh(self, calls: int, now_ms: int) -> Records:
        """New calls that have just ended, some answered long ago, with poison among them."""
        rng, found = self._rng, np.zeros(calls, RECORD)
        found["call"] = np.arange(self.calls, self.calls + calls)
        found["call"][rng.random(calls) < POISON_SHARE] = POISON
        self.calls += calls
        found["customer"] = rng.integers(KNOWN_CUSTOMERS, size=calls)
        unknown = rng.random(calls) < UNKNOWN_SHARE
        found["customer"][unknown] = rng.integers(KNOWN_CUSTOMERS, len(CUSTOMERS), unknown.sum())
        found["vendor"] = rng.integers(len(VENDORS), size=calls)
        found["destination"] = rng.integers(len(PREFIXES), size=calls)
        found["destination"][rng.random(calls) < NOWHERE_SHARE] = NOWHERE
        duration_ms = 1 + rng.exponential(90_000, calls).astype(np.int64).clip(max=HOUR_MS)
        duration_ms[rng.random(calls) < ATTEMPT_SHARE] = 0
        found["duration_ms"] = duration_ms
        late_ms = rng.integers(HOUR_MS, LATE_H_MAX * HOUR_MS - 2 * HOUR_MS, calls)
        late_ms[rng.random(calls) >= LATE_SHARE] = 0
        found["answered_ms"] = now_ms - duration_ms - rng.integers(2_000, size=calls) - late_ms
        return found

    def poison(self, records: int, now_ms: int) -> Records:
        """A burst of records that are no calls."""
        found = self.fresh(records, now_ms)
        self.calls -= records
        found["call"] = POISON
        return found

    def plan_copies(self, sent: Records, now_s: float) -> None:
        """Choose which of the records just sent will come again, the same or changed."""
        rng = self._rng
        of_calls = np.flatnonzero((sent["call"] != POISON) & (sent["variant"] == SAME))
        chance = rng.random(len(of_calls))
        for i in of_calls[chance < DUPLICATE_SHARE].tolist():
            much_later = rng.random() < MUCH_LATER_SHARE
            wait_s = rng.uniform(*MUCH_LATER_S) if much_later else rng.uniform(0, SOON_S)
            self._plan(now_s + wait_s, -1, sent[i : i + 1].copy())
        conflicts = (chance >= DUPLICATE_SHARE) & (chance < DUPLICATE_SHARE + CONFLICT_SHARE)
        for i in of_calls[conflicts].tolist():
            record = sent[i : i + 1].copy()
            much_later = rng.random() < MUCH_LATER_SHARE
            record["variant"] = LONGER if much_later or rng.random() < 0.5 else LATER
            record["duration_ms"] += 1_000
            # a changed answer time is promised to be noticed only while the id is in memory
            record["answered_ms"] -= 1_000 * (record["variant"] == LATER)
            wait_s = rng.uniform(*MUCH_LATER_S) if much_later else rng.uniform(0, SOON_S)
            self._plan(now_s + wait_s, int(record["message"][0]), record)

    def _plan(self, at_s: float, after: int, record: Records) -> None:
        self._copies += 1
        heapq.heappush(self._due, Due(at_s, self._copies, after, record))

    def due(self, now_s: float, waiting: set[int]) -> Records:
        """The copies whose time has come. waiting: messages the broker does not have yet."""
        found, again = [np.zeros(0, RECORD)], []
        while self._due and self._due[0].at_s <= now_s:
            copy = heapq.heappop(self._due)
            if copy.after in waiting:
                again.append(copy._replace(at_s=now_s + 1.0))
            else:
                found.append(copy.record)
        for copy in again:
            heapq.heappush(self._due, copy)
        return np.concatenate(found)
