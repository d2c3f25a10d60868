"""Balances beside charges, on a real ClickHouse: rated rows stored and posted, in any order."""

from collections.abc import Iterator

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

from billing.balances import Balance, Key, post
from clickhouse import balances
from clickhouse.balances import Line
from clickhouse.client import connect, insert_arrow
from clickhouse.tables import BALANCE
from deploy.runtime.settings import Settings
from streams import topics, wire
from streams.agents.store import by_day, rows_of
from tests.streams.test_step import LOG, call, raw, step

CUSTOMER, VENDOR = Key("customer", "acme", "USD"), Key("vendor", "vend", "USD")
MINUTE_NANOS = {"customer": 20_000_000, "vendor": 10_000_000}
CALLS = [step([raw(n, call(f"call-{n}"))]).rated for n in range(6)]
SUSPENDED = step([raw(3, call("call-3", vendor="stranger"))]).rated
"""The fourth call as it would have been rated before its vendor was known."""


@pytest.fixture
def client(migrated: Settings) -> Iterator[Client]:
    """A client of an empty, migrated database."""
    opened = connect(migrated)
    yield opened
    opened.close()


def store(client: Client, *messages: tuple[int, pa.RecordBatch]) -> None:
    """Insert (offset in cdr.rated, rows) as the store does."""
    for message in messages:
        encoded = (message[0], wire.encode(message[1]))
        for table, rows in rows_of(topics.RATED, [encoded]):
            for day in by_day(table, rows):
                insert_arrow(client, table, day)


def keep(client: Client, *batches: pa.RecordBatch, partition: int = 0) -> dict[Key, Balance]:
    """Post rows and write the balances, after each batch."""
    book: dict[Key, Balance] = {}
    for batch in batches:
        changed = post(book, pa.table(batch))
        book |= changed
        insert_arrow(client, BALANCE, balances.rows(partition, changed))
    return book


def line(key: Key, posted: int, charged: int) -> Line:
    """What a line says of so many minutes."""
    nanos = MINUTE_NANOS[key.role]
    return Line(*key, posted * nanos, posted, charged * nanos, charged)


def test_an_empty_database_agrees(client: Client) -> None:
    assert balances.compare(client) == ([], 0)


def test_posted_and_stored_calls_agree(client: Client) -> None:
    store(client, *enumerate(CALLS))
    keep(client, *CALLS)
    found = balances.compare(client)
    assert found == ([line(CUSTOMER, 6, 6), line(VENDOR, 6, 6)], 0)
    assert found.differences == []


def test_calls_beyond_the_position_do_not_count_yet(client: Client) -> None:
    store(client, *enumerate(CALLS))
    keep(client, *CALLS[:4])
    assert balances.compare(client) == ([line(CUSTOMER, 4, 4), line(VENDOR, 4, 4)], 0)


def test_posted_calls_that_are_not_stored_yet_are_said_to_be_behind(client: Client) -> None:
    store(client, *enumerate(CALLS[:4]))
    keep(client, *CALLS)
    found = balances.compare(client)
    assert found.behind == 1
    assert found.differences == [line(CUSTOMER, 6, 4), line(VENDOR, 6, 4)]


def test_a_call_posted_but_lost_by_the_store_is_a_difference(client: Client) -> None:
    store(client, *((n, rows) for n, rows in enumerate(CALLS) if n != 2))
    keep(client, *CALLS)
    assert balances.compare(client) == ([line(CUSTOMER, 6, 5), line(VENDOR, 6, 5)], 0)


def test_a_stored_call_passed_over_by_the_controls_is_a_difference(client: Client) -> None:
    store(client, *enumerate(CALLS))
    keep(client, *CALLS[:5][::2], CALLS[5])
    found = balances.compare(client)
    assert found.differences == [line(CUSTOMER, 4, 6), line(VENDOR, 4, 6)]


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_ratings_the_first_stands_on_both_sides(client: Client, swapped: bool) -> None:
    first, again = (CALLS[3], SUSPENDED) if swapped else (SUSPENDED, CALLS[3])
    log = [*CALLS[:3], first, CALLS[2], again, *CALLS[4:]]
    store(client, *reversed(list(enumerate(log))))
    keep(client, *log)
    n = 6 if swapped else 5
    assert balances.compare(client) == ([line(CUSTOMER, n, n), line(VENDOR, n, n)], 0)


def test_an_older_balance_written_late_changes_nothing(client: Client) -> None:
    store(client, *enumerate(CALLS))
    keep(client, *CALLS)
    keep(client, *CALLS[:4])
    assert balances.compare(client).differences == []


def test_balances_of_partitions_and_logs_add_up(client: Client) -> None:
    def elsewhere(rows: pa.RecordBatch, column: str, value: object) -> pa.RecordBatch:
        at = rows.schema.get_field_index(column)
        kind = rows.schema.field(at).type
        return rows.set_column(at, column, pa.array([value] * rows.num_rows, kind))

    other_partition = [elsewhere(rows, "partition", 1) for rows in CALLS[2:4]]
    other_log = [elsewhere(rows, "log", "log-0") for rows in CALLS[4:]]
    for part in (CALLS[:2], other_partition, other_log):
        store(client, *enumerate(part))
    keep(client, *CALLS[:2])
    keep(client, *other_partition, partition=1)
    keep(client, *other_log)
    assert LOG != "log-0"
    assert balances.compare(client) == ([line(CUSTOMER, 6, 6), line(VENDOR, 6, 6)], 0)
