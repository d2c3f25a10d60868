"""Who looks after an alert: acknowledge, put aside until later, close, release."""

from http import HTTPStatus

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from billing.instants import format_instant_ms
from dashboards import triage
from dashboards.api.alerts import Alert, found_alert
from dashboards.api.once import Once
from dashboards.api.problems import Refused
from dashboards.api.state import Parts
from dashboards.api.tags import IfMatch, Stale, tagged, unchanged
from dashboards.api.who import (
    BODY_BYTES_MAX,
    REFUSALS,
    STAFF_ONLY,
    Identities,
    Operator,
    refusals,
)
from dashboards.documents.triages import Changed
from dashboards.identity.audit import Event
from dashboards.triage import Ask, Triage
from dashboards.triage_schemas import Triaged, TriageStep

router = APIRouter(
    prefix="/v1/alerts",
    tags=["alerts"],
    responses=REFUSALS | refusals(404),
    max_body_size=BODY_BYTES_MAX,
    route_class=Once,
)


@router.get("/{alert}/triage", dependencies=[Depends(STAFF_ONLY)])
def read_triage(parts: Parts, identity: Identities, alert: Alert, response: Response) -> Triaged:
    """Who looks after an alert now."""
    severity = found_alert(parts, alert).severity
    said = triaged(alert, parts.triages.get(alert), severity, identity.clock_ms())
    tagged(response, said.tag)
    return said


@router.post("/{alert}/triage", responses=refusals(409, 412, 413, 422, 428))
def step_triage(
    parts: Parts,
    person: Operator,
    identity: Identities,
    alert: Alert,
    asked: TriageStep,
    response: Response,
    if_match: IfMatch = None,
) -> Triaged:
    """Acknowledge an alert, put it aside until an instant, close it, or release it.

    The ETag also changes when the alert becomes worse: nobody closes what they have not seen.
    """
    severity, kept = found_alert(parts, alert).severity, parts.triages.get(alert)
    unchanged(if_match, triage.tag(kept, severity))
    now_ms = identity.clock_ms()
    until_ms = int(asked.until_at.timestamp() * 1_000) if asked.until_at else 0
    ask = Ask(asked.step, person.name, asked.reason.strip(), until_ms)
    try:
        after = triage.after(kept, ask, severity, now_ms)
        before = triage.words(triage.seen(kept, severity, now_ms))
        what = f"alert.{asked.step}"
        event = Event(now_ms, person.name, what, alert, before, triage.words(after), ask.reason)
        parts.triages.write(alert, kept, after, event)
    except triage.NotInState as error:
        raise HTTPException(HTTPStatus.CONFLICT, str(error)) from None
    except triage.NotAccepted as error:
        raise Refused(str(error)) from None
    except Changed:
        raise Stale from None
    said = triaged(alert, after, severity, now_ms)
    tagged(response, said.tag)
    return said


def triaged(alert: str, kept: Triage, severity: str, now_ms: int) -> Triaged:
    """Who looks after an alert, in the API's words."""
    now = triage.seen(kept, severity, now_ms)
    return Triaged(
        alert=alert,
        severity=severity,
        state=now.state,
        owner=now.owner,
        until_at=format_instant_ms(now.until_ms) if now.until_ms else "",
        reason=now.reason,
        at=format_instant_ms(now.at_ms) if now.at_ms else "",
        reopened=now.reopened,
        tag=triage.tag(kept, severity),
    )
