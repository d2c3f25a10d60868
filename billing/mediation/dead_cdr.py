"""Records that a collector could not read: an Arrow IPC stream, one row a record that is no call.

Whoever reads a switch's files tells here of each record that is none of its format, so that it is
counted where all others are. Every row becomes one dead letter, with the reason, the field, the
value and the original bytes it came with, and the place in its file.
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

import pyarrow as pa

from billing.cdr import TEXT_MAX
from billing.errors import BadField
from billing.mediation.arrow_size import ROW_BYTES_MIN, check_size
from kernels.layout import DURATION_MS_MAX

CONTENT_TYPE: Final = "application/vnd.tollwire.dead.arrow.stream"
ROWS_MAX: Final = 20_000
"""of one message"""
WORD_MAX: Final = 64
"""bytes of a reason or of a field's name"""
LETTERS: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("reason", "field", "value", "detail")),
        ("duration_ms", pa.int64()),
        ("raw", pa.binary()),
        *((name, pa.string()) for name in ("source", "file")),
        ("line", pa.int64()),
    ]
)
"""duration_ms: its talk time, as far as it could be read; line: from 1, in its file."""


class Letter(NamedTuple):
    """Why a record is no call, as `mediate` takes it."""

    flaw: BadField
    duration_ms: int


def encode(letters: pa.RecordBatch) -> bytes:
    """Rows of LETTERS as a message.

    Not compressed: of a message's dead letters no more original bytes are kept than it has itself.
    """
    assert letters.schema.equals(LETTERS)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, LETTERS) as stream:
        stream.write_batch(letters)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _rows(payload: bytes) -> pa.Table:
    """The rows of a message. Raises BadField."""
    try:
        check_size(payload)
        with pa.ipc.open_stream(payload) as stream:
            if not stream.schema.equals(LETTERS):
                raise BadField("unreadable", "", stream.schema.names, "not the columns of a letter")
            table = stream.read_all()
        table.validate(full=True)
        if table.num_rows > ROWS_MAX or table.num_rows * ROW_BYTES_MIN > len(payload):
            raise BadField("unreadable", "", table.num_rows, f"more than {ROWS_MAX} rows")
    except (pa.ArrowException, OSError, ValueError, struct.error) as error:
        raise BadField("unreadable", "", payload[:16], f"not an Arrow stream: {error}") from None
    return table


def parse(payload: bytes) -> list[Letter]:
    """The letter of each row. Raises BadField when the message as a whole cannot be read."""
    return [_letter(row) for row in _rows(payload).drop(["raw"]).to_pylist()]


def _letter(row: dict[str, str | int | None]) -> Letter:
    text = {name: str(row[name] or "") for name in LETTERS.names if name in row}
    value = text["value"][:TEXT_MAX]
    at = f"{text['source']}: {text['file'][:TEXT_MAX]}, line {text['line']}"
    detail = f"{text['detail'][:TEXT_MAX]} ({at})"
    reason = text["reason"][:WORD_MAX] or "unreadable"
    duration_ms = int(row["duration_ms"] or 0)
    if not 0 <= duration_ms <= DURATION_MS_MAX:
        duration_ms = 0
    return Letter(BadField(reason, text["field"][:WORD_MAX], value, detail), duration_ms)


def raw_records(payload: bytes, rows: Sequence[int]) -> list[bytes]:
    """The original bytes of some rows; the message itself where it cannot be read."""
    try:
        column = _rows(payload).column("raw")
    except BadField:
        return [payload] * len(rows)
    return [column[row].as_py() or b"" for row in rows]
