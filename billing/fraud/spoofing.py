"""A-numbers that cannot be right: none at all, the B-number itself, or a neighbour of the B-number.

An account that always sends such numbers is not reported for it; one that begins to is.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from billing.fraud.calls import ATTEMPT
from billing.fraud.digits import block_of
from billing.fraud.door import BUCKET_MS
from billing.fraud.facts import Rows
from billing.fraud.incidents import CRITICAL, WARNING, Block, Shown, Signal, about_account
from billing.fraud.ledger import Ledger
from billing.fraud.scene import Flags, Scene, sample, thousandths
from billing.fraud.windows import Sums, Windows

FAMILY: Final = "spoofing"
SPANS_MS: Final = (3_600_000,)
ROWS_MAX: Final = 500_000
LEARNED: Final = 1 / 72
"""weight of an hour in the usual share"""
_CALLS, _ABSENT, _SAME, _NEIGHBOUR, _BAD = range(5)


class Spoofing:
    """See the module."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rules = scene, scene.rules.spoofing
        self.windows = {"calls": Windows(SPANS_MS, 5)}
        columns = {"share": ("f8", 1), "calls": ("i8", 1), "bad": ("i8", 1)}
        self.ledgers = {"usual": Ledger(scene.accounts.ledger.keys_max, columns)}

    def observe(self, events: Rows, hour: int) -> Iterator[Signal]:
        """Signals of accounts with more such calls than they usually have."""
        calls = events[events["kind"] == ATTEMPT]
        absent, same, neighbour = _flaws(calls)
        bad = absent | same | neighbour
        values = np.stack([np.ones(len(calls), bool), absent, same, neighbour, bad], axis=1)
        sums = self.windows["calls"].add(calls["who"], calls["at"], values.astype(np.int64))
        if not len(sums.key):
            return
        ledger = self.ledgers["usual"]
        rows = ledger.rows(sums.key)
        np.add.at(ledger["calls"], rows, sums.own[:, _CALLS])
        np.add.at(ledger["bad"], rows, sums.own[:, _BAD])
        owners = self.scene.accounts.rows(sums.key)
        bars = self.rules.calls_1h * self.scene.accounts.times(owners, hour)
        share = np.maximum(self.rules.share, self.rules.usual_times * ledger["share"][rows])
        one = sums.sums[0]
        over = (one[:, _BAD] >= bars) & (one[:, _BAD] >= share * one[:, _CALLS])
        for i in np.flatnonzero(over).tolist():
            grave = one[i, _BAD] >= bars[i] * self.rules.critical_times
            yield self._signal(sums, i, CRITICAL if grave else WARNING)

    def close(self, _hour: int) -> Iterator[Signal]:
        """Learn the hour's share, of accounts that had calls and are not under suspicion."""
        ledger = self.ledgers["usual"]
        active = ledger["calls"] > 0
        share = ledger["bad"] / np.maximum(ledger["calls"], 1)
        step = np.where(active, (share - ledger["share"]) * LEARNED, 0)
        ledger["share"][:] += step
        ledger["calls"][:] = 0
        ledger["bad"][:] = 0
        return iter(())

    def trim(self, now_ms: int) -> None:
        """Keep to the limits."""
        self.windows["calls"].forget(now_ms, ROWS_MAX)
        ledger = self.ledgers["usual"]
        ledger.trim(ledger["share"])

    def _signal(self, sums: Sums, i: int, level: str) -> Signal:
        who, at_ms = int(sums.key[i]), int(sums.bucket[i] + 1) * BUCKET_MS
        name, one = self.scene.names.of(who), sums.sums[0][i].tolist()
        return about_account(
            FAMILY,
            name,
            (at_ms - BUCKET_MS, at_ms),
            level,
            one[_BAD] * self.rules.money_per_victim,
            int(sums.own[i, _BAD]) * self.rules.money_per_victim,
            lambda: self._show(who, at_ms, one),
        )

    def _show(self, who: int, at_ms: int, one: list[int]) -> Shown:
        calls = self.scene.recent.of(who, at_ms)
        absent, same, neighbour = _flaws(calls)
        kinds = (("absent_a", _ABSENT), ("a_equals_b", _SAME), ("neighbour_a", _NEIGHBOUR))
        reasons = tuple(name for name, column in kinds if one[column] * 4 >= one[_BAD])
        evidence = {
            "calls_1h": one[_CALLS],
            **{f"{name}_calls_1h": one[column] for name, column in kinds},
            "share_thousandths": thousandths(one[_BAD] / one[_CALLS]),
        }
        at_risk = one[_BAD] * self.rules.money_per_victim
        block = (Block("account", self.scene.names.of(who)),)
        return Shown(at_risk, reasons, evidence, sample(calls[absent | same | neighbour]), block)


def _flaws(calls: Rows) -> tuple[Flags, Flags, Flags]:
    """Per call: no usable A-number; A = B; A and B share all but their last four digits."""
    a, b = calls["a"], calls["b"]
    same = (a == b) & (a > 0)
    return a == 0, same, (block_of(a) == block_of(b)) & ~same & (a > 0)
