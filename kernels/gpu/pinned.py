"""Page-locked host columns: what a device copies from and to without the host touching the bytes.

Imported only where there is a device (or the simulator and a stand-in for CuPy): see device.py.
"""

from typing import Any

import cupy
import cupyx

from kernels.gpu.columns import Array
from kernels.layout import Calls, Leg, Nodes, Numbers, Rated, Side


def is_pinned(column: Array) -> bool:
    """Whether a host column lies in page-locked memory, in one piece; an empty one need not."""
    if not column.size:
        return True
    runtime = cupy.cuda.runtime
    kind = runtime.pointerGetAttributes(column.ctypes.data).type
    return bool(column.flags.c_contiguous and kind == runtime.memoryTypeHost)


def pinned(column: Array) -> Array:
    """A copy of a host column in page-locked memory."""
    if not column.size:
        return column
    copy: Array = cupyx.empty_pinned(column.shape, column.dtype)
    copy[...] = column
    return copy


def pinned_calls(calls: Calls) -> Calls:
    """A copy of a batch in page-locked memory."""
    called = calls.called
    return Calls(
        Nodes(pinned(called.node), called.epoch)
        if isinstance(called, Nodes)
        else Numbers(pinned(called.digits), pinned(called.digit_count)),
        pinned(calls.answered_ms),
        pinned(calls.duration_ms),
        Leg(*map(pinned, calls.sell)),
        Leg(*map(pinned, calls.buy)),
    )


def pinned_rated(n: int) -> Rated:
    """Columns for n > 0 calls in page-locked memory, to be handed to `rate` as `out`."""

    def column(kind: str) -> Any:
        return cupyx.empty_pinned(n, kind)

    sides = [Side(column("i4"), column("i4"), column("i8")) for _ in "ab"]
    return Rated(column("i4"), *sides)
