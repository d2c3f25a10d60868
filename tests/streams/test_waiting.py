"""The state of the back-pressure: which effect waits for which part, and for how long."""

import asyncio

import pytest
from aiokafka.errors import KafkaError
from prometheus_client import REGISTRY

from clickhouse.client import ClickHouseDown
from streams import retry, waiting
from streams.retry import until_done


def shown(effect: str, part: str) -> float | None:
    """The gauge as Prometheus would see it now."""
    labels = {"effect": effect, "part": part}
    return REGISTRY.get_sample_value("tollwire_waiting_seconds", labels)


@pytest.mark.parametrize(
    ("error", "part"), [(ClickHouseDown("x"), "clickhouse"), (KafkaError("x"), "broker")]
)
def test_an_effect_that_failed_waits_until_it_is_done(
    error: Exception, part: waiting.Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "_PAUSE_S_FIRST", 0.001)
    ages: list[float] = []

    async def run() -> str:
        ages.append(waiting.waiting_s(part))
        if len(ages) < 4:
            raise error
        return "done"

    outages = (ClickHouseDown, KafkaError)
    assert asyncio.run(until_done("lookup", outages, run)) == "done"
    assert ages[0] == 0
    assert 0 < ages[1] < ages[2] < ages[3]
    assert shown("lookup", part) == 0
    assert waiting.waiting_s(part) == 0


def test_a_request_without_an_answer_waits_without_having_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "HANGS_S", 0.01)

    async def test() -> None:
        answer = asyncio.Event()
        storing = asyncio.create_task(until_done("store", (ClickHouseDown,), answer.wait))
        looking = asyncio.create_task(until_done("lookup", (ClickHouseDown,), answer.wait))
        await asyncio.sleep(0.05)
        assert (shown("store", "clickhouse") or 0) > 0.01
        assert waiting.waiting_s("clickhouse", "lookup") == 0, "a lookup may rightly take long"
        assert waiting.waiting_s("broker") == 0
        answer.set()
        await asyncio.gather(storing, looking)
        assert shown("store", "clickhouse") == 0

    asyncio.run(test())


def test_an_age_grows_while_the_event_loop_stands_still() -> None:
    with waiting.under_way("store") as wait:
        wait.failed("clickhouse")
        before = shown("store", "clickhouse")
        assert before is not None
        assert (shown("store", "clickhouse") or 0) > before


def test_what_was_given_up_does_not_wait() -> None:
    async def test() -> None:
        task = asyncio.create_task(until_done("send", (KafkaError,), asyncio.Event().wait))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(test())
    assert shown("send", "broker") == 0
