"""The door: facts come in as they arrive and go out in order of event time, in closed buckets.

The clock is the latest event time seen, never later than the broker's; where nothing comes it goes
on by the broker's, `quiet_ms` behind it as long as switches send events, and `silent_ms` behind it
where only records come, which collectors may bring late. A bucket of BUCKET_MS is
closed when the clock stands `lateness_ms` beyond its end; nothing is added to it any more. A fact
for a closed bucket is late: up to `late_ms` it counts as if it happened at the beginning of the
oldest open one; beyond that only a STOP does, to end the call, and others are dropped, as are those
outside the years 2000 to 2099. All this is said of each fact from those before it, so that it does
not matter how they are cut into batches.
"""

from typing import Final

import numpy as np

from billing.fraud.facts import CDR, FACT, STOP, Rows
from billing.fraud.rules import Timing
from billing.instants import INSTANT_MS_MAX, INSTANT_MS_MIN
from kernels.layout import I64

BUCKET_MS: Final = 10_000
TELLING_MS: Final = 3_600_000
"""after its last event a switch is taken for one that sends none"""


class Door:
    """What waits for its bucket to close; `late` and `dropped` count facts."""

    def __init__(self, timing: Timing) -> None:
        self.lateness_ms, self.late_ms = timing.lateness_s * 1_000, timing.late_s * 1_000
        self.quiet_ms, self.silent_ms = timing.quiet_s * 1_000, timing.silent_s * 1_000
        self.clock = 0
        self.told_ms = 0
        """when the last event of a switch arrived"""
        self.late = self.dropped = self.ahead = 0
        self.waiting = np.zeros(0, FACT)

    @property
    def open_ms(self) -> int:
        """Where the oldest open bucket begins."""
        return max(0, (self.clock - self.lateness_ms) // BUCKET_MS) * BUCKET_MS

    def take(self, rows: Rows, arrived: I64) -> Rows:
        """Let rows in, in the order given; out come those of buckets that closed, in order."""
        known = (rows["at"] >= INSTANT_MS_MIN) & (rows["at"] < INSTANT_MS_MAX)
        self.dropped += int((~known).sum())
        rows, arrived = rows[known], arrived[known]
        if len(rows):
            ahead = (arrived > 0) & (rows["at"] > arrived)
            at = np.where(ahead, arrived, rows["at"])
            told = np.where(rows["kind"] == CDR, 0, arrived)
            told = np.maximum.accumulate(np.concatenate([[self.told_ms], told]))
            ticks = np.stack([self._ticked(arrived, told[:-1]), at], axis=1).ravel()
            clock = np.maximum.accumulate(np.concatenate([[self.clock], ticks]))
            begin = np.maximum(0, (clock[1::2] - self.lateness_ms) // BUCKET_MS) * BUCKET_MS
            late = at < begin
            dropped = late & (at < begin - self.late_ms) & (rows["kind"] != STOP)
            rows = rows.copy()
            rows["at"] = np.where(late, begin, at)
            self.late += int((late & ~dropped).sum())
            self.dropped += int(dropped.sum())
            self.ahead += int(ahead.sum())
            self.waiting = np.concatenate([self.waiting, rows[~dropped]])
            self.clock, self.told_ms = int(clock[-1]), int(told[-1])
        return self._release()

    def pass_arrivals(self, until_ms: int) -> Rows:
        """Say that everything that arrived until then was taken."""
        tick = self._ticked(np.array([until_ms]), np.array([self.told_ms]))
        return self.pass_time(int(tick[0]))

    def _ticked(self, arrived: I64, told: I64) -> I64:
        """Where the clock stands at least when something arrives, or nothing does."""
        ticked: I64 = np.maximum(
            np.minimum(arrived, told + TELLING_MS) - self.quiet_ms, arrived - self.silent_ms
        )
        return ticked

    def pass_time(self, at_ms: int) -> Rows:
        """Move the clock without a fact: what the end of a period and a quiet partition need."""
        self.clock = max(self.clock, at_ms)
        return self._release()

    def _release(self) -> Rows:
        closed = self.waiting["at"] < self.open_ms
        out = self.waiting[closed]
        self.waiting = self.waiting[~closed]
        return out[np.argsort(out["at"], kind="stable")]
