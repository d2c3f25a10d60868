"""An Arrow IPC stream of record batches, one row a call; columns by name."""

import struct
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.cdr import CALLS
from billing.errors import BadField
from billing.mediation.arrow_size import ROW_BYTES_MIN, check_size, refuse_beyond
from kernels.layout import I64

ROWS_MAX = 20_000
"""of one message"""
END = b"\xff\xff\xff\xff\0\0\0\0"
"""How an Arrow IPC stream ends."""
NEVER_ABSENT = ("answered_at", "duration_ms")
"""The columns that have no value to stand for an absent one."""


def read(payload: bytes) -> pa.RecordBatch:
    """All rows of one IPC stream as one batch of the columns a call has. Raises BadField."""
    try:
        check_size(payload)
        with pa.ipc.open_stream(payload) as stream:
            table = stream.read_all()
        if table.num_rows > ROWS_MAX:
            raise BadField("unreadable", "", table.num_rows, f"more than {ROWS_MAX} rows")
        if table.num_rows * ROW_BYTES_MIN > len(payload):
            raise BadField("unreadable", "", table.num_rows, "more rows than so few bytes can hold")
        names = [name for name in CALLS.names if table.schema.get_field_index(name) >= 0]
        if not names:
            raise BadField("unreadable", "", table.schema.names, "none of the columns of a call")
        columns = table.select(names).columns
        refuse_beyond(sum(map(_unpacked_bytes, names, columns)))
        arrays = [_plain(column.combine_chunks()) for column in columns]
    except (pa.ArrowException, OSError, ValueError, struct.error) as error:
        raise BadField("unreadable", "", payload[:16], f"not an Arrow stream: {error}") from None
    return pa.RecordBatch.from_arrays(arrays, names)


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _unpacked_bytes(name: str, column: pa.ChunkedArray) -> int:
    """Bytes of a column's texts, each counted as often as rows refer to it; validates the column.

    Raises BadField where the column is of no use, and what pyarrow raises.
    """
    total = 0
    for part in column.chunks:
        values = part
        if pa.types.is_dictionary(part.type):
            values = part.dictionary
        if pa.types.is_nested(values.type) or not _flat(values.type):
            raise BadField("invalid", name, values.type, "unusable column")
        if len(values) and _is_view(values.type):
            # Validating reads every text: those of views may be one text, referred to by all.
            views = np.frombuffer(values.buffers()[1] or b"", np.uint32)
            total += int(views[4 * values.offset : 4 * (values.offset + len(values)) : 4].sum())
            refuse_beyond(total)
        part.validate(full=True)
        if pa.types.is_dictionary(part.type) and _is_text(values.type):
            lengths = pc.binary_length(pc.cast(values, pa.binary()))
            total += pc.sum(lengths.take(part.indices)).as_py() or 0
    return total


def _is_view(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(kind) or pa.types.is_binary_view(kind))


def _is_text(kind: pa.DataType) -> bool:
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_view(kind)
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return text or binary or bool(pa.types.is_fixed_size_binary(kind))


def _flat(kind: pa.DataType) -> bool:
    """Whether a value of this type is one value that stands in one place."""
    repeated = pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind)
    return not repeated and not isinstance(kind, pa.BaseExtensionType)


def _column(batch: pa.RecordBatch, name: str, kind: pa.DataType) -> pa.Array:
    """A column in the wanted type. Raises BadField.

    A whole number too large for int64 wraps to a negative one, which `billing.cdr.check` refuses.
    """
    at = batch.schema.get_field_index(name)
    if at < 0:
        return pa.nulls(batch.num_rows, kind)
    column = batch.column(at)
    source = column.type
    if pa.types.is_timestamp(kind):
        if pa.types.is_integer(source):
            return pc.cast(column, pa.int64(), safe=False).view(kind)
        if not pa.types.is_timestamp(source):
            raise BadField("invalid", name, source, "expected a timestamp or epoch milliseconds")
        column = column if source.tz else column.cast(pa.timestamp(source.unit, "UTC"))
    elif pa.types.is_integer(kind) and not (
        pa.types.is_integer(source) or pa.types.is_null(source)
    ):
        raise BadField("invalid", name, source, "expected whole numbers")
    return pc.cast(column, kind, safe=pa.types.is_string(kind))


def parse(payload: bytes) -> tuple[pa.RecordBatch, I64]:
    """(the rows as CALLS, for each row the place in NEVER_ABSENT of what it lacks, or -1).

    Raises BadField when the whole message cannot be read.
    """
    return _calls(read(payload))


def _calls(sent: pa.RecordBatch) -> tuple[pa.RecordBatch, I64]:
    columns: list[pa.Array] = []
    lacks = np.full(sent.num_rows, -1, np.int64)
    for field in CALLS:
        try:
            column = _column(sent, field.name, field.type)
        except (pa.ArrowException, ValueError) as error:
            raise BadField("invalid", field.name, "", f"unusable column: {error}") from None
        if field.name != "pdd_ms" and column.null_count:
            if field.name in NEVER_ABSENT:
                absent = column.is_null().to_numpy(zero_copy_only=False)
                lacks[absent & (lacks < 0)] = NEVER_ABSENT.index(field.name)
            blank = pa.scalar("" if pa.types.is_string(field.type) else 0)
            column = pc.fill_null(column, blank.cast(field.type))
        columns.append(column)
    assert all(len(c) == sent.num_rows for c in columns)
    return pa.RecordBatch.from_arrays(columns, schema=CALLS), lacks


def raw_rows(payload: bytes, rows: Sequence[int]) -> Iterator[bytes]:
    """Some rows of a message, each as an Arrow IPC stream of its own. Raises as `parse` does."""
    sent = read(payload)
    _calls(sent)
    schema = sent.schema.serialize().to_pybytes()
    for row in rows:
        yield schema + sent.slice(row, 1).serialize().to_pybytes() + END
