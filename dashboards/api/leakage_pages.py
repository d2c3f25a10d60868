"""The pages of sold against bought: a day's variance, and what routes earn."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from billing.instants import format_instant_ms
from dashboards.api import page
from dashboards.api.leakage import (
    Before,
    Currency,
    Day,
    Days,
    known,
    read_days,
    read_profit,
    read_variance,
)
from dashboards.api.state import Parts
from dashboards.api.who import Staff

router = APIRouter(include_in_schema=False)
ROUTES_SHOWN = 15
Many = Annotated[int, Query(ge=0, le=31)]


@router.get("/variance")
def open_variance(
    request: Request, person: Staff, parts: Parts, day: Day = None, days: Many = 0
) -> Response:
    """A day, sold against bought; with so many days up to it, if they are asked for."""
    found = read_variance(parts, day)
    own = date.fromisoformat(found.day)
    near = [own + timedelta(days=n) for n in (-1, 1)]
    around = [each.isoformat() if known(each) else None for each in near]
    span = [format_instant_ms(ms) for ms in (found.from_ms, found.until_ms)]
    sums = read_days(parts, own, days).days if days else None
    about: dict[str, Any] = {"found": found, "around": around, "span": span, "days": sums}
    return page.shown(request, "variance.html", person, **about)


@router.get("/profit")
def open_profit(
    request: Request,
    person: Staff,
    parts: Parts,
    days: Days = 7,
    currency: Currency = "",
    before: Before = False,
) -> Response:
    """What routes earn, and what to re-price."""
    found = read_profit(parts, days, currency, before)
    margins = [[each.name, each.margin] for each in found.by_day]
    about: dict[str, Any] = {"found": found, "margins": margins, "shown": ROUTES_SHOWN}
    about["before"] = before
    return page.shown(request, "profit.html", person, **about)
