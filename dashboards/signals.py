"""NER and PDD as tiles: which attempts are asked for, and what is absent instead of wrong. Pure.

NER      reached / attempts, over 5 min; None of a feed of answered calls only or without SIP codes
PDD p95  of the attempts whose record has one, in seconds, over 5 min
"""

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from clickhouse.queries import Signals, Span, Spans
from dashboards.kpi import MINUTE_MS, MINUTES, RATIO_MS, WINDOW_MS, percent, window_end_ms
from dashboards.schemas import Quality, Tile

_HUNDREDTH: Final = Decimal("0.01")
ANSWERED_ONLY: Final = "feed has answered calls only"
NO_CODES: Final = "feed has no SIP codes"
NO_PDD: Final = "feed has no PDD"
NO_ATTEMPTS: Final = "no attempts in 30 min"

Figure = Callable[[Signals], str | None]


def spans(now_ms: int) -> Spans:
    """What the tiles need: whole minutes of the clock, 5 minutes and 30 minutes."""
    end_ms = window_end_ms(now_ms)
    return Spans(
        since_ms=end_ms // MINUTE_MS * MINUTE_MS - WINDOW_MS,
        last_ms=end_ms - RATIO_MS,
        whole_ms=end_ms - WINDOW_MS,
        before_ms=end_ms,
        step_ms=MINUTE_MS,
    )


def ner(found: Signals) -> str | None:
    """None where unanswered attempts say nothing of why, or there are none in the feed."""
    return percent(found.reached, found.attempts) if found.coded else None


def pdd_s(found: Signals) -> str | None:
    """The 95th percentile in seconds."""
    if found.pdd_p95_ms is None:
        return None
    return str((Decimal(found.pdd_p95_ms) / 1_000).quantize(_HUNDREDTH, ROUND_HALF_EVEN))


def quality(found: Sequence[Signals], now_ms: int) -> Quality:
    """Both tiles; a feed is judged by all 30 minutes."""
    since_ms, whole = spans(now_ms).since_ms, one(found, "whole")
    if whole is None:
        none = _tile([], since_ms, ner, NO_ATTEMPTS)
        return Quality(ner=none, pdd_s=none, with_pdd_percent=None)
    if whole.coded:
        reached = _tile(found, since_ms, lambda each: percent(each.reached, each.attempts), "")
    else:
        reached = _tile([], since_ms, ner, NO_CODES if whole.unanswered else ANSWERED_ONLY)
    return Quality(
        ner=reached,
        pdd_s=_tile(found, since_ms, pdd_s, NO_PDD),
        with_pdd_percent=percent(whole.with_pdd, whole.attempts),
    )


def one(found: Sequence[Signals], span: Span) -> Signals | None:
    """The row of a span, if it has an attempt."""
    return next((each for each in found if each.span == span), None)


def _tile(found: Sequence[Signals], since_ms: int, figure: Figure, missing: str) -> Tile:
    minutes = {each.start_ms: figure(each) for each in found if each.span == "step"}
    last, whole = one(found, "last"), one(found, "whole")
    average = figure(whole) if whole else None
    return Tile(
        value=figure(last) if last else None,
        average=average,
        spark=[minutes.get(since_ms + n * MINUTE_MS) for n in range(MINUTES)],
        missing=missing if average is None else "",
    )
