"""A stand-in for the part of CuPy that kernels/gpu uses, for the CUDA simulator, which has none.

Device arrays are numpy's. It is stricter than it must be: device and host arrays do not mix, copies
that do not block need page-locked memory and happen only when their stream is waited for.
"""

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

MEMORY_BYTES = [1 << 40]
"""what is left on the device; `empty` and `zeros` take from it"""
_pinned: list[tuple[int, int]] = []


class OutOfMemoryError(MemoryError):
    """As CuPy's."""


class Stream:
    """As cupy.cuda.Stream; 0 is the only stream that the simulator knows."""

    null: "Stream"

    def __init__(self, non_blocking: bool = False) -> None:
        self.ptr = 0
        self.waiting: list[Callable[[], None]] = []

    def synchronize(self) -> None:
        """Do what was enqueued."""
        waiting, self.waiting = self.waiting, []
        for copy in waiting:
            copy()


Stream.null = Stream()


class ndarray(np.ndarray[Any, Any]):  # noqa: N801 - CuPy's name
    """A device array."""

    def set(self, host: Any, stream: Stream | None = None) -> None:
        """Copy from a host array."""
        assert not isinstance(host, ndarray)
        assert host.flags.c_contiguous
        assert (host.shape, host.dtype) == (self.shape, self.dtype)
        np.copyto(self.view(np.ndarray), host)

    def get(
        self, stream: Stream | None = None, out: Any = None, blocking: bool = True
    ) -> "np.ndarray[Any, Any]":
        """Copy to a host array."""
        if out is None:
            return np.array(self.view(np.ndarray))
        assert not isinstance(out, ndarray)
        assert (out.shape, out.dtype) == (self.shape, self.dtype)
        assert not blocking
        assert stream
        assert is_pinned(out)
        stream.waiting.append(lambda: np.copyto(out, self.view(np.ndarray)))
        return np.asarray(out)


def is_pinned(host: "np.ndarray[Any, Any]") -> bool:
    """Whether a host array came from empty_pinned."""
    return any(begin <= host.ctypes.data < end for begin, end in _pinned)


def empty(shape: Any, dtype: Any) -> Any:
    """As cupy.empty, with nonsense in it."""
    made = np.empty(shape, dtype)
    MEMORY_BYTES[0] -= made.nbytes
    if MEMORY_BYTES[0] < 0:
        raise OutOfMemoryError("Out of memory allocating some bytes")
    made.view(np.uint8).fill(0xA5)
    return made.view(ndarray)


def zeros(shape: Any, dtype: Any) -> Any:
    """As cupy.zeros."""
    made = empty(shape, dtype)
    made.fill(0)
    return made


def flatnonzero(of: Any) -> Any:
    """As cupy.flatnonzero."""
    assert isinstance(of, ndarray)
    return np.flatnonzero(of).view(ndarray)


def ascontiguousarray(of: Any) -> Any:
    """As cupy.ascontiguousarray."""
    assert isinstance(of, ndarray)
    return np.ascontiguousarray(of).view(ndarray)


def empty_pinned(shape: Any, dtype: Any) -> "np.ndarray[Any, Any]":
    """As cupyx.empty_pinned; never given back."""
    made = np.empty(shape, dtype)
    made.view(np.uint8).fill(0x5A)
    _pinned.append((made.ctypes.data, made.ctypes.data + max(made.nbytes, 1)))
    _kept.append(made)
    return made


_kept: list[Any] = []


def _attributes(address: int) -> SimpleNamespace:
    return SimpleNamespace(type=int(any(begin <= address < end for begin, end in _pinned)))


def install() -> None:
    """Let `import cupy` and `import cupyx` find this."""
    cupy: Any = ModuleType("cupy")
    cupyx: Any = ModuleType("cupyx")
    for name in ("ndarray", "empty", "zeros", "flatnonzero", "ascontiguousarray"):
        setattr(cupy, name, globals()[name])
    runtime = SimpleNamespace(pointerGetAttributes=_attributes, memoryTypeHost=1)
    cupy.cuda = SimpleNamespace(Stream=Stream, runtime=runtime)
    cupyx.empty_pinned = empty_pinned
    for module in (cupy, cupyx):
        module.__spec__ = ModuleSpec(module.__name__, None)
        sys.modules[module.__name__] = module
