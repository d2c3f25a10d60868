"""Incidents at rest: as they were told last, what was done about them, their sample calls."""

from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from clickhouse.client import asking

_FOLDER: Final = Path(__file__).parent / "queries"
_ALERTS: Final = (_FOLDER / "fraud_alerts.sql").read_text()
_CALLS: Final = (_FOLDER / "fraud_calls.sql").read_text()

Row = dict[str, Any]


def alerts(client: Client, since_ms: int, alert: str = "", account: str = "") -> list[Row]:
    """Incidents that were told since an instant, the newest first: all of them, or those named."""
    values = {"since_ms": since_ms, "alert": alert, "account": account}
    with asking():
        return list(client.query(_ALERTS, values).named_results())


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
