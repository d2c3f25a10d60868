"""What is true of the simulated exchange: its troubles, its calls, what came of them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from kernels.layout import HALF_UP, MAX_CHARGE_NONE
from kernels.terms import Terms

NANOS = 10**9
RULE = (HALF_UP, 0, 0, 0, 0, 0, MAX_CHARGE_NONE, 0, 1, 0)
"""Round seconds half up, no grace, no minimum, no cap: `billing.tariff.rule_of` of such a deck."""
INCREMENTS = ((1, 1), (6, 6), (30, 6), (60, 60), (60, 1))
ACCOUNTS = ("acme", "bolt", "corp")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong, and how late things are."""

    asks: bool = True
    """whether the switch asks before it begins a call, and leaves refused ones out"""
    tells: bool = True
    """whether it sends events; if not, there are only CDRs"""
    event_late_ms: int = 2_000
    lost: float = 0.03
    doubled: float = 0.05
    disconnect_late_ms: int = 1_000
    cdr_late_ms: int = 20_000
    tick_ms: int = 250
    deaths: int = 3
    dead_ms: int = 5_000

    @property
    def late_ms(self) -> int:
        """From the end of a grant to the end of its call, at most."""
        dead = self.dead_ms if self.deaths else 0
        return self.event_late_ms + self.tick_ms + self.disconnect_late_ms + dead


@dataclass(slots=True)
class Call:
    """A call as it really is."""

    key: str
    account: str
    terms: Terms
    asked_ms: int
    answered_ms: int
    """0 = never"""
    end_ms: int
    ended: bool = False

    def cost_nanos(self, now_ms: int) -> int:
        """What it has cost by now, posted or not."""
        if not self.answered_ms or now_ms < self.answered_ms:
            return 0
        return self.terms.charge(min(now_ms, self.end_ms) - self.answered_ms)


class Overrun(NamedTuple):
    """The worst moment of an account."""

    account: str
    at_ms: int
    limit_nanos: int
    exposure_nanos: int
    """what its calls had cost by then, paid for or not"""
    bound_nanos: int
    """the limit, and what its calls can cost beyond what was granted"""

    @property
    def over_nanos(self) -> int:
        """What it had cost beyond the limit."""
        return self.exposure_nanos - self.limit_nanos


@dataclass(slots=True)
class Found:
    """What a run has shown."""

    worst: dict[str, Overrun] = field(default_factory=dict)
    beyond: list[Overrun] = field(default_factory=list)
    """moments at which an account was beyond its bound"""
    calls: int = 0
    refused: int = 0
    cut: int = 0
    deaths: int = 0
    most_at_once: int = 0
