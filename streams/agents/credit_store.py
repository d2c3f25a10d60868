"""credit.decisions, credit.events -> ClickHouse; and what accounts may spend as rows."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from billing.credit.desk import Desk
from billing.credit.state import figures_of
from clickhouse.credit_tables import CREDIT_DECISION, CREDIT_EVENT
from streams import topics
from streams.agents.json_store import JsonStore
from streams.agents.store import Insert

ACCOUNTS_AT_ONCE: Final = 20


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


async def states(desks: Mapping[int, Desk], log: str, at_ms: int) -> list[dict[str, Any]]:
    """Every account's credit, as rows of `credit_state`. Others go on after each few accounts."""
    rows = []
    for partition, desk in list(desks.items()):
        for i, (name, book) in enumerate(list(desk.journal.books.items())):
            if i % ACCOUNTS_AT_ONCE == 0:
                await asyncio.sleep(0)
            own = {"account": name, "log": log, "partition": partition, "at": at_ms}
            rows.append({**own, **figures_of(book)})
    return rows
