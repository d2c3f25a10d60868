"""What a rater says of itself: its own partitions, whether it can work, and what it waits for."""

import json
import urllib.error
import urllib.request

import pyarrow as pa
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local import start
from deploy.runtime.settings import Settings
from streams import topics
from streams.agents import collect_store, credit_store, fraud_store
from tests.conftest import free_port
from tests.deploy.conftest import Platform, until

Partition = tuple[str, str]
TOLD = (credit_store, fraud_store, collect_store)


async def unused(_: str, __: pa.Table) -> None:
    """Nothing is inserted here."""


def get(settings: Settings, path: str) -> tuple[int, str]:
    """Status and body of a rater's answer."""
    try:
        with urllib.request.urlopen(f"http://{settings.rater_metrics}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def lag(settings: Settings) -> dict[Partition, float]:
    """(topic, partition) -> messages, as the rater shows them."""
    return {
        (sample.labels["topic"], sample.labels["partition"]): sample.value
        for family in text_string_to_metric_families(get(settings, "/metrics")[1])
        if family.name == "tollwire_consumer_lag"
        for sample in family.samples
    }


def waiting_s(settings: Settings) -> float:
    """How long a rater has waited for ClickHouse, with whatever effect."""
    return max(
        sample.value
        for family in text_string_to_metric_families(get(settings, "/metrics")[1])
        if family.name == "tollwire_waiting_seconds"
        for sample in family.samples
        if sample.labels["part"] == "clickhouse"
    )


def test_partitions_that_went_to_another_worker_leave_the_gauge(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = platform.settings
    told = (topic for part in TOLD for topic in part.stores("", unused))
    names = (*topics.STREAMS, *told)
    every = {(topic, str(n)) for topic in names for n in range(first.partitions)}
    platform.send(*[b"no call"] * 50)
    until("all partitions, nothing waiting", lambda: lag(first) == dict.fromkeys(every, 0.0))

    second = first.model_copy(update={"rater_metrics": f"127.0.0.1:{free_port()}"})
    monkeypatch.setenv("TOLLWIRE_RATER_METRICS", second.rater_metrics)
    worker = start("rater", platform.folder / "logs")

    def shared() -> bool:
        try:
            mine, others = set(lag(first)), set(lag(second))
        except OSError:
            return False
        return bool(mine and others) and not mine & others and mine | others == every

    until("each partition at one of two workers", shared)
    worker.terminate()
    worker.wait(20)
    until("all partitions at the first one again", lambda: set(lag(first)) == every)


def test_a_rater_that_can_work_is_ready_and_says_why_when_it_cannot(platform: Platform) -> None:
    settings = platform.settings
    until("the rater to be ready", lambda: get(settings, "/readyz")[0] == 200)
    assert json.loads(get(settings, "/healthz")[1]) == {"status": "ok", "process": "rater"}
    assert "process_resident_memory_bytes" in get(settings, "/metrics")[1]
    platform.processes["clickhouse"].kill()
    platform.processes["clickhouse"].wait()
    platform.post(*[b"no call"] * 5)
    until("a wait for ClickHouse", lambda: waiting_s(settings) > 0)
    before_s = waiting_s(settings)
    until("the wait to grow", lambda: waiting_s(settings) > before_s + 1)
    status, body = get(settings, "/readyz")
    assert status == 503
    assert any("TOLLWIRE_CLICKHOUSE" in reason for reason in json.loads(body)["reasons"])
    assert get(settings, "/healthz")[0] == 200, "a restart of the rater would not help"
    until("the lag to show what waits", lambda: sum(lag(settings).values()) > 0)
    platform.processes["clickhouse"] = start("clickhouse", platform.folder / "logs")
    until("the rater to be ready again", lambda: get(settings, "/readyz")[0] == 200)
    until("nothing to wait", lambda: not any(lag(settings).values()))
    assert waiting_s(settings) == 0
