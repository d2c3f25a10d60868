"""`tollwire serve traffic`: the demo's decks and a gentle stream of calls, until stopped."""

import asyncio
import time
from itertools import count, cycle

import numpy as np
import structlog

from billing.mediation.mediate import ARROW, CSV, JSON
from clickhouse.client import wait_ready
from clickhouse.migrate import migrate
from deploy.runtime.settings import Settings
from deploy.seed import seed
from deploy.send import Sent, send_batch
from deploy.traffic import live_batch
from streams.collector import Collector
from streams.topics import ensure_topics

BEAT_S = 0.25
WAIT_S = 60.0
_log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Wait for the parts, load the demo's decks, then send traffic_cps calls a second."""
    wait_ready(settings, WAIT_S)
    migrate(settings)
    asyncio.run(ensure_topics(settings, WAIT_S))
    decks, rates = seed(settings)
    _log.info("demo decks loaded", decks=decks, rates=rates)
    asyncio.run(_stream(settings))


async def _stream(settings: Settings) -> None:
    rng = np.random.default_rng(time.time_ns())
    sent = Sent()
    begin = time.monotonic()
    async with Collector(settings) as collector:
        _log.info("traffic flows", calls_per_second=settings.traffic_cps)
        for beat, kind in zip(count(1), cycle((JSON, ARROW, CSV)), strict=False):
            due = int(settings.traffic_cps * beat * BEAT_S) - sent.truth.sent
            if due > 0:
                batch = live_batch(rng, int(time.time() * 1_000), due)
                await send_batch(collector, batch, kind, sent)
                sent.offsets.clear()
            await asyncio.sleep(max(0.0, begin + beat * BEAT_S - time.monotonic()))
