"""What-if kernels: rate and sum, or rate and compare, without writing a call's charge.

A cell's sums are one record (see records.py), added to with atomics. Records are replicated: blocks
add to different replicas, lest all threads queue at the few addresses of a grouping of few cells.
Imported only where numba-cuda is: see device.py.
"""

from typing import Any, Final

import numpy as np
from numba import cuda

from kernels.aggregate import DAY_MS
from kernels.gpu.columns import Array, Columns, Tables
from kernels.gpu.kernel import keep, once, rated, read, whole
from kernels.gpu.records import BUY_S, CALLS, LOW_BITS, LOW_MASK, RECORD, SELL_S, UNRATED_CALLS
from kernels.layout import NO_DECK

_device: Final = cuda.jit(device=True)


@_device
def add(sums: Any, at: int, value: int) -> None:
    """Atomically add; adding nothing costs nothing."""
    if value != 0:
        cuda.atomic.add(sums, at, value)


@_device
def add_side(sums: Any, at: int, billed_s: int, nanos: int) -> None:
    """Add one side's seconds and nanos to the three entries that begin at `at`."""
    add(sums, at, billed_s)
    add(sums, at + 1, nanos & LOW_MASK)
    add(sums, at + 2, nanos >> LOW_BITS)


@cuda.jit(cache=True)
def sum_kernel(
    calls: Columns,
    tables: Tables,
    account: Array,
    destination: Array,
    day0_ms: int,
    days: int,
    destinations: int,
    cells: int,
    sums: Array,
) -> None:
    """Price every call and add it to the record of its cell in one of the replicas.

    sums: shape (replicas * cells * RECORD,).
    """
    n, step = np.uint64(len(calls.answered_ms)), np.uint64(cuda.gridsize(1))
    replica = cuda.blockIdx.x % (len(sums) // (cells * RECORD))
    i = np.uint64(cuda.grid(1))
    while i < n:
        call = read(calls, i)
        answered_ms, _, sell_deck, buy_deck, _, _ = call
        node, sell, buy = rated(calls, i, call, tables)
        day = (answered_ms - day0_ms) // DAY_MS
        cell = (whole(once(account, i)) * days + day) * destinations + whole(destination[node])
        at = (replica * cells + cell) * RECORD
        add(sums, at + CALLS, 1)
        if (sell[0] < 0 and sell_deck != NO_DECK) or (buy[0] < 0 and buy_deck != NO_DECK):
            add(sums, at + UNRATED_CALLS, 1)
        add_side(sums, at + SELL_S, sell[1], sell[2])
        add_side(sums, at + BUY_S, buy[1], buy[2])
        i += step


@cuda.jit(cache=True)
def change_kernel(
    calls: Columns, tables: Tables, sell_nanos: Array, buy_nanos: Array, changed: Array
) -> None:
    """Price every call; changed[i] = 1 where a side's nanos are not those that are stored."""
    n, step = np.uint64(len(calls.answered_ms)), np.uint64(cuda.gridsize(1))
    i = np.uint64(cuda.grid(1))
    while i < n:
        _, sell, buy = rated(calls, i, read(calls, i), tables)
        same = sell[2] == whole(once(sell_nanos, i)) and buy[2] == whole(once(buy_nanos, i))
        keep(changed, i, 0 if same else 1)
        i += step
