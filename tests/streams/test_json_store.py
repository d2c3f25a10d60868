"""JSON messages as rows: a message that is none of ours costs no other its row."""

import json
from typing import Any

import pyarrow as pa
import pytest

from streams import topics
from streams.agents.credit_store import stores
from streams.agents.json_store import DAY_MS, JsonStore

T_MS = 1_796_000_000_000 // DAY_MS * DAY_MS
EVENT = {"at_ms": T_MS, "account": "acme", "kind": "threshold", "nanos": 5, "detail": "80 %"}


@pytest.fixture
def store() -> JsonStore:
    """That of credit.events."""

    async def unused(_: str, __: pa.Table) -> None:
        raise AssertionError("rows are looked at, not stored")

    return stores("log-1", unused)[topics.CREDIT_EVENTS]


def message(offset: int, **more: Any) -> tuple[int, int, bytes]:
    """An event at an offset of partition 3."""
    return 3, offset, json.dumps({**EVENT, **more}).encode()


def test_messages_are_rows_that_know_where_they_stand(store: JsonStore) -> None:
    (rows,) = store.rows([message(7), message(8, account="bolt")])
    assert rows.schema == store.table.schema
    assert rows.column("offset").to_pylist() == [7, 8]
    first = rows.to_pylist()[0]
    own = (first["log"], first["partition"], first["account"], first["nanos"])
    assert own == ("log-1", 3, "acme", 5)


def test_each_day_is_a_table_of_its_own(store: JsonStore) -> None:
    days = store.rows([message(1), message(2, at_ms=T_MS + DAY_MS), message(3, at_ms=T_MS + 1)])
    assert [day.column("offset").to_pylist() for day in days] == [[1, 3], [2]]


@pytest.mark.parametrize(
    "bad",
    [b"", b"{", b"[]", b"\xff", b"{}", message(5, nanos="x")[2], message(5, at_ms=None)[2],
     message(5, at_ms="soon")[2], message(5, account=7)[2], message(5, nanos=2**70)[2],
     message(5, at_ms=2**62)[2], message(5, at_ms=0)[2], message(5, at_ms=-1)[2],
     message(5, detail="\ud800")[2], b'{"a":' + b"[" * 100_000],
)  # fmt: skip
def test_what_is_none_of_ours_is_passed_over_alone(store: JsonStore, bad: bytes) -> None:
    tables = store.rows([message(1), (3, 5, bad), message(9)])
    offsets = [offset for table in tables for offset in table.column("offset").to_pylist()]
    assert offsets == [1, 9]
    assert store.rows([(3, 5, bad)]) == []
