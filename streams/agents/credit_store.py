"""credit.decisions, credit.events -> ClickHouse; and what accounts may spend as rows."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa

from billing.credit.desk import Desk
from billing.credit.outcomes import Decision, Notice
from billing.credit.state import figures_of
from clickhouse.client import ClickHouseDown
from clickhouse.credit_tables import CREDIT_DECISION, CREDIT_EVENT
from deploy.runtime import metrics
from streams import topics
from streams.agents.store import Insert
from streams.retry import stop_the_process, until_done

_DECISION: Final = msgspec.json.Decoder(dict[str, Any])
DAY_MS: Final = 86_400_000
ACCOUNTS_AT_ONCE: Final = 20


def row_of(value: bytes, log: str, partition: int, offset: int) -> dict[str, Any]:
    """A message of either topic as a row: its JSON fields, and where it stands."""
    row = _DECISION.decode(value)
    row["at"] = row.pop("at_ms")
    if "vendors" in row:
        row["vendors"] = ",".join(row["vendors"])
        row["allowed"] = int(row["allowed"])
    return {**row, "log": log, "partition": partition, "offset": offset}


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


class CreditStore:
    """Takes batches of messages of one of the topics."""

    def __init__(self, topic: str, log: str, insert: Insert) -> None:
        self._topic, self._log, self._insert = topic, log, insert
        self._table = CREDIT_DECISION if topic == topics.CREDIT_DECISIONS else CREDIT_EVENT
        fields = Decision._fields if topic == topics.CREDIT_DECISIONS else Notice._fields
        assert {f.replace("at_ms", "at") for f in fields} <= self._table.columns.keys()

    async def run(self, events: Sequence[Any]) -> None:
        """Insert a batch; returns when ClickHouse has acknowledged every row."""
        try:
            days: dict[int, list[dict[str, Any]]] = {}
            for message in (event.message for event in events):
                row = row_of(message.value, self._log, message.partition, message.offset)
                days.setdefault(row["at"] // DAY_MS, []).append(row)
            for rows in days.values():  # an insert into several partitions is not atomic
                await self._store(pa.Table.from_pylist(rows, schema=self._table.schema))
        except Exception:
            stop_the_process("store credit")

    async def _store(self, rows: pa.Table) -> None:
        async def run() -> None:
            await self._insert(self._table.name, rows)

        await until_done("store credit", (ClickHouseDown,), run)
        metrics.STORED.labels(self._table.name).inc(rows.num_rows)
