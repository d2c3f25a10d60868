"""Everything of kernels/gpu under the CUDA simulator; run as a process with NUMBA_ENABLE_CUDASIM=1.

The kernels are the real ones, executed as Python; device memory is gpu_fake_cupy's. Each check is
held to the CPU; `the_oracle` to the exact second opinion as well. Prints "ok NAME" for each.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.kernels import gpu_fake_cupy

gpu_fake_cupy.install()

from kernels import Book, Calls, Leg, Nodes, Rated, empty_rated, gpu, rate  # noqa: E402
from kernels.aggregate import Grouping, aggregate  # noqa: E402
from kernels.batch import BatchError  # noqa: E402
from kernels.gpu import columns, device, launch, memory, pinned, stream  # noqa: E402
from kernels.gpu.resident import Resident  # noqa: E402
from kernels.layout import (  # noqa: E402
    BLOCKED,
    TIME_MAX,
    TIME_MIN,
    TOO_LARGE,
    UNRATED,
    Side,
    read_only,
)
from tests.kernels import test_rating_random  # noqa: E402
from tests.kernels.compiled import Call, book_of, calls_of  # noqa: E402
from tests.kernels.gpu_worlds import (  # noqa: E402
    Batch,
    batches,
    dearer,
    grouping,
    same,
    same_totals,
)
from tests.kernels.naive import NANOS, Price, RateRow, Rule  # noqa: E402
from tests.kernels.worlds import random_world  # noqa: E402

CALLS = 150
CHECKS: list[Callable[[], None]] = []
vars(stream)["CHUNK_CALLS"] = 64


def check(function: Callable[[], None]) -> Callable[[], None]:
    """Run this."""
    CHECKS.append(function)
    return function


def refused(saying: str) -> "pytest.RaisesExc[BatchError]":
    """A BatchError with that in its message."""
    return pytest.raises(BatchError, match=re.escape(saying))


def kernel_alone(calls: Calls, book: Book) -> Rated:
    """The kernel on plain host arrays."""
    out = empty_rated(len(calls.answered_ms))
    launch.rate(columns.columns_of(calls), columns.tables_of(book), columns.charges_of(out))
    return out


@check
def the_oracle() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_rating_random, "rate", kernel_alone)
        found, wrong = test_rating_random.differences(random_world(11, 6, 120, 600))
    assert not wrong, wrong[0]
    assert found > 300


@check
def the_kernel() -> None:
    for calls, book in batches(1, CALLS):
        found, expected = kernel_alone(calls, book), rate(calls, book)
        if isinstance(calls.called, Nodes):
            found = found._replace(node=calls.called.node)
        assert same(found, expected)
    assert {UNRATED, BLOCKED, TOO_LARGE} < set(expected.sell.rate_row.tolist())


@check
def streamed() -> None:
    for calls, book in batches(2, CALLS):
        expected = rate(calls, book)
        for given in (calls, pinned.pinned_calls(calls)):
            for out in (empty_rated(CALLS), pinned.pinned_rated(CALLS)):
                gpu.rate(given, book, out)
                assert same(out, expected)
        odd = empty_rated(2 * CALLS)
        sell, buy = (Side(s.rate_row[::2], s.billed_s[::2], s.nanos[::2]) for s in odd[1:])
        out = Rated(odd.node[::2], sell, buy)
        gpu.rate(calls, book, out)
        assert same(out, expected)


@check
def nothing() -> None:
    calls, book = calls_of([]), batches(3, 50)[0].book
    gpu.rate(calls, book, empty_rated(0))
    resident = Resident(calls)
    assert same(resident.rate(book), rate(calls, book))
    by = grouping(Batch(calls, book), 0, 3)
    assert same_totals(gpu.aggregate(calls, book, by), aggregate(calls, book, by))


@check
def sums() -> None:
    for batch in batches(4, CALLS):
        for accounts, destinations in ((1, 1), (3, 5), (40, 40)):
            by = grouping(batch, accounts, destinations)
            assert launch.replicas(by.accounts * by.days * by.destinations) > 1 or accounts == 40
            assert same_totals(gpu.aggregate(*batch, by), aggregate(*batch, by))


@check
def sums_past_int64() -> None:
    price, rates = Price(NANOS, NANOS, 0, 60, 60), read_only(np.array([[9 * 10**8, 1]], np.int64))
    book = book_of([[RateRow("1", TIME_MIN, TIME_MAX, price, Rule())]])._replace(fx=rates)
    for n in (10, 11, 25):
        calls = calls_of([Call("12", 0, 60_000)] * n)
        calls = calls._replace(sell=Leg(calls.sell.deck, np.zeros(n, np.int32)))
        by = grouping(Batch(calls, book), 1, 1)
        if n == 10:
            assert same_totals(gpu.aggregate(calls, book, by), aggregate(calls, book, by))
            continue
        for sum_up in (aggregate, gpu.aggregate):
            with refused("sell_nanos of account 0"):
                sum_up(calls, book, by)


@check
def resident() -> None:
    for calls, book in batches(6, CALLS):
        held = Resident(calls)
        expected = rate(calls, book)
        assert same(held.rate(book), expected)
        held.store(expected.sell.nanos, expected.buy.nanos)
        assert len(held.changes(book).row) == 0
        other = dearer(book)
        after = rate(calls, other)
        changed = (after.sell.nanos != expected.sell.nanos) | (
            after.buy.nanos != expected.buy.nanos
        )
        found = held.changes(other)
        assert 0 < len(found.row) < CALLS
        assert np.array_equal(found.row, np.flatnonzero(changed))
        assert np.array_equal(found.rated.sell.nanos, after.sell.nanos[changed])
        assert np.array_equal(found.rated.node, after.node[changed])
        by = grouping(Batch(calls, book), 2, 3)
        held.group(by)
        for priced in (book, other):
            assert same_totals(held.aggregate(priced), aggregate(calls, priced, by))


@check
def refusals() -> None:
    calls, book = batches(7, CALLS)[0]
    by = grouping(Batch(calls, book), 2, 2)
    held = Resident(calls)
    highest = int(calls.sell.deck.max())
    with refused(f"sell_deck of row {int(calls.sell.deck.argmax())} is {highest}"):
        held.rate(book._replace(closure=book.closure[:highest]))
    with refused("answered_ms of row"):
        held.rate(book._replace(window_ms=(0, 1)))
    for grouped, saying in (
        (by._replace(accounts=1), "account of row"),
        (by._replace(days=1), "answered_ms of row"),
        (by._replace(account=by.account[1:]), "column account"),
        (by._replace(destination_of_node=by.account), "column destination_of_node"),
    ):
        held.group(grouped)
        with refused(saying):
            held.aggregate(book)
        with refused(saying):
            gpu.aggregate(calls, book, grouped)
    assert not device._failures


@check
def tables_are_uploaded_once() -> None:
    book = batches(8, 50)[0].book
    before = gpu_fake_cupy.MEMORY_BYTES[0]
    one = memory.books.tables(book)
    taken = before - gpu_fake_cupy.MEMORY_BYTES[0]
    other = memory.books.tables(book._replace(prices=book.prices.copy()))
    assert all(a is b for a, b in zip(one, other, strict=True) if a is not one.prices)
    assert one.prices is not other.prices
    small = book.prices.nbytes + 64
    assert before - gpu_fake_cupy.MEMORY_BYTES[0] <= taken + small
    assert memory.books.tables(book).closure is one.closure
    assert before - gpu_fake_cupy.MEMORY_BYTES[0] <= taken + small


def failed(calls: Calls, book: Book, by: Grouping | None = None) -> bool:
    """Whether the device fails."""
    try:
        if by:
            gpu.aggregate(calls, book, by)
        else:
            gpu.rate(calls, book, empty_rated(len(calls.answered_ms)))
    except gpu.GpuFailed:
        return True
    return False


@check
def out_of_memory_is_no_reason_to_give_up() -> None:
    batch = batches(9, CALLS)[0]
    by = grouping(batch, 2, 2)
    left, gpu_fake_cupy.MEMORY_BYTES[0] = gpu_fake_cupy.MEMORY_BYTES[0], 1_000
    assert failed(*batch, by)
    assert "simulator" in gpu.why_not()
    gpu_fake_cupy.MEMORY_BYTES[0] = left
    assert not failed(*batch, by)


@check
def a_failure_is_told_and_remembered() -> None:
    batch = batches(10, CALLS)[0]
    real, done = launch.rate, []

    def broken(*arguments: Any) -> None:
        done.append(1)
        if len(done) == 2:
            raise RuntimeError("an illegal memory access\nwas encountered")
        real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "rate", broken)
        assert failed(*batch)
    assert len(done) == -(-CALLS // stream.CHUNK_CALLS), "all chunks end before it is told"
    said = "failed before: RuntimeError: an illegal memory access was encountered"
    assert gpu.why_not() == said
    assert not gpu.available()


if __name__ == "__main__":
    for run in CHECKS:
        run()
        print("ok", run.__name__, flush=True)
