"""How soon a worker that dies is noticed, and how soon the others learn of it."""

from typing import Final

from deploy.runtime.settings import Settings

SESSION_S_MIN: Final = 6.0
"""Apache Kafka lets no member with a shorter session into a group."""
HEARTBEAT_S_MAX: Final = 1.0
"""Workers learn of a rebalance by their heartbeats, so it pauses them about so long."""


def session_s(settings: Settings) -> float:
    """After so long without a word a worker is taken for dead."""
    return max(SESSION_S_MIN, settings.rebalance_timeout_s * 1.5)


def heartbeat_s(settings: Settings) -> float:
    """From one word of a worker to the next."""
    return min(HEARTBEAT_S_MAX, settings.rebalance_timeout_s / 4)
