"""What a re-rating reads: how many calls lie where, a chunk's calls, and whether they moved."""

import re
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.binding import format_str
from clickhouse_connect.driver.client import Client

from clickhouse.client import asking
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
_COMPARED: Final = (
    *("cdr_id", "leg", "reason", "billed_s", "nanos", "currency", "deck_version", "rate_row"),
)
Slots = list[tuple[int, str, int, int]]
"""(day since 1970, customer, hour of the day, calls)"""


def slots(client: Client, wanted: Wanted) -> Slots:
    """Calls by day, customer and hour. Rows that replace others count as well."""
    return _slots(client, f"leg = 'sell' AND {legs_where(wanted)}")


def late_slots(client: Client, wanted: Wanted, since_ms: int, step: int) -> Slots:
    """Of the legs stored since an instant those that the step did not write, each as a call."""
    return _slots(client, _late(wanted, since_ms, step))


def late_mark(client: Client, wanted: Wanted, since_ms: int, step: int) -> str:
    """What `late_slots` counts: the same text until another leg comes in; "" if there is none."""
    count, hashed = asked(
        client,
        "SELECT count(), sum(cityHash64(cdr_id, leg, version)) FROM charge FINAL"
        f" WHERE {_late(wanted, since_ms, step)}",
    )[0]
    return f"{count}:{hashed}" if count else ""


def _late(wanted: Wanted, since_ms: int, step: int) -> str:
    own = f"stored_at >= {instant(since_ms)} AND version != {LIVE_VERSIONS + step}"
    return f"{legs_where(wanted)} AND {own}"


def ledger_slots(client: Client, step: int) -> Slots:
    """The legs that a step changed, each as a call."""
    return _slots(client, f"step = {int(step)}", "rerate_delta")


def _slots(client: Client, where: str, table: str = "charge") -> Slots:
    query = f"""
        SELECT toUInt32(toDate(answered_at)) AS day, toString(customer) AS customer,
               toHour(answered_at) AS hour, count() AS legs
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


def read_calls(client: Client, wanted: Wanted, span: Span, calling: bool, lrn: bool) -> pa.Table:
    """Calls of a span in their order: cdr_id, what prices them; calling, lrn if asked for."""
    own = ("calling" if calling else "'' AS calling", "lrn" if lrn else "'' AS lrn")
    return asked_arrow(
        client,
        f"""
        SELECT cdr_id, customer, vendor, {", ".join(own)}, called, answered_at, duration_ms
        FROM cdr FINAL WHERE {calls_where(wanted, span)} ORDER BY {_ORDER}
        """,
    )


def read_legs(client: Client, wanted: Wanted, span: Span, whole: bool) -> pa.Table:
    """The legs of the calls of a span in the same order, as they are charged now.

    whole: every column that a change of a leg names; else those that tell whether it changes.
    """
    return asked_arrow(
        client,
        f"""
        SELECT {", ".join(_LEG_COLUMNS if whole else _COMPARED)}
        FROM charge FINAL WHERE {legs_where(wanted, span)} ORDER BY {_ORDER}, leg
        """,
    )


def read_call(client: Client, call: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A call by its cdr id in hexadecimal digits, and its legs; ({}, []) if there is none."""
    if not re.fullmatch(r"[0-9a-f]{32}", call):
        return {}, []
    own = f"cdr_id = unhex('{call}')"
    calls = _dicts(
        client,
        "SELECT customer, vendor, calling, called, lrn, duration_ms,"
        f" toUnixTimestamp64Milli(answered_at) AS answered_ms FROM cdr FINAL WHERE {own}",
    )
    if not calls:
        return {}, []
    at = f"customer = {format_str(calls[0]['customer'])}"
    at += f" AND answered_at = {instant(calls[0]['answered_ms'])}"
    columns = f"toString(leg) AS leg, {', '.join(PRICED)}"
    legs = f"SELECT {columns} FROM charge FINAL WHERE {at} AND {own} ORDER BY leg DESC"
    return calls[0], _dicts(client, legs)


def _dicts(client: Client, query: str) -> list[dict[str, Any]]:
    with asking():
        return list(client.query(query).named_results())


def stored_ms(client: Client, days: Iterable[int]) -> dict[int, int]:
    """When the last leg of each of these days was stored; days without legs are left out."""
    names = {f"{np.datetime64(day, 'D')}".replace("-", ""): day for day in days}
    if not names:
        return {}
    query = f"""
        SELECT _partition_id, toUnixTimestamp64Milli(max(stored_at)) FROM charge
        WHERE _partition_id IN ({", ".join(map(format_str, names))}) GROUP BY _partition_id
    """
    return {names[str(name)]: int(ms) for name, ms in asked(client, query)}
