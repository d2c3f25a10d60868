"""credit.decisions, credit.events -> ClickHouse."""

from typing import Any

from clickhouse.credit_tables import CREDIT_DECISION, CREDIT_EVENT
from streams import topics
from streams.agents.json_store import JsonStore
from streams.agents.store import Insert


def row_of(fields: dict[str, Any]) -> dict[str, Any]:
    """An object of either topic as columns."""
    row = dict(fields)
    row["at"] = row.pop("at_ms")
    if "vendors" in row:
        row["vendors"] = ",".join(row["vendors"])
        row["allowed"] = int(row["allowed"])
    return row


def stores(log: str, insert: Insert) -> dict[str, JsonStore]:
    """Who stores each topic of credit control."""
    return {
        topics.CREDIT_DECISIONS: JsonStore(CREDIT_DECISION, "at", row_of, log, insert),
        topics.CREDIT_EVENTS: JsonStore(CREDIT_EVENT, "at", row_of, log, insert),
    }
