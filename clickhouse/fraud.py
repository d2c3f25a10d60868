"""Calls of the past as facts for fraud detection."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from clickhouse_connect.driver.client import Client

from billing.fraud.facts import CDR, FACTS
from clickhouse.client import asking

_FACTS: Final = (Path(__file__).parent / "queries" / "fraud_facts.sql").read_text()
_SETTINGS: Final = {"do_not_merge_across_partitions_select_final": 1}
SPAN_MS: Final = 3 * 3_600_000
"""of answers, read at once"""


class History:
    """The calls that were answered from an instant to before another, in the order of their ends.

    One that ends later is given when it ends; call_ids are the switches', beside each batch.
    """

    def __init__(self, client: Client, from_ms: int, to_ms: int) -> None:
        self._client, self._from_ms, self._to_ms = client, from_ms, to_ms

    def batches(self) -> Iterator[tuple[pa.Table, pa.ChunkedArray]]:
        """(FACTS of kind CDR, call ids), a span of answers at a time."""
        open_calls: pa.Table | None = None
        for begin_ms in range(self._from_ms, self._to_ms, SPAN_MS):
            end_ms = min(begin_ms + SPAN_MS, self._to_ms)
            with asking():
                values = {"from_ms": begin_ms, "to_ms": end_ms}
                rows = self._client.query_arrow(
                    _FACTS, values, settings=_SETTINGS, use_strings=True
                )
            known = rows if open_calls is None else pa.concat_tables([open_calls, rows])
            over = pc.less(known.column("at_ms"), end_ms)
            open_calls = known.filter(pc.invert(over))
            yield _facts(known.filter(over))
        if open_calls is not None and open_calls.num_rows:
            yield _facts(open_calls)


def _facts(rows: pa.Table) -> tuple[pa.Table, pa.ChunkedArray]:
    ordered = rows.sort_by([("at_ms", "ascending"), ("call", "ascending")])
    unknown = pa.array(np.zeros(rows.num_rows, np.int64))
    given = {"kind": pa.array(np.full(rows.num_rows, CDR, np.int8))}
    columns = [
        given.get(f.name, unknown)
        if f.name not in ordered.column_names
        else ordered.column(f.name).cast(f.type)
        for f in FACTS
    ]
    return pa.Table.from_arrays(columns, schema=FACTS), ordered.column("call_id")
