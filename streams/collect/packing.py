"""What a reader took -> messages of cdr.raw: one customer's calls a message, dead records beside.

Pure, and the same for the same records: a message made again is the same one. A message is within
the limits of cdr.raw (rows, bytes, bytes unpacked, bytes a row), whatever is in it.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.cdr import CALLS
from billing.mediation import dead_cdr
from billing.mediation.arrow_size import ROW_BYTES_MIN
from billing.mediation.mediate import ARROW
from billing.mediation.switches import Dead, Taken
from streams import wire
from streams.topics import RAW_BYTES_MAX

ROWS_MAX: Final = 5_000
"""calls of one message"""
LETTERS_MAX: Final = 500
"""dead records of one message"""
UNPACKED_BYTES_MAX: Final = 4 * 1024 * 1024
PAYLOAD_BYTES_MAX: Final = RAW_BYTES_MAX - 16 * 1024
"""with its key and headers a message stays below what the broker takes"""
RAW_RECORD_BYTES_MAX: Final = 64 * 1024
"""Original bytes that a dead record carries at most; the file has the rest."""
TEXT_MAX: Final = 256


class Packed(NamedTuple):
    """One message for cdr.raw."""

    key: bytes
    kind: str
    """its content type"""
    value: bytes
    calls: int
    dead: int


def pack(taken: Taken, source: str, file: str, revision: str = "") -> list[Packed]:
    """The messages of what was taken of a file.

    revision: becomes part of each call's leg, so that a corrected file's calls have ids of their
    own.
    """
    calls = revised(taken.calls, revision) if revision else taken.calls
    assert calls.schema.equals(CALLS)
    found = [message for part in _by_customer(calls) for message in _calls(part)]
    return found + list(_dead(taken.dead, source, file))


def revised(calls: pa.RecordBatch, revision: str) -> pa.RecordBatch:
    """The calls with a revision behind their leg."""
    leg = pc.binary_join_element_wise(calls.column("leg"), revision, "~")
    return calls.set_column(calls.schema.get_field_index("leg"), CALLS.field("leg"), leg)


def _by_customer(calls: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The calls of each customer in the order they came, customers in the order of their first."""
    if not calls.num_rows:
        return
    coded = calls.column("customer").dictionary_encode().indices.to_numpy()
    order = np.argsort(coded, kind="stable")
    ordered = calls.take(pa.array(order))
    starts = np.flatnonzero(np.diff(coded[order], prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        yield ordered.slice(start, end - start)


def _calls(calls: pa.RecordBatch) -> Iterator[Packed]:
    """One customer's calls as messages; in halves where they are too large for one."""
    for part in wire.slices(calls, ROWS_MAX):
        value = b""
        if part.num_rows == 1 or part.nbytes <= UNPACKED_BYTES_MAX:
            value = wire.encode(part)
            if len(value) < part.num_rows * ROW_BYTES_MIN:  # very much alike
                value = _plain(part)
        if value and len(value) <= PAYLOAD_BYTES_MAX:
            key = part.column("customer")[0].as_py().encode()
            yield Packed(key, ARROW, value, part.num_rows, 0)
        else:
            assert part.num_rows > 1, "a call is smaller than a message"
            half = part.num_rows // 2
            for piece in (part.slice(0, half), part.slice(half)):
                yield from _calls(piece)


def _plain(calls: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, calls.schema) as stream:
        stream.write_batch(calls)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _dead(dead: Sequence[Dead], source: str, file: str) -> Iterator[Packed]:
    rows: list[dict[str, object]] = []
    size = 0
    for record in dead:
        row = _letter(record, source, file)
        own = sum(len(v if isinstance(v, bytes) else str(v).encode()) for v in row.values())
        if rows and (size + own > PAYLOAD_BYTES_MAX // 2 or len(rows) == LETTERS_MAX):
            yield _letters(rows, source)
            rows, size = [], 0
        size += own
        rows.append(row)
    if rows:
        yield _letters(rows, source)


def _letter(record: Dead, source: str, file: str) -> dict[str, object]:
    return {
        "reason": _text(record.reason, dead_cdr.WORD_MAX),
        "field": _text(record.field, dead_cdr.WORD_MAX),
        "value": _text(record.value),
        "detail": _text(record.detail),
        "duration_ms": record.duration_ms,
        "raw": record.raw[:RAW_RECORD_BYTES_MAX],
        "source": _text(source),
        "file": _text(file),
        "line": record.line,
    }


def _text(text: str, longest: int = TEXT_MAX) -> str:
    """As UTF-8 can hold it: names of files may be no text."""
    return text[:longest].encode(errors="replace").decode()


def _letters(rows: list[dict[str, object]], source: str) -> Packed:
    batch = pa.RecordBatch.from_pylist(rows, schema=dead_cdr.LETTERS)
    return Packed(source.encode(), dead_cdr.CONTENT_TYPE, dead_cdr.encode(batch), 0, len(rows))
