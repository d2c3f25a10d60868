"""Call-back scheme, the second half of a Wangiri: numbers that rang and hung up are called back,
and that is costly.

Only where both halves pass the same partition: the short ring in, and the call back out.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from billing.fraud.calls import ATTEMPT, END
from billing.fraud.digits import block_of, block_prefix
from billing.fraud.distinct import scramble
from billing.fraud.door import BUCKET_MS
from billing.fraud.facts import Rows
from billing.fraud.incidents import CRITICAL, WARNING, Block, Shown, Signal, about_range
from billing.fraud.ledger import Ledger
from billing.fraud.scene import Scene, sample
from billing.fraud.windows import Sums, Windows
from kernels.layout import I64, U64

FAMILY: Final = "callback"
SPANS_MS: Final = (3_600_000,)
ROWS_MAX: Final = 500_000
RINGS_MAX: Final = 200_000
"""short rings remembered, the newest"""
RING_MS: Final = 24 * 3_600_000
"""for how long somebody may call back"""
_CALLS, _NANOS = range(2)


class Callbacks:
    """See the module. The ledger remembers who rang whom: hash of (called back, caller) -> when."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rules = scene, scene.rules.callback
        self.windows = {"back": Windows(SPANS_MS, 2)}
        self.rings = Ledger(RINGS_MAX, {"at": ("i8", 1)})
        self.ledgers = {"rings": self.rings}

    def observe(self, events: Rows, hour: int) -> Iterator[Signal]:
        """Signals of blocks of numbers that many call back."""
        self._remember(events)
        calls = events[(events["kind"] == ATTEMPT) & (events["a"] > 0)]
        rows = self.rings.find(_pair(calls["a"], calls["b"]))
        rang = np.where(rows >= 0, self.rings["at"][rows] if len(self.rings) else 0, 0)
        back = calls[(rang > calls["at"] - RING_MS) & (rang > 0) & (rang < calls["at"])]
        values = np.stack([np.ones(len(back), np.int64), back["rate"]], axis=1)
        block = block_of(back["b"])
        key = scramble(back["who"] ^ scramble(block.view(np.uint64)))
        sums = self.windows["back"].add(key, back["at"], values)
        one, rules = sums.sums[0], self.rules
        times = self.scene.accounts.times(self.scene.accounts.rows(back["who"][sums.first]), hour)
        over = (one[:, _CALLS] >= rules.calls_1h * times) & (one[:, _NANOS] >= rules.money_1h)
        for i in np.flatnonzero(over).tolist():
            first = sums.first[i]
            yield self._signal(sums, i, int(back["who"][first]), int(block[first]))

    def close(self, _hour: int) -> Iterator[Signal]:
        """Nothing is left to the end of the hour."""
        return iter(())

    def trim(self, now_ms: int) -> None:
        """Keep to the limits."""
        self.windows["back"].forget(now_ms, ROWS_MAX)
        self.rings.keep(self.rings["at"] > now_ms - RING_MS)
        self.rings.trim(self.rings["at"])

    def _remember(self, events: Rows) -> None:
        """The first short ring of each pair: a later one must not hide it from a call before."""
        ends = events[(events["kind"] == END) & ~events["answered"] & (events["a"] > 0)]
        ends = ends[ends["ring"] <= self.scene.rules.wangiri.ring_ms_max]
        key = _pair(ends["b"], ends["a"])
        key, first = np.unique(key, return_index=True)
        rows = self.rings.rows(key)
        unknown = self.rings["at"][rows] == 0
        self.rings["at"][rows[unknown]] = ends["at"][first[unknown]]

    def _signal(self, sums: Sums, i: int, who: int, block: int) -> Signal:
        at_ms, one = int(sums.bucket[i] + 1) * BUCKET_MS, sums.sums[0][i].tolist()
        name, prefix = self.scene.names.of(who), block_prefix(block)

        def show() -> Shown:
            calls = self.scene.recent.of(who, at_ms)
            calls = calls[block_of(calls["b"]) == block]
            evidence = {
                "calls_back_1h": one[_CALLS],
                "rate_sum_nanos_per_min": one[_NANOS],
                "distinct_a_1h": len(np.unique(calls["a"])),
            }
            found = (Block("prefix", prefix),)
            reasons = ("called_back_after_short_ring", "one_range")
            return Shown(one[_NANOS] * 3, reasons, evidence, sample(calls), found)

        grave = one[_NANOS] >= self.rules.money_1h * self.rules.critical_times
        return about_range(
            FAMILY,
            name,
            prefix,
            (at_ms - BUCKET_MS, at_ms),
            CRITICAL if grave else WARNING,
            one[_NANOS],
            int(sums.own[i, _NANOS]),
            show,
        )


def _pair(caller: I64, called: I64) -> U64:
    return scramble(caller.view(np.uint64) ^ scramble(called.view(np.uint64)))
