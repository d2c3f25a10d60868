"""Rows of the fraud watch for tests, as its store agents write them."""

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.fraud.answers import Action
from billing.fraud.incidents import Alert, Block
from clickhouse.client import insert_arrow
from streams.agents.fraud_store import stores
from streams.fraud_messages import action_message, alert_message
from streams.topics import FRAUD_ACTIONS, FRAUD_ALERTS


def store_alert(
    client: Client,
    name: str,
    severity: str,
    at_risk_nanos_per_h: int,
    at_ms: int,
    revision: int = 1,
) -> None:
    """An alert about an account with a long name."""
    alert = Alert(
        id=name, family="irsf", subject_kind="account", subject="atlas-voice-international",
        account="atlas-voice-international", severity=severity, revision=revision, since_ms=at_ms,
        raised_ms=at_ms, updated_ms=at_ms, money_nanos=3 * 10**9,
        at_risk_nanos_per_h=at_risk_nanos_per_h, reasons=("burst", "high_risk_range"),
        evidence={}, calls=(), block=(Block("prefix", "25261500"),),
    )  # fmt: skip
    _store(client, FRAUD_ALERTS, alert_message(alert, "USD")[2], at_ms)


def store_fraud_action(client: Client, name: str, kind: str, at_ms: int) -> None:
    """Something that was done about an alert."""
    action = Action(kind, name, "atlas-voice-international", "ann", at_ms)  # type: ignore[arg-type]
    _store(client, FRAUD_ACTIONS, action_message(action)[2], at_ms)


def _store(client: Client, topic: str, value: bytes | None, offset: int) -> None:
    async def insert(_: str, __: pa.Table) -> None:
        raise AssertionError("the row is inserted here")

    store = stores("test-log", insert)[topic]
    (rows,) = store.rows([(0, offset, value or b"")])
    insert_arrow(client, store.table.name, rows)
