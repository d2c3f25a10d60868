"""The folder's only door: check a batch, choose where it runs, price it."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from os import cpu_count

import numpy as np

from kernels import cpu, gpu
from kernels.batch import BatchError, check_shapes, offence, offends, read_only_calls
from kernels.layout import (
    Book,
    Calls,
    Rated,
    Side,
)

BLOCK_CALLS = 65_536
"""Calls a thread takes at a time; a batch of one block runs on the caller's thread."""

__all__ = ["BatchError", "empty_rated", "rate"]

log = logging.getLogger(__name__)


def empty_rated(n: int) -> Rated:
    """Columns for n calls, to be handed to `rate` as `out` again and again."""
    sides = [
        Side(np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int64)) for _ in "ab"
    ]
    return Rated(np.zeros(n, np.int32), *sides)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="kernels")


def _in_blocks(n: int, threads: int, work: Callable[[int, int], object]) -> Iterator[object]:
    """work(start, stop) over every block of n calls."""
    if n <= BLOCK_CALLS or threads == 1:
        return iter([work(0, n)])
    starts = range(0, n, BLOCK_CALLS)
    return _pool(threads).map(work, starts, (min(at + BLOCK_CALLS, n) for at in starts))


def rate(calls: Calls, book: Book, threads: int = 0, out: Rated | None = None) -> Rated:
    """Price n calls on both sides.

    threads = 0 takes every core, or, for a large batch, the CUDA device if there is one; a device
    that fails costs a line in the log and is not asked again.

    out: columns to write into (`empty_rated`), of n calls; a loop over many batches that reuses
    them is spared the first touch of fresh memory, which costs more than the rating.

    Raises BatchError before anything is written if a column has the wrong length or type or a
    value outside the limits of layout.py, if an instant lies outside the book's window, or if
    nodes were found in a book of another epoch.
    """
    n = check_shapes(calls, book, out)
    for_device = not threads and gpu.takes(n)
    threads = threads or cpu_count() or 1
    calls = read_only_calls(calls)
    if any(list(_in_blocks(n, threads, partial(offends, calls, book)))):
        raise offence(calls, book)
    if out is None:
        out = empty_rated(n)
    if for_device:
        try:
            gpu.rate(calls, book, out)
        except gpu.GpuFailed as failed:
            log.warning("rated on the CPU: %s", failed)
        else:
            return out
    list(_in_blocks(n, threads, partial(cpu.rate_block, calls, book, out)))
    return out
