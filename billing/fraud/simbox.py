"""SIM-box shape: A-numbers of one account work like a gateway's lines: one call after the other at
nearly all hours, to ever new numbers of their own country, and never two at once."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from billing.fraud.baseline import HOUR_MS
from billing.fraud.calls import END
from billing.fraud.digits import leading
from billing.fraud.distinct import REGISTERS, estimate, observe, scramble
from billing.fraud.facts import Rows
from billing.fraud.incidents import CRITICAL, WARNING, Block, Shown, Signal, about_account
from billing.fraud.ledger import Ledger
from billing.fraud.scene import Flags, Scene, sample
from billing.fraud.windows import Windows

FAMILY: Final = "simbox"
LINES_MAX: Final = 30_000
"""A-numbers followed; beyond, those with the fewest calls in 24 hours go"""
BUSY_MAX: Final = 4_096
"""of these the B-numbers are counted, from BUSY_CALLS a day on"""
BUSY_CALLS: Final = 20
COUNTED_MIN: Final = 10
"""calls of a day before their B-numbers say anything"""
NATIONAL_DIGITS: Final = 2
"""a call within a country is one whose numbers begin with the same so many digits"""
HOUR_TALK_MS_MAX: Final = HOUR_MS * 21 // 20
"""one line cannot talk longer in an hour; a call counts where it ends, hence a little more"""
_SUMS: Final = ("calls", "national", "talk_ms", "nanos")


class Simbox:
    """See the module."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rules = scene, scene.rules.simbox
        self.windows: dict[str, Windows] = {}
        self.lines = Ledger(
            LINES_MAX,
            {
                "who": ("u8", 1),
                "a": ("i8", 1),
                **dict.fromkeys(_SUMS, ("i8", 24)),
                "busy": ("?", 1),
            },
        )
        columns = {"registers": ("u1", REGISTERS), "counted": ("i8", 1)}
        self.busy = Ledger(BUSY_MAX, columns)
        self.ledgers = {"lines": self.lines, "busy": self.busy}

    def observe(self, events: Rows, hour: int) -> Iterator[Signal]:
        """Count; the end of the hour judges."""
        ledger, slot = self.lines, hour % 24
        ends = events[(events["kind"] == END) & (events["a"] > 0)]
        key = scramble(ends["who"] ^ scramble(ends["a"].view(np.uint64)))
        rows = ledger.rows(key)
        ledger["who"][rows], ledger["a"][rows] = ends["who"], ends["a"]
        national = leading(ends["a"], NATIONAL_DIGITS) == leading(ends["b"], NATIONAL_DIGITS)
        nanos = -(-ends["duration"] // 60_000) * ends["rate"]
        values = (1, national, ends["duration"], nanos)
        for name, value in zip(_SUMS, values, strict=True):
            np.add.at(ledger[name][:, slot], rows, value)
        busy = ledger["busy"][rows]
        counted = self.busy.rows(key[busy])
        observe(self.busy["registers"], counted, ends["b"][busy])
        np.add.at(self.busy["counted"], counted, 1)
        return iter(())

    def close(self, hour: int) -> Iterator[Signal]:
        """Signals of accounts with enough such lines."""
        ledger, rules = self.lines, self.rules
        calls = ledger["calls"].sum(axis=1)
        over = (calls >= rules.calls_24h) & ((ledger["calls"] > 0).sum(axis=1) >= rules.hours)
        over &= ledger["national"].sum(axis=1) >= rules.national_share * calls
        over &= np.median(ledger["talk_ms"], axis=1) <= HOUR_TALK_MS_MAX
        over &= ledger["calls"][:, hour % 24] > 0
        ledger["busy"][:] = calls >= BUSY_CALLS
        over &= self._new_numbers(over)
        owners, counts = np.unique(ledger["who"][over], return_counts=True)
        for who, count in zip(owners.tolist(), counts.tolist(), strict=True):
            if count >= rules.numbers_min:
                yield self._signal(who, hour, over & (ledger["who"] == np.uint64(who)))
        for name in _SUMS:
            ledger[name][:, (hour + 1) % 24] = 0
        if hour % 24 == 23:
            self.busy.keep(np.zeros(len(self.busy), bool))
        live = ledger["calls"].sum(axis=1) > 0
        if live.sum() * 2 < len(live):
            ledger.keep(live)

    def trim(self, _now_ms: int) -> None:
        """Keep to the limits."""
        if len(self.lines) > LINES_MAX:
            self.lines.trim(self.lines["calls"].sum(axis=1))
        self.busy.trim(self.busy["counted"])

    def _new_numbers(self, lines: Flags) -> Flags:
        """Whether a line hardly calls a number twice, as far as counted today."""
        rows = self.busy.find(self.lines.key)
        found = lines & (rows >= 0)
        counted = self.busy["counted"][rows[found]]
        distinct = estimate(self.busy["registers"][rows[found]])
        found[found] = (counted >= COUNTED_MIN) & (distinct >= self.rules.distinct_share * counted)
        return found

    def _signal(self, who: int, hour: int, lines: Flags) -> Signal:
        ledger, at_ms = self.lines, (hour + 1) * HOUR_MS
        name, numbers = self.scene.names.of(who), ledger["a"][lines]
        day = int(ledger["nanos"][lines].sum())
        figures = {
            "a_numbers": len(numbers),
            "calls_24h": int(ledger["calls"][lines].sum()),
            "talk_24h_ms": int(ledger["talk_ms"][lines].sum()),
            "money_24h_nanos": day,
            "active_hours_median": int(np.median((ledger["calls"][lines] > 0).sum(axis=1))),
        }

        def show() -> Shown:
            calls = self.scene.recent.of(who, at_ms, END)
            calls = calls[np.isin(calls["a"], numbers)]
            block = (Block("account", name),)
            reasons = ("lines_round_the_clock", "never_the_same_b", "national_a")
            return Shown(day // 24, reasons, figures, sample(calls), block)

        grave = len(numbers) >= self.rules.numbers_min * self.rules.critical_times
        return about_account(
            FAMILY,
            name,
            (at_ms - HOUR_MS, at_ms),
            CRITICAL if grave else WARNING,
            day,
            int(ledger["nanos"][lines, hour % 24].sum()),
            show,
        )
