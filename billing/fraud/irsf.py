"""International revenue share fraud: money beyond the usual, to high-risk and new destinations.

Judged every bucket over ten minutes and an hour, and every hour over a day and a week: who stays
below the quick thresholds meets the slow ones.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from billing.fraud.baseline import HOUR_MS, WEEK
from billing.fraud.door import BUCKET_MS
from billing.fraud.facts import Rows
from billing.fraud.incidents import CRITICAL, QUIET, WARNING, Shown, Signal, about_account
from billing.fraud.ledger import Ledger
from billing.fraud.names import hash_of
from billing.fraud.scene import Scene, ranges, sample, sequential, span_sum, thousandths, top_block
from billing.fraud.spending import CALLS, EXPOSURE, HIGH, MONEY, WEIGHTED, Spending
from billing.fraud.windows import Sums, Windows
from kernels.layout import I64, U64

FAMILY: Final = "irsf"
SPANS_MS: Final = (600_000, 3_600_000)
WEEK_TO_DAY: Final = 4.0
"""the bar of a week, in bars of a day"""
ROWS_MAX: Final = 1_000_000
WEEKLY: Final = ("weighted", "high", "money", "calls")
RECORD_KEPT: Final = 0.998
"""what an hour leaves of a record: half of it is gone in two weeks"""
F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Irsf:
    """See the module."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rules = scene, scene.rules.irsf
        self.spending = Spending(scene.rules, scene.accounts, scene.high)
        self.windows = {"risk": Windows(SPANS_MS, 5)}
        columns = {
            **dict.fromkeys(WEEKLY, ("i8", WEEK)),
            **dict.fromkeys(("most_10m", "most_1h"), ("i8", 1)),
            **dict.fromkeys(("record_10m", "record_1h", "record_24h"), ("f8", 1)),
        }
        self.weeks = Ledger(scene.accounts.ledger.keys_max, columns)
        self.ledgers = {"pairs": self.spending.ledger, "weeks": self.weeks}

    def observe(self, events: Rows, hour: int) -> Iterator[Signal]:
        """Signals of every bucket; quiet ones keep the money of open incidents up to date."""
        found = self.spending.observe(events, hour)
        sums = self.windows["risk"].add(found.who, found.at, found.values)
        self._keep(sums, hour)
        if not len(sums.key):
            return
        over, critical = self._judge(sums, hour)
        followed = np.isin(sums.key, np.unique(sums.key[over]))
        for who in np.unique(sums.key).tolist():
            name = self.scene.names.of(who)
            if self.scene.incidents.since(FAMILY, name, hour * HOUR_MS) is not None:
                followed |= sums.key == np.uint64(who)
        for i in np.flatnonzero(followed).tolist():
            level = CRITICAL if critical[i] else WARNING if over[i] else QUIET
            yield self._signal(sums, i, level, hour)

    def close(self, hour: int) -> Iterator[Signal]:
        """Signals of the day and the week that end with this hour: by what was really spent, as
        attempts that nobody answered matter in a burst only."""
        ledger, accounts = self.weeks, self.scene.accounts
        keys = ledger.key
        owners = accounts.rows(keys)
        times, day = accounts.times(owners, hour), accounts.day(owners)
        least = self.rules.share_of_usual_day * day
        fresh = ledger["weighted"][:, hour % WEEK] > 0
        for hours, floor in ((24, self.rules.money_24h), (WEEK, self.rules.money_7d)):
            part = {name: span_sum(ledger[name], hour, hours) for name in WEEKLY}
            scale = 1.0 if hours == 24 else WEEK_TO_DAY
            record = self.rules.record_times * ledger["record_24h"]
            bar = np.maximum.reduce([np.full(len(keys), floor), least * scale, record * scale])
            bar *= times
            part["weighted"] = np.minimum(part["weighted"], part["money"])
            over = (part["weighted"] >= bar) & (part["calls"] >= self.rules.calls_24h) & fresh
            for row in ledger.ordered(over):
                figures = {name: int(values[row]) for name, values in part.items()}
                yield self._slow_signal(int(keys[row]), hour, hours, figures, float(bar[row]))

    def clear(self, closed: list[str]) -> None:
        """Incidents of these accounts are over: what they told is not told again."""
        rows = self.weeks.find(hash_of(pa.array(closed, pa.string())))
        for name in WEEKLY:
            self.weeks[name][rows[rows >= 0]] = 0

    def learn(self, hour: int, suspect: U64) -> None:
        """Remember the most an honest account has had; make room for the next hour."""
        ledger = self.weeks
        honest = ~np.isin(ledger.key, suspect)
        day = span_sum(ledger["weighted"], hour, 24)
        for name, most in (("10m", ledger["most_10m"]), ("1h", ledger["most_1h"]), ("24h", day)):
            record = ledger[f"record_{name}"]
            kept = record * RECORD_KEPT
            record[:] = np.where(honest, np.maximum(kept, most), kept)
        ledger["most_10m"][:] = 0
        ledger["most_1h"][:] = 0
        for name in WEEKLY:
            ledger[name][:, (hour + 1) % WEEK] = 0

    def trim(self, now_ms: int) -> None:
        """Keep to the limits."""
        self.windows["risk"].forget(now_ms, ROWS_MAX)
        self.spending.trim()
        if len(self.weeks) > self.weeks.keys_max:
            self.weeks.trim(self.weeks["weighted"].sum(axis=1))

    def _keep(self, sums: Sums, hour: int) -> None:
        ledger = self.weeks
        rows, slot = ledger.rows(sums.key), hour % WEEK
        for name, column in (("weighted", WEIGHTED), ("high", HIGH), ("money", MONEY)):
            np.add.at(ledger[name][:, slot], rows, sums.own[:, column])
        np.add.at(ledger["calls"][:, slot], rows, sums.own[:, CALLS])
        np.maximum.at(ledger["most_10m"], rows, sums.sums[0][:, WEIGHTED])
        np.maximum.at(ledger["most_1h"], rows, sums.sums[1][:, WEIGHTED])

    def _judge(self, sums: Sums, hour: int) -> tuple[Flags, Flags]:
        rows = self.scene.accounts.rows(sums.key)
        weighted = sums.sums[:, :, WEIGHTED]
        bars = self._bars(rows, hour)
        least = np.array([[self.rules.calls_10m], [self.rules.calls_1h]])
        enough = sums.sums[:, :, CALLS] >= least
        over = (weighted >= bars) & enough
        grave = over & (weighted >= bars * self.rules.critical_times)
        return np.any(over, axis=0), np.any(grave, axis=0)

    def _bars(self, rows: I64, hour: int) -> F64:
        """Thresholds of ten minutes and an hour per account."""
        accounts = self.scene.accounts
        busy = accounts.busiest(rows) * self.rules.share_of_usual_hour
        floors = np.array([[self.rules.money_10m], [self.rules.money_1h]])
        own = self.weeks.rows(accounts.ledger.key[rows])
        records = np.stack([self.weeks["record_10m"][own], self.weeks["record_1h"][own]])
        found: F64 = np.maximum(floors, busy * np.array([[0.5], [1.0]]))
        found = np.maximum(found, records * self.rules.record_times)
        return found * accounts.times(rows, hour)

    def _signal(self, sums: Sums, i: int, level: str, hour: int) -> Signal:
        who, at_ms = int(sums.key[i]), int(sums.bucket[i] + 1) * BUCKET_MS
        name = self.scene.names.of(who)
        ten, one = sums.sums[0][i].tolist(), sums.sums[1][i].tolist()
        return about_account(
            FAMILY,
            name,
            (at_ms - BUCKET_MS, at_ms),
            level,
            one[MONEY],
            int(sums.own[i, MONEY]),
            lambda: self._show(who, at_ms, hour, ten, one),
        )

    def _show(self, who: int, at_ms: int, hour: int, ten: list[int], one: list[int]) -> Shown:
        accounts = self.scene.accounts
        rows = accounts.rows(np.array([who], np.uint64))
        bars = self._bars(rows, hour)[:, 0]
        calls = self.scene.recent.of(who, at_ms)
        calls = calls[self.spending.risky(calls, hour)]
        _, in_block = top_block(calls)
        reasons = []
        if ten[WEIGHTED] >= bars[0]:
            reasons.append("burst")
        if one[WEIGHTED] >= bars[1]:
            reasons.append("hour_above_usual")
        reasons.append("high_risk_range" if one[HIGH] * 2 >= one[WEIGHTED] else "new_destination")
        if accounts.off_hours(int(rows[0]), hour):
            reasons.append("off_hours")
        if in_block * 2 >= len(calls) > 0:
            reasons.append("one_range")
        if sequential(calls) * 2 >= len(calls) > 1:
            reasons.append("sequential_b")
        evidence = {
            "weighted_excess_10m_nanos": ten[WEIGHTED],
            "threshold_10m_nanos": int(bars[0]),
            "weighted_excess_1h_nanos": one[WEIGHTED],
            "threshold_1h_nanos": int(bars[1]),
            "exposure_1h_nanos": one[EXPOSURE],
            "busiest_usual_hour_nanos": int(accounts.busiest(rows)[0]),
            "risky_calls_10m": ten[CALLS],
            "risky_calls_1h": one[CALLS],
            "distinct_b_1h": len(np.unique(calls["b"])),
            "top_block_share_thousandths": thousandths(in_block / max(len(calls), 1)),
        }
        at_risk = max(ten[MONEY] * 6, one[MONEY])
        blocks = ranges(calls, self.scene.high, self.spending.strange(calls))
        return Shown(at_risk, tuple(reasons), evidence, sample(calls), blocks)

    def _slow_signal(
        self, who: int, hour: int, hours: int, figures: dict[str, int], bar: float
    ) -> Signal:
        name, at_ms = self.scene.names.of(who), (hour + 1) * HOUR_MS

        def show() -> Shown:
            calls = self.scene.recent.of(who, at_ms)
            calls = calls[self.spending.risky(calls, hour)]
            kind = "high_risk_range" if figures["high"] * 2 >= figures["weighted"] else None
            evidence = {
                f"weighted_excess_{hours}h_nanos": figures["weighted"],
                f"threshold_{hours}h_nanos": int(bar),
                f"risky_calls_{hours}h": figures["calls"],
            }
            reasons = (f"{hours}h_above_usual", kind or "new_destination")
            at_risk = figures["money"] // hours
            blocks = ranges(calls, self.scene.high, self.spending.strange(calls))
            return Shown(at_risk, reasons, evidence, sample(calls), blocks)

        critical = figures["weighted"] >= bar * self.rules.critical_times
        return about_account(
            FAMILY,
            name,
            (at_ms - HOUR_MS, at_ms),
            CRITICAL if critical else WARNING,
            figures["money"],
            0,
            show,
        )
