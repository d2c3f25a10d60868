"""What the Grafana dashboards cost ClickHouse: `make bench-grafana`.

Seven days of calls, ten a second, spread evenly, on the embedded ClickHouse. Each query of each
panel runs once over its dashboard's own range. The last line is JSON.
"""

import json
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from clickhouse.migrate import migrate
from clickhouse.queries import SETTINGS
from tests.conftest import Server, settings_for
from tests.grafana.files import BOARDS, board, panel_queries
from tests.grafana.macros import ALL, View, expand

DAYS: Final = 7
CALLS_PER_S: Final = 10
CALLS: Final = DAYS * 86_400 * CALLS_PER_S
_MINUTES: Final = {"m": 1, "h": 60}

_CALL: Final = f"""
    toInt64({{now_ms:Int64}} - number * {1000 // CALLS_PER_S}) AS at_ms,
    fromUnixTimestamp64Milli(at_ms, 'UTC') AS received_at,
    toUInt32(number % 5 < 3 ? 1000 + number % 240000 : 0) AS duration_ms,
    received_at - toIntervalMillisecond(duration_ms) AS answered_at,
    toFixedString(leftPad(toString(number), 16, '0'), 16) AS cdr_id,
    concat('customer-', toString(number % 50)) AS customer,
    concat('vendor-', toString(number % 20)) AS vendor"""
_FILL: Final = (
    f"""INSERT INTO cdr (cdr_id, customer, vendor, answered_at, duration_ms, sip_code, pdd_ms,
        received_at, version)
    SELECT cdr_id, customer, vendor, answered_at, duration_ms, if(duration_ms > 0, 200, 486),
        200 + number % 5000, received_at, 1
    FROM (SELECT number, {_CALL} FROM numbers({CALLS}))""",
    f"""INSERT INTO charge (customer, vendor, answered_at, cdr_id, leg, reason, duration_ms,
        billed_s, nanos, currency, deck_version, rate_row, received_at, version)
    SELECT customer, vendor, answered_at, cdr_id, arrayJoin(['sell', 'buy']), '', duration_ms,
        intDiv(duration_ms + 999, 1000), duration_ms * 1000, 'EUR', 1, number % 1000, received_at, 1
    FROM (SELECT number, {_CALL} FROM numbers({CALLS}))""",
    f"""INSERT INTO receipt (log, partition, offset, received_at, calls, rated)
    SELECT 'log', 0, number, received_at, 1, 1
    FROM (SELECT number, {_CALL} FROM numbers({CALLS}))""",
)


def fill(client: Client, now_ms: int) -> None:
    """Write the calls."""
    for statement in _FILL:
        client.command(statement, parameters={"now_ms": now_ms})


def measured(client: Client, now_ms: int) -> list[dict[str, Any]]:
    """Rows, bytes and seconds of each query."""
    found = []
    for name in BOARDS:
        since = re.fullmatch(r"now-(\d+)([mh])", board(name)["time"]["from"])
        assert since
        span_ms = int(since[1]) * _MINUTES[since[2]] * 60_000
        chosen = {"currency": "EUR", "customer": [ALL], "vendor": [ALL]}
        view = View(now_ms - span_ms, now_ms, max(1, span_ms // 1_000_000), chosen)
        for asked in panel_queries(name):
            began = time.perf_counter()
            said = client.query(expand(asked.text, view), settings=SETTINGS).summary
            took_s = round(time.perf_counter() - began, 3)
            rows = int(said["read_rows"])
            found.append({"query": asked.where, "rows": rows, "seconds": took_s})
            print(f"{asked.where:60} {rows:>12,} rows {took_s:>8.3f} s")
    return found


@contextmanager
def filled() -> Iterator[tuple[Client, int]]:
    """A ClickHouse with the calls, and the instant at which they end."""
    folder = Path(tempfile.mkdtemp())
    server = Server(folder / "data").start()
    try:
        settings = settings_for(server.url, folder, "bench")
        migrate(settings)
        client = connect(settings)
        now_ms = time.time_ns() // 1_000_000
        fill(client, now_ms)
        yield client, now_ms
    finally:
        server.stop()


def main() -> None:
    """Fill, measure, print."""
    with filled() as (client, now_ms):
        found = measured(client, now_ms)
    rows = sum(each["rows"] for each in found)
    took_s = round(sum(each["seconds"] for each in found), 3)
    print(json.dumps({"calls": CALLS, "rows": rows, "seconds": took_s, "queries": found}))


if __name__ == "__main__":
    main()
