"""The watch over one partition: facts in, alerts out, a fold whose state is bytes.

Everything is judged by event time in closed buckets of ten seconds and in clock hours, so that the
same facts in the same order give the same alerts however they are cut into batches, and a watch
restored from `dump` goes on as the one that was dumped. It sees the calls of its partition only:
all calls of an account, but of a vendor, a number range or an A-number just those of its accounts.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from billing.fraud import state
from billing.fraud.accounts import Accounts
from billing.fraud.baseline import HOUR_MS
from billing.fraud.callback import Callbacks
from billing.fraud.calls import Calls
from billing.fraud.digits import Prefixes
from billing.fraud.door import Door
from billing.fraud.facts import Rows, numbers_of
from billing.fraud.fas import Fas
from billing.fraud.incidents import Alert, Incidents, Signal
from billing.fraud.irsf import FAMILY as IRSF
from billing.fraud.irsf import Irsf
from billing.fraud.limits import Caps
from billing.fraud.names import Names, hash_of
from billing.fraud.pumping import Pumping
from billing.fraud.rules import Rules
from billing.fraud.scene import Family, Recent, Scene
from billing.fraud.simbox import Simbox
from billing.fraud.spoofing import Spoofing
from billing.fraud.wangiri import Wangiri
from kernels.layout import I64, U64

TRIM_MS: Final = 1_200_000
"""how often limits on memory are enforced; an hour is a multiple of it"""
QUIET_HOURS_MAX: Final = 4 * 168
"""hours without a fact that are closed one by one; beyond, silence teaches nothing more"""


class Watch:
    """See the module; `door` counts late, dropped and future facts."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.names = Names()
        self.door = Door(rules.timing)
        self.calls = Calls()
        self.done_ms = 0
        """everything before is taken in"""
        self.active_hour = 0
        """the last hour with a fact"""
        times = rules.account_times
        hashes = hash_of(pa.array(list(times), pa.string())).tolist()
        self.accounts = Accounts(rules, dict(zip(hashes, times.values(), strict=True)))
        self.recent = Recent()
        self.incidents = Incidents(rules.timing)
        high = Prefixes(rules.high_risk)
        scene = Scene(rules, self.names, self.accounts, self.recent, self.incidents, high)
        self.irsf = Irsf(scene)
        self.families: tuple[Family, ...] = (
            Caps(scene),
            self.irsf,
            Wangiri(scene),
            Callbacks(scene),
            Spoofing(scene),
            Pumping(scene),
            Fas(scene),
            Simbox(scene),
        )

    def take(self, facts: pa.Table | pa.RecordBatch) -> list[Alert]:
        """Fold a batch of FACTS in; the alerts that are new or have grown, in order of time."""
        rows, arrived = numbers_of(facts, self.names)
        return self._advance(self.door.take(rows, arrived))

    def pass_time(self, at_ms: int) -> list[Alert]:
        """Say that it is at least this late: the end of a period."""
        return self._advance(self.door.pass_time(at_ms))

    def pass_arrivals(self, until_ms: int) -> list[Alert]:
        """Say that all facts that arrived until then were taken: a partition may be quiet."""
        return self._advance(self.door.pass_arrivals(until_ms))

    def dump(self) -> bytes:
        """The state."""
        return state.dump(self)

    @classmethod
    def load(cls, data: bytes, rules: Rules) -> "Watch":
        """A watch with a dumped state. Raises ValueError where it is of another version."""
        watch = cls(rules)
        state.load(watch, data)
        return watch

    def _advance(self, facts: Rows) -> list[Alert]:
        told: list[Alert] = []
        if not self.done_ms:
            if not len(facts):
                return told
            self.done_ms = int(facts["at"][0]) // HOUR_MS * HOUR_MS
        end_ms = self.door.open_ms
        for begin, end, part in self._cut(facts, end_ms):
            told += self._take(part, begin, end)
        return told

    def _cut(self, facts: Rows, end_ms: int) -> Iterator[tuple[int, int, Rows]]:
        """Spans that end where limits are enforced at the latest, and their facts."""
        at = facts["at"]
        while self.done_ms < end_ms:
            begin = self._woken(at, end_ms)
            end = min(end_ms, (begin // TRIM_MS + 1) * TRIM_MS)
            low, high = np.searchsorted(at, (begin, end))
            yield begin, end, facts[low:high]
            self.done_ms = end

    def _woken(self, at: I64, end_ms: int) -> int:
        """Where to go on: beyond QUIET_HOURS_MAX of silence, with the hour of the next fact."""
        if self.done_ms // HOUR_MS > self.active_hour + QUIET_HOURS_MAX > QUIET_HOURS_MAX:
            left = at[np.searchsorted(at, self.done_ms) :]
            wake_ms = int(left[0]) if len(left) else end_ms - 1
            self.done_ms = max(self.done_ms, wake_ms // HOUR_MS * HOUR_MS)
        return self.done_ms

    def _take(self, facts: Rows, begin: int, end: int) -> list[Alert]:
        hour = begin // HOUR_MS
        told: list[Alert] = []
        if len(facts):
            self.active_hour = hour
        events = self.calls.take(facts, begin, end)
        if len(events):
            self.accounts.observe(events, hour)
            self.recent.add(events)
            told += self._hear(s for f in self.families for s in f.observe(events, hour))
        if end % HOUR_MS == 0 and hour <= self.active_hour + QUIET_HOURS_MAX:
            told += self._close(hour)
        if end % TRIM_MS == 0:
            self._trim(end)
        return told

    def _hear(self, signals: Iterator[Signal]) -> list[Alert]:
        ordered = sorted(signals, key=lambda signal: signal.at_ms)
        return [alert for signal in ordered if (alert := self.incidents.hear(signal)) is not None]

    def _close(self, hour: int) -> list[Alert]:
        now_ms = (hour + 1) * HOUR_MS
        closed = self.incidents.forget(now_ms)
        self.irsf.clear([subject for family, subject in closed if family == IRSF])
        told = self._hear(s for f in self.families for s in f.close(hour))
        suspect = self._suspects(now_ms)
        self.irsf.learn(hour, suspect)
        self.irsf.spending.close(hour, suspect)
        self.accounts.close(hour, suspect)
        return told

    def _suspects(self, now_ms: int) -> U64:
        """Accounts from which nothing is learned now."""
        after_ms = now_ms - self.rules.learning.relearn_days * 24 * HOUR_MS
        return hash_of(pa.array(self.incidents.suspects(after_ms), pa.string()))

    def _trim(self, now_ms: int) -> None:
        self.calls.forget(now_ms)
        self.recent.forget(now_ms)
        self.accounts.trim()
        for family in self.families:
            family.trim(now_ms)
