"""What the rater says of itself: its Prometheus metrics, read over HTTP.

A rater that is away is an answer too: `None`, which the page shows as "unknown".
"""

from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPConnection, HTTPException
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from dashboards.kpi import TENTH
from dashboards.schemas import RaterRow

SCRAPE_S_MAX: Final = 0.5
BODY_BYTES_MAX: Final = 1 << 20
LAG_METRIC: Final = "tollwire_consumer_lag"
CALLS_METRIC: Final = "tollwire_calls_total"
_FAMILIES: Final = (LAG_METRIC, CALLS_METRIC.removesuffix("_total"))


@dataclass(frozen=True, slots=True)
class Scrape:
    """One look at the rater: messages waiting over all partitions, calls taken since its start."""

    at_ms: int
    lag_messages: int | None
    calls: int | None


def scrape(address: tuple[str, int], now_ms: int) -> Scrape | None:
    """Read the rater's metrics at (host, port); None if it does not answer in SCRAPE_S_MAX."""
    connection = HTTPConnection(*address, timeout=SCRAPE_S_MAX)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        body = answer.read(BODY_BYTES_MAX)
        return parse(body.decode("utf-8"), now_ms) if answer.status == 200 else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def parse(text: str, now_ms: int) -> Scrape:
    """Sum the two metrics over their labels; one that is absent is None.

    Raises ValueError if the text is not Prometheus exposition.
    """
    found: dict[str, int] = {}
    for family in text_string_to_metric_families(text):
        if family.name in _FAMILIES:
            for sample in family.samples:
                if sample.name in (LAG_METRIC, CALLS_METRIC):
                    found[sample.name] = found.get(sample.name, 0) + int(sample.value)
    return Scrape(now_ms, found.get(LAG_METRIC), found.get(CALLS_METRIC))


def row(before: Scrape | None, now: Scrape | None) -> RaterRow:
    """Lag now, and calls per second between two looks; a restart between them gives None."""
    if now is None:
        return RaterRow(lag_messages=None, calls_per_s=None)
    rate = None
    if before and before.calls is not None and now.calls is not None and now.at_ms > before.at_ms:
        calls = now.calls - before.calls
        if calls >= 0:
            per_s = Decimal(calls * 1_000) / (now.at_ms - before.at_ms)
            rate = str(per_s.quantize(TENTH))
    return RaterRow(lag_messages=now.lag_messages, calls_per_s=rate)
