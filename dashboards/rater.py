"""What each rater says of itself: its Prometheus metrics, read over HTTP.

A rater that is away is an answer too: `None`, which the page shows as "unknown".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

SCRAPE_S_MAX: Final = 2.0
SILENT_ROUNDS: Final = 3
"""So many looks in a row without an answer make a rater silent: one may be busy for a moment."""
BODY_BYTES_MAX: Final = 1 << 20
CALLS: Final = "tollwire_calls_total"
MESSAGES: Final = "tollwire_messages_total"
SENT: Final = "tollwire_sent_messages_total"
WAITING: Final = "tollwire_waiting_seconds"
_FAMILIES: Final = {name.removesuffix("_total") for name in (CALLS, MESSAGES, SENT, WAITING)}
_NOT_STORED_AS_CALLS: Final = ("dead", "duplicate")


@dataclass(frozen=True, slots=True)
class Scrape:
    """One look at a rater. Counts are since its start; None or absent: it has not said."""

    at_ms: int
    calls: int | None = None
    kept_calls: int = 0
    """those of `calls` that it has sent on to be stored as calls"""
    messages: dict[str, int] = field(default_factory=dict)
    """topic -> messages it is done with"""
    sent: dict[str, int] = field(default_factory=dict)
    """topic -> messages it has sent"""
    waiting_s: dict[str, float] = field(default_factory=dict)
    """part ("clickhouse", "broker") -> how long it has waited for it"""


Round = Sequence[Scrape | None]
"""One look at every rater, in the order of their addresses."""


def scrape(address: tuple[str, int], now_ms: int) -> Scrape | None:
    """Read a rater's metrics at (host, port); None if it does not answer in SCRAPE_S_MAX."""
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
    """The metrics that the page needs. Raises ValueError if the text is not Prometheus'."""
    calls: int | None = None
    kept_calls = 0
    messages, sent, waiting_s = dict[str, int](), dict[str, int](), dict[str, float]()
    for family in text_string_to_metric_families(text):
        if family.name not in _FAMILIES:
            continue
        for sample in family.samples:
            if sample.name == CALLS:
                calls = (calls or 0) + int(sample.value)
                if sample.labels.get("outcome") not in _NOT_STORED_AS_CALLS:
                    kept_calls += int(sample.value)
            elif sample.name in (MESSAGES, SENT):
                found = messages if sample.name == MESSAGES else sent
                found[sample.labels["topic"]] = int(sample.value)
            elif sample.name == WAITING:
                part = sample.labels["part"]
                waiting_s[part] = max(waiting_s.get(part, 0.0), sample.value)
    return Scrape(now_ms, calls, kept_calls, messages, sent, waiting_s)


def latest(rounds: Sequence[Round]) -> Round:
    """The last answer of each rater, None for one that is silent."""
    return [
        next((each for each in reversed(looks) if each), None)
        for looks in zip(*rounds[-SILENT_ROUNDS:], strict=True)
    ]


def calls_per_s(rounds: Sequence[Round]) -> float | None:
    """Calls a second of all raters over the rounds; one that restarted between them is left out.

    None unless at least one rater was seen twice.
    """
    rates = [
        (now.calls - before.calls) * 1_000 / (now.at_ms - before.at_ms)
        for before, now in map(_ends, zip(*rounds, strict=True))
        if before is not None
        and now is not None
        and before.calls is not None
        and now.calls is not None
        and now.at_ms > before.at_ms
        and now.calls >= before.calls
    ]
    return sum(rates) if rates else None


def _ends(looks: Round) -> tuple[Scrape | None, Scrape | None]:
    """The first look that was answered, and the last one."""
    return next((each for each in looks if each), None), looks[-1]
