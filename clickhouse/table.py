"""What a table is as a Python value: its columns, and the Arrow schema that is inserted."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import pyarrow as pa

_MS: Final = pa.timestamp("ms", "UTC")
_ARROW: Final[Mapping[str, pa.DataType]] = {
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Int64": pa.int64(),
    "String": pa.string(),
    "LowCardinality(String)": pa.string(),
    "FixedString(16)": pa.binary(16),
    "FixedString(32)": pa.binary(32),
    "FixedString(64)": pa.binary(64),
    "DateTime64(3, 'UTC')": _MS,
    "UUID": pa.uuid(),
}
_ORIGINAL_BYTES: Final = frozenset({("dead_letter", "raw")})


@dataclass(frozen=True, slots=True)
class Table:
    """A table: columns as ClickHouse names their types, and the Arrow schema that goes in."""

    name: str
    columns: Mapping[str, str]
    schema: pa.Schema


def _field(table: str, column: str, kind: str) -> pa.Field:
    nullable = kind.startswith("Nullable(")
    inner = kind[len("Nullable(") : -1] if nullable else kind
    arrow = pa.string() if inner.startswith("Enum8(") else _ARROW[inner]
    if (table, column) in _ORIGINAL_BYTES:
        arrow = pa.binary()
    return pa.field(column, arrow, nullable=nullable)


def table(name: str, columns: dict[str, str]) -> Table:
    """The table of these columns, by name the type that ClickHouse gives them."""
    schema = pa.schema([_field(name, column, kind) for column, kind in columns.items()])
    return Table(name, MappingProxyType(columns), schema)
