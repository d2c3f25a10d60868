"""Wangiri: many numbers are rung for a moment from one block of A-numbers, so that they call back.

What the calls themselves cost is little; the money at risk is what the called parties lose.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from billing.fraud.calls import END
from billing.fraud.distinct import scramble
from billing.fraud.door import BUCKET_MS
from billing.fraud.facts import Rows
from billing.fraud.incidents import CRITICAL, WARNING, Block, Shown, Signal, about_account
from billing.fraud.ledger import Ledger
from billing.fraud.scene import Flags, Scene, sample, thousandths
from billing.fraud.windows import Sums, Windows
from kernels.layout import I64

FAMILY: Final = "wangiri"
SPANS_MS: Final = (600_000, 3_600_000)
ROWS_MAX: Final = 1_000_000
BLOCK: Final = 100
"""A-numbers that differ in the last two digits only are one caller"""
CANCELLED: Final = 487
"""SIP: the caller hung up while it rang"""
_ENDS, _CUT = range(2)


class Wangiri:
    """See the module."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rules = scene, scene.rules.wangiri
        self.windows = {"callers": Windows(SPANS_MS, 2)}
        self.ledgers: dict[str, Ledger] = {}

    def observe(self, events: Rows, hour: int) -> Iterator[Signal]:
        """Signals of callers whose calls are cut."""
        ends = events[events["kind"] == END]
        values = np.stack([np.ones(len(ends), np.int64), self._cut(ends).astype(np.int64)], axis=1)
        caller = scramble(ends["who"] ^ scramble(_callers(ends).view(np.uint64)))
        sums = self.windows["callers"].add(caller, ends["at"], values)
        cut, every = sums.sums[:, :, _CUT], sums.sums[:, :, _ENDS]
        owners = self.scene.accounts.rows(ends["who"][sums.first])
        times = self.scene.accounts.times(owners, hour)
        bars = np.array([[self.rules.calls_10m], [self.rules.calls_1h]]) * times
        over = ((cut >= bars) & (cut >= self.rules.share * every)).any(axis=0)
        for i in np.flatnonzero(over).tolist():
            first = ends[sums.first[i]]
            grave = bool((cut[:, i] >= bars[:, i] * self.rules.critical_times).any())
            yield self._signal(sums, i, first, CRITICAL if grave else WARNING)

    def close(self, _hour: int) -> Iterator[Signal]:
        """Nothing is left to the end of the hour."""
        return iter(())

    def trim(self, now_ms: int) -> None:
        """Keep to the limits."""
        self.windows["callers"].forget(now_ms, ROWS_MAX)

    def _cut(self, ends: Rows) -> Flags:
        """Calls that the caller ended early; where the ringing time is unknown, at all."""
        known = ends["ring"] > 0
        soon = ends["ring"] <= self.rules.ring_ms_max
        code = (ends["sip"] == CANCELLED) | (ends["sip"] == 0)
        found: Flags = ~ends["answered"] & code & (~known | soon)
        return found

    def _signal(self, sums: Sums, i: int, first: Rows, level: str) -> Signal:
        at_ms, who = int(sums.bucket[i] + 1) * BUCKET_MS, int(first["who"])
        caller = int(first["a"]) // BLOCK
        name = self.scene.names.of(who)
        per_victim = self.rules.money_per_victim
        ten, one = sums.sums[0][i].tolist(), sums.sums[1][i].tolist()
        return about_account(
            FAMILY,
            name,
            (at_ms - BUCKET_MS, at_ms),
            level,
            one[_CUT] * per_victim,
            int(sums.own[i, _CUT]) * per_victim,
            lambda: self._show(who, caller, at_ms, ten, one),
        )

    def _show(
        self, who: int, caller: int, at_ms: int, ten: list[int], one: list[int]
    ) -> Shown | None:
        ends = self.scene.recent.of(who, at_ms, END)
        ends = ends[(_callers(ends) == caller) & self._cut(ends)]
        distinct = len(np.unique(ends["b"]))
        if distinct < self.rules.distinct_share * len(ends):
            return None
        evidence = {
            "cut_calls_10m": ten[_CUT],
            "cut_calls_1h": one[_CUT],
            "ended_calls_1h": one[_ENDS],
            "cut_share_1h_thousandths": thousandths(one[_CUT] / one[_ENDS]),
            "distinct_b_1h": distinct,
            "ring_median_ms": int(np.median(ends["ring"])) if len(ends) else 0,
            "a_block": caller,
        }
        at_risk = max(ten[_CUT] * 6, one[_CUT]) * self.rules.money_per_victim
        block = (Block("account", self.scene.names.of(who)),)
        reasons = ("cut_while_ringing", "many_b", "one_a_block")
        return Shown(at_risk, reasons, evidence, sample(ends), block)


def _callers(events: Rows) -> I64:
    return events["a"] // BLOCK
