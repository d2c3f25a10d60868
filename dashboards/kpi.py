"""Key figures of the NOC, defined once. Pure: rows of `clickhouse.queries` in, schemas out.

CPS       calls received per second, over the last 10 s
ASR       answered / attempts, over 5 min; None while the feed carries no unanswered call
ACD       billed seconds of answered rated calls / their number, over 5 min
revenue   sell money of rated calls, over the last 60 s
margin %  (sell - buy) / sell, over 5 min; None without revenue
unrated % (suspended + dead) / received, over 5 min

`definitions.py` has them in words. All windows are by arrival and end SETTLE_MS ago, so that calls
on their way are not missed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, TypeVar

from billing.money import format_nanos
from clickhouse.queries import Earning, Intake
from dashboards.schemas import Earnings, Quality, Tile, Tiles, Traffic

STEP_MS: Final = 2_000
CHART_STEP_MS: Final = 10_000
MINUTE_MS: Final = 60_000
MINUTES: Final = 30
WINDOW_MS: Final = MINUTES * MINUTE_MS
SETTLE_MS: Final = 2_000
CPS_MS: Final = 10_000
RATIO_MS: Final = 5 * MINUTE_MS
TENTH: Final = Decimal("0.1")
_NONE: Final = Tile(value=None, average=None, spark=[])
UNREAD: Final = Quality(ner=_NONE, pdd_s=_NONE, with_pdd_percent=None)

Step = TypeVar("Step", Intake, Earning)


@dataclass(frozen=True, slots=True)
class Sums:
    """Everything a figure is made of, summed over some steps."""

    received: int = 0
    unrated: int = 0
    attempts: int = 0
    answered: int = 0
    answered_rated: int = 0
    billed_s: int = 0
    sell_nanos: int = 0
    buy_nanos: int = 0


def percent(part: int, whole: int) -> str | None:
    """One decimal, half to even; None unless `whole` is positive."""
    if whole <= 0:
        return None
    return str((Decimal(part * 100) / whole).quantize(TENTH, ROUND_HALF_EVEN))


def tenths(value: int, over: int) -> str | None:
    """value / over with one decimal; None unless `over` is positive."""
    if over <= 0:
        return None
    return str((Decimal(value) / over).quantize(TENTH, ROUND_HALF_EVEN))


def window_end_ms(now_ms: int) -> int:
    """The end of the newest step that is complete and settled."""
    return (now_ms - SETTLE_MS) // STEP_MS * STEP_MS


def sums(intake: Iterable[Intake], earned: Sequence[Earning], currency: str | None) -> Sums:
    """Add steps up: money of one currency, calls of all."""
    taken = list(intake)
    paid = [step for step in earned if step.currency == currency]
    return Sums(
        received=sum(step.received for step in taken),
        unrated=sum(step.suspended + step.dead for step in taken),
        attempts=sum(step.attempts for step in earned),
        answered=sum(step.answered for step in earned),
        answered_rated=sum(step.answered_rated for step in earned),
        billed_s=sum(step.billed_s for step in earned),
        sell_nanos=sum(step.sell_nanos for step in paid),
        buy_nanos=sum(step.buy_nanos for step in paid),
    )


def slots(steps: Iterable[Step], start_ms: int, slot_ms: int, count: int) -> list[list[Step]]:
    """Steps sorted into `count` slots of `slot_ms`; those outside are left out."""
    found: list[list[Step]] = [[] for _ in range(count)]
    for step in steps:
        slot = (step.start_ms - start_ms) // slot_ms
        if 0 <= slot < count:
            found[slot].append(step)
    return found


def traffic(intake: Sequence[Intake], now_ms: int) -> Traffic:
    """Calls by outcome over the window, in complete steps of CHART_STEP_MS."""
    end_ms = window_end_ms(now_ms) // CHART_STEP_MS * CHART_STEP_MS
    start_ms = end_ms - WINDOW_MS
    columns = slots(intake, start_ms, CHART_STEP_MS, WINDOW_MS // CHART_STEP_MS)
    return Traffic(
        start_ms=start_ms,
        step_ms=CHART_STEP_MS,
        received=[sum(step.received for step in column) for column in columns],
        rated=[sum(step.rated for step in column) for column in columns],
        suspended=[sum(step.suspended for step in column) for column in columns],
        dead=[sum(step.dead for step in column) for column in columns],
        duplicate=[sum(step.duplicate for step in column) for column in columns],
    )


def _minutes(
    intake: Sequence[Intake], earned: Sequence[Earning], currency: str | None, end_ms: int
) -> list[Sums]:
    """The last complete minutes of the clock before `end_ms`, oldest first."""
    start_ms = end_ms // MINUTE_MS * MINUTE_MS - WINDOW_MS
    taken = slots(intake, start_ms, MINUTE_MS, MINUTES)
    legs = slots(earned, start_ms, MINUTE_MS, MINUTES)
    return [sums(*minute, currency) for minute in zip(taken, legs, strict=True)]


def earnings(earned: Sequence[Earning], currency: str | None, now_ms: int) -> Earnings:
    """Money of one currency in the last complete minutes."""
    end_ms = window_end_ms(now_ms)
    minutes = _minutes([], earned, currency, end_ms)
    return Earnings(
        start_ms=end_ms // MINUTE_MS * MINUTE_MS - WINDOW_MS,
        step_ms=MINUTE_MS,
        sell=[format_nanos(minute.sell_nanos) for minute in minutes],
        margin=[format_nanos(minute.sell_nanos - minute.buy_nanos) for minute in minutes],
    )


def asr(found: Sums) -> str | None:
    """Answered of the attempts, in %."""
    return percent(found.answered, found.attempts)


def acd_s(found: Sums) -> str | None:
    """Billed seconds of an answered call."""
    return tenths(found.billed_s, found.answered_rated)


def margin_percent(found: Sums) -> str | None:
    """The margin in % of the revenue."""
    return percent(found.sell_nanos - found.buy_nanos, found.sell_nanos)


def unrated_percent(found: Sums) -> str | None:
    """Suspended and dead of the calls received, in %."""
    return percent(found.unrated, found.received)


def tiles(
    intake: Sequence[Intake],
    earned: Sequence[Earning],
    currency: str | None,
    now_ms: int,
    quality: Quality = UNREAD,
) -> Tiles:
    """The key figures; the module says how each is made, `signals.py` those of `quality`."""
    end_ms = window_end_ms(now_ms)
    minutes = _minutes(intake, earned, currency, end_ms)

    def last(span_ms: int) -> Sums:
        span = range(end_ms - span_ms, end_ms)
        return sums(
            (step for step in intake if step.start_ms in span),
            [step for step in earned if step.start_ms in span],
            currency,
        )

    ratio, whole = last(RATIO_MS), last(WINDOW_MS)
    first_ms = min((step.start_ms for step in intake), default=end_ms)
    covered_s = max(0, end_ms - max(first_ms, end_ms - WINDOW_MS)) // 1_000

    def tile(figure: Callable[[Sums], str | None]) -> Tile:
        return Tile(
            value=figure(ratio), average=figure(whole), spark=[figure(each) for each in minutes]
        )

    return Tiles(
        cps=Tile(
            value=tenths(last(CPS_MS).received, CPS_MS // 1_000),
            average=tenths(whole.received, covered_s),
            spark=[tenths(minute.received, MINUTE_MS // 1_000) for minute in minutes],
        ),
        asr=tile(lambda s: asr(s) if _has_unanswered(whole) else None),
        ner=quality.ner,
        acd_s=tile(acd_s),
        pdd_s=quality.pdd_s,
        sell_per_min=Tile(
            value=format_nanos(last(MINUTE_MS).sell_nanos) if currency else None,
            average=format_nanos(whole.sell_nanos * 60 // covered_s)
            if currency and covered_s
            else None,
            spark=[format_nanos(minute.sell_nanos) for minute in minutes],
        ),
        margin_percent=tile(margin_percent),
        unrated_percent=tile(unrated_percent),
        with_pdd_percent=quality.with_pdd_percent,
    )


def _has_unanswered(whole: Sums) -> bool:
    """A switch that sends answered calls only would show an ASR of 100 %: that is no ASR."""
    return whole.answered < whole.attempts
