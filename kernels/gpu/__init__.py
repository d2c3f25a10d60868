"""Rating on a CUDA device: the same formula, the same numbers, for batches that are worth it.

May be imported, and asked whether it is available, on any machine; everything that needs cupy or
numba-cuda is imported when it is first used.
"""

from typing import TYPE_CHECKING, Final

from kernels.gpu.device import GpuFailed, available, guarded, why_not
from kernels.layout import Book, Calls, Rated

if TYPE_CHECKING:
    from kernels.aggregate import Grouping, Totals

CALLS_MIN: Final = 1_000_000
"""a smaller batch is done on the CPU before a device has its book; not measured on a device yet"""

__all__ = ["CALLS_MIN", "GpuFailed", "aggregate", "available", "rate", "takes", "why_not"]


def takes(calls: int) -> bool:
    """Whether a batch of that many calls is for the device, and there is one."""
    return calls >= CALLS_MIN and available()


def rate(calls: Calls, book: Book, out: Rated) -> None:
    """Price n calls, which `kernels.batch` has checked, into `out` (`dispatch.empty_rated`).

    Raises GpuFailed, with `out` partly written, on any trouble with the device.
    """
    with guarded():
        from kernels.gpu import stream  # noqa: PLC0415

        stream.rate_streamed(calls, book, out)


def aggregate(calls: Calls, book: Book, by: "Grouping") -> "Totals":
    """`kernels.aggregate.aggregate` on the device, all of the calls at once in its memory.

    Raises BatchError as that does, and GpuFailed on any trouble with the device.
    """
    with guarded():
        from kernels.gpu.resident import Resident  # noqa: PLC0415

        resident = Resident(calls)
        resident.group(by)
        return resident.aggregate(book)
