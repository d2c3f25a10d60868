"""Records that a collector could not read, told in cdr.raw: each is one dead letter."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.mediation import Message, mediate, raw_records
from billing.mediation.dead_cdr import CONTENT_TYPE, LETTERS, ROWS_MAX, encode
from kernels.layout import DURATION_MS_MAX
from tests.billing.records import json_bytes

ROW = {
    "reason": "invalid",
    "field": "lasted",
    "value": "x",
    "detail": "not a number",
    "duration_ms": 5_000,
    "raw": b"a,b,x",
    "source": "sw",
    "file": "cdr.csv",
    "line": 7,
}


def message(*rows: dict[str, object]) -> Message:
    """A collector's message."""
    return Message(encode(pa.RecordBatch.from_pylist(list(rows), schema=LETTERS)), CONTENT_TYPE)


def test_each_row_is_a_dead_letter_among_calls() -> None:
    told = message(ROW, {**ROW, "reason": "missing", "raw": b"\xff", "line": 9})
    found = mediate([Message(json_bytes(call_id="1")), told, Message(json_bytes(call_id="2"))])
    assert found.calls.column("call_id").to_pylist() == ["1", "2"]
    letters = found.dead.to_pylist()
    assert [(d["message"], d["row"], d["reason"]) for d in letters] == [
        (1, 0, "invalid"),
        (1, 1, "missing"),
    ]
    assert letters[0]["detail"] == "not a number (sw: cdr.csv, line 7)"
    assert [d["duration_ms"] for d in letters] == [5_000, 5_000]
    assert list(raw_records(told, [0, 1])) == [b"a,b,x", b"\xff"]


@pytest.mark.parametrize("duration_ms", [-1, DURATION_MS_MAX + 1, None])
def test_a_duration_that_is_none_counts_nothing(duration_ms: int | None) -> None:
    found = mediate([message({**ROW, "duration_ms": duration_ms})])
    assert found.dead.column("duration_ms").to_pylist() == [0]


def test_nothing_need_be_said() -> None:
    found = mediate([message(dict.fromkeys(ROW))])
    assert found.dead.column("reason").to_pylist() == ["unreadable"]
    assert list(raw_records(message(dict.fromkeys(ROW)), [0])) == [b""]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"nonsense",
        message(ROW).payload[:-40],
        message(*[ROW] * (ROWS_MAX + 1)).payload,
        pa.BufferOutputStream().getvalue().to_pybytes(),
    ],
    ids=["empty", "nonsense", "cut", "too many", "nothing"],
)
def test_a_message_that_is_none_is_one_dead_letter(payload: bytes) -> None:
    found = mediate([Message(payload, CONTENT_TYPE)])
    assert found.dead.column("reason").to_pylist() == ["unreadable"]
    assert list(raw_records(Message(payload, CONTENT_TYPE), [0])) == [payload]


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_whatever_the_bytes_are(data: st.DataObject) -> None:
    payload = bytearray(message(ROW, ROW).payload)
    for _ in range(data.draw(st.integers(1, 5))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    found = mediate([Message(bytes(payload), CONTENT_TYPE)])
    assert found.calls.num_rows == 0
    assert 1 <= found.dead.num_rows <= 2
    rows = found.dead.column("row").to_pylist()
    assert len(list(raw_records(Message(bytes(payload), CONTENT_TYPE), rows))) == len(rows)
