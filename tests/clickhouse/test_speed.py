"""What the embedded ClickHouse does in a second: `pytest -m bench -s tests/clickhouse`."""

import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from clickhouse.client import connect, insert_arrow
from clickhouse.table import Table
from clickhouse.tables import CDR, CHARGE
from deploy.runtime.settings import Settings

pytestmark = pytest.mark.bench
DAY_MS = 86_400_000
MARCH_MS = 1_772_323_200_000
ROWS_PER_SIZE = 200_000


def traffic(table: Table, rows: int, seed: int) -> pa.Table:
    """Plausible rows of one day: 200 customers, 50 vendors, distinct ids."""
    random = np.random.default_rng(seed)
    made: dict[str, pa.Array] = {
        "cdr_id": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(16), rows, [None, pa.py_buffer(random.bytes(16 * rows))]
        ),
        "call_id": pa.array([f"call-{seed}-{n}" for n in range(rows)]),
        "customer": pa.array([f"customer-{n}" for n in random.integers(0, 200, rows)]),
        "vendor": pa.array([f"vendor-{n}" for n in random.integers(0, 50, rows)]),
        "calling": pa.array([f"4420{n}" for n in random.integers(10**7, 10**8, rows)]),
        "called": pa.array([f"4930{n}" for n in random.integers(10**7, 10**8, rows)]),
        "answered_at": pa.array(MARCH_MS + random.integers(0, DAY_MS, rows)),
        "leg": pa.array(["sell"] * rows),
        "currency": pa.array(["EUR"] * rows),
    }
    columns = []
    for field in table.schema:
        if field.name in made:
            columns.append(made[field.name].cast(field.type))
        elif field.type in {pa.string(), pa.binary()}:
            columns.append(pa.array([""] * rows, field.type))
        else:
            columns.append(pa.array(random.integers(0, 60_000, rows)).cast(field.type))
    return pa.Table.from_arrays(columns, schema=table.schema)


def seconds(run: Callable[[], object], times: int) -> list[float]:
    """Sorted durations of `times` runs."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return sorted(taken)


@pytest.mark.parametrize("table", [CDR, CHARGE], ids=lambda table: table.name)
@pytest.mark.parametrize("rows", [4_000, 100_000])
def test_arrow_inserts(migrated: Settings, table: Table, rows: int) -> None:
    client = connect(migrated)
    batches = [traffic(table, rows, seed) for seed in range(ROWS_PER_SIZE // rows)]
    queue = iter(batches)
    taken = seconds(lambda: insert_arrow(client, table, next(queue)), len(batches))
    rate = rows * len(batches) / sum(taken)
    middle = taken[len(taken) // 2]
    print(f"\ninsert {table.name} x {rows}: {rate:,.0f} rows/s, median {middle * 1e3:.1f} ms")
    columns = ", ".join(f"`{name}`" for name in table.columns)
    began = time.perf_counter()
    read = client.query_arrow(f"SELECT {columns} FROM {table.name}").num_rows
    print(f"read it back: {read / (time.perf_counter() - began):,.0f} rows/s")
    client.close()


def test_the_smallest_question(migrated: Settings) -> None:
    client = connect(migrated)
    taken = seconds(lambda: client.command("SELECT 1"), 300)
    opened = seconds(lambda: connect(migrated).close(), 20)
    client.close()
    middle, worst = taken[150] * 1e3, taken[297] * 1e3
    print(
        f"\nSELECT 1: median {middle:.1f} ms, p99 {worst:.1f} ms; connect {opened[10] * 1e3:.0f} ms"
    )
