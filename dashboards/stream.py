"""What the stream is doing, in words and figures: flowing, waiting, catching up, behind. Pure.

Rests on the queues of the broker and on what the raters say of themselves, never on ClickHouse:
it is needed most while ClickHouse is away. How many calls a message holds is known from what the
raters have done so far, so a number of calls that wait is an estimate; of messages it is exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from dashboards import rater
from dashboards.broker import UNRATED, UNSTORED, Look
from dashboards.kpi import TENTH
from dashboards.rater import Round
from dashboards.schemas import Backlog, Stream, StreamState, Waits
from dashboards.wording import backlog_text, recovery_text, rounded, span

BEHIND_MS: Final = 10_000
WAITING_S_MIN: Final = 3.0
SILENT_MS: Final = 10_000
SPEED_MS_MIN: Final = 3_000
KEPT_MS: Final = 6 * 24 * 3_600_000
"""The broker keeps messages for 7 days; a day before that nobody says that nothing is lost."""
_PARTS: Final = ("clickhouse", "broker")


@dataclass(frozen=True, slots=True)
class Sources:
    """What is known at `now_ms`: rounds of the raters and looks at the broker, newest last."""

    now_ms: int
    rounds: Sequence[Round]
    looks: Sequence[Look]
    silent_since_ms: int | None = None
    """since when the broker does not answer the console"""


class Said(NamedTuple):
    """The state and the sentences of it; all empty while nothing is wrong or known."""

    state: StreamState
    title: str
    text: str
    figures: str


def read(sources: Sources) -> Stream:
    """The stream at one moment."""
    latest = rater.latest(sources.rounds)
    rate = rater.calls_per_s(sources.rounds)
    backlog = _backlog(sources, latest)
    waits = _waits(sources, latest)
    answering = sum(each is not None for each in latest)
    oldest_ms = backlog.oldest_ms if backlog else None
    behind = oldest_ms is not None and sources.now_ms - oldest_ms > BEHIND_MS
    return Stream(
        **_said(sources.now_ms, waits, backlog, behind, answering)._asdict(),
        raters=len(latest),
        raters_answering=answering,
        calls_per_s=None if rate is None else str(Decimal(rate).quantize(TENTH)),
        waits=waits,
        backlog=backlog,
    )


def _waits(sources: Sources, latest: Round) -> Waits:
    """Since when which part has been waited for; by any rater, and by the console itself."""
    longest_s = {
        part: max((each.waiting_s.get(part, 0.0) for each in latest if each), default=0.0)
        for part in _PARTS
    }
    since_ms = {
        part: sources.now_ms - round(waited_s * 1_000)
        for part, waited_s in longest_s.items()
        if waited_s >= WAITING_S_MIN
    }
    silent_ms = sources.silent_since_ms
    if silent_ms is not None and sources.now_ms - silent_ms >= SILENT_MS:
        since_ms["broker"] = min(silent_ms, since_ms.get("broker", silent_ms))
    return Waits(clickhouse_ms=since_ms.get("clickhouse"), broker_ms=since_ms.get("broker"))


def _calls_per_message(latest: Round) -> Mapping[str, float]:
    """topic -> calls in one of its messages, as far as the raters have seen some."""
    answered = [each for each in latest if each]
    parts = {
        UNRATED: (
            sum(each.calls or 0 for each in answered),
            sum(each.messages.get(UNRATED, 0) for each in answered),
        ),
        UNSTORED: (
            sum(each.kept_calls for each in answered),
            sum(each.sent.get(UNSTORED, 0) for each in answered),
        ),
    }
    return {topic: calls / messages for topic, (calls, messages) in parts.items() if messages}


def _backlog(sources: Sources, latest: Round) -> Backlog | None:
    if not sources.looks:
        return None
    now = sources.looks[-1]
    ratio = _calls_per_message(latest)
    waiting = {topic: now.waiting(topic) for topic in (UNRATED, UNSTORED)}
    in_calls = all(topic in ratio for topic, count in waiting.items() if count)

    def size(look: Look) -> float:
        return sum(look.waiting(t) * (ratio.get(t, 1) if in_calls else 1) for t in waiting)

    per_s = _shrinks_per_s([(look.at_ms, size(look)) for look in sources.looks])
    unrated_ms, unstored_ms = now.oldest_ms(UNRATED), now.oldest_ms(UNSTORED)
    return Backlog(
        as_of_ms=now.at_ms,
        unit="calls" if in_calls else "messages",
        waiting=rounded(size(now)) if in_calls else round(size(now)),
        messages=sum(waiting.values()),
        unrated_messages=waiting[UNRATED],
        unstored_messages=waiting[UNSTORED],
        oldest_unrated_ms=unrated_ms,
        oldest_unstored_ms=unstored_ms,
        oldest_ms=min((at for at in (unrated_ms, unstored_ms) if at is not None), default=None),
        shrinks_per_s=None if per_s is None else rounded(per_s),
        catch_up_s=round(size(now) / per_s) if per_s and per_s > 0 else None,
    )


def _shrinks_per_s(sizes: Sequence[tuple[int, float]]) -> float | None:
    """Speed since the backlog was largest, or over all looks while it is largest now.

    sizes: (when, how much waited), newest last. None over less than SPEED_MS_MIN.
    """
    at_ms, size = sizes[-1]
    peak = max(range(len(sizes)), key=lambda i: (sizes[i][1], i))
    then_ms, then = sizes[peak] if sizes[peak][1] > size else sizes[0]
    spent_ms = at_ms - then_ms
    return (then - size) * 1_000 / spent_ms if spent_ms >= SPEED_MS_MIN else None


def _said(now_ms: int, waits: Waits, backlog: Backlog | None, behind: bool, answering: int) -> Said:
    """State, title, what is wrong, and the figures of it."""
    if waits.broker_ms is not None or waits.clickhouse_ms is not None:
        return _waiting(now_ms, waits, backlog)
    if not answering:
        if backlog is None or not behind:
            return Said("unknown", "", "", "")
        return Said("away", "Rater away", "No rater answers.", _kept(backlog, now_ms))
    figures = "" if backlog is None else backlog_text(backlog, now_ms)
    if backlog is None or not behind:
        return Said("flowing", "", "", figures)
    moving = f"{figures} {recovery_text(backlog)}"
    if (backlog.shrinks_per_s or 0) > 0:
        return Said("catching_up", "Catching up", "The stream is catching up.", moving)
    return Said("behind", "Behind", "The stream is behind.", moving)


def _waiting(now_ms: int, waits: Waits, backlog: Backlog | None) -> Said:
    """What is waited for; without the broker nobody knows what waits in it."""
    if waits.broker_ms is not None:
        title, text = "Broker away", "The broker does not answer."
        last = "" if backlog is None else f"When it last did: {backlog_text(backlog, now_ms)}"
    else:
        title, text = "ClickHouse away", "ClickHouse does not answer the rater."
        last = _kept(backlog, now_ms)
    waited_ms = now_ms - (waits.broker_ms or waits.clickhouse_ms or now_ms)
    return Said("waiting", title, text, f"No answer for {span(waited_ms / 1_000)}. {last}".strip())


def _kept(backlog: Backlog | None, now_ms: int) -> str:
    """What waits, and that it is safe where it is."""
    if backlog is None:
        return ""
    said = backlog_text(backlog, now_ms)
    if not backlog.waiting:
        return said
    safe = backlog.oldest_ms is None or now_ms - backlog.oldest_ms < KEPT_MS
    return f"{said} Nothing is lost." if safe else f"{said} The broker keeps calls for 7 days."
