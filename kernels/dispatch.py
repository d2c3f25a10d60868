"""The folder's only door: check a batch, choose where it runs, price it."""

import logging
from functools import partial

import numpy as np

from kernels import cpu, gpu
from kernels.batch import BatchError, checked
from kernels.blocks import in_blocks, threads_of
from kernels.layout import (
    Book,
    Calls,
    Rated,
    Side,
)

__all__ = ["BatchError", "empty_rated", "rate"]

log = logging.getLogger(__name__)


def empty_rated(n: int) -> Rated:
    """Columns for n calls, to be handed to `rate` as `out` again and again."""
    sides = [
        Side(np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int64)) for _ in "ab"
    ]
    return Rated(np.zeros(n, np.int32), *sides)


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
    n = len(calls.answered_ms)
    on_device = not threads and gpu.takes(n)
    threads = threads_of(threads)
    calls = checked(calls, book, out, threads)
    if out is None:
        out = empty_rated(n)
    if on_device:
        try:
            gpu.rate(calls, book, out)
        except gpu.GpuFailed as failed:
            log.warning("rated on the CPU: %s", failed)
        else:
            return out
    list(in_blocks(n, threads, partial(cpu.rate_block, calls, book, out)))
    return out
