"""The folder's only door: check a batch, choose where it runs, price it."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from os import cpu_count

import numpy as np
import pyarrow as pa

from kernels import cpu
from kernels.book import TIME_MAX, TIME_MIN, DeckRates, build_book
from kernels.dialcodes import parse_numbers
from kernels.layout import (
    DIGITS_MAX,
    DURATION_MS_MAX,
    NO_DECK,
    R_ROUND_UNIT,
    RULE_COLUMNS,
    Book,
    Calls,
    Rated,
    Side,
    read_only,
)
from kernels.seen import Seen, content_hash

BLOCK_CALLS = 65_536
"""Calls a thread takes at a time; a batch of one block runs on the caller's thread."""


class BatchError(ValueError):
    """A batch that must not be priced; the message names column, row and value."""


def _check_limits(calls: Calls, book: Book) -> None:
    n = len(calls.digits)
    for name, dtype in zip(Calls._fields, ("u8", "u1", "i8", "i8", "i4", "i4"), strict=True):
        column = getattr(calls, name)
        if column.shape != (n,):
            raise BatchError(f"column {name}: {column.shape} instead of ({n},)")
        if column.dtype != np.dtype(dtype):
            raise BatchError(f"column {name}: {column.dtype} instead of {np.dtype(dtype)}")
    for name, column, low, high in (
        ("digits", calls.digits, 0, 10**DIGITS_MAX - 1),
        ("digit_count", calls.digit_count, 0, DIGITS_MAX),
        ("answered_ms", calls.answered_ms, int(TIME_MIN), int(TIME_MAX) - 1),
        ("duration_ms", calls.duration_ms, 0, DURATION_MS_MAX),
        ("sell_deck", calls.sell_deck, NO_DECK, len(book.closure) - 1),
        ("buy_deck", calls.buy_deck, NO_DECK, len(book.closure) - 1),
    ):
        if n and (column.min() < low or column.max() > high):
            row = int(np.flatnonzero((column < low) | (column > high))[0])
            raise BatchError(f"{name} of row {row} is {column[row]}: allowed {low} to {high}")


def _side(n: int) -> Side:
    return Side(np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="kernels")


def rate(calls: Calls, book: Book, threads: int = 0) -> Rated:
    """Price n calls on both sides. threads = 0 takes every core.

    Raises BatchError before anything is written if a column has the wrong length or type, or a
    value outside the limits of layout.py.
    """
    _check_limits(calls, book)
    calls = Calls._make(read_only(column) for column in calls)
    n = len(calls.digits)
    out = Rated(np.empty(n, np.int32), _side(n), _side(n))
    threads = threads or cpu_count() or 1
    if n <= BLOCK_CALLS or threads == 1:
        cpu.rate_block(calls, book, out, 0, n)
        return out
    blocks = [
        _pool(threads).submit(cpu.rate_block, calls, book, out, at, min(at + BLOCK_CALLS, n))
        for at in range(0, n, BLOCK_CALLS)
    ]
    for block in blocks:
        block.result()
    return out


def warm() -> None:
    """Compile, or load from the cache, all that rates a call, before one waits for it."""
    numbers, texts = pa.array(["12025550100"]), pa.array(["12"])
    digits, count = parse_numbers(numbers)
    word = np.zeros(1, np.int64)
    deck = DeckRates(*parse_numbers(texts), word, word + 1, word)
    rules = np.zeros((1, RULE_COLUMNS), np.int64)
    rules[0, R_ROUND_UNIT] = 1
    book = build_book([deck], np.array([[0, 0, 0, 1]], np.int64), rules)
    none = np.zeros(1, np.int32)
    rate(Calls(digits, count, word, word + 1_000, none, none), book, 1)
    ids = pa.array([b"0" * 16], pa.binary(16))
    Seen(1, 0).judge(ids, content_hash([texts], [word]), word, word, word)
