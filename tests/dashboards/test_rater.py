"""The raters' metrics: read, summed, and unknown when a rater is away."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
from prometheus_client.exposition import generate_latest

from dashboards import broker, rater
from dashboards.rater import Scrape
from deploy.runtime import metrics
from streams import rater as worker
from streams import topics
from tests.conftest import free_port


def test_the_names_are_those_that_the_rater_uses() -> None:
    used = (metrics.CALLS, metrics.MESSAGES, metrics.SENT, metrics.WAITING)
    named = (rater.CALLS, rater.MESSAGES, rater.SENT, rater.WAITING)
    exposed = [family.name for metric in used for family in metric.collect()]
    assert exposed == [name.removesuffix("_total") for name in named]
    assert (broker.UNRATED, broker.UNSTORED) == (topics.RAW, topics.RATED)
    assert broker.TOPICS == topics.STREAMS
    assert broker.GROUP == worker.GROUP


def test_labels_are_added_up_and_told_apart() -> None:
    registry = CollectorRegistry()
    calls = Counter("tollwire_calls", "x", ["outcome"], registry=registry)
    messages = Counter("tollwire_messages", "x", ["topic"], registry=registry)
    sent = Counter("tollwire_sent_messages", "x", ["topic"], registry=registry)
    waiting = Gauge("tollwire_waiting_seconds", "x", ["effect", "part"], registry=registry)
    calls.labels("rated").inc(10)
    calls.labels("suspended").inc(1)
    calls.labels("dead").inc(2)
    messages.labels("cdr.raw").inc(13)
    sent.labels("cdr.rated").inc(2)
    waiting.labels("store", "clickhouse").set(7.5)
    waiting.labels("lookup", "clickhouse").set(3)
    waiting.labels("send", "broker").set(0)
    found = rater.parse(generate_latest(registry).decode(), 5)
    waits = {"clickhouse": 7.5, "broker": 0.0}
    assert found == Scrape(5, 13, 11, {"cdr.raw": 13}, {"cdr.rated": 2}, waits)


def test_metrics_that_are_absent_stay_unknown() -> None:
    assert rater.parse("", 5) == Scrape(5)
    assert rater.calls_per_s([]) is None


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (Scrape(0, 100), 25.0),
        (Scrape(0), None),
        (Scrape(4_000, 100), None),
        (Scrape(0, 1_000), None),
        (None, None),
    ],
)
def test_throughput_needs_two_looks_at_one_process(
    before: Scrape | None, said: float | None
) -> None:
    assert rater.calls_per_s([[before], [Scrape(4_000, 200)]]) == said


def test_raters_add_up_and_one_that_restarted_is_left_out() -> None:
    first = [Scrape(0, 100), Scrape(0, 900), None]
    last = [Scrape(2_000, 200), Scrape(2_000, 10), Scrape(2_000, 5)]
    assert rater.calls_per_s([first, last]) == 50.0


def test_a_rater_that_is_busy_for_a_moment_is_not_silent() -> None:
    seen, now = Scrape(0, 1), Scrape(2, 3)
    assert rater.latest([[seen, None], [None, None], [None, now]]) == [seen, now]
    assert rater.latest([[seen], [None], [None], [None]]) == [None]


def test_a_live_endpoint_answers_and_one_that_is_away_is_none() -> None:
    registry, port = CollectorRegistry(), free_port()
    Counter("tollwire_calls", "x", ["outcome"], registry=registry).labels("rated").inc(9)
    server, thread = start_http_server(port, "127.0.0.1", registry)
    try:
        assert rater.scrape(("127.0.0.1", port), 1) == Scrape(1, 9, 9)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert rater.scrape(("127.0.0.1", port), 1) is None
