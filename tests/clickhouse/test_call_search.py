"""Calls as people look for them, on a real ClickHouse."""

from collections.abc import Iterator, Sequence

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.call_search import RateRow, Wanted, one, page, rate_row, suspense
from clickhouse.client import connect
from deploy.runtime.settings import Settings
from tests.dashboards.decks import store_decks
from tests.dashboards.traffic import Call, store_calls

T_MS = 1_763_900_000_000
ALL = Wanted(T_MS - 3_600_000, T_MS + 3_600_000)


@pytest.fixture
def client(migrated: Settings) -> Iterator[Client]:
    """A client of an empty, migrated database."""
    opened = connect(migrated)
    yield opened
    opened.close()


def ids(calls: Sequence[Call]) -> list[str]:
    """What the pages call them."""
    return [call.cdr_id.hex() for call in calls]


def test_an_empty_database_has_none(client: Client) -> None:
    assert page(client, ALL, None, 10) == []
    assert one(client, "0" * 32) is None
    assert suspense(client, ALL.from_ms, ALL.until_ms) == []


def test_pages_follow_one_another_without_gap_or_repeat(client: Client) -> None:
    same = [Call(i, T_MS) for i in range(5)]
    before = [Call(10 + i, T_MS - i * 1_000) for i in range(1, 6)]
    store_calls(client, same + before)
    found: list[str] = []
    cursor: tuple[int, str] | None = None
    while calls := page(client, ALL, cursor, 3):
        found += [call.id for call in calls]
        cursor = (calls[-1].at_ms, calls[-1].id)
    expected = sorted(same, key=lambda c: c.cdr_id, reverse=True) + before
    assert found == ids(expected)


def test_what_is_known_of_a_call_finds_it(client: Client) -> None:
    calls = [
        Call(1, T_MS),
        Call(2, T_MS, customer="bolt"),
        Call(3, T_MS, vendor="carrier-b"),
        Call(4, T_MS, reason="sell_rate_missing"),
        Call(5, T_MS, reason="sell_rate_missing", customer="bolt"),
    ]
    store_calls(client, calls)

    def numbers(wanted: Wanted) -> set[int]:
        by_id = dict(zip(ids(calls), range(1, 6), strict=True))
        return {by_id[call.id] for call in page(client, wanted, None, 10)}

    assert numbers(ALL) == {1, 2, 3, 4, 5}
    assert numbers(ALL._replace(customer="bolt")) == {2, 5}
    assert numbers(ALL._replace(vendor="carrier-b")) == {3}
    assert numbers(ALL._replace(reason="sell_rate_missing")) == {4, 5}
    assert numbers(ALL._replace(reason="sell_rate_missing", customer="bolt")) == {5}
    assert numbers(ALL._replace(called="0")) == set()
    assert numbers(ALL._replace(until_ms=calls[0].answered_ms)) == set()
    assert numbers(ALL._replace(customer="' OR 1 = 1 --")) == set()


def test_one_call_has_its_legs_and_their_rate(client: Client) -> None:
    call = Call(7, T_MS, sell_nanos=123_456_789, buy_nanos=1)
    store_calls(client, [call, Call(8, T_MS)])
    found = one(client, call.cdr_id.hex())
    assert found is not None
    assert [(leg.side, leg.nanos) for leg in found.call.legs] == [("sell", 123_456_789), ("buy", 1)]
    assert found.received_ms == call.received_ms
    assert rate_row(client, found.call.legs[0]) is None
    store_decks(client)
    assert rate_row(client, found.call.legs[0]) == RateRow("gold", "United Kingdom", "44")


def test_what_waits_is_summed_by_reason_and_accounts(client: Client) -> None:
    calls = [Call(i, T_MS + i, reason="buy_rate_missing") for i in range(3)]
    calls += [Call(9, T_MS, reason="customer_unknown", customer="who", duration_ms=1_000)]
    store_calls(client, [*calls, Call(10, T_MS)])
    first, second = suspense(client, ALL.from_ms, ALL.until_ms)
    assert first[:5] == ("buy_rate_missing", "acme", "carrier-a", 3, 180_000)
    assert first[5:] == (calls[0].answered_ms, calls[2].answered_ms)
    assert second[:5] == ("customer_unknown", "who", "carrier-a", 1, 1_000)
