"""Fraud alerts: a list, one with its evidence, and what an operator says of it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.exceptions import HTTPException

from billing.errors import TollwireError
from clickhouse.fraud_alerts import FraudAlert
from dashboards.alert_schemas import AlertList, Answer, Sent, WholeAlert
from dashboards.alerts import row_of
from dashboards.api.once import Once
from dashboards.api.problems import Refused, Unavailable
from dashboards.api.state import Parts
from dashboards.api.who import BODY_BYTES_MAX, REFUSALS, STAFF_ONLY, Identities, Operator
from dashboards.identity.audit import Event
from dashboards.triage import UNTOUCHED
from deploy import fraud_alerts

Alert = Annotated[str, Path(max_length=64)]
Hours = Annotated[int, Query(ge=1, le=744)]

router = APIRouter(
    prefix="/v1/alerts",
    tags=["alerts"],
    responses=REFUSALS,
    max_body_size=BODY_BYTES_MAX,
    route_class=Once,
)


@router.get("", dependencies=[Depends(STAFF_ONLY)])
def read_alerts(parts: Parts, identity: Identities, hours: Hours = 24) -> AlertList:
    """Alerts told within the last hours, the newest first."""
    with parts.reader.client() as client:
        found = fraud_alerts.recent(client, hours, "")
    kept, now_ms = parts.triages.of(alert.id for alert in found), identity.clock_ms()
    return AlertList(alerts=[row_of(a, kept.get(a.id, UNTOUCHED), now_ms) for a in found])


@router.get("/{alert}", dependencies=[Depends(STAFF_ONLY)])
def read_alert(parts: Parts, alert: Alert) -> WholeAlert:
    """One alert: figures, sample calls, what was done by whom."""
    with parts.reader.client() as client:
        try:
            return WholeAlert.model_validate(fraud_alerts.whole(client, alert))
        except fraud_alerts.NoAlert as error:
            raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from None


def found_alert(parts: Parts, alert: str) -> FraudAlert:
    """An alert as it was told last, or 404."""
    with parts.reader.client() as client:
        try:
            return fraud_alerts.told(client, alert)
        except fraud_alerts.NoAlert as error:
            raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from None


@router.post("/{alert}/answers", status_code=HTTPStatus.ACCEPTED)
def answer_alert(
    parts: Parts, person: Operator, identity: Identities, alert: Alert, answer: Answer
) -> Sent:
    """Say that an alert is fraud or harmless; the watch does what follows within seconds."""
    with parts.reader.client() as client:
        try:
            found = fraud_alerts.of_an_account(client, alert)
        except fraud_alerts.NoAlert as error:
            raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from None
        except fraud_alerts.NoAccount as error:
            raise Refused(str(error)) from None

    def told(what: str) -> None:
        done = (found.done or "nothing", answer.value or "policy", answer.note)
        identity.audit.tell(Event(identity.clock_ms(), person.name, what, alert, *done))

    told(f"alert.{answer.kind}")  # first: nothing is done that the log has not
    try:
        fraud_alerts.say(parts.settings, found, answer.kind, person.name, answer.value, answer.note)
    except TollwireError as error:
        told(f"alert.{answer.kind}.failed")
        raise Unavailable(f"The broker did not take it: {error}") from error
    return Sent(account=found.account)
