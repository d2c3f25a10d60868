"""The pages of fraud alerts: the list, and one with its evidence and what can be done."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dashboards.api import page
from dashboards.api.alerts import Alert, Hours, read_alert, read_alerts
from dashboards.api.state import Parts
from dashboards.api.triage import triaged
from dashboards.api.who import OPERATES, Identities, Staff

HOURS: Final = (
    (1, "last hour"),
    (24, "last 24 hours"),
    (168, "last 7 days"),
    (744, "last 31 days"),
)
SHELVES: Final = ((15, "15 min"), (60, "1 h"), (240, "4 h"), (1_440, "24 h"), (10_080, "7 days"))
"""minutes to put an alert aside for"""

router = APIRouter(include_in_schema=False)


@router.get("/alerts")
def open_alerts(
    request: Request, person: Staff, parts: Parts, identity: Identities, hours: Hours = 24
) -> Response:
    """Alerts told within the last hours."""
    found = read_alerts(parts, identity, hours).alerts
    more: dict[str, Any] = {"alerts": found, "hours": HOURS, "asked": hours}
    return page.shown(request, "alerts.html", person, **more)


@router.get("/alerts/{alert}")
def open_alert(
    request: Request, person: Staff, parts: Parts, identity: Identities, alert: Alert
) -> Response:
    """One alert."""
    may = person.may(OPERATES.roles)
    found, now_ms = read_alert(parts, alert), identity.clock_ms()
    said = triaged(alert, parts.triages.get(alert), found.severity, now_ms)
    more: dict[str, Any] = {"alert": found, "triage": said, "now_ms": now_ms, "shelves": SHELVES}
    return page.shown(request, "alert.html", person, may=may, **more)
