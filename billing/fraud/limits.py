"""Hard caps an operator gives an account: calls a minute, calls at once, money in 5 minutes and an
hour. They need no history and leave nothing to judge."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from billing.fraud.calls import ATTEMPT, END
from billing.fraud.door import BUCKET_MS
from billing.fraud.facts import Rows
from billing.fraud.incidents import CRITICAL, Block, Shown, Signal, about_account
from billing.fraud.ledger import Ledger
from billing.fraud.rules import Limits
from billing.fraud.scene import Scene, ranges, sample
from billing.fraud.windows import Sums, Windows

FAMILY: Final = "limits"
SPANS_MS: Final = (60_000, 300_000, 3_600_000)
ROWS_MAX: Final = 500_000
_CALLS, _NANOS, _RUNNING = range(3)


class Caps:
    """See the module. The ledger counts the calls in progress of accounts that have a cap."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.windows = {"use": Windows(SPANS_MS, 3)}
        self.ledgers = {"running": Ledger(scene.accounts.ledger.keys_max, {"calls": ("i8", 1)})}

    def observe(self, events: Rows, _hour: int) -> Iterator[Signal]:
        """Signals of caps exceeded."""
        limits = {}
        for who in np.unique(events["who"]).tolist():
            own = self.scene.rules.limits_of(self.scene.names.of(who))
            if own != Limits():
                limits[who] = own
        capped = events[np.isin(events["who"], np.array(list(limits), np.uint64))]
        if not len(capped):
            return
        begun = (capped["kind"] == ATTEMPT).astype(np.int64)
        step = begun - (capped["kind"] == END)
        values = np.stack([begun, capped["nanos"], step], axis=1)
        sums = self.windows["use"].add(capped["who"], capped["at"], values)
        for i in range(len(sums.key)):
            who = int(sums.key[i])
            row = self.ledgers["running"].rows(sums.key[i : i + 1])
            running = int(self.ledgers["running"]["calls"][row[0]]) + int(sums.own[i, _RUNNING])
            self.ledgers["running"]["calls"][row[0]] = max(0, running)
            figures = _figures(sums, i, running, limits[who])
            if figures:
                yield self._signal(sums, i, figures)

    def close(self, _hour: int) -> Iterator[Signal]:
        """Nothing is left to the end of the hour."""
        return iter(())

    def trim(self, now_ms: int) -> None:
        """Keep to the limits."""
        self.windows["use"].forget(now_ms, ROWS_MAX)
        self.ledgers["running"].trim(self.ledgers["running"]["calls"])

    def _signal(self, sums: Sums, i: int, figures: dict[str, int]) -> Signal:
        who, at_ms = int(sums.key[i]), int(sums.bucket[i] + 1) * BUCKET_MS
        name = self.scene.names.of(who)
        five, one = int(sums.sums[1][i, _NANOS]), int(sums.sums[2][i, _NANOS])

        def show() -> Shown:
            calls = self.scene.recent.of(who, at_ms)
            risky = calls[self.scene.high.match(calls["b"]) > 0]
            reasons = [f"cap_{key}" for key in figures]
            if len(risky) * 2 >= len(calls) > 0:
                reasons.append("high_risk_range")
            block = (*ranges(risky, self.scene.high), Block("account", name))
            return Shown(max(five * 12, one), tuple(reasons), figures, sample(calls), block)

        return about_account(
            FAMILY,
            name,
            (at_ms - BUCKET_MS, at_ms),
            CRITICAL,
            one,
            int(sums.own[i, _NANOS]),
            show,
        )


def _figures(sums: Sums, i: int, running: int, limits: Limits) -> dict[str, int]:
    """What is beyond its cap."""
    found = {
        "calls_per_min": int(sums.sums[0][i, _CALLS]),
        "concurrent": running,
        "money_5m": int(sums.sums[1][i, _NANOS]),
        "money_1h": int(sums.sums[2][i, _NANOS]),
    }
    return {key: value for key, value in found.items() if value > getattr(limits, key) > 0}
