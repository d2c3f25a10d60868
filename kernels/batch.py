"""What a batch must be before it is priced: shapes, types and limits, named where they are off.

A batch is looked through once in compiled code that only says whether something is off; only then
is it looked through again, slowly, for what to tell.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from kernels.blocks import in_blocks
from kernels.layout import (
    DIGITS_MAX,
    DURATION_MS_MAX,
    I32,
    I64,
    NO_DECK,
    NO_FX,
    U8,
    U64,
    Book,
    Calls,
    Leg,
    Nodes,
    Numbers,
    Rated,
    read_only,
)

Array = npt.NDArray[Any]
DIGITS_LIMIT = 10**DIGITS_MAX - 1


class BatchError(ValueError):
    """A batch that must not be priced; the message names column, row and value."""


def _columns(calls: Calls) -> Iterator[tuple[str, Array, str, bool]]:
    """Name, column, type, and whether it may be left empty."""
    if isinstance(calls.called, Nodes):
        yield "node", calls.called.node, "i4", False
    else:
        yield "digits", calls.called.digits, "u8", False
        yield "digit_count", calls.called.digit_count, "u1", False
    yield "answered_ms", calls.answered_ms, "i8", False
    yield "duration_ms", calls.duration_ms, "i4", False
    for name, leg in (("sell", calls.sell), ("buy", calls.buy)):
        yield f"{name}_deck", leg.deck, "i4", False
        yield f"{name}_fx", leg.fx, "i4", True


def check_shapes(calls: Calls, book: Book, out: Rated | None) -> int:
    """How many calls a batch has. Raises BatchError if columns, or the book, do not fit."""
    n = len(calls.answered_ms)
    for name, column, kind, may_be_empty in _columns(calls):
        check_column(name, column, n, kind, may_be_empty)
    if isinstance(calls.called, Nodes) and calls.called.epoch != book.codes.epoch:
        raise BatchError(
            f"nodes of epoch {calls.called.epoch:016x}, book of epoch {book.codes.epoch:016x}: "
            "match the numbers again or remap the nodes"
        )
    if out is not None:
        check_column("out.node", out.node, n, "i4")
        for name, side in (("sell", out.sell), ("buy", out.buy)):
            for field, kind in zip(side._fields, ("i4", "i4", "i8"), strict=True):
                check_column(f"out.{name}.{field}", getattr(side, field), n, kind)
    return n


def check_column(name: str, column: Array, n: int, kind: str, may_be_empty: bool = False) -> None:
    """Raises BatchError if a column has not n entries, or none where it may, or not this type."""
    if column.shape != (n,) and not (may_be_empty and column.shape == (0,)):
        raise BatchError(f"column {name}: {column.shape} instead of ({n},)")
    if column.dtype != np.dtype(kind):
        raise BatchError(f"column {name}: {column.dtype} instead of {np.dtype(kind)}")


def within(name: str, column: I32 | I64, low: int, high: int) -> None:
    """Raises BatchError for the first row whose value lies outside low..high."""
    if len(column) and (column.min() < low or column.max() > high):
        row = int(np.flatnonzero((column < low) | (column > high))[0])
        raise BatchError(f"{name} of row {row} is {column[row]}: allowed {low} to {high}")


def _read_only_calls(calls: Calls) -> Calls:
    """The same batch in the one kind of array that kernels are compiled for."""
    called = calls.called
    if isinstance(called, Nodes):
        called = Nodes(read_only(called.node), called.epoch)
    else:
        called = Numbers(read_only(called.digits), read_only(called.digit_count))
    return Calls(
        called,
        read_only(calls.answered_ms),
        read_only(calls.duration_ms),
        Leg(read_only(calls.sell.deck), read_only(calls.sell.fx)),
        Leg(read_only(calls.buy.deck), read_only(calls.buy.fx)),
    )


@nb.njit(nogil=True, cache=True)
def _span_u64(column: U64) -> tuple[np.uint64, np.uint64]:
    most = np.uint64(0)
    for value in column:
        most = max(most, value)
    return np.uint64(0), most


@nb.njit(nogil=True, cache=True)
def _span_u8(column: U8) -> tuple[np.uint8, np.uint8]:
    most = np.uint8(0)
    for value in column:
        most = max(most, value)
    return np.uint8(0), most


@nb.njit(nogil=True, cache=True)
def _span_i32(column: I32) -> tuple[np.int32, np.int32]:
    least = most = column[0]
    for value in column:
        least, most = min(least, value), max(most, value)
    return least, most


@nb.njit(nogil=True, cache=True)
def _span_i64(column: I64) -> tuple[np.int64, np.int64]:
    least = most = column[0]
    for value in column:
        least, most = min(least, value), max(most, value)
    return least, most


_SPANS = {"u8": _span_u64, "u1": _span_u8, "i4": _span_i32, "i8": _span_i64}


def limits(calls: Calls, book: Book) -> Iterator[tuple[str, Array, int, int]]:
    """Name, column, lowest and highest value allowed."""
    if isinstance(calls.called, Nodes):
        yield "node", calls.called.node, 0, len(book.codes.parent) - 1
    else:
        yield "digits", calls.called.digits, 0, DIGITS_LIMIT
        yield "digit_count", calls.called.digit_count, 0, DIGITS_MAX
    yield "answered_ms", calls.answered_ms, book.window_ms[0], book.window_ms[1] - 1
    yield "duration_ms", calls.duration_ms, 0, DURATION_MS_MAX
    for name, leg in (("sell", calls.sell), ("buy", calls.buy)):
        yield f"{name}_deck", leg.deck, NO_DECK, len(book.closure) - 1
        yield f"{name}_fx", leg.fx, NO_FX, len(book.fx) - 1


def _offends(calls: Calls, book: Book, start: int, stop: int) -> bool:
    """Whether a value of calls[start:stop] lies outside its limits."""
    for _, column, low, high in limits(calls, book):
        block = column[start:stop]
        if len(block):
            least, most = _SPANS[block.dtype.str[1:]](block)
            if least < low or most > high:
                return True
    return False


def _offence(calls: Calls, book: Book) -> BatchError:
    """What to tell about a batch that offends: the first column that does, its first row."""
    for name, column, low, high in limits(calls, book):
        off = np.flatnonzero((column < low) | (column > high))
        if len(off):
            row = int(off[0])
            return BatchError(f"{name} of row {row} is {column[row]}: allowed {low} to {high}")
    raise AssertionError("nothing is off")


def checked(calls: Calls, book: Book, out: Rated | None, threads: int) -> Calls:
    """The batch in the one kind of array that kernels are compiled for.

    Raises BatchError before anything is written if it must not be priced from this book.
    """
    n = check_shapes(calls, book, out)
    calls = _read_only_calls(calls)
    if any(list(in_blocks(n, threads, partial(_offends, calls, book)))):
        raise _offence(calls, book)
    return calls
