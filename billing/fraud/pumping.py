"""Traffic pumping: money to one block of numbers rises over days, in long calls.

A CUSUM of the last 24 hours' money above `growth` times the block's own usual: what rises slowly
adds up as well as what leaps, and the time of day plays no part.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from billing.fraud.baseline import HOUR_MS
from billing.fraud.calls import END
from billing.fraud.digits import block_of, block_prefix
from billing.fraud.distinct import scramble
from billing.fraud.facts import Rows
from billing.fraud.incidents import CRITICAL, WARNING, Block, Shown, Signal, about_range
from billing.fraud.irsf import FAMILY as IRSF
from billing.fraud.ledger import Ledger
from billing.fraud.scene import F64, Scene, sample, span_sum
from billing.fraud.windows import Windows

FAMILY: Final = "pumping"
BLOCKS_MAX: Final = 30_000
"""account and block pairs followed; beyond, those of least money go"""
USUAL_HOURS: Final = 14 * 24
"""how slowly a block's usual follows"""


class Pumping:
    """See the module."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.rules = scene, scene.rules.pumping
        self.windows: dict[str, Windows] = {}
        self.blocks = Ledger(
            BLOCKS_MAX,
            {
                "who": ("u8", 1),
                "block": ("i8", 1),
                "nanos": ("i8", 24),
                "talks": ("i4", 24),
                "talk_ms": ("i8", 24),
                "usual": ("f8", 1),
                "score": ("f8", 1),
            },
        )
        self.ledgers = {"blocks": self.blocks}

    def observe(self, events: Rows, hour: int) -> Iterator[Signal]:
        """Count; the end of the hour judges."""
        ledger, slot = self.blocks, hour % 24
        paid = events[((events["nanos"] > 0) | (events["kind"] == END)) & (events["b"] > 0)]
        block = block_of(paid["b"])
        rows = ledger.rows(scramble(paid["who"] ^ scramble(block.view(np.uint64))))
        ledger["who"][rows], ledger["block"][rows] = paid["who"], block
        np.add.at(ledger["nanos"][:, slot], rows, paid["nanos"])
        ended = (paid["kind"] == END) & paid["answered"]
        np.add.at(ledger["talks"][:, slot], rows[ended], 1)
        np.add.at(ledger["talk_ms"][:, slot], rows[ended], paid["duration"][ended])
        return iter(())

    def close(self, hour: int) -> Iterator[Signal]:
        """Signals of blocks whose score is over the threshold."""
        ledger, rules, accounts = self.blocks, self.rules, self.scene.accounts
        owners = accounts.rows(ledger["who"])
        day = ledger["nanos"].sum(axis=1)
        usual = self._usual(np.asarray(accounts.age_h(owners, hour), np.float64))
        account_day = accounts.day(owners)
        rise = day - rules.growth * usual - rules.free_per_day
        ledger["score"][:] = np.maximum(0, ledger["score"] + rise / 24)
        ledger["usual"][:] += (day - ledger["usual"]) / USUAL_HOURS
        bar = np.maximum(rules.money, rules.share_of_usual_day * account_day)
        bar *= accounts.times(owners, hour)
        talks = ledger["talks"].sum(axis=1)
        talk = ledger["talk_ms"].sum(axis=1) / np.maximum(talks, 1)
        over = (ledger["score"] >= bar) & (rise > 0) & accounts.warm(owners, hour)
        over &= (talks >= rules.calls_min) & (ledger["nanos"][:, hour % 24] > 0)
        over &= talk >= rules.talk_times * accounts.talk_ms(owners)
        for row in ledger.ordered(over):
            figures = {
                "money_24h_nanos": int(day[row]),
                "usual_24h_nanos": int(usual[row]),
                "score_nanos": int(ledger["score"][row]),
                "threshold_nanos": int(bar[row]),
                "answered_calls_24h": int(talks[row]),
                "talk_average_ms": int(talk[row]),
                "account_talk_average_ms": int(accounts.talk_ms(owners[row : row + 1])[0]),
            }
            if not self._told(row, hour):
                yield self._signal(row, hour, figures)
        self._next(hour, day)

    def trim(self, _now_ms: int) -> None:
        """Keep to the limits."""
        if len(self.blocks) > BLOCKS_MAX:
            self.blocks.trim(self.blocks["nanos"].sum(axis=1) + self.blocks["usual"])

    def _usual(self, age_h: F64) -> F64:
        """Money of a usual day, corrected for how short the account has been known."""
        learned = 1 - (1 - 1 / USUAL_HOURS) ** np.maximum(age_h, 1)
        found: F64 = self.blocks["usual"] / learned
        return found

    def _told(self, row: int, hour: int) -> bool:
        """Whether the range is already reported as a burst."""
        name = self.scene.names.of(int(self.blocks["who"][row]))
        prefix = block_prefix(int(self.blocks["block"][row]))
        return self.scene.incidents.covers(IRSF, name, prefix, (hour + 1) * HOUR_MS)

    def _next(self, hour: int, day: F64) -> None:
        ledger = self.blocks
        for name in ("nanos", "talks", "talk_ms"):
            ledger[name][:, (hour + 1) % 24] = 0
        live = (day > 0) | (ledger["usual"] > self.rules.free_per_day / 10)
        if live.sum() * 2 < len(live):
            ledger.keep(live)

    def _signal(self, row: int, hour: int, figures: dict[str, int]) -> Signal:
        ledger, at_ms = self.blocks, (hour + 1) * HOUR_MS
        who, block = int(ledger["who"][row]), int(ledger["block"][row])
        name, prefix = self.scene.names.of(who), block_prefix(block)
        hour_nanos = int(ledger["nanos"][row, hour % 24])
        six = int(span_sum(ledger["nanos"][row : row + 1], hour, 6)[0]) // 6

        def show() -> Shown:
            calls = self.scene.recent.of(who, at_ms, END)
            calls = calls[block_of(calls["b"]) == block]
            figures["distinct_b_1h"] = len(np.unique(calls["b"]))
            figures["distinct_a_1h"] = len(np.unique(calls["a"]))
            reasons = ("rise_to_one_range", "long_calls")
            found = Block("prefix", prefix)
            return Shown(max(hour_nanos, six), reasons, figures, sample(calls), (found,))

        bar = figures["threshold_nanos"] * self.rules.critical_times
        return about_range(
            FAMILY,
            name,
            prefix,
            (at_ms - HOUR_MS, at_ms),
            CRITICAL if figures["score_nanos"] >= bar else WARNING,
            figures["money_24h_nanos"],
            hour_nanos,
            show,
        )
