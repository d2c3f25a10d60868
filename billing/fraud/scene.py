"""What all families share: rules, names, the accounts' usual, the last hour's calls, incidents."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from billing.fraud.accounts import Accounts
from billing.fraud.calls import ATTEMPT, EVENT, MINUTE
from billing.fraud.digits import Prefixes, block_of, block_prefix
from billing.fraud.facts import Rows
from billing.fraud.incidents import CALLS_SHOWN_MAX, Block, Incidents, Signal
from billing.fraud.ledger import Ledger
from billing.fraud.names import Names
from billing.fraud.rules import Rules
from billing.fraud.windows import Windows
from kernels.layout import I64

RECENT_MS: Final = 3_600_000
RECENT_MAX: Final = 300_000
"""attempts and ends that a closer look can see; beyond, the oldest go"""
SEQUENTIAL: Final = 3
"""B-numbers that lie so near to the one before count as sequential"""
RANGE_SHARE: Final = 0.1
"""a range with so much of an incident's calls is proposed for blocking"""
F64 = npt.NDArray[np.float64]
REST_SHARE: Final = 0.2
"""more calls than this outside such ranges: they are spread"""
Flags = npt.NDArray[np.bool_]


class Recent:
    """Attempts and ends of the last hour, for the few subjects that deserve a closer look."""

    def __init__(self) -> None:
        self._parts = [np.zeros(0, EVENT)]

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    @property
    def rows(self) -> Rows:
        """All of them, in order of time."""
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return self._parts[0]

    def put(self, rows: Rows) -> None:
        """Have these and no others."""
        self._parts = [rows]

    def add(self, events: Rows) -> None:
        """Remember attempts and ends."""
        self._parts.append(events[events["kind"] != MINUTE])

    def forget(self, now_ms: int) -> None:
        """Drop what is older than RECENT_MS or beyond RECENT_MAX."""
        rows = self.rows
        self.put(rows[rows["at"] >= now_ms - RECENT_MS][-RECENT_MAX:])

    def of(self, who: int, until_ms: int, kind: int = ATTEMPT) -> Rows:
        """An account's events of one kind in the hour before an instant."""
        rows = self.rows
        at = rows["at"]
        near = (at >= until_ms - RECENT_MS) & (at < until_ms) & (rows["kind"] == kind)
        found: Rows = rows[near & (rows["who"] == np.uint64(who))]
        return found


@dataclass(frozen=True)
class Scene:
    """Handed to every family."""

    rules: Rules
    names: Names
    accounts: Accounts
    recent: Recent
    incidents: Incidents
    high: Prefixes


class Family(Protocol):
    """One kind of fraud: what it looks at as events come, and what at the end of each hour."""

    windows: dict[str, Windows]
    ledgers: dict[str, Ledger]

    def observe(self, events: Rows, hour: int, /) -> Iterable[Signal]:
        """Take in events, all of one hour since 1970, in buckets never handed in before."""
        ...

    def close(self, hour: int, /) -> Iterable[Signal]:
        """The hour is over."""
        ...

    def trim(self, now_ms: int, /) -> None:
        """Keep to the limits on keys and rows."""
        ...


def sample(calls: Rows) -> tuple[int, ...]:
    """The last calls of a look."""
    return tuple(calls["call"][-CALLS_SHOWN_MAX:].tolist())


def sequential(calls: Rows) -> int:
    """How many calls went to a number just above or below that of the call before."""
    step = np.abs(np.diff(calls["b"]))
    return int(((step > 0) & (step <= SEQUENTIAL)).sum())


def ranges(calls: Rows, high: Prefixes, strange: Flags | None = None) -> tuple[Block, ...]:
    """Prefixes to block: the blocks of numbers that most calls go to, which leaves honest calls to
    the country alone; where the calls are spread wider, the listed high-risk prefixes as well, if
    the account has no business there (strange, per call)."""
    blocks = block_of(calls["b"])
    chosen = _frequent(blocks)
    texts = [block_prefix(block) for block in chosen]
    spread = ~np.isin(blocks, np.array(chosen, np.int64))
    if strange is not None and spread.sum() > len(calls) * REST_SHARE:
        match = high.match(calls["b"][spread & strange])
        texts += [high.prefixes[i - 1] for i in _frequent(match[match > 0])]
    return tuple(Block("prefix", text) for text in texts if text)


def _frequent(values: I64) -> list[int]:
    """Values with at least RANGE_SHARE of the rows, the most frequent first."""
    found, counts = np.unique(values, return_counts=True)
    order = np.lexsort((found, -counts))
    most: list[int] = found[order[counts[order] >= RANGE_SHARE * len(values)]].tolist()
    return most


def top_block(calls: Rows) -> tuple[int, int]:
    """The block with the most calls, and how many."""
    if not len(calls):
        return 0, 0
    values, counts = np.unique(block_of(calls["b"]), return_counts=True)
    most = int(np.argmax(counts))
    return int(values[most]), int(counts[most])


def thousandths(part: float) -> int:
    """A share as a whole number."""
    return round(part * 1_000)


def span_sum(ring: I64, hour: int, hours: int) -> I64:
    """Per row the sum of the last `hours` slots of a ring of hours, up to `hour`."""
    slots = (hour - np.arange(hours)) % ring.shape[1]
    return ring[:, slots].sum(axis=1)  # type: ignore[no-any-return]
