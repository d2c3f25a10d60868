"""What is usual for each account: exposure by hour of the week, how long its calls are, since when
it is known. Thresholds of other families are scaled by it."""

from typing import Final

import numpy as np
import numpy.typing as npt

from billing.fraud import baseline
from billing.fraud.calls import END
from billing.fraud.facts import Rows
from billing.fraud.ledger import Ledger
from billing.fraud.rules import Rules
from kernels.layout import I64, U64

ACCOUNTS_MAX: Final = 20_000
"""accounts a watch knows; beyond, those of least usual exposure are forgotten"""
QUIET: Final = 20
"""an hour with less than this part of the busiest one is off hours"""
TALK_KEPT: Final = 0.999
"""what an hour leaves of the weight of calls before it, in the average talk time"""
F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Accounts:
    """Key of the ledger: the hash of the account's name."""

    def __init__(self, rules: Rules, times: dict[int, float]) -> None:
        self.rules = rules.learning
        self._times = times
        self.ledger = Ledger(
            ACCOUNTS_MAX,
            {
                **baseline.COLUMNS,
                "first_hour": ("i8", 1),
                "hour_nanos": ("i8", 1),
                "talk_ms": ("f8", 1),
                "talks": ("f8", 1),
            },
        )

    def observe(self, events: Rows, hour: int) -> None:
        """Take in exposure and talk time."""
        ledger = self.ledger
        rows = ledger.rows(events["who"])
        new = ledger["first_hour"] == 0
        ledger["first_hour"][new] = hour
        np.add.at(ledger["hour_nanos"], rows, events["pledge"])
        ended = (events["kind"] == END) & events["answered"]
        np.add.at(ledger["talk_ms"], rows[ended], events["duration"][ended].astype(np.float64))
        np.add.at(ledger["talks"], rows[ended], 1.0)

    def close(self, hour: int, suspect: U64) -> None:
        """Learn the hour; nothing of the accounts in `suspect`."""
        ledger = self.ledger
        learned = np.flatnonzero(~np.isin(ledger.key, suspect))
        baseline.learn(ledger, learned, hour, ledger["hour_nanos"][learned].astype(np.float64))
        ledger["hour_nanos"][:] = 0
        ledger["talk_ms"][:] *= TALK_KEPT
        ledger["talks"][:] *= TALK_KEPT

    def trim(self) -> None:
        """Keep to ACCOUNTS_MAX."""
        ledger = self.ledger
        if len(ledger) > ACCOUNTS_MAX:
            ledger.trim(ledger["mean"].max(axis=1) + ledger["hour_nanos"])

    def rows(self, who: U64) -> I64:
        """Rows of the ledger."""
        return self.ledger.rows(who)

    def age_h(self, rows: I64, hour: int) -> I64:
        """Hours since an account was first seen."""
        first = self.ledger["first_hour"][rows]
        return np.where(first > 0, hour - first, 0).astype(np.int64)

    def warm(self, rows: I64, hour: int) -> Flags:
        """Whether it is known for long enough to have a usual."""
        return self.age_h(rows, hour) >= self.rules.warm_days * 24

    def times(self, rows: I64, hour: int) -> F64:
        """What thresholds are multiplied by: the account's own factor, and that of a cold start."""
        cold: F64 = np.where(self.warm(rows, hour), 1.0, self.rules.cold_times)
        if not self._times:
            return cold
        own = [self._times.get(key, 1.0) for key in self.ledger.key[rows].tolist()]
        found: F64 = cold * np.array(own)
        return found

    def busiest(self, rows: I64) -> F64:
        """Exposure of the busiest usual hour, nanos."""
        return baseline.busiest(self.ledger)[rows]

    def day(self, rows: I64) -> F64:
        """Exposure of a usual day, nanos."""
        found: F64 = baseline.week(self.ledger)[rows] / 7
        return found

    def talk_ms(self, rows: I64) -> F64:
        """Average talk time (ACD) of answered calls, ms; 0 unknown."""
        talks = self.ledger["talks"][rows]
        found: F64 = self.ledger["talk_ms"][rows] / np.maximum(talks, 1)
        return found

    def off_hours(self, row: int, hour: int) -> bool:
        """Whether the account is usually quiet now: see QUIET."""
        rows = np.array([row])
        now = baseline.usual(self.ledger, rows, hour).mean[0]
        return bool(self.warm(rows, hour)[0] and now < self.busiest(rows)[0] / QUIET)
