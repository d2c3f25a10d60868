"""Rows for tests: calls as the rater would store them, one message a call unless grouped."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from clickhouse.table import Table
from clickhouse.tables import CDR, CHARGE, DEAD_LETTER, RATE, RECEIPT

DAY_MS = 86_400_000
SELL_DECK, BUY_DECK = 1, 2
LOG = "test-log"


@dataclass(frozen=True)
class Call:
    """One call; reason '' = rated. The message it came in is (partition 0, offset)."""

    offset: int
    received_ms: int
    duration_ms: int = 60_000
    sell_nanos: int = 20_000_000
    buy_nanos: int = 15_000_000
    currency: str = "EUR"
    buy_currency: str = "EUR"
    rate_row: int = 0
    reason: str = ""
    customer: str = "acme"
    vendor: str = "carrier-a"
    age_ms: int = 0
    version: int = 1
    sip_code: int | None = None
    """None: 200 if answered, else 486"""
    pdd_ms: int | None = 900

    @property
    def cdr_id(self) -> bytes:
        """Sixteen bytes that only this offset has."""
        return blake2b(self.offset.to_bytes(8, "big"), digest_size=16).digest()

    @property
    def answered_ms(self) -> int:
        """When the call was made."""
        return self.received_ms - self.duration_ms - self.age_ms


@dataclass(frozen=True)
class Dead:
    """One record that could not be read."""

    offset: int
    received_ms: int
    reason: str = "bad_field"
    field: str = "duration"
    value: str = "minus one"
    detail: str = "not a number"
    duration_ms: int = 0


def _write(client: Client, table: Table, rows: Iterable[dict[str, Any]], day: str) -> None:
    by_day: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_day[row[day] // DAY_MS if day else 0].append(row)
    for part in by_day.values():
        client.insert_arrow(table.name, pa.Table.from_pylist(part, schema=table.schema))


def cdr_row(call: Call) -> dict[str, Any]:
    """The call as `cdr` stores it."""
    return {
        "cdr_id": call.cdr_id,
        "switch": "sw1",
        "call_id": f"call-{call.offset}",
        "leg": "a",
        "customer": call.customer,
        "vendor": call.vendor,
        "calling": "31201234567",
        "called": "44201234567",
        "answered_at": call.answered_ms,
        "duration_ms": call.duration_ms,
        "sip_code": call.sip_code or (200 if call.duration_ms else 486),
        "pdd_ms": call.pdd_ms,
        "lrn": "",
        "node_id": 1,
        "dialcode_epoch": 1,
        "received_at": call.received_ms,
        "log": LOG,
        "partition": 0,
        "offset": call.offset,
        "row": 0,
        "version": call.version,
    }


def leg_row(call: Call, leg: str) -> dict[str, Any]:
    """One leg as `charge` stores it; a suspended one has no money."""
    rated = not call.reason
    sell = leg == "sell"
    return {
        "customer": call.customer,
        "vendor": call.vendor,
        "answered_at": call.answered_ms,
        "cdr_id": call.cdr_id,
        "leg": leg,
        "reason": call.reason,
        "duration_ms": call.duration_ms,
        "billed_s": -(-call.duration_ms // 1_000) if rated else 0,
        "nanos": (call.sell_nanos if sell else call.buy_nanos) if rated else 0,
        "currency": (call.currency if sell else call.buy_currency) if rated else "",
        "deck_version": (SELL_DECK if sell else BUY_DECK) if rated else 0,
        "rate_row": call.rate_row if rated else 0,
        "fx_num": 1,
        "fx_den": 1,
        "received_at": call.received_ms,
        "run": 0,
        "version": call.version,
    }


def receipt_row(each: Call | Dead, *, duplicate: bool = False) -> dict[str, Any]:
    """The rater's own count of the message that carried `each`."""
    outcome = "dead" if isinstance(each, Dead) else "suspended" if each.reason else "rated"
    outcome = "duplicate" if duplicate else outcome
    counts = dict.fromkeys(("rated", "suspended", "dead", "duplicate"), 0)
    spent_ms = {f"{name}_ms": 0 for name in counts}
    counts[outcome], spent_ms[f"{outcome}_ms"] = 1, each.duration_ms
    return {
        "log": LOG,
        "partition": 0,
        "offset": each.offset,
        "received_at": each.received_ms,
        "calls": 1,
        "calls_ms": each.duration_ms,
        **counts,
        **spent_ms,
    }


def store_calls(client: Client, calls: Sequence[Call], *, receipts: bool = True) -> None:
    """Write calls, both legs, and (unless told not to) their receipts."""
    _write(client, CDR, map(cdr_row, calls), "answered_at")
    legs = (leg_row(call, leg) for call in calls for leg in ("sell", "buy"))
    _write(client, CHARGE, legs, "answered_at")
    if receipts:
        _write(client, RECEIPT, map(receipt_row, calls), "received_at")


def store_dead(client: Client, letters: Sequence[Dead]) -> None:
    """Write dead letters and their receipts."""
    rows = (
        {
            "log": LOG,
            "partition": 0,
            "offset": each.offset,
            "row": 0,
            "received_at": each.received_ms,
            "reason": each.reason,
            "field": each.field,
            "value": each.value,
            "detail": each.detail,
            "duration_ms": each.duration_ms,
            "raw": b"{}",
        }
        for each in letters
    )
    _write(client, DEAD_LETTER, rows, "received_at")
    _write(client, RECEIPT, map(receipt_row, letters), "received_at")


def store_duplicates(client: Client, calls: Sequence[Call], first_offset: int) -> None:
    """The same calls again, in messages of their own: only receipts know."""
    again = (replace(call, offset=first_offset + index) for index, call in enumerate(calls))
    _write(client, RECEIPT, (receipt_row(call, duplicate=True) for call in again), "received_at")


def store_rates(client: Client, destinations: Sequence[str]) -> None:
    """Rate row n of the sell deck is `destinations[n]`; the buy deck names them otherwise."""
    rows = (
        {
            "deck_version": deck,
            "rate_row": index,
            "prefix": str(100 + index),
            "destination": name if deck == SELL_DECK else f"{name} (wholesale)",
            "first_rate_nanos": 20_000_000,
            "next_rate_nanos": 20_000_000,
            "connect_nanos": 0,
            "first_increment_s": 1,
            "next_increment_s": 1,
            "valid_from": 0,
            "valid_to": None,
            "time_class": "any",
            "origin_class": "any",
            "blocked": 0,
        }
        for deck in (SELL_DECK, BUY_DECK)
        for index, name in enumerate(destinations)
    )
    _write(client, RATE, rows, "")
