"""Stored calls, asked for by the stream: is a late call already here?"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from clickhouse.client import asking

_FIND = (Path(__file__).parent / "queries" / "find_calls.sql").read_text()
_QUERY_BYTES_MAX = 1 << 20


def none_of_other_logs(client: Client, log: str) -> bool:
    """Whether every stored call came through this log."""
    query = "SELECT 1 FROM cdr WHERE log != {log:String} LIMIT 1"
    with asking():
        return not client.query(query, parameters={"log": log}).result_rows


def find(client: Client, ids: Sequence[bytes], answered_ms: Sequence[int]) -> pa.Table:
    """The stored rows of cdr among n (cdr_id, answered_at) pairs: place and rated content.

    The pairs are too many for URL parameters; they are spelt from integers and hexadecimal
    digits, so nothing a switch sent gets into the query's text.
    """
    pairs = ",".join(
        f"('{ms // 1000:d}.{ms % 1000:03d}',unhex('{i.hex()}'))"
        for i, ms in zip(ids, answered_ms, strict=True)
    )
    query = _FIND.replace("{ids}", ",".join(f"unhex('{i.hex()}')" for i in ids))
    with asking():
        return client.query_arrow(
            query.replace("{pairs}", pairs), settings={"max_query_size": _QUERY_BYTES_MAX}
        )
