"""Late calls against ClickHouse: those older than the memory of ids may have been stored before."""

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.cdr import CALLS, INSTANT, contents, instants_ms
from clickhouse import calls as stored_calls
from clickhouse.client import connect
from deploy.runtime.settings import Settings
from streams.step import Place, TakenIn

IDS_PER_QUERY = 2_000


class StoredCalls:
    """What ClickHouse has, asked by one worker over one connection. Raises ClickHouseDown."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def _connected(self) -> Client:
        self._client = self._client or connect(self._settings)
        return self._client

    def none_of_other_logs(self, log: str) -> bool:
        """Whether every stored call came through this log."""
        return stored_calls.none_of_other_logs(self._connected(), log)

    def find(self, taken: TakenIn) -> dict[bytes, Place]:
        """The late calls of a step that are stored, by cdr_id, with place and content hash."""
        late = pa.array(taken.late)
        calls = taken.mediated.calls.take(late)
        ids = taken.ids.take(late).to_pylist()
        answered_ms = instants_ms(calls).tolist()
        found: dict[bytes, Place] = {}
        for at in range(0, len(ids), IDS_PER_QUERY):
            upto = at + IDS_PER_QUERY
            rows = stored_calls.find(self._connected(), ids[at:upto], answered_ms[at:upto])
            if rows.num_rows:
                found |= _places(rows)
        return found


def _places(rows: pa.Table) -> dict[bytes, Place]:
    columns = {f.name: rows.column(f.name).combine_chunks() for f in CALLS if f.name in _COMPARED}
    blank = pa.array([""] * rows.num_rows, pa.string())
    zero = pa.array([0] * rows.num_rows, pa.int64())
    batch = pa.RecordBatch.from_arrays(
        [
            columns[f.name].cast(f.type)
            if f.name in columns
            else (blank if f.type == pa.string() else zero).cast(f.type)
            for f in CALLS
        ],
        schema=CALLS,
    )
    assert batch.column("answered_at").type == INSTANT
    keys = ("cdr_id", "log", "partition", "offset", "row")
    places = zip(*(rows.column(key).to_pylist() for key in keys), strict=True)
    return {
        cdr_id: Place(log, partition, offset, row, int(content))
        for (cdr_id, log, partition, offset, row), content in zip(
            places, contents(batch), strict=True
        )
    }


_COMPARED = ("customer", "vendor", "calling", "called", "answered_at", "duration_ms", "lrn")
