"""An Arrow IPC stream of record batches, one row a call; columns by name."""

import pyarrow as pa
import pyarrow.compute as pc

from billing.cdr import CALLS, Flaw
from billing.errors import BadField

ROWS_MAX = 20_000
"""of one message"""


def read(payload: bytes) -> pa.RecordBatch:
    """All rows of one IPC stream as one batch. Raises BadField("unreadable")."""
    try:
        with pa.ipc.open_stream(payload) as stream:
            table = stream.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadField("unreadable", "", payload[:16], f"not an Arrow stream: {error}") from None
    if table.num_rows > ROWS_MAX:
        raise BadField("unreadable", "", table.num_rows, f"more than {ROWS_MAX} rows")
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def _column(batch: pa.RecordBatch, name: str, kind: pa.DataType) -> pa.Array:
    """A column in the wanted type. Raises BadField.

    A whole number too large for int64 wraps to a negative one, which `billing.cdr.check` refuses.
    """
    at = batch.schema.get_field_index(name)
    if at < 0:
        return pa.nulls(batch.num_rows, kind)
    column = batch.column(at)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
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


def parse(payload: bytes) -> tuple[pa.RecordBatch, list[Flaw]]:
    """(the rows as CALLS, flaws of rows that lack a required value).

    Raises BadField when the whole message cannot be read.
    """
    sent = read(payload)
    n = sent.num_rows
    columns: list[pa.Array] = []
    flaws: list[Flaw] = []
    for field in CALLS:
        try:
            column = _column(sent, field.name, field.type)
        except (pa.ArrowException, ValueError) as error:
            raise BadField("invalid", field.name, "", f"unusable column: {error}") from None
        if field.name != "pdd_ms" and column.null_count:
            if field.name in ("answered_at", "duration_ms"):
                missing = column.is_null().to_numpy(zero_copy_only=False).nonzero()[0]
                flaws += [Flaw(int(i), "missing", field.name, "", "required") for i in missing]
            blank = pa.scalar("" if pa.types.is_string(field.type) else 0)
            column = pc.fill_null(column, blank.cast(field.type))
        columns.append(column)
    assert all(len(c) == n for c in columns)
    return pa.RecordBatch.from_arrays(columns, schema=CALLS), flaws


def raw_row(sent: pa.RecordBatch, row: int) -> bytes:
    """One row as sent, as an Arrow IPC stream of its own."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, sent.schema) as stream:
        stream.write_batch(sent.slice(row, 1))
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
