"""Every threshold and list of the watch, with its default. rule_file.py reads them from TOML.

Money is in the account's currency. Zero switches a limit off. `warning` figures raise a warning;
`critical_times` of them raise a critical alert.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from billing.fraud.ranges import HIGH_RISK

NOTIFY, THROTTLE, BLOCK_DESTINATION, BLOCK_ACCOUNT = (
    "notify",
    "throttle",
    "block_destination",
    "block_account",
)
POLICIES: Final = (NOTIFY, THROTTLE, BLOCK_DESTINATION, BLOCK_ACCOUNT)


def _money(units: float) -> int:
    return round(units * 10**9)


@dataclass(frozen=True)
class Irsf:
    """Money to high-risk and new destinations beyond what the account usually spends there."""

    money_10m: int = _money(8)
    money_1h: int = _money(20)
    money_24h: int = _money(30)
    money_7d: int = _money(90)
    share_of_usual_hour: float = 0.2
    """thresholds are at least this part of the account's busiest usual hour (10 min and 1 h)"""
    share_of_usual_day: float = 0.05
    """and of its usual day (24 h; four of them in 7 d)"""
    record_times: float = 2.5
    """and so many times the most the account has had before"""
    calls_10m: int = 6
    calls_1h: int = 12
    calls_24h: int = 16
    """risky calls there must be besides the money; a week's count like a day's"""
    critical_times: float = 3.0
    free_per_hour: int = _money(1)
    """what a familiar destination may cost an hour beyond the usual before anything counts"""
    new_weight: float = 0.4
    """a unit of money to a new destination, against one to a high-risk range"""
    familiar_weight: float = 0.02


@dataclass(frozen=True)
class Limits:
    """Hard caps of an account; 0 = none. Beyond one of them is critical, whatever is usual."""

    calls_per_min: int = 0
    concurrent: int = 0
    money_5m: int = 0
    money_1h: int = 0


@dataclass(frozen=True)
class Wangiri:
    """Calls that are cut while they ring, to many numbers, from one block of A-numbers."""

    calls_10m: int = 30
    calls_1h: int = 80
    share: float = 0.75
    distinct_share: float = 0.7
    ring_ms_max: int = 8_000
    critical_times: float = 4.0
    money_per_victim: int = _money(0.05)
    """what a called number is expected to lose by calling back, on average"""


@dataclass(frozen=True)
class Pumping:
    """A rise of money to one block of numbers over days, in long calls."""

    free_per_day: int = _money(3)
    money: int = _money(5)
    share_of_usual_day: float = 0.01
    growth: float = 1.5
    talk_times: float = 1.5
    """calls to the block last at least so many times the account's average"""
    calls_min: int = 15
    critical_times: float = 5.0


@dataclass(frozen=True)
class Fas:
    """Calls of one vendor's route that are answered too soon, too often and too shortly."""

    calls_min: int = 30
    short_ms_max: int = 12_000
    short_share: float = 0.3
    answer_share: float = 0.75
    delay_spread: float = 0.45
    """standard deviation of the answer delay, by its mean, at most"""
    critical_times: float = 5.0


@dataclass(frozen=True)
class Simbox:
    """A-numbers used like a gateway: one call after another, round the clock, never the same B."""

    calls_24h: int = 80
    distinct_share: float = 0.8
    hours: int = 12
    national_share: float = 0.9
    numbers_min: int = 3
    critical_times: float = 5.0


@dataclass(frozen=True)
class Spoofing:
    """A-numbers that cannot be right: none, equal to the B-number, or its neighbour."""

    calls_1h: int = 40
    share: float = 0.25
    usual_times: float = 4.0
    critical_times: float = 5.0
    money_per_victim: int = _money(0.02)


@dataclass(frozen=True)
class Callback:
    """Costly calls to numbers that let the caller's phone ring before."""

    calls_1h: int = 10
    money_1h: int = _money(5)
    critical_times: float = 4.0


@dataclass(frozen=True)
class Learning:
    """When history counts."""

    warm_days: int = 4
    """an account younger than this has no usual: new destinations do not count, and"""
    cold_times: float = 3.0
    """its thresholds are this much higher"""
    familiar_hours: int = 4
    """a destination used in so many hours is familiar"""
    deviations: float = 4.0
    relearn_days: int = 3
    """what goes on for so long under an open incident becomes usual"""


@dataclass(frozen=True)
class Timing:
    """How late facts may be, and how an incident grows."""

    lateness_s: int = 5
    late_s: int = 300
    quiet_s: int = 30
    """time goes on without facts, so long behind the broker's clock, where switches send events"""
    silent_s: int = 3600
    """the same where only records come: as late as a collector brings them"""
    cool_down_min: int = 360
    revision_times: float = 2.0
    """an incident is told again when its money has grown by this"""
    revision_min: int = 5


@dataclass(frozen=True)
class Action:
    """What is done about a critical alert of a burst to a high-risk range."""

    policy: str = NOTIFY
    disconnect: bool = False
    block_min: int = 240
    throttle_calls_per_min: int = 5


@dataclass(frozen=True)
class Rules:
    """All of it."""

    irsf: Irsf = Irsf()
    limits: Limits = Limits()
    wangiri: Wangiri = Wangiri()
    pumping: Pumping = Pumping()
    fas: Fas = Fas()
    simbox: Simbox = Simbox()
    spoofing: Spoofing = Spoofing()
    callback: Callback = Callback()
    learning: Learning = Learning()
    timing: Timing = Timing()
    action: Action = Action()
    high_risk: tuple[str, ...] = HIGH_RISK
    account_limits: Mapping[str, Limits] = field(default_factory=dict)
    account_action: Mapping[str, Action] = field(default_factory=dict)
    account_times: Mapping[str, float] = field(default_factory=dict)
    """thresholds of an account, against the common ones"""

    def action_of(self, account: str) -> Action:
        """What is done for this account."""
        return self.account_action.get(account, self.action)

    def limits_of(self, account: str) -> Limits:
        """The hard caps of this account."""
        return self.account_limits.get(account, self.limits)
