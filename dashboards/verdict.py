"""The one line on top of the page, and the banner below it. Pure.

Worst first: no figures, a stream that stands, calls lost, money lost, fraud, data stale, the rest.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dashboards.schemas import Banner, Conservation, Outage, State, Stream, Tiles, Verdict

STALE_AFTER_MS: Final = 60_000
UNRATED_PERCENT_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What the verdict rests on; None where it is not known."""

    now_ms: int
    as_of_ms: int | None
    state: State
    error: Outage | None
    newest_call_ms: int | None
    stream: Stream
    conservation: Conservation | None
    tiles: Tiles
    losing_count: int
    fraud_count: int


def judge(facts: Facts) -> Verdict:
    """The verdict on what was read last."""
    watch = _watch(facts)
    return (
        _unread(facts)
        or _standing(facts, watch)
        or _critical(facts, watch)
        or _catching_up(facts, watch)
        or _stale(facts, watch)
        or Verdict(level="watch" if watch else "ok", text="Watch" if watch else "OK", watch=watch)
    )


def banner(facts: Facts) -> Banner | None:
    """What is wrong with the stream or with reading it; None when nothing is."""
    stream = facts.stream
    if facts.error:
        goes_on = "The stream goes on. " if stream.state == "flowing" else ""
        return Banner(kind="bad", text=facts.error.detail, figures=goes_on + stream.figures)
    if stream.state in ("flowing", "unknown"):
        return None
    catching_up = stream.state == "catching_up"
    return Banner(kind="info" if catching_up else "bad", text=stream.text, figures=stream.figures)


def _unread(facts: Facts) -> Verdict | None:
    if facts.error:
        return Verdict(level="critical", text=facts.error.title, since_ms=facts.as_of_ms)
    if facts.state == "loading":
        return Verdict(level="unknown", text="Reading the first figures")
    if facts.state == "empty":
        return Verdict(level="unknown", text="No calls yet")
    return None


def _standing(facts: Facts, watch: list[str]) -> Verdict | None:
    if facts.stream.state not in ("waiting", "away", "behind"):
        return None
    waits, backlog = facts.stream.waits, facts.stream.backlog
    since_ms = waits.broker_ms or waits.clickhouse_ms or (backlog.oldest_ms if backlog else None)
    return Verdict(level="critical", text=facts.stream.title, since_ms=since_ms, watch=watch)


def _critical(facts: Facts, watch: list[str]) -> Verdict | None:
    found = []
    if facts.conservation and facts.conservation.flow == "difference":
        found.append(f"conservation {facts.conservation.text}")
    margin = facts.tiles.margin_percent.value
    if margin and Decimal(margin) < 0:
        found.append(f"margin {margin} % over the last 5 min")
    if facts.fraud_count:
        said = "alert" if facts.fraud_count == 1 else "alerts"
        found.append(f"{facts.fraud_count} critical fraud {said} unanswered")
    if not found:
        return None
    return Verdict(level="critical", text=f"{len(found)} critical", watch=[*found, *watch])


def _catching_up(facts: Facts, watch: list[str]) -> Verdict | None:
    if facts.stream.state != "catching_up":
        return None
    return Verdict(level="watch", text=facts.stream.title, watch=watch)


def _stale(facts: Facts, watch: list[str]) -> Verdict | None:
    newest_ms = facts.newest_call_ms
    if newest_ms is None:
        return Verdict(level="watch", text="No calls in the last 24 h", watch=watch)
    if facts.now_ms - newest_ms <= STALE_AFTER_MS:
        return None
    backlog = facts.stream.backlog
    if backlog and not backlog.waiting:
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
    stream = facts.stream
    if stream.raters_answering < stream.raters:
        found.append(_silent_raters(stream))
    if stream.backlog is None:
        found.append("backlog unknown")
    return found


def _silent_raters(stream: Stream) -> str:
    if stream.raters == 1:
        return "rater metrics unknown"
    silent = stream.raters - stream.raters_answering
    return f"{silent} of {stream.raters} raters do not answer"
