"""`tollwire serve traffic`: the demo's decks and a gentle stream of calls, until stopped.

Now and then a hacked PBX calls besides; its switch tells of each call as it happens, and ends
those that it is told to end.
"""

import asyncio
import json
import time
from itertools import count, cycle
from typing import Final

import numpy as np
import structlog
from aiokafka import AIOKafkaConsumer

from billing.mediation.mediate import ARROW, CSV, JSON
from clickhouse.client import wait_ready
from clickhouse.migrate import migrate
from deploy.runtime.settings import Settings
from deploy.seed import seed
from deploy.send import Sent, send_batch
from deploy.traffic import live_batch
from deploy.traffic.burst import Burst
from streams.collector import Collector
from streams.topics import CALL_CONTROL, ensure_topics

BEAT_S: Final = 0.25
WAIT_S: Final = 60.0
FIRST_BURST_S: Final = 45.0
BURST_EVERY_S: Final = 1_200.0
_log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Wait for the parts, load the demo's decks, then send traffic_cps calls a second."""
    wait_ready(settings, WAIT_S)
    migrate(settings)
    asyncio.run(ensure_topics(settings, WAIT_S))
    decks, rates = seed(settings)
    _log.info("demo decks loaded", decks=decks, rates=rates)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    rng = np.random.default_rng(time.time_ns())
    async with Collector(settings) as collector, asyncio.TaskGroup() as tasks:
        tasks.create_task(_stream(settings, rng, collector), name="calls")
        tasks.create_task(_bursts(settings, rng, collector), name="attacks")


async def _stream(settings: Settings, rng: np.random.Generator, collector: Collector) -> None:
    sent = Sent()
    begin = time.monotonic()
    _log.info("traffic flows", calls_per_second=settings.traffic_cps)
    for beat, kind in zip(count(1), cycle((JSON, ARROW, CSV)), strict=False):
        due = int(settings.traffic_cps * beat * BEAT_S) - sent.truth.sent
        if due > 0:
            batch = live_batch(rng, _now_ms(), due)
            await send_batch(collector, batch, kind, sent)
            sent.offsets.clear()
        await asyncio.sleep(max(0.0, begin + beat * BEAT_S - time.monotonic()))


async def _bursts(settings: Settings, rng: np.random.Generator, collector: Collector) -> None:
    """One attack after the other."""
    orders = AIOKafkaConsumer(CALL_CONTROL, bootstrap_servers=settings.broker)
    await orders.start()
    try:
        await asyncio.sleep(FIRST_BURST_S)
        while True:
            burst = Burst(rng, _now_ms(), f"pbx-{_now_ms():x}")
            _log.info("a hacked PBX begins to call", customer=burst.customer)
            await _told(burst, orders, collector)
            await asyncio.sleep(BURST_EVERY_S)
    finally:
        await orders.stop()


async def _told(burst: Burst, orders: AIOKafkaConsumer, collector: Collector) -> None:
    """Tell of the calls of an attack until all are over."""
    while not burst.over:
        events, records = burst.due(_now_ms())
        if events:
            await collector.tell(burst.customer, json.dumps(events).encode())
        for record in records:
            await collector.send(burst.customer, JSON, json.dumps(record).encode())
        found = await orders.getmany(timeout_ms=int(BEAT_S * 1_000))
        for message in (each for part in found.values() for each in part):
            burst.end(json.loads(message.value)["call_id"], _now_ms())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
