"""A day's variance between sold and bought, and what routes earn; as JSON and as CSV."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator
from starlette.responses import Response

from billing.fx import NO_RATES, fx_table, rate_at
from billing.inert_text import safe
from billing.instants import DAY_MS, INSTANT_MS_MAX, INSTANT_MS_MIN
from clickhouse.reference import load_fx
from clickhouse.route_money import ALL, By, earned, every_leak, leaks
from dashboards.api.csv_file import csv_file
from dashboards.api.state import Parts
from dashboards.api.who import REFUSALS, STAFF_ONLY
from dashboards.leakage import (
    REPRICE_MAX,
    cause_sums,
    day_sums,
    leak_line,
    losing,
    main_currency,
    ranking,
    routes,
)
from dashboards.leakage_schemas import DaySums, LeakLine, Profit, RouteView, Variance

LINES_MAX: Final = 200
DAYS_SHOWN: Final = 7
RANKED: Final[tuple[By, ...]] = ("destination", "vendor", "customer")
NAMES = ("customer", "vendor", "destination", "name")
"""columns that hold what others have written"""


def known(day: date) -> bool:
    """Whether a call may be of that day."""
    return INSTANT_MS_MIN <= _start_ms(day) < INSTANT_MS_MAX


def _known(day: date) -> date:
    if not known(day):
        raise ValueError("a day of the years 2000 to 2099")
    return day


Day = Annotated[
    Annotated[date, AfterValidator(_known)] | None,
    Query(description="UTC; default: yesterday", examples=["2026-11-30"]),
]
Days = Annotated[int, Query(ge=1, le=31, description="whole days, up to and with yesterday")]
Span = Annotated[int, Query(ge=1, le=31, description="so many days")]
Before = Annotated[bool, Query(description="also as many days before: takes as long again")]
Currency = Annotated[
    str,
    Query(
        pattern="^([A-Z]{3})?$",
        description="sold and bought in it; default: the one of most calls",
        examples=["EUR"],
    ),
]

router = APIRouter(
    prefix="/v1", tags=["money"], dependencies=[Depends(STAFF_ONLY)], responses=REFUSALS
)


@router.get("/variance")
def read_variance(parts: Parts, day: Day = None) -> Variance:
    """A day of the calls' own time: sold, bought, and what leaks by which cause."""
    own, span = _span(day)
    with parts.reader.client() as client:
        found = leaks(client, *span, ("total", "line"), LINES_MAX + 1)
        mixed = any(each.cause == "currencies" for each in found)
        fx = fx_table(load_fx(client) if mixed else NO_RATES)
    kept = Counter[str]()
    lines = []
    for each in found:
        if each.by == "line":
            kept[each.sell_currency] += 1
            lines += [leak_line(each)] if kept[each.sell_currency] <= LINES_MAX else []
    return Variance(
        day=own.isoformat(),
        from_ms=span[0],
        until_ms=span[1],
        causes=cause_sums(
            (each for each in found if each.by == "total"),
            lambda bought, sold: rate_at(fx, (bought, sold), span[0]),
        ),
        lines=lines,
        more=any(count > LINES_MAX for count in kept.values()),
    )


@router.get("/variance-days")
def read_days(parts: Parts, day: Day = None, days: Span = DAYS_SHOWN) -> DaySums:
    """The days up to and with one, sold against bought."""
    _, (_, until_ms) = _span(day)
    with parts.reader.client() as client:
        return DaySums(
            days=day_sums(leaks(client, until_ms - days * DAY_MS, until_ms, ("day",), ALL))
        )


@router.get("/variance.csv", response_class=Response)
def export_variance(parts: Parts, day: Day = None) -> Response:
    """All lines of a day as CSV; no cell is a formula."""
    own, span = _span(day)
    with parts.reader.client() as client:
        lines = map(leak_line, every_leak(client, *span))
        return _csv(f"variance-{own}.csv", list(LeakLine.model_fields), lines)


@router.get("/profit")
def read_profit(
    parts: Parts, days: Days = 7, currency: Currency = "", before: Before = False
) -> Profit:
    """What destinations, vendors and customers earn, and what to re-price."""
    from_ms, until_ms = _window(days)
    with parts.reader.client() as client:
        found = earned(client, from_ms, until_ms, ("total", *RANKED, "day"))
        earlier = earned(client, 2 * from_ms - until_ms, from_ms, RANKED) if before else []
    totals = [each for each in found if each.by == "total"]
    own = currency or main_currency(totals)

    def of(by: By) -> list[RouteView]:
        now, then = (
            [each for each in rows if each.by == by and each.sell_currency == own]
            for rows in (found, earlier)
        )
        return routes(now, then)

    destinations = of("destination")
    lost = losing(destinations)
    return Profit(
        days=days,
        from_ms=from_ms,
        until_ms=until_ms,
        currency=own,
        currencies=[each.sell_currency for each in totals],
        destinations=ranking(destinations),
        vendors=ranking(of("vendor")),
        customers=ranking(of("customer")),
        by_day=sorted(of("day"), key=lambda each: each.name),
        losing=len(lost),
        reprice=lost[:REPRICE_MAX],
    )


@router.get("/profit.csv", response_class=Response)
def export_profit(parts: Parts, days: Days = 7) -> Response:
    """What all destinations earn, in every currency, as CSV; no cell is a formula."""
    with parts.reader.client() as client:
        found = earned(client, *_window(days), ("destination",))
    by_currency = groupby(found, key=lambda each: each.sell_currency)
    rows = (row for _, group in by_currency for row in routes(group))
    columns = [name for name in RouteView.model_fields if name != "margin_before"]
    return _csv(f"profit-{days}.csv", columns, rows)


def _span(day: date | None) -> tuple[date, tuple[int, int]]:
    own = day or _today() - timedelta(days=1)
    from_ms = _start_ms(own)
    return own, (from_ms, from_ms + DAY_MS)


def _window(days: int) -> tuple[int, int]:
    until_ms = _start_ms(_today())
    return until_ms - days * DAY_MS, until_ms


def _today() -> date:
    return datetime.now(UTC).date()


def _start_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1_000)


def _csv(name: str, columns: list[str], rows: Iterable[LeakLine | RouteView]) -> Response:
    def cells(row: LeakLine | RouteView) -> list[str]:
        own = row.model_dump(include=set(columns))
        return [safe(own[c]) if c in NAMES else str(own[c]) for c in columns]

    return csv_file(name, columns, map(cells, rows))
