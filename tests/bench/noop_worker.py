"""A Faust agent that decodes what the rater decodes and does nothing else: the floor."""

import asyncio
import signal
from typing import Any

from prometheus_client import Counter, Gauge

from billing.mediation import Message, mediate
from deploy.runtime import health
from deploy.runtime.settings import load_settings
from streams import topics
from streams.faust_app import new_app
from streams.rater import EVENTS_MAX
from tests.bench.stream import NOOP_METRICS


async def run() -> None:
    """Count what arrives until SIGTERM."""
    settings = load_settings()
    calls = Counter("tollwire_noop_calls", "Calls decoded")
    ready = Gauge("tollwire_noop_ready", "1 while decoding")
    health.serve("noop", NOOP_METRICS, "NOOP_METRICS")
    app = new_app("tollwire-noop", settings)
    source = app.topic(topics.RAW, value_type=bytes, value_serializer="raw", key_serializer="raw")

    @app.agent(source, concurrency=1)
    async def decode(stream: Any) -> None:
        async for events in stream.take_events(EVENTS_MAX, within=settings.linger_ms / 1_000):
            payloads = [Message(event.message.value, _kind(event)) for event in events]
            calls.inc(mediate(payloads).calls.num_rows)

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await app.start()
    ready.set(1)
    await stop.wait()
    await app.stop()


def _kind(event: Any) -> str:
    headers = event.message.headers
    pairs = dict(headers.items() if isinstance(headers, dict) else headers)
    return str(pairs["content-type"].decode())


if __name__ == "__main__":
    asyncio.run(run())
