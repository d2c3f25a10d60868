"""The misbehaving proxy in front of a real ClickHouse, seen through the product's own client."""

import time
from collections.abc import Iterator
from contextlib import closing

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import ClickHouseDown, connect, insert_arrow
from clickhouse.tables import DECK_NUMBER
from deploy.runtime.settings import Settings
from tests.chaos import proxy as proxies
from tests.chaos.proxy import Proxy
from tests.kafka.broker import steady_port

Pair = tuple[Proxy, Settings]


@pytest.fixture
def pair(migrated: Settings) -> Iterator[Pair]:
    """A proxy in front of the migrated database, and the settings that lead through it."""
    proxy = Proxy(steady_port(), int(migrated.clickhouse.rsplit(":", 1)[1])).start()
    through = migrated.model_copy(update={"clickhouse": f"http://127.0.0.1:{proxy._port}"})
    yield proxy, through
    proxy.stop()


def insert(client: Client, number: int) -> None:
    row = {"number": number, "claim": bytes(16)}
    storage = pa.array([row["claim"]], pa.binary(16))
    claim = pa.ExtensionArray.from_storage(pa.uuid(), storage)
    rows = pa.table({"number": pa.array([number], pa.uint32()), "claim": claim})
    insert_arrow(client, DECK_NUMBER, rows)


def numbers(settings: Settings) -> list[int]:
    with closing(connect(settings)) as client:
        found = client.query("SELECT number FROM deck_number ORDER BY number").result_rows
        return [row[0] for row in found]


def test_what_passes_passes(pair: Pair, migrated: Settings) -> None:
    proxy, through = pair
    with closing(connect(through)) as client:
        insert(client, 1)
    assert numbers(through) == numbers(migrated) == [1]
    assert not proxy.disturbed


def test_an_insert_answered_with_500_was_not_executed(pair: Pair, migrated: Settings) -> None:
    proxy, through = pair
    with closing(connect(through)) as client:
        proxy.set("error")
        with pytest.raises(ClickHouseDown):
            insert(client, 2)
        assert client.query("SELECT 1").result_rows == [(1,)]
        proxy.set("pass")
    assert numbers(migrated) == []
    assert proxy.disturbed["error"]


def test_a_cut_insert_was_executed_and_nobody_knows(pair: Pair, migrated: Settings) -> None:
    proxy, through = pair
    with closing(connect(through)) as client:
        proxy.set("cut")
        with pytest.raises(ClickHouseDown):
            insert(client, 3)
        proxy.set("pass")
    assert set(numbers(migrated)) == {3}
    assert proxy.disturbed["cut"]


def test_refused_connections_and_then_none(pair: Pair) -> None:
    proxy, through = pair
    with closing(connect(through)) as client:
        proxy.set("refuse")
        with pytest.raises(ClickHouseDown):
            insert(client, 4)
        with pytest.raises(ClickHouseDown):
            connect(through)
        proxy.set("pass")
        insert(client, 5)
    assert numbers(through) == [5]


def test_a_slow_insert_is_slow(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, through = pair
    monkeypatch.setattr(proxies, "SLOW_S", (0.4, 0.5))
    with closing(connect(through)) as client:
        proxy.set("slow")
        begin = time.monotonic()
        insert(client, 6)
        assert time.monotonic() - begin >= 0.4
        proxy.set("pass")
    assert numbers(through) == [6]
