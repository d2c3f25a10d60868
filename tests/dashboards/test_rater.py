"""The rater's metrics: read, summed, and unknown when it is away."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
from prometheus_client.exposition import generate_latest

from dashboards import rater
from dashboards.rater import Scrape
from deploy.runtime import metrics
from tests.conftest import free_port


def test_the_names_are_those_that_the_rater_uses() -> None:
    exposed = {family.name for family in metrics.CALLS.collect()}
    exposed |= {family.name for family in metrics.LAG.collect()}
    assert exposed == {rater.LAG_METRIC, rater.CALLS_METRIC.removesuffix("_total")}


def test_partitions_and_outcomes_are_added_up() -> None:
    registry = CollectorRegistry()
    lag = Gauge(rater.LAG_METRIC, "x", ["topic", "partition"], registry=registry)
    calls = Counter("tollwire_calls", "x", ["outcome"], registry=registry)
    lag.labels("cdr.raw", "0").set(3)
    lag.labels("cdr.raw", "1").set(4)
    calls.labels("rated").inc(10)
    calls.labels("dead").inc(2)
    assert rater.parse(generate_latest(registry).decode(), 5) == Scrape(5, 7, 12)


def test_metrics_that_are_absent_stay_unknown() -> None:
    assert rater.parse("", 5) == Scrape(5, None, None)
    assert rater.row(None, None).lag_messages is None


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (Scrape(0, 0, 100), "25.0"),
        (Scrape(0, 0, None), None),
        (Scrape(4_000, 0, 100), None),
        (Scrape(0, 0, 1_000), None),
        (None, None),
    ],
)
def test_throughput_needs_two_looks_at_one_process(before: Scrape | None, said: str | None) -> None:
    assert rater.row(before, Scrape(4_000, 1, 200)).calls_per_s == said


def test_a_live_endpoint_answers_and_one_that_is_away_is_none() -> None:
    registry, port = CollectorRegistry(), free_port()
    Gauge(rater.LAG_METRIC, "x", registry=registry).set(9)
    server, thread = start_http_server(port, "127.0.0.1", registry)
    try:
        assert rater.scrape(("127.0.0.1", port), 1) == Scrape(1, 9, None)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert rater.scrape(("127.0.0.1", port), 1) is None
