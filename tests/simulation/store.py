"""ClickHouse: tables that keep one row per key, the one with the highest version, last one wins.

What a key and a version are is said once more here, from the migrations, so that a table written
under another key shows. An insert of one table and day is atomic.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa

from clickhouse.client import _checked
from clickhouse.tables import TABLES

DAY_MS = 86_400_000
TABLE: Final = {table.name: table for table in TABLES}


class Engine(NamedTuple):
    """ORDER BY, the version column ("" = none), and the column PARTITION BY takes its day from."""

    key: tuple[str, ...]
    version: str
    day: str


ENGINES: Final[Mapping[str, Engine]] = {
    "cdr": Engine(("customer", "answered_at", "cdr_id"), "version", "answered_at"),
    "charge": Engine(("customer", "answered_at", "cdr_id", "leg"), "version", "answered_at"),
    "dead_letter": Engine(("log", "partition", "offset", "row"), "", "received_at"),
    "receipt": Engine(("log", "partition", "offset"), "", "received_at"),
}
_FOUND: Final = (
    *("cdr_id", "log", "partition", "offset", "row", "customer", "vendor", "calling", "called"),
    *("answered_at", "duration_ms", "lrn"),
)

Row = dict[str, Any]


class Store:
    """The fact tables; also what connect() answers with."""

    def __init__(self, other_logs: bool) -> None:
        self._inserted: dict[str, list[pa.Table]] = {name: [] for name in ENGINES}
        self._other_logs = other_logs
        self.holds: set[tuple[Any, ...]] = set()
        """what was ever inserted: ("cdr", id, version), ("charge", id, leg, version), ("receipt",
        partition, offset), ("dead_letter", partition, offset, row)"""
        self._calls: dict[tuple[bytes, int], dict[str, tuple[int, pa.Table]]] = {}

    def insert(self, name: str, rows: pa.Table) -> int:
        """As clickhouse.client.insert_arrow: checked the same way, then whole or not at all."""
        ready = _checked(TABLE[name], rows)
        day = ready.column(ENGINES[name].day).combine_chunks().view(pa.int64()).to_pylist()
        assert len({at // DAY_MS for at in day}) <= 1, f"an insert into several days of {name}"
        self._inserted[name].append(ready)
        keys = {
            "cdr": ("cdr_id", "version"),
            "charge": ("cdr_id", "leg", "version"),
            "dead_letter": ("partition", "offset", "row"),
            "receipt": ("partition", "offset"),
        }[name]
        columns = [ready.column(key).to_pylist() for key in keys]
        self.holds.update((name, *key) for key in zip(*columns, strict=True))
        if name == "cdr":
            self._index(ready, columns[0], day, columns[1])
        return int(ready.num_rows)

    def _index(
        self, rows: pa.Table, ids: list[bytes], at_ms: list[int], versions: list[int]
    ) -> None:
        customers = rows.column("customer").to_pylist()
        for i, (key, customer) in enumerate(
            zip(zip(ids, at_ms, strict=True), customers, strict=True)
        ):
            known = self._calls.setdefault(key, {})
            if customer not in known or known[customer][0] <= versions[i]:
                known[customer] = versions[i], rows.slice(i, 1)

    def find(self, ids: Sequence[bytes], answered_ms: Sequence[int]) -> pa.Table:
        """As clickhouse.calls.find."""
        rows = [
            row
            for key in zip(ids, answered_ms, strict=True)
            for _, row in self._calls.get(key, {}).values()
        ]
        table = pa.concat_tables(rows) if rows else TABLE["cdr"].schema.empty_table()
        return table.select(_FOUND)

    def none_of_other_logs(self) -> bool:
        """As clickhouse.calls.none_of_other_logs."""
        return not self._other_logs

    def final(self, name: str) -> list[Row]:
        """SELECT * FROM table FINAL, by key."""
        engine, rows = ENGINES[name], self._inserted[name]
        kept: dict[tuple[Any, ...], Row] = {}
        for row in _plain(pa.concat_tables(rows)) if rows else ():
            key = (*(row[k] for k in engine.key), row[engine.day] // DAY_MS)
            known = kept.get(key)
            if not known or not engine.version or known[engine.version] <= row[engine.version]:
                kept[key] = row
        return [kept[key] for key in sorted(kept, key=repr)]


def _plain(rows: pa.Table) -> Iterable[Row]:
    """Rows as dictionaries, instants in milliseconds."""
    columns = [
        (c.combine_chunks().view(pa.int64()) if pa.types.is_timestamp(c.type) else c).to_pylist()
        for c in rows.columns
    ]
    return (dict(zip(rows.column_names, row, strict=True)) for row in zip(*columns, strict=True))


def without(rows: Iterable[Row], *names: str) -> list[Row]:
    """The rows less some columns."""
    return [{n: v for n, v in row.items() if n not in names} for row in rows]
