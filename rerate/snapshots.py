"""The calls of a period by day: from the snapshots that still hold, else from ClickHouse.

What is read from ClickHouse becomes the day's snapshot, unless the day is still being written to.
Whether a snapshot holds is asked of ClickHouse each time: a day whose last leg was stored well
before the snapshot was read has not changed since.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.instants import DAY_MS
from clickhouse import rerate_read
from clickhouse.rerate_scope import Span, Wanted
from rerate.chunk import Read
from rerate.plan import Slot, plan
from rerate.snapshot import Writing, as_of_ms, batches_of, path_of, snapshot_of
from rerate.steps import LATE_MS

BATCH_CALLS: Final = 500_000


class Day(NamedTuple):
    """A day of a period: its batches, and whether they come from its snapshot."""

    day: int
    """since 1970, UTC"""
    held: bool


class Snapshots:
    """The snapshots of a folder."""

    def __init__(
        self,
        folder: Path,
        client: Client,
        batch_calls: int = BATCH_CALLS,
        late_ms: int = LATE_MS,
    ) -> None:
        """batch_calls: what is held in memory at once. late_ms: how long a day must have been
        quiet."""
        self._folder, self._client = folder, client
        self._batch_calls, self._late_ms = batch_calls, late_ms

    def days(self, days: range) -> list[Day]:
        """Of days since 1970 those that have calls. Raises ClickHouseDown."""
        stored = rerate_read.stored_ms(self._client, days)
        return [Day(day, self._holds(day, stored)) for day in days if day in stored]

    def batches(self, of: Day) -> Iterator[pa.RecordBatch]:
        """The calls of a day as `rerate.snapshot.SNAPSHOT`; kept if they can be."""
        if of.held:
            return batches_of(path_of(self._folder, of.day))
        return self._read(of.day)

    def _holds(self, day: int, stored: Mapping[int, int]) -> bool:
        at_ms = as_of_ms(path_of(self._folder, day))
        return at_ms is not None and stored[day] < at_ms - self._late_ms

    def _read(self, day: int) -> Iterator[pa.RecordBatch]:
        began_ms, apart = rerate_read.now_ms(self._client), 0
        wanted = Wanted(day * DAY_MS, (day + 1) * DAY_MS)
        slots = [Slot(*slot) for slot in rerate_read.slots(self._client, wanted)]
        with Writing(path_of(self._folder, day), began_ms) as writing:
            for chunk in plan("", [day], slots, self._batch_calls):
                span = Span(day, chunk.begin, chunk.end)
                read = Read(
                    rerate_read.read_calls(self._client, wanted, span, calling=True, lrn=True),
                    rerate_read.read_legs(self._client, wanted, span, whole=False),
                )
                batch, odd = snapshot_of(read)
                apart += odd
                writing.write(batch)
                yield batch
            quiet = rerate_read.stored_ms(self._client, [day]).get(day, began_ms)
            if not apart and quiet < began_ms - self._late_ms:
                writing.keep()
