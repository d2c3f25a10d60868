"""Kernels applied to arrays that somebody else owns: the shape of a launch, and nothing of memory.

Arrays are CuPy's on a device and numpy's under the simulator; `views` makes them what a kernel is
given, once, because converting them anew costs more than a launch. A launch only enqueues: it is
done when its stream is. Imported only where numba-cuda is: see device.py.
"""

from threading import Lock
from typing import Any, Final

from numba import config, cuda

from kernels.gpu.columns import Array, Charges, Columns, Tables, Tree, each
from kernels.gpu.kernel import rate_kernel
from kernels.gpu.what_if import change_kernel, sum_kernel

THREADS: Final = 128
"""threads of a block: at some 70 to 80 registers each, small blocks fill a multiprocessor best"""
CALLS_PER_THREAD: Final = 4
BLOCKS_MIN: Final = 128
BLOCKS_MAX: Final = 2**31 - 1
SIMULATED: Final = (2, 8)
"""blocks and threads under the simulator, where every thread is one of Python's"""
RECORDS_MAX: Final = 2**17
"""replicas of a grouping's cells are made up to this many records of 64 bytes: 8 MiB, well within
the second-level cache"""
REPLICAS_MAX: Final = 256

_one_at_a_time = Lock()


def view(array: Any) -> Any:
    """An array as a kernel takes it; no copy, and no wait for the stream it was made on."""
    return array if config.ENABLE_CUDASIM else cuda.as_cuda_array(array, sync=False)


def views(arrays: Tree) -> Tree:
    """`view` of every array."""
    return each(view, arrays)


def replicas(cells: int) -> int:
    """How many copies of the records of so many cells to sum into."""
    return max(1, min(REPLICAS_MAX, RECORDS_MAX // max(cells, 1)))


def rate(calls: Columns, tables: Tables, out: Charges, stream: int = 0) -> None:
    """Price n calls into `out`, all of them views. stream: a raw CUDA stream."""
    _launch(rate_kernel, calls, stream, tables, out)


def aggregate(
    calls: Columns, tables: Tables, group: tuple[Any, Any, int, int, int], cells: int, sums: Array
) -> None:
    """Add n calls to `sums`, zeros of replicas(cells) * cells * RECORD int64; all of it views.

    group: account per call, destination per node, day0_ms, days, destinations.
    """
    _launch(sum_kernel, calls, 0, tables, *group, cells, sums)


def changes(calls: Columns, tables: Tables, nanos: tuple[Any, Any], changed: Array) -> None:
    """changed[i] = 1 (uint8) where call i now has other sell or buy nanos; all of it views."""
    _launch(change_kernel, calls, 0, tables, *nanos, changed)


def _launch(kernel: Any, calls: Columns, stream: int, *arguments: Any) -> None:
    n = len(calls.answered_ms)
    if n == 0:
        return
    blocks = min(max(-(-n // (THREADS * CALLS_PER_THREAD)), BLOCKS_MIN), BLOCKS_MAX)
    shape = SIMULATED if config.ENABLE_CUDASIM else (blocks, THREADS)
    on = cuda.external_stream(stream) if stream else 0
    with _one_at_a_time:
        kernel[(*shape, on)](calls, *arguments)
