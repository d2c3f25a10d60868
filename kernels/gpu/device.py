"""Whether there is a CUDA device to rate on, and why not; what happens when it fails.

The only module of this folder that may be imported anywhere: without cupy, without numba-cuda,
without a driver. A device that has once failed is not asked again in this process: after most CUDA
errors nothing on it works any more, and what it would answer is not to be trusted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec

from numba import config

from kernels.batch import BatchError

PACKAGES = ("cupy", "numba_cuda")
_failures: list[str] = []


class GpuFailed(RuntimeError):
    """The device, its driver or its compiler failed; the batch can be rated on the CPU."""


@cache
def _why_no_device() -> str:
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if config.ENABLE_CUDASIM:
        return "NUMBA_ENABLE_CUDASIM is set, and the simulator is no device"
    try:
        import cupy  # noqa: PLC0415 - see the module's docstring
        from numba import cuda  # noqa: PLC0415

        if cuda.implementation != "NVIDIA":
            return "numba.cuda is numba's own, not numba-cuda's: its .pth file has not been read"
        if not cuda.is_available():
            return f"numba finds no device: {_one_line(cuda.cuda_error())}"
        cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # a broken installation shows itself in any way
        return f"{type(error).__name__}: {_one_line(error)}"
    return ""


def why_not() -> str:
    """Why nothing can be rated on a CUDA device, in one line; "" if it can."""
    return _failures[0] if _failures else _why_no_device()


def available() -> bool:
    """Whether there is a CUDA device, with all that it needs, that has not failed so far."""
    return not why_not()


@contextmanager
def guarded() -> Iterator[None]:
    """Whatever goes wrong within becomes GpuFailed, and rules the device out; except a BatchError.

    Only running out of memory leaves the device in the game: a smaller batch may fit.
    """
    try:
        yield
    except (BatchError, GpuFailed):
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {_one_line(error)}"
        if not isinstance(error, MemoryError):
            _failures.append(f"failed before: {said}")
        raise GpuFailed(said) from error


def _one_line(said: object) -> str:
    return " ".join(str(said or "no reason given").split())
