"""The way to ClickHouse: a client, an insert that loses nothing silently, and two kinds of failure.

`ClickHouseDown` may pass: try again, the effects are idempotent. `ClickHouseRefused` will not: it
is a bug, or a database that is not migrated.
"""

import ipaddress
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import clickhouse_connect
import pyarrow as pa
import urllib3
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from clickhouse_connect.driver.exceptions import Error as CodedError

from billing.errors import TollwireError
from clickhouse.table import Table
from clickhouse.tables import TABLES
from deploy.runtime.settings import Settings

CONNECT_S_MAX: Final = 5
ANSWER_S_MAX: Final = 120
POLL_S: Final = 0.1
PLAIN_BYTES_MAX: Final = 1 << 20
"""A larger insert is compressed: to take it apart costs less than to send it whole."""
_PORTS: Final = {"http": 8123, "https": 8443}
# Rows that replace others are told apart when read (FINAL) and merged, not within each insert.
_INSERT: Final = {"async_insert": 0, "optimize_on_insert": 0}
_BY_NAME: Final = {table.name: table for table in TABLES}

# Codes with which a server says "not now"; any other code means "not ever".
_PASSING: Final = {
    75: "CANNOT_WRITE_TO_FILE_DESCRIPTOR",
    159: "TIMEOUT_EXCEEDED",
    198: "DNS_ERROR",
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    209: "SOCKET_TIMEOUT",
    210: "NETWORK_ERROR",
    225: "NO_ZOOKEEPER",
    236: "ABORTED",
    241: "MEMORY_LIMIT_EXCEEDED",
    242: "TABLE_IS_READ_ONLY",
    243: "NOT_ENOUGH_SPACE",
    252: "TOO_MANY_PARTS",
    279: "ALL_CONNECTION_TRIES_FAILED",
    285: "TOO_FEW_LIVE_REPLICAS",
    319: "UNKNOWN_STATUS_OF_INSERT",
    394: "QUERY_WAS_CANCELLED",
    425: "SYSTEM_ERROR",
    439: "CANNOT_SCHEDULE_TASK",
    745: "SERVER_OVERLOADED",
    999: "KEEPER_EXCEPTION",
}


# A proxy in front of the server answers with a status alone.
_STATUS: Final = re.compile(r"received HTTP status (\d{3})")
_PASSING_STATUS: Final = {"408", "425", "429"}
_NOT_MIGRATED: Final = {60: "UNKNOWN_TABLE", 81: "UNKNOWN_DATABASE"}


class ClickHouseDown(TollwireError):
    """ClickHouse did not answer, or cannot work just now; the same request may succeed later."""


class ClickHouseRefused(TollwireError):
    """ClickHouse said no for good; `code` is its error code, 0 if the client itself said no."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def asking() -> Iterator[None]:
    """Turn the driver's errors inside into ClickHouseDown or ClickHouseRefused."""
    try:
        yield
    except (ClickHouseError, urllib3.exceptions.HTTPError, OSError) as error:
        raise _named(error) from error


def _named(error: Exception) -> ClickHouseDown | ClickHouseRefused:
    message = str(error).strip() or type(error).__name__
    code = error.code if isinstance(error, CodedError) else None
    if code is not None:
        if code in _PASSING:
            return ClickHouseDown(message)
        hint = "; run `tollwire migrate` first" if code in _NOT_MIGRATED else ""
        return ClickHouseRefused(message + hint, code)
    status = _STATUS.search(message)
    if status and not isinstance(error, OperationalError):
        passing = status.group(1) in _PASSING_STATUS or status.group(1).startswith("5")
        return ClickHouseDown(message) if passing else ClickHouseRefused(message, 0)
    if isinstance(error, ClickHouseError) and not isinstance(error, OperationalError):
        return ClickHouseRefused(message, 0)
    return ClickHouseDown(message)


@contextmanager
def _reaching(settings: Settings) -> Iterator[None]:
    try:
        yield
    except ClickHouseDown as error:
        reason = str(error).rsplit("(Caused by ", 1)[-1][:200]
        raise ClickHouseDown(
            f"ClickHouse does not answer at {settings.clickhouse} (TOLLWIRE_CLICKHOUSE): {reason}"
        ) from error


def connect(settings: Settings, database: str | None = None) -> Client:
    """Open a client of `settings.database`, or another. For one thread at a time; close it.

    Costs a few requests: keep it. Raises ClickHouseDown, ClickHouseRefused (no such database).
    """
    scheme, host, port = _address(settings)
    with _reaching(settings), asking():
        return clickhouse_connect.get_client(
            interface=scheme,
            host=host,
            port=port,
            username=settings.clickhouse_user,
            password=settings.clickhouse_password,
            database=database or settings.database,
            compress=not _is_loopback(host),
            connect_timeout=CONNECT_S_MAX,
            send_receive_timeout=ANSWER_S_MAX,
            autogenerate_session_id=False,
            tz_mode="aware",
            # Newer servers gather inserts by default: slower, and one may fail for another.
            settings={"async_insert": "0"},
            dedicated_pool=True,
        )


def insert_arrow(client: Client, table: Table | str, rows: pa.Table | pa.RecordBatch) -> int:
    """Insert rows by column name, in any column order; returns their number when on the disk.

    The columns must be those of `tables.py`, with its types, and hold no nulls where it allows
    none: ClickHouse itself would fill a missing column or a null with 0 and wrap a number that
    does not fit. Rows of one ClickHouse partition are inserted whole or not at all.
    Raises ValueError (a bug), ClickHouseDown, ClickHouseRefused.
    """
    known = _BY_NAME[table] if isinstance(table, str) else table
    ready = _checked(known, rows)
    if not ready.num_rows:
        return 0
    sink = pa.BufferOutputStream()
    large = ready.nbytes > PLAIN_BYTES_MAX
    options = pa.ipc.IpcWriteOptions(compression="lz4" if large else None)
    with pa.ipc.new_stream(sink, ready.schema, options=options) as stream:
        stream.write(ready)
    with asking():
        client.raw_insert(
            known.name,
            column_names=ready.schema.names,
            insert_block=sink.getvalue().to_pybytes(),
            fmt="ArrowStream",
        )
    return int(ready.num_rows)


def wait_ready(settings: Settings, timeout_s: float) -> None:
    """Wait until ClickHouse answers. Raises ClickHouseDown after `timeout_s` seconds."""
    scheme, host, port = _address(settings)
    url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/ping"
    until = time.monotonic() + timeout_s
    with urllib3.PoolManager(timeout=CONNECT_S_MAX, retries=False) as pool:
        while True:
            try:
                answer = pool.request("GET", url)
                if answer.status == 200:
                    return
                found = f"status {answer.status}"
            except urllib3.exceptions.HTTPError as error:
                found = str(error)
            if time.monotonic() > until:
                raise ClickHouseDown(
                    f"ClickHouse does not answer at {settings.clickhouse} since {timeout_s:g} s"
                    f" ({found}): is it running, is TOLLWIRE_CLICKHOUSE right?"
                )
            time.sleep(POLL_S)


def _checked(table: Table, rows: pa.Table | pa.RecordBatch) -> pa.Table | pa.RecordBatch:
    names = rows.schema.names
    if sorted(names) != sorted(table.schema.names):
        odd = sorted(set(names) ^ set(table.schema.names)) or "a column twice"
        raise ValueError(f"{table.name}: columns differ from its schema: {odd}")
    ready = rows.select(table.schema.names)
    for want, column in zip(table.schema, ready.columns, strict=True):
        if column.type != want.type:
            raise ValueError(f"{table.name}.{want.name}: {column.type}, expected {want.type}")
        if column.null_count and not want.nullable:
            raise ValueError(f"{table.name}.{want.name}: {column.null_count} nulls, none allowed")
    return ready


def _address(settings: Settings) -> tuple[str, str, int]:
    url = urlsplit(settings.clickhouse)
    return url.scheme, url.hostname or "", url.port or _PORTS[url.scheme]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
