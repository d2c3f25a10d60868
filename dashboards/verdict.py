"""The one line on top of the page. Pure.

Worst first: ClickHouse away, calls lost, money lost, data stale, things to watch, OK.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dashboards.schemas import Conservation, Outage, State, Tiles, Verdict

STALE_AFTER_MS: Final = 60_000
LAG_MESSAGES_MAX: Final = 5_000
UNRATED_PERCENT_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What the verdict rests on; None where it is not known."""

    now_ms: int
    as_of_ms: int | None
    state: State
    error: Outage | None
    newest_call_ms: int | None
    lag_messages: int | None
    conservation: Conservation | None
    tiles: Tiles
    losing_count: int


def judge(facts: Facts) -> Verdict:
    """The verdict on what was read last."""
    watch = _watch(facts)
    return (
        _unread(facts)
        or _critical(facts, watch)
        or _stale(facts, watch)
        or Verdict(level="watch" if watch else "ok", text="Watch" if watch else "OK", watch=watch)
    )


def _unread(facts: Facts) -> Verdict | None:
    if facts.error:
        return Verdict(level="critical", text=facts.error.title, since_ms=facts.as_of_ms)
    if facts.state == "loading":
        return Verdict(level="unknown", text="Reading the first figures")
    if facts.state == "empty":
        return Verdict(level="unknown", text="No calls yet")
    return None


def _critical(facts: Facts, watch: list[str]) -> Verdict | None:
    found = []
    if facts.conservation and facts.conservation.flow == "difference":
        found.append(f"conservation {facts.conservation.text}")
    margin = facts.tiles.margin_percent.value
    if margin and Decimal(margin) < 0:
        found.append(f"margin {margin} % over the last 5 min")
    if not found:
        return None
    return Verdict(level="critical", text=f"{len(found)} critical", watch=[*found, *watch])


def _stale(facts: Facts, watch: list[str]) -> Verdict | None:
    newest_ms = facts.newest_call_ms
    if newest_ms is None:
        return Verdict(level="watch", text="No calls in the last 24 h", watch=watch)
    if facts.now_ms - newest_ms <= STALE_AFTER_MS:
        return None
    if facts.lag_messages == 0:
        return Verdict(level="watch", text="No calls arrive", since_ms=newest_ms, watch=watch)
    return Verdict(level="stale", text="Data stale", since_ms=newest_ms, watch=watch)


def _watch(facts: Facts) -> list[str]:
    found = []
    if facts.losing_count:
        verb = "destination loses" if facts.losing_count == 1 else "destinations lose"
        found.append(f"{facts.losing_count} {verb} money")
    unrated = facts.tiles.unrated_percent.value
    if unrated and Decimal(unrated) > UNRATED_PERCENT_MAX:
        found.append(f"{unrated} % of calls not rated")
    if facts.lag_messages is None:
        found.append("rater metrics unknown")
    elif facts.lag_messages > LAG_MESSAGES_MAX:
        found.append(f"rater {facts.lag_messages:,} messages behind")
    return found
