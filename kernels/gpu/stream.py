"""Host columns rated on the device: chunks in, kernel, chunks out, several lanes at a time.

A lane is a stream with device buffers of its own. A thread takes a chunk through a lane from end to
end, so that copies in, copies out and kernels of different lanes overlap. Columns in page-locked
memory (see pinned.py) are copied as they lie; others go through page-locked buffers of the lane,
which costs the host a copy each way.

Imported only where there is a device (or the simulator and a stand-in for CuPy): see device.py.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from queue import SimpleQueue
from threading import Lock
from typing import Any, Final, NamedTuple

import cupy
import cupyx

from kernels.gpu import launch
from kernels.gpu.columns import Array, Charges, Columns, Tables, charges_of, columns_of
from kernels.gpu.memory import books
from kernels.gpu.pinned import is_pinned
from kernels.layout import Book, Calls, Rated

LANES: Final = 3
CHUNK_CALLS: Final = 1 << 21
"""calls of a chunk; a lane has up to 77 bytes a call on the device, and page-locked: 161 MB"""

IN: Final = ("u8", "u1", "i4", "i8", "i4", "i4", "i4", "i4", "i4")
OUT: Final = ("i4", "i4", "i4", "i8", "i4", "i4", "i8")

_one_batch_at_a_time = Lock()


class _Batch(NamedTuple):
    columns: Columns
    charges: Charges
    tables: Tables
    columns_pinned: tuple[bool, ...]
    charges_pinned: tuple[bool, ...]


class _Buffer:
    """A chunk of one column on the device and, once it is needed, in page-locked memory."""

    def __init__(self, kind: str, stream: Any) -> None:
        self._kind, self._stream = kind, stream
        self._device: Any = cupy.empty(CHUNK_CALLS, kind)
        self._host: Array | None = None
        self._view: tuple[int, Any] = (-1, None)

    def view(self, n: int) -> Any:
        """The first n entries as a kernel takes them."""
        if self._view[0] != n:
            self._view = (n, launch.view(self._device[:n]))
        return self._view[1]

    def fill(self, part: Array, part_pinned: bool) -> Any:
        """Enqueue the copy of a part of a host column to the device; returns its view."""
        if part.size:
            if not part_pinned:
                staged = self._staging(part.size)
                staged[...] = part
                part = staged
            self._device[: part.size].set(part, stream=self._stream)
        return self.view(part.size)

    def drain(self, part: Array, part_pinned: bool) -> None:
        """Enqueue the copy back to a part of a host column, or to where `settle` finds it."""
        host = part if part_pinned else self._staging(part.size)
        self._device[: part.size].get(stream=self._stream, out=host, blocking=False)

    def settle(self, part: Array, part_pinned: bool) -> None:
        """What is left to do when the stream is done."""
        if not part_pinned:
            part[...] = self._staging(part.size)

    def _staging(self, n: int) -> Array:
        if self._host is None:
            self._host = cupyx.empty_pinned(CHUNK_CALLS, self._kind)
        return self._host[:n]


class _Lane:
    def __init__(self) -> None:
        self._stream = cupy.cuda.Stream(non_blocking=True)
        self._in = [_Buffer(kind, self._stream) for kind in IN]
        self._out = [_Buffer(kind, self._stream) for kind in OUT]

    def rate(self, batch: _Batch, start: int, stop: int) -> None:
        """Price calls[start:stop] of a batch; nothing is under way when it returns or raises."""
        part, results = slice(start, stop), list(self._results(batch, start, stop))
        try:
            filled = (
                buffer.fill(column[part], fixed)
                for buffer, column, fixed in zip(
                    self._in, batch.columns, batch.columns_pinned, strict=True
                )
            )
            out = Charges(*(buffer.view(stop - start) for buffer in self._out))
            launch.rate(Columns(*filled), batch.tables, out, self._stream.ptr)
            for buffer, column, fixed in results:
                buffer.drain(column, fixed)
        finally:
            self._stream.synchronize()
        for buffer, column, fixed in results:
            buffer.settle(column, fixed)
        if len(batch.columns.node) > 0:
            batch.charges.node[part] = batch.columns.node[part]

    def _results(
        self, batch: _Batch, start: int, stop: int
    ) -> Iterator[tuple[_Buffer, Array, bool]]:
        known = len(batch.columns.node) > 0
        for k, column in enumerate(batch.charges):
            if k or not known:
                yield self._out[k], column[start:stop], batch.charges_pinned[k]


@cache
def _lanes() -> SimpleQueue[_Lane]:
    lanes: SimpleQueue[_Lane] = SimpleQueue()
    for _ in range(LANES):
        lanes.put(_Lane())
    return lanes


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(LANES, thread_name_prefix="kernels-gpu")


def rate_streamed(calls: Calls, book: Book, out: Rated) -> None:
    """Price n calls, which `kernels.batch` has checked, into `out`; one batch at a time.

    Nothing is under way any more when it returns or raises. Raises what CuPy and numba raise.
    """
    columns, charges = columns_of(calls), charges_of(out)
    n = len(columns.answered_ms)
    with _one_batch_at_a_time:
        lanes = _lanes()
        batch = _Batch(
            columns,
            charges,
            books.tables(book),
            tuple(map(is_pinned, columns)),
            tuple(map(is_pinned, charges)),
        )

        def chunk(start: int) -> None:
            lane = lanes.get()
            try:
                lane.rate(batch, start, min(start + CHUNK_CALLS, n))
            finally:
                lanes.put(lane)

        chunks = [_pool().submit(chunk, start) for start in range(0, n, CHUNK_CALLS)]
        wait(chunks)
        for done in chunks:
            done.result()
