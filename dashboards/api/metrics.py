"""What Prometheus scrapes: made from the latest snapshot at each scrape, so nothing can lag.

A figure that is unknown is absent, never 0. Gauges are doubles: fine for watching, not for books;
the exact line is `/v1/conservation`.
"""

from collections.abc import Iterator
from typing import Literal, get_args

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response

from dashboards.api.state import Parts
from dashboards.hub import Hub

Name = Literal[
    "tollwire_conservation_calls",
    "tollwire_conservation_seconds",
    "tollwire_console_viewers",
    "tollwire_console_clickhouse_up",
    "tollwire_newest_call_age_seconds",
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


class HubCollector(Collector):
    """Turns the hub's latest snapshot into gauges."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges that are known now."""
        yield _gauge("tollwire_console_viewers", "Open NOC pages", self._hub.viewers)
        if self._hub.frame is None:
            return
        latest = self._hub.frame.snapshot
        up = latest.error is None and latest.as_of_ms is not None
        yield _gauge("tollwire_console_clickhouse_up", "1 if the last read worked", float(up))
        if latest.newest_call_ms is not None:
            age_s = (latest.now_ms - latest.newest_call_ms) / 1_000
            yield _gauge("tollwire_newest_call_age_seconds", "Age of the newest stored call", age_s)
        line = latest.conservation
        if line is not None:
            text = "received = rated + suspended + dead + duplicate, arrived in the last 24 h"
            yield _split("tollwire_conservation_calls", text, line.calls.model_dump())
            yield _split("tollwire_conservation_seconds", text, line.seconds.model_dump())


@router.get("/metrics", response_class=Response)
async def read_metrics(parts: Parts) -> Response:
    """The gauges in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(HubCollector(parts.hub))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
