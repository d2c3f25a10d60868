"""The pages of fraud alerts: the list, and one with its evidence and what can be done."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dashboards.api import page
from dashboards.api.alerts import Alert, Hours, read_alert, read_alerts
from dashboards.api.state import Parts
from dashboards.api.who import OPERATES, Staff

HOURS: Final = (
    (1, "last hour"),
    (24, "last 24 hours"),
    (168, "last 7 days"),
    (744, "last 31 days"),
)

router = APIRouter(include_in_schema=False)


@router.get("/alerts")
def open_alerts(request: Request, person: Staff, parts: Parts, hours: Hours = 24) -> Response:
    """Alerts told within the last hours."""
    found = read_alerts(parts, hours).alerts
    more: dict[str, Any] = {"alerts": found, "hours": HOURS, "asked": hours}
    return page.shown(request, "alerts.html", person, **more)


@router.get("/alerts/{alert}")
def open_alert(request: Request, person: Staff, parts: Parts, alert: Alert) -> Response:
    """One alert."""
    may = person.may(OPERATES.roles)
    return page.shown(request, "alert.html", person, alert=read_alert(parts, alert), may=may)
