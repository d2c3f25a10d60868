"""Dead letters as rows: one for each record that is no call, with its bytes while there is room.

However many there are, the number of rows depends on the records alone. Original bytes are limited
by the second of message time, so that a flood of bad records is not stored a second time.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.mediation import DEAD, raw_records
from clickhouse.tables import DEAD_LETTER
from kernels.layout import I8, I64
from kernels.seen import CONFLICT

if TYPE_CHECKING:
    from streams.step import Raw, TakenIn

BYTES_PER_S: Final = 1024 * 1024
"""Original bytes a second and partition, unless the settings say otherwise."""
MESSAGE_BYTES_MIN: Final = 16 * 1024
"""Original bytes that the letters of one message may carry, or as many as it has itself: a row of
an Arrow message, as a stream of its own, takes many times what it took in the message."""
ONLY_IN_RAW: Final = "; too many dead letters: the bytes are in cdr.raw only, at this offset"


class DeadLimits(NamedTuple):
    """What dead letters of one partition may do before they carry less, or somebody is told."""

    bytes_per_s: int = BYTES_PER_S
    flood_dead: int = 100
    """of a minute, and more than `flood_percent` of its records: a flood"""
    flood_percent: float = 5.0


class Allowance:
    """Original bytes that the dead letters of one partition may carry in a second of its messages.

    It asks no clock: the same messages in the same order, however they are cut into steps, keep
    the same bytes.
    """

    def __init__(self, bytes_per_s: int = BYTES_PER_S) -> None:
        self._bytes_per_s = self._left = bytes_per_s
        self._second = 0

    def at(self, received_ms: int) -> int:
        """Bytes left when a message arrived."""
        if received_ms // 1_000 != self._second:
            self._second, self._left = received_ms // 1_000, self._bytes_per_s
        return self._left

    def spend(self, size: int) -> bool:
        """Whether so many bytes were left."""
        if size > self._left:
            return False
        self._left -= size
        return True


def dead_rows(taken: "TakenIn", letters: pa.RecordBatch, allowance: Allowance) -> pa.RecordBatch:
    """Rows of DEAD_LETTER; `letters` are DEAD in order."""
    n = letters.num_rows
    message = letters.column("message").to_numpy()
    offsets = np.array([raw.offset for raw in taken.raws], np.uint64)
    received = np.array([raw.received_ms for raw in taken.raws], np.int64)
    raw = pa.array(_originals(taken.raws, letters, allowance), pa.binary())
    detail = letters.column("detail")
    if raw.null_count:
        noted = pc.binary_join_element_wise(detail, ONLY_IN_RAW, "")
        detail = pc.if_else(raw.is_valid(), detail, noted)
    columns = {name: letters.column(name) for name in letters.schema.names}
    columns |= {
        "log": pa.repeat(taken.log, n),
        "partition": pa.array(np.full(n, taken.partition)),
        "offset": pa.array(offsets[message]),
        "received_at": pa.array(received[message]),
        "detail": detail,
        "raw": raw.fill_null(b""),
    }
    arrays = [columns[f.name].cast(f.type) for f in DEAD_LETTER.schema]
    return pa.RecordBatch.from_arrays(arrays, schema=DEAD_LETTER.schema)


def _originals(
    raws: "Sequence[Raw]", letters: pa.RecordBatch, allowance: Allowance
) -> list[bytes | None]:
    """The bytes of each letter, None where they are beyond the allowance.

    The first one of a message that does not fit ends it, so that no more are made than kept.
    """
    found: list[bytes | None] = []
    messages, rows = letters.column("message").to_numpy(), letters.column("row").to_pylist()
    ends = np.flatnonzero(np.diff(messages, append=-1)) + 1
    for m, end in zip(messages[ends - 1].tolist(), ends.tolist(), strict=True):
        if allowance.at(raws[m].received_ms):
            room = max(len(raws[m].message.payload), MESSAGE_BYTES_MIN)
            for original in raw_records(raws[m].message, rows[len(found) : end]):
                room -= len(original)
                if room < 0 or not allowance.spend(len(original)):
                    break
                found.append(original)
        found.extend([None] * (end - len(found)))
    return found


def conflicts(taken: "TakenIn", verdict: I8) -> pa.RecordBatch:
    """The calls whose id came before with other content, as DEAD in order."""
    at = np.flatnonzero(verdict == CONFLICT)
    n, mediated = len(at), taken.mediated
    calls = mediated.calls.take(pa.array(at))
    detail = "the same switch, call id and leg came before with other content"
    columns: list[I64 | pa.Array] = [
        mediated.message[at],
        mediated.row[at],
        pa.repeat("conflict", n),
        pa.repeat("call_id", n),
        calls.column("call_id"),
        pa.repeat(detail, n),
        calls.column("duration_ms"),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=DEAD)
