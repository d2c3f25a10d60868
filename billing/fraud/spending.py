"""What accounts spend per destination, and how much of it is beyond their usual.

A pair is an account, a destination, and whether the number is in a high-risk range. Within a clock
hour a pair may spend its usual, a familiar one `free_per_hour` more; what is beyond is excess, and
weighs by what the pair is: high-risk fully, new for the account in part, familiar hardly.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from billing.fraud import baseline
from billing.fraud.accounts import Accounts
from billing.fraud.calls import ATTEMPT
from billing.fraud.digits import Prefixes
from billing.fraud.distinct import scramble
from billing.fraud.door import BUCKET_MS
from billing.fraud.facts import Rows
from billing.fraud.ledger import Ledger
from billing.fraud.rules import Rules
from kernels.layout import I64, U64

PAIRS_MAX: Final = 40_000
"""pairs a watch knows; beyond, those of least usual exposure are forgotten, and are new again"""
Flags = npt.NDArray[np.bool_]


class Excess(NamedTuple):
    """One row per pair and bucket."""

    who: U64
    at: I64
    values: I64
    """columns WEIGHTED, HIGH, MONEY, CALLS, EXPOSURE"""


WEIGHTED, HIGH, MONEY, CALLS, EXPOSURE = range(5)
"""weighted excess, the part of it in high-risk ranges; money and calls of risky pairs; exposure"""


class Spending:
    """The ledger of pairs."""

    def __init__(self, rules: Rules, accounts: Accounts, high: Prefixes) -> None:
        self.rules, self.learning = rules.irsf, rules.learning
        self.accounts, self.high = accounts, high
        self.ledger = Ledger(
            PAIRS_MAX,
            {
                **baseline.COLUMNS,
                "who": ("u8", 1),
                "high": ("?", 1),
                "hour_nanos": ("i8", 1),
                "hours_seen": ("i4", 1),
            },
        )

    def observe(self, events: Rows, hour: int) -> Excess:
        """Take in exposure; what is beyond the usual of it."""
        ledger = self.ledger
        high = self.high.match(events["b"]) > 0
        rows = ledger.rows(_pair(events, high))
        ledger["who"][rows], ledger["high"][rows] = events["who"], high
        bucket = events["at"] // BUCKET_MS
        order = np.lexsort((bucket, rows))
        rows, bucket = rows[order], bucket[order]
        new = np.flatnonzero(
            np.concatenate([[True], (np.diff(rows) != 0) | (np.diff(bucket) != 0)])[: len(rows)]
        )
        columns = (
            events["pledge"],
            events["nanos"],
            (events["kind"] == ATTEMPT).astype(np.int64),
        )
        pledge, nanos, calls = (
            np.add.reduceat(c[order], new) if len(new) else c[:0].astype(np.int64) for c in columns
        )
        rows, bucket = rows[new], bucket[new]
        weight = self.weight(rows, hour)
        excess = self._excess(rows, pledge, hour)
        weighted = excess * weight // 1_000
        risky = weight > round(self.rules.familiar_weight * 1_000)
        values = np.stack(
            [
                weighted,
                np.where(ledger["high"][rows], weighted, 0),
                np.where(risky, nanos, 0),
                np.where(risky, calls, 0),
                pledge,
            ],
            axis=1,
        )
        return Excess(ledger["who"][rows], bucket * BUCKET_MS, values)

    def weight(self, rows: I64, hour: int) -> I64:
        """Weight of a pair's excess, in thousandths."""
        ledger = self.ledger
        owners = self.accounts.rows(ledger["who"][rows])
        known = ledger["hours_seen"][rows] >= self.learning.familiar_hours
        new = self.accounts.warm(owners, hour) & ~known
        high, fresh, familiar = (
            round(w * 1_000) for w in (1.0, self.rules.new_weight, self.rules.familiar_weight)
        )
        return np.where(ledger["high"][rows], high, np.where(new, fresh, familiar)).astype(np.int64)

    def risky(self, calls: Rows, hour: int) -> Flags:
        """Whether calls go to high-risk or new destinations."""
        rows = self.ledger.find(_pair(calls, self.high.match(calls["b"]) > 0))
        weight = self.weight(np.maximum(rows, 0), hour) if len(self.ledger) else rows
        found: Flags = (rows >= 0) & (weight > round(self.rules.familiar_weight * 1_000))
        return found

    def strange(self, calls: Rows) -> Flags:
        """Whether calls go to where their account has no business so far."""
        rows = self.ledger.find(_pair(calls, self.high.match(calls["b"]) > 0))
        seen = self.ledger["hours_seen"][rows] if len(self.ledger) else rows
        found: Flags = (rows < 0) | (seen < self.learning.familiar_hours)
        return found

    def close(self, hour: int, suspect: U64) -> None:
        """Learn the hour; nothing of the accounts in `suspect`, and no leaps."""
        ledger = self.ledger
        rows = np.flatnonzero(~np.isin(ledger["who"], suspect))
        spent = ledger["hour_nanos"][rows].astype(np.float64)
        owners = self.accounts.rows(ledger["who"][rows])
        held = np.flatnonzero((spent > 0) & self.accounts.warm(owners, hour))
        capped = spent.copy()
        capped[held] = np.minimum(spent[held], 2 * self._allowance(rows[held], hour))
        baseline.learn(ledger, rows, hour, capped)
        ledger["hours_seen"][rows] += spent > 0
        ledger["hour_nanos"][:] = 0

    def trim(self) -> None:
        """Keep to PAIRS_MAX."""
        ledger = self.ledger
        if len(ledger) > PAIRS_MAX:
            ledger.trim(ledger["mean"].max(axis=1) + ledger["hour_nanos"])

    def _excess(self, rows: I64, pledge: I64, hour: int) -> I64:
        """What each row, one pair after the other in order of time, adds beyond the allowance."""
        if not len(rows):
            return np.zeros(0, np.int64)
        pairs, group = np.unique(rows, return_inverse=True)
        allowed = self._allowance(pairs, hour).astype(np.int64)[group]
        begin = np.searchsorted(rows, pairs)
        total = np.cumsum(pledge)
        before_group = np.where(begin > 0, total[begin - 1], 0)[group]
        after = total - before_group + self.ledger["hour_nanos"][rows]
        np.add.at(self.ledger["hour_nanos"], rows, pledge)
        before = np.maximum(after - pledge - allowed, 0)
        found: I64 = np.maximum(after - allowed, 0) - before
        return found

    def _allowance(self, rows: I64, hour: int) -> npt.NDArray[np.float64]:
        usual = baseline.usual(self.ledger, rows, hour)
        known = self.ledger["hours_seen"][rows] >= self.learning.familiar_hours
        free = np.where(known & ~self.ledger["high"][rows], self.rules.free_per_hour, 0)
        return usual.mean + self.learning.deviations * usual.deviation + free


def _pair(events: Rows, high: Flags) -> U64:
    mixed = scramble(events["dest"] ^ scramble(events["who"]))
    return mixed ^ high.astype(np.uint64)
