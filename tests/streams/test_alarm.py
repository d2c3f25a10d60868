"""A flood is told of once when it begins and once when it is over, and the gauge goes with it."""

import time

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from kernels.seen import Seen
from streams.agents.alarm import FloodAlarm
from streams.step import settle, take_in
from tests.streams.test_step import AT_MS, LOG, TARIFF, call, raw

PARTITION = 7


def look(alarm: FloodAlarm, second: int, good: int, bad: int) -> None:
    """A step of that second of the messages."""
    records = [call(f"{second}-{i}") for i in range(good)] + [b"{" * 9] * bad
    first = 1_000 * second
    raws = [
        raw(first + i, record, AT_MS + 1_000 * second)._replace(customer="acme")
        for i, record in enumerate(records)
    ]
    outcome = settle(take_in(LOG, PARTITION, raws, Seen(1_024, 0)), {}, TARIFF, 1)
    alarm.look(PARTITION, raws, outcome)


def gauge() -> float | None:
    """What Prometheus would read."""
    labels = {"partition": str(PARTITION), "reason": "unreadable"}
    return REGISTRY.get_sample_value("tollwire_dead_letter_flood", labels)


def test_one_line_when_it_begins_and_one_when_it_is_over() -> None:
    alarm = FloodAlarm(10, 5)
    with capture_logs() as logs:
        look(alarm, 0, 1, 5)
        assert gauge() is None
        for second in range(1, 9):
            look(alarm, second, 1, 20)
        assert gauge() == 165
        look(alarm, 80, 1, 0)
        assert gauge() is None
        look(alarm, 81, 1, 0)
    assert [entry["event"] for entry in logs] == [
        "a flood of dead letters begins",
        "a flood of dead letters is over",
    ]
    told = {"reason": "unreadable", "field": "", "customer": "acme", "sample_offset": 1}
    assert {name: logs[0][name] for name in told} == told
    assert (logs[0]["partition"], logs[0]["dead"], logs[0]["records"]) == (PARTITION, 25, 27)


def test_a_partition_that_falls_silent_is_no_flood_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alarm = FloodAlarm(10, 5)
    look(alarm, 0, 0, 20)
    assert gauge() == 20
    later_s = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    assert gauge() == 0
    alarm.keep([])


def test_a_partition_that_another_worker_has_leaves_the_gauge() -> None:
    alarm = FloodAlarm(10, 5)
    look(alarm, 0, 0, 20)
    alarm.keep([PARTITION])
    assert gauge() == 20
    alarm.keep([PARTITION + 1])
    assert gauge() is None
