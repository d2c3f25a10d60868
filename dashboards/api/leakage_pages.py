"""The pages of sold against bought: a day's variance, and what routes earn."""

from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from billing.instants import format_instant_ms
from dashboards.api import page
from dashboards.api.leakage import Day, Days, read_profit, read_variance
from dashboards.api.state import Parts
from dashboards.api.who import Staff
from dashboards.leakage import CAUSES

router = APIRouter(include_in_schema=False)
ROUTES_SHOWN = 15


@router.get("/variance")
def open_variance(request: Request, person: Staff, parts: Parts, day: Day = None) -> Response:
    """A day, sold against bought."""
    found = read_variance(parts, day)
    own = date.fromisoformat(found.day)
    around = [(own + timedelta(days=n)).isoformat() for n in (-1, 1)]
    span = [format_instant_ms(ms) for ms in (found.from_ms, found.until_ms)]
    about: dict[str, Any] = {"found": found, "around": around, "span": span, "causes": CAUSES}
    return page.shown(request, "variance.html", person, **about)


@router.get("/profit")
def open_profit(request: Request, person: Staff, parts: Parts, days: Days = 7) -> Response:
    """What routes earn, and what to re-price."""
    found = read_profit(parts, days)
    return page.shown(request, "profit.html", person, found=found, shown=ROUTES_SHOWN)
