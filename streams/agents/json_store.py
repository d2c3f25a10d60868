"""Topics of JSON objects -> ClickHouse: a row for each message."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
import structlog

from billing.instants import INSTANT_MS_MAX, INSTANT_MS_MIN
from clickhouse.client import ClickHouseDown
from clickhouse.table import Table
from deploy.runtime import metrics
from streams.agents.store import Insert
from streams.retry import stop_the_process, until_done

DAY_MS: Final = 86_400_000
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])

_log = structlog.get_logger()
Row = dict[str, Any]
Message = tuple[int, int, bytes]
"""partition, offset, value"""
_NONE_OF_OURS: Final = (
    msgspec.DecodeError,
    UnicodeDecodeError,
    LookupError,
    ValueError,
    TypeError,
    OverflowError,
    RecursionError,
)
"""what reading such a message raises"""


class JsonStore:
    """Takes batches of messages of one topic into one table.

    row_of: an object of the topic as a row, without where it stands; `at` is the column by whose
    days the table is partitioned. What is no such object, as others may write into a topic that
    people order by, is passed over and logged.
    """

    def __init__(
        self, table: Table, at: str, row_of: Callable[[Row], Row], log: str, insert: Insert
    ) -> None:
        self.table, self._at, self._row_of = table, at, row_of
        self._log, self._insert = log, insert
        self._instants = [f.name for f in table.schema if pa.types.is_timestamp(f.type)]

    def rows(self, messages: Sequence[Message]) -> list[pa.Table]:
        """Messages as rows, a table for each day: an insert into several is not atomic."""
        days: dict[int, list[tuple[Message, Row]]] = {}
        for message in messages:
            try:
                partition, offset, value = message
                where = {"log": self._log, "partition": partition, "offset": offset}
                row = {**self._row_of(_OBJECT.decode(value)), **where}
                self._dated(row)
                days.setdefault(row[self._at] // DAY_MS, []).append((message, row))
            except _NONE_OF_OURS as error:
                self._passed_over(message, error)
        return [table for found in days.values() for table in self._tables(found)]

    def _dated(self, row: Row) -> None:
        """Raises ValueError where an instant is none of this century; 0 says that there is none."""
        for name in self._instants:
            ms = row[name]
            if not (INSTANT_MS_MIN <= ms < INSTANT_MS_MAX or (ms == 0 and name != self._at)):
                raise ValueError(f"{name}: {ms} is no instant from 2000 to 2099")

    def _tables(self, found: list[tuple[Message, Row]]) -> list[pa.Table]:
        """One table, or one for each row that is a row where there are others."""
        try:
            return [pa.Table.from_pylist([row for _, row in found], schema=self.table.schema)]
        except _NONE_OF_OURS as error:
            if len(found) == 1:
                self._passed_over(found[0][0], error)
                return []
        return [table for one in found for table in self._tables([one])]

    def _passed_over(self, message: Message, error: Exception) -> None:
        partition, offset, _ = message
        at = f"{self.table.name}: {partition}/{offset}"
        _log.warning("a message that is none of ours is passed over", at=at, why=str(error)[:200])

    async def run(self, events: Sequence[Any]) -> None:
        """Insert a batch; returns when ClickHouse has acknowledged every row."""
        try:
            messages = [event.message for event in events]
            for rows in self.rows([(m.partition, m.offset, m.value or b"") for m in messages]):
                await self._store(rows)
        except Exception:
            stop_the_process(f"store {self.table.name}")

    async def _store(self, rows: pa.Table) -> None:
        async def run() -> None:
            await self._insert(self.table.name, rows)

        await until_done(f"store {self.table.name}", (ClickHouseDown,), run)
        metrics.STORED.labels(self.table.name).inc(rows.num_rows)
