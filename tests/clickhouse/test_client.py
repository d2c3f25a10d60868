"""The client tells outages from refusals, and never lets ClickHouse guess a value."""

import time
from pathlib import Path

import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import (
    DatabaseError,
    OperationalError,
    ProgrammingError,
    StreamFailureError,
)

from clickhouse.client import (
    ClickHouseDown,
    ClickHouseRefused,
    asking,
    connect,
    insert_arrow,
    wait_ready,
)
from clickhouse.tables import ACCOUNT, CHARGE
from deploy.runtime.settings import Settings
from tests.clickhouse.test_tables import edges
from tests.conftest import free_port, settings_for


def nobody(tmp_path: Path) -> Settings:
    """Settings of an address where nothing listens."""
    return settings_for(f"http://127.0.0.1:{free_port()}", tmp_path)


def test_an_absent_server_is_down(tmp_path: Path) -> None:
    with pytest.raises(ClickHouseDown):
        connect(nobody(tmp_path))
    began = time.monotonic()
    with pytest.raises(ClickHouseDown, match="TOLLWIRE_CLICKHOUSE"):
        wait_ready(nobody(tmp_path), 0.3)
    assert time.monotonic() - began < 5


def test_a_server_that_goes_is_down(migrated: Settings) -> None:
    client = connect(migrated)
    client.url = client._backend._base_url = nobody(migrated.data_dir).clickhouse
    with pytest.raises(ClickHouseDown):
        insert_arrow(client, ACCOUNT, edges(ACCOUNT))
    client.close()


def test_a_present_server_is_ready(settings: Settings) -> None:
    wait_ready(settings, 5)


def test_a_database_that_is_not_migrated_is_refused(settings: Settings) -> None:
    with pytest.raises(ClickHouseRefused, match="tollwire migrate") as error:
        connect(settings)
    assert error.value.code == 81


@pytest.mark.parametrize(
    ("sql", "code"), [("SELECT nope", 47), ("SELECT 1 1", 62), ("SELECT * FROM nope", 60)]
)
def test_a_bug_is_refused(migrated: Settings, sql: str, code: int) -> None:
    client = connect(migrated)
    with pytest.raises(ClickHouseRefused) as error, asking():
        client.query(sql)
    client.close()
    assert error.value.code == code


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT sleepEachRow(1) FROM numbers(3) SETTINGS max_execution_time = 0.1",
        "SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 1000000",
    ],
)
def test_what_may_pass_is_down(migrated: Settings, sql: str) -> None:
    client = connect(migrated)
    with pytest.raises(ClickHouseDown), asking():
        client.query(sql)
    client.close()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DatabaseError("HTTP driver received HTTP status 502"), ClickHouseDown),
        (DatabaseError("HTTP driver received HTTP status 429"), ClickHouseDown),
        (DatabaseError("HTTP driver received HTTP status 403"), ClickHouseRefused),
        (DatabaseError("Code: 252, too many parts", code=252), ClickHouseDown),
        (DatabaseError("Code: 516, wrong password", code=516), ClickHouseRefused),
        (OperationalError("Error executing HTTP request"), ClickHouseDown),
        (StreamFailureError("torn"), ClickHouseDown),
        (ProgrammingError("no such parameter"), ClickHouseRefused),
        (ConnectionResetError(), ClickHouseDown),
    ],
)
def test_failures_are_told_apart(error: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind), asking():
        raise error


def test_clickhouse_gets_no_chance_to_guess(migrated: Settings) -> None:
    client = connect(migrated)
    rows = edges(CHARGE)
    nanos = rows.schema.get_field_index("nanos")
    money = rows.column("nanos")
    nulls = pa.array([1, None, 2], pa.int64())
    wrong = {
        r"differ from its schema: \['nanos'\]": rows.drop_columns(["nanos"]),
        r"differ from its schema: \['price'\]": rows.append_column("price", money),
        "a column twice": rows.append_column("nanos", money),
        r"charge\.nanos: 1 nulls": rows.set_column(nanos, pa.field("nanos", pa.int64()), nulls),
        r"charge\.nanos: double, expected int64": rows.set_column(
            nanos, "nanos", money.cast(pa.float64(), safe=False)
        ),
    }
    for said, table in wrong.items():
        with pytest.raises(ValueError, match=said):
            insert_arrow(client, CHARGE, table)
    assert insert_arrow(client, CHARGE, rows.slice(0, 0)) == 0
    with asking():
        assert client.query("SELECT count() FROM charge").result_rows == [(0,)]
    client.close()
