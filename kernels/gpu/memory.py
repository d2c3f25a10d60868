"""Device memory: CuPy owns all of it. Uploads, and the last books' tables.

Imported only where there is a device (or the simulator and a stand-in for CuPy): see device.py.
"""

from threading import Lock
from typing import Any, Final, NamedTuple

import cupy
import numpy as np

from kernels.gpu.columns import Array, Tables, each, tables_of
from kernels.gpu.launch import view
from kernels.layout import Book

BOOKS_KEPT: Final = 2
"""books whose tables stay on the device: the one in force, and one to compare it with"""


def upload(array: Any) -> Any:
    """A contiguous CuPy array with the same values; the array itself if it is one already.

    Copied as it lies: CuPy's own conversion would take, and keep, page-locked memory of that size.
    """
    if isinstance(array, cupy.ndarray):
        return cupy.ascontiguousarray(array)
    on_device = cupy.empty(array.shape, array.dtype)
    if array.size:
        on_device.set(np.ascontiguousarray(array))
    return on_device


class _Table(NamedTuple):
    """A table in both places. While `host` is held, its address names no other table."""

    host: Array
    view: Any


class Books:
    """The last books' tables on the device; a table that two books share is uploaded once.

    Tables are told apart by where they lie on the host: what a book can see is never written again.
    """

    def __init__(self) -> None:
        self._kept: list[dict[tuple[int, int, str], _Table]] = []
        self._lock = Lock()

    def tables(self, book: Book) -> Tables:
        """A book's tables as kernels take them; they stay while the result is held."""
        with self._lock:
            found: dict[tuple[int, int, str], _Table] = {}
            known = {key: table for tables in self._kept for key, table in tables.items()}

            def placed(host: Array) -> Any:
                key = (host.ctypes.data, host.size, host.dtype.str)
                found[key] = known.get(key) or _Table(host, view(upload(host)))
                return found[key].view

            tables = each(placed, tables_of(book))
            others = [kept for kept in self._kept if kept.keys() != found.keys()]
            self._kept = [found, *others][:BOOKS_KEPT]
        cupy.cuda.Stream.null.synchronize()
        return tables


books: Final = Books()
