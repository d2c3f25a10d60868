"""What Prometheus scrapes: made from the latest snapshot at each scrape, so nothing can lag.

A figure that is unknown is absent, never 0. Gauges are doubles: fine for watching, not for books;
the exact line is `/v1/conservation`.
"""

import time
from collections.abc import Iterator
from math import inf
from typing import Literal, get_args

from fastapi import APIRouter, Depends
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response

from dashboards.api.state import Console, Parts
from dashboards.broker import TOPICS, UNRATED, UNSTORED, Look
from dashboards.identity.access import OPEN
from dashboards.schemas import Backlog, Stream

Name = Literal[
    "tollwire_conservation_holds",
    "tollwire_conservation_calls",
    "tollwire_conservation_seconds",
    "tollwire_console_viewers",
    "tollwire_console_clickhouse_up",
    "tollwire_console_broker_up",
    "tollwire_newest_call_age_seconds",
    "tollwire_raters",
    "tollwire_backlog_messages",
    "tollwire_backlog",
    "tollwire_oldest_unrated_seconds",
    "tollwire_oldest_unstored_seconds",
    "tollwire_recovery_per_second",
    "tollwire_catch_up_seconds",
]
Part = Literal["received", "rated", "suspended", "dead", "duplicate", "difference"]

router = APIRouter(tags=["metrics"])


def _gauge(name: Name, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _split(name: Name, text: str, values: dict[str, str]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["part"])
    for part in get_args(Part):
        family.add_metric([part], float(values[part]))
    return family


def _stream(stream: Stream) -> Iterator[GaugeMetricFamily]:
    raters = GaugeMetricFamily("tollwire_raters", "Raters by whether they answer", labels=["state"])
    raters.add_metric(["answering"], stream.raters_answering)
    raters.add_metric(["silent"], stream.raters - stream.raters_answering)
    yield raters


def _backlog(backlog: Backlog, now_ms: int) -> Iterator[GaugeMetricFamily]:
    """Figures of what waits. The ages go by the clock of now, not by that of the look."""

    def age_s(oldest_ms: int | None) -> float:
        return 0.0 if oldest_ms is None else max(0.0, (now_ms - oldest_ms) / 1_000)

    text = "Waiting in the broker, rated or stored by nobody yet; calls are estimated"
    size = GaugeMetricFamily("tollwire_backlog", text, labels=["unit"])
    size.add_metric([backlog.unit], backlog.waiting)
    yield size
    text = "Age of the oldest message of {}, 0 when none waits"
    unrated_s, unstored_s = age_s(backlog.oldest_unrated_ms), age_s(backlog.oldest_unstored_ms)
    yield _gauge("tollwire_oldest_unrated_seconds", text.format(UNRATED), unrated_s)
    yield _gauge("tollwire_oldest_unstored_seconds", text.format(UNSTORED), unstored_s)
    if backlog.shrinks_per_s is not None:
        text = "By how much the backlog shrinks; negative when it grows"
        speed = GaugeMetricFamily("tollwire_recovery_per_second", text, labels=["unit"])
        speed.add_metric([backlog.unit], backlog.shrinks_per_s)
        yield speed
    left_s = 0.0 if not backlog.waiting else backlog.catch_up_s or inf
    text = "Until the backlog is gone, at this speed; +Inf while it does not shrink"
    yield _gauge("tollwire_catch_up_seconds", text, left_s)


def _messages(look: Look) -> GaugeMetricFamily:
    text = "Messages in the broker that the raters are not done with"
    family = GaugeMetricFamily("tollwire_backlog_messages", text, labels=["topic"])
    for topic in TOPICS:
        family.add_metric([topic], look.waiting(topic))
    return family


class ConsoleCollector(Collector):
    """Turns what the console knows into gauges."""

    def __init__(self, console: Console, now_ms: int) -> None:
        self._console, self._now_ms = console, now_ms

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges that are known now."""
        hub, broker = self._console.hub, self._console.broker
        yield _gauge("tollwire_console_viewers", "Open NOC pages", hub.viewers)
        if broker.looks:
            yield _messages(broker.looks[-1])
        up = broker.silent_since_ms is None and bool(broker.looks)
        yield _gauge("tollwire_console_broker_up", "1 if the last look worked", float(up))
        if hub.frame is None:
            return
        latest = hub.frame.snapshot
        yield from _stream(latest.stream)
        if latest.stream.backlog is not None:
            yield from _backlog(latest.stream.backlog, self._now_ms)
        up = latest.error is None and latest.as_of_ms is not None
        yield _gauge("tollwire_console_clickhouse_up", "1 if the last read worked", float(up))
        if latest.newest_call_ms is not None:
            age_s = (latest.now_ms - latest.newest_call_ms) / 1_000
            yield _gauge("tollwire_newest_call_age_seconds", "Age of the newest stored call", age_s)
        line = latest.conservation
        if line is not None:
            holds = float(line.flow != "difference")
            text = "0 when calls are missing that are not on their way"
            yield _gauge("tollwire_conservation_holds", text, holds)
            text = "received = rated + suspended + dead + duplicate, arrived in the last 24 h"
            yield _split("tollwire_conservation_calls", text, line.calls.model_dump())
            yield _split("tollwire_conservation_seconds", text, line.seconds.model_dump())


@router.get("/metrics", response_class=Response, dependencies=[Depends(OPEN)])
async def read_metrics(parts: Parts) -> Response:
    """The gauges, and memory and CPU of the process, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(ConsoleCollector(parts, time.time_ns() // 1_000_000))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
