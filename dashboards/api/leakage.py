"""A day's variance between sold and bought, and what routes earn; as JSON and as CSV."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from billing.inert_text import safe
from billing.instants import DAY_MS
from clickhouse.route_money import ROWS_MAX, By, route_money
from dashboards.api.state import Console, Parts
from dashboards.api.who import REFUSALS, STAFF_ONLY
from dashboards.leakage import cause_sums, lines, routes
from dashboards.leakage_schemas import LeakLine, Profit, RouteView, Variance

LINES_MAX = 200
NAMES = ("customer", "vendor", "destination", "name")
"""columns that hold what others have written"""
Day = Annotated[date | None, Query(description="UTC; default: yesterday", examples=["2026-11-30"])]
Days = Annotated[int, Query(ge=1, le=31, description="whole days, up to and with yesterday")]

router = APIRouter(
    prefix="/v1", tags=["money"], dependencies=[Depends(STAFF_ONLY)], responses=REFUSALS
)


@router.get("/variance")
def read_variance(parts: Parts, day: Day = None) -> Variance:
    """A day of the calls' own time: sold, bought, and what leaks by which cause."""
    return _variance(parts, day, LINES_MAX)


@router.get("/variance.csv", response_class=Response)
def export_variance(parts: Parts, day: Day = None) -> Response:
    """All lines of a day as CSV; no cell is a formula."""
    found = _variance(parts, day, ROWS_MAX)
    return _csv(f"variance-{found.day}.csv", list(LeakLine.model_fields), found.lines)


@router.get("/profit")
def read_profit(parts: Parts, days: Days = 7) -> Profit:
    """What destinations, vendors and customers earn, the least first; what to re-price."""
    until_ms = _start_ms(_today())
    from_ms = until_ms - days * DAY_MS

    def asked(by: By) -> list[RouteView]:
        with parts.reader.client() as client:
            return routes(route_money(client, from_ms, until_ms, by))

    destinations, vendors, customers = (asked(by) for by in ("destination", "vendor", "customer"))
    by_day = sorted(asked("day"), key=lambda each: (each.currency, each.name))
    return Profit(
        days=days,
        from_ms=from_ms,
        until_ms=until_ms,
        destinations=destinations,
        vendors=vendors,
        customers=customers,
        by_day=by_day,
        reprice=[each for each in destinations if each.margin.startswith("-")],
    )


@router.get("/profit.csv", response_class=Response)
def export_profit(parts: Parts, days: Days = 7) -> Response:
    """What destinations earn as CSV; no cell is a formula."""
    found = read_profit(parts, days)
    return _csv(f"profit-{days}.csv", list(RouteView.model_fields), found.destinations)


def _variance(parts: Console, day: date | None, lines_max: int) -> Variance:
    own = day or _today() - timedelta(days=1)
    from_ms = _start_ms(own)
    span = (from_ms, from_ms + DAY_MS)
    with parts.reader.client() as client:
        whole = route_money(client, *span, "total")
        each = route_money(client, *span, "line")
    shown = lines(each, lines_max)
    leaking = sum(line.cause != "none" for line in each)
    return Variance(
        day=own.isoformat(),
        from_ms=span[0],
        until_ms=span[1],
        causes=cause_sums(whole),
        lines=shown,
        more=len(shown) < leaking or len(each) == ROWS_MAX,
    )


def _today() -> date:
    return datetime.now(UTC).date()


def _start_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1_000)


def _csv(name: str, columns: list[str], rows: list[LeakLine] | list[RouteView]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        own = row.model_dump()
        values = [safe(own[c]) if c in NAMES else own[c] for c in columns]
        writer.writerow(values)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
