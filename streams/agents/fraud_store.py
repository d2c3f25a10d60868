"""fraud.alerts, fraud.actions -> ClickHouse."""

from typing import Any

import msgspec

from clickhouse.fraud_tables import FRAUD_ACTION, FRAUD_ALERT
from streams import topics
from streams.agents.json_store import JsonStore
from streams.agents.store import Insert

_TIMES = ("since", "raised", "updated", "until")


def row_of(fields: dict[str, Any]) -> dict[str, Any]:
    """An object of either topic as columns; lists and what has a structure as text."""
    row = {
        (f"{name.removesuffix('_ms')}_at" if name.removesuffix("_ms") in _TIMES else name): value
        for name, value in fields.items()
    }
    if "at_ms" in row:
        row["at"] = row.pop("at_ms")
    for name in ("reasons", "calls"):
        if name in row:
            row[name] = ",".join(row[name])
    for name in ("evidence", "block"):
        if name in row:
            row[name] = msgspec.json.encode(row[name]).decode()
    return row


def action_row(fields: dict[str, Any]) -> dict[str, Any]:
    """An object of fraud.actions as columns; what people leave out is empty."""
    row = row_of({"value": "", "until_ms": 0, "note": "", **fields})
    row["ordered_by"] = row.pop("by")
    return row


def stores(log: str, insert: Insert) -> dict[str, JsonStore]:
    """Who stores each topic of the fraud watch."""
    return {
        topics.FRAUD_ALERTS: JsonStore(FRAUD_ALERT, "updated_at", row_of, log, insert),
        topics.FRAUD_ACTIONS: JsonStore(FRAUD_ACTION, "at", action_row, log, insert),
    }
