"""On a real CUDA device: `pytest -m gpu`. Everything equals the CPU, column by column."""

from collections.abc import Iterator
from functools import partial
from os import cpu_count

import numpy as np
import pytest

from kernels import BatchError, empty_rated, gpu, rate
from kernels.aggregate import aggregate
from kernels.gpu import device
from tests.kernels.gpu_worlds import (
    Batch,
    batches,
    dearer,
    grouping,
    repeated,
    same,
    same_totals,
    summed,
)

pytestmark = pytest.mark.gpu
CORES = cpu_count() or 1
"""with a number of threads, the door leaves the device out"""
WORLD_CALLS = 20_000
TIMES = 60
"""with which a batch has 1.2 million calls: several chunks, none of them full at the end"""


@pytest.fixture(autouse=True)
def _needs_a_device() -> Iterator[None]:
    if not gpu.available():
        pytest.skip(gpu.why_not())
    yield
    device._failures.clear()


@pytest.fixture(scope="module", params=["numbers", "nodes", "exchange rates"])
def batch(request: pytest.FixtureRequest) -> Batch:
    calls, book = batches(21, WORLD_CALLS)[
        ["numbers", "nodes", "exchange rates"].index(request.param)
    ]
    return Batch(repeated(calls, TIMES), book)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from kernels.gpu import stream

    monkeypatch.setattr(stream, "CHUNK_CALLS", 100_000)
    stream._lanes.cache_clear()
    yield
    stream._lanes.cache_clear()


def test_a_million_calls_of_fifty_worlds() -> None:
    for seed in range(100, 150):
        for calls, book in batches(seed, WORLD_CALLS):
            out = empty_rated(WORLD_CALLS)
            gpu.rate(calls, book, out)
            assert same(out, rate(calls, book, CORES))


@pytest.mark.usefixtures("small_chunks")
def test_streamed(batch: Batch) -> None:
    from kernels.gpu.pinned import pinned_calls, pinned_rated

    calls, book = batch
    n = len(calls.answered_ms)
    expected = rate(calls, book, CORES)
    for given in (calls, pinned_calls(calls)):
        for out in (empty_rated(n), pinned_rated(n)):
            for _ in range(2):
                gpu.rate(given, book, out)
                assert same(out, expected)


def test_resident(batch: Batch) -> None:
    from kernels.gpu.resident import Resident

    calls, book = batch
    held, expected = Resident(calls), rate(calls, book, CORES)
    assert same(held.rate(book), expected)
    held.store(expected.sell.nanos, expected.buy.nanos)
    assert len(held.changes(book).row) == 0
    other = dearer(book)
    after = rate(calls, other, CORES)
    changed = (after.sell.nanos != expected.sell.nanos) | (after.buy.nanos != expected.buy.nanos)
    found = held.changes(other)
    assert np.array_equal(found.row, np.flatnonzero(changed))
    assert np.array_equal(found.rated.sell.nanos, after.sell.nanos[changed])
    assert np.array_equal(found.rated.buy.rate_row, after.buy.rate_row[changed])
    with pytest.raises(BatchError, match="answered_ms of row"):
        held.rate(book._replace(window_ms=(0, 1)))


@pytest.mark.parametrize(("accounts", "destinations"), [(1, 1), (7, 30), (2_000, 50)])
def test_sums(batch: Batch, accounts: int, destinations: int) -> None:
    by = grouping(batch, accounts, destinations)
    assert same_totals(
        summed(gpu.aggregate, batch, by), summed(partial(aggregate, threads=CORES), batch, by)
    )


def test_what_does_not_fit_the_device_is_told() -> None:
    import cupy

    from kernels.gpu import memory

    with pytest.raises(gpu.GpuFailed, match="MemoryError"), device.guarded():
        cupy.empty(1 << 50, np.uint8)
    assert gpu.available()
    assert memory.upload(np.arange(3)).get().tolist() == [0, 1, 2]
