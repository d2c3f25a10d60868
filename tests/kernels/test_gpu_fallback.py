"""The door of kernels with a device that fails: the CPU's numbers, and one line in the log."""

import logging

import pytest

from kernels import Rated, empty_rated, gpu, rate
from kernels.aggregate import aggregate
from kernels.gpu import device
from tests.kernels.gpu_worlds import Batch, batches, grouping, same, same_totals

CALLS = 300


@pytest.fixture(scope="module")
def batch() -> Batch:
    return batches(31, CALLS)[0]


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was given to a device that takes everything and fails in the middle of it."""
    asked: list[str] = []
    monkeypatch.setattr(device, "_failures", [])
    monkeypatch.setattr(gpu, "takes", lambda calls: calls >= CALLS)

    def broken_rate(calls: object, book: object, out: Rated) -> None:
        asked.append("rate")
        out.sell.nanos[: CALLS // 2] = 7
        with device.guarded():
            raise RuntimeError("the device\nis lost")

    def broken_aggregate(calls: object, book: object, by: object) -> None:
        asked.append("aggregate")
        with device.guarded():
            raise RuntimeError("the device is lost")

    monkeypatch.setattr(gpu, "rate", broken_rate)
    monkeypatch.setattr(gpu, "aggregate", broken_aggregate)
    return asked


def test_rate(batch: Batch, taken: list[str], caplog: pytest.LogCaptureFixture) -> None:
    out = rate(*batch, out=empty_rated(CALLS))
    assert taken == ["rate"]
    assert [(r.levelno, r.message) for r in caplog.records] == [
        (logging.WARNING, "rated on the CPU: RuntimeError: the device is lost")
    ]
    assert same(out, rate(*batch, threads=1))


def test_aggregate(batch: Batch, taken: list[str], caplog: pytest.LogCaptureFixture) -> None:
    by = grouping(batch, 3, 4)
    totals = aggregate(*batch, by)
    assert taken == ["aggregate"]
    assert [r.message for r in caplog.records] == [
        "summed on the CPU: RuntimeError: the device is lost"
    ]
    assert same_totals(totals, aggregate(*batch, by, threads=1))


def test_a_number_of_threads_asks_for_the_cpu(batch: Batch, taken: list[str]) -> None:
    rate(*batch, threads=2)
    aggregate(*batch, grouping(batch, 3, 4), threads=2)
    assert not taken


def test_after_a_failure_the_device_is_not_asked(batch: Batch, taken: list[str]) -> None:
    rate(*batch)
    assert device.why_not() == "failed before: RuntimeError: the device is lost"
    assert not gpu.available()
