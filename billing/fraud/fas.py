"""False answer supervision: a vendor's route answers too soon, too often and hangs up too early.

Judged per vendor and destination over six hours and a day, and against the other vendors of the
same destination. The vendor's own bill would prove it (billed longer than we saw); it is not among
the facts.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from billing.fraud.baseline import HOUR_MS
from billing.fraud.calls import END
from billing.fraud.distinct import REGISTERS, estimate, observe, scramble
from billing.fraud.facts import Rows
from billing.fraud.incidents import CRITICAL, WARNING, Block, Shown, Signal
from billing.fraud.ledger import Ledger
from billing.fraud.scene import F64, Scene, sample, span_sum, thousandths
from billing.fraud.windows import Windows
from kernels.layout import I64

FAMILY: Final = "fas"
ROUTES_MAX: Final = 10_000
"""vendor and destination pairs followed; beyond, those with the fewest calls go"""
SPANS_H: Final = (6, 24)
OTHERS_TIMES: Final = 3
"""the share of short calls, against that of other vendors"""
DISTINCT_SHARE: Final = 0.3
"""a hotline or a televote is one B-number; a route is many"""
_SUMS: Final = ("ends", "answered", "short", "delays", "delay", "delay2", "nanos")
_MINUTE_MS: Final = 60_000
DELAY_MS_MAX: Final = 120_000


class Fas:
    """See the module."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rules = scene, scene.rules.fas
        self.windows: dict[str, Windows] = {}
        self.routes = Ledger(
            ROUTES_MAX,
            {
                "vendor": ("u8", 1),
                "dest": ("u8", 1),
                **dict.fromkeys(_SUMS, ("i8", 24)),
                "registers": ("u1", REGISTERS),
                "counted": ("i8", 1),
            },
        )
        self.ledgers = {"routes": self.routes}

    def observe(self, events: Rows, hour: int) -> Iterator[Signal]:
        """Count; the end of the hour judges."""
        ledger, slot = self.routes, hour % 24
        ends = events[(events["kind"] == END) & (events["vendor"] > 0)]
        rows = ledger.rows(scramble(ends["vendor"] ^ scramble(ends["dest"])))
        ledger["vendor"][rows], ledger["dest"][rows] = ends["vendor"], ends["dest"]
        answered = ends["answered"]
        short = answered & (ends["duration"] <= self.rules.short_ms_max)
        minutes = -(-ends["duration"] // _MINUTE_MS)
        delay = np.where(answered, np.minimum(ends["delay"], DELAY_MS_MAX), 0)
        for name, values in zip(
            _SUMS,
            (
                *(1, answered, short, delay > 0, delay, delay**2),
                np.where(short, ends["rate"] * minutes, 0),
            ),
            strict=True,
        ):
            np.add.at(ledger[name][:, slot], rows, values)
        observe(ledger["registers"], rows[short], ends["b"][short])
        np.add.at(ledger["counted"], rows[short], 1)
        return iter(())

    def close(self, hour: int) -> Iterator[Signal]:
        """Signals of routes with the shape."""
        for hours in SPANS_H:
            yield from self._judge(hour, hours)
        self._next(hour)

    def trim(self, _now_ms: int) -> None:
        """Keep to the limits."""
        if len(self.routes) > ROUTES_MAX:
            self.routes.trim(self.routes["ends"].sum(axis=1))

    def _judge(self, hour: int, hours: int) -> Iterator[Signal]:
        """Signals of the hours up to this one, which must show it, too. Without answer delays, as
        records of some switches are, the other vendors must show what is usual."""
        ledger, rules = self.routes, self.rules
        part = {name: span_sum(ledger[name], hour, hours) for name in _SUMS}
        delays = np.maximum(part["delays"], 1)
        delay = part["delay"] / delays
        spread = np.sqrt(np.maximum(part["delay2"] / delays - delay**2, 0))
        short = part["short"] / np.maximum(part["answered"], 1)
        others = self._others(part["short"], part["answered"])
        over = (part["answered"] >= rules.calls_min) & (short >= rules.short_share)
        over &= part["answered"] >= rules.answer_share * part["ends"]
        even = (spread <= rules.delay_spread * delay) & (part["delays"] > 0)
        over &= even | ((part["delays"] == 0) & (others > 0))
        over &= short >= OTHERS_TIMES * others
        now = {name: ledger[name][:, hour % 24] for name in ("short", "answered")}
        over &= (now["short"] > 0) & (now["short"] >= rules.short_share * now["answered"])
        for row in ledger.ordered(over):
            distinct = round(float(estimate(ledger["registers"][row : row + 1])[0]))
            if distinct < DISTINCT_SHARE * min(ledger["counted"][row], 3 * REGISTERS):
                continue
            figures = {
                "hours": hours,
                "calls": int(part["ends"][row]),
                "answered_calls": int(part["answered"][row]),
                "short_share_thousandths": thousandths(short[row]),
                "others_short_share_thousandths": thousandths(others[row]),
                "delay_average_ms": int(delay[row]),
                "delay_deviation_ms": int(spread[row]),
                "distinct_b": distinct,
                "short_money_nanos": int(part["nanos"][row]),
            }
            yield self._signal(row, hour, figures)

    def _others(self, short: I64, answered: I64) -> F64:
        """Per route the share of short calls on the other routes to its destination; 0 if few."""
        _, group = np.unique(self.routes["dest"], return_inverse=True)
        n = int(group.max(initial=-1)) + 1
        rest_short = np.bincount(group, short, n)[group] - short
        rest = np.bincount(group, answered, n)[group] - answered
        found: F64 = np.where(rest >= self.rules.calls_min, rest_short / np.maximum(rest, 1), 0)
        return found

    def _next(self, hour: int) -> None:
        ledger = self.routes
        for name in _SUMS:
            ledger[name][:, (hour + 1) % 24] = 0
        if hour % 24 == 23:
            ledger["registers"][:] = 0
            ledger["counted"][:] = 0

    def _signal(self, row: int, hour: int, figures: dict[str, int]) -> Signal:
        ledger, at_ms = self.routes, (hour + 1) * HOUR_MS
        vendor, dest = int(ledger["vendor"][row]), int(ledger["dest"][row])
        name, place = self.scene.names.of(vendor), self.scene.names.of(dest)
        nanos, hours = int(ledger["nanos"][row, hour % 24]), figures["hours"]

        def show() -> Shown:
            rows = self.scene.recent.rows
            near = (rows["at"] < at_ms) & (rows["kind"] == END) & rows["answered"]
            near &= (rows["vendor"] == np.uint64(vendor)) & (rows["dest"] == np.uint64(dest))
            calls = rows[near & (rows["duration"] <= self.rules.short_ms_max)]
            reasons: tuple[str, ...] = ("short_answered_calls", "answers_too_often")
            if figures["delay_average_ms"]:
                reasons += ("even_answer_delay",)
            at_risk = figures["short_money_nanos"] // hours
            block = (Block("vendor", name),)
            return Shown(at_risk, reasons, figures, sample(calls), block)

        grave = figures["answered_calls"] >= self.rules.calls_min * self.rules.critical_times
        return Signal(
            at_ms=at_ms,
            family=FAMILY,
            subject_kind="vendor",
            subject=f"{name}/{place}",
            account="",
            severity=CRITICAL if grave else WARNING,
            since_ms=at_ms - HOUR_MS,
            money_nanos=figures["short_money_nanos"],
            added_nanos=nanos if hours == SPANS_H[0] else 0,
            show=show,
        )
