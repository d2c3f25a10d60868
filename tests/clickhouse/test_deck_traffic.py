"""What a deck was used for: calls of its accounts only, of 30 days, in groups."""

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

from billing.instants import DAY_MS
from billing.parties import Account
from clickhouse import reference
from clickhouse.client import connect, insert_arrow
from clickhouse.deck_traffic import Grain, month_of
from clickhouse.tables import CDR
from deploy.runtime.settings import Settings

MONDAY_MS = 20_416 * DAY_MS
HOUR_MS = 3_600_000
_NUMBERS = count(1)


@pytest.fixture
def client(migrated: Settings) -> Iterator[Client]:
    with closing(connect(migrated)) as found:
        accounts = [
            Account("acme", "customer", "Acme", "gold", "USD"),
            Account("other", "customer", "Other", "silver", "USD"),
            Account("vend", "vendor", "Vend", "gold", "USD"),
        ]
        reference.save_accounts(found, accounts, 1)
        yield found


def store(client: Client, *calls: tuple[str, int, int], **more: Any) -> None:
    """(called, answered_ms, duration_ms)"""
    for i, (called, answered_ms, duration_ms) in enumerate(calls):
        row = {
            "cdr_id": f"{next(_NUMBERS):016d}".encode(),
            "call_id": str(i),
            "customer": "acme",
            "vendor": "vend",
            "calling": "4915",
            "called": called,
            "answered_at": answered_ms,
            "duration_ms": duration_ms,
            "received_at": answered_ms,
            "version": 1,
            **more,
        }
        blank: dict[str, Any] = {
            f.name: "" if pa.types.is_string(f.type) or pa.types.is_dictionary(f.type) else 0
            for f in CDR.schema
        }
        insert_arrow(client, CDR.name, pa.Table.from_pylist([blank | row], schema=CDR.schema))


def groups(client: Client, grain: Grain, side: str = "sell") -> list[tuple[Any, ...]]:
    used = month_of(client, "gold", side, MONDAY_MS + 8 * DAY_MS, grain)
    assert not used.cut
    rows = (row for row in used.traffic.to_pylist())
    return sorted(tuple(row.values()) for row in rows)


def test_nothing_without_calls(client: Client) -> None:
    assert groups(client, Grain(5)) == []


def test_calls_in_groups_of_digits_and_like_duration(client: Client) -> None:
    at = MONDAY_MS + 9 * HOUR_MS
    store(client, ("+4420799", at, 30_000), ("004420788", at + 1, 29_000), ("4420777", at, 61_000))
    store(client, ("4420700", at, 0))
    assert groups(client, Grain(4)) == [
        ("4420", "", 0, 1, 0),
        ("4420", "", 0, 1, 61_000),
        ("4420", "", 0, 2, 59_000),
    ]


def test_only_the_decks_accounts_and_the_month(client: Client) -> None:
    now = MONDAY_MS + 8 * DAY_MS
    store(client, ("44", now - 30 * DAY_MS, 1_000), ("44", now - 30 * DAY_MS - 1, 1_000))
    store(client, ("44", now, 1_000))
    store(client, ("44", now - 1, 1_000), customer="other")
    assert groups(client, Grain(4)) == [("44", "", 0, 1, 1_000)]
    assert groups(client, Grain(4), "buy") == [("44", "", 0, 2, 2_000)]


def test_hours_of_the_week_and_origins_where_classes_ask_for_them(client: Client) -> None:
    at = MONDAY_MS + DAY_MS + 9 * HOUR_MS
    store(client, ("44", at + 5, 1_000), ("44", at + HOUR_MS - 1, 1_000), ("44", at - 1, 1_000))
    assert groups(client, Grain(2, 2, by_hour=True)) == [
        ("44", "49", DAY_MS + 8 * HOUR_MS, 1, 1_000),
        ("44", "49", DAY_MS + 9 * HOUR_MS, 2, 2_000),
    ]
