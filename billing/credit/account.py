"""One account's money and calls: what is free, who may call, when somebody is warned."""

from collections import deque
from typing import Final, NamedTuple

from billing.credit.limits import Caps, Limit
from billing.credit.session import Session

THRESHOLDS: Final = (80, 95, 100)
"""Percent of what an account may use, at which somebody is warned."""
REARM: Final = 5
"""Percent points below a threshold at which its warning is armed again."""
UNLIMITED_NANOS: Final = 2**62
_TRUNK, _THROTTLE = "trunk", "throttle"
_SECOND_MS, _MINUTE_MS = 1_000, 60_000


class Block(NamedTuple):
    """Calls that are refused until further notice."""

    prefix: str
    """of the called number; "" = every call"""
    active: bool
    reason: str
    by: str
    until_ms: int
    """0 = until it is lifted"""
    offset: int
    """of the order, in credit.order: an earlier order does not undo a later one"""
    source: str = ""
    """whose it is beside people's: the id of an alert; each source has its own blocks"""
    calls_per_min: int = 0
    """of new calls that are let through all the same"""

    @property
    def name(self) -> str:
        """Under which an account has one block."""
        return f"{self.source}/{self.prefix}" if self.source else self.prefix

    def holds(self, called: str, now_ms: int) -> bool:
        """Whether a call to this number is meant."""
        lasts = self.active and not 0 < self.until_ms <= now_ms
        return lasts and called.startswith(self.prefix)

    def stops(self, called: str, now_ms: int) -> bool:
        """Whether every call to this number is refused."""
        return not self.calls_per_min and self.holds(called, now_ms)


class Warned(NamedTuple):
    """What was said last of an account's use."""

    capacity_nanos: int
    """what it could use when it last paid: the hundred percent"""
    level: int
    """the highest threshold that was announced; 0 = none"""


class AccountBook:
    """The state of one account of a partition.

    Kept true: reserved_nanos is the sum over the sessions; active, by_trunk count those that may
    be going on.
    """

    def __init__(self, account: str) -> None:
        self.account = account
        self.limit: Limit | None = None
        self.spent_nanos = 0
        """charges posted, here and elsewhere, less payments known elsewhere"""
        self.orders: dict[str, int] = {}
        """nanos of each payment or adjustment, by its id"""
        self.paid_nanos = 0
        self.blocks: dict[str, Block] = {}
        self.warned = Warned(0, 0)
        self.sessions: dict[str, Session] = {}
        self.reserved_nanos = 0
        self.active = 0
        self.by_trunk: dict[str, int] = {}
        self._starts: dict[tuple[str, str], deque[int]] = {}
        """when calls began that are capped, by what caps them"""

    @property
    def free_nanos(self) -> int:
        """What may still be promised to calls; negative where the limit is passed."""
        if self.limit is None:
            return UNLIMITED_NANOS
        free = self.limit.limit_nanos + self.paid_nanos - self.spent_nanos - self.reserved_nanos
        return max(min(free, UNLIMITED_NANOS), -UNLIMITED_NANOS)

    def put(self, key: str, session: Session | None) -> None:
        """Set or forget a call."""
        for known, sign in ((self.sessions.get(key), -1), (session, 1)):
            if known is None:
                continue
            self.reserved_nanos += sign * known.reserved_nanos
            if known.active:
                self.active += sign
                self.by_trunk[known.trunk] = self.by_trunk.get(known.trunk, 0) + sign
                if not self.by_trunk[known.trunk]:
                    del self.by_trunk[known.trunk]
        if session is None:
            self.sessions.pop(key, None)
        else:
            self.sessions[key] = session

    def refusal(self, called: str, trunk: str, now_ms: int) -> str:
        """Why a new call is refused whatever it costs; "" if it is not, and it counts as begun."""
        if any(block.stops(called, now_ms) for block in self.blocks.values()):
            return "blocked"
        slow = [b for b in self.blocks.values() if b.calls_per_min and b.holds(called, now_ms)]
        for block in slow:
            if self._begun(_THROTTLE, block.name, _MINUTE_MS, now_ms) >= block.calls_per_min:
                return "throttled"
        caps = self.limit.caps if self.limit else Caps()
        own = self.limit.trunks.get(trunk, Caps()) if self.limit and trunk else Caps()
        for cap, count, word in (
            (caps.max_calls, self.active, "calls"),
            (own.max_calls, self.by_trunk.get(trunk, 0), "trunk_calls"),
            (caps.max_calls_per_s, self._begun(_TRUNK, "", _SECOND_MS, now_ms), "calls_per_s"),
            (
                own.max_calls_per_s,
                self._begun(_TRUNK, trunk, _SECOND_MS, now_ms),
                "trunk_calls_per_s",
            ),
        ):
            if 0 < cap <= count:
                return word
        capped = [(_TRUNK, n) for n in {"", trunk} if (own if n else caps).max_calls_per_s]
        for key in (*capped, *((_THROTTLE, block.name) for block in slow)):
            self._starts.setdefault(key, deque()).append(now_ms)
        return ""

    def _begun(self, kind: str, name: str, window_ms: int, now_ms: int) -> int:
        """New calls of the last second or minute; kept only where there is a cap on them."""
        starts = self._starts.get((kind, name))
        while starts and starts[0] <= now_ms - window_ms:
            starts.popleft()
        return len(starts) if starts else 0

    def paid(self) -> None:
        """Money came or went: the hundred percent of its use are what it can use from now on."""
        if self.limit is not None:
            usable = max(self.limit.limit_nanos, self.free_nanos + self.reserved_nanos)
            self.warned = self.warned._replace(capacity_nanos=usable)

    def threshold(self) -> tuple[int, bool]:
        """(the threshold passed now, whether that is news). Remembers it as announced."""
        if self.limit is None:
            return 0, False
        capacity = max(self.warned.capacity_nanos, self.limit.limit_nanos)
        used = 100 * (capacity - self.free_nanos)
        reached = [t for t in THRESHOLDS if used >= t * capacity] if capacity or used > 0 else []
        level = max(reached, default=0)
        before = self.warned.level
        if level < before and used > (before - REARM) * capacity:
            level = before
        self.warned = self.warned._replace(level=level)
        return level, level > before
