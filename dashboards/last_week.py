"""The same hour a week ago, and how far the tiles are from it. Pure.

The hour of the clock, not the 60 minutes before now: it is over, so it is read once. A figure that
did not exist then has no difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from billing.money import format_nanos, parse_nanos
from clickhouse.queries import Earning, Intake, Signals, Spans
from dashboards import kpi, signals
from dashboards.schemas import Tile, Tiles

HOUR_MS: Final = 3_600_000
WEEK_MS: Final = 7 * 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Hour:
    """What arrived in one hour, each in one step; all empty if nothing did."""

    start_ms: int
    intake: Sequence[Intake] = field(default_factory=tuple)
    earnings: Sequence[Earning] = field(default_factory=tuple)
    signals: Sequence[Signals] = field(default_factory=tuple)


def hour_start_ms(now_ms: int) -> int:
    """When the same hour of last week began."""
    return (now_ms - WEEK_MS) // HOUR_MS * HOUR_MS


def spans(start_ms: int) -> Spans:
    """The hour as what `signals` asks for."""
    return Spans(start_ms, start_ms, start_ms, start_ms + HOUR_MS, HOUR_MS)


def figures(hour: Hour | None, currency: str | None) -> Mapping[str, str | None]:
    """The figures of the hour by the tile's name; {} if nothing arrived then, or is not read."""
    if hour is None or not (hour.intake or hour.earnings):
        return {}
    sums = kpi.sums(hour.intake, hour.earnings, currency)
    whole = signals.one(hour.signals, "whole")
    return {
        "cps": kpi.tenths(sums.received, HOUR_MS // 1_000),
        "asr": kpi.asr(sums) if sums.answered < sums.attempts else None,
        "ner": signals.ner(whole) if whole else None,
        "acd_s": kpi.acd_s(sums),
        "pdd_s": signals.pdd_s(whole) if whole else None,
        "sell_per_min": format_nanos(sums.sell_nanos // 60) if currency else None,
        "margin_percent": kpi.margin_percent(sums),
        "unrated_percent": kpi.unrated_percent(sums),
    }


def compared(tiles: Tiles, hour: Hour | None, currency: str | None) -> Tiles:
    """The tiles with what they were last week, and the difference."""
    then = figures(hour, currency)

    def told(name: str) -> Tile:
        tile, last = getattr(tiles, name), then.get(name)
        assert isinstance(tile, Tile)
        return tile.model_copy(update={"last_week": last, "delta": _delta(name, tile.value, last)})

    return tiles.model_copy(update={name: told(name) for name in then})


def _delta(name: str, now: str | None, last: str | None) -> str | None:
    if now is None or last is None:
        return None
    if name == "sell_per_min":
        return format_nanos(parse_nanos(now) - parse_nanos(last))
    return format(Decimal(now) - Decimal(last), "f")
