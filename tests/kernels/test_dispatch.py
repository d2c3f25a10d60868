"""The door of kernels: what it refuses, and that threads and array layouts change nothing."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from kernels import (
    BatchError,
    Book,
    Calls,
    Rated,
    batch,
    book,
    cpu,
    dialcodes,
    library,
    rate,
    seen,
    warm,
)
from kernels.blocks import BLOCK_CALLS
from kernels.layout import TIME_MAX, TIME_MIN, read_only
from tests.kernels.compiled import Call, book_of, calls_of, columns, mapped, taken, with_column
from tests.kernels.naive import Price, RateRow, Rule
from tests.kernels.worlds import random_world

PRICE = Price(60_000, 60_000, 0, 1, 1)
BOOK = book_of([[RateRow("44", 0, 2**62, PRICE, Rule())], [RateRow("1", 0, 9, PRICE, Rule())]])
ONE_DECK = calls_of([Call("4420", 5, 1_000), Call("1", 5, 2_000, 0, 0)])
COLUMNS = tuple(columns(ONE_DECK))
GOOD = calls_of([Call("4420", 5, 1_000, 0, 1), Call("1", 5, 2_000, 1, -1), Call("7", 5, 0, -1, 0)])


def equal(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Whether columns hold the same values in the same types."""
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(one, other, strict=True))


def same(one: Rated, other: Rated) -> bool:
    return equal((one.node, *one.sell, *one.buy), (other.node, *other.sell, *other.buy))


def test_a_good_batch() -> None:
    rated = rate(GOOD, BOOK)
    assert rated.sell.rate_row.tolist() == [0, 1, -1]
    assert rated.sell.nanos.tolist() == [1_000, 2_000, 0]
    assert rated.buy.rate_row.tolist() == [-1, -1, -1]
    assert rated.buy.nanos.tolist() == [0, 0, 0]


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_of_another_length_is_refused(column: str) -> None:
    short = columns(GOOD)[column][:2]
    if column.endswith("_fx"):
        short = np.full(2, -1, np.int32)
    with pytest.raises(BatchError, match=r"\(\d,\)"):
        rate(with_column(GOOD, column, short), BOOK)
    with pytest.raises(BatchError, match=r"\(2, 2\) instead of|instead of \(2,\)"):
        rate(with_column(GOOD, column, np.stack([short, short])), BOOK)


KINDS = ("int8", "uint32", "int64", "uint64", "float64", ">i8", ">i4", "object")


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_of_another_type_is_refused(column: str) -> None:
    values = columns(GOOD)[column]
    for kind in (k for k in KINDS if values.dtype != np.dtype(k)):
        with pytest.raises(BatchError, match=f"column {column}: {np.dtype(kind)} instead of"):
            rate(with_column(GOOD, column, values.astype(kind)), BOOK)


LIMITS = [
    ("duration_ms", -1, False),
    ("duration_ms", 0, True),
    ("duration_ms", 7 * 86_400_000, True),
    ("duration_ms", 7 * 86_400_000 + 1, False),
    ("duration_ms", 2**31 - 1, False),
    ("sell_deck", -2, False),
    ("sell_deck", -1, True),
    ("sell_deck", 1, True),
    ("sell_deck", 2, False),
    ("buy_deck", -2, False),
    ("buy_deck", 2, False),
    ("answered_ms", -(2**63), False),
    ("answered_ms", int(TIME_MIN) - 1, False),
    ("answered_ms", int(TIME_MIN), True),
    ("answered_ms", int(TIME_MAX) - 1, True),
    ("answered_ms", int(TIME_MAX), False),
    ("digits", 10**15 - 1, True),
    ("digits", 10**15, False),
    ("digits", 2**64 - 1, False),
    ("digit_count", 15, True),
    ("digit_count", 16, False),
]


@pytest.mark.parametrize(("column", "value", "allowed"), LIMITS)
def test_limits(column: str, value: int, allowed: bool) -> None:
    values = columns(GOOD)[column].copy()
    values[1] = value
    calls = with_column(GOOD, column, values)
    if allowed:
        rate(calls, BOOK)
        return
    with pytest.raises(BatchError, match=f"{column} of row 1 is {value}:"):
        rate(calls, BOOK)


def test_an_empty_batch() -> None:
    rated = rate(calls_of([]), BOOK)
    assert all(len(column) == 0 for column in (rated.node, *rated.sell, *rated.buy))


@pytest.fixture(scope="module")
def big() -> tuple[Calls, Book]:
    world = random_world(3, decks=5, rows=200, calls=5_000)
    calls = calls_of(world.calls)
    times = (3 * BLOCK_CALLS + 17) // 5_000 + 1
    many = mapped(calls, lambda _, c: np.tile(c, times)[: 3 * BLOCK_CALLS + 17])
    return many, book_of(world.decks)


@pytest.mark.parametrize("threads", [0, 2, 3, 8])
def test_threads_change_nothing(threads: int, big: tuple[Calls, Book]) -> None:
    one = rate(*big, threads=1)
    assert (one.sell.rate_row >= 0).sum() > 1_000
    assert same(rate(*big, threads=threads), one)


def test_blocks_end_where_the_next_begin(big: tuple[Calls, Book]) -> None:
    calls, book = big
    whole = rate(*big, threads=1)
    for n in (BLOCK_CALLS - 1, BLOCK_CALLS, BLOCK_CALLS + 1):
        part = rate(taken(calls, slice(n)), book, threads=2)
        assert np.array_equal(part.sell.nanos, whole.sell.nanos[:n])
        assert np.array_equal(part.node, whole.node[:n])


def test_callers_on_several_threads_get_their_own_answers(big: tuple[Calls, Book]) -> None:
    calls, book = big
    parts = [taken(calls, slice(k, None, 4)) for k in range(4)]
    expected = [rate(part, book, threads=1) for part in parts]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda part: rate(part, book, threads=2), parts))
    assert all(same(a, b) for a, b in zip(found, expected, strict=True))


def test_the_input_stays_as_it_was_and_may_be_read_only_or_strided() -> None:
    before = mapped(GOOD, lambda _, c: c.copy())
    expected = rate(GOOD, BOOK)
    assert same(rate(mapped(GOOD, lambda _, c: read_only(c)), BOOK), expected)
    strided = mapped(GOOD, lambda _, c: np.repeat(c, 2)[::2])
    assert same(rate(strided, BOOK), expected)
    assert equal(columns(before).values(), columns(GOOD).values())


def compiled() -> dict[str, int]:
    """Every compiled function of kernels, and for how many kinds of arguments."""
    return {
        f"{module.__name__}.{name}": len(found.signatures)
        for module in (batch, book, cpu, dialcodes, library, seen)
        for name, found in vars(module).items()
        if isinstance(found, Dispatcher)
    }


def test_once_warm_no_batch_and_no_book_waits_for_a_compiler() -> None:
    """Whatever came in before, and in whatever layout, each function was compiled for once."""
    warm()
    for code in range(1, 17):
        priced = book_of([[RateRow(str(code), 0, 2**62, PRICE, Rule())]])
        rate(ONE_DECK, priced)
        rate(mapped(ONE_DECK, lambda _, c: read_only(c)), priced)
        rate(mapped(ONE_DECK, lambda _, c: np.repeat(c, 2)[::2]), priced)
    found = compiled()
    assert sum(found.values()) > 3
    assert max(found.values()) == 1, {n: k for n, k in found.items() if k > 1}
