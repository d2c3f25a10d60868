"""`tables.py` and the migrated database are the same; what Arrow writes, Arrow reads back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

from clickhouse.client import connect, insert_arrow
from clickhouse.table import Table
from clickhouse.tables import ACCOUNT, CDR, CHARGE, DECK_VERSION, TABLES
from deploy.runtime.settings import Settings

NOON = datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)
EDGES: dict[pa.DataType, list[Any]] = {
    pa.uint8(): [0, 1, 2**8 - 1],
    pa.uint16(): [0, 1, 2**16 - 1],
    pa.uint32(): [0, 1, 2**32 - 1],
    pa.uint64(): [0, 1, 2**64 - 1],
    pa.int64(): [-(2**63), -1, 2**63 - 1],
    pa.string(): ["", "plain", "ü\n'\\\t\0€"],
    pa.binary(): [b"", b"\0\xff\xfe", b"{}"],
    pa.binary(16): [bytes(16), bytes(range(16)), b"\xff" * 16],
    pa.binary(32): [b"0" * 32, b"a" * 32, b"f" * 32],
    pa.binary(64): [b"0" * 64, b"a" * 64, b"f" * 64],
    pa.timestamp("ms", "UTC"): [NOON, NOON.replace(microsecond=0), NOON.replace(hour=13)],
    pa.uuid(): [bytes(16), UUID(int=1).bytes, UUID(int=2**128 - 1).bytes],
}


def edges(table: Table) -> pa.Table:
    """Three rows of a table that reach the ends of every type."""
    columns = []
    for field in table.schema:
        kind = table.columns[field.name]
        values = EDGES[field.type]
        if kind.startswith("Enum8("):
            names = kind.split("'")[1::2]
            values = [names[0], names[-1], names[0]]
        elif field.nullable:
            values = [None, *values[1:]]
        columns.append(pa.array(values, field.type))
    return pa.Table.from_arrays(columns, schema=table.schema)


def test_the_tables_are_those_of_the_database(migrated: Settings) -> None:
    client = connect(migrated)
    rows = client.query(
        "SELECT table, name, type FROM system.columns AS c"
        " INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table"
        " WHERE c.database = currentDatabase() AND engine != 'View' AND table != {own:String}"
        " AND default_kind NOT IN ('MATERIALIZED', 'ALIAS')"
        " ORDER BY table, position",
        parameters={"own": "schema_migration"},
    ).result_rows
    client.close()
    in_database: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        in_database.setdefault(table, []).append((column, kind))
    assert in_database == {table.name: list(table.columns.items()) for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_is_inserted_is_read_back(migrated: Settings, table: Table) -> None:
    client = connect(migrated)
    rows = edges(table)
    shuffled = rows.select(sorted(rows.schema.names))
    assert insert_arrow(client, table.name, shuffled) == 3
    chosen = ", ".join(
        f"toString(`{name}`) AS `{name}`" if kind.startswith("Enum8(") else f"`{name}`"
        for name, kind in table.columns.items()
    )
    sql = f"SELECT {chosen} FROM {table.name}"
    found = client.query_arrow(sql, use_strings=False).cast(table.schema)
    client.close()
    assert sorted(map(repr, found.to_pylist())) == sorted(map(repr, rows.to_pylist()))


@pytest.mark.parametrize("table", [CDR, CHARGE, DECK_VERSION, ACCOUNT], ids=lambda t: t.name)
def test_a_row_written_again_replaces_itself(migrated: Settings, table: Table) -> None:
    client = connect(migrated)
    for _ in range(2):
        insert_arrow(client, table, edges(table).to_batches()[0])
    counted = client.query(f"SELECT count() FROM {table.name} FINAL").result_rows
    client.close()
    assert counted == [(3,)]
