"""When dead letters are so many that somebody has to look: a flood, of one partition. Pure.

Judged by the messages' own times over a minute. It begins when both limits are passed, and is over
when one of them is not even half reached, so that it does not come and go with each step.
"""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

WINDOW_S: Final = 60
CAUSES_MAX: Final = 8
"""Kept of one step: the most frequent ones."""


class Cause(NamedTuple):
    """What dead letters have in common: reason, field, and the customer as the message's key."""

    reason: str
    field: str
    customer: str


class Flood(NamedTuple):
    """A flood: its counts over the last minute, and how it began."""

    records: int
    dead: int
    cause: Cause
    """of most dead letters"""
    offset: int
    row: int
    """where one of those stands in cdr.raw"""


_UNKNOWN: Final = (Cause("unknown", "", ""), (0, 0, 0))
"""Where the messages' times jump so that what was kept of the causes is out of the window."""


class _Second:
    """What came in one second: records, dead letters, and cause -> (how many, where the first)."""

    def __init__(self) -> None:
        self.records = self.dead = 0
        self.causes: dict[Cause, tuple[int, int, int]] = {}


class FloodWatch:
    """Follows one partition; `flood` is the one it is in, or None."""

    def __init__(self, dead_max: int, percent_max: float) -> None:
        self._dead_max, self._share_max = dead_max, percent_max / 100
        self._seconds: dict[int, _Second] = {}
        self.flood: Flood | None = None

    def take(self, receipts: pa.RecordBatch, dead: pa.RecordBatch, customers: list[str]) -> None:
        """Look at what a step emits; customers: those of its messages, as the receipts stand."""
        seconds = receipts.column("received_at").view(pa.int64()).to_numpy() // 1_000
        now = int(seconds[-1])
        for second in np.unique(seconds).tolist():
            own = seconds == second
            into = self._seconds.setdefault(second, _Second())
            into.records += int(receipts.column("calls").to_numpy()[own].sum())
            into.dead += int(receipts.column("dead").to_numpy()[own].sum())
        if dead.num_rows:
            _add_causes(self._seconds[now].causes, receipts, dead, customers)
        self._seconds = {s: kept for s, kept in self._seconds.items() if abs(now - s) < WINDOW_S}
        self.flood = self._judged()

    def _judged(self) -> Flood | None:
        records = sum(second.records for second in self._seconds.values())
        dead = sum(second.dead for second in self._seconds.values())
        before = self.flood
        ease = 0.5 if before else 1.0
        if dead <= ease * self._dead_max or dead <= ease * self._share_max * records:
            return None
        if before:
            return before._replace(records=records, dead=dead)
        causes: dict[Cause, tuple[int, int, int]] = {}
        for second in self._seconds.values():
            _add(causes, second.causes)
        most = max(causes.items(), key=lambda item: item[1][0], default=_UNKNOWN)
        cause, (_, offset, row) = most
        return Flood(records, dead, cause, offset, row)


def _add_causes(
    into: dict[Cause, tuple[int, int, int]],
    receipts: pa.RecordBatch,
    dead: pa.RecordBatch,
    customers: list[str],
) -> None:
    offset = dead.column("offset")
    message = np.searchsorted(receipts.column("offset").to_numpy(), offset.to_numpy())
    of_letter = pa.array(customers, pa.string()).take(pa.array(message))
    by = {"reason": dead.column("reason"), "field": dead.column("field"), "customer": of_letter}
    letters = pa.table({**by, "offset": offset, "row": dead.column("row")})
    counted = letters.group_by(list(by), use_threads=False).aggregate(
        [("offset", "count"), ("offset", "first"), ("row", "first")]
    )
    most = counted.sort_by([("offset_count", "descending")]).slice(0, CAUSES_MAX)
    rows = zip(*most.to_pydict().values(), strict=True)
    _add(into, {Cause(*row[:3]): (row[3], row[4], row[5]) for row in rows})


def _add(into: dict[Cause, tuple[int, int, int]], more: dict[Cause, tuple[int, int, int]]) -> None:
    for cause, (count, offset, row) in more.items():
        before, *where = into.get(cause, (0, offset, row))
        into[cause] = (before + count, where[0], where[1])
