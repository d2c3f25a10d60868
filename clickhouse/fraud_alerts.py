"""Incidents at rest: as they were told last, what was done about them, their sample calls."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from clickhouse.client import asking
from clickhouse.queries import SETTINGS

_FOLDER: Final = Path(__file__).parent / "queries"
_ALERTS: Final = (_FOLDER / "fraud_alerts.sql").read_text()
_CALLS: Final = (_FOLDER / "fraud_calls.sql").read_text()

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FraudAlert:
    """An incident as it was told last; `done` is the latest that was done about it, "" = nothing.

    reasons, calls: separated by commas; evidence, block: JSON.
    """

    id: str
    revision: int
    family: str
    subject_kind: str
    subject: str
    account: str
    currency: str
    severity: str
    since_ms: int
    raised_ms: int
    updated_ms: int
    money_nanos: int
    at_risk_nanos_per_h: int
    reasons: str
    evidence: str
    calls: str
    block: str
    done: str


def alerts(client: Client, since_ms: int, alert: str = "", account: str = "") -> list[FraudAlert]:
    """Incidents that were told since an instant, the newest first: all of them, or those named."""
    values = {"since_ms": since_ms, "alert": alert, "account": account}
    with asking():
        answer = client.query(_ALERTS, parameters=values, settings=SETTINGS)
    return [FraudAlert(*row) for row in answer.result_rows]


def actions(client: Client, alert: str) -> list[Row]:
    """What was done about an incident, in order."""
    query = """SELECT toUnixTimestamp64Milli(at) AS at_ms, kind, ordered_by, value,
        toUnixTimestamp64Milli(until_at) AS until_ms, note
        FROM fraud_action FINAL WHERE alert = {alert:String}
        ORDER BY at, log, partition, offset"""
    with asking():
        return list(client.query(query, {"alert": alert}).named_results())


def calls(client: Client, halves: list[str], from_ms: int, to_ms: int) -> list[Row]:
    """The stored calls whose cdr_ids begin so, answered within a period."""
    values = {"halves": halves, "from_ms": from_ms, "to_ms": to_ms}
    with asking():
        return list(client.query(_CALLS, values).named_results())
