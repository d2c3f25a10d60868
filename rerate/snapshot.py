"""A day's calls as they are charged, in one file that is mapped into memory: what a what-if reads.

An Arrow IPC stream of batches, each sorted by the called number, so that calls that need the same
rates lie together, and each with tables of its own of the names that it has. What the file is as of
stands in its metadata. 108 bytes a call, of which a what-if without classes and LRNs reads 74.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa

from kernels import parse_numbers
from kernels.layout import I64
from kernels.whatif import BUY_RATED, HAS_BUY, SELL_RATED
from rerate.chunk import LEGS, Read, batch_of, place_of
from rerate.leg import is_empty, numpy

_NAMES: Final = pa.dictionary(pa.int32(), pa.string())
SNAPSHOT: Final = pa.schema(
    [
        ("cdr_id", pa.binary(16)),
        ("digits", pa.uint64()),
        ("digit_count", pa.uint8()),
        ("calling_digits", pa.uint64()),
        ("calling_count", pa.uint8()),
        ("lrn_digits", pa.uint64()),
        ("lrn_count", pa.uint8()),
        ("answered_ms", pa.int64()),
        ("duration_ms", pa.int32()),
        ("customer", _NAMES),
        ("vendor", _NAMES),
        ("state", pa.uint8()),
        *(
            (f"{leg}_{name}", kind)
            for leg in LEGS
            for name, kind in (
                ("s", pa.int32()),
                ("nanos", pa.int64()),
                ("currency", _NAMES),
                ("version", pa.int32()),
                ("row", pa.int32()),
            )
        ),
    ]
)
"""state: SELL_RATED, HAS_BUY and BUY_RATED of kernels.whatif. Seconds and nanos are 0 where a leg
is not rated; version and row name the rate that charges it."""
_AS_OF: Final = b"as_of_ms"
_END: Final = b"\xff\xff\xff\xff\0\0\0\0"
"""what an Arrow stream ends with; one that was cut off could read like a shorter one"""


def snapshot_of(read: Read) -> tuple[pa.RecordBatch, int]:
    """Calls and their legs as SNAPSHOT, sorted by called number, and how many stood apart.

    read: with calling and lrn. A call without legs, or legs without their call, are half stored:
    they stand apart and are left out.
    """
    calls = batch_of(read.calls)
    place = place_of(calls.column("cdr_id"), read.legs)
    leg = numpy(read.legs.column("leg"))
    whole = np.zeros(calls.num_rows, np.bool_)
    whole[place[(leg == LEGS["sell"]) & (place >= 0)]] = True
    digits, count = parse_numbers(calls.column("called"))
    order = np.argsort(digits, kind="stable")
    order = order[whole[order]]
    columns: dict[str, Any] = {"digits": digits[order], "digit_count": count[order]}
    for name in ("calling", "lrn"):
        own_digits, own_count = parse_numbers(calls.column(name))
        columns[f"{name}_digits"], columns[f"{name}_count"] = own_digits[order], own_count[order]
    columns["answered_ms"] = numpy(calls.column("answered_at").cast(pa.int64()))[order]
    columns["duration_ms"] = numpy(calls.column("duration_ms"))[order].astype(np.int32)
    for name in ("cdr_id", "customer", "vendor"):
        columns[name] = calls.column(name).take(pa.array(order))
    state = np.zeros(len(order), np.uint8)
    for name, number in LEGS.items():
        own = np.full(calls.num_rows, -1)
        mine = np.flatnonzero((leg == number) & (place >= 0))
        own[place[mine]] = mine
        columns |= _leg(name, read.legs, own[order], state)
    columns["state"] = state
    arrays = [_array(columns[field.name], field.type) for field in SNAPSHOT]
    apart = int((~whole).sum() + (place < 0).sum())
    return pa.RecordBatch.from_arrays(arrays, schema=SNAPSHOT), apart


def _leg(name: str, legs: pa.Table, own: I64, state: "np.ndarray[Any, Any]") -> dict[str, Any]:
    """The columns of one leg of each call; own: its row in legs, -1 where there is none."""
    there = own >= 0
    rows = legs.take(pa.array(np.where(there, own, 0))) if len(legs) else legs
    rated = is_empty(rows.column("reason")) & there
    if name == "buy":
        state |= (HAS_BUY * there).astype(np.uint8)
    state |= ((SELL_RATED if name == "sell" else BUY_RATED) * rated).astype(np.uint8)

    def number(column: str) -> "np.ndarray[Any, Any]":
        return np.where(rated, numpy(rows.column(column)), 0)

    return {
        f"{name}_s": number("billed_s").astype(np.int32),
        f"{name}_nanos": number("nanos"),
        f"{name}_currency": rows.column("currency"),
        f"{name}_version": number("deck_version").astype(np.int32),
        f"{name}_row": number("rate_row").astype(np.int32),
    }


def _array(column: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(kind) and not isinstance(column, pa.DictionaryArray):
        column = column.dictionary_encode()
    if isinstance(column, np.ndarray):
        return pa.array(column, kind)
    return column.cast(kind)


class Writing:
    """A snapshot being written; it is there, whole, once it is kept."""

    def __init__(self, path: Path, as_of_ms: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._part = path, path.with_name(f"{path.name}.{id(self):x}.part")
        schema = SNAPSHOT.with_metadata({_AS_OF: str(as_of_ms)})
        self._file = pa.OSFile(str(self._part), "wb")
        self._stream = pa.ipc.new_stream(self._file, schema)

    def __enter__(self) -> Self:
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch."""
        self._stream.write_batch(batch)

    def keep(self) -> None:
        """All is written: let it take the place of an older one."""
        self._stream.close()
        self._file.close()
        with self._part.open("rb") as file:
            os.fsync(file.fileno())
        self._part.replace(self._path)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)


def as_of_ms(path: Path) -> int | None:
    """When the calls of a snapshot were read; None if there is none, or none that can be read."""
    try:
        with pa.memory_map(str(path)) as file:
            size = file.size()
            if file.read_at(len(_END), max(size - len(_END), 0)) != _END:
                return None
            with pa.ipc.open_stream(file) as stream:
                known = stream.schema.equals(SNAPSHOT)
                return int(stream.schema.metadata[_AS_OF]) if known else None
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None


def batches_of(path: Path) -> Iterator[pa.RecordBatch]:
    """The batches of a snapshot, without copying them."""
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
        yield from stream


def path_of(folder: Path, day: int) -> Path:
    """Where the snapshot of a day lies; day: since 1970, UTC."""
    return folder / f"{np.datetime64(day, 'D')}.arrow"
