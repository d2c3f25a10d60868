"""Batches for the tests of kernels/gpu: random worlds, with exchange rates, and groupings."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kernels import Book, Calls, Leg, Nodes, Numbers, Rated, rate
from kernels.aggregate import DAY_MS, Grouping, Totals
from kernels.batch import BatchError
from kernels.layout import FX_MAX, I32, read_only
from tests.kernels.compiled import book_of, calls_of
from tests.kernels.worlds import SPAN_MS, random_world

FX = read_only(
    np.array([[1, 1], [9_137, 10_000], [FX_MAX, 1], [1, FX_MAX], [FX_MAX - 1, FX_MAX]], np.int64)
)


class Batch(NamedTuple):
    """A batch and the book that prices it."""

    calls: Calls
    book: Book


def batches(seed: int, calls: int) -> list[Batch]:
    """The same calls as numbers, as nodes, and as numbers with exchange rates."""
    world = random_world(seed, decks=6, rows=120, calls=calls)
    plain, book = calls_of(world.calls), book_of(world.decks)
    draw = np.random.default_rng(seed)
    fx = [draw.integers(-1, len(FX), calls, np.int32) for _ in "ab"]
    converted = plain._replace(sell=Leg(plain.sell.deck, fx[0]), buy=Leg(plain.buy.deck, fx[1]))
    with_fx = book._replace(fx=FX)
    known = plain._replace(called=Nodes(rate(plain, book).node, book.codes.epoch))
    return [Batch(plain, book), Batch(known, book), Batch(converted, with_fx)]


def dearer(book: Book) -> Book:
    """The same book with other prices in some classes."""
    prices = book.prices.copy()
    prices[::5, 0] += 1_000_000
    return book._replace(prices=read_only(prices))


def repeated(calls: Calls, times: int) -> Calls:
    """The same calls many times."""

    def column(values: I32) -> I32:
        return np.tile(values, times)

    called = calls.called
    return Calls(
        Nodes(column(called.node), called.epoch)
        if isinstance(called, Nodes)
        else Numbers(np.tile(called.digits, times), np.tile(called.digit_count, times)),
        np.tile(calls.answered_ms, times),
        column(calls.duration_ms),
        Leg(column(calls.sell.deck), column(calls.sell.fx)),
        Leg(column(calls.buy.deck), column(calls.buy.fx)),
    )


def grouping(batch: Batch, accounts: int, destinations: int) -> Grouping:
    """Accounts and destinations at random; the days of random_world."""
    draw = np.random.default_rng(accounts)
    n, nodes = len(batch.calls.answered_ms), len(batch.book.codes.parent)
    return Grouping(
        draw.integers(0, accounts, n, np.int32),
        accounts,
        -SPAN_MS,
        3 * SPAN_MS // DAY_MS + 1,
        draw.integers(0, destinations, nodes, np.int32),
        destinations,
    )


def same(one: Rated, other: Rated) -> bool:
    """Whether two results are equal in values and types."""
    columns = ((r.node, *r.sell, *r.buy) for r in (one, other))
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(*columns, strict=True))


def summed(sum_up: Callable[[Calls, Book, Grouping], Totals], batch: Batch, by: Grouping) -> Any:
    """What it gives, or the message with which it refuses the batch."""
    try:
        return sum_up(*batch, by)
    except BatchError as refused:
        return str(refused)


def same_totals(one: Totals | str, other: Totals | str) -> bool:
    """Whether two sets of sums are equal in values, shapes and types, or refused alike."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(one, other, strict=True))
