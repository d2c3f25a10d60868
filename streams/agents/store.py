"""cdr.rated, cdr.dead, cdr.receipt -> ClickHouse, one insert per table and day."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from clickhouse.client import ClickHouseDown
from clickhouse.table import Table
from clickhouse.tables import CDR, CHARGE, DEAD_LETTER, LIVE_VERSIONS, RECEIPT
from deploy.runtime import metrics
from streams import topics, wire
from streams.retry import stop_the_process, until_done

DAY_MS = 86_400_000

Insert = Callable[[str, pa.Table], Awaitable[None]]
"""(table, rows); returns when ClickHouse has acknowledged them"""


def live_version(offset: int) -> int:
    """The version of the rows rated live by the message of cdr.rated at an offset.

    The first rating is the highest, and each of them is below those of any re-rating run.
    """
    return LIVE_VERSIONS - 1 - offset


def _charges(calls: pa.Table, leg: str) -> pa.Table:
    fixed = {
        "leg": pa.array([leg] * calls.num_rows, pa.string()),
        "run": pa.array(np.zeros(calls.num_rows, np.uint32)),
    }
    of_leg = {"billed_s", "nanos", "currency", "deck_version", "rate_row", "fx_num", "fx_den"}
    columns = [
        fixed[f.name]
        if f.name in fixed
        else calls.column(f"{leg}_{f.name}" if f.name in of_leg else f.name).cast(f.type)
        for f in CHARGE.schema
    ]
    return pa.Table.from_arrays(columns, schema=CHARGE.schema)


def _fitted(rows: pa.Table, table: Table) -> pa.Table:
    columns = [rows.column(f.name).cast(f.type) for f in table.schema]
    return pa.Table.from_arrays(columns, schema=table.schema)


def rows_of(topic: str, events: Sequence[tuple[int, bytes]]) -> Iterator[tuple[Table, pa.Table]]:
    """The rows to insert for (offset, value) messages of one topic.

    The version of a call's rows falls with the offset in cdr.rated, so that of two ratings of one
    call the first one stands, in whatever order they are inserted.
    """
    decode = wire.decode_rated if topic == topics.RATED else wire.decode
    tables = [decode(value) for _, value in events]
    if topic == topics.RATED:
        versions = np.repeat(
            np.array([live_version(offset) for offset, _ in events], np.uint64),
            [t.num_rows for t in tables],
        )
        calls = pa.concat_tables(tables).append_column("version", pa.array(versions))
        yield CDR, _fitted(calls, CDR)
        buy = _charges(calls.filter(calls.column("has_buy")), "buy")
        yield CHARGE, pa.concat_tables([_charges(calls, "sell"), buy])
    else:
        table = DEAD_LETTER if topic == topics.DEAD else RECEIPT
        yield table, _fitted(pa.concat_tables(tables), table)


def by_day(table: Table, rows: pa.Table) -> Iterator[pa.Table]:
    """The rows per ClickHouse partition: an insert into several is not atomic."""
    at = "answered_at" if "answered_at" in table.columns else "received_at"
    days = rows.column(at).combine_chunks().view(pa.int64()).to_numpy() // DAY_MS
    for day in np.unique(days):
        yield rows.filter(pa.array(days == day))


class StoreAgent:
    """Takes batches of events of one topic."""

    def __init__(self, topic: str, insert: Insert) -> None:
        self._topic, self._insert = topic, insert

    async def run(self, events: Sequence[Any]) -> None:
        """Insert a batch; returns when ClickHouse has acknowledged every row."""
        try:
            messages = [(e.message.offset, e.message.value) for e in events]
            with metrics.STEP_SECONDS.labels(f"store {self._topic}").time():
                await asyncio.gather(
                    *(
                        self._store(table, part)
                        for table, rows in rows_of(self._topic, messages)
                        for part in by_day(table, rows)
                    )
                )
        except Exception:
            stop_the_process("store")

    async def _store(self, table: Table, rows: pa.Table) -> None:
        async def run() -> None:
            await self._insert(table.name, rows)

        await until_done("store", (ClickHouseDown,), run)
        metrics.STORED.labels(table.name).inc(rows.num_rows)
