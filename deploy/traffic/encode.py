"""A batch as messages for the intake topic: JSON per call, CSV lines, or one Arrow stream.

Dirt, per format. Negative durations stand as they are in all three.

| fate       | JSON                | CSV                  | Arrow            |
|------------|---------------------|----------------------|------------------|
| bad time   | text that is none   | text that is none    | null             |
| no call id | field left out      | empty                | null             |
| garbage    | cut off, not JSON   | too few columns      | a row of nulls   |

Equal records give equal bytes, so a re-sent call is an exact copy.
"""

from io import BytesIO
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv

from deploy.traffic.batch import SCHEMA, Batch, Fate

CSV_COLUMNS = (*SCHEMA.names[:2], "leg", *SCHEMA.names[2:])
BAD_TIME = "31/02/2026 25:61"
GARBAGE_JSON = b'{"call_id":"7f3a09","switch":"sbc-a'
GARBAGE_CSV = b"%% buffer overrun %%,7f3a09"
CSV_TIME = CSV_COLUMNS.index("answered_at")


class CdrMessage(msgspec.Struct):
    """One call as JSON; `answered_at` is ISO 8601 in UTC with milliseconds and a Z."""

    call_id: str
    switch: str
    answered_at: str
    duration_ms: int
    calling: str
    called: str
    customer: str
    vendor: str
    sip_code: int
    pdd_ms: int


def to_json(batch: Batch) -> list[bytes]:
    """One JSON object a record, in order."""
    columns = {name: batch.records.column(name) for name in SCHEMA.names}
    times_ms = columns["answered_at"].to_numpy(zero_copy_only=False)
    texts = np.datetime_as_string(times_ms.astype("datetime64[ms]"), unit="ms").tolist()
    values = [
        [f"{text}Z" for text in texts] if name == "answered_at" else column.to_pylist()
        for name, column in columns.items()
    ]
    calls = list(map(CdrMessage, *values))
    messages = list(map(msgspec.json.Encoder().encode, calls))
    for row in np.flatnonzero(batch.fate >= Fate.NEGATIVE_DURATION).tolist():
        messages[row] = _spoilt_json(calls[row], Fate(batch.fate[row]))
    return messages


def _spoilt_json(call: CdrMessage, fate: Fate) -> bytes:
    if fate is Fate.GARBAGE:
        return GARBAGE_JSON
    fields: dict[str, Any] = msgspec.to_builtins(call)
    if fate is Fate.NO_CALL_ID:
        del fields["call_id"]
    elif fate is Fate.BAD_TIME:
        fields["answered_at"] = BAD_TIME
    return msgspec.json.encode(fields)


def to_csv(batch: Batch) -> list[bytes]:
    """One line a record, in order, in CSV_COLUMNS; no header, no line end, times in epoch ms."""
    columns = {name: batch.records.column(name) for name in SCHEMA.names}
    columns["answered_at"] = columns["answered_at"].cast(pa.int64())
    columns["leg"] = pa.nulls(batch.records.num_rows, pa.string())
    table = pa.table({name: columns[name] for name in CSV_COLUMNS})
    text = BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    pyarrow.csv.write_csv(table, text, options)
    lines = text.getvalue().split(b"\n")[:-1]
    for row in np.flatnonzero(batch.fate >= Fate.BAD_TIME).tolist():
        lines[row] = _spoilt_csv(lines[row], Fate(batch.fate[row]))
    return lines


def _spoilt_csv(line: bytes, fate: Fate) -> bytes:
    if fate is Fate.GARBAGE:
        return GARBAGE_CSV
    cells = line.split(b",")
    if fate is Fate.BAD_TIME:
        cells[CSV_TIME] = BAD_TIME.encode()
    return b",".join(cells)


def to_arrow(batch: Batch) -> bytes:
    """The whole batch as one Arrow IPC stream (SCHEMA, one record batch)."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_batch(batch.records)
    message: bytes = sink.getvalue().to_pybytes()
    return message
