"""Topics of JSON objects -> ClickHouse: a row for each message."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
import structlog

from clickhouse.client import ClickHouseDown
from clickhouse.table import Table
from deploy.runtime import metrics
from streams.agents.store import Insert
from streams.retry import stop_the_process, until_done

DAY_MS: Final = 86_400_000
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])

_log = structlog.get_logger()
Row = dict[str, Any]


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

    def row(self, value: bytes, partition: int, offset: int) -> Row | None:
        """A message as a row; None where it is none of ours."""
        where = {"log": self._log, "partition": partition, "offset": offset}
        try:
            row = {**self._row_of(_OBJECT.decode(value)), **where}
            pa.Table.from_pylist([row], schema=self.table.schema)
        except (
            msgspec.DecodeError,
            UnicodeDecodeError,
            LookupError,
            ValueError,
            TypeError,
        ) as error:
            at = f"{self.table.name}: {partition}/{offset}"
            _log.warning(
                "a message that is none of ours is passed over", at=at, why=str(error)[:200]
            )
            return None
        return row

    async def run(self, events: Sequence[Any]) -> None:
        """Insert a batch; returns when ClickHouse has acknowledged every row."""
        try:
            days: dict[int, list[Row]] = {}
            for message in (event.message for event in events):
                row = self.row(message.value or b"", message.partition, message.offset)
                if row is not None:
                    days.setdefault(row[self._at] // DAY_MS, []).append(row)
            for rows in days.values():  # an insert into several partitions is not atomic
                await self._store(pa.Table.from_pylist(rows, schema=self.table.schema))
        except Exception:
            stop_the_process(f"store {self.table.name}")

    async def _store(self, rows: pa.Table) -> None:
        async def run() -> None:
            await self._insert(self.table.name, rows)

        await until_done(f"store {self.table.name}", (ClickHouseDown,), run)
        metrics.STORED.labels(self.table.name).inc(rows.num_rows)
