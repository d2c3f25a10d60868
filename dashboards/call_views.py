"""Stored calls as the API and the pages show them. Pure: rows of `clickhouse.call_search` in."""

from typing import Any, Final

from billing.money import format_nanos
from clickhouse.call_search import Call, Leg, RateRow, Waiting, Whole
from dashboards.call_schemas import (
    CallView,
    LegView,
    RateView,
    Side,
    WaitingView,
    WholeCall,
)

CURSOR: Final = "-"


def call_view(call: Call) -> CallView:
    """A call with its margin."""
    own = {k: v for k, v in call._asdict().items() if k != "legs"}
    return CallView(**own, legs=[_leg(leg) for leg in call.legs], margin=_margin(call.legs))


def whole_view(found: Whole, rates: dict[Side, RateRow]) -> WholeCall:
    """A call with where it came from; rates: by side."""
    own = {k: v for k, v in found._asdict().items() if k != "call"}
    shown = [RateView(side=side, **row._asdict()) for side, row in rates.items()]
    return WholeCall(call=call_view(found.call), **own, rates=shown)


def waiting_view(line: Waiting) -> WaitingView:
    """A line of the suspense."""
    own: dict[str, Any] = line._asdict()
    return WaitingView(**own)


def cursor_of(call: Call) -> str:
    """The cursor of the page after a call."""
    return f"{call.at_ms}{CURSOR}{call.id}"


def _leg(leg: Leg) -> LegView:
    own = {k: getattr(leg, k) for k in LegView.model_fields if hasattr(leg, k)}
    return LegView(**own, money=None if leg.reason else format_nanos(leg.nanos))


def _margin(legs: tuple[Leg, ...]) -> str | None:
    if not legs or any(leg.reason for leg in legs) or len({leg.currency for leg in legs}) > 1:
        return None
    if not any(leg.side == "sell" for leg in legs):
        return None
    return format_nanos(sum(leg.nanos if leg.side == "sell" else -leg.nanos for leg in legs))
