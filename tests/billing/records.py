"""One good call, in every format, and what mediation must make of it."""

import io
import json
from typing import Any, NamedTuple

import pyarrow as pa

from billing.mediation import Message, mediate, raw_records
from kernels.layout import I64, U8, U64

GOOD: dict[str, Any] = {
    "call_id": "c-1",
    "switch": "sbc1",
    "leg": "a",
    "customer": "acme",
    "vendor": "telco",
    "calling": "+15550100",
    "called": "+442071838750",
    "answered_at": "2026-11-23T10:00:00.500Z",
    "duration_ms": 61_500,
    "sip_code": 200,
    "pdd_ms": 1_200,
}
"""answered_at is ANSWERED_MS."""
ANSWERED_MS = 1_795_428_000_500
CSV_ORDER = (
    *("call_id", "switch", "leg", "answered_at", "duration_ms", "calling", "called"),
    *("customer", "vendor", "sip_code", "pdd_ms"),
)
JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"


def changed(**changes: Any) -> dict[str, Any]:
    """The good call with other values; None leaves a field out."""
    return {k: v for k, v in {**GOOD, **changes}.items() if v is not None}


def json_bytes(**changes: Any) -> bytes:
    return json.dumps(changed(**changes)).encode()


def csv_line(**changes: Any) -> bytes:
    """Without a header, in the fixed order."""
    record = changed(**changes)
    return ",".join(str(record.get(name, "")) for name in CSV_ORDER).encode()


def arrow_bytes(rows: list[dict[str, Any]], **columns: pa.Array) -> bytes:
    """An Arrow stream of rows; a column given by name replaces, or adds to, those of the rows."""
    names = list(dict.fromkeys([*(k for row in rows for k in row), *columns]))
    kinds = {"answered_at": pa.timestamp("ms", "UTC")}
    arrays = {
        n: pa.array([row.get(n) for row in rows], kinds.get(n)) if n not in columns else columns[n]
        for n in names
    }
    table = pa.table(arrays)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def arrow_row(**changes: Any) -> dict[str, Any]:
    return changed(**{"answered_at": ANSWERED_MS, **changes})


class Letter(NamedTuple):
    """A dead letter with its original bytes."""

    message: int
    row: int
    reason: str
    field: str
    value: str
    detail: str
    duration_ms: int
    raw: bytes


class Found(NamedTuple):
    """What mediation made of messages."""

    calls: pa.RecordBatch
    message: I64
    row: I64
    digits: U64
    digit_count: U8
    dead: list[Letter]


def found_in(*messages: Message) -> Found:
    found = mediate(messages)
    letters = [
        Letter(**row, raw=next(iter(raw_records(messages[row["message"]], [row["row"]]))))
        for row in found.dead.to_pylist()
    ]
    return Found(*found[:-1], letters)


def mediated(payload: bytes, content_type: str = "") -> Found:
    return found_in(Message(payload, content_type))


def only_dead(payload: bytes, content_type: str = "") -> Letter:
    """The dead letter of a message that is one record and no call."""
    found = mediated(payload, content_type)
    assert found.calls.num_rows == 0
    assert len(found.dead) == 1
    return found.dead[0]


def only_call(payload: bytes, content_type: str = "") -> dict[str, Any]:
    """The call of a message that is one record, its instant in milliseconds."""
    found = mediated(payload, content_type)
    assert not found.dead
    assert found.calls.num_rows == 1
    call: dict[str, Any] = found.calls.to_pylist()[0]
    instant = found.calls.column("answered_at").view(pa.int64())[0].as_py()
    return {**call, "answered_at": instant}
