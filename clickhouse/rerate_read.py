"""What a re-rating reads: how many calls lie where, a chunk's calls, and whether they moved."""

from typing import Final

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from clickhouse.rerate_scope import (
    Span,
    Wanted,
    asked,
    asked_arrow,
    calls_where,
    instant,
    legs_where,
)
from clickhouse.tables import LIVE_VERSIONS, PRICED

_ORDER: Final = "customer, answered_at, cdr_id"
_LEG_COLUMNS: Final = ("cdr_id", "leg", "received_at", *PRICED)
Slots = list[tuple[int, str, int, int]]
"""(day since 1970, customer, hour of the day, calls)"""


def slots(client: Client, wanted: Wanted) -> Slots:
    """Calls by day, customer and hour. Repeated rows of one call count again."""
    return _slots(client, legs_where(wanted))


def late_slots(client: Client, wanted: Wanted, since_ms: int, step: int) -> Slots:
    """Of the legs stored since an instant those that the step did not write, as `slots`."""
    late = f"stored_at >= {instant(since_ms)} AND version != {LIVE_VERSIONS + step}"
    return _slots(client, f"{legs_where(wanted)} AND {late}")


def ledger_slots(client: Client, step: int) -> Slots:
    """The calls that a step changed, as `slots`."""
    return _slots(client, f"step = {int(step)}", "rerate_delta")


def _slots(client: Client, where: str, table: str = "charge") -> Slots:
    query = f"""
        SELECT toUInt32(toDate(answered_at)) AS day, toString(customer) AS customer,
               toHour(answered_at) AS hour, uniq(cdr_id) AS calls
        FROM {table} WHERE {where}
        GROUP BY day, customer, hour ORDER BY day, customer, hour
    """
    return [(int(d), str(c), int(h), int(n)) for d, c, h, n in asked(client, query)]


def watermark(client: Client, wanted: Wanted, before_ms: int | None) -> str:
    """What the legs stored before an instant are: the same text until one of them is replaced.

    before_ms: None for all of them; then it also changes with each leg that comes in.
    """
    before = "1" if before_ms is None else f"stored_at < {instant(before_ms)}"
    query = f"""
        SELECT count(), sum(cityHash64(cdr_id, leg, version)) FROM charge FINAL
        WHERE {legs_where(wanted)} AND {before}
    """
    count, hashed = asked(client, query)[0]
    return f"{count}:{hashed}"


def now_ms(client: Client) -> int:
    """The clock that stored_at is written by."""
    return int(asked(client, "SELECT toUnixTimestamp64Milli(now64(3))")[0][0])


def read_calls(client: Client, wanted: Wanted, span: Span, calling: bool) -> pa.Table:
    """Calls of a span in their order: cdr_id, what prices them, and calling if it is asked for."""
    own = "calling" if calling else "'' AS calling"
    return asked_arrow(
        client,
        f"""
        SELECT cdr_id, customer, vendor, {own}, called, answered_at, duration_ms
        FROM cdr FINAL WHERE {calls_where(wanted, span)} ORDER BY {_ORDER}
        """,
    )


def read_legs(client: Client, wanted: Wanted, span: Span) -> pa.Table:
    """The legs of the calls of a span in the same order, as they are charged now."""
    return asked_arrow(
        client,
        f"""
        SELECT {", ".join(_LEG_COLUMNS)}
        FROM charge FINAL WHERE {legs_where(wanted, span)} ORDER BY {_ORDER}, leg
        """,
    )
