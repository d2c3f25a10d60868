"""Parquet read by column gives what the same file gives record by record."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import call_file
from billing.call_file import FileBatch, read_calls
from billing.typed_calls import typed_calls

ISO = st.sampled_from(
    (
        *("2026-11-23T10:00:00Z", "2026-11-23T10:00:00.5Z", "2026-11-23T10:00:00.123Z"),
        *("2026-11-23T10:00:00.1239Z", "2026-11-23", "1795428000", "2026-11-23T10:00:00+05:30"),
        *("2026-13-23T10:00:00Z", "1999-11-23T10:00:00Z", "2026-11-23T10:00:00Z\n", ""),
    )
)
COUNTS = st.sampled_from((0, 1, 200, 60_000, 86_400_000, 7 * 86_400_000 + 1, -1, None))
TEXTS = st.sampled_from(("a", "", "sw-1", "x" * 257, "a\0b", None))
NUMBERS = st.sampled_from(("49123", "+49123", "0049123", "anonymous", "", None))
INSTANTS = st.integers(946_684_800_000, 4_102_444_799_999)
ZONES = st.sampled_from((None, "UTC", "Europe/Berlin"))


def whole(counts: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[pa.DataType, Any]]:
    """A type and how its values are made."""
    kinds = st.sampled_from((pa.int64(), pa.int32(), pa.string()))
    return st.tuples(kinds, st.just(counts))


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Columns as files have them: of several types, some spoilt, some absent."""
    n = draw(st.integers(0, 5))

    def rows(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    columns = {
        "call_id": pa.array([f"c{i}" for i in range(n)], pa.string()),
        "called": pa.array(rows(NUMBERS if draw(st.booleans()) else st.just("49123"))),
    }
    if draw(st.booleans()):
        columns["answered_at"] = pa.array(rows(ISO), pa.string())
    else:
        unit, scale = draw(st.sampled_from((("s", 0.001), ("ms", 1), ("us", 1_000), ("ns", 10**6))))
        at = [int(ms * scale) + draw(st.sampled_from((0, 7))) for ms in rows(INSTANTS)]
        columns["answered_at"] = pa.array(at, pa.timestamp(unit, draw(ZONES)))
    for name in ("duration_ms", "sip_code", "pdd_ms"):
        if name == "duration_ms" or draw(st.booleans()):
            values = rows(COUNTS if draw(st.booleans()) else st.just(200))
            kind = draw(st.sampled_from((pa.int64(), pa.uint32(), pa.string(), pa.float64())))
            if kind == pa.uint32():
                values = [value and abs(value) for value in values]
            texts = [None if value is None else str(value) for value in values]
            columns[name] = pa.array(texts if kind == pa.string() else values, kind)
    for name in ("switch", "leg", "calling"):
        if draw(st.booleans()):
            column = pa.array(rows(TEXTS if draw(st.booleans()) else st.just("a")), pa.string())
            columns[name] = column.dictionary_encode() if draw(st.booleans()) else column
    return pa.table(columns)


def content(batches: list[FileBatch]) -> tuple[list[Any], list[Any]]:
    """Calls with their lines, and what was bad."""
    good = [
        (line, *row.values(), int(digits), int(count))
        for batch in batches
        for line, row, digits, count in zip(
            batch.line, batch.calls.to_pylist(), batch.digits, batch.digit_count, strict=True
        )
    ]
    return good, [bad for batch in batches for bad in batch.bad]


@settings(max_examples=300, deadline=None)
@given(tables(), st.booleans())
def test_by_column_and_by_record(
    tmp_path_factory: pytest.TempPathFactory, table: pa.Table, buy_leg: bool
) -> None:
    path = tmp_path_factory.mktemp("calls") / "calls.parquet"
    pq.write_table(table, path)
    found = content(list(read_calls(path, buy_leg)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call_file, "typed_calls", lambda *_: None)
        assert found == content(list(read_calls(path, buy_leg)))


def test_good_columns_are_not_read_by_record(tmp_path: Path) -> None:
    at = pa.array([1_795_428_000_123_456], pa.timestamp("us", "Europe/Berlin"))
    texts = {"call_id": ["c"], "called": ["+49123"]}
    for answered_at, duration in (
        (at, pa.array([60_000], pa.uint32())),
        (pa.array(["2026-11-23T10:00:00.123Z"]), pa.array(["60000"])),
    ):
        table = pa.table({**texts, "answered_at": answered_at, "duration_ms": duration})
        found = typed_calls(table.to_batches()[0], "-", "")
        assert found is not None
        assert found[0].column("answered_at").cast(pa.int64()).to_pylist() == [1_795_428_000_123]
        assert found[0].column("duration_ms").to_pylist() == [60_000]
